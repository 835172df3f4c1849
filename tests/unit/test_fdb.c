/* SPDX-License-Identifier: BSD-3-Clause
 *
 * datapath/fdb*: learning, fairness, ageing, what readers see while the writer writes, collisions.
 */
#include "datapath/fdb_control.h"
#include "tests/support/cmocka.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DOM  7
#define MAC0 0x020000000000ull

#ifdef __SANITIZE_THREAD__
#define SLOW_BUILD true
#else
#define SLOW_BUILD false
#endif

static struct fdb *make(uint32_t entries, uint64_t seed)
{
    struct fdb *fdb =
        fdb_create(&(struct fdb_params){.max_entries = entries,
                                        .max_ports = 64,
                                        .max_tenants = 16,
                                        .key = {seed, ~seed * 0x9e3779b97f4a7c15ull}});

    assert_non_null(fdb);
    return fdb;
}

static int port_of(const struct fdb *fdb, uint16_t domain, uint64_t mac)
{
    struct fdb_value value;
    uint32_t slot;

    return fdb_lookup(fdb, domain, mac, &value, &slot) ? value.port : -1;
}

/* What the counts say is what is in the table. */
static void check_counts(const struct fdb *fdb)
{
    uint32_t ports[64] = {0}, tenants[16] = {0}, count = 0, cursor = 0;
    struct fdb_entry e;

    while (fdb_next(fdb, &cursor, &e)) {
        struct fdb_entry again;

        ports[e.value.port]++;
        tenants[e.tenant]++;
        count++;
        assert_int_equal(fdb_get(fdb, e.domain, e.mac, &again), 0);
        assert_int_equal(again.value.port, e.value.port);
        assert_int_equal(again.value.kind, e.value.kind);
    }
    assert_int_equal(fdb_count(fdb), count);
    for (uint16_t i = 0; i < 64; i++)
        assert_int_equal(fdb_port_count(fdb, i), ports[i]);
    for (uint16_t i = 0; i < 16; i++)
        assert_int_equal(fdb_tenant_count(fdb, i), tenants[i]);
}

static void bad_parameters(void **state)
{
    struct fdb_params good = {.max_entries = 1, .max_ports = 1, .max_tenants = 1};
    struct fdb_params p;
    struct fdb *fdb = fdb_create(&good);

    assert_non_null(fdb);
    fdb_destroy(fdb);
    p = good, p.max_entries = 0;
    assert_null(fdb_create(&p));
    assert_int_equal(errno, EINVAL);
    p = good, p.max_ports = 65537;
    assert_null(fdb_create(&p));
    p = good, p.max_tenants = 0;
    assert_null(fdb_create(&p));
    p = good, p.max_entries = (1u << 26) + 1;
    assert_null(fdb_create(&p));
    fdb_destroy(NULL);
}

static void learn_refresh_move(void **state)
{
    struct fdb *fdb = make(64, 1);
    struct fdb_event ev;
    struct fdb_entry e;
    uint32_t gen1 = fdb_generation(fdb, 1), gen2 = fdb_generation(fdb, 2);

    assert_int_equal(port_of(fdb, DOM, MAC0), -1);
    assert_int_equal(fdb_learn(fdb, DOM, MAC0, 1, 3, 100, &ev), FDB_NEW);
    assert_int_equal(fdb_learn(fdb, DOM, MAC0, 1, 3, 105, &ev), FDB_REFRESHED);
    assert_int_equal(port_of(fdb, DOM, MAC0), 1);
    assert_int_equal(port_of(fdb, DOM + 1, MAC0), -1);
    assert_int_equal(fdb_generation(fdb, 1), gen1);

    assert_int_equal(fdb_learn(fdb, DOM, MAC0, 2, 3, 106, &ev), FDB_MOVED);
    assert_int_equal(ev.old_port, 1);
    assert_int_equal(port_of(fdb, DOM, MAC0), 2);
    assert_int_not_equal(fdb_generation(fdb, 1), gen1);
    assert_int_equal(fdb_generation(fdb, 2), gen2);
    assert_int_equal(fdb_get(fdb, DOM, MAC0, &e), 0);
    assert_int_equal(e.sequence, 1);
    assert_int_equal(e.seen_s, 106);
    assert_int_equal(e.tenant, 3);
    assert_int_equal(fdb_port_count(fdb, 1), 0);
    check_counts(fdb);

    /* The same address in another domain is another entry. */
    assert_int_equal(fdb_learn(fdb, DOM + 1, MAC0, 5, 4, 106, &ev), FDB_NEW);
    assert_int_equal(port_of(fdb, DOM, MAC0), 2);
    assert_int_equal(port_of(fdb, DOM + 1, MAC0), 5);
    assert_int_equal(fdb_del(fdb, DOM, MAC0), 0);
    assert_int_equal(fdb_del(fdb, DOM, MAC0), -ENOENT);
    assert_int_equal(port_of(fdb, DOM + 1, MAC0), 5);
    assert_int_not_equal(fdb_generation(fdb, 2), gen2);
    fdb_destroy(fdb);
}

