/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A ring as a whole: set-up (control), where it stands, who wants to be told (workers).
 */
#include "port/port.h"
#include "vhost-user/vring_call.h"
#include "vhost-user/vring_chain.h"

#include <errno.h>
#include <inttypes.h>

static const char *const error_texts[VRING_ERROR_COUNT] = {
    [VRING_OK] = "no error",
    [VRING_BAD_INDEX] = "available index moved by more than the size of the ring",
    [VRING_BAD_HEAD] = "available ring names a descriptor beyond the table",
    [VRING_BAD_NEXT] = "descriptor is followed by one beyond the table",
    [VRING_LOOP] = "descriptor chain is a loop",
    [VRING_BAD_INDIRECT] = "indirect table that is empty, nested, chained or was not negotiated",
    [VRING_BAD_ADDRESS] = "buffer or indirect table outside of guest memory",
    [VRING_BAD_DIRECTION] = "buffer of the wrong direction",
    [VRING_CALL_FAILED] = "guest cannot be signalled: its call file does not work",
};

static uint32_t desc_bytes(uint16_t num)
{
    return num * (uint32_t)VDESC_BYTES;
}

/* Flags, index, entries, event index. */
static uint32_t avail_bytes(uint16_t num)
{
    return 4 + 2u * num + 2;
}

static uint32_t used_bytes(uint16_t num)
{
    return 4 + 8u * num + 2;
}

static int find_area(const struct gmem_map *map, const char *field, uint64_t uva, uint32_t bytes,
                     uint32_t align_bytes, void **ret_area, uint64_t *ret_gpa, struct vsw_err *err)
{
    void *area = gmem_at_uva(map, uva, bytes, ret_gpa);

    if (area == NULL)
        return vsw_err_set(err, -EFAULT, field,
                           "ring area of %" PRIu32 " bytes at 0x%" PRIx64
                           " is not inside a memory region",
                           bytes, uva);
    if ((uintptr_t)area % align_bytes != 0)
        return vsw_err_set(err, -EINVAL, field, "ring area at 0x%" PRIx64 " is not aligned to %u",
                           uva, align_bytes);
    *ret_area = area;
    return 0;
}

static int find_areas(struct vring *v, const struct vring_config *config,
                      const struct gmem_map *map, struct vsw_err *err)
{
    void *desc = NULL, *avail = NULL, *used = NULL;
    uint64_t used_gpa = 0;
    int rc;

    rc = find_area(map, "desc", config->desc_uva, desc_bytes(config->num), 16, &desc, NULL, err);
    if (rc == 0)
        rc = find_area(map, "avail", config->avail_uva, avail_bytes(config->num), 2, &avail, NULL,
                       err);
    if (rc == 0)
        rc = find_area(map, "used", config->used_uva, used_bytes(config->num), 4, &used, &used_gpa,
                       err);
    if (rc != 0)
        return rc;
    v->desc = desc;
    v->avail = avail;
    v->used = used;
    v->used_gpa = used_gpa;
    return 0;
}

int vring_init(struct vring *v, const struct vring_config *config, const struct gmem_map *map,
               struct vsw_err *err)
{
    uint16_t num = config->num;
    int rc;

    if (num == 0 || num > VRING_NUM_MAX || (num & (num - 1)) != 0)
        return vsw_err_set(err, -EINVAL, "num", "ring of %u entries; a power of two up to %d goes",
                           num, VRING_NUM_MAX);
    memset(v, 0, sizeof(*v));
    rc = find_areas(v, config, map, err);
    if (rc != 0)
        return rc;
    v->map = map;
    v->port = config->port;
    v->call_fd = config->call_fd;
    v->num = num;
    v->mask = (uint16_t)(num - 1);
    v->hdr_bytes = config->version_1 || config->mergeable ? VNET_HDR_MRG_BYTES : VNET_HDR_BYTES;
    v->event_idx = config->event_idx;
    v->indirect = config->indirect;
    v->mergeable = config->mergeable;
    v->enabled = config->enabled;
    v->next = config->last_avail;
    v->avail_seen = config->last_avail;
    v->fetched = config->last_avail;
    v->notify = true;
    return 0;
}

int vring_used_index(const struct vring_config *config, const struct gmem_map *map,
                     uint16_t *ret_index)
{
    const uint8_t *used = gmem_at_uva(map, config->used_uva, used_bytes(config->num), NULL);

    if (used == NULL)
        return -EFAULT;
    *ret_index = gmem_load_u16(used + 2);
    return 0;
}

void vring_break(struct vring *v, enum vring_error error)
{
    if (!vring_usable(v))
        return;
    atomic_store_explicit(&v->error, (uint8_t)error, memory_order_release);
    count_one(&v->bad_chains);
    if (v->port != NULL)
        port_attention(v->port);
}

