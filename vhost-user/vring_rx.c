/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What a guest sends: chains become frames. Workers.
 *
 * The pieces of a chain are put where the body's segments belong, then the header and the private
 * head are copied off their front; what is left of them is the body. A chain of one descriptor is
 * the same with one piece.
 */
#include "vhost-user/vring_chain.h"

/* What is not yet copied of a chain: the rest of the present piece, then those behind @seg. */
struct rx_cursor {
    struct frame_seg *seg; /* slot of the present piece */
    const uint8_t *base;
    uint32_t len;
};

/* Inlined by order, and cursors by value: that of a chain of one piece then stays in registers. */
#define rx_inline static inline __attribute__((always_inline))

/* Copy the next @bytes of a chain that has as many; returns where to go on. */
rx_inline struct rx_cursor rx_take(struct rx_cursor at, uint8_t *to, uint32_t bytes)
{
    while (unlikely(at.len < bytes)) {
        gmem_read(to, at.base, at.len);
        to += at.len;
        bytes -= at.len;
        at.seg++;
        at.base = at.seg->base;
        at.len = at.seg->len;
    }
    gmem_read(to, at.base, bytes);
    at.base += bytes;
    at.len -= bytes;
    return at;
}

/* The guest's header and our struct offload are the same bytes: little-endian with VERSION_1 by
 * rule, without it since both sides are x86. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "struct offload is read as it is");
_Static_assert(sizeof(struct offload) == VNET_HDR_BYTES, "struct offload is read as it is");

rx_inline struct rx_cursor rx_take_header(const struct vring *v, struct rx_cursor at,
                                          struct offload *ret_offload)
{
    struct offload offload;

    at = rx_take(at, (uint8_t *)&offload, sizeof(offload));
    if (v->hdr_bytes > sizeof(offload)) {
        uint8_t num_buffers[2]; /* means nothing on the way from a driver */

        at = rx_take(at, num_buffers, sizeof(num_buffers));
    }
    /* Without flags and GSO type the rest means nothing. */
    if (unlikely((offload.flags | offload.gso_type) != 0))
        *ret_offload = offload;
    return at;
}

static void commit_bad(struct vring *v, struct burst *b, uint64_t chain_bytes,
                       enum drop_reason reason)
{
    struct frame *f = burst_next(b);

    f->len = chain_bytes > v->hdr_bytes
                 ? (uint32_t)u64_min(chain_bytes - v->hdr_bytes, FRAME_MAX_BYTES)
                 : 0;
    f->head_len = 0;
    f->drop = (uint8_t)reason;
    burst_commit(b, f);
    count_one(&v->bad_chains);
}

static inline enum drop_reason check_length(const struct vring *v, uint64_t chain_bytes)
{
    if (unlikely(chain_bytes < (uint64_t)v->hdr_bytes + VLAN_ETH_BYTES))
        return DROP_runt;
    if (unlikely(chain_bytes > (uint64_t)v->hdr_bytes + FRAME_MAX_BYTES))
        return DROP_too_long;
    return DROP_NONE;
}

/* What is left of a chain is the body of the frame. */
rx_inline void set_body(struct burst *b, struct frame *f, struct rx_cursor at,
                        const struct frame_seg *end)
{
    if (at.len > 0)
        *at.seg = (struct frame_seg){.base = at.base, .len = at.len};
    else
        at.seg++;
    if (at.seg == end)
        return;
    b->seg_count += (uint16_t)(at.seg - burst_segs(b));
    f->seg = at.seg;
    f->seg_count = (uint16_t)(end - at.seg);
}