static void nonsense_is_refused(void **state)
{
    struct fdb *fdb = make(64, 1);
    struct fdb_entry e = {.domain = 1, .mac = MAC0, .value = {.kind = FDB_LOCAL}};

    assert_int_equal(fdb_learn(fdb, 0, MAC0, 1, 0, 1, NULL), FDB_REFUSED);
    assert_int_equal(fdb_learn(fdb, 1, 0, 1, 0, 1, NULL), FDB_REFUSED);
    assert_int_equal(fdb_learn(fdb, 1, 0xffffffffffffull, 1, 0, 1, NULL), FDB_REFUSED);
    assert_int_equal(fdb_learn(fdb, 1, 0x010000000001ull, 1, 0, 1, NULL), FDB_REFUSED);
    assert_int_equal(fdb_learn(fdb, 1, 1ull << 48, 1, 0, 1, NULL), FDB_REFUSED);
    assert_int_equal(fdb_learn(fdb, 1, MAC0, 64, 0, 1, NULL), FDB_REFUSED);
    assert_int_equal(fdb_learn(fdb, 1, MAC0, 1, 16, 1, NULL), FDB_REFUSED);
    assert_int_equal(fdb_add(fdb, &e), -EINVAL);
    assert_int_equal(fdb_count(fdb), 0);
    fdb_destroy(fdb);
}

static void static_entries_stay(void **state)
{
    struct fdb *fdb = make(64, 1);
    struct fdb_entry e = {
        .domain = DOM, .mac = MAC0, .value = {.port = 9, .kind = FDB_STATIC}, .tenant = 3};

    fdb_learn(fdb, DOM, MAC0, 1, 3, 1, NULL);
    assert_int_equal(fdb_add(fdb, &e), 0); /* replaces what was learned */
    assert_int_equal(port_of(fdb, DOM, MAC0), 9);
    assert_int_equal(fdb_learn(fdb, DOM, MAC0, 1, 3, 1, NULL), FDB_REFUSED);
    assert_int_equal(fdb_learn(fdb, DOM, MAC0, 9, 3, 1, NULL), FDB_REFRESHED);
    assert_int_equal(fdb_age(fdb, 100000, 1, 0), 0);
    assert_int_equal(fdb_flush(fdb, &FDB_FILTER_ALL), 0);
    assert_int_equal(port_of(fdb, DOM, MAC0), 9);
    check_counts(fdb);

    /* Nor do they give way to others: a table full of them takes nothing more. */
    for (int i = 1; i < 64; i++) {
        e.mac = MAC0 + i;
        assert_int_equal(fdb_add(fdb, &e), 0);
    }
    e.mac = MAC0 + 64;
    assert_int_equal(fdb_add(fdb, &e), -ENOSPC);
    assert_int_equal(fdb_learn(fdb, DOM, MAC0 + 64, 1, 3, 1, NULL), FDB_REFUSED);
    assert_int_equal(
        fdb_flush(fdb, &(struct fdb_filter){FDB_ANY, FDB_ANY, FDB_ANY, .also_static = true}), 64);
    assert_int_equal(fdb_count(fdb), 0);
    fdb_destroy(fdb);
}

static void external_entries(void **state)
{
    struct fdb *fdb = make(64, 1);
    struct fdb_entry got, e = {.domain = DOM,
                               .mac = MAC0,
                               .value = {.port = 9, .remote = 0xbeef, .kind = FDB_EXTERNAL},
                               .tenant = 3,
                               .sequence = 41};
    struct fdb_value value;
    uint32_t slot;
    struct fdb_event ev;

    assert_int_equal(fdb_add(fdb, &e), 0);
    assert_true(fdb_lookup(fdb, DOM, MAC0, &value, &slot));
    assert_int_equal(value.remote, 0xbeef);
    assert_int_equal(value.kind, FDB_EXTERNAL);
    assert_int_equal(fdb_age(fdb, 100000, 1, 0), 0);
    assert_int_equal(fdb_learn(fdb, DOM, MAC0, 2, 3, 1, &ev), FDB_MOVED);
    assert_int_equal(ev.old_port, 9);
    assert_int_equal(fdb_get(fdb, DOM, MAC0, &got), 0);
    assert_int_equal(got.value.kind, FDB_LOCAL);
    assert_int_equal(got.value.remote, 0);
    assert_int_equal(got.sequence, 42);
    check_counts(fdb);
    fdb_destroy(fdb);
}

static void ageing(void **state)
{
    struct fdb *fdb = make(64, 1);
    struct fdb_value value;
    uint32_t slot, gen, removed = 0;

    fdb_learn(fdb, DOM, MAC0 + 1, 1, 0, 100, NULL);
    fdb_learn(fdb, DOM, MAC0 + 2, 2, 0, 100, NULL);
    fdb_learn(fdb, DOM, MAC0 + 3, 2, 0, 107, NULL);
    assert_true(fdb_lookup(fdb, DOM, MAC0 + 2, &value, &slot));
    fdb_touch(fdb, slot, 105);
    assert_int_equal(fdb_age(fdb, 100000, FDB_AGEING_NEVER, 0), 0);
    assert_int_equal(fdb_age(fdb, 90, 10, 0), 0); /* a clock behind the entries' */
    assert_int_equal(fdb_age(fdb, 110, 10, 0), 0);
    gen = fdb_generation(fdb, 1);
    assert_int_equal(fdb_age(fdb, 111, 10, 0), 1);
    assert_int_equal(port_of(fdb, DOM, MAC0 + 1), -1);
    assert_int_not_equal(fdb_generation(fdb, 1), gen);
    /* In small steps, as a timer would. */
    for (uint32_t i = 0; i < fdb_slots(fdb) / 8; i++)
        removed += fdb_age(fdb, 116, 10, 8);
    assert_int_equal(removed, 1);
    assert_int_equal(port_of(fdb, DOM, MAC0 + 2), -1);
    assert_int_equal(port_of(fdb, DOM, MAC0 + 3), 2);
    check_counts(fdb);
    fdb_destroy(fdb);
}

