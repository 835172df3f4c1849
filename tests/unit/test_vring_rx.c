/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What a guest sends: every layout of a chain becomes the same frame, and what is no frame is said
 * to be none.
 */
#include "tests/support/cmocka.h"
#include "tests/support/driver_ring.h"

#include <stdlib.h>

#define MEMORY_BYTES 0x200000u
#define TABLE_GPA    0x40000u
#define DATA_GPA     0x80000u

static struct guest guest;
static struct driver_ring driver;
static struct vring ring;
static struct burst burst;

static int setup(void **state)
{
    guest_init(&guest, MEMORY_BYTES, NULL);
    return 0;
}

static int teardown(void **state)
{
    guest_fini(&guest);
    return 0;
}

/* @legacy: without VERSION_1, so 10 bytes of header. */
static uint32_t start(uint16_t num, uint16_t index, bool legacy)
{
    struct vring_config config;
    struct vsw_err err = {0};

    driver_init(&driver, &guest, 0, num, index);
    config = driver_config(&driver);
    config.version_1 = !legacy;
    if (vring_init(&ring, &config, guest.map, &err) != 0)
        fail_msg("%s", err.msg);
    return legacy ? VNET_HDR_BYTES : VNET_HDR_MRG_BYTES;
}

static void receive(void)
{
    burst_reset(&burst, BURST_FRAMES, INT32_MAX, INT32_MAX);
    vring_rx(&ring, &burst);
}

/* All bytes of a frame, head and body. */
static void flatten(const struct frame *f, uint8_t *ret_bytes)
{
    memcpy(ret_bytes, f->head, f->head_len);
    ret_bytes += f->head_len;
    for (unsigned i = 0; i < f->seg_count; i++) {
        memcpy(ret_bytes, f->seg[i].base, f->seg[i].len);
        ret_bytes += f->seg[i].len;
    }
}

static void expect_frame(const struct frame *f, const uint8_t *want, uint32_t len)
{
    static uint8_t got[FRAME_MAX_BYTES];
    uint32_t total = f->head_len;

    assert_int_equal(f->drop, DROP_NONE);
    assert_int_equal(f->len, len);
    assert_int_equal(f->head_len, len < FRAME_HEAD_BYTES ? len : FRAME_HEAD_BYTES);
    for (unsigned i = 0; i < f->seg_count; i++) {
        assert_true(f->seg[i].len > 0);
        total += f->seg[i].len;
    }
    assert_int_equal(total, len);
    flatten(f, got);
    assert_memory_equal(got, want, len);
}

static void expect_used(uint16_t head, uint32_t want_len)
{
    uint32_t id = 0, len = 1;

    assert_true(driver_used(&driver, &id, &len));
    assert_int_equal(id, head);
    assert_int_equal(len, want_len);
}

static void done(uint16_t head)
{
    uint16_t before = driver_used_idx(&driver);

    vring_rx_done(&ring);
    assert_int_equal((uint16_t)(before + 1), driver_used_idx(&driver));
    expect_used(head, 0);
}

static uint16_t post(const struct driver_buf *buf, unsigned count, bool indirect)
{
    return indirect ? driver_post_indirect(&driver, TABLE_GPA, buf, count, false)
                    : driver_post(&driver, buf, count, false);
}

/* The bits of @cuts say behind which byte the first @bytes are cut. Returns the pieces. */
static unsigned split(uint32_t cuts, uint32_t bytes, uint64_t gpa, struct driver_buf *ret_buf)
{
    unsigned n = 0;

    for (uint32_t i = 0, from = 0; i < bytes; i++) {
        if (i + 1 < bytes && !(cuts >> i & 1))
            continue;
        /* Pieces lie apart, so that reading on over an end is noticed. */
        ret_buf[n] = (struct driver_buf){.gpa = gpa + 64ull * n, .len = i + 1 - from};
        from = i + 1;
        n++;
    }
    return n;
}

static void fill(const struct driver_buf *buf, unsigned count, const uint8_t *bytes)
{
    for (unsigned i = 0; i < count; i++) {
        guest_fill(&guest, buf[i].gpa, bytes, buf[i].len);
        bytes += buf[i].len;
    }
}

