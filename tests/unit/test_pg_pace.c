/* SPDX-License-Identifier: BSD-3-Clause */
#include "pktgen/pace.h"

#include <stdlib.h>

#include "tests/support/cmocka.h"

#define HZ 2995200000ull /* not a round one */

/* Frame n against the exact quotient, in 128 bits: rates that are whole numbers. */
static uint64_t exact_time(uint64_t n, uint64_t pps, uint32_t burst)
{
    return (uint64_t)((unsigned __int128)(n / burst * burst) * HZ / pps);
}

static void test_no_drift(void **state)
{
    static const uint64_t rates[] = {1, 7, 1000, 999983, 14880952, 21437517, 40000000};
    static const uint32_t bursts[] = {1, 3, 32, 4096};
    static const uint64_t frames[] = {0, 1, 31, 32, 33, 1000000, 999999999, 1000000000};
    struct pg_pace p;

    for (size_t r = 0; r < ARRAY_SIZE(rates); r++) {
        for (size_t b = 0; b < ARRAY_SIZE(bursts); b++) {
            pg_pace_init(&p, (double)rates[r], bursts[b], HZ, 5000);
            for (size_t f = 0; f < ARRAY_SIZE(frames); f++) {
                int64_t off = (int64_t)(pg_pace_time(&p, frames[f]) - 5000 -
                                        exact_time(frames[f], rates[r], bursts[b]));
                /* never early, and after 1e9 frames no more than a tick late */
                if (off < 0 || off > 1)
                    fail_msg("frame %lu at %lu pps is off by %ld", frames[f], rates[r], off);
            }
        }
    }
}

static void test_take_follows_the_schedule(void **state)
{
    struct pg_pace p;

    pg_pace_init(&p, 12345678, 5, HZ, 1000);
    for (uint64_t n = 0; n < 1000000; n++) {
        assert_int_equal(pg_pace_taken(&p), n);
        assert_int_equal(pg_pace_take(&p), pg_pace_time(&p, n));
    }
}

static void test_skip_is_many_takes(void **state)
{
    struct pg_pace a, b;

    srand(5);
    for (uint32_t burst = 1; burst < 70; burst += 7) {
        pg_pace_init(&a, 1e6, burst, HZ, 77);
        pg_pace_init(&b, 1e6, burst, HZ, 77);
        for (int i = 0; i < 2000; i++) {
            uint64_t n = (uint64_t)rand() % 200;

            pg_pace_skip(&a, n);
            while (n-- > 0)
                pg_pace_take(&b);
            assert_memory_equal(&a, &b, sizeof(a));
        }
    }
}

/* A sender that looks at odd times sends nothing early and all that is due. */
static void walk(double pps, uint32_t burst, uint32_t max, uint64_t step)
{
    uint64_t now = 1000, sent = 0;
    struct pg_pace p;

    pg_pace_init(&p, pps, burst, HZ, 1000);
    for (int i = 0; i < 20000; i++, now += (uint64_t)rand() % step) {
        uint32_t n = pg_pace_due(&p, now, max);

        assert_true(n <= max);
        for (uint32_t k = 0; k < n; k++)
            assert_true(pg_pace_take(&p) <= now);
        sent += n;
        if (n < max) /* and the next one is not due yet */
            assert_true(pg_pace_time(&p, sent) > now);
        assert_int_equal(pg_pace_taken(&p), sent);
    }
}

static void test_due(void **state)
{
    static const uint32_t bursts[] = {1, 4, 32, 33, 1000};

    srand(9);
    for (size_t b = 0; b < ARRAY_SIZE(bursts); b++) {
        walk(14880952, bursts[b], 32, 500);
        walk(14880952, bursts[b], 32, 5000);
        walk(14880952, bursts[b], 64, 100000); /* never keeps up */
        walk(1000, bursts[b], 32, 10 * HZ / 1000);
        walk(0.5, bursts[b], 1, HZ);
    }
}

static void test_before_the_start(void **state)
{
    struct pg_pace p;

    pg_pace_init(&p, 1e6, 1, HZ, 1000000);
    assert_int_equal(pg_pace_due(&p, 999999, 32), 0);
    assert_int_equal(pg_pace_due(&p, 1000000, 32), 1);
    assert_int_equal(pg_pace_total(&p, 1000000), 0);
    assert_int_equal(pg_pace_total(&p, 1000001), 1);
}

static void test_bursts_come_at_once(void **state)
{
    struct pg_pace p;

    pg_pace_init(&p, 1e6, 32, HZ, 0);
    assert_int_equal(pg_pace_due(&p, 0, 64), 32);
    pg_pace_skip(&p, 32);
    assert_int_equal(pg_pace_due(&p, HZ / 31251, 64), 0); /* 32 us later, less a little */
    assert_int_equal(pg_pace_due(&p, HZ / 31249, 64), 32);
    assert_int_equal(pg_pace_due(&p, HZ / 31249, 8), 8);
}

static void test_total(void **state)
{
    struct pg_pace p;

    pg_pace_init(&p, 1000000, 1, HZ, 77);
    assert_int_equal(pg_pace_total(&p, 77 + HZ), 1000000);
    assert_int_equal(pg_pace_total(&p, 77 + 3600 * HZ), 3600000000ull);
    pg_pace_init(&p, 1000000, 32, HZ, 77);
    assert_int_equal(pg_pace_total(&p, 77 + HZ), 1000000); /* 31250 bursts */
}

static void test_no_rate(void **state)
{
    struct pg_pace p;

    pg_pace_init(&p, 0, 1, HZ, 77);
    assert_int_equal(pg_pace_due(&p, 77, 32), 32);
    assert_int_equal(pg_pace_total(&p, 5000), 0);
    pg_pace_skip(&p, 1000);
    assert_int_equal(pg_pace_taken(&p), 1000);
    assert_int_equal(pg_pace_due(&p, 78, 32), 32);
}

/* Rates beyond anything sensible neither trap nor stop. */
static void test_extremes(void **state)
{
    struct pg_pace p;

    pg_pace_init(&p, 1e15, 1, HZ, 0);
    assert_int_equal(pg_pace_due(&p, 1000, 32), 32);
    pg_pace_init(&p, 1e-9, 4096, HZ, 0);
    assert_int_equal(pg_pace_due(&p, 1000, 5000), 4096);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_drift),
        cmocka_unit_test(test_take_follows_the_schedule),
        cmocka_unit_test(test_skip_is_many_takes),
        cmocka_unit_test(test_due),
        cmocka_unit_test(test_before_the_start),
        cmocka_unit_test(test_bursts_come_at_once),
        cmocka_unit_test(test_total),
        cmocka_unit_test(test_no_rate),
        cmocka_unit_test(test_extremes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
