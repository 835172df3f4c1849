/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Frames through the rings of an AF_XDP socket. Workers; no call blocks.
 */
#include <errno.h>
#include <sys/socket.h>

#include "netdev/netdev_xsk.h"
#include "offload/csum.h"

#define MASK (XSK_FRAMES - 1)

static bool wants_call(const struct netdev_xsk_ring *ring)
{
    return atomic_load_explicit(ring->flags, memory_order_relaxed) & XDP_RING_NEED_WAKEUP;
}

/* ---- from the kernel --------------------------------------------------------------------- */

/* How many entries the kernel has put into the ring; more than it holds means none. */
static uint32_t ready(const struct netdev_xsk_ring *ring)
{
    uint32_t n = atomic_load_explicit(ring->producer, memory_order_acquire) - ring->mine;

    return likely(n <= XSK_FRAMES) ? n : 0;
}

/* The chunk goes back even when the frame in it cannot be one. */
static void hold(struct netdev_xsk *x, uint64_t addr)
{
    x->held[x->held_count++] = addr / x->chunk_bytes * x->chunk_bytes;
}

static bool is_sound(const struct netdev_xsk *x, const struct xdp_desc *d)
{
    uint64_t in_chunk = d->addr % x->chunk_bytes;

    return d->addr < (uint64_t)XSK_FRAMES * x->chunk_bytes && d->len <= x->chunk_bytes - in_chunk;
}

static void rx_one(struct netdev_xsk *x, struct burst *b, const struct xdp_desc *d)
{
    struct frame *f = burst_next(b);
    const uint8_t *p = x->umem + d->addr;

    f->len = d->len;
    f->head_len = d->len < FRAME_HEAD_BYTES ? (uint16_t)d->len : FRAME_HEAD_BYTES;
    memcpy(f->head, p, f->head_len);
    if (d->len > FRAME_HEAD_BYTES) {
        burst_segs(b)[0] =
            (struct frame_seg){.base = p + FRAME_HEAD_BYTES, .len = d->len - FRAME_HEAD_BYTES};
        f->seg_count = 1;
    }
    if (x->partial_csum)
        netdev_xsk_mark_partial(f);
    burst_commit(b, f);
}

void netdev_xsk_rx(struct netdev_xsk *x, struct burst *b)
{
    uint32_t n = (uint32_t)u64_min(ready(&x->rx), BURST_FRAMES), taken = 0;
    const struct xdp_desc *entries = x->rx.entries;

    while (taken < n && burst_has_room(b)) {
        struct xdp_desc d = entries[(x->rx.mine + taken++) & MASK];

        if (unlikely(!is_sound(x, &d))) {
            atomic_fetch_add_explicit(&x->bad_descs, 1, memory_order_relaxed);
            if (d.addr < (uint64_t)XSK_FRAMES * x->chunk_bytes)
                hold(x, d.addr);
            continue;
        }
        hold(x, d.addr);
        rx_one(x, b, &d);
    }
    if (taken == 0)
        return;
    x->rx.mine += taken;
    atomic_store_explicit(x->rx.consumer, x->rx.mine, memory_order_release);
}

static void wake_fill(struct netdev_xsk *x)
{
    if (unlikely(wants_call(&x->fill)))
        (void)recvfrom(x->fd, NULL, 0, MSG_DONTWAIT, NULL, NULL);
}

/* As many chunks as entries: there is always room. The ring is nearly full always, so the next free
 * entry is beside the one that the kernel reads next, on another core: entries are written seldom,
 * many at once. */
void netdev_xsk_rx_done(struct netdev_xsk *x)
{
    uint64_t *entries = x->fill.entries;

    if (x->held_count < XSK_REFILL_CHUNKS)
        return;
    for (uint16_t i = 0; i < x->held_count; i++)
        entries[x->fill.mine++ & MASK] = x->held[i];
    x->held_count = 0;
    atomic_store_explicit(x->fill.producer, x->fill.mine, memory_order_release);
    wake_fill(x);
}

