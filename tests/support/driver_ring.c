/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A guest's memory and the driver's side of its rings, for tests. One thread, unless a test says
 * otherwise.
 */
#include "tests/support/driver_ring.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    perror(what);
    abort();
}

static void region_init(struct guest_region *r, uint64_t gpa, uint64_t bytes)
{
    r->gpa = gpa;
    r->bytes = bytes;
    r->fd = memfd_create("guest", MFD_CLOEXEC);
    must(r->fd >= 0 && ftruncate(r->fd, (off_t)bytes) == 0, "memfd");
    r->host = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, 0);
    must(r->host != MAP_FAILED, "mmap");
}

static void init_regions(struct guest *g, const uint64_t (*region)[2], unsigned count,
                         struct port *port)
{
    struct gmem_region_spec spec[GUEST_REGIONS_MAX];
    struct vsw_err err = {0};

    must(count <= GUEST_REGIONS_MAX, "too many regions");
    g->count = count;
    for (unsigned i = 0; i < count; i++) {
        struct guest_region *r = &g->region[i];

        region_init(r, region[i][0], region[i][1]);
        spec[i] = (struct gmem_region_spec){
            .gpa = r->gpa, .size_bytes = r->bytes, .uva = GUEST_UVA + r->gpa, .fd = dup(r->fd)};
    }
    must(gmem_map_create(spec, count, port, &g->map, &err) == 0, err.msg);
}

void guest_init(struct guest *g, uint64_t bytes, struct port *port)
{
    const uint64_t region[1][2] = {{0, bytes}};

    init_regions(g, region, 1, port);
}

void guest_init_hole(struct guest *g, struct port *port)
{
    static const uint64_t region[3][2] = {{0, GUEST_BORDER},
                                          {GUEST_BORDER, GUEST_HOLE - GUEST_BORDER},
                                          {GUEST_LAST, GUEST_LAST_END - GUEST_LAST}};

    init_regions(g, region, 3, port);
}

void guest_fini(struct guest *g)
{
    gmem_map_put(g->map);
    for (unsigned i = 0; i < g->count; i++) {
        munmap(g->region[i].host, g->region[i].bytes);
        close(g->region[i].fd);
    }
}

void *guest_ptr(const struct guest *g, uint64_t gpa)
{
    for (unsigned i = 0; i < g->count; i++) {
        if (gpa - g->region[i].gpa < g->region[i].bytes)
            return g->region[i].host + (gpa - g->region[i].gpa);
    }
    must(false, "no such guest address");
    return NULL;
}

void guest_fill(const struct guest *g, uint64_t gpa, const void *src, size_t bytes)
{
    const uint8_t *from = src;

    for (size_t i = 0; i < bytes; i++)
        *(uint8_t *)guest_ptr(g, gpa + i) = from[i];
}

void guest_copy_out(const struct guest *g, uint64_t gpa, void *dst, size_t bytes)
{
    uint8_t *to = dst;

    for (size_t i = 0; i < bytes; i++)
        to[i] = *(uint8_t *)guest_ptr(g, gpa + i);
}

void driver_init(struct driver_ring *d, struct guest *g, uint64_t base_gpa, uint16_t num,
                 uint16_t start)
{
    *d = (struct driver_ring){.guest = g,
                              .num = num,
                              .desc_gpa = base_gpa,
                              .avail_gpa = base_gpa + 0x10000,
                              .used_gpa = base_gpa + 0x14000,
                              .avail_idx = start,
                              .used_seen = start};
    memset(guest_ptr(g, base_gpa), 0, DRIVER_RING_BYTES);
    driver_set_avail_idx(d, start);
    *(uint16_t *)guest_ptr(g, d->used_gpa + 2) = start;
}

struct vring_config driver_config(const struct driver_ring *d)
{
    return (struct vring_config){.num = d->num,
                                 .desc_uva = GUEST_UVA + d->desc_gpa,
                                 .avail_uva = GUEST_UVA + d->avail_gpa,
                                 .used_uva = GUEST_UVA + d->used_gpa,
                                 .last_avail = d->avail_idx,
                                 .call_fd = -1,
                                 .version_1 = true,
                                 .indirect = true,
                                 .enabled = true};
}

void driver_table_desc(struct driver_ring *d, uint64_t table_gpa, uint16_t i, uint64_t gpa,
                       uint32_t len, uint16_t flags, uint16_t next)
{
    uint8_t raw[16];

    memcpy(raw, &gpa, 8);
    memcpy(raw + 8, &len, 4);
    memcpy(raw + 12, &flags, 2);
    memcpy(raw + 14, &next, 2);
    guest_fill(d->guest, table_gpa + 16ull * i, raw, sizeof(raw));
}

void driver_desc(struct driver_ring *d, uint16_t i, uint64_t gpa, uint32_t len, uint16_t flags,
                 uint16_t next)
{
    driver_table_desc(d, d->desc_gpa, i, gpa, len, flags, next);
}

