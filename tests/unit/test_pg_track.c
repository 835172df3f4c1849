/* SPDX-License-Identifier: BSD-3-Clause */
#include "pktgen/track.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/cmocka.h"

static struct pg_track t;

static int setup(void **state)
{
    pg_track_reset(&t);
    return 0;
}

static void feed(uint64_t sequence)
{
    pg_track_frame(&t, (uint32_t)(sequence & PG_TAG_SEQ_MASK));
}

static struct pg_track_result finish(uint64_t sent)
{
    struct pg_track_result r;

    pg_track_finish(&t, sent, &r);
    return r;
}

static void test_in_order(void **state)
{
    struct pg_track_result r;

    for (uint64_t i = 0; i < 100000; i++)
        feed(i);
    r = finish(100000);
    assert_int_equal(r.received, 100000);
    assert_int_equal(r.lost + r.duplicates + r.reordered + r.too_late + r.extent_max, 0);
}

static void test_loss(void **state)
{
    struct pg_track_result r;

    for (uint64_t i = 0; i < 100000; i++)
        if (i % 10 != 3)
            feed(i);
    r = finish(100000);
    assert_int_equal(r.lost, 10000);
    assert_int_equal(r.duplicates + r.reordered + r.too_late, 0);
}

/* The last frames leave no gap behind them: only the count of what was sent tells. */
static void test_loss_at_both_ends(void **state)
{
    for (uint64_t i = 100; i < 900; i++)
        feed(i);
    assert_int_equal(finish(1000).lost, 200);
    assert_int_equal(finish(1000).reordered, 0);
}

static void test_nothing_came(void **state)
{
    assert_int_equal(finish(55).lost, 55);
    assert_int_equal(finish(0).lost, 0);
}

static void test_duplicates(void **state)
{
    struct pg_track_result r;

    for (uint64_t i = 0; i < 10000; i++) {
        feed(i);
        if (i % 100 == 0)
            feed(i);
        if (i % 1000 == 999)
            feed(i - 500);
    }
    r = finish(10000);
    assert_int_equal(r.duplicates, 110);
    assert_int_equal(r.reordered, 0);
    assert_int_equal(r.lost, 0);
    assert_int_equal(r.received, 10110);
}

/* RFC 4737: of two frames that changed places, the later one to come is reordered. */
static void test_swapped(void **state)
{
    struct pg_track_result r;

    for (uint64_t i = 0; i < 10000; i += 2) {
        feed(i + 1);
        feed(i);
    }
    r = finish(10000);
    assert_int_equal(r.reordered, 5000);
    assert_int_equal(r.extent_max, 2);
    assert_int_equal(r.lost + r.duplicates, 0);
}

static void test_late_by_the_window(void **state)
{
    struct pg_track_result r;

    for (uint64_t i = 1; i < PG_TRACK_WINDOW; i++)
        feed(i);
    feed(0); /* as late as can be told */
    r = finish(PG_TRACK_WINDOW);
    assert_int_equal(r.reordered, 1);
    assert_int_equal(r.extent_max, PG_TRACK_WINDOW);
    feed(0);
    assert_int_equal(finish(PG_TRACK_WINDOW).duplicates, 1);
    feed(PG_TRACK_WINDOW);
    feed(0); /* one more: too late to tell */
    assert_int_equal(finish(PG_TRACK_WINDOW + 1).too_late, 1);
}

/* Bits of the round before must not look like copies. */
static void test_gap_over_the_window(void **state)
{
    struct pg_track_result r;

    for (uint64_t i = 0; i < 3 * PG_TRACK_WINDOW; i++)
        feed(i);
    feed(10 * PG_TRACK_WINDOW + 5);
    for (uint64_t i = 9 * PG_TRACK_WINDOW + 10; i < 10 * PG_TRACK_WINDOW + 5; i++)
        feed(i);
    r = finish(10 * PG_TRACK_WINDOW + 6);
    assert_int_equal(r.duplicates, 0);
    assert_int_equal(r.reordered, PG_TRACK_WINDOW - 5);
}

/* 28 bits end after 13 seconds at full rate. */
static void test_wrap(void **state)
{
    uint64_t start = PG_TAG_SEQ_MASK - 5000, end = PG_TAG_SEQ_MASK + 5000ull;
    struct pg_track_result r;

    t.next = start;
    t.received = start;
    for (uint64_t i = start; i < end; i++) {
        if (i % 100 == 7)
            continue;
        feed(i);
        if (i % 100 == 9)
            feed(i - 1);
    }
    assert_int_equal(t.next, end);
    r = finish(end);
    assert_int_equal(r.lost, 100);
    assert_int_equal(r.duplicates, 100);
    assert_int_equal(r.too_late, 0);
    feed(end - 100 - (end % 100) + 7); /* a lost one comes after all, over the wrap */
    assert_int_equal(finish(end).reordered, 1);
}

static void test_number_from_before_the_start(void **state)
{
    feed(PG_TAG_SEQ_MASK);
    assert_int_equal(finish(1).too_late, 1);
    feed(0);
    assert_int_equal(t.next, 1);
}

/* Against a reader that remembers everything. */
static void test_random_network(void **state)
{
    enum { COUNT = 200000 };
    uint8_t *times = calloc(COUNT, 1);
    uint32_t *order = calloc(2 * COUNT, sizeof(*order));
    uint64_t highest = 0, reordered = 0, copies = 0, lost = 0, n = 0;
    struct pg_track_result r;

    srand(7);
    for (uint32_t i = 0; i < COUNT; i++)
        for (int k = rand() % 50 == 0 ? 0 : rand() % 50 == 0 ? 2 : 1; k > 0; k--)
            order[n++] = i;
    for (uint64_t i = 0; i + 100 < n; i++) { /* some change places with one nearby */
        uint64_t with = i + (uint64_t)rand() % 100;
        uint32_t keep = order[i];

        if (rand() % 20 != 0)
            continue;
        order[i] = order[with];
        order[with] = keep;
    }
    for (uint64_t i = 0; i < n; i++) {
        uint32_t s = order[i];

        copies += times[s] > 0;
        reordered += times[s] == 0 && i > 0 && s < highest;
        times[s]++;
        highest = u64_max(highest, s);
        feed(s);
    }
    for (uint32_t i = 0; i < COUNT; i++)
        lost += times[i] == 0;
    r = finish(COUNT);
    assert_int_equal(r.lost, lost);
    assert_int_equal(r.duplicates, copies);
    assert_int_equal(r.reordered, reordered);
    assert_true(lost > 1000 && copies > 1000 && reordered > 1000);
    free(times);
    free(order);
}

static void test_corruption_and_leaks_are_kept(void **state)
{
    feed(0);
    t.corrupt++;
    t.leaks += 2;
    assert_int_equal(finish(1).corrupt, 1);
    assert_int_equal(finish(1).leaks, 2);
    assert_int_equal(finish(1).lost, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_in_order, setup),
        cmocka_unit_test_setup(test_loss, setup),
        cmocka_unit_test_setup(test_loss_at_both_ends, setup),
        cmocka_unit_test_setup(test_nothing_came, setup),
        cmocka_unit_test_setup(test_duplicates, setup),
        cmocka_unit_test_setup(test_swapped, setup),
        cmocka_unit_test_setup(test_late_by_the_window, setup),
        cmocka_unit_test_setup(test_gap_over_the_window, setup),
        cmocka_unit_test_setup(test_wrap, setup),
        cmocka_unit_test_setup(test_number_from_before_the_start, setup),
        cmocka_unit_test_setup(test_random_network, setup),
        cmocka_unit_test_setup(test_corruption_and_leaks_are_kept, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