static void flush_filters(void **state)
{
    struct fdb *fdb = make(256, 1);

    for (uint16_t port = 0; port < 4; port++) {
        for (uint16_t domain = 1; domain < 4; domain++) {
            for (int i = 0; i < 3; i++)
                fdb_learn(fdb, domain, MAC0 + port * 16u + i, port, domain, 1, NULL);
        }
    }
    assert_int_equal(fdb_count(fdb), 36);
    assert_int_equal(fdb_flush(fdb, &(struct fdb_filter){2, 3, FDB_ANY}), 3);
    assert_int_equal(fdb_flush(fdb, &(struct fdb_filter){2, FDB_ANY, FDB_ANY}), 6);
    assert_int_equal(fdb_flush(fdb, &(struct fdb_filter){FDB_ANY, 1, FDB_ANY}), 9);
    assert_int_equal(fdb_flush(fdb, &(struct fdb_filter){FDB_ANY, FDB_ANY, 2}), 9);
    assert_int_equal(fdb_flush(fdb, &(struct fdb_filter){FDB_ANY, 1, 2}), 0);
    check_counts(fdb);
    assert_int_equal(fdb_flush(fdb, &FDB_FILTER_ALL), 9);
    check_counts(fdb);
    fdb_destroy(fdb);
}

/* A port at its limit replaces its own oldest, by when it was last seen and not when it came. */
static void port_limit(void **state)
{
    struct fdb *fdb = make(64, 1);
    struct fdb_event ev;
    struct fdb_value value;
    uint32_t slot;

    fdb_set_port_limit(fdb, 1, 3);
    fdb_learn(fdb, DOM, MAC0 + 9, 2, 0, 1, NULL); /* older than all, on another port */
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(fdb_learn(fdb, DOM, MAC0 + i, 1, 0, 10 + i, &ev), FDB_NEW);
    assert_true(fdb_lookup(fdb, DOM, MAC0 + 0, &value, &slot));
    fdb_touch(fdb, slot, 20);
    assert_int_equal(fdb_learn(fdb, DOM, MAC0 + 3, 1, 0, 21, &ev), FDB_EVICTED);
    assert_int_equal(ev.evicted.mac, MAC0 + 1);
    assert_int_equal(ev.evicted.value.port, 1);
    assert_int_equal(fdb_learn(fdb, DOM, MAC0 + 4, 1, 0, 22, &ev), FDB_EVICTED);
    assert_int_equal(ev.evicted.mac, MAC0 + 2);
    assert_int_equal(fdb_learn(fdb, DOM, MAC0 + 5, 1, 0, 23, &ev), FDB_EVICTED);
    assert_int_equal(ev.evicted.mac, MAC0 + 0);
    /* A move into the port counts, too. */
    assert_int_equal(fdb_learn(fdb, DOM, MAC0 + 9, 1, 0, 24, &ev), FDB_MOVED);
    assert_int_equal(ev.evicted_count, 1);
    assert_int_equal(ev.evicted.mac, MAC0 + 3);
    assert_int_equal(fdb_port_count(fdb, 1), 3);
    fdb_set_port_limit(fdb, 1, 0);
    assert_int_equal(fdb_learn(fdb, DOM, MAC0 + 6, 1, 0, 25, &ev), FDB_REFUSED);
    assert_int_equal(ev.evicted_count, 0);
    assert_int_equal(fdb_port_count(fdb, 1), 0);
    check_counts(fdb);
    fdb_destroy(fdb);
}

/* On a port of many tenants nobody pushes out who holds less there than himself. */
static void port_of_many_tenants(void **state)
{
    struct fdb *fdb = make(256, 1);
    struct fdb_event ev;
    uint32_t now_s = 1;

    fdb_set_port_limit(fdb, 1, 64);
    for (uint32_t i = 0; i < 8; i++)
        assert_int_equal(fdb_learn(fdb, DOM, MAC0 + i, 1, 1, now_s++, &ev), FDB_NEW);
    for (uint32_t i = 0; i < 500; i++)
        (void)fdb_learn(fdb, DOM + 1, MAC0 + i, 1, 2, now_s++, &ev);
    assert_int_equal(fdb_tenant_count(fdb, 1), 8); /* the oldest of all, and still there */
    assert_int_equal(fdb_tenant_count(fdb, 2), 56);
    /* Who comes later gets his share. */
    for (uint32_t i = 0; i < 500; i++)
        (void)fdb_learn(fdb, DOM + 2, MAC0 + i, 1, 3, now_s++, &ev);
    assert_int_equal(fdb_tenant_count(fdb, 1), 8);
    assert_in_range(fdb_tenant_count(fdb, 3), 27, 29);
    assert_int_equal(fdb_port_count(fdb, 1), 64);
    check_counts(fdb);
    fdb_destroy(fdb);
}

