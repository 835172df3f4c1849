/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Bytes become a guest: the first ones say how its two rings are negotiated, the rest is a program
 * that writes descriptors, tables, indices and headers and lets the switch take, write, arm. All
 * memory has guard pages. What comes out is checked as far as it can be.
 * `make fuzz` builds and runs it.
 */
#include "port/gmem.h"
#include "port/port.h"
#include "vhost-user/vring.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define UVA       0x10000000u
#define REGIONS   3
#define RING_STEP 0x1000u /* desc, avail and used of a ring of up to 64 */
#define AVAIL_OFF 0x400u
#define USED_OFF  0x600u
#define FRAMES    8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Neighbours, a hole, one more. */
static const uint64_t layout[REGIONS][2] = {{0, 0x8000}, {0x8000, 0x1000}, {0xb000, 0x1000}};
static struct gmem_map *map;
static struct vring ring[2]; /* 0 is sent from, 1 is received into */
static struct burst burst;
static uint8_t worker_bytes[FRAMES][20000];

struct input {
    const uint8_t *p;
    size_t left;
};

static void check(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "broken rule: %s\n", what);
    abort();
}

static uint64_t take(struct input *in, unsigned bytes)
{
    uint64_t v = 0;

    for (; bytes > 0 && in->left > 0; bytes--, in->left--)
        v = v << 8 | *in->p++;
    return v;
}

static void map_once(void)
{
    struct gmem_region_spec spec[REGIONS];

    if (map != NULL)
        return;
    for (unsigned i = 0; i < REGIONS; i++) {
        int fd = memfd_create("fuzz", 0);

        check(fd >= 0 && ftruncate(fd, (off_t)layout[i][1]) == 0, "memfd");
        spec[i] = (struct gmem_region_spec){
            .gpa = layout[i][0], .size_bytes = layout[i][1], .uva = UVA + layout[i][0], .fd = fd};
    }
    check(gmem_map_create(spec, REGIONS, NULL, &map, NULL) == 0, "map");
    for (unsigned i = 0; i < FRAMES; i++)
        for (unsigned k = 0; k < sizeof(worker_bytes[i]); k++)
            worker_bytes[i][k] = (uint8_t)(k + i);
}

static void poke(uint64_t gpa, uint64_t v, unsigned bytes)
{
    struct gmem_hit hit = {0};

    for (; bytes > 0; bytes--, gpa++, v >>= 8) {
        uint8_t *p = gmem_at(map, &hit, gpa, 1);

        if (p != NULL)
            *p = (uint8_t)v;
    }
}

static void set_up(struct input *in)
{
    uint8_t flags = (uint8_t)take(in, 1);
    uint16_t num = (uint16_t)(1u << take(in, 1) % 7), index = (uint16_t)take(in, 2);

    for (unsigned i = 0; i < REGIONS; i++)
        memset(map->region[i].host, 0, map->region[i].size_bytes);
    for (unsigned i = 0; i < 2; i++) {
        uint64_t base = UVA + i * RING_STEP;
        struct vring_config config = {.num = num,
                                      .desc_uva = base,
                                      .avail_uva = base + AVAIL_OFF,
                                      .used_uva = base + USED_OFF,
                                      .last_avail = index,
                                      .call_fd = -1,
                                      .event_idx = flags & 1,
                                      .indirect = flags & 2,
                                      .mergeable = flags & 4,
                                      .version_1 = flags & 8,
                                      .enabled = (flags & 0x70) != 0};

        poke(base - UVA + AVAIL_OFF + 2, index, 2);
        check(vring_init(&ring[i], &config, map, NULL) == 0, "set-up");
    }
}

static bool is_guest(const uint8_t *p, uint32_t len)
{
    for (unsigned i = 0; i < map->count; i++) {
        const struct gmem_region *r = &map->region[i];

        if (p >= r->host && p + len <= r->host + r->size_bytes)
            return true;
    }
    return false;
}

static void check_frame(const struct frame *f)
{
    uint64_t total = f->head_len;

    check(f->head_len <= FRAME_HEAD_BYTES, "head fits");
    if (f->drop == DROP_runt || f->drop == DROP_too_long || f->drop == DROP_bad_buffer)
        return;
    check(f->seg >= burst.seg && f->seg + f->seg_count <= burst.seg + BURST_SEGS, "segments fit");
    for (unsigned i = 0; i < f->seg_count; i++) {
        check(f->seg[i].len > 0 && is_guest(f->seg[i].base, f->seg[i].len), "body is guest memory");
        total += f->seg[i].len;
    }
    check(total == f->len && f->len <= FRAME_MAX_BYTES, "length adds up");
}

/* The bodies go to worker memory, as for a port of another guest: a copy inside one guest's memory
 * would overlap, which does not happen, since no frame goes back to the port it came from. */
static void read_body(const struct frame *f)
{
    static uint8_t copy[FRAME_MAX_BYTES];
    uint32_t at = 0;

    for (unsigned i = 0; i < f->seg_count; i++) {
        memcpy(copy + at, f->seg[i].base, f->seg[i].len);
        at += f->seg[i].len;
    }
}

