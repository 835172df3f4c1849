/* SPDX-License-Identifier: BSD-3-Clause
 *
 * datapath/fdb*: what readers see while the writer writes; for the thread sanitizer, too.
 */
#include "tests/support/cmocka.h"
#include "tests/support/fdb_table.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#ifdef __SANITIZE_THREAD__
#define SWAPS 200000
#else
#define SWAPS 2000000
#endif

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
    struct race r = {.fdb = table_make(RACE_MACS + 1, 5)};
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
    table_check_counts(r.fdb);
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
            int port = table_port_of(s->fdb, DOM, s->mac[i]);

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
    struct swap s = {.fdb = table_make(1024, 5), .mac = {MAC0, MAC0 + 1}};
    struct fdb_value value;
    uint32_t slot[2];
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
    for (uint32_t i = 0; i < SWAPS || s.found < 1000; i++) {
        fdb_learn(s.fdb, DOM, s.mac[i & 1], i & 1, 0, 1, NULL);
        fdb_del(s.fdb, DOM, s.mac[i & 1]);
    }
    atomic_store(&s.stop, true);
    pthread_join(thread, NULL);
    assert_int_equal(s.wrong, 0);
    fdb_destroy(s.fdb);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readers_and_writer),
        cmocka_unit_test(one_slot_two_addresses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
