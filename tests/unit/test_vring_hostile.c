/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Guests that lie: every way to break a ring, and buffers at the borders of memory.
 */
#include "port/port.h"
#include "tests/support/cmocka.h"
#include "tests/support/driver_ring.h"

#include <stdlib.h>

#define RING_A    0x0u
#define TABLE_GPA 0x40000u
#define DATA_GPA  0x50000u

static void no_wake(struct port_host *host)
{
}

static struct port_host host = {.wake = no_wake};
static struct port port = {.host = &host};
static struct guest guest;
static struct driver_ring driver;
static struct vring ring;
static struct burst burst;

static int setup(void **state)
{
    guest_init_hole(&guest, &port);
    return 0;
}

static int teardown(void **state)
{
    guest_fini(&guest);
    return 0;
}

static void start(uint16_t num, bool mergeable, bool indirect)
{
    struct vring_config config;

    driver_init(&driver, &guest, RING_A, num, 0);
    config = driver_config(&driver);
    config.mergeable = mergeable;
    config.indirect = indirect;
    config.port = &port;
    port.attention = false;
    assert_int_equal(vring_init(&ring, &config, guest.map, NULL), 0);
}

static void receive(void)
{
    burst_reset(&burst, BURST_FRAMES, INT32_MAX, INT32_MAX);
    vring_rx(&ring, &burst);
}

static enum drop_reason send_frame(uint32_t len)
{
    static uint8_t bytes[FRAME_MAX_BYTES];
    struct frame f;
    struct frame_seg seg;
    struct tx_item item = {.frame = &f, .drop = 255};

    test_frame(bytes, len, 1);
    test_source_frame(&f, &seg, bytes, len);
    vring_tx(&ring, &item, 1);
    return item.drop;
}

/* ---- every way to break a ring ----------------------------------------------------------- */

/* Posts one bad chain; @w is DESC_WRITE when the ring's buffers are to be written. */
typedef void bad_chain(uint16_t w);

static void bad_head(uint16_t w)
{
    driver_avail(&driver, 16);
}

static void bad_head_max(uint16_t w)
{
    driver_avail(&driver, 65535);
}

static void bad_index(uint16_t w)
{
    driver_set_avail_idx(&driver, (uint16_t)(driver.avail_idx + 17));
}

static void bad_index_back(uint16_t w)
{
    driver_set_avail_idx(&driver, (uint16_t)(driver.avail_idx - 3));
}

static void bad_next(uint16_t w)
{
    driver_desc(&driver, 5, DATA_GPA, 4, DESC_NEXT | w, 16);
    driver_avail(&driver, 5);
}

static void bad_loop(uint16_t w)
{
    driver_desc(&driver, 5, DATA_GPA, 1, DESC_NEXT | w, 6);
    driver_desc(&driver, 6, DATA_GPA, 1, DESC_NEXT | w, 5);
    driver_avail(&driver, 5);
}

static void bad_loop_of_one(uint16_t w)
{
    driver_desc(&driver, 5, DATA_GPA, 0, DESC_NEXT | w, 5);
    driver_avail(&driver, 5);
}

static void bad_loop_in_table(uint16_t w)
{
    driver_table_desc(&driver, TABLE_GPA, 0, DATA_GPA, 1, DESC_NEXT | w, 1);
    driver_table_desc(&driver, TABLE_GPA, 1, DATA_GPA, 1, DESC_NEXT | w, 0);
    driver_desc(&driver, 5, TABLE_GPA, 32, DESC_INDIRECT, 0);
    driver_avail(&driver, 5);
}

static void bad_direction(uint16_t w)
{
    driver_desc(&driver, 5, DATA_GPA, 2000, w ^ DESC_WRITE, 0);
    driver_avail(&driver, 5);
}

static void bad_direction_of_second(uint16_t w)
{
    driver_desc(&driver, 5, DATA_GPA, 20, DESC_NEXT | w, 6);
    driver_desc(&driver, 6, DATA_GPA, 2000, w ^ DESC_WRITE, 0);
    driver_avail(&driver, 5);
}

static void bad_direction_in_table(uint16_t w)
{
    driver_table_desc(&driver, TABLE_GPA, 0, DATA_GPA, 2000, w ^ DESC_WRITE, 0);
    driver_desc(&driver, 5, TABLE_GPA, 16, DESC_INDIRECT | w, 0);
    driver_avail(&driver, 5);
}

