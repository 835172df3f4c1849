/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The other side of a split ring: a guest with memory in memfds, and a driver in it that posts any
 * chain it is told to, right or wrong. Its own view of the memory is a second mapping of the files.
 */
#ifndef TESTS_SUPPORT_DRIVER_RING_H
#define TESTS_SUPPORT_DRIVER_RING_H

#include "port/gmem.h"
#include "vhost-user/vring.h"

#define GUEST_REGIONS_MAX 4
#define GUEST_UVA         0x7f0000000000ull /* uva = GUEST_UVA + gpa */

#define DESC_NEXT     1
#define DESC_WRITE    2
#define DESC_INDIRECT 4

/* Address space that one ring of any size takes. */
#define DRIVER_RING_BYTES 0x20000

struct guest_region {
    uint64_t gpa;
    uint64_t bytes;
    uint8_t *host;
    int fd; /* the guest's own, to truncate with */
};

struct guest {
    unsigned count;
    struct guest_region region[GUEST_REGIONS_MAX];
    struct gmem_map *map; /* the switch's view */
};

/* Two regions side by side, a hole, a third one; @port hears of memory that goes away. */
#define GUEST_BORDER   0x80000u
#define GUEST_HOLE     0x90000u
#define GUEST_LAST     0xa0000u
#define GUEST_LAST_END 0xb0000u
void guest_init_hole(struct guest *g, struct port *port);
/* One region of @bytes at guest-physical 0. */
void guest_init(struct guest *g, uint64_t bytes, struct port *port);
void guest_fini(struct guest *g);
/* The guest's own address of @gpa; fails the process when it has none. */
void *guest_ptr(const struct guest *g, uint64_t gpa);
void guest_fill(const struct guest *g, uint64_t gpa, const void *src, size_t bytes);
/* Copy across borders of regions. */
void guest_copy_out(const struct guest *g, uint64_t gpa, void *dst, size_t bytes);

struct driver_ring {
    struct guest *guest;
    uint16_t num;
    uint64_t desc_gpa;
    uint64_t avail_gpa;
    uint64_t used_gpa;
    uint16_t next_desc; /* descriptors are handed out in turn */
    uint16_t avail_idx; /* posted so far */
    uint16_t used_seen; /* taken back so far */
};

struct driver_buf {
    uint64_t gpa;
    uint32_t len;
};

/* @base_gpa: DRIVER_RING_BYTES of memory, page-aligned. @start: first index of both rings. */
void driver_init(struct driver_ring *d, struct guest *g, uint64_t base_gpa, uint16_t num,
                 uint16_t start);
/* Version 1, enabled, no call fd; for tests to change. */
struct vring_config driver_config(const struct driver_ring *d);

/* Raw: whatever is asked for. */
void driver_desc(struct driver_ring *d, uint16_t i, uint64_t gpa, uint32_t len, uint16_t flags,
                 uint16_t next);
void driver_table_desc(struct driver_ring *d, uint64_t table_gpa, uint16_t i, uint64_t gpa,
                       uint32_t len, uint16_t flags, uint16_t next);
void driver_avail(struct driver_ring *d, uint16_t head);
void driver_set_avail_idx(struct driver_ring *d, uint16_t idx);
void driver_set_avail_flags(struct driver_ring *d, uint16_t flags);
void driver_set_used_event(struct driver_ring *d, uint16_t event);

/* Post a chain of @count buffers; returns its head. */
uint16_t driver_post(struct driver_ring *d, const struct driver_buf *buf, unsigned count,
                     bool writable);
/* The same through an indirect table at @table_gpa. */
uint16_t driver_post_indirect(struct driver_ring *d, uint64_t table_gpa,
                              const struct driver_buf *buf, unsigned count, bool writable);

/* The next used element, or false. */
bool driver_used(struct driver_ring *d, uint32_t *ret_id, uint32_t *ret_len);
uint16_t driver_used_idx(const struct driver_ring *d);
uint16_t driver_used_flags(const struct driver_ring *d);
uint16_t driver_avail_event(const struct driver_ring *d);

/* A frame with a plain Ethernet header and a pattern that depends on @seed. */
void test_frame(uint8_t *ret_frame, uint32_t len, unsigned seed);

/* A committed frame in worker memory, its body in one segment; @f and @seg are the caller's. */
void test_source_frame(struct frame *f, struct frame_seg *seg, const uint8_t *bytes, uint32_t len);

/* Small repeatable random numbers. */
uint32_t test_random(uint64_t *state);

#endif
