/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Bursts from and to the kernel: one system call per frame, vnet header in front. Workers; no call
 * blocks, the queues are non-blocking.
 *
 * A short frame is one piece for the kernel, since looking at an iovec costs it more than the bytes
 * cost us. The calls are made without libc's wrappers, which are cancellation points.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tap/tap_port.h"

/* More pieces than this are gathered first; a guest's 64 KB frame has 17 to 20. */
#define TX_IOV_MAX 64

/* Header and frame as they are read; a byte more than the longest frame shows what was cut. */
#define RX_READ_BYTES (VNET_HDR_BYTES + FRAME_MAX_BYTES + 1)
/* What a frame takes of the arena at most. */
#define RX_SLOT_BYTES (TAP_RX_FRAME_AT + FRAME_MAX_BYTES + CACHE_LINE_BYTES)

/* The vnet header is little-endian. Source: Linux TUNSETVNETLE */
static inline struct tap_port *tap_of_rxq(const struct port_rxq *q)
{
    return tap_port_of(q->port);
}

static bool is_dead(const struct tap_device *dev)
{
    return atomic_load_explicit(&dev->dead, memory_order_relaxed) != 0;
}

/* The device a worker may use now, or NULL. */
static struct tap_device *device_of(struct tap_port *tap, uint16_t index)
{
    struct tap_device *dev = atomic_load_explicit(&tap->active, memory_order_acquire);

    if (unlikely(dev == NULL || index >= dev->queues || is_dead(dev)))
        return NULL;
    return dev;
}

/* Every later call is spared by `dead`, so a device that has gone costs nothing until control has
 * taken it away. */
static void report_dead(struct port *port, struct tap_device *dev, int error)
{
    int none = 0;

    if (atomic_compare_exchange_strong(&dev->dead, &none, error))
        port_attention(port);
}

/* ---- from the kernel ---------------------------------------------------------------------------
 */
static void fill_offload(const struct vnet_hdr *h, struct offload *o)
{
    o->flags = h->flags & OFFLOAD_NEEDS_CSUM;
    o->gso_type = h->gso_type;
    o->hdr_len = le16toh(h->hdr_len);
    o->gso_size = le16toh(h->gso_size);
    o->csum_start = le16toh(h->csum_start);
    o->csum_offset = le16toh(h->csum_offset);
}

static void fill_frame(struct burst *b, struct frame *f, const uint8_t *bytes, uint32_t len)
{
    f->len = len;
    f->head_len = len < FRAME_HEAD_BYTES ? (uint16_t)len : FRAME_HEAD_BYTES;
    memcpy(f->head, bytes, FRAME_HEAD_BYTES);
    if (len > FRAME_MAX_BYTES)
        f->drop = DROP_too_long;
    if (len <= FRAME_HEAD_BYTES)
        return;
    burst_segs(b)[0] =
        (struct frame_seg){.base = bytes + FRAME_HEAD_BYTES, .len = len - FRAME_HEAD_BYTES};
    f->seg_count = 1;
}

/* Read one frame into @slot. Return its bytes, or a negative errno. */
static int64_t rx_one(int fd, struct burst *b, uint8_t *slot)
{
    uint8_t *bytes = slot + TAP_RX_FRAME_AT;
    struct vnet_hdr h;
    struct frame *f;
    long n = syscall(SYS_read, fd, bytes - sizeof(h), RX_READ_BYTES);

    if (n < (long)sizeof(h))
        return n < 0 ? -errno : -EAGAIN;
    n -= (long)sizeof(h);
    memcpy(&h, bytes - sizeof(h), sizeof(h));
    f = burst_next(b);
    fill_offload(&h, &f->offload);
    fill_frame(b, f, bytes, (uint32_t)n);
    burst_commit(b, f);
    return n;
}

void tap_rx(struct port_rxq *q, struct burst *b)
{
    struct tap_port *tap = tap_of_rxq(q);
    struct tap_queue *queue = &tap->queue[q->index];
    struct tap_device *dev = device_of(tap, q->index);
    uint32_t used = 0;

    queue->drained = dev == NULL;
    while (!queue->drained && burst_has_room(b) && used + RX_SLOT_BYTES <= TAP_RX_ARENA_BYTES) {
        int64_t rc = rx_one(dev->fd[q->index], b, queue->arena + used);

        if (likely(rc >= 0)) {
            used +=
                (TAP_RX_FRAME_AT + (uint32_t)rc + CACHE_LINE_BYTES - 1) & ~(CACHE_LINE_BYTES - 1u);
            continue;
        }
        queue->drained = rc != -EINTR;
        if (unlikely(rc != -EAGAIN && rc != -EINTR))
            report_dead(q->port, dev, (int)-rc);
        break;
    }
}

/* The arena is used again from its start by the next burst. */
void tap_rx_done(struct port_rxq *q, struct burst *b)
{
}

/* The event is edge-triggered: an edge comes only after a read that found nothing. */
bool tap_rx_arm(struct port_rxq *q)
{
    struct tap_port *tap = tap_of_rxq(q);

    return !tap->queue[q->index].drained && device_of(tap, q->index) != NULL;
}

void tap_rx_disarm(struct port_rxq *q)
{
}

/* ---- to the kernel -----------------------------------------------------------------------------
 */
static void fill_header(const struct offload *o, struct vnet_hdr *h)
{
    *h = (struct vnet_hdr){
        .flags = o->flags & OFFLOAD_NEEDS_CSUM,
        .gso_type = o->gso_type,
        .hdr_len = htole16(o->hdr_len),
        .gso_size = htole16(o->gso_size),
        .csum_start = htole16(o->csum_start),
        .csum_offset = htole16(o->csum_offset),
    };
}