static void op_receive(struct input *in)
{
    uint16_t before = vring_next_avail(&ring[0]);

    burst_reset(&burst, (uint16_t)(take(in, 1) % (BURST_FRAMES + 1)), 1 << 20, 1000);
    vring_rx(&ring[0], &burst);
    check(burst.count <= burst.max_frames && burst.seg_count <= BURST_SEGS, "burst fits");
    for (unsigned i = 0; i < burst.count; i++) {
        check_frame(&burst.frame[i]);
        if (burst.frame[i].drop == DROP_NONE)
            read_body(&burst.frame[i]);
    }
    vring_rx_done(&ring[0]);
    check(!ring[0].enabled || (uint16_t)(vring_next_avail(&ring[0]) - before) == burst.count,
          "every frame is a chain");
}

static void op_send(struct input *in)
{
    static struct frame f[FRAMES];
    struct frame_seg seg[FRAMES];
    struct tx_item item[FRAMES];
    uint16_t n = (uint16_t)(take(in, 1) % (FRAMES + 1)), before = vring_next_avail(&ring[1]);
    unsigned sent = 0;

    for (unsigned i = 0; i < n; i++) {
        uint32_t len = 14 + (uint32_t)take(in, 2) % (sizeof(worker_bytes[0]) - 14);

        memset(&f[i], 0, sizeof(f[i]));
        f[i].len = len;
        f[i].head_len = (uint16_t)u64_min(len, FRAME_HEAD_BYTES);
        memcpy(f[i].head, worker_bytes[i], f[i].head_len);
        seg[i] = (struct frame_seg){worker_bytes[i] + f[i].head_len, len - f[i].head_len};
        f[i].seg = &seg[i];
        f[i].seg_count = seg[i].len > 0;
        item[i] = (struct tx_item){.frame = &f[i], .drop = 255};
    }
    vring_tx(&ring[1], item, n);
    for (unsigned i = 0; i < n; i++) {
        check(item[i].drop < DROP_COUNT, "each item has a verdict");
        sent += item[i].drop == DROP_NONE;
    }
    check((uint16_t)(vring_next_avail(&ring[1]) - before) >= sent, "each frame took a chain");
}

static void op_desc(struct input *in)
{
    static const uint32_t len_special[] = {0, 1, 12, 13, 16, 32, 48, 0xffffffff};
    uint8_t where = (uint8_t)take(in, 1), i = (uint8_t)take(in, 1);
    uint64_t at = where < 64    ? 16u * (i % 64)
                  : where < 128 ? RING_STEP + 16u * (i % 64)
                                : 0x2000u + 16u * i + (where & 1 ? 0x6000u - 24 : 0);
    uint64_t gpa = take(in, 2);
    uint32_t len = (uint32_t)take(in, 2);
    uint8_t flags = (uint8_t)take(in, 1);

    if (flags & 0x40)
        len = len_special[len % ARRAY_SIZE(len_special)];
    if ((flags & 0xa0) == 0xa0)
        gpa = 0ull - gpa;
    poke(at, gpa, 8);
    poke(at + 8, len, 4);
    poke(at + 12, flags & 0x7, 2);
    poke(at + 14, take(in, 1), 2);
}

static void op_avail(struct input *in)
{
    uint8_t what = (uint8_t)take(in, 1), count = (uint8_t)take(in, 1);
    const struct vring *v = &ring[what & 1];
    uint64_t base = (what & 1) * RING_STEP + AVAIL_OFF;
    uint16_t index = (uint16_t)(vring_next_avail(v) + (what & 2 ? count : count % (v->num + 1)));

    for (unsigned i = 0; i < 4; i++)
        poke(base + 4 + 2u * ((vring_next_avail(v) + i) & v->mask), take(in, 1), 2);
    poke(base + 2, index, 2);
}

static void op_poke(struct input *in)
{
    uint64_t gpa = take(in, 2);
    unsigned bytes = 1 + (unsigned)take(in, 1) % 8;

    poke(gpa, take(in, bytes), bytes);
}

static void step(struct input *in)
{
    uint8_t op = (uint8_t)take(in, 1);
    struct vring *v = &ring[op >> 3 & 1];

    switch (op % 8) {
    case 0: op_receive(in); break;
    case 1: op_send(in); break;
    case 2:
    case 3: op_desc(in); break;
    case 4:
    case 5: op_avail(in); break;
    case 6: op_poke(in); break;
    default:
        vring_arm(v);
        if (op & 0x10)
            vring_disarm(v);
        vring_has_room(v);
    }
    for (unsigned i = 0; i < 2; i++) {
        check(vring_error(&ring[i]) < VRING_ERROR_COUNT, "error is one of ours");
        check(ring[i].taken == 0, "nothing stays taken");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};

    map_once();
    set_up(&in);
    while (in.left > 0)
        step(&in);
    return 0;
}
