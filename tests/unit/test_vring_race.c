/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Guests that do what no driver does: random rubbish in rings, a thread that rewrites everything
 * meanwhile, and memory that goes away.
 */
#include "port/port.h"
#include "tests/support/cmocka.h"
#include "tests/support/cpu.h"
#include "tests/support/driver_ring.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#define RING_A    0x0u
#define RING_B    0x20000u
#define TABLE_GPA 0x40000u
#define DATA_GPA  0x50000u

const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "handle_sigbus=0";
}

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

static void start(bool mergeable)
{
    struct vring_config config;

    driver_init(&driver, &guest, RING_A, 64, 0);
    config = driver_config(&driver);
    config.mergeable = mergeable;
    config.port = &port;
    assert_int_equal(vring_init(&ring, &config, guest.map, NULL), 0);
}

/* ---- the property: bytes outside of posted buffers never change -------------------------- */

struct rubbish {
    uint64_t seed;
    struct driver_buf posted[4096];
    unsigned count;
};

static uint64_t random_gpa(struct rubbish *r)
{
    static const uint64_t spots[] = {DATA_GPA,   GUEST_BORDER,   GUEST_HOLE,
                                     GUEST_LAST, GUEST_LAST_END, 0xffffffffffffffc0};
    uint32_t kind = test_random(&r->seed) % 32;
    uint64_t spot = spots[kind < 26 ? 0 : kind - 26];

    /* Mostly good addresses, else rings break before anything is written. */
    return kind < 26 ? DATA_GPA + test_random(&r->seed) % (GUEST_BORDER - DATA_GPA)
                     : spot - 32 + test_random(&r->seed) % 64;
}

static uint32_t random_len(struct rubbish *r)
{
    static const uint32_t most[] = {2, 14, 80, 2000};
    uint32_t kind = test_random(&r->seed);

    return kind % 500 == 0 ? 0xffffffffu - kind % 3 : kind % most[kind / 512 % 4];
}

static uint16_t random_flags(struct rubbish *r, bool table_too)
{
    uint32_t kind = test_random(&r->seed) % 200;

    if (kind == 0)
        return 0;
    if (kind == 1)
        return (uint16_t)test_random(&r->seed);
    if (kind < 20 && table_too)
        return DESC_INDIRECT;
    return kind < 90 ? DESC_WRITE | DESC_NEXT : DESC_WRITE;
}

static void random_desc(struct rubbish *r, uint64_t base_gpa, uint16_t i, uint16_t num)
{
    uint16_t flags = random_flags(r, base_gpa == driver.desc_gpa);
    uint64_t gpa = random_gpa(r);
    uint32_t len = random_len(r);
    uint16_t next = (uint16_t)(test_random(&r->seed) % (num + (test_random(&r->seed) % 50 == 0)));

    if (flags == DESC_INDIRECT) {
        gpa = TABLE_GPA + test_random(&r->seed) % 4 * 1024;
        len = 16 * (1 + test_random(&r->seed) % 64);
    } else if (flags & DESC_WRITE) {
        r->posted[r->count++] = (struct driver_buf){.gpa = gpa, .len = len};
    }
    driver_table_desc(&driver, base_gpa, i, gpa, len, flags, next);
}

static void post_rubbish(struct rubbish *r)
{
    r->count = 0;
    for (uint16_t i = 0; i < 64; i++)
        random_desc(r, driver.desc_gpa, i, 64);
    for (uint16_t i = 0; i < 256; i++)
        random_desc(r, TABLE_GPA, i, 64);
    for (unsigned i = 0; i < 64; i++)
        driver_avail(&driver,
                     (uint16_t)(test_random(&r->seed) % (64 + (test_random(&r->seed) % 60 == 0))));
}

/* One flag per guest byte that may change: posted, or part of the used ring. */
static uint8_t may_change[GUEST_LAST_END];
static uint8_t before[GUEST_LAST_END];

