/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What one frame costs from ring to ring: take, write, give back, for bursts of 32. Prints cycles
 * and asserts only that all frames arrived. The drivers' own work is not counted; one thread, so
 * lines do not move between cores.
 */
#include "tests/support/cmocka.h"
#include "tests/support/driver_ring.h"

#include <stdlib.h>
#include <x86intrin.h>

#define MEMORY_BYTES (64u << 20)
#define TABLE_GPA    0x40000u
#define DATA_GPA     0x100000u
#define NUM          256

struct bench {
    const char *name;
    uint32_t frame_bytes;
    uint32_t buffer_bytes; /* of the receiver */
    bool mergeable;
    bool indirect; /* header apart, both in a table */
    bool composed; /* a tag is pushed */
};

static struct guest guest[2];

static void post_all(struct driver_ring *d, const struct bench *b, bool writable, unsigned count,
                     uint32_t bytes, uint64_t stride)
{
    for (unsigned i = 0; i < count; i++) {
        unsigned slot = d->avail_idx % NUM;
        uint64_t gpa = DATA_GPA + slot * stride;
        struct driver_buf buf[2] = {{gpa, bytes}};

        if (!b->indirect || writable) {
            driver_post(d, buf, 1, writable);
            continue;
        }
        buf[0].len = 12;
        buf[1] = (struct driver_buf){gpa + 12, bytes - 12};
        driver_post_indirect(d, TABLE_GPA + 32ull * slot, buf, 2, writable);
    }
}

static unsigned forward(struct vring *from, struct vring *to, const struct bench *b,
                        uint64_t ret_cycles[2])
{
    static struct burst burst;
    struct tx_item item[BURST_FRAMES];
    unsigned sent = 0;
    uint64_t t[4];

    t[0] = __rdtsc();
    burst_reset(&burst, BURST_FRAMES, INT32_MAX, INT32_MAX);
    vring_rx(from, &burst);
    t[1] = __rdtsc();
    for (unsigned i = 0; i < burst.count; i++) {
        item[i].frame = &burst.frame[i];
        item[i].op = (struct tag_op){.push = b->composed, .tag = {{0x8100, 5}}};
    }
    vring_tx(to, item, burst.count);
    t[2] = __rdtsc();
    vring_rx_done(from);
    t[3] = __rdtsc();
    ret_cycles[0] = t[1] - t[0] + t[3] - t[2];
    ret_cycles[1] = t[2] - t[1];
    for (unsigned i = 0; i < burst.count; i++)
        sent += item[i].drop == DROP_NONE;
    return sent;
}

static void start(struct driver_ring *d, struct vring *v, unsigned i, bool mergeable)
{
    struct vring_config config;

    driver_init(d, &guest[i], 0, NUM, 0);
    config = driver_config(d);
    config.mergeable = mergeable;
    config.event_idx = true;
    assert_int_equal(vring_init(v, &config, guest[i].map, NULL), 0);
}

/* As a pool of buffers of 2 KiB with their own heads lies: not all in the same cache sets. */
static uint64_t stride(uint32_t bytes)
{
    return 2176ull * (1 + bytes / 2176);
}

static int by_sum(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    uint64_t sum_x = x[0] + x[1], sum_y = y[0] + y[1];

    return (sum_x > sum_y) - (sum_x < sum_y);
}

static void run(const struct bench *b)
{
    enum { ROUNDS = 3000 };
    uint32_t hdr_and_frame = 12 + b->frame_bytes;
    unsigned buffers = (hdr_and_frame + b->buffer_bytes - 1) / b->buffer_bytes;
    unsigned frames = NUM / buffers < 32 ? NUM / buffers : 32;
    static uint64_t cycles[ROUNDS][2];
    uint64_t sent = 0;
    struct driver_ring a, c;
    struct vring from, to;

    start(&a, &from, 0, b->mergeable);
    start(&c, &to, 1, b->mergeable);
    for (unsigned round = 0; round < ROUNDS; round++) {
        post_all(&a, b, false, frames, hdr_and_frame, stride(hdr_and_frame));
        post_all(&c, b, true, frames * buffers, b->buffer_bytes, stride(b->buffer_bytes));
        sent += forward(&from, &to, b, cycles[round]);
    }
    assert_int_equal(sent, (uint64_t)ROUNDS * frames);
    qsort(cycles, ROUNDS, sizeof(cycles[0]), by_sum);
    print_message("%-30s median %6.0f = %6.0f rx + %6.0f tx, best %6.0f\n", b->name,
                  (double)(cycles[ROUNDS / 2][0] + cycles[ROUNDS / 2][1]) / frames,
                  (double)cycles[ROUNDS / 2][0] / frames, (double)cycles[ROUNDS / 2][1] / frames,
                  (double)(cycles[0][0] + cycles[0][1]) / frames);
}

static void test_cycles(void **state)
{
    static const struct bench list[] = {
        {"64 B", 64, 2048, false, false, false},
        {"64 B, mergeable", 64, 2048, true, false, false},
        {"64 B, mergeable, tag pushed", 64, 2048, true, false, true},
        {"64 B, mergeable, indirect", 64, 2048, true, true, false},
        {"1518 B", 1518, 2048, false, false, false},
        {"1518 B, mergeable, indirect", 1518, 2048, true, true, false},
        {"64 KB", 65226, 65300, false, true, false},
        {"64 KB into 1526 B, mergeable", 65226, 1526, true, true, false},
    };

    for (int i = 0; i < 2; i++)
        guest_init(&guest[i], MEMORY_BYTES, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(list); i++)
        run(&list[i]);
    for (int i = 0; i < 2; i++)
        guest_fini(&guest[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cycles),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
