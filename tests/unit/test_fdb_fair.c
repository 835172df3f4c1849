/* SPDX-License-Identifier: BSD-3-Clause
 *
 * datapath/fdb_fair.c: limits of ports, tenants and the table; who makes way for whom.
 */
#include "tests/support/cmocka.h"
#include "tests/support/fdb_table.h"

#include <errno.h>

/* A port at its limit replaces its own oldest, by when it was last seen and not when it came. */
static void port_limit(void **state)
{
    struct fdb *fdb = table_make(64, 1);
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
    table_check_counts(fdb);
    fdb_destroy(fdb);
}

/* On a port of many tenants nobody pushes out who holds less there than himself. */
static void port_of_many_tenants(void **state)
{
    struct fdb *fdb = table_make(256, 1);
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
    table_check_counts(fdb);
    fdb_destroy(fdb);
}

/* What is behind an uplink takes no place from a VM, neither in its tenant nor in the table. */
static void yielding_ports_make_way(void **state)
{
    struct fdb *fdb = table_make(32, 1);
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
    table_check_counts(fdb);

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
    struct fdb *fdb = table_make(32, 1);
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
    struct fdb *fdb = table_make(64, 1);
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
    assert_int_equal(table_port_of(fdb, DOM, MAC0 + 9), -1);
    table_check_counts(fdb);
    fdb_destroy(fdb);
}

static void tenant_limit(void **state)
{
    struct fdb *fdb = table_make(64, 1);
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
    table_check_counts(fdb);
    fdb_destroy(fdb);
}

/* One tenant with many ports, each with few addresses, cannot push out another. */
static void full_table_is_fair(void **state)
{
    struct fdb *fdb = table_make(64, 1);
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
    table_check_counts(fdb);
    fdb_destroy(fdb);
}

/* The oldest go at once, static ones stay, and what is taken is taken from who has most. */
static void lowered_limit_holds_at_once(void **state)
{
    struct fdb *fdb = table_make(64, 1);
    struct fdb_entry e = {
        .domain = DOM, .mac = MAC0 + 99, .value = {.port = 1, .kind = FDB_STATIC}, .tenant = 2};

    assert_int_equal(fdb_add(fdb, &e), 0);
    for (uint32_t i = 0; i < 20; i++)
        fdb_learn(fdb, DOM, MAC0 + i, 1, 1, i, NULL);
    for (uint32_t i = 20; i < 30; i++)
        fdb_learn(fdb, DOM, MAC0 + i, 2, 2, i, NULL);
    fdb_set_port_limit(fdb, 1, 16);
    assert_int_equal(fdb_port_count(fdb, 1), 16);
    assert_int_equal(table_port_of(fdb, DOM, MAC0 + 4), -1);
    assert_int_equal(table_port_of(fdb, DOM, MAC0 + 5), 1);
    fdb_set_limit(fdb, 12);
    assert_int_equal(fdb_count(fdb), 12);
    assert_in_range(fdb_port_count(fdb, 2), 5, 6);
    fdb_set_tenant_limit(fdb, 2, 0);
    fdb_set_port_limit(fdb, 1, 0);
    assert_int_equal(fdb_count(fdb), 1);
    assert_int_equal(table_port_of(fdb, DOM, MAC0 + 99), 1);
    fdb_set_tenant_limit(fdb, 1, 64);
    fdb_set_port_limit(fdb, 1, 64);
    for (uint32_t i = 0; i < 20; i++)
        fdb_learn(fdb, DOM, MAC0 + i, 1, 1, i, NULL);
    assert_int_equal(fdb_count(fdb), 12);
    fdb_set_limit(fdb, 1000);
    for (uint32_t i = 0; i < 100; i++)
        fdb_learn(fdb, DOM, MAC0 + i, 1, 1, i, NULL);
    assert_int_equal(fdb_count(fdb), 64);
    table_check_counts(fdb);
    fdb_destroy(fdb);
}

static void lowered_limit_converges(void **state)
{
    struct fdb *fdb = table_make(64, 1);

    for (uint32_t i = 0; i < 40; i++)
        fdb_learn(fdb, DOM, MAC0 + i, (uint16_t)(i % 4), 1, i, NULL);
    fdb_set_tenant_limit(fdb, 1, 10);
    fdb_set_port_limit(fdb, 0, 2);
    for (uint32_t i = 0; i < 100; i++)
        assert_int_not_equal(fdb_learn(fdb, DOM, MAC0 + 100 + i, 0, 1, 100 + i, NULL), FDB_REFUSED);
    assert_true(fdb_tenant_count(fdb, 1) <= 10);
    table_check_counts(fdb);
    fdb_destroy(fdb);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(port_limit),
        cmocka_unit_test(port_of_many_tenants),
        cmocka_unit_test(yielding_ports_make_way),
        cmocka_unit_test(echoes_do_not_move_an_address),
        cmocka_unit_test(static_beyond_the_port_limit),
        cmocka_unit_test(tenant_limit),
        cmocka_unit_test(full_table_is_fair),
        cmocka_unit_test(lowered_limit_holds_at_once),
        cmocka_unit_test(lowered_limit_converges),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