static void allow(uint64_t gpa, uint64_t len)
{
    for (uint64_t i = gpa; i - gpa < len && i < GUEST_LAST_END; i++)
        may_change[i] = 1;
}

static void snapshot(const struct rubbish *r)
{
    memset(may_change, 0, sizeof(may_change));
    allow(driver.used_gpa, 6 + 8 * 64);
    for (unsigned i = 0; i < r->count; i++)
        allow(r->posted[i].gpa, r->posted[i].len);
    for (unsigned i = 0; i < guest.count; i++)
        memcpy(before + guest.region[i].gpa, guest.region[i].host, guest.region[i].bytes);
}

static void expect_unchanged(unsigned round)
{
    for (unsigned i = 0; i < guest.count; i++) {
        const struct guest_region *g = &guest.region[i];

        for (uint64_t at = 0; at < g->bytes; at++) {
            if (at % 4096 == 0 && memcmp(g->host + at, before + g->gpa + at, 4096) == 0)
                at += 4095;
            else if (g->host[at] != before[g->gpa + at] && !may_change[g->gpa + at])
                fail_msg("round %u: byte at 0x%lx was written", round,
                         (unsigned long)(g->gpa + at));
        }
    }
}

static void test_random_rubbish(void **state)
{
    enum { ROUNDS = 3000 };
    static uint8_t bytes[4000];
    static struct rubbish r = {.seed = 2026};
    unsigned sent = 0, broken = 0;

    test_frame(bytes, sizeof(bytes), 1);
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct frame f[40];
        struct frame_seg seg[40];
        struct tx_item item[40];

        start(round % 3 != 0);
        post_rubbish(&r);
        snapshot(&r);
        for (unsigned i = 0; i < 40; i++) {
            test_source_frame(&f[i], &seg[i], bytes,
                              14 + test_random(&r.seed) % (i % 4 == 0 ? 3900 : 200));
            item[i] = (struct tx_item){.frame = &f[i], .drop = 255};
        }
        vring_tx(&ring, item, 40);
        for (unsigned i = 0; i < 40; i++) {
            assert_true(item[i].drop == DROP_NONE || item[i].drop == DROP_dst_full ||
                        item[i].drop == DROP_dst_error || item[i].drop == DROP_rx_buf_too_small);
            sent += item[i].drop == DROP_NONE;
        }
        broken += vring_error(&ring) != VRING_OK;
        expect_unchanged(round);
    }
    /* The generator is of use only when both happen often. */
    assert_true(sent > ROUNDS);
    assert_true(broken > ROUNDS / 4 && broken < ROUNDS);
}

/* ---- a guest that rewrites everything meanwhile ------------------------------------------ */

#define RACE_S 2 /* of CPU time */

static _Atomic bool stop;

/* Rewrites descriptors, tables, headers and indices of both rings. */
static void *flip(void *arg)
{
    const struct guest *g = arg;
    static const uint64_t area[] = {RING_A,           RING_A + 0x10000, RING_B,
                                    RING_B + 0x10000, TABLE_GPA,        DATA_GPA};
    uint64_t seed = 99;

    while (!stop) {
        uint32_t x = test_random(&seed);
        volatile uint8_t *p = guest_ptr(g, area[x % 6]);
        uint8_t old;

        /* Small values are the interesting ones; what was there comes back soon. */
        p += (x >> 8) % 1024;
        old = *p;
        *p = (uint8_t)(x & 1 ? test_random(&seed) : old + (x >> 20) % 3);
        if (x & 2)
            *p = old;
    }
    return NULL;
}

static void forward(struct vring *from, struct vring *to)
{
    struct tx_item item[BURST_FRAMES];
    uint16_t n = 0;

    burst_reset(&burst, BURST_FRAMES, INT32_MAX, INT32_MAX);
    vring_rx(from, &burst);
    for (unsigned i = 0; i < burst.count; i++)
        if (burst.frame[i].drop == DROP_NONE)
            item[n++] = (struct tx_item){.frame = &burst.frame[i]};
    vring_tx(to, item, n);
    vring_rx_done(from);
}