/* Copy the segments to @to. Return the bytes, 0 when they do not fit. */
static uint32_t gather(const struct frame_out *out, uint8_t *to, uint32_t room)
{
    uint32_t used = 0;

    for (uint16_t i = 0; i < out->seg_count; i++) {
        if (out->seg[i].len > room - used)
            return 0;
        memcpy(to + used, out->seg[i].base, out->seg[i].len);
        used += out->seg[i].len;
    }
    return used;
}

/* Put header and head into @scratch, and what leads to the body into @iov. Return the number of
 * pieces, 0 when the frame is too long. */
static int fill_iov(const struct tx_item *item, uint8_t *scratch, struct iovec *iov)
{
    uint8_t *head = scratch + sizeof(struct vnet_hdr);
    struct frame_out out;
    struct vnet_hdr h;
    uint32_t used;
    int n = 1;

    frame_compose(item->frame, &item->op, head, &out);
    if (out.head != head)
        memcpy(head, out.head, out.head_len);
    fill_header(&out.offload, &h);
    memcpy(scratch, &h, sizeof(h));
    used = sizeof(h) + out.head_len;
    if (likely(sizeof(h) + out.len <= TAP_TX_SHORT_BYTES)) {
        used += gather(&out, scratch + used, TAP_TX_SHORT_BYTES - used);
    } else if (likely(out.seg_count < TX_IOV_MAX)) {
        for (uint16_t i = 0; i < out.seg_count; i++)
            iov[n++] = (struct iovec){.iov_base = (void *)(uintptr_t)out.seg[i].base,
                                      .iov_len = out.seg[i].len};
    } else {
        uint32_t bytes = gather(&out, scratch + TAP_TX_SHORT_BYTES, FRAME_MAX_BYTES);

        iov[n++] = (struct iovec){.iov_base = scratch + TAP_TX_SHORT_BYTES, .iov_len = bytes};
        if (bytes == 0)
            return 0;
    }
    iov[0] = (struct iovec){.iov_base = scratch, .iov_len = used};
    return n;
}

static uint8_t drop_of_errno(struct port *port, struct tap_device *dev, int error)
{
    switch (error) {
    case EAGAIN:
    case ENOBUFS:
    case ENOMEM: return DROP_dst_full;
    case EIO: /* the interface is down */
    case ENETDOWN: return DROP_dst_down;
    case EBADFD:
    case EBADF:
    case ENODEV: report_dead(port, dev, error); return DROP_dst_down;
    default: return DROP_kernel_refused;
    }
}

static uint8_t tx_one(struct port_txq *q, struct tap_device *dev, uint8_t *scratch,
                      const struct tx_item *item)
{
    struct iovec iov[TX_IOV_MAX];
    int pieces = fill_iov(item, scratch, iov), fd = dev->fd[q->index];
    long n;

    if (unlikely(pieces == 0))
        return DROP_kernel_refused;
    if (likely(pieces == 1))
        n = syscall(SYS_write, fd, iov[0].iov_base, iov[0].iov_len);
    else
        n = syscall(SYS_writev, fd, iov, (long)pieces);
    return likely(n >= 0) ? DROP_NONE : drop_of_errno(q->port, dev, errno);
}

void tap_tx(struct port_txq *q, struct tx_item *items, uint16_t count)
{
    struct tap_port *tap = tap_port_of(q->port);
    struct tap_device *dev = device_of(tap, q->index);

    for (uint16_t i = 0; i < count; i++) {
        if (unlikely(dev == NULL || is_dead(dev)))
            items[i].drop = DROP_dst_down;
        else
            items[i].drop = tx_one(q, dev, tap->queue[q->index].scratch, &items[i]);
    }
}

bool tap_tx_room(struct port_txq *q)
{
    return device_of(tap_port_of(q->port), q->index) != NULL;
}

/* ---- memory ------------------------------------------------------------------------------------
 */
/* Pages come with first use: a queue that sees small frames only stays small. */
static uint8_t *lazy_memory(size_t bytes)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                   -1, 0);

    return p == MAP_FAILED ? NULL : p;
}

int tap_queues_init(struct tap_port *tap, uint16_t count)
{
    tap->queue = aligned_alloc(CACHE_LINE_BYTES, count * sizeof(*tap->queue));
    if (tap->queue == NULL)
        return -ENOMEM;
    memset(tap->queue, 0, count * sizeof(*tap->queue));
    for (uint16_t i = 0; i < count; i++) {
        tap->queue[i].arena = lazy_memory(TAP_RX_ARENA_BYTES);
        tap->queue[i].scratch = lazy_memory(TAP_TX_SCRATCH_BYTES);
        if (tap->queue[i].arena == NULL || tap->queue[i].scratch == NULL)
            return -ENOMEM;
    }
    return 0;
}

void tap_queues_fini(struct tap_port *tap)
{
    for (uint16_t i = 0; tap->queue != NULL && i < tap->port.queue_pairs; i++) {
        if (tap->queue[i].arena != NULL)
            munmap(tap->queue[i].arena, TAP_RX_ARENA_BYTES);
        if (tap->queue[i].scratch != NULL)
            munmap(tap->queue[i].scratch, TAP_TX_SCRATCH_BYTES);
    }
    free(tap->queue);
    tap->queue = NULL;
}