/* What is behind an uplink takes no place from a VM, neither in its tenant nor in the table. */
static void yielding_ports_make_way(void **state)
{
    struct fdb *fdb = make(32, 1);
    struct fdb_event ev;

    fdb_set_port_yields(fdb, 9, true);
    fdb_set_tenant_limit(fdb, 1, 10);
    for (uint32_t i = 0; i < 6; i++)
        assert_int_equal(fdb_learn(fdb, DOM, MAC0 + i, (uint16_t)(1 + i % 2), 1, 1, &ev), FDB_NEW);
    for (uint32_t i = 0; i < 100; i++)
        (void)fdb_learn(fdb, DOM, MAC0 + 100 + i, 9, 1, 2 + i, &ev);
    assert_int_equal(fdb_port_count(fdb, 1) + fdb_port_count(fdb, 2), 6);
    assert_int_equal(fdb_port_count(fdb, 9), 4);
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(fdb_learn(fdb, DOM, MAC0 + 10 + i, 1, 1, 200, &ev), FDB_EVICTED);
        assert_int_equal(ev.evicted.value.port, 9);
    }
    assert_int_equal(fdb_learn(fdb, DOM, MAC0 + 300, 9, 1, 201, &ev), FDB_REFUSED);
    assert_int_equal(ev.evicted_count, 0);
    /* Among themselves the VMs of a tenant go on as before. */
    assert_int_equal(fdb_learn(fdb, DOM, MAC0 + 20, 2, 1, 202, &ev), FDB_EVICTED);
    check_counts(fdb);

    /* The table: 10 are taken, 22 go to another tenant behind the uplink, then VMs of a third. */
    for (uint32_t i = 0; i < 100; i++)
        (void)fdb_learn(fdb, DOM + 1, MAC0 + i, 9, 2, 300 + i, &ev);
    assert_int_equal(fdb_tenant_count(fdb, 2), 22);
    assert_int_equal(fdb_tenant_count(fdb, 1), 10);
    for (uint32_t i = 0; i < 6; i++)
        assert_int_equal(fdb_learn(fdb, DOM + 2, MAC0 + i, 3, 3, 500, &ev), FDB_EVICTED);
    assert_int_equal(fdb_tenant_count(fdb, 2), 16);
    assert_int_equal(fdb_tenant_count(fdb, 1), 10);
    /* It may change sides while it holds entries. */
    fdb_set_port_yields(fdb, 9, false);
    assert_int_equal(fdb->control->yielding, 0);
    fdb_set_port_yields(fdb, 9, true);
    assert_int_equal(fdb->control->yielding, 16);
    assert_int_equal(fdb_flush(fdb, &FDB_FILTER_ALL), 32);
    assert_int_equal(fdb->control->yielding, 0);
    fdb_destroy(fdb);
}

/* A VM's own frames that come back by the uplink do not take its address along. */
static void echoes_do_not_move_an_address(void **state)
{
    struct fdb *fdb = make(32, 1);
    struct fdb_event ev;

    fdb_set_port_yields(fdb, 9, true);
    assert_int_equal(fdb_learn(fdb, DOM, MAC0, 1, 1, 100, &ev), FDB_NEW);
    assert_int_equal(fdb_learn(fdb, DOM, MAC0, 9, 1, 100, &ev), FDB_HELD);
    assert_int_equal(fdb_learn(fdb, DOM, MAC0, 9, 1, 101, &ev), FDB_HELD);
    assert_int_equal(fdb_learn(fdb, DOM, MAC0, 9, 1, 99, &ev), FDB_HELD); /* another clock's now */
    assert_int_equal(fdb_learn(fdb, DOM, MAC0, 2, 1, 101, &ev), FDB_MOVED);
    /* It moved to another host: quiet here, and heard from there. */
    assert_int_equal(fdb_learn(fdb, DOM, MAC0, 9, 1, 103, &ev), FDB_MOVED);
    assert_int_equal(fdb_learn(fdb, DOM, MAC0, 1, 1, 103, &ev), FDB_MOVED);
    fdb_destroy(fdb);
}

/* The operator's word counts where learning is off or the limit is reached. */
static void static_beyond_the_port_limit(void **state)
{
    struct fdb *fdb = make(64, 1);
    struct fdb_entry e = {.domain = DOM, .value = {.port = 1, .kind = FDB_STATIC}, .tenant = 3};

    fdb_set_port_limit(fdb, 1, 0);
    fdb_set_tenant_limit(fdb, 3, 2);
    for (int i = 0; i < 3; i++) {
        e.mac = MAC0 + i;
        assert_int_equal(fdb_add(fdb, &e), i < 2 ? 0 : -ENOSPC);
    }
    assert_int_equal(fdb_learn(fdb, DOM, MAC0 + 9, 1, 3, 1, NULL), FDB_REFUSED);
    fdb_set_port_limit(fdb, 1, 2);
    fdb_set_tenant_limit(fdb, 3, 9);
    assert_int_equal(fdb_learn(fdb, DOM, MAC0 + 9, 1, 3, 1, NULL), FDB_REFUSED);
    fdb_set_port_limit(fdb, 1, 3);
    assert_int_equal(fdb_learn(fdb, DOM, MAC0 + 9, 1, 3, 1, NULL), FDB_NEW);
    assert_int_equal(fdb_learn(fdb, DOM, MAC0 + 8, 1, 3, 2, NULL), FDB_EVICTED);
    assert_int_equal(port_of(fdb, DOM, MAC0 + 9), -1);
    check_counts(fdb);
    fdb_destroy(fdb);
}

