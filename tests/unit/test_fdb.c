/* SPDX-License-Identifier: BSD-3-Clause
 *
 * datapath/fdb.c, fdb_write.c: learning, moving, ageing, flushing, and what the operator adds;
 * random operations against a plain array.
 */
#include "tests/support/cmocka.h"
#include "tests/support/fdb_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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
    struct fdb *fdb = table_make(64, 1);
    struct fdb_event ev;
    struct fdb_entry e;
    uint32_t gen1 = fdb_generation(fdb, 1), gen2 = fdb_generation(fdb, 2);

    assert_int_equal(table_port_of(fdb, DOM, MAC0), -1);
    assert_int_equal(fdb_learn(fdb, DOM, MAC0, 1, 3, 100, &ev), FDB_NEW);
    assert_int_equal(fdb_learn(fdb, DOM, MAC0, 1, 3, 105, &ev), FDB_REFRESHED);
    assert_int_equal(table_port_of(fdb, DOM, MAC0), 1);
    assert_int_equal(table_port_of(fdb, DOM + 1, MAC0), -1);
    assert_int_equal(fdb_generation(fdb, 1), gen1);

    assert_int_equal(fdb_learn(fdb, DOM, MAC0, 2, 3, 106, &ev), FDB_MOVED);
    assert_int_equal(ev.old_port, 1);
    assert_int_equal(table_port_of(fdb, DOM, MAC0), 2);
    assert_int_not_equal(fdb_generation(fdb, 1), gen1);
    assert_int_equal(fdb_generation(fdb, 2), gen2);
    assert_int_equal(fdb_get(fdb, DOM, MAC0, &e), 0);
    assert_int_equal(e.sequence, 1);
    assert_int_equal(e.seen_s, 106);
    assert_int_equal(e.tenant, 3);
    assert_int_equal(fdb_port_count(fdb, 1), 0);
    table_check_counts(fdb);

    /* The same address in another domain is another entry. */
    assert_int_equal(fdb_learn(fdb, DOM + 1, MAC0, 5, 4, 106, &ev), FDB_NEW);
    assert_int_equal(table_port_of(fdb, DOM, MAC0), 2);
    assert_int_equal(table_port_of(fdb, DOM + 1, MAC0), 5);
    assert_int_equal(fdb_del(fdb, DOM, MAC0), 0);
    assert_int_equal(fdb_del(fdb, DOM, MAC0), -ENOENT);
    assert_int_equal(table_port_of(fdb, DOM + 1, MAC0), 5);
    assert_int_not_equal(fdb_generation(fdb, 2), gen2);
    fdb_destroy(fdb);
}

static void nonsense_is_refused(void **state)
{
    struct fdb *fdb = table_make(64, 1);
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
    struct fdb *fdb = table_make(64, 1);
    struct fdb_entry e = {
        .domain = DOM, .mac = MAC0, .value = {.port = 9, .kind = FDB_STATIC}, .tenant = 3};

    fdb_learn(fdb, DOM, MAC0, 1, 3, 1, NULL);
    assert_int_equal(fdb_add(fdb, &e), 0); /* replaces what was learned */
    assert_int_equal(table_port_of(fdb, DOM, MAC0), 9);
    assert_int_equal(fdb_learn(fdb, DOM, MAC0, 1, 3, 1, NULL), FDB_REFUSED);
    assert_int_equal(fdb_learn(fdb, DOM, MAC0, 9, 3, 1, NULL), FDB_REFRESHED);
    assert_int_equal(fdb_age(fdb, 100000, 1, 0), 0);
    assert_int_equal(fdb_flush(fdb, &FDB_FILTER_ALL), 0);
    assert_int_equal(table_port_of(fdb, DOM, MAC0), 9);
    table_check_counts(fdb);

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
    struct fdb *fdb = table_make(64, 1);
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
    table_check_counts(fdb);
    fdb_destroy(fdb);
}

static void ageing(void **state)
{
    struct fdb *fdb = table_make(64, 1);
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
    assert_int_equal(table_port_of(fdb, DOM, MAC0 + 1), -1);
    assert_int_not_equal(fdb_generation(fdb, 1), gen);
    /* In small steps, as a timer would. */
    for (uint32_t i = 0; i < fdb_slots(fdb) / 8; i++)
        removed += fdb_age(fdb, 116, 10, 8);
    assert_int_equal(removed, 1);
    assert_int_equal(table_port_of(fdb, DOM, MAC0 + 2), -1);
    assert_int_equal(table_port_of(fdb, DOM, MAC0 + 3), 2);
    table_check_counts(fdb);
    fdb_destroy(fdb);
}

static void flush_filters(void **state)
{
    struct fdb *fdb = table_make(256, 1);

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
    table_check_counts(fdb);
    assert_int_equal(fdb_flush(fdb, &FDB_FILTER_ALL), 9);
    table_check_counts(fdb);
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
    struct fdb *fdb = table_make(MACS, 99);
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
        assert_int_equal(table_port_of(fdb, DOM, MAC0 + i), m->known ? m->port : -1);
    }
    for (uint32_t i = 0; i < MACS; i++)
        assert_int_equal(table_port_of(fdb, DOM, MAC0 + i), model[i].known ? model[i].port : -1);
    table_check_counts(fdb);
    fdb_destroy(fdb);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_parameters),      cmocka_unit_test(learn_refresh_move),
        cmocka_unit_test(nonsense_is_refused), cmocka_unit_test(static_entries_stay),
        cmocka_unit_test(external_entries),    cmocka_unit_test(ageing),
        cmocka_unit_test(flush_filters),       cmocka_unit_test(random_operations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
