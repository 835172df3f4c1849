/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What a guest sends: chains become frames. Workers.
 *
 * The pieces of a chain are put where the body's segments belong, then the header and the private
 * head are copied off their front; what is left of them is the body.
 */
#include "vhost-user/vring_chain.h"

/* Copy @bytes off the front of @seg, which has as many. Returns the first segment with a rest. */
static inline struct frame_seg *seg_take(struct frame_seg *seg, void *dst, uint32_t bytes)
{
    uint8_t *to = dst;

    while (bytes > 0) {
        uint32_t n = bytes < seg->len ? bytes : seg->len;

        gmem_read(to, seg->base, n);
        to += n;
        bytes -= n;
        seg->base += n;
        seg->len -= n;
        if (seg->len == 0)
            seg++;
    }
    return seg;
}

/* Little-endian as the guest's, with VERSION_1 by rule, without it since both are x86. */
static inline void offload_decode(uint64_t lo, uint16_t csum_offset, struct offload *ret_offload)
{
    ret_offload->flags = (uint8_t)lo;
    ret_offload->gso_type = (uint8_t)(lo >> 8);
    ret_offload->gso_size = (uint16_t)(lo >> 32);
    ret_offload->csum_start = (uint16_t)(lo >> 48);
    ret_offload->csum_offset = csum_offset;
}

static inline struct frame_seg *header_take(const struct vring *v, struct frame_seg *seg,
                                            struct offload *ret_offload)
{
    struct {
        uint64_t lo;
        uint16_t csum_offset;
        uint16_t num_buffers;
    } hdr;

    seg = seg_take(seg, &hdr, v->hdr_bytes);
    if (unlikely((hdr.lo & 0xffff) != 0)) /* flags or GSO type: else the rest means nothing */
        offload_decode(hdr.lo, hdr.csum_offset, ret_offload);
    return seg;
}

static void commit_bad(struct vring *v, struct burst *b, uint64_t frame_bytes,
                       enum drop_reason reason)
{
    struct frame *f = burst_next(b);

    f->len = (uint32_t)u64_min(frame_bytes, FRAME_MAX_BYTES);
    f->head_len = 0;
    f->drop = (uint8_t)reason;
    burst_commit(b, f);
    count_one(&v->bad_chains);
}

/* @segs pieces of a chain are at burst_segs(), @total bytes in all. */
static inline void commit_chain(struct vring *v, struct burst *b, uint32_t segs, uint64_t total)
{
    struct frame_seg *seg = burst_segs(b), *end = seg + segs;
    uint64_t frame_bytes = total - v->hdr_bytes;
    struct frame *f;

    if (unlikely(total < (uint64_t)v->hdr_bytes + VLAN_ETH_BYTES)) {
        commit_bad(v, b, total < v->hdr_bytes ? 0 : frame_bytes, DROP_runt);
        return;
    }
    if (unlikely(frame_bytes > FRAME_MAX_BYTES)) {
        commit_bad(v, b, frame_bytes, DROP_too_long);
        return;
    }
    f = burst_next(b);
    seg = header_take(v, seg, &f->offload);
    f->len = (uint32_t)frame_bytes;
    f->head_len = f->len < FRAME_HEAD_BYTES ? (uint16_t)f->len : FRAME_HEAD_BYTES;
    seg = seg_take(seg, f->head, f->head_len);
    b->seg_count += (uint16_t)(seg - burst_segs(b));
    f->seg = seg;
    f->seg_count = (uint16_t)(end - seg);
    burst_commit(b, f);
}

/* Put all pieces of a chain at burst_segs(). */
static enum chain_step collect(struct chain *c, struct frame_seg *seg, uint32_t *ret_segs,
                               uint64_t *ret_total)
{
    struct gmem_span span;
    uint64_t total = 0;
    uint32_t n = 0;
    enum chain_step step;

    while ((step = chain_next(c, &span)) == CHAIN_SPAN) {
        if (n == FRAME_SEGS_MAX)
            return CHAIN_LONG;
        seg[n++] = (struct frame_seg){.base = span.host, .len = span.len};
        total += span.len;
    }
    *ret_segs = n;
    *ret_total = total;
    return step;
}

/* A chain of any layout. Returns false when it breaks the ring. */
static bool rx_walk(struct vring *v, struct burst *b, const struct vhead *h, uint32_t *seen)
{
    uint32_t segs = 0;
    uint64_t total = 0;
    struct chain c;
    enum chain_step step;

    chain_start(&c, v, h, false);
    step = collect(&c, burst_segs(b), &segs, &total);
    *seen += c.seen;
    if (step == CHAIN_BAD) {
        vring_break(v, c.error);
        return false;
    }
    if (step == CHAIN_LONG)
        commit_bad(v, b, 0, DROP_bad_buffer);
    else
        commit_chain(v, b, segs, total);
    return true;
}

static inline bool rx_chain(struct vring *v, struct burst *b, const struct vhead *h, uint32_t *seen)
{
    if (unlikely(!head_is_flat(h)))
        return rx_walk(v, b, h, seen);
    burst_segs(b)[0] = (struct frame_seg){.base = h->span.host, .len = h->span.len};
    commit_chain(v, b, 1, h->span.len);
    *seen += 1;
    return true;
}

/* Disabled rings must not fill up: the guest would wait for ever for its frames to be sent.
 * Source: vhost-user specification, "Ring states" */
static void drain(struct vring *v, uint16_t count)
{
    for (uint16_t i = 0; i < count; i++) {
        uint16_t id = avail_load(v, vring_position(v));

        if (id >= v->num) {
            vring_break(v, VRING_BAD_HEAD);
            return;
        }
        vring_take(v, id, 0);
        count_one(&v->drained);
    }
}

void vring_rx(struct vring *v, struct burst *b)
{
    struct vfront front;
    uint32_t seen = 0;
    uint16_t count;

    if (unlikely(!vring_usable(v)))
        return;
    count = vring_available(v);
    if (unlikely(!v->enabled)) {
        drain(v, count);
        return;
    }
    count = (uint16_t)u64_min(count, u64_min(VFRONT_MAX, b->max_frames - b->count));
    vfront_load(v, &front, count, false);
    for (uint16_t i = 0; i < count && burst_has_room(b) && seen < VISIT_DESCS; i++) {
        if (unlikely(!rx_chain(v, b, &front.head[i], &seen)))
            return;
        vring_take(v, front.head[i].id, 0);
    }
}

void vring_rx_done(struct vring *v)
{
    vring_publish(v);
}