/* Every split of the header, and the frame behind it in a buffer of its own or in the last one. */
static void split_header(bool legacy, bool indirect, bool together)
{
    uint8_t bytes[12 + 200] = {0};
    struct driver_buf buf[16];
    uint32_t hdr = start(32, 0, legacy), len = 200;

    test_frame(bytes + hdr, len, 1);
    for (uint32_t cuts = 0; cuts < 1u << (hdr - 1); cuts++) {
        unsigned n = split(cuts, hdr, DATA_GPA, buf);
        uint16_t head;

        if (together)
            buf[n - 1].len += len;
        else
            buf[n++] = (struct driver_buf){.gpa = DATA_GPA + 0x1000, .len = len};
        memset(guest_ptr(&guest, DATA_GPA), 0xee, 0x1000);
        fill(buf, n, bytes);
        head = post(buf, n, indirect);
        receive();
        assert_int_equal(burst.count, 1);
        expect_frame(&burst.frame[0], bytes + hdr, len);
        assert_int_equal(burst.frame[0].offload.flags, 0);
        done(head);
    }
    assert_int_equal(vring_error(&ring), VRING_OK);
}

static void test_header_in_every_split(void **state)
{
    for (unsigned i = 0; i < 8; i++)
        split_header(i & 1, i & 2, i & 4);
}

/* Chains of 0 to 13 bytes in every split: none of them is a frame. */
static void test_runts_in_every_split(void **state)
{
    struct driver_buf buf[16];
    uint64_t runts = 0;

    for (int legacy = 0; legacy < 2; legacy++) {
        start(32, 0, legacy);
        runts = 0;
        for (uint32_t bytes = 0; bytes <= 13; bytes++) {
            for (uint32_t cuts = 0; cuts < 1u << (bytes > 1 ? bytes - 1 : 0); cuts++) {
                unsigned n = bytes > 0 ? split(cuts, bytes, DATA_GPA, buf) : 1;
                uint16_t head;

                if (bytes == 0)
                    buf[0] = (struct driver_buf){.gpa = DATA_GPA, .len = 0};
                head = post(buf, n, cuts & 1);
                receive();
                assert_int_equal(burst.count, 1);
                assert_int_equal(burst.frame[0].drop, DROP_runt);
                assert_int_equal(burst.frame[0].seg_count, 0);
                done(head);
                runts++;
            }
        }
        struct vring_stats stats;

        vring_stats(&ring, &stats);
        assert_int_equal(stats.bad_chains, runts);
        assert_int_equal(vring_error(&ring), VRING_OK);
    }
}

/* Random cuts anywhere in header and frame, empty descriptors between, of every frame length. */
static void test_random_layouts(void **state)
{
    static uint8_t bytes[12 + 9000];
    uint64_t seed = 42;

    for (unsigned round = 0; round < 4000; round++) {
        bool legacy = round & 1, indirect = round & 2;
        uint32_t hdr = start(64, (uint16_t)(65530 + round), legacy);
        uint32_t len = 14 + test_random(&seed) % (round % 8 == 0 ? 8900 : 300), left = hdr + len;
        struct driver_buf buf[60];
        uint64_t gpa = DATA_GPA;
        unsigned n = 0;
        uint16_t head;

        memset(bytes, 0, hdr);
        test_frame(bytes + hdr, len, round);
        while (left > 0) {
            uint32_t piece = n >= 50 ? left : test_random(&seed) % (2 * left / 3 + 2);

            piece = piece < left ? piece : left;
            /* The address of an empty one means nothing. */
            buf[n] = (struct driver_buf){.gpa = piece > 0 ? gpa : UINT64_MAX - 1, .len = piece};
            gpa += piece + 3;
            left -= piece;
            n++;
        }
        fill(buf, n, bytes);
        head = post(buf, n, indirect);
        receive();
        assert_int_equal(burst.count, 1);
        expect_frame(&burst.frame[0], bytes + hdr, len);
        done(head);
    }
}

static void test_chain_that_ends_in_a_table(void **state)
{
    uint32_t hdr = start(8, 0, false);
    uint8_t bytes[12 + 100] = {0};

    test_frame(bytes + hdr, 100, 5);
    guest_fill(&guest, DATA_GPA, bytes, sizeof(bytes));
    driver_desc(&driver, 3, DATA_GPA, 5, DESC_NEXT, 6);
    driver_table_desc(&driver, TABLE_GPA, 0, DATA_GPA + 5, 30, DESC_NEXT, 2);
    driver_table_desc(&driver, TABLE_GPA, 2, DATA_GPA + 35, sizeof(bytes) - 35, 0, 9);
    /* WRITE means nothing on a descriptor that refers to a table. */
    driver_desc(&driver, 6, TABLE_GPA, 48, DESC_INDIRECT | DESC_WRITE, 0);
    driver_avail(&driver, 3);
    receive();
    assert_int_equal(burst.count, 1);
    expect_frame(&burst.frame[0], bytes + hdr, 100);
    done(3);
}