static void tenant_limit(void **state)
{
    struct fdb *fdb = make(64, 1);
    struct fdb_event ev;

    fdb_set_tenant_limit(fdb, 2, 6);
    for (uint32_t i = 0; i < 10; i++)
        fdb_learn(fdb, DOM + 1, MAC0 + i, 5, 1, 1, NULL); /* another tenant's, older, more */
    for (uint32_t i = 0; i < 4; i++)
        fdb_learn(fdb, DOM, MAC0 + i, 1, 2, 10 + i, NULL);
    for (uint32_t i = 4; i < 6; i++)
        fdb_learn(fdb, DOM, MAC0 + i, 2, 2, 5 + i, NULL);
    /* Port 1 holds most of the tenant's, so it gives its oldest, though port 2 has older ones. */
    assert_int_equal(fdb_learn(fdb, DOM, MAC0 + 6, 3, 2, 20, &ev), FDB_EVICTED);
    assert_int_equal(ev.evicted.mac, MAC0 + 0);
    assert_int_equal(fdb_learn(fdb, DOM, MAC0 + 7, 2, 2, 20, &ev), FDB_EVICTED);
    assert_int_equal(ev.evicted.mac, MAC0 + 1);
    /* Now 2, 3, 1: port 2 is the largest, it pays for itself. */
    assert_int_equal(fdb_learn(fdb, DOM, MAC0 + 8, 2, 2, 20, &ev), FDB_EVICTED);
    assert_int_equal(ev.evicted.mac, MAC0 + 4);
    assert_int_equal(fdb_tenant_count(fdb, 2), 6);
    assert_int_equal(fdb_tenant_count(fdb, 1), 10);
    check_counts(fdb);
    fdb_destroy(fdb);
}

/* One tenant with many ports, each with few addresses, cannot push out another. */
static void full_table_is_fair(void **state)
{
    struct fdb *fdb = make(64, 1);
    struct fdb_event ev;

    for (uint32_t i = 0; i < 20; i++)
        assert_int_equal(fdb_learn(fdb, DOM, MAC0 + i, 1, 1, 1, NULL), FDB_NEW);
    for (uint32_t i = 0; i < 44; i++)
        fdb_learn(fdb, DOM + 1, MAC0 + i, (uint16_t)(10 + i % 44), 2, 100 + i, NULL);
    assert_int_equal(fdb_count(fdb), 64);
    for (uint32_t i = 0; i < 1000; i++) {
        assert_int_equal(
            fdb_learn(fdb, DOM + 1, MAC0 + 100 + i, (uint16_t)(10 + i % 50), 2, 200 + i, &ev),
            FDB_EVICTED);
        assert_int_equal(ev.evicted.tenant, 2);
    }
    assert_int_equal(fdb_tenant_count(fdb, 1), 20);
    /* The small one may still grow to as much as the large one has. */
    for (uint32_t i = 0; i < 100; i++)
        fdb_learn(fdb, DOM, MAC0 + 100 + i, 1, 1, 2000, &ev);
    assert_int_equal(fdb_tenant_count(fdb, 1), 32);
    assert_int_equal(fdb_tenant_count(fdb, 2), 32);
    check_counts(fdb);
    fdb_destroy(fdb);
}

/* The oldest go at once, static ones stay, and what is taken is taken from who has most. */
static void lowered_limit_holds_at_once(void **state)
{
    struct fdb *fdb = make(64, 1);
    struct fdb_entry e = {
        .domain = DOM, .mac = MAC0 + 99, .value = {.port = 1, .kind = FDB_STATIC}, .tenant = 2};

    assert_int_equal(fdb_add(fdb, &e), 0);
    for (uint32_t i = 0; i < 20; i++)
        fdb_learn(fdb, DOM, MAC0 + i, 1, 1, i, NULL);
    for (uint32_t i = 20; i < 30; i++)
        fdb_learn(fdb, DOM, MAC0 + i, 2, 2, i, NULL);
    fdb_set_port_limit(fdb, 1, 16);
    assert_int_equal(fdb_port_count(fdb, 1), 16);
    assert_int_equal(port_of(fdb, DOM, MAC0 + 4), -1);
    assert_int_equal(port_of(fdb, DOM, MAC0 + 5), 1);
    fdb_set_limit(fdb, 12);
    assert_int_equal(fdb_count(fdb), 12);
    assert_in_range(fdb_port_count(fdb, 2), 5, 6);
    fdb_set_tenant_limit(fdb, 2, 0);
    fdb_set_port_limit(fdb, 1, 0);
    assert_int_equal(fdb_count(fdb), 1);
    assert_int_equal(port_of(fdb, DOM, MAC0 + 99), 1);
    fdb_set_tenant_limit(fdb, 1, 64);
    fdb_set_port_limit(fdb, 1, 64);
    for (uint32_t i = 0; i < 20; i++)
        fdb_learn(fdb, DOM, MAC0 + i, 1, 1, i, NULL);
    assert_int_equal(fdb_count(fdb), 12);
    fdb_set_limit(fdb, 1000);
    for (uint32_t i = 0; i < 100; i++)
        fdb_learn(fdb, DOM, MAC0 + i, 1, 1, i, NULL);
    assert_int_equal(fdb_count(fdb), 64);
    check_counts(fdb);
    fdb_destroy(fdb);
}

static void lowered_limit_converges(void **state)
{
    struct fdb *fdb = make(64, 1);

    for (uint32_t i = 0; i < 40; i++)
        fdb_learn(fdb, DOM, MAC0 + i, (uint16_t)(i % 4), 1, i, NULL);
    fdb_set_tenant_limit(fdb, 1, 10);
    fdb_set_port_limit(fdb, 0, 2);
    for (uint32_t i = 0; i < 100; i++)
        assert_int_not_equal(fdb_learn(fdb, DOM, MAC0 + 100 + i, 0, 1, 100 + i, NULL), FDB_REFUSED);
    assert_true(fdb_tenant_count(fdb, 1) <= 10);
    check_counts(fdb);
    fdb_destroy(fdb);
}

/* Random operations against a plain array. */
struct model {
    bool known;
    uint16_t port;
    uint8_t kind;
};

