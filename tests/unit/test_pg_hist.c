/* SPDX-License-Identifier: BSD-3-Clause */
#include "pktgen/hist.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/cmocka.h"

static struct pg_hist h, other;

static int setup(void **state)
{
    pg_hist_reset(&h);
    pg_hist_reset(&other);
    return 0;
}

/* Every value lies in its bucket, buckets touch, and none is wider than 1/128 of its value. */
static void test_buckets(void **state)
{
    uint64_t end = 0, first, width;

    for (uint32_t i = 0; i < PG_HIST_BUCKETS; i++) {
        pg_hist_bucket(i, &first, &width);
        assert_int_equal(first, end);
        end = first + width;
        assert_true(width == 1 || width * PG_HIST_SUB <= first);
        assert_int_equal(pg_hist_index(first), i);
        assert_int_equal(pg_hist_index(end - 1), i);
    }
    assert_int_equal(end, 1ull << PG_HIST_MAX_BITS);
    assert_int_equal(pg_hist_index(UINT64_MAX), PG_HIST_BUCKETS - 1);
}

static void test_empty_and_one(void **state)
{
    assert_float_equal(pg_hist_percentile(&h, 50), 0, 0);
    assert_float_equal(pg_hist_mean(&h), 0, 0);
    pg_hist_add(&h, 123456789);
    for (int p = 0; p <= 100; p += 10)
        assert_true(pg_hist_percentile(&h, p) == 123456789.0);
    assert_true(h.min == 123456789 && h.max == 123456789 && pg_hist_mean(&h) == 123456789.0);
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

static void against_sort(uint64_t *values, uint32_t count)
{
    static const double percents[] = {0.1, 1, 10, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 99.99};
    double sum = 0;

    for (uint32_t i = 0; i < count; i++) {
        pg_hist_add(i % 2 ? &h : &other, values[i]);
        sum += (double)values[i];
    }
    pg_hist_merge(&h, &other);
    qsort(values, count, sizeof(*values), compare);
    assert_int_equal(h.count, count);
    assert_int_equal(h.min, values[0]);
    assert_int_equal(h.max, values[count - 1]);
    assert_true(pg_hist_percentile(&h, 0) == (double)values[0]);
    assert_true(pg_hist_percentile(&h, 100) == (double)values[count - 1]);
    assert_true(pg_hist_mean(&h) > sum / count * 0.999999 &&
                pg_hist_mean(&h) < sum / count * 1.000001 + 1e-9);
    for (size_t i = 0; i < ARRAY_SIZE(percents); i++) {
        /* rank = ceil(p / 100 * n) in whole numbers: p has at most two decimals */
        uint64_t rank = ((uint64_t)(percents[i] * 100 + 0.5) * count + 9999) / 10000;
        double exact = (double)values[rank - 1], got = pg_hist_percentile(&h, percents[i]);

        if (got < exact * 0.996 || got > exact * 1.004 + 1e-9)
            fail_msg("p%g of %u: %g, not %g", percents[i], count, got, exact);
    }
}

static void test_percentiles_against_sort(void **state)
{
    static const uint32_t counts[] = {1, 2, 3, 10, 999, 1000, 1001, 100000};
    uint64_t *values = calloc(100000, sizeof(*values));

    srand48(3);
    for (size_t c = 0; c < ARRAY_SIZE(counts); c++) {
        for (int shape = 0; shape < 4; shape++) {
            setup(NULL);
            for (uint32_t i = 0; i < counts[c]; i++) {
                uint64_t r = (uint64_t)lrand48();

                values[i] = shape == 0   ? r % 256
                            : shape == 1 ? 1000 + r % 100000
                            : shape == 2 ? r << (r % 12)
                                         : (r % 1000 ? 5000 + r % 50 : 90000000 + r);
            }
            against_sort(values, counts[c]);
        }
    }
    free(values);
}

static void test_too_large(void **state)
{
    pg_hist_add(&h, UINT64_MAX);
    pg_hist_add(&h, 5);
    assert_true(h.max == UINT64_MAX && h.bucket[PG_HIST_BUCKETS - 1] == 1);
    assert_true(pg_hist_percentile(&h, 50) == 5.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_buckets, setup),
        cmocka_unit_test_setup(test_empty_and_one, setup),
        cmocka_unit_test_setup(test_percentiles_against_sort, setup),
        cmocka_unit_test_setup(test_too_large, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