bool netdev_xsk_rx_pending(struct netdev_xsk *x)
{
    wake_fill(x);
    return ready(&x->rx) > 0;
}

/* ---- checksums that were left to a NIC --------------------------------------------------- */

/* Where is the transport header, and what is the sum of the pseudo header? 0 = none to look at. */
static uint32_t find_ipv4(const struct frame *f, uint32_t l3, uint8_t *ret_proto, uint64_t *ret_sum)
{
    const uint8_t *ip = f->head + l3;
    uint32_t header_bytes, total;

    if (l3 + 20u > f->head_len || ip[0] >> 4 != 4)
        return 0;
    header_bytes = (ip[0] & 15u) * 4;
    total = load_be16(ip + 2);
    if (header_bytes < 20 || total < header_bytes || (load_be16(ip + 6) & 0x3fff) != 0)
        return 0;
    *ret_proto = ip[9];
    *ret_sum = (uint64_t)csum_bytes(ip + 12, 8) + csum_word(ip[9]) +
               csum_word((uint16_t)(total - header_bytes));
    return l3 + header_bytes;
}

static uint32_t find_ipv6(const struct frame *f, uint32_t l3, uint8_t *ret_proto, uint64_t *ret_sum)
{
    enum { HEADERS = 4, HOP = 0, ROUTING = 43, OPTIONS = 60 };
    const uint8_t *ip = f->head + l3;
    uint32_t l4 = l3 + 40, end;
    uint8_t next;

    if (l4 > f->head_len || ip[0] >> 4 != 6)
        return 0;
    end = l4 + load_be16(ip + 4);
    next = ip[6];
    for (int i = 0; i < HEADERS && (next == HOP || next == ROUTING || next == OPTIONS); i++) {
        if (l4 + 8 > f->head_len)
            return 0;
        next = f->head[l4];
        l4 += (f->head[l4 + 1] + 1u) * 8;
    }
    if (l4 > end)
        return 0;
    *ret_proto = next;
    *ret_sum = (uint64_t)csum_bytes(ip + 8, 32) + csum_word(next) + csum_word((uint16_t)(end - l4));
    return l4;
}

void netdev_xsk_mark_partial(struct frame *f)
{
    enum { TCP = 6, UDP = 17, TCP_CHECK = 16, UDP_CHECK = 6 };
    uint32_t l3 = f->head_len >= VLAN_ETH_BYTES ? vlan_l3_offset(f->head, f->head_len) : 0, l4 = 0;
    uint16_t type, at, check;
    uint64_t sum = 0;
    uint8_t proto = 0;

    if (l3 == 0)
        return;
    type = load_be16(f->head + l3 - 2);
    if (type == 0x0800)
        l4 = find_ipv4(f, l3, &proto, &sum);
    else if (type == 0x86dd)
        l4 = find_ipv6(f, l3, &proto, &sum);
    if (l4 == 0 || (proto != TCP && proto != UDP))
        return;
    at = proto == TCP ? TCP_CHECK : UDP_CHECK;
    if (l4 + at + 2u > f->head_len)
        return;
    memcpy(&check, f->head + l4 + at, sizeof(check));
    if (check == 0 || check != csum_fold(sum))
        return;
    f->offload.flags = OFFLOAD_NEEDS_CSUM;
    f->offload.csum_start = (uint16_t)l4;
    f->offload.csum_offset = at;
}

/* ---- to the kernel ----------------------------------------------------------------------- */
static void reclaim(struct netdev_xsk *x)
{
    const uint64_t *entries = x->comp.entries;
    uint32_t n = ready(&x->comp);

    for (uint32_t i = 0; i < n; i++) {
        uint64_t chunk = entries[x->comp.mine++ & MASK] / x->chunk_bytes;

        if (likely(chunk >= XSK_FRAMES && chunk < 2 * XSK_FRAMES && x->free_count < XSK_FRAMES))
            x->free[x->free_count++] = chunk * x->chunk_bytes;
        else
            atomic_fetch_add_explicit(&x->bad_descs, 1, memory_order_relaxed);
    }
    if (n > 0)
        atomic_store_explicit(x->comp.consumer, x->comp.mine, memory_order_release);
}

