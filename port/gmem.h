/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The memory of one guest, as its front-end handed it over: regions of files, mapped here. A map is
 * immutable; a change makes a new map which shares the mappings that stay. Control and helper build
 * and release maps; workers look addresses up and are the only ones to write.
 *
 * Nothing here trusts the guest or the front-end:
 *
 *   a file that could block us (pipe, FUSE, device, disk)   refused, gmem_fd_check()
 *   a file shorter than claimed                             refused, gmem_fd_check()
 *   a file that is cut short later                          SIGBUS is survived, gmem_guard.h
 *   an address outside of every region                      gmem_find() returns NULL
 *   a range over the end of a region                        gmem_find() clips; the rest is asked
 *                                                           for anew
 *   our own mistake by less than a page                     a guard page on both sides faults
 *   a value that changes while we look                      gmem_load_*() and gmem_read() fetch
 * once
 */
#ifndef PORT_GMEM_H
#define PORT_GMEM_H

#include "base/base.h"
#include "base/err.h"

#include <stdatomic.h>
#include <string.h>

/* Answer to GET_MAX_MEM_SLOTS. */
#define GMEM_REGIONS_MAX 64

struct port;
struct gmem_file;

/* A region as a message describes it. */
struct gmem_region_spec {
    uint64_t gpa; /* guest-physical address */
    uint64_t size_bytes;
    uint64_t uva;         /* where the front-end has it mapped; ring addresses are given so */
    uint64_t mmap_offset; /* in the file */
    int fd;
};

struct gmem_region {
    uint64_t gpa;
    uint64_t size_bytes;
    uint8_t *host;
    uint64_t uva;
    struct gmem_file *file; /* mapping and fd, shared between maps */
};

struct gmem_map {
    _Atomic uint32_t refs;
    uint32_t count;
    struct gmem_region region[]; /* sorted by gpa, no two overlap */
};

/* Where the last look-up of one ring ended; owned by the ring, zero-initialised. */
struct gmem_hit {
    uint64_t gpa;
    uint64_t size_bytes;
    uint8_t *host;
};

/* A piece of guest memory that is contiguous here, too. */
struct gmem_span {
    uint8_t *host;
    uint64_t gpa;
    uint32_t len;
};

/**
 * gmem_fd_check() - is this file fit to be guest memory?
 * @fd: borrowed
 * @need_bytes: the file must have as many
 * @ret_page_bytes: size of its pages
 * @err: says what it is when it is not fit
 *
 * Only regular files on tmpfs (memfd, /dev/shm) and hugetlbfs: nobody can make a page fault on them
 * wait. Nothing is asked of any other file, since even fstat(2) may wait for a FUSE server.
 * Return: 0; -EBADF; -EINVAL not such a file; -EFBIG shorter than @need_bytes.
 * Context: any thread; does not block.
 * Source: fcntl(2) F_GET_SEALS, memfd_create(2)
 */
int gmem_fd_check(int fd, uint64_t need_bytes, uint64_t *ret_page_bytes, struct vsw_err *err);

/**
 * gmem_map_create() - map the regions of a memory table
 * @spec: @count regions; their fds belong to the map on success, stay the caller's on failure
 * @count: 0 to GMEM_REGIONS_MAX
 * @port: gets port_attention() when a mapping breaks; NULL in tests
 * @ret_map: one reference, given back with gmem_map_put()
 * @err: names the region
 *
 * Return: 0; -EINVAL bad file, size, overflow or overlap; -EFBIG file too short; -ENOSPC too many
 * regions; -ENOMEM; what mmap(2) says.
 * Context: control or helper; does not block on the peer.
 * Source: vhost-user specification, "Memory region description"
 */
int gmem_map_create(const struct gmem_region_spec *spec, unsigned count, struct port *port,
                    struct gmem_map **ret_map, struct vsw_err *err);

/**
 * gmem_map_add() - a map with one region more
 * @old: stays as it is; NULL is a map without regions
 * @spec: its fd belongs to the new map on success
 * @port: as for gmem_map_create()
 * @ret_map: one reference
 * @err: what is wrong with the region
 *
 * Return: as gmem_map_create().
 * Context: control or helper; does not block on the peer.
 * Source: vhost-user specification, VHOST_USER_ADD_MEM_REG
 */