/* @end is behind the slots, from burst_segs() on, that the pieces of the chain take. */
rx_inline void commit_chain(struct vring *v, struct burst *b, struct rx_cursor at,
                            const struct frame_seg *end, uint64_t chain_bytes)
{
    enum drop_reason reason = check_length(v, chain_bytes);
    struct frame *f;

    if (unlikely(reason != DROP_NONE)) {
        commit_bad(v, b, chain_bytes, reason);
        return;
    }
    f = burst_next(b);
    f->len = (uint32_t)chain_bytes - v->hdr_bytes;
    f->head_len = f->len < FRAME_HEAD_BYTES ? (uint16_t)f->len : FRAME_HEAD_BYTES;
    at = rx_take_header(v, at, &f->offload);
    at = rx_take(at, f->head, f->head_len);
    set_body(b, f, at, end);
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
static __attribute__((noinline)) bool rx_walk(struct vring *v, struct burst *b,
                                              const struct vhead *h, uint32_t *seen)
{
    struct frame_seg *seg = burst_segs(b);
    uint32_t segs = 0;
    uint64_t total = 0;
    struct chain c;
    enum chain_step step;

    seg[0] = (struct frame_seg){0}; /* a chain may have no piece at all */
    chain_start(&c, v, h, false);
    step = collect(&c, seg, &segs, &total);
    *seen += c.seen;
    if (step == CHAIN_BAD) {
        vring_break(v, c.error);
        return false;
    }
    if (step == CHAIN_LONG)
        commit_bad(v, b, 0, DROP_bad_buffer);
    else
        commit_chain(v, b, (struct rx_cursor){.seg = seg, .base = seg->base, .len = seg->len},
                     seg + segs, total);
    return true;
}

/* Is it a chain of one piece, with the length of a frame? */
static inline bool rx_is_flat(const struct vring *v, const struct vhead *h)
{
    return h->host != NULL &&
           h->d.len - (v->hdr_bytes + VLAN_ETH_BYTES) <= FRAME_MAX_BYTES - VLAN_ETH_BYTES;
}

/* The same as rx_walk(), with all positions known beforehand. */
rx_inline void rx_flat(const struct vring *v, struct burst *b, const struct vhead *h)
{
    const uint8_t *from = h->host + v->hdr_bytes;
    uint32_t len = h->d.len - v->hdr_bytes;
    uint32_t head_len = len < FRAME_HEAD_BYTES ? len : FRAME_HEAD_BYTES;
    struct frame *f = burst_next(b);
    struct offload offload;

    memcpy(&offload, h->host, sizeof(offload));
    gmem_copied(offload);
    if (unlikely((offload.flags | offload.gso_type) != 0))
        f->offload = offload;
    gmem_copy(f->head, from, head_len);
    gmem_copied(f->head);
    f->len = len;
    f->head_len = (uint16_t)head_len;
    if (len > head_len) {
        *burst_segs(b) = (struct frame_seg){.base = from + head_len, .len = len - head_len};
        f->seg_count = 1;
    }
    burst_commit(b, f);
}

/* Is it a chain of one piece, with a frame that its private head holds? */
static inline bool rx_is_short(const struct vring *v, const struct vhead *h)
{
    return h->host != NULL &&
           h->d.len - (v->hdr_bytes + VLAN_ETH_BYTES) <= FRAME_HEAD_BYTES - VLAN_ETH_BYTES;
}

/* Take chains as long as they are short and ask for nothing. The same as rx_flat(), burst_commit(),
 * vring_take() and vfront_step() for each; what those keep in memory from one frame to the next is
 * kept in registers. All @count are looked at ahead. */
static uint16_t rx_short(struct vring *v, struct burst *b, uint16_t count)
{
    const uint16_t start = vring_position(v), end = (uint16_t)(start + count);
    const uint16_t seen = v->avail_seen;
    uint16_t at = start, fetched = v->fetched;
    int64_t left_bytes = b->left_wire_bytes;
    uint32_t longest = b->longest_bytes;
    struct frame *f = &b->frame[b->count];
    const struct frame_seg *seg = burst_segs(b);

    for (; at != end && left_bytes > 0; at++, f++) {
        const struct vhead *h = vfront_head(v, at);
        uint32_t len = h->d.len - v->hdr_bytes;
        uint16_t request; /* flags and GSO type; who asks is looked at by rx_flat(), anew */

        if (unlikely(!rx_is_short(v, h)))
            break;
        memcpy(&request, h->host, sizeof(request));
        gmem_copied(request);
        if (unlikely(request != 0))
            break;
        gmem_copy(f->head, h->host + v->hdr_bytes, len);
        gmem_copied(f->head);
        frame_set_plain(f, len, seg);
        left_bytes -= len;
        longest = len > longest ? len : longest;
        vring_put_used(v, at, h->id, 0);
        if (likely(fetched != seen)) {
            head_fetch(v, vfront_head(v, fetched), fetched, false);
            fetched++;
        }
    }
    count = (uint16_t)(at - start);
    v->taken = (uint16_t)(v->taken + count);
    v->fetched = fetched;
    b->left_wire_bytes = left_bytes;
    b->left_wire_pkts -= count;
    b->longest_bytes = longest;
    b->count = (uint16_t)(b->count + count);
    return count;
}

/* Take one chain of any kind. Returns false when it breaks the ring. */
static bool rx_one(struct vring *v, struct burst *b, uint32_t *seen)
{
    uint16_t position = vring_position(v);
    const struct vhead *h = vfront_head(v, position);

    if (likely(rx_is_flat(v, h))) {
        rx_flat(v, b, h);
        ++*seen;
    } else if (unlikely(!rx_walk(v, b, h, seen))) {
        return false;
    }
    vring_take(v, position, h->id, 0);
    vfront_step(v, false);
    return true;
}

/* Disabled rings must not fill up: the guest would wait for ever for its frames to be sent.
 * Source: vhost-user specification, "Ring states" */
static void drain(struct vring *v, uint16_t count)
{
    for (uint16_t i = 0; i < count; i++) {
        uint16_t position = vring_position(v), id = avail_load(v, position);

        if (id >= v->num) {
            vring_break(v, VRING_BAD_HEAD);
            return;
        }
        vring_take(v, position, id, 0);
        count_one(&v->drained);
    }
}

void vring_rx(struct vring *v, struct burst *b)
{
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
    vfront_fill(v, count, false);
    while (count > 0 && burst_has_room(b) && seen < VISIT_DESCS) {
        uint16_t took = rx_short(v, b, (uint16_t)u64_min(count, (uint64_t)b->left_wire_pkts));

        seen += took;
        if (took == 0 && !rx_one(v, b, &seen))
            return;
        count = (uint16_t)(count - (took == 0 ? 1 : took));
    }
    vfront_ahead(v, false);
}

void vring_rx_done(struct vring *v)
{
    vring_publish(v);
}
