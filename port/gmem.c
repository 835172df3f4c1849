/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Building and searching memory maps. Control and helper build them; a map that was returned never
 * changes, so workers read it without a lock.
 */
#include "port/gmem.h"
#include "port/gmem_guard.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define GUARD_BYTES 4096

/* One mapping, alive while a map has a region of it. */
struct gmem_file {
    _Atomic uint32_t refs;
    _Atomic bool faulted;
    int fd;
    unsigned guard_slot;
    uint8_t *reserved; /* the address space with the guard pages on both sides */
    size_t reserved_bytes;
    uint8_t *start;
    size_t bytes;
};

/* Says what the file is without asking it: fstat(2) on a FUSE file waits for its server. */
static int refuse_file(int fd, struct vsw_err *err)
{
    char link[64], name[128];
    ssize_t n;

    if (fcntl(fd, F_GETFD) < 0)
        return vsw_err_set(err, -EBADF, "fd", "no open file for guest memory");
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    n = readlink(link, name, sizeof(name) - 1);
    name[n > 0 ? n : 0] = '\0';
    vsw_err_set(err, -EINVAL, "fd", "guest memory is no shared memory but %s", name);
    vsw_err_hint(err, "use a memfd, or a file on tmpfs or hugetlbfs");
    return -EINVAL;
}

int gmem_fd_check(int fd, uint64_t need_bytes, uint64_t *ret_page_bytes, struct vsw_err *err)
{
    struct stat st;
    struct statfs fs;

    /* Only files on tmpfs and hugetlbfs have seals, and reading them asks nobody else. */
    if (fcntl(fd, F_GET_SEALS) < 0)
        return refuse_file(fd, err);
    if (fstat(fd, &st) != 0 || fstatfs(fd, &fs) != 0)
        return vsw_err_set(err, -errno, "fd", "file of guest memory: %s", strerror(errno));
    if (!S_ISREG(st.st_mode))
        return refuse_file(fd, err);
    if ((uint64_t)st.st_size < need_bytes)
        return vsw_err_set(err, -EFBIG, "fd",
                           "guest memory has %" PRIu64 " bytes, the front-end claims %" PRIu64,
                           (uint64_t)st.st_size, need_bytes);
    *ret_page_bytes = (uint64_t)fs.f_bsize;
    return 0;
}

static bool overflows(uint64_t start, uint64_t bytes)
{
    return bytes > UINT64_MAX - start;
}

static int check_spec(const struct gmem_region_spec *spec, uint64_t *ret_page_bytes,
                      struct vsw_err *err)
{
    /* Room to round up and to put guards around without a further check. */
    const uint64_t largest_bytes = (uint64_t)INT64_MAX / 4;

    if (spec->size_bytes == 0 || spec->size_bytes > largest_bytes)
        return vsw_err_set(err, -EINVAL, "memory_size", "memory region of %" PRIu64 " bytes",
                           spec->size_bytes);
    if (spec->mmap_offset > largest_bytes || overflows(spec->gpa, spec->size_bytes) ||
        overflows(spec->uva, spec->size_bytes))
        return vsw_err_set(err, -EINVAL, "memory_region",
                           "memory region at 0x%" PRIx64 " runs over the end of addresses",
                           spec->gpa);
    return gmem_fd_check(spec->fd, spec->mmap_offset + spec->size_bytes, ret_page_bytes, err);
}