static void random_operations(void **state)
{
    enum { MACS = 400, STEPS = 60000 };
    static struct model model[MACS];
    struct fdb *fdb = make(MACS, 99);
    unsigned seed = 12345;

    memset(model, 0, sizeof(model));
    for (int step = 0; step < STEPS; step++) {
        uint32_t i = (uint32_t)rand_r(&seed) % MACS;
        uint16_t port = (uint16_t)(rand_r(&seed) % 8);
        struct model *m = &model[i];
        struct fdb_entry e = {
            .domain = DOM, .mac = MAC0 + i, .value = {.port = port, .kind = FDB_STATIC}};

        switch (rand_r(&seed) % 8) {
        case 0:
            assert_int_equal(fdb_del(fdb, DOM, MAC0 + i), m->known ? 0 : -ENOENT);
            m->known = false;
            break;
        case 1:
            assert_int_equal(fdb_add(fdb, &e), 0);
            *m = (struct model){true, port, FDB_STATIC};
            break;
        default: {
            enum fdb_learn_result want = !m->known               ? FDB_NEW
                                         : m->port == port       ? FDB_REFRESHED
                                         : m->kind == FDB_STATIC ? FDB_REFUSED
                                                                 : FDB_MOVED;

            assert_int_equal(fdb_learn(fdb, DOM, MAC0 + i, port, 0, (uint32_t)step, NULL), want);
            if (want != FDB_REFUSED)
                *m = (struct model){true, port, m->known ? m->kind : FDB_LOCAL};
        }
        }
        assert_int_equal(port_of(fdb, DOM, MAC0 + i), m->known ? m->port : -1);
    }
    for (uint32_t i = 0; i < MACS; i++)
        assert_int_equal(port_of(fdb, DOM, MAC0 + i), model[i].known ? model[i].port : -1);
    check_counts(fdb);
    fdb_destroy(fdb);
}

/* Every table takes as many as it promised, whatever its size and key. */
static void fills_to_the_last(void **state)
{
    static const uint32_t sizes[] = {1, 2, 3, 4, 5, 8, 16, 17, 31, 32, 64, 100, 1000, 4096, 65536};

    for (size_t s = 0; s < ARRAY_SIZE(sizes); s++) {
        uint32_t rounds = sizes[s] > 4096 ? 3 : 40;

        for (uint64_t seed = 1; seed <= rounds; seed++) {
            struct fdb *fdb = make(sizes[s], seed);

            for (uint32_t i = 0; i < sizes[s]; i++)
                assert_int_equal(fdb_learn(fdb, DOM, MAC0 + i, (uint16_t)(i % 64), 0, 1, NULL),
                                 FDB_NEW);
            for (uint32_t i = 0; i < sizes[s]; i++)
                assert_int_equal(port_of(fdb, DOM, MAC0 + i), (int)(i % 64));
            check_counts(fdb);
            fdb_destroy(fdb);
        }
    }
}

/* Fullest of @buckets when @hash spreads @count keys. */
static uint32_t fullest(const uint32_t *load, uint32_t buckets)
{
    uint32_t most = 0;

    for (uint32_t i = 0; i < buckets; i++)
        most = load[i] > most ? load[i] : most;
    return most;
}

static uint32_t crc32c_u64(uint64_t x)
{
    uint32_t crc = 0;

    for (int i = 0; i < 64; i++) {
        crc ^= (uint32_t)(x >> i) & 1;
        crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
    }
    return crc;
}

/* Keys whose CRCs agree in the low @bits: the kernel of a linear map, found by elimination. A seed
 * only shifts all sums alike, so these collide under every seed of a linear hash. */
static uint32_t crc_colliding_macs(uint32_t bits, uint64_t *macs, uint32_t max)
{
    uint64_t basis_in[64], kernel[48];
    uint32_t basis_out[64], rank = 0, free_count = 0, count = 0;
    uint32_t mask = (1u << bits) - 1;

    for (int b = 0; b < 40; b++) {
        uint64_t in = 1ull << b;
        uint32_t out = crc32c_u64(in) & mask;

        for (uint32_t r = 0; r < rank; r++) {
            if ((out ^ basis_out[r]) < out) {
                out ^= basis_out[r];
                in ^= basis_in[r];
            }
        }
        if (out == 0) {
            kernel[free_count++] = in;
        } else {
            basis_out[rank] = out;
            basis_in[rank++] = in;
        }
    }
    for (uint32_t i = 1; count < max && i < 1u << free_count; i++) {
        uint64_t mac = 0;

        for (uint32_t b = 0; b < free_count; b++)
            mac ^= i >> b & 1 ? kernel[b] : 0;
        macs[count++] = MAC0 ^ mac;
    }
    return count;
}