static void test_every_ring_size_wraps(void **state)
{
    uint8_t bytes[12 + 64] = {0};

    test_frame(bytes + 12, 64, 3);
    guest_fill(&guest, DATA_GPA, bytes, sizeof(bytes));
    for (uint32_t num = 1; num <= VRING_NUM_MAX; num *= 2) {
        struct driver_buf buf = {.gpa = DATA_GPA, .len = sizeof(bytes)};
        uint32_t posted = 0, got = 0;

        start((uint16_t)num, (uint16_t)(0u - num - 3), false);
        while (got < 3 * num) {
            while (posted - got < num && posted < 3 * num) {
                driver_post(&driver, &buf, 1, false);
                posted++;
            }
            receive();
            assert_int_equal(burst.count, num < BURST_FRAMES ? num : BURST_FRAMES);
            for (unsigned i = 0; i < burst.count; i++)
                expect_frame(&burst.frame[i], bytes + 12, 64);
            vring_rx_done(&ring);
            for (unsigned i = 0; i < burst.count; i++)
                expect_used((uint16_t)(got++ & (num - 1)), 0);
        }
        assert_int_equal(vring_next_avail(&ring), driver.avail_idx);
        receive();
        assert_int_equal(burst.count, 0);
    }
}

static void test_burst_limits(void **state)
{
    uint8_t bytes[12 + 100] = {0};
    struct driver_buf buf = {.gpa = DATA_GPA, .len = sizeof(bytes)};

    test_frame(bytes + 12, 100, 3);
    guest_fill(&guest, DATA_GPA, bytes, sizeof(bytes));
    start(64, 0, false);
    for (int i = 0; i < 40; i++)
        driver_post(&driver, &buf, 1, false);
    burst_reset(&burst, 5, 1000000, 1000000);
    vring_rx(&ring, &burst);
    assert_int_equal(burst.count, 5);
    vring_rx_done(&ring);
    burst_reset(&burst, 32, 250, 1000000);
    vring_rx(&ring, &burst);
    assert_int_equal(burst.count, 3); /* the one that makes the budget negative is the last */
    vring_rx_done(&ring);
    burst_reset(&burst, 32, 1000000, 2);
    vring_rx(&ring, &burst);
    assert_int_equal(burst.count, 2);
    vring_rx_done(&ring);
    burst_reset(&burst, 32, 0, 1000);
    vring_rx(&ring, &burst);
    assert_int_equal(burst.count, 0);
    vring_rx_done(&ring);
    assert_int_equal(driver_used_idx(&driver), 10);
    receive();
    assert_int_equal(burst.count, 30);
    vring_rx_done(&ring);
}

static void test_offload_request(void **state)
{
    uint32_t hdr = start(8, 0, false);
    uint8_t bytes[12 + 60] = {1, 0, 0, 0, 0, 0, 34, 0, 6, 0, 0, 0};
    struct driver_buf buf[2] = {{DATA_GPA, 7}, {DATA_GPA + 7, sizeof(bytes) - 7}};

    test_frame(bytes + hdr, 60, 3);
    guest_fill(&guest, DATA_GPA, bytes, sizeof(bytes));
    for (unsigned i = 0; i < 2; i++) {
        if (i == 0) {
            driver_post(&driver, buf, 2, false);
        } else {
            buf[0].len = sizeof(bytes);
            driver_post(&driver, buf, 1, false);
        }
        receive();
        expect_frame(&burst.frame[0], bytes + hdr, 60);
        assert_int_equal(burst.frame[0].offload.flags, OFFLOAD_NEEDS_CSUM);
        assert_int_equal(burst.frame[0].offload.csum_start, 34);
        assert_int_equal(burst.frame[0].offload.csum_offset, 6);
        vring_rx_done(&ring);
    }
    bytes[6] = 60; /* behind the frame */
    guest_fill(&guest, DATA_GPA, bytes, sizeof(bytes));
    driver_post(&driver, buf, 1, false);
    receive();
    assert_int_equal(burst.frame[0].drop, DROP_bad_offload);
    vring_rx_done(&ring);
    assert_int_equal(vring_error(&ring), VRING_OK);
}

static void test_longest_frame(void **state)
{
    static uint8_t bytes[12 + FRAME_MAX_BYTES];
    struct driver_buf buf = {.gpa = DATA_GPA, .len = sizeof(bytes)};

    start(8, 0, false);
    test_frame(bytes + 12, FRAME_MAX_BYTES, 3);
    memcpy(guest_ptr(&guest, DATA_GPA), bytes, sizeof(bytes));
    driver_post(&driver, &buf, 1, false);
    buf.len++;
    driver_post(&driver, &buf, 1, false);
    receive();
    assert_int_equal(burst.count, 2);
    expect_frame(&burst.frame[0], bytes + 12, FRAME_MAX_BYTES);
    assert_int_equal(burst.frame[1].drop, DROP_too_long);
    assert_int_equal(burst.frame[1].head_len, 0);
    vring_rx_done(&ring);
    assert_int_equal(driver_used_idx(&driver), 2);
}