/* Address space for @f with room for a guard on both sides, inaccessible as yet. */
static int reserve(struct gmem_file *f, size_t page_bytes)
{
    uintptr_t start;

    f->reserved_bytes = f->bytes + page_bytes + 2 * GUARD_BYTES;
    f->reserved = mmap(NULL, f->reserved_bytes, PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (f->reserved == MAP_FAILED)
        return -errno;
    start = ((uintptr_t)f->reserved + GUARD_BYTES + page_bytes - 1) & ~(page_bytes - 1);
    f->start = (uint8_t *)start;
    return 0;
}

static int map_file(struct gmem_file *f, uint64_t offset, size_t page_bytes)
{
    int rc = reserve(f, page_bytes);

    if (rc != 0)
        return rc;
    if (mmap(f->start, f->bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED | MAP_NORESERVE,
             f->fd, (off_t)offset) == MAP_FAILED) {
        rc = -errno;
        munmap(f->reserved, f->reserved_bytes);
        return rc;
    }
    /* A dump of the switch must not hold what guests keep in memory. */
    madvise(f->start, f->bytes, MADV_DONTDUMP);
    return 0;
}

static void file_free(struct gmem_file *f)
{
    gmem_guard_remove(f->guard_slot);
    munmap(f->reserved, f->reserved_bytes);
    close(f->fd);
    free(f);
}

static void file_put(struct gmem_file *f)
{
    if (atomic_fetch_sub_explicit(&f->refs, 1, memory_order_acq_rel) == 1)
        file_free(f);
}

static int file_guard(struct gmem_file *f, struct port *port)
{
    int rc = gmem_guard_add(f->start, f->bytes, &f->faulted, port, &f->guard_slot);

    if (rc != 0)
        munmap(f->reserved, f->reserved_bytes);
    return rc;
}

/* Map what @spec says; takes its fd on success. */
static int region_open(const struct gmem_region_spec *spec, struct port *port,
                       struct gmem_region *ret_region, struct vsw_err *err)
{
    uint64_t page_bytes = 0, skip;
    struct gmem_file *f;
    int rc = check_spec(spec, &page_bytes, err);

    if (rc != 0)
        return rc;
    f = calloc(1, sizeof(*f));
    if (f == NULL)
        return vsw_err_set(err, -ENOMEM, NULL, "no memory for a memory region");
    skip = spec->mmap_offset & (page_bytes - 1);
    f->refs = 1;
    f->fd = spec->fd;
    f->bytes = (skip + spec->size_bytes + page_bytes - 1) & ~(page_bytes - 1);
    rc = map_file(f, spec->mmap_offset - skip, page_bytes);
    if (rc == 0)
        rc = file_guard(f, port);
    if (rc != 0) {
        free(f);
        return vsw_err_set(err, rc, "fd", "cannot map guest memory of %" PRIu64 " bytes: %s",
                           spec->size_bytes, strerror(-rc));
    }
    *ret_region = (struct gmem_region){.gpa = spec->gpa,
                                       .size_bytes = spec->size_bytes,
                                       .host = f->start + skip,
                                       .uva = spec->uva,
                                       .file = f};
    return 0;
}

static struct gmem_map *map_alloc(unsigned count)
{
    struct gmem_map *map = calloc(1, sizeof(*map) + count * sizeof(map->region[0]));

    if (map != NULL)
        map->refs = 1;
    return map;
}

/* Where a region at @gpa belongs: behind all that start before it. */
static unsigned map_place(const struct gmem_map *map, uint64_t gpa)
{
    unsigned at = 0;

    while (at < map->count && map->region[at].gpa <= gpa)
        at++;
    return at;
}

static bool map_overlaps(const struct gmem_map *map, const struct gmem_region_spec *spec)
{
    unsigned at = map_place(map, spec->gpa);
    const struct gmem_region *before = at > 0 ? &map->region[at - 1] : NULL;
    const struct gmem_region *after = at < map->count ? &map->region[at] : NULL;

    return (before != NULL && spec->gpa - before->gpa < before->size_bytes) ||
           (after != NULL && after->gpa - spec->gpa < spec->size_bytes);
}

/* @map has room for one region more. */
static int map_insert(struct gmem_map *map, const struct gmem_region_spec *spec, struct port *port,
                      struct vsw_err *err)
{
    unsigned at = map_place(map, spec->gpa);
    struct gmem_region region;
    int rc;

    if (map_overlaps(map, spec))
        return vsw_err_set(err, -EINVAL, "guest_phys_addr",
                           "memory region at 0x%" PRIx64 " overlaps another", spec->gpa);
    rc = region_open(spec, port, &region, err);
    if (rc != 0)
        return rc;
    memmove(&map->region[at + 1], &map->region[at], (map->count - at) * sizeof(region));
    map->region[at] = region;
    map->count++;
    return 0;
}

/* Undo map_insert(), but leave the fds to the caller: he still owns them. */
static void map_abandon(struct gmem_map *map)
{
    for (unsigned i = 0; i < map->count; i++) {
        struct gmem_file *f = map->region[i].file;

        gmem_guard_remove(f->guard_slot);
        munmap(f->reserved, f->reserved_bytes);
        free(f);
    }
    free(map);
}

int gmem_map_create(const struct gmem_region_spec *spec, unsigned count, struct port *port,
                    struct gmem_map **ret_map, struct vsw_err *err)
{
    struct gmem_map *map;
    int rc;

    if (count > GMEM_REGIONS_MAX)
        return vsw_err_set(err, -ENOSPC, "nregions", "%u memory regions, at most %d are taken",
                           count, GMEM_REGIONS_MAX);
    rc = gmem_guard_install();
    map = rc == 0 ? map_alloc(count) : NULL;
    if (map == NULL)
        return vsw_err_set(err, rc != 0 ? rc : -ENOMEM, NULL, "cannot prepare a memory map");
    for (unsigned i = 0; i < count; i++) {
        rc = map_insert(map, &spec[i], port, err);
        if (rc != 0) {
            map_abandon(map);
            return rc;
        }
    }
    *ret_map = map;
    return 0;
}

/* @map becomes a copy of @old without region @skip (count: of none), sharing its mappings. */
static void map_share(struct gmem_map *map, const struct gmem_map *old, unsigned skip)
{
    for (unsigned i = 0; i < old->count; i++) {
        if (i == skip)
            continue;
        map->region[map->count++] = old->region[i];
        atomic_fetch_add_explicit(&old->region[i].file->refs, 1, memory_order_relaxed);
    }
}

int gmem_map_add(const struct gmem_map *old, const struct gmem_region_spec *spec, struct port *port,
                 struct gmem_map **ret_map, struct vsw_err *err)
{
    struct gmem_map *map;
    int rc;

    if (old == NULL)
        return gmem_map_create(spec, 1, port, ret_map, err);
    if (old->count >= GMEM_REGIONS_MAX)
        return vsw_err_set(err, -ENOSPC, "nregions", "at most %d memory regions are taken",
                           GMEM_REGIONS_MAX);
    map = map_alloc(old->count + 1);
    if (map == NULL)
        return vsw_err_set(err, -ENOMEM, NULL, "no memory for a memory map");
    map_share(map, old, old->count);
    rc = map_insert(map, spec, port, err);
    if (rc != 0) {
        gmem_map_put(map);
        return rc;
    }
    *ret_map = map;
    return 0;
}

static unsigned map_index(const struct gmem_map *map, const struct gmem_region_spec *spec)
{
    unsigned i = 0;

    while (i < map->count &&
           (map->region[i].gpa != spec->gpa || map->region[i].size_bytes != spec->size_bytes ||
            map->region[i].uva != spec->uva))
        i++;
    return i;
}

int gmem_map_remove(const struct gmem_map *old, const struct gmem_region_spec *spec,
                    struct gmem_map **ret_map, struct vsw_err *err)
{
    unsigned at = map_index(old, spec);
    struct gmem_map *map;

    if (at == old->count)
        return vsw_err_set(err, -ENOENT, "guest_phys_addr",
                           "no memory region at 0x%" PRIx64 " with that size and address",
                           spec->gpa);
    map = map_alloc(old->count - 1);
    if (map == NULL)
        return vsw_err_set(err, -ENOMEM, NULL, "no memory for a memory map");
    map_share(map, old, at);
    *ret_map = map;
    return 0;
}

void gmem_map_put(struct gmem_map *map)
{
    if (map == NULL || atomic_fetch_sub_explicit(&map->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (unsigned i = 0; i < map->count; i++)
        file_put(map->region[i].file);
    free(map);
}

bool gmem_map_faulted(const struct gmem_map *map)
{
    for (unsigned i = 0; i < map->count; i++) {
        if (atomic_load_explicit(&map->region[i].file->faulted, memory_order_acquire))
            return true;
    }
    return false;
}

const struct gmem_region *gmem_search(const struct gmem_map *map, uint64_t gpa,
                                      struct gmem_hit *hit)
{
    unsigned lo = 0, hi = map->count;
    const struct gmem_region *r;

    /* The last region that starts at or before gpa is at lo - 1. */
    while (lo < hi) {
        unsigned mid = (lo + hi) / 2;

        if (map->region[mid].gpa <= gpa)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo == 0)
        return NULL;
    r = &map->region[lo - 1];
    if (gpa - r->gpa >= r->size_bytes)
        return NULL;
    *hit = (struct gmem_hit){.gpa = r->gpa, .size_bytes = r->size_bytes, .host = r->host};
    return r;
}

void *gmem_at_uva(const struct gmem_map *map, uint64_t uva, uint64_t len_bytes, uint64_t *ret_gpa)
{
    for (unsigned i = 0; i < map->count; i++) {
        const struct gmem_region *r = &map->region[i];
        uint64_t off = uva - r->uva;

        if (off >= r->size_bytes || len_bytes > r->size_bytes - off)
            continue;
        if (ret_gpa != NULL)
            *ret_gpa = r->gpa + off;
        return r->host + off;
    }
    return NULL;
}

bool gmem_copy_in(const struct gmem_map *map, struct gmem_hit *hit, uint64_t gpa, void *dst,
                  uint64_t len_bytes)
{
    uint8_t *to = dst;
    uint64_t have;

    for (; len_bytes > 0; len_bytes -= have, gpa += have, to += have) {
        const uint8_t *from = gmem_find(map, hit, gpa, len_bytes, &have);

        if (from == NULL)
            return false;
        gmem_read(to, from, have);
    }
    return true;
}

void *gmem_at_slow(const struct gmem_map *map, struct gmem_hit *hit, uint64_t gpa,
                   uint64_t len_bytes)
{
    uint64_t have = 0;
    uint8_t *host = gmem_find(map, hit, gpa, len_bytes, &have);

    return have == len_bytes ? host : NULL;
}