static void linear_collisions_spread(void **state)
{
    enum { KEYS = 65536, BITS = 15, BUCKETS = 1 << BITS };
    static uint64_t macs[KEYS];
    static uint32_t load[BUCKETS];
    struct fdb *fdb = make(KEYS, 0x5eed);
    uint64_t key0 = fdb_key(DOM, MAC0);
    uint32_t slots[FDB_BUCKET_SLOTS + 1] = {0};

    assert_int_equal(crc_colliding_macs(BITS, macs, KEYS), KEYS);
    assert_int_equal(fdb->bucket_mask + 1, BUCKETS);
    /* The attack works on the linear hash: all in one bucket, whatever is mixed in first. */
    for (uint32_t i = 0; i < 1000; i++) {
        uint32_t a = crc32c_u64(fdb_key(DOM, macs[i])) & (BUCKETS - 1);
        uint32_t b = crc32c_u64(fdb_key(DOM, macs[i]) ^ 0xdeadbeefcafef00dull) & (BUCKETS - 1);

        assert_int_equal(a, crc32c_u64(key0) & (BUCKETS - 1));
        assert_int_equal(b, crc32c_u64(key0 ^ 0xdeadbeefcafef00dull) & (BUCKETS - 1));
    }
    /* Not on ours: first choices are spread as by chance (mean 2, so hardly one above 14). */
    for (uint32_t i = 0; i < KEYS; i++)
        load[fdb_bucket_first(fdb, fdb_hash(fdb, fdb_key(DOM, macs[i])))]++;
    assert_in_range(fullest(load, BUCKETS), 6, 14);
    memset(load, 0, sizeof(load));
    for (uint32_t i = 0; i < KEYS; i++)
        load[fdb_bucket_second(fdb, fdb_hash(fdb, fdb_key(DOM, macs[i])))]++;
    assert_in_range(fullest(load, BUCKETS), 6, 14);
    /* And every one of them finds room. */
    for (uint32_t i = 0; i < KEYS; i++)
        assert_int_equal(fdb_learn(fdb, DOM, macs[i], 1, 1, 1, NULL), FDB_NEW);
    for (uint32_t b = 0; b < BUCKETS; b++) {
        uint32_t used = 0;

        for (int i = 0; i < FDB_BUCKET_SLOTS; i++)
            used += fdb->bucket[b].key[i] != 0;
        slots[used]++;
    }
    printf("          65536 crafted keys, buckets by slots used 0..%d:", FDB_BUCKET_SLOTS);
    for (int i = 0; i <= FDB_BUCKET_SLOTS; i++)
        printf(" %u", slots[i]);
    printf("\n");
    fdb_destroy(fdb);
}

/* Other structures an attacker may choose: steps, single bits, products; and random keys. The sum
 * of squares of the loads tells uneven from even better than the fullest bucket does. */
static void structured_keys_spread(void **state)
{
    enum { KEYS = 16384, BUCKETS = 8192 };
    static uint32_t load[BUCKETS];

    for (int shape = 0; shape < 8; shape++) {
        struct fdb *fdb = make(KEYS, 77 + (uint64_t)shape);
        double squares = 0, expected = KEYS + (double)KEYS * (KEYS - 1) / BUCKETS;

        memset(load, 0, sizeof(load));
        for (uint64_t i = 0; i < KEYS; i++) {
            uint64_t mac = shape < 6 ? i << (shape * 6) : shape == 6 ? i * i : i * 0x10001;
            uint64_t hash = fdb_hash(fdb, fdb_key((uint16_t)(1 + shape), mac));

            load[fdb_bucket_first(fdb, hash)]++;
        }
        for (uint32_t b = 0; b < BUCKETS; b++)
            squares += (double)load[b] * load[b];
        assert_true(squares > expected * 0.9 && squares < expected * 1.1);
        fdb_destroy(fdb);
    }
}

/* Each domain's entries of one address name their domain's port; each address of a changing set
 * lives only on ports congruent to it. A reader that ever sees another port has mixed entries up.
 */
#define RACE_MACS 24

struct race {
    struct fdb *fdb;
    _Atomic bool stop;
    _Atomic uint64_t wrong, missing, found;
};

static void *race_reader(void *arg)
{
    struct race *r = arg;
    uint64_t found = 0;

    while (!atomic_load(&r->stop)) {
        for (uint32_t i = 0; i <= RACE_MACS; i++) {
            struct fdb_value value;
            uint32_t slot;

            if (!fdb_lookup(r->fdb, DOM, MAC0 + i, &value, &slot)) {
                if (i == RACE_MACS)
                    atomic_fetch_add(&r->missing, 1);
                continue;
            }
            found++;
            if (i == RACE_MACS ? value.port != 63 : value.port % RACE_MACS != i)
                atomic_fetch_add(&r->wrong, 1);
            fdb_touch(r->fdb, slot, (uint32_t)found);
        }
    }
    atomic_fetch_add(&r->found, found);
    return NULL;
}

static void race_step(struct fdb *fdb, unsigned *seed)
{
    uint32_t i = (uint32_t)rand_r(seed) % RACE_MACS;

    switch (rand_r(seed) % 4) {
    case 0: fdb_learn(fdb, DOM, MAC0 + i, (uint16_t)i, 0, 1, NULL); break;
    case 1: fdb_learn(fdb, DOM, MAC0 + i, (uint16_t)(i + RACE_MACS), 0, 1, NULL); break;
    case 2: fdb_del(fdb, DOM, MAC0 + i); break;
    default: fdb_age(fdb, 2, 1, 4);
    }
}

static void readers_and_writer(void **state)
{
    enum { READERS = 2, STEPS = 200000 };
    struct race r = {.fdb = make(RACE_MACS + 1, 5)};
    struct fdb_entry anchor = {
        .domain = DOM, .mac = MAC0 + RACE_MACS, .value = {.port = 63, .kind = FDB_STATIC}};
    pthread_t thread[READERS];
    unsigned seed = 4711;

    assert_int_equal(fdb_add(r.fdb, &anchor), 0);
    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, race_reader, &r), 0);
    for (int i = 0; i < STEPS; i++)
        race_step(r.fdb, &seed);
    atomic_store(&r.stop, true);
    for (int i = 0; i < READERS; i++)
        pthread_join(thread[i], NULL);
    assert_int_equal(r.wrong, 0);
    assert_int_equal(r.missing, 0); /* an entry nobody removed is never missed */
    assert_true(r.found > 0);
    check_counts(r.fdb);
    fdb_destroy(r.fdb);
}

/* Two addresses take turns in one slot as fast as the writer can: the reader that believed a value
 * without looking at the key again would take one for the other within milliseconds. */
