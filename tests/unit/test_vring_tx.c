/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What a guest receives: frames in buffers of every layout, mergeable and not, and nothing anywhere
 * else.
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

enum kind { LEGACY, MODERN, MERGEABLE, KINDS };

static uint32_t start(uint16_t num, uint16_t index, enum kind kind)
{
    struct vring_config config;
    struct vsw_err err = {0};

    driver_init(&driver, &guest, 0, num, index);
    config = driver_config(&driver);
    config.version_1 = kind == MODERN;
    config.mergeable = kind == MERGEABLE;
    if (vring_init(&ring, &config, guest.map, &err) != 0)
        fail_msg("%s", err.msg);
    return kind == LEGACY ? VNET_HDR_BYTES : VNET_HDR_MRG_BYTES;
}

static uint16_t post(const struct driver_buf *buf, unsigned count, bool indirect)
{
    return indirect ? driver_post_indirect(&driver, TABLE_GPA, buf, count, true)
                    : driver_post(&driver, buf, count, true);
}

static enum drop_reason send_frame(const uint8_t *bytes, uint32_t len)
{
    struct frame f;
    struct frame_seg seg;
    struct tx_item item = {.frame = &f, .drop = 255};

    test_source_frame(&f, &seg, bytes, len);
    vring_tx(&ring, &item, 1);
    return item.drop;
}

static void expect_used(uint16_t head, uint32_t want_len)
{
    uint32_t id = 0, len = ~0u;

    assert_true(driver_used(&driver, &id, &len));
    assert_int_equal(id, head);
    assert_int_equal(len, want_len);
}

static void expect_none_used(void)
{
    uint32_t id, len;

    assert_false(driver_used(&driver, &id, &len));
}

/* The first @bytes of what is in a chain's buffers. */
static void gather(const struct driver_buf *buf, uint8_t *ret_bytes, uint32_t bytes)
{
    for (; bytes > 0; buf++) {
        uint32_t n = buf->len < bytes ? buf->len : bytes;

        guest_copy_out(&guest, buf->gpa, ret_bytes, n);
        ret_bytes += n;
        bytes -= n;
    }
}

static void expect_header(const uint8_t *got, uint32_t hdr, uint16_t buffers)
{
    uint8_t want[12] = {0};

    want[10] = (uint8_t)buffers;
    want[11] = (uint8_t)(buffers >> 8);
    assert_memory_equal(got, want, hdr);
}

static unsigned split(uint32_t cuts, uint32_t bytes, uint64_t gpa, struct driver_buf *ret_buf)
{
    unsigned n = 0;

    for (uint32_t i = 0, from = 0; i < bytes; i++) {
        if (i + 1 < bytes && !(cuts >> i & 1))
            continue;
        ret_buf[n] = (struct driver_buf){.gpa = gpa + 64ull * n, .len = i + 1 - from};
        from = i + 1;
        n++;
    }
    return n;
}

static void split_header(enum kind kind, bool indirect, bool together)
{
    uint8_t frame[200], got[12 + 200];
    struct driver_buf buf[16];
    uint32_t hdr = start(32, 65000, kind);

    test_frame(frame, sizeof(frame), 1);
    for (uint32_t cuts = 0; cuts < 1u << (hdr - 1); cuts++) {
        unsigned n = split(cuts, hdr, DATA_GPA, buf);
        uint16_t head;

        if (together)
            buf[n - 1].len += sizeof(frame);
        else
            buf[n++] = (struct driver_buf){.gpa = DATA_GPA + 0x1000, .len = sizeof(frame)};
        memset(guest_ptr(&guest, DATA_GPA), 0xee, 0x1200);
        head = post(buf, n, indirect);
        assert_int_equal(send_frame(frame, sizeof(frame)), DROP_NONE);
        expect_used(head, hdr + sizeof(frame));
        gather(buf, got, hdr + sizeof(frame));
        expect_header(got, hdr, 1);
        assert_memory_equal(got + hdr, frame, sizeof(frame));
        /* Between the pieces nothing was written. */
        if (!together)
            for (unsigned i = 0; i + 1 < n; i++)
                for (uint32_t at = buf[i].len; at < 64; at++)
                    assert_int_equal(*(uint8_t *)guest_ptr(&guest, buf[i].gpa + at), 0xee);
    }
    assert_int_equal(vring_error(&ring), VRING_OK);
}

static void test_header_in_every_split(void **state)
{
    for (unsigned kind = 0; kind < KINDS; kind++)
        for (unsigned i = 0; i < 4; i++)
            split_header(kind, i & 1, i & 2);
}