void driver_set_avail_idx(struct driver_ring *d, uint16_t idx)
{
    __atomic_store_n((uint16_t *)guest_ptr(d->guest, d->avail_gpa + 2), idx, __ATOMIC_RELEASE);
}

void driver_set_avail_flags(struct driver_ring *d, uint16_t flags)
{
    __atomic_store_n((uint16_t *)guest_ptr(d->guest, d->avail_gpa), flags, __ATOMIC_RELAXED);
}

void driver_set_used_event(struct driver_ring *d, uint16_t event)
{
    __atomic_store_n((uint16_t *)guest_ptr(d->guest, d->avail_gpa + 4 + 2ull * d->num), event,
                     __ATOMIC_RELAXED);
}

void driver_avail(struct driver_ring *d, uint16_t head)
{
    uint64_t at = d->avail_gpa + 4 + 2ull * (d->avail_idx & (d->num - 1));

    *(uint16_t *)guest_ptr(d->guest, at) = head;
    driver_set_avail_idx(d, ++d->avail_idx);
}

static uint16_t next_desc(struct driver_ring *d)
{
    uint16_t i = d->next_desc;

    d->next_desc = (uint16_t)((i + 1) & (d->num - 1));
    return i;
}

uint16_t driver_post(struct driver_ring *d, const struct driver_buf *buf, unsigned count,
                     bool writable)
{
    uint16_t head = d->next_desc, flags = writable ? DESC_WRITE : 0;

    for (unsigned i = 0; i < count; i++) {
        uint16_t at = next_desc(d);
        bool last = i + 1 == count;

        driver_desc(d, at, buf[i].gpa, buf[i].len, (uint16_t)(flags | (last ? 0 : DESC_NEXT)),
                    last ? 0 : d->next_desc);
    }
    driver_avail(d, head);
    return head;
}

uint16_t driver_post_indirect(struct driver_ring *d, uint64_t table_gpa,
                              const struct driver_buf *buf, unsigned count, bool writable)
{
    uint16_t head = next_desc(d), flags = writable ? DESC_WRITE : 0;

    for (unsigned i = 0; i < count; i++) {
        bool last = i + 1 == count;

        driver_table_desc(d, table_gpa, (uint16_t)i, buf[i].gpa, buf[i].len,
                          (uint16_t)(flags | (last ? 0 : DESC_NEXT)), (uint16_t)(last ? 0 : i + 1));
    }
    driver_desc(d, head, table_gpa, count * 16, DESC_INDIRECT, 0);
    driver_avail(d, head);
    return head;
}

uint16_t driver_used_idx(const struct driver_ring *d)
{
    return __atomic_load_n((uint16_t *)guest_ptr(d->guest, d->used_gpa + 2), __ATOMIC_ACQUIRE);
}

uint16_t driver_used_flags(const struct driver_ring *d)
{
    return __atomic_load_n((uint16_t *)guest_ptr(d->guest, d->used_gpa), __ATOMIC_RELAXED);
}

uint16_t driver_avail_event(const struct driver_ring *d)
{
    return __atomic_load_n((uint16_t *)guest_ptr(d->guest, d->used_gpa + 4 + 8ull * d->num),
                           __ATOMIC_RELAXED);
}

bool driver_used(struct driver_ring *d, uint32_t *ret_id, uint32_t *ret_len)
{
    uint64_t at = d->used_gpa + 4 + 8ull * (d->used_seen & (d->num - 1));

    if (driver_used_idx(d) == d->used_seen)
        return false;
    memcpy(ret_id, guest_ptr(d->guest, at), 4);
    memcpy(ret_len, guest_ptr(d->guest, at + 4), 4);
    d->used_seen++;
    return true;
}

void test_frame(uint8_t *ret_frame, uint32_t len, unsigned seed)
{
    static const uint8_t head[14] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x12, 0x34};

    for (uint32_t i = 0; i < len; i++)
        ret_frame[i] = i < sizeof(head) ? head[i] : (uint8_t)(i * 7 + seed);
}

void test_source_frame(struct frame *f, struct frame_seg *seg, const uint8_t *bytes, uint32_t len)
{
    memset(f, 0, sizeof(*f));
    f->len = len;
    f->head_len = (uint16_t)(len < FRAME_HEAD_BYTES ? len : FRAME_HEAD_BYTES);
    memcpy(f->head, bytes, f->head_len);
    *seg = (struct frame_seg){.base = bytes + f->head_len, .len = len - f->head_len};
    f->seg = seg;
    f->seg_count = seg->len > 0;
    f->l3_off = VLAN_ETH_BYTES;
    f->wire_pkts = 1;
    f->wire_bytes = len;
}

uint32_t test_random(uint64_t *state)
{
    /* splitmix64 */
    uint64_t z = *state += 0x9e3779b97f4a7c15ull;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return (uint32_t)((z ^ (z >> 31)) >> 16);
}