static void renew(struct vring *v, struct driver_ring *d, struct guest *g, uint64_t base_gpa,
                  bool writable)
{
    struct vring_config config;

    driver_init(d, g, base_gpa, 64, 0);
    config = driver_config(d);
    config.mergeable = true;
    config.port = &port;
    assert_int_equal(vring_init(v, &config, g->map, NULL), 0);
    for (unsigned i = 0; i < 64; i++) {
        struct driver_buf buf[2] = {{DATA_GPA + 256 * i, 12}, {DATA_GPA + 256 * i + 12, 200}};

        /* What is written lies apart from what is read: the source and the target of a copy are
         * never the same buffer, since a frame does not go back to its port. */
        if (writable)
            buf[0].gpa += 0x10000, buf[1].gpa += 0x10000;
        if (i % 2 == 0) {
            buf[0].len = 212;
            driver_post(d, buf, 1, writable);
        } else {
            driver_post_indirect(d, TABLE_GPA + 32 * i + (writable ? 0x1000 : 0), buf, 2, writable);
        }
    }
}

/* The bytes may be anything; the process, and all memory that is not the guest's, stay whole: the
 * sanitizers and the guard pages watch. */
static void test_a_racing_guest(void **state)
{
    struct guest other;
    struct driver_ring a, b;
    struct vring from, to;
    double start_s = cpu_s();
    pthread_t thread[2];
    unsigned long rounds = 0, frames = 0;

    /* The receiver is another guest: copies never overlap. */
    guest_init_hole(&other, &port);
    stop = false;
    assert_int_equal(pthread_create(&thread[0], NULL, flip, &guest), 0);
    assert_int_equal(pthread_create(&thread[1], NULL, flip, &other), 0);
    do {
        renew(&from, &a, &guest, RING_A, false);
        renew(&to, &b, &other, RING_B, true);
        for (int i = 0; i < 3; i++) {
            forward(&from, &to);
            frames += burst.count;
        }
        rounds++;
    } while (cpu_s() - start_s < RACE_S);
    stop = true;
    for (int i = 0; i < 2; i++)
        pthread_join(thread[i], NULL);
    print_message("%lu rounds, %lu frames\n", rounds, frames);
    assert_true(frames > rounds);
    guest_fini(&other);
}

/* ---- memory that goes away --------------------------------------------------------------- */

static void test_truncated_under_traffic(void **state)
{
    struct guest victim;
    struct driver_ring a, b;
    struct vring from, to;

    for (int what = 0; what < 3; what++) {
        guest_init_hole(&victim, &port);
        renew(&from, &a, &victim, RING_A, false);
        renew(&to, &b, &victim, RING_B, true);
        port.attention = false;
        burst_reset(&burst, 16, INT32_MAX, INT32_MAX);
        vring_rx(&from, &burst);
        assert_int_equal(burst.count, 16);
        assert_false(gmem_map_faulted(victim.map));
        /* Between taking frames and reading their bodies: all, the data, or the second ring. */
        assert_int_equal(ftruncate(victim.region[0].fd, what == 0   ? 0
                                                        : what == 1 ? DATA_GPA
                                                                    : RING_B),
                         0);
        for (unsigned i = 0; i < burst.count; i++) {
            struct tx_item item = {.frame = &burst.frame[i]};

            vring_tx(&to, &item, 1);
        }
        vring_rx_done(&from);
        forward(&from, &to);
        forward(&from, &to);
        assert_true(gmem_map_faulted(victim.map));
        assert_true(port.attention);
        guest_fini(&victim);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_rubbish),
        cmocka_unit_test(test_a_racing_guest),
        cmocka_unit_test(test_truncated_under_traffic),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