/* Chains of 0 to 13 bytes in every split. Without mergeable buffers such a chain goes back unused
 * when not even the header has room, else it is too small. With them it takes what it can. */
static void runts_in_every_split(enum kind kind)
{
    uint8_t frame[60], got[12 + 60];
    struct driver_buf buf[17], large = {.gpa = DATA_GPA + 0x4000, .len = 512};

    test_frame(frame, sizeof(frame), 1);
    for (uint32_t bytes = 0; bytes <= 13; bytes++) {
        for (uint32_t cuts = 0; cuts < 1u << (bytes > 1 ? bytes - 1 : 0); cuts++) {
            uint32_t hdr = start(32, 65000, kind), need = hdr + sizeof(frame);
            unsigned n = bytes > 0 ? split(cuts, bytes, DATA_GPA, buf) : 1;
            uint16_t runt, head;

            memset(guest_ptr(&guest, DATA_GPA), 0xee, 0x1000);
            if (bytes == 0)
                buf[0] = (struct driver_buf){.gpa = DATA_GPA, .len = 0};
            runt = post(buf, n, cuts & 1);
            head = driver_post(&driver, &large, 1, true);
            if (kind != MERGEABLE && bytes >= hdr) {
                assert_int_equal(send_frame(frame, sizeof(frame)), DROP_rx_buf_too_small);
                expect_none_used();
                continue;
            }
            assert_int_equal(send_frame(frame, sizeof(frame)), DROP_NONE);
            expect_used(runt, bytes < hdr ? 0 : bytes);
            expect_used(head, bytes < hdr ? need : need - bytes);
            buf[n] = large;
            gather(bytes < hdr ? &buf[n] : buf, got, need);
            expect_header(got, hdr, bytes < hdr ? 1 : 2);
            assert_memory_equal(got + hdr, frame, sizeof(frame));
        }
    }
    assert_int_equal(vring_error(&ring), VRING_OK);
}

static void test_runts_in_every_split(void **state)
{
    for (unsigned kind = 0; kind < KINDS; kind++)
        runts_in_every_split(kind);
}

/* Frames of all lengths over many small buffers of random lengths. */
static void test_mergeable_many_small_buffers(void **state)
{
    static uint8_t frame[20000], got[20000 + 12];
    static struct driver_buf buf[1024];
    uint64_t seed = 7;

    for (unsigned round = 0; round < 500; round++) {
        uint32_t hdr = start(1024, (uint16_t)(65000 + round), MERGEABLE);
        uint32_t len = 14 + test_random(&seed) % (round % 10 == 0 ? 15000 : 400), room = 0, left;
        unsigned n = 0;

        test_frame(frame, len, round);
        for (; room < hdr + len; n++) {
            uint32_t piece = 12 + test_random(&seed) % 60;

            buf[n] = (struct driver_buf){.gpa = DATA_GPA + 100ull * n, .len = piece};
            driver_post(&driver, &buf[n], 1, true);
            room += piece;
        }
        assert_int_equal(send_frame(frame, len), DROP_NONE);
        left = hdr + len;
        for (unsigned i = 0; i < n; i++) {
            uint32_t want = buf[i].len < left ? buf[i].len : left;

            expect_used((uint16_t)i, want);
            left -= want;
        }
        assert_int_equal(left, 0);
        gather(buf, got, hdr + len);
        expect_header(got, hdr, (uint16_t)n);
        assert_memory_equal(got + hdr, frame, len);
    }
}

static void test_too_small_is_a_drop_and_the_buffer_stays(void **state)
{
    struct driver_buf buf = {.gpa = DATA_GPA, .len = 12 + 100};
    uint8_t frame[101];
    uint16_t head;

    start(8, 0, MODERN);
    test_frame(frame, sizeof(frame), 1);
    head = driver_post(&driver, &buf, 1, true);
    assert_int_equal(send_frame(frame, 101), DROP_rx_buf_too_small);
    expect_none_used();
    assert_int_equal(send_frame(frame, 100), DROP_NONE);
    expect_used(head, 112);
    assert_int_equal(send_frame(frame, 60), DROP_dst_full);
    assert_int_equal(vring_error(&ring), VRING_OK);
}

/* A frame for which the posted buffers do not suffice leaves them for the next one. */
static void test_full_leaves_buffers(void **state)
{
    struct driver_buf buf = {.gpa = DATA_GPA, .len = 100};
    uint8_t frame[400];

    start(8, 0, MERGEABLE);
    test_frame(frame, sizeof(frame), 1);
    for (int i = 0; i < 3; i++)
        driver_post(&driver, &buf, 1, true);
    assert_false(vring_has_room(&ring)); /* some, but less than half of the ring */
    assert_int_equal(send_frame(frame, 400), DROP_dst_full);
    expect_none_used();
    assert_int_equal(send_frame(frame, 288), DROP_NONE);
    assert_int_equal(driver_used_idx(&driver), 3);
    assert_false(vring_has_room(&ring));
    for (int i = 0; i < 4; i++)
        driver_post(&driver, &buf, 1, true);
    assert_true(vring_has_room(&ring));
}

