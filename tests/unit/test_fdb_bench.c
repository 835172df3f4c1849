/* SPDX-License-Identifier: BSD-3-Clause
 *
 * datapath/fdb*: what looking up and learning costs: printed, asserted nowhere.
 */
#include "tests/support/cmocka.h"
#include "tests/support/cpu.h"
#include "tests/support/fdb_table.h"

#include <stdio.h>
#include <stdlib.h>

static double bench_one(const struct fdb *fdb, const uint64_t *macs, uint32_t count, bool prefetch)
{
    double start, best = 1e9;
    volatile uint64_t sink;
    uint64_t sum = 0;

    for (int round = 0; round < 15; round++) {
        start = cpu_s();
        for (uint32_t i = 0; i + 32 <= count; i += 32) {
            struct fdb_value value = {0};
            uint32_t slot = 0;

            for (uint32_t j = 0; prefetch && j < 32; j++)
                fdb_prefetch(fdb, fdb_hash(fdb, fdb_key(DOM, macs[i + j])));
            for (uint32_t j = 0; j < 32; j++)
                sum += fdb_lookup(fdb, DOM, macs[i + j], &value, &slot) + value.port;
        }
        start = cpu_s() - start;
        best = start < best ? start : best;
    }
    sink = sum;
    (void)sink;
    return best / count * 1e9;
}

static void speed(void **state)
{
    static const uint32_t sizes[] = {1024, 65536, 1048576};

    for (size_t s = 0; s < ARRAY_SIZE(sizes); s++) {
        uint32_t n = sizes[s];
        uint64_t *macs = malloc(n * sizeof(*macs));
        struct fdb *fdb = table_make(n, 3);
        unsigned seed = 9;
        double start = cpu_s(), learn_ns;

        for (uint32_t i = 0; i < n; i++)
            fdb_learn(fdb, DOM, macs[i] = MAC0 + i * 7919ull, (uint16_t)(i % 64), 0, 1, NULL);
        learn_ns = (cpu_s() - start) / n * 1e9;
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
        cmocka_unit_test(speed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