static void table(uint64_t gpa, uint32_t len, uint16_t flags)
{
    driver_desc(&driver, 5, gpa, len, flags, 0);
    driver_avail(&driver, 5);
}

static void bad_table_empty(uint16_t w)
{
    table(TABLE_GPA, 0, DESC_INDIRECT);
}

static void bad_table_odd(uint16_t w)
{
    table(TABLE_GPA, 24, DESC_INDIRECT);
}

static void bad_table_tiny(uint16_t w)
{
    table(TABLE_GPA, 15, DESC_INDIRECT);
}

static void bad_table_chained(uint16_t w)
{
    driver_table_desc(&driver, TABLE_GPA, 0, DATA_GPA, 2000, w, 0);
    table(TABLE_GPA, 16, DESC_INDIRECT | DESC_NEXT);
}

static void bad_table_nested(uint16_t w)
{
    driver_table_desc(&driver, TABLE_GPA, 0, TABLE_GPA + 64, 16, DESC_INDIRECT, 0);
    driver_table_desc(&driver, TABLE_GPA + 64, 0, DATA_GPA, 2000, w, 0);
    table(TABLE_GPA, 16, DESC_INDIRECT);
}

static void bad_table_nested_second(uint16_t w)
{
    driver_table_desc(&driver, TABLE_GPA, 0, DATA_GPA, 4, w | DESC_NEXT, 1);
    driver_table_desc(&driver, TABLE_GPA, 1, TABLE_GPA + 64, 16, DESC_INDIRECT, 0);
    table(TABLE_GPA, 32, DESC_INDIRECT);
}

static void bad_table_next(uint16_t w)
{
    driver_table_desc(&driver, TABLE_GPA, 0, DATA_GPA, 4, w | DESC_NEXT, 2);
    table(TABLE_GPA, 32, DESC_INDIRECT);
}

static void bad_table_hole(uint16_t w)
{
    table(GUEST_HOLE, 16, DESC_INDIRECT);
}

static void bad_table_into_hole(uint16_t w)
{
    driver_table_desc(&driver, GUEST_HOLE - 16, 0, DATA_GPA, 4, w | DESC_NEXT, 1);
    table(GUEST_HOLE - 16, 32, DESC_INDIRECT);
}

static void bad_table_split_by_hole(uint16_t w)
{
    table(GUEST_HOLE - 8, 16, DESC_INDIRECT);
}

static void bad_table_wraps(uint16_t w)
{
    table(UINT64_MAX - 15, 1u << 20, DESC_INDIRECT);
}

static void buffer(uint64_t gpa, uint32_t len, uint16_t w)
{
    driver_desc(&driver, 5, gpa, len, w, 0);
    driver_avail(&driver, 5);
}

static void bad_buffer_hole(uint16_t w)
{
    buffer(GUEST_HOLE, 1000, w);
}

static void bad_buffer_into_hole(uint16_t w)
{
    buffer(GUEST_HOLE - 1, 2000, w);
}

static void bad_buffer_over_hole(uint16_t w)
{
    buffer(GUEST_HOLE - 16, GUEST_LAST - GUEST_HOLE + 100, w);
}

static void bad_buffer_end(uint16_t w)
{
    buffer(GUEST_LAST_END - 11, 3000, w);
}

static void bad_buffer_far(uint16_t w)
{
    buffer(UINT64_MAX - 100, 1000, w);
}

static void bad_buffer_wraps(uint16_t w)
{
    buffer(UINT64_MAX - 1, 0xffffffff, w);
}

