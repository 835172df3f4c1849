/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The ring between a worker and the writer of a capture: alone, and with two threads.
 */
#include "datapath/capture_ring.h"
#include "tests/support/cmocka.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>

#define SIZE    4096
#define RECORDS 200000

static struct capture_ring ring;

static int setup(void **state)
{
    memset(&ring, 0, sizeof(ring));
    return capture_ring_init(&ring, SIZE);
}

static int teardown(void **state)
{
    capture_ring_fini(&ring);
    return 0;
}

/* Records differ in length and content by their number. */
static uint32_t length_of(uint32_t number)
{
    return 4 + number * 37 % 1500;
}

static bool put(uint32_t number)
{
    uint32_t len = length_of(number);
    uint8_t *p = capture_ring_reserve(&ring, len);

    if (p == NULL)
        return false;
    memset(p, (int)(number & 0xff), len);
    memcpy(p, &number, sizeof(number));
    capture_ring_publish(&ring);
    return true;
}

static bool take(uint32_t number)
{
    const uint8_t *p = capture_ring_peek(&ring);
    uint32_t len = length_of(number);

    if (p == NULL)
        return false;
    assert_memory_equal(p, &number, sizeof(number));
    for (uint32_t i = sizeof(number); i < len; i++) {
        if (p[i] != (number & 0xff))
            fail_msg("record %u differs at byte %u", number, i);
    }
    capture_ring_release(&ring);
    return true;
}

static void records_come_out_as_they_went_in(void **state)
{
    uint32_t in = 0, out = 0;

    assert_null(capture_ring_peek(&ring));
    for (int round = 0; round < 5000; round++) {
        for (int i = round % 5; i >= 0 && put(in); i--)
            in++;
        for (int i = round % 3; i >= 0 && take(out); i--)
            out++;
    }
    while (take(out))
        out++;
    assert_int_equal(in, out);
    assert_true(in > 5000);
}

static void a_full_ring_refuses_and_recovers(void **state)
{
    uint32_t fitted = 0;

    while (capture_ring_reserve(&ring, 100) != NULL) {
        capture_ring_publish(&ring);
        fitted++;
    }
    assert_int_equal(fitted, SIZE / (8 + 104));
    for (uint32_t i = 0; i < fitted; i++) {
        assert_non_null(capture_ring_peek(&ring));
        capture_ring_release(&ring);
    }
    assert_null(capture_ring_peek(&ring));
    assert_non_null(capture_ring_reserve(&ring, 100));
}

/* What was reserved and not published is not seen; the place is used again. */
static void unpublished_is_unseen(void **state)
{
    void *first = capture_ring_reserve(&ring, 100);

    assert_null(capture_ring_peek(&ring));
    assert_ptr_equal(capture_ring_reserve(&ring, 200), first);
}

/* The largest record fits into an empty ring wherever its ends are. */
static void the_largest_record_always_fits(void **state)
{
    for (uint32_t i = 0; i < 1000; i++) {
        assert_non_null(capture_ring_reserve(&ring, i % 2 ? SIZE / 2 - 8 : 24));
        capture_ring_publish(&ring);
        assert_non_null(capture_ring_peek(&ring));
        capture_ring_release(&ring);
    }
}

static void *producer(void *arg)
{
    for (uint32_t i = 0; i < RECORDS; i++) {
        while (!put(i))
            sched_yield();
    }
    return NULL;
}

static void two_threads(void **state)
{
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, producer, NULL), 0);
    for (uint32_t i = 0; i < RECORDS; i++) {
        while (!take(i))
            sched_yield();
    }
    pthread_join(thread, NULL);
    assert_null(capture_ring_peek(&ring));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(records_come_out_as_they_went_in),
        T(a_full_ring_refuses_and_recovers),
        T(unpublished_is_unseen),
        T(the_largest_record_always_fits),
        T(two_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