int gmem_map_add(const struct gmem_map *old, const struct gmem_region_spec *spec, struct port *port,
                 struct gmem_map **ret_map, struct vsw_err *err);

/**
 * gmem_map_remove() - a map with one region less
 * @old: stays as it is
 * @spec: gpa, uva and size_bytes name the region; the fd is not looked at
 * @ret_map: one reference; memory is unmapped when the last map with that region is put
 * @err: filled on failure
 *
 * Return: 0; -ENOENT no such region; -ENOMEM.
 * Context: control or helper; does not block.
 * Source: vhost-user specification, VHOST_USER_REM_MEM_REG
 */
int gmem_map_remove(const struct gmem_map *old, const struct gmem_region_spec *spec,
                    struct gmem_map **ret_map, struct vsw_err *err);

/* One reference more; for control and helper. */
static inline struct gmem_map *gmem_map_get(struct gmem_map *map)
{
    atomic_fetch_add_explicit(&map->refs, 1, memory_order_relaxed);
    return map;
}

/**
 * gmem_map_put() - give a reference back
 * @map: NULL is fine. With the last reference its mappings go, unless another map has them, and
 * no worker may know the map any more.
 *
 * Context: helper, or control when the unmapping of large memory may take its time there.
 * Source: none
 */
void gmem_map_put(struct gmem_map *map);

/**
 * gmem_map_faulted() - did a file turn out shorter than its mapping?
 * @map: any
 *
 * True from the first such access on: what is read there are zeros, what is written is lost.
 * Context: any thread; does not block.
 * Source: none
 */
bool gmem_map_faulted(const struct gmem_map *map);

/* The slow half of gmem_find(): search all regions, remember the one that was found. */
const struct gmem_region *gmem_search(const struct gmem_map *map, uint64_t gpa,
                                      struct gmem_hit *hit);

/**
 * gmem_find() - look a guest-physical address up
 * @map: the map
 * @hit: last-hit cache of the calling ring; it belongs to @map
 * @gpa: first byte
 * @want_bytes: more than 0
 * @ret_have_bytes: how many of them are in that region, 1 to @want_bytes
 *
 * A range that goes on in the next region is found piece by piece.
 * Return: where the first byte is, or NULL when it is not in any region.
 * Context: worker; does not block.
 * Source: none
 */
static inline uint8_t *gmem_find(const struct gmem_map *map, struct gmem_hit *hit, uint64_t gpa,
                                 uint64_t want_bytes, uint64_t *ret_have_bytes)
{
    uint64_t off = gpa - hit->gpa;

    if (unlikely(off >= hit->size_bytes)) {
        if (gmem_search(map, gpa, hit) == NULL)
            return NULL;
        off = gpa - hit->gpa;
    }
    *ret_have_bytes = u64_min(want_bytes, hit->size_bytes - off);
    return hit->host + off;
}

/* The slow half of gmem_at(): in another region, or in none. */
void *gmem_at_slow(const struct gmem_map *map, struct gmem_hit *hit, uint64_t gpa,
                   uint64_t len_bytes);

/**
 * gmem_at() - look up a range that must be in one region
 * @map: the map
 * @hit: as for gmem_find()
 * @gpa: first byte
 * @len_bytes: 1 or more
 *
 * Return: where it is, or NULL.
 * Context: worker; does not block.
 * Source: none
 */
static inline void *gmem_at(const struct gmem_map *map, struct gmem_hit *hit, uint64_t gpa,
                            uint64_t len_bytes)
{
    uint64_t off = gpa - hit->gpa;

    if (unlikely(off >= hit->size_bytes || len_bytes > hit->size_bytes - off))
        return gmem_at_slow(map, hit, gpa, len_bytes);
    return hit->host + off;
}