static const struct {
    bad_chain *post;
    enum vring_error want;
} bad_chains[] = {
    {bad_head, VRING_BAD_HEAD},
    {bad_head_max, VRING_BAD_HEAD},
    {bad_index, VRING_BAD_INDEX},
    {bad_index_back, VRING_BAD_INDEX},
    {bad_next, VRING_BAD_NEXT},
    {bad_loop, VRING_LOOP},
    {bad_loop_of_one, VRING_LOOP},
    {bad_loop_in_table, VRING_LOOP},
    {bad_direction, VRING_BAD_DIRECTION},
    {bad_direction_of_second, VRING_BAD_DIRECTION},
    {bad_direction_in_table, VRING_BAD_DIRECTION},
    {bad_table_empty, VRING_BAD_INDIRECT},
    {bad_table_odd, VRING_BAD_INDIRECT},
    {bad_table_tiny, VRING_BAD_INDIRECT},
    {bad_table_chained, VRING_BAD_INDIRECT},
    {bad_table_nested, VRING_BAD_INDIRECT},
    {bad_table_nested_second, VRING_BAD_INDIRECT},
    {bad_table_next, VRING_BAD_NEXT},
    {bad_table_hole, VRING_BAD_ADDRESS},
    {bad_table_into_hole, VRING_BAD_ADDRESS},
    {bad_table_split_by_hole, VRING_BAD_ADDRESS},
    {bad_table_wraps, VRING_BAD_ADDRESS},
    {bad_buffer_hole, VRING_BAD_ADDRESS},
    {bad_buffer_into_hole, VRING_BAD_ADDRESS},
    {bad_buffer_over_hole, VRING_BAD_ADDRESS},
    {bad_buffer_end, VRING_BAD_ADDRESS},
    {bad_buffer_far, VRING_BAD_ADDRESS},
    {bad_buffer_wraps, VRING_BAD_ADDRESS},
};

static void expect_broken(size_t i, uint16_t used)
{
    struct vring_stats stats;

    if (vring_error(&ring) != bad_chains[i].want)
        fail_msg("bad chain %zu: %s", i, vring_error_text(vring_error(&ring)));
    vring_stats(&ring, &stats);
    assert_int_equal(stats.bad_chains, 1);
    assert_true(port.attention);
    /* What was taken before is given back; the bad chain is not. */
    assert_int_equal(driver_used_idx(&driver), used);
    assert_int_equal(vring_next_avail(&ring), used);
}

static void test_bad_chains_break_rx(void **state)
{
    struct driver_buf good = {.gpa = DATA_GPA, .len = 12 + 100};

    for (size_t i = 0; i < ARRAY_SIZE(bad_chains); i++) {
        bool index = bad_chains[i].want == VRING_BAD_INDEX;

        start(16, false, true);
        driver_post(&driver, &good, 1, false);
        driver_post(&driver, &good, 1, false);
        bad_chains[i].post(0);
        receive();
        /* A wrong index is found before anything is taken. */
        assert_int_equal(burst.count, index ? 0 : 2);
        vring_rx_done(&ring);
        expect_broken(i, index ? 0 : 2);
        receive();
        assert_int_equal(burst.count, 0);
        vring_rx_done(&ring);
        assert_false(vring_arm(&ring));
        expect_broken(i, index ? 0 : 2);
    }
}

/* Mergeable and not; the frame is so long that the whole chain is wanted. */
static void test_bad_chains_break_tx(void **state)
{
    struct driver_buf good = {.gpa = DATA_GPA, .len = 2500};

    for (size_t i = 0; i < 2 * ARRAY_SIZE(bad_chains); i++) {
        size_t bad = i / 2;
        bool index = bad_chains[bad].want == VRING_BAD_INDEX;

        start(16, i & 1, true);
        driver_post(&driver, &good, 1, true);
        if (!index)
            assert_int_equal(send_frame(1000), DROP_NONE);
        bad_chains[bad].post(DESC_WRITE);
        memset(guest_ptr(&guest, DATA_GPA), 0xee, 4096);
        assert_int_equal(send_frame(1980), DROP_dst_error);
        expect_broken(bad, index ? 0 : 1);
        for (unsigned k = 0; k < 4096; k++)
            assert_int_equal(*(uint8_t *)guest_ptr(&guest, DATA_GPA + k), 0xee);
        assert_int_equal(send_frame(60), DROP_dst_error);
        expect_broken(bad, index ? 0 : 1);
    }
}

/* The second of three mergeable buffers is bad: neither the first is used nor the frame written. */
static void test_bad_chain_half_way(void **state)
{
    struct driver_buf buf = {.gpa = DATA_GPA, .len = 100}, bad = {.gpa = GUEST_HOLE, .len = 100};

    start(16, true, true);
    driver_post(&driver, &buf, 1, true);
    driver_post(&driver, &bad, 1, true);
    driver_post(&driver, &buf, 1, true);
    memset(guest_ptr(&guest, DATA_GPA), 0xee, 4096);
    assert_int_equal(send_frame(250), DROP_dst_error);
    assert_int_equal(vring_error(&ring), VRING_BAD_ADDRESS);
    assert_int_equal(driver_used_idx(&driver), 0);
    for (unsigned k = 0; k < 4096; k++)
        assert_int_equal(*(uint8_t *)guest_ptr(&guest, DATA_GPA + k), 0xee);
}