uint16_t vring_available(struct vring *v)
{
    uint16_t seen = gmem_load_u16_acquire(v->avail + 2);
    uint16_t count = (uint16_t)(seen - vring_position(v));

    /* What was taken in this visit is not free for the guest to post again. */
    if (unlikely(count > v->num - v->taken)) {
        vring_break(v, VRING_BAD_INDEX);
        return 0;
    }
    v->avail_seen = seen;
    return count;
}

/* Did the used index pass the guest's event index on its way from @before to @now? */
static bool event_passed(uint16_t event, uint16_t before, uint16_t now)
{
    return (uint16_t)(now - event - 1) < (uint16_t)(now - before);
}

static bool wants_call(struct vring *v, uint16_t before, uint16_t now)
{
    if (v->call_fd < 0)
        return false;
    if (!v->event_idx)
        return (gmem_load_u16(v->avail) & VAVAIL_F_NO_INTERRUPT) == 0;
    /* Another process may have published before us without having called. */
    if (!v->called_once) {
        v->called_once = true;
        return true;
    }
    return event_passed(gmem_load_u16(v->avail + 4 + 2u * v->num), before, now);
}

/* That this host is short of memory or of asynchronous requests is not the guest's fault. */
static void call(struct vring *v)
{
    int rc = vring_call(v->call_fd);

    v->call_owed = rc == -EAGAIN || rc == -ENOMEM;
    if (likely(rc == 0))
        count_one(&v->calls);
    else if (!v->call_owed)
        vring_break(v, VRING_CALL_FAILED);
}

void vring_publish(struct vring *v)
{
    uint16_t before = atomic_load_explicit(&v->next, memory_order_relaxed);
    uint16_t now = (uint16_t)(before + v->taken);

    if (v->taken == 0) {
        if (unlikely(v->call_owed))
            call(v);
        return;
    }
    gmem_write_u16_release(v->map, v->used + 2, v->used_gpa + 2, now);
    v->taken = 0;
    atomic_store_explicit(&v->next, now, memory_order_relaxed);
    /* The guest writes its event index, then looks at the used index; we do it the other way. */
    atomic_thread_fence(memory_order_seq_cst);
    if (v->call_owed || wants_call(v, before, now))
        call(v);
}

/* With event indices the driver kicks when its available index passes avail_event, so leaving that
 * alone is the way to be left alone. */
void vring_disarm(struct vring *v)
{
    v->notify = false;
    if (!v->event_idx)
        gmem_write_u16(v->map, v->used, v->used_gpa, VUSED_F_NO_NOTIFY);
}

bool vring_arm(struct vring *v)
{
    uint16_t position = vring_position(v);
    uint32_t at = 4 + 8u * v->num;

    if (!vring_usable(v))
        return false;
    v->notify = true;
    gmem_write_u16(v->map, v->used, v->used_gpa, 0);
    if (v->event_idx)
        gmem_write_u16(v->map, v->used + at, v->used_gpa + at, position);
    /* The guest writes its available index, then looks here; we do it the other way. */
    atomic_thread_fence(memory_order_seq_cst);
    /* Rather poll than leave a guest without the call that it may be waiting for. */
    return gmem_load_u16(v->avail + 2) != position || v->call_owed;
}

/* Who waited for room should not find it gone after one frame: a frame of 64 KiB may need 45
 * buffers. */
#define ROOM_BUFFERS 64

bool vring_has_room(const struct vring *v)
{
    uint16_t next = atomic_load_explicit(&v->next, memory_order_relaxed);
    uint16_t posted = (uint16_t)(gmem_load_u16(v->avail + 2) - next);

    return vring_usable(v) && v->enabled && posted >= u64_max(1, u64_min(v->num / 2, ROOM_BUFFERS));
}

uint16_t vring_next_avail(const struct vring *v)
{
    return atomic_load_explicit(&v->next, memory_order_relaxed);
}

enum vring_error vring_error(const struct vring *v)
{
    return atomic_load_explicit(&v->error, memory_order_acquire);
}

const char *vring_error_text(enum vring_error error)
{
    return error < VRING_ERROR_COUNT ? error_texts[error] : "unknown error";
}

void vring_stats(const struct vring *v, struct vring_stats *ret_stats)
{
    ret_stats->bad_chains = atomic_load_explicit(&v->bad_chains, memory_order_relaxed);
    ret_stats->calls = atomic_load_explicit(&v->calls, memory_order_relaxed);
    ret_stats->drained = atomic_load_explicit(&v->drained, memory_order_relaxed);
}