static void test_a_burst_in_order(void **state)
{
    enum { COUNT = 70 };
    struct frame f[COUNT];
    struct frame_seg seg[COUNT];
    struct tx_item item[COUNT];
    static uint8_t bytes[COUNT][300];

    for (unsigned kind = 0; kind < KINDS; kind++) {
        uint32_t hdr = start(64, 65500, kind);

        for (unsigned i = 0; i < COUNT; i++) {
            struct driver_buf buf = {.gpa = DATA_GPA + 512 * i, .len = 512};

            test_frame(bytes[i], 100 + i, i);
            test_source_frame(&f[i], &seg[i], bytes[i], 100 + i);
            item[i] = (struct tx_item){.frame = &f[i], .drop = 255};
            if (i < 64)
                driver_post(&driver, &buf, 1, true);
        }
        vring_tx(&ring, item, COUNT);
        for (unsigned i = 0; i < COUNT; i++) {
            assert_int_equal(item[i].drop, i < 64 ? DROP_NONE : DROP_dst_full);
            if (i >= 64)
                continue;
            expect_used((uint16_t)i, hdr + 100 + i);
            assert_memory_equal(guest_ptr(&guest, DATA_GPA + 512 * i + hdr), bytes[i], 100 + i);
        }
        expect_none_used();
    }
}

static void test_every_ring_size_wraps(void **state)
{
    uint8_t frame[64];
    struct driver_buf buf = {.gpa = DATA_GPA, .len = 80};

    test_frame(frame, sizeof(frame), 3);
    for (uint32_t num = 1; num <= VRING_NUM_MAX; num *= 2) {
        start((uint16_t)num, (uint16_t)(0u - num - 3), num & 0x555 ? MERGEABLE : MODERN);
        for (uint32_t i = 0; i < 3 * num; i++) {
            if (i % num == 0)
                for (uint32_t k = 0; k < num; k++)
                    driver_post(&driver, &buf, 1, true);
            assert_int_equal(send_frame(frame, sizeof(frame)), DROP_NONE);
            expect_used((uint16_t)(i & (num - 1)), 76);
        }
        assert_int_equal(send_frame(frame, sizeof(frame)), DROP_dst_full);
    }
}

static void test_offload_header(void **state)
{
    struct driver_buf buf = {.gpa = DATA_GPA, .len = 300};
    uint8_t bytes[200], want[12] = {1, 1, 54, 0, 0x2c, 1, 34, 0, 16, 0, 1, 0};
    struct frame_seg seg;
    struct frame f;
    struct tx_item item = {.frame = &f, .op = {.push = 1, .tag = {{0x8100, 5}}}};

    test_frame(bytes, sizeof(bytes), 1);
    test_source_frame(&f, &seg, bytes, sizeof(bytes));
    f.offload = (struct offload){.flags = OFFLOAD_NEEDS_CSUM,
                                 .gso_type = OFFLOAD_GSO_TCPV4,
                                 .hdr_len = 54,
                                 .gso_size = 300,
                                 .csum_start = 34,
                                 .csum_offset = 16};
    start(8, 0, MERGEABLE);
    driver_post(&driver, &buf, 1, true);
    driver_post(&driver, &buf, 1, true);
    vring_tx(&ring, &item, 1);
    /* The tag moves what is counted from the start of the frame. */
    want[2] = 58;
    want[6] = 38;
    assert_memory_equal(guest_ptr(&guest, DATA_GPA), want, 12);
    assert_memory_equal(guest_ptr(&guest, DATA_GPA + 12), bytes, 12);
    assert_memory_equal(guest_ptr(&guest, DATA_GPA + 24), "\x81\x00\x00\x05", 4);
    assert_memory_equal(guest_ptr(&guest, DATA_GPA + 28), bytes + 12, 188);
    expect_used(0, 12 + 204);
    item.op = (struct tag_op){0};
    vring_tx(&ring, &item, 1);
    want[2] = 54;
    want[6] = 34;
    assert_memory_equal(guest_ptr(&guest, DATA_GPA), want, 12);
    assert_memory_equal(guest_ptr(&guest, DATA_GPA + 12), bytes, 200);
}