static void test_indirect_not_negotiated(void **state)
{
    start(16, false, false);
    driver_table_desc(&driver, TABLE_GPA, 0, DATA_GPA, 200, 0, 0);
    table(TABLE_GPA, 16, DESC_INDIRECT);
    receive();
    assert_int_equal(burst.count, 0);
    assert_int_equal(vring_error(&ring), VRING_BAD_INDIRECT);
}

static void test_drain_checks_heads(void **state)
{
    struct vring_config config;

    start(16, false, true);
    config = driver_config(&driver);
    config.enabled = false;
    assert_int_equal(vring_init(&ring, &config, guest.map, NULL), 0);
    driver_avail(&driver, 3);
    driver_avail(&driver, 16);
    receive();
    vring_rx_done(&ring);
    assert_int_equal(vring_error(&ring), VRING_BAD_HEAD);
    assert_int_equal(driver_used_idx(&driver), 1);
}

static void test_all_errors_have_a_text(void **state)
{
    for (int i = 0; i < VRING_ERROR_COUNT; i++)
        assert_true(strlen(vring_error_text(i)) > 5);
    assert_non_null(vring_error_text(200));
}

/* ---- borders of regions ------------------------------------------------------------------ */

static void test_buffers_over_a_border(void **state)
{
    uint8_t bytes[12 + 300] = {0}, got[312];

    test_frame(bytes + 12, 300, 3);
    for (uint32_t before = 1; before < sizeof(bytes); before++) {
        struct driver_buf buf = {.gpa = GUEST_BORDER - before, .len = sizeof(bytes)};
        uint8_t *to = got;

        start(8, before & 1, true);
        guest_fill(&guest, buf.gpa, bytes, sizeof(bytes));
        driver_post(&driver, &buf, 1, false);
        receive();
        assert_int_equal(burst.count, 1);
        assert_int_equal(burst.frame[0].len, 300);
        memcpy(to, burst.frame[0].head, burst.frame[0].head_len);
        to += burst.frame[0].head_len;
        for (unsigned i = 0; i < burst.frame[0].seg_count; i++) {
            memcpy(to, burst.frame[0].seg[i].base, burst.frame[0].seg[i].len);
            to += burst.frame[0].seg[i].len;
        }
        assert_int_equal(to - got, 300);
        assert_memory_equal(got, bytes + 12, 300);
        vring_rx_done(&ring);

        start(8, before & 1, true);
        driver_post(&driver, &buf, 1, true);
        memset(guest_ptr(&guest, GUEST_BORDER), 0, 400);
        memset(guest_ptr(&guest, GUEST_BORDER - 400), 0, 400);
        assert_int_equal(send_frame(300), DROP_NONE);
        guest_copy_out(&guest, buf.gpa + 12, got, 300);
        test_frame(bytes + 12, 300, 1);
        assert_memory_equal(got, bytes + 12, 300);
        test_frame(bytes + 12, 300, 3);
    }
}

static void test_table_over_a_border(void **state)
{
    for (unsigned off = 0; off <= 48; off++) {
        uint64_t at = GUEST_BORDER - off;

        start(8, false, true);
        driver_table_desc(&driver, at, 0, DATA_GPA, 12, DESC_NEXT, 1);
        driver_table_desc(&driver, at, 1, DATA_GPA + 12, 30, DESC_NEXT, 2);
        driver_table_desc(&driver, at, 2, DATA_GPA + 42, 30, 0, 0);
        memset(guest_ptr(&guest, DATA_GPA), 0, 72);
        table(at, 48, DESC_INDIRECT);
        receive();
        assert_int_equal(burst.count, 1);
        assert_int_equal(burst.frame[0].drop, DROP_NONE);
        assert_int_equal(burst.frame[0].len, 60);
        vring_rx_done(&ring);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_chains_break_rx),
        cmocka_unit_test(test_bad_chains_break_tx),
        cmocka_unit_test(test_bad_chain_half_way),
        cmocka_unit_test(test_indirect_not_negotiated),
        cmocka_unit_test(test_drain_checks_heads),
        cmocka_unit_test(test_all_errors_have_a_text),
        cmocka_unit_test(test_buffers_over_a_border),
        cmocka_unit_test(test_table_over_a_border),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