/* In our own memory, where no guest can change what was summed. */
static void finish_csum(const struct offload *o, uint8_t *p, uint32_t len)
{
    uint32_t at = (uint32_t)o->csum_start + o->csum_offset;
    uint16_t sum;

    if (unlikely(at + sizeof(sum) > len))
        return;
    sum = (uint16_t)~csum_fold(csum_bytes(p + o->csum_start, len - o->csum_start));
    /* UDP: zero says that there is none; to TCP both zeros are the same. */
    csum_store(p + at, sum == 0 ? 0xffff : sum);
}

static uint32_t copy(const struct frame_out *out, uint8_t *to)
{
    uint32_t at = out->head_len;

    memcpy(to, out->head, out->head_len);
    for (uint16_t i = 0; i < out->seg_count; i++) {
        memcpy(to + at, out->seg[i].base, out->seg[i].len);
        at += out->seg[i].len;
    }
    return at;
}

enum drop_reason netdev_xsk_put(struct netdev_xsk *x, const struct frame_out *out)
{
    struct xdp_desc *entries = x->tx.entries;
    uint64_t addr;

    if (unlikely(out->len > x->chunk_bytes))
        return DROP_mtu;
    if (x->free_count == 0)
        reclaim(x);
    if (unlikely(x->free_count == 0))
        return DROP_dst_full;
    addr = x->free[--x->free_count];
    (void)copy(out, x->umem + addr);
    if (out->offload.flags & OFFLOAD_NEEDS_CSUM)
        finish_csum(&out->offload, x->umem + addr, out->len);
    entries[x->tx.mine++ & MASK] = (struct xdp_desc){.addr = addr, .len = out->len};
    return DROP_NONE;
}

static uint32_t left_to_send(const struct netdev_xsk *x)
{
    return atomic_load_explicit(x->tx.producer, memory_order_relaxed) -
           atomic_load_explicit(x->tx.consumer, memory_order_acquire);
}

bool netdev_xsk_tx_stuck(const struct netdev_xsk *x)
{
    return unlikely(left_to_send(x) != 0) && wants_call(&x->tx);
}

/* In copy mode one call sends some 32 frames and gives up where the device is full. It goes on
 * while it gets anywhere. */
void netdev_xsk_kick(struct netdev_xsk *x)
{
    enum { CALLS = 2 + XSK_FRAMES / 32 };

    for (int i = 0; i < CALLS; i++) {
        uint32_t before = left_to_send(x);

        if (before == 0 || sendto(x->tx_fd, NULL, 0, MSG_DONTWAIT, NULL, 0) >= 0)
            return;
        if (errno == EBUSY && !x->zerocopy)
            atomic_fetch_add_explicit(&x->kick_errors, 1, memory_order_relaxed);
        else if (errno != EAGAIN)
            return;
        if (left_to_send(x) == before)
            return;
    }
}

void netdev_xsk_flush(struct netdev_xsk *x)
{
    if (x->tx.mine == atomic_load_explicit(x->tx.producer, memory_order_relaxed))
        return;
    atomic_store_explicit(x->tx.producer, x->tx.mine, memory_order_release);
    /* The flag must be read after the kernel can see the frames. */
    atomic_thread_fence(memory_order_seq_cst);
    if (wants_call(&x->tx))
        netdev_xsk_kick(x);
    if (x->free_count < XSK_FRAMES / 2)
        reclaim(x);
}

bool netdev_xsk_tx_room(const struct netdev_xsk *x)
{
    return __atomic_load_n(&x->free_count, __ATOMIC_RELAXED) > 0 ||
           atomic_load_explicit(x->comp.producer, memory_order_relaxed) !=
               atomic_load_explicit(x->comp.consumer, memory_order_relaxed);
}