/* The longest chain is a frame, one descriptor more is a bad one, and so are many huge ones. */
static void test_long_chains(void **state)
{
    static struct driver_buf buf[FRAME_SEGS_MAX + 1];
    static uint8_t bytes[FRAME_SEGS_MAX];

    for (int indirect = 0; indirect < 2; indirect++) {
        start(4096, 0, false);
        test_frame(bytes + 12, sizeof(bytes) - 12, 9);
        memset(bytes, 0, 12);
        for (unsigned i = 0; i < ARRAY_SIZE(buf); i++)
            buf[i] = (struct driver_buf){.gpa = DATA_GPA + 2 * i, .len = 1};
        fill(buf, FRAME_SEGS_MAX, bytes);
        post(buf, FRAME_SEGS_MAX, indirect);
        receive();
        assert_int_equal(burst.count, 1);
        expect_frame(&burst.frame[0], bytes + 12, sizeof(bytes) - 12);
        vring_rx_done(&ring);
        post(buf, FRAME_SEGS_MAX + 1, indirect);
        receive();
        assert_int_equal(burst.count, 1);
        assert_int_equal(burst.frame[0].drop, DROP_bad_buffer);
        vring_rx_done(&ring);
        /* An empty descriptor is no piece, but it is a descriptor. */
        buf[7].len = 0;
        post(buf, FRAME_SEGS_MAX + 1, indirect);
        receive();
        assert_int_equal(burst.frame[0].drop, DROP_bad_buffer);
        vring_rx_done(&ring);
        for (unsigned i = 0; i < FRAME_SEGS_MAX; i++)
            buf[i] = (struct driver_buf){.gpa = DATA_GPA, .len = 0x100000};
        post(buf, FRAME_SEGS_MAX, indirect);
        receive();
        assert_int_equal(burst.frame[0].drop, DROP_too_long);
        vring_rx_done(&ring);
        assert_int_equal(vring_error(&ring), VRING_OK);
    }
}

/* Empty descriptors cost no segments, so only the bound of a visit stops them. */
static void test_a_visit_is_bounded(void **state)
{
    static struct driver_buf buf[1000];
    unsigned frames = 0, visits = 0;

    start(64, 0, false);
    for (unsigned i = 0; i < ARRAY_SIZE(buf); i++)
        buf[i] = (struct driver_buf){.gpa = 0, .len = 0};
    for (int i = 0; i < 30; i++)
        driver_post_indirect(&driver, TABLE_GPA, buf, ARRAY_SIZE(buf), false);
    while (frames < 30) {
        receive();
        assert_in_range(burst.count, 1, 3);
        frames += burst.count;
        visits++;
        vring_rx_done(&ring);
    }
    assert_in_range(visits, 10, 30);
}

static void test_disabled_ring_is_drained(void **state)
{
    struct driver_buf buf = {.gpa = DATA_GPA, .len = 100};
    struct vring_config config;
    struct vring_stats stats;

    start(64, 65500, false);
    config = driver_config(&driver);
    config.enabled = false;
    assert_int_equal(vring_init(&ring, &config, guest.map, NULL), 0);
    for (int i = 0; i < 64; i++)
        driver_post(&driver, &buf, 1, false);
    receive();
    assert_int_equal(burst.count, 0);
    vring_rx_done(&ring);
    for (uint16_t i = 0; i < 64; i++)
        expect_used(i, 0);
    vring_stats(&ring, &stats);
    assert_int_equal(stats.drained, 64);
    assert_int_equal(vring_next_avail(&ring), (uint16_t)(65500 + 64));
}

/* A burst that was never given back is taken again by the ring's successor. */
static void test_nothing_is_lost_without_done(void **state)
{
    struct driver_buf buf = {.gpa = DATA_GPA, .len = 100};

    start(64, 0, false);
    driver_post(&driver, &buf, 1, false);
    receive();
    assert_int_equal(burst.count, 1);
    assert_int_equal(vring_next_avail(&ring), 0);
    assert_int_equal(driver_used_idx(&driver), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header_in_every_split),
        cmocka_unit_test(test_runts_in_every_split),
        cmocka_unit_test(test_random_layouts),
        cmocka_unit_test(test_chain_that_ends_in_a_table),
        cmocka_unit_test(test_every_ring_size_wraps),
        cmocka_unit_test(test_burst_limits),
        cmocka_unit_test(test_offload_request),
        cmocka_unit_test(test_longest_frame),
        cmocka_unit_test(test_long_chains),
        cmocka_unit_test(test_a_visit_is_bounded),
        cmocka_unit_test(test_disabled_ring_is_drained),
        cmocka_unit_test(test_nothing_is_lost_without_done),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