/* A frame with many body segments into a chain with many buffers. */
static void test_segments_to_segments(void **state)
{
    static uint8_t bytes[9000], got[9000 + 12];
    struct driver_buf buf[64];
    uint64_t seed = 11;

    for (unsigned round = 0; round < 1000; round++) {
        uint32_t hdr = start(128, 0, round % KINDS), len = 14 + test_random(&seed) % 8900;
        struct frame_seg one, seg[40];
        struct frame f;
        struct tx_item item = {.frame = &f};
        unsigned segs = 0, n = 0;

        test_frame(bytes, len, round);
        test_source_frame(&f, &one, bytes, len);
        for (uint32_t at = f.head_len; at < len; segs++) {
            uint32_t piece = segs == 39 ? len - at : 1 + test_random(&seed) % (len - at);

            seg[segs] = (struct frame_seg){.base = bytes + at, .len = piece};
            at += piece;
        }
        f.seg = seg;
        f.seg_count = (uint16_t)segs;
        for (uint32_t left = hdr + len; left > 0; n++) {
            uint32_t piece = n == 39 ? left : test_random(&seed) % (left + 1);

            buf[n] = (struct driver_buf){.gpa = DATA_GPA + 0x3000ull * n, .len = piece};
            left -= piece;
        }
        post(buf, n, round & 4);
        vring_tx(&ring, &item, 1);
        assert_int_equal(item.drop, DROP_NONE);
        gather(buf, got, hdr + len);
        expect_header(got, hdr, 1);
        assert_memory_equal(got + hdr, bytes, len);
        expect_used(0, hdr + len);
    }
}

static void test_disabled_and_broken_rings(void **state)
{
    struct driver_buf buf = {.gpa = DATA_GPA, .len = 100};
    struct vring_config config;
    uint8_t frame[60];

    test_frame(frame, sizeof(frame), 1);
    start(8, 0, MODERN);
    config = driver_config(&driver);
    config.enabled = false;
    assert_int_equal(vring_init(&ring, &config, guest.map, NULL), 0);
    driver_post(&driver, &buf, 1, true);
    assert_int_equal(send_frame(frame, sizeof(frame)), DROP_dst_down);
    assert_false(vring_has_room(&ring));
    expect_none_used();
    assert_int_equal(driver_used_flags(&driver), 0);
    start(8, 0, MODERN);
    driver_post(&driver, &buf, 1, true);
    driver_set_avail_idx(&driver, 9);
    assert_int_equal(send_frame(frame, sizeof(frame)), DROP_dst_error);
    assert_int_equal(vring_error(&ring), VRING_BAD_INDEX);
    driver_set_avail_idx(&driver, 1);
    assert_int_equal(send_frame(frame, sizeof(frame)), DROP_dst_error);
    assert_false(vring_has_room(&ring));
    expect_none_used();
}

/* Buffers of one byte: bounded work, and room for what fits. */
static void test_tiny_mergeable_buffers_are_bounded(void **state)
{
    struct driver_buf buf = {.gpa = DATA_GPA, .len = 12};
    static uint8_t bytes[60000];
    struct frame f[32];
    struct frame_seg seg[32];
    struct tx_item item[32];
    unsigned sent = 0;

    start(4096, 0, MERGEABLE);
    test_frame(bytes, sizeof(bytes), 1);
    for (int i = 0; i < 4096; i++)
        driver_post(&driver, &buf, 1, true);
    assert_int_equal(send_frame(bytes, sizeof(bytes)), DROP_rx_buf_too_small);
    for (unsigned i = 0; i < 32; i++) {
        test_source_frame(&f[i], &seg[i], bytes, 1500);
        item[i] = (struct tx_item){.frame = &f[i]};
    }
    vring_tx(&ring, item, 32);
    for (unsigned i = 0; i < 32; i++)
        sent += item[i].drop == DROP_NONE;
    assert_in_range(sent, 10, 20); /* 126 buffers each, 2048 descriptors a visit */
    assert_int_equal(driver_used_idx(&driver), sent * 126);
    assert_int_equal(item[31].drop, DROP_dst_full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header_in_every_split),
        cmocka_unit_test(test_runts_in_every_split),
        cmocka_unit_test(test_mergeable_many_small_buffers),
        cmocka_unit_test(test_too_small_is_a_drop_and_the_buffer_stays),
        cmocka_unit_test(test_full_leaves_buffers),
        cmocka_unit_test(test_a_burst_in_order),
        cmocka_unit_test(test_every_ring_size_wraps),
        cmocka_unit_test(test_offload_header),
        cmocka_unit_test(test_segments_to_segments),
        cmocka_unit_test(test_disabled_and_broken_rings),
        cmocka_unit_test(test_tiny_mergeable_buffers_are_bounded),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