struct swap {
    struct fdb *fdb;
    uint64_t mac[2];
    _Atomic bool stop;
    _Atomic uint64_t wrong, found;
};

static void *swap_reader(void *arg)
{
    struct swap *s = arg;

    while (!atomic_load_explicit(&s->stop, memory_order_relaxed)) {
        for (int i = 0; i < 2; i++) {
            int port = port_of(s->fdb, DOM, s->mac[i]);

            if (port >= 0)
                atomic_fetch_add_explicit(&s->found, 1, memory_order_relaxed);
            if (port >= 0 && port != i)
                atomic_fetch_add_explicit(&s->wrong, 1, memory_order_relaxed);
        }
    }
    return NULL;
}

static void one_slot_two_addresses(void **state)
{
    struct swap s = {.fdb = make(1024, 5), .mac = {MAC0, MAC0 + 1}};
    uint32_t rounds = SLOW_BUILD ? 200000 : 2000000, slot[2];
    struct fdb_value value;
    pthread_t thread;

    while (fdb_bucket_first(s.fdb, fdb_hash(s.fdb, fdb_key(DOM, s.mac[0]))) !=
           fdb_bucket_first(s.fdb, fdb_hash(s.fdb, fdb_key(DOM, s.mac[1]))))
        s.mac[1]++;
    for (uint16_t i = 0; i < 2; i++) {
        fdb_learn(s.fdb, DOM, s.mac[i], i, 0, 1, NULL);
        assert_true(fdb_lookup(s.fdb, DOM, s.mac[i], &value, &slot[i]));
        fdb_del(s.fdb, DOM, s.mac[i]);
    }
    assert_int_equal(slot[0], slot[1]);
    assert_int_equal(pthread_create(&thread, NULL, swap_reader, &s), 0);
    for (uint32_t i = 0; i < rounds || s.found < 1000; i++) {
        fdb_learn(s.fdb, DOM, s.mac[i & 1], i & 1, 0, 1, NULL);
        fdb_del(s.fdb, DOM, s.mac[i & 1]);
    }
    atomic_store(&s.stop, true);
    pthread_join(thread, NULL);
    assert_int_equal(s.wrong, 0);
    fdb_destroy(s.fdb);
}

static double seconds(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static double bench_one(const struct fdb *fdb, const uint64_t *macs, uint32_t count, bool prefetch)
{
    double start, best = 1e9;
    volatile uint64_t sink;
    uint64_t sum = 0;

    for (int round = 0; round < 15; round++) {
        start = seconds();
        for (uint32_t i = 0; i + 32 <= count; i += 32) {
            struct fdb_value value = {0};
            uint32_t slot = 0;

            for (uint32_t j = 0; prefetch && j < 32; j++)
                fdb_prefetch(fdb, fdb_hash(fdb, fdb_key(DOM, macs[i + j])));
            for (uint32_t j = 0; j < 32; j++)
                sum += fdb_lookup(fdb, DOM, macs[i + j], &value, &slot) + value.port;
        }
        start = seconds() - start;
        best = start < best ? start : best;
    }
    sink = sum;
    (void)sink;
    return best / count * 1e9;
}

static void speed(void **state)
{
    static const uint32_t sizes[] = {1024, 65536, 1048576};
    size_t count = SLOW_BUILD ? 1 : ARRAY_SIZE(sizes);

    for (size_t s = 0; s < count; s++) {
        uint32_t n = sizes[s];
        uint64_t *macs = malloc(n * sizeof(*macs));
        struct fdb *fdb = make(n, 3);
        unsigned seed = 9;
        double start = seconds(), learn_ns;

        for (uint32_t i = 0; i < n; i++)
            fdb_learn(fdb, DOM, macs[i] = MAC0 + i * 7919ull, (uint16_t)(i % 64), 0, 1, NULL);
        learn_ns = (seconds() - start) / n * 1e9;
        assert_int_equal(fdb_count(fdb), n);
        for (uint32_t i = n - 1; i > 0; i--) {
            uint32_t j = (uint32_t)rand_r(&seed) % (i + 1);
            uint64_t t = macs[i];

            macs[i] = macs[j];
            macs[j] = t;
        }
        printf("          %7u entries: look-up in random order %.1f ns, of 1024 of them %.1f ns, "
               "prefetched in bursts %.1f ns; learn %.0f ns\n",
               n, bench_one(fdb, macs, n, false), bench_one(fdb, macs, 1024, false),
               bench_one(fdb, macs, n, true), learn_ns);
        fdb_destroy(fdb);
        free(macs);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_parameters),
        cmocka_unit_test(learn_refresh_move),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(static_entries_stay),
        cmocka_unit_test(external_entries),
        cmocka_unit_test(ageing),
        cmocka_unit_test(flush_filters),
        cmocka_unit_test(port_limit),
        cmocka_unit_test(port_of_many_tenants),
        cmocka_unit_test(yielding_ports_make_way),
        cmocka_unit_test(echoes_do_not_move_an_address),
        cmocka_unit_test(static_beyond_the_port_limit),
        cmocka_unit_test(tenant_limit),
        cmocka_unit_test(full_table_is_fair),
        cmocka_unit_test(lowered_limit_holds_at_once),
        cmocka_unit_test(lowered_limit_converges),
        cmocka_unit_test(random_operations),
        cmocka_unit_test(fills_to_the_last),
        cmocka_unit_test(linear_collisions_spread),
        cmocka_unit_test(structured_keys_spread),
        cmocka_unit_test(readers_and_writer),
        cmocka_unit_test(one_slot_two_addresses),
        cmocka_unit_test(speed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