/**
 * gmem_at_uva() - look up a range by the front-end's own addresses
 * @map: the map
 * @uva: first byte
 * @len_bytes: 1 or more
 * @ret_gpa: its guest-physical address; may be NULL
 *
 * Return: where it is, or NULL when it is not inside one region.
 * Context: any thread; does not block.
 * Source: vhost-user specification, "A vring address description"
 */
void *gmem_at_uva(const struct gmem_map *map, uint64_t uva, uint64_t len_bytes, uint64_t *ret_gpa);

/**
 * gmem_copy_in() - copy from guest memory, over borders of regions
 * @map: the map
 * @hit: as for gmem_find()
 * @gpa: first byte
 * @dst: @len_bytes of our memory
 * @len_bytes: 0 or more
 *
 * Return: true, or false when a byte is in no region; @dst is then partly written.
 * Context: worker; does not block.
 * Source: none
 */
bool gmem_copy_in(const struct gmem_map *map, struct gmem_hit *hit, uint64_t gpa, void *dst,
                  uint64_t len_bytes);

/* ---- single fetches of aligned words: the compiler can neither repeat nor split them ----- */

static inline uint16_t gmem_load_u16(const void *p)
{
    return __atomic_load_n((const uint16_t *)p, __ATOMIC_RELAXED);
}

static inline uint64_t gmem_load_u64(const void *p)
{
    return __atomic_load_n((const uint64_t *)p, __ATOMIC_RELAXED);
}

/* For an index that publishes what was written before it. */
static inline uint16_t gmem_load_u16_acquire(const void *p)
{
    return __atomic_load_n((const uint16_t *)p, __ATOMIC_ACQUIRE);
}

/* Both ends of a short run as two fixed pieces that may overlap: no loop, no call. A length that
 * the compiler knows is left to it. */
static inline void gmem_copy(uint8_t *dst, const uint8_t *src, size_t len)
{
    if (__builtin_constant_p(len) || unlikely(len > 128)) {
        memcpy(dst, src, len);
    } else if (len > 64) {
        memcpy(dst, src, 64);
        memcpy(dst + len - 64, src + len - 64, 64);
    } else if (len >= 32) {
        memcpy(dst, src, 32);
        memcpy(dst + len - 32, src + len - 32, 32);
    } else if (len >= 8) {
        memcpy(dst, src, 8);
        if (len > 16)
            memcpy(dst + 8, src + 8, 8);
        if (len > 24)
            memcpy(dst + 16, src + 16, 8);
        memcpy(dst + len - 8, src + len - 8, 8);
    } else {
        for (size_t i = 0; i < len; i++)
            dst[i] = src[i];
    }
}

/* Behind this the compiler must assume that @object, a copy of guest memory, is not what it wrote
 * there, and so cannot go back to guest memory in place of it. */
#define gmem_copied(object) __asm__ volatile("" : "+m"(object))

/* Copy to our own memory, of any size. */
static inline void gmem_read(void *dst, const void *src, size_t len)
{
    gmem_copy(dst, src, len);
    gmem_copied(*(uint8_t(*)[])dst);
}

/* Of any alignment. What is there now, for nothing but leaving it as it is. */
static inline uint64_t gmem_peek_u64(const void *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof(v));
    return v;
}

/* ---- stores: the only way to write guest memory ------------------------------------------- *
 * Each knows the guest-physical address it writes, for a log of dirty pages. */

static inline void gmem_write(const struct gmem_map *map, void *host, uint64_t gpa, const void *src,
                              size_t len)
{
    gmem_copy(host, src, len);
}

static inline void gmem_write_u16(const struct gmem_map *map, void *host, uint64_t gpa, uint16_t v)
{
    __atomic_store_n((uint16_t *)host, v, __ATOMIC_RELAXED);
}

/* Of any alignment, and so in no order to the others. */
static inline void gmem_write_u64(const struct gmem_map *map, void *host, uint64_t gpa, uint64_t v)
{
    memcpy(host, &v, sizeof(v));
}

/* For an index: everything written before is seen before it. */
static inline void gmem_write_u16_release(const struct gmem_map *map, void *host, uint64_t gpa,
                                          uint16_t v)
{
    __atomic_store_n((uint16_t *)host, v, __ATOMIC_RELEASE);
}

#endif
