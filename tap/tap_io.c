/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Bursts from and to the kernel: one readv or writev per frame, vnet header in front. Workers; no
 * call blocks, the queues are non-blocking.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "tap/tap_port.h"

/* More pieces than this are gathered first; a guest's 64 KB frame has 17 to 20. */
#define TX_IOV_MAX 64

/* One byte more than the longest frame, so that what was cut is noticed. */
#define RX_BODY_BYTES (FRAME_MAX_BYTES - FRAME_HEAD_BYTES + 1)

/* The vnet header on the wire to the kernel, little-endian.
 * Source: virtio 1.2 clause 5.1.6, Linux TUNSETVNETLE */
struct vnet_hdr {
    uint8_t flags;
    uint8_t gso_type;
    uint16_t hdr_len;
    uint16_t gso_size;
    uint16_t csum_start;
    uint16_t csum_offset;
    uint16_t num_buffers;
};
static_assert(sizeof(struct vnet_hdr) == VNET_HDR_MRG_BYTES, "no padding");

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

static void fill_frame(struct burst *b, struct frame *f, uint8_t *body, uint32_t len)
{
    f->len = len;
    f->head_len = len < FRAME_HEAD_BYTES ? (uint16_t)len : FRAME_HEAD_BYTES;
    if (len > FRAME_MAX_BYTES)
        f->drop = DROP_too_long;
    if (len <= FRAME_HEAD_BYTES)
        return;
    burst_segs(b)[0] = (struct frame_seg){.base = body, .len = len - FRAME_HEAD_BYTES};
    f->seg_count = 1;
}

/* Read one frame. Return the bytes of its body, or a negative errno. */
static int64_t rx_one(int fd, struct burst *b, uint8_t *body)
{
    struct frame *f = burst_next(b);
    struct vnet_hdr h;
    struct iovec iov[] = {
        {.iov_base = &h, .iov_len = sizeof(h)},
        {.iov_base = f->head, .iov_len = FRAME_HEAD_BYTES},
        {.iov_base = body, .iov_len = RX_BODY_BYTES},
    };
    ssize_t n = readv(fd, iov, ARRAY_SIZE(iov));

    if (n < (ssize_t)sizeof(h))
        return n < 0 ? -errno : -EAGAIN;
    fill_offload(&h, &f->offload);
    fill_frame(b, f, body, (uint32_t)n - sizeof(h));
    burst_commit(b, f);
    return f->seg_count != 0 ? f->seg[0].len : 0;
}

void tap_rx(struct port_rxq *q, struct burst *b)
{
    struct tap_port *tap = tap_of_rxq(q);
    struct tap_queue *queue = &tap->queue[q->index];
    struct tap_device *dev = device_of(tap, q->index);
    uint32_t used = 0;

    queue->drained = dev == NULL;
    while (!queue->drained && burst_has_room(b) && used + RX_BODY_BYTES <= TAP_RX_ARENA_BYTES) {
        int64_t rc = rx_one(dev->fd[q->index], b, queue->arena + used);

        if (likely(rc >= 0)) {
            used += ((uint32_t)rc + CACHE_LINE_BYTES - 1) & ~(CACHE_LINE_BYTES - 1u);
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

/* Copy the segments into @scratch. Return the bytes, 0 when they do not fit. */
static uint32_t gather(const struct frame_seg *seg, uint16_t count, uint8_t *scratch)
{
    uint32_t used = 0;

    for (uint16_t i = 0; i < count; i++) {
        if (seg[i].len > TAP_TX_SCRATCH_BYTES - used)
            return 0;
        memcpy(scratch + used, seg[i].base, seg[i].len);
        used += seg[i].len;
    }
    return used;
}

/* Fill @iov with header, head and body. Return the number of pieces, 0 when the frame is too long.
 */
static int fill_iov(struct vnet_hdr *h, const struct frame_out *out, uint8_t *scratch,
                    struct iovec *iov)
{
    int n = 0;

    iov[n++] = (struct iovec){.iov_base = h, .iov_len = sizeof(*h)};
    iov[n++] = (struct iovec){.iov_base = (void *)(uintptr_t)out->head, .iov_len = out->head_len};
    if (unlikely(out->seg_count + n > TX_IOV_MAX)) {
        uint32_t bytes = gather(out->seg, out->seg_count, scratch);

        iov[n++] = (struct iovec){.iov_base = scratch, .iov_len = bytes};
        return bytes != 0 ? n : 0;
    }
    for (uint16_t i = 0; i < out->seg_count; i++)
        iov[n++] = (struct iovec){.iov_base = (void *)(uintptr_t)out->seg[i].base,
                                  .iov_len = out->seg[i].len};
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
    uint8_t head[FRAME_COMPOSE_BYTES];
    struct iovec iov[TX_IOV_MAX];
    struct frame_out out;
    struct vnet_hdr h;
    int pieces;

    frame_compose(item->frame, &item->op, head, &out);
    fill_header(&out.offload, &h);
    pieces = fill_iov(&h, &out, scratch, iov);
    if (unlikely(pieces == 0))
        return DROP_kernel_refused;
    if (likely(writev(dev->fd[q->index], iov, pieces) >= 0))
        return DROP_NONE;
    return drop_of_errno(q->port, dev, errno);
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
