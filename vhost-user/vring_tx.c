/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What a guest receives: frames are written straight to the buffers it posted. Workers.
 *
 * For each frame, buffers for all of it are found and checked first; then it is written. So a frame
 * that does not fit, or meets a bad chain half-way, has not touched anything.
 */
#include "vhost-user/vring_chain.h"

/* struct virtio_net_hdr_mrg_rxbuf; struct offload is its first part byte by byte, see vring_rx.c.
 * Source: virtio 1.2 clause 5.1.6 */
struct tx_header {
    struct offload offload;
    uint16_t num_buffers;
};
_Static_assert(sizeof(struct tx_header) == VNET_HDR_MRG_BYTES, "as the guest reads it");

/* num_buffers of a frame that one chain holds. */
#define ONE_BUFFER 1

/* The buffers for one frame. */
struct tx_room {
    uint32_t spans;
    uint16_t chains;
    uint64_t bytes;
    struct gmem_span span[FRAME_SEGS_MAX];
};

struct tx_visit {
    struct vring *v;
    uint32_t seen; /* descriptors */
};

/* Where the next byte goes. */
struct tx_cursor {
    const struct vring *v;
    const struct gmem_span *span;
    uint32_t off;
};

static void put(struct tx_cursor *at, const void *src, uint32_t len)
{
    const uint8_t *from = src;

    while (len > 0) {
        uint32_t n = at->span->len - at->off;

        if (n == 0) {
            at->span++;
            at->off = 0;
            continue;
        }
        n = n < len ? n : len;
        gmem_write(at->v->map, at->span->host + at->off, at->span->gpa + at->off, from, n);
        at->off += n;
        from += n;
        len -= n;
    }
}

/* Write to @room, which is for hdr_bytes + out->len bytes. */
static void write_spans(const struct vring *v, const struct tx_room *room,
                        const struct frame_out *out)
{
    struct tx_header hdr = {.offload = out->offload, .num_buffers = room->chains};
    struct tx_cursor at = {.v = v, .span = room->span};
    uint32_t left = out->len - out->head_len;

    put(&at, &hdr, v->hdr_bytes);
    put(&at, out->head, out->head_len);
    for (const struct frame_seg *s = out->seg; left > 0; s++) {
        uint32_t n = s->len < left ? s->len : left;

        assert(s < out->seg + out->seg_count);
        put(&at, s->base, n);
        left -= n;
    }
}

/* The next bytes of a chain of one piece. */
static inline struct gmem_span put_flat(const struct vring *v, struct gmem_span to, const void *src,
                                        uint32_t len)
{
    gmem_write(v->map, to.host, to.gpa, src, len);
    return (struct gmem_span){.host = to.host + len, .gpa = to.gpa + len};
}

/* A frame that asks for nothing nearly always finds its header there already: the guest left it so
 * when it last used the buffer. The line then stays in the caches of both sides. */
static inline bool header_is_there(const struct vring *v, const uint8_t *to, const struct frame *f)
{
    return likely(v->hdr_bytes == VNET_HDR_MRG_BYTES &&
                  (f->offload.flags | f->offload.gso_type) == 0) &&
           gmem_peek_u64(to) == 0 && gmem_peek_u64(to + 4) == (uint64_t)ONE_BUFFER << 48;
}

static inline struct gmem_span write_header(const struct vring *v, struct gmem_span to,
                                            const struct frame *f, const struct tag_op *op)
{
    const uint16_t num_buffers = ONE_BUFFER;
    struct offload offload;

    if (likely(header_is_there(v, to.host, f)))
        return (struct gmem_span){.host = to.host + VNET_HDR_MRG_BYTES,
                                  .gpa = to.gpa + VNET_HDR_MRG_BYTES};
    offload = frame_offload_out(f, op);
    to = put_flat(v, to, &offload, sizeof(offload));
    if (likely(v->hdr_bytes > sizeof(offload)))
        to = put_flat(v, to, &num_buffers, sizeof(num_buffers));
    return to;
}

static inline struct gmem_span write_head(const struct vring *v, struct gmem_span to,
                                          const struct frame *f, const struct tag_op *op)
{
    uint32_t skip = VLAN_ADDRS_BYTES + op->strip * VLAN_TAG_BYTES;

    if (likely(tag_op_is_none(op)))
        return put_flat(v, to, f->head, f->head_len);
    to = put_flat(v, to, f->head, VLAN_ADDRS_BYTES);
    for (int i = 0; i < op->push; i++) {
        uint8_t tag[VLAN_TAG_BYTES];

        tag_op_write(op, i, tag);
        to = put_flat(v, to, tag, VLAN_TAG_BYTES);
    }
    return put_flat(v, to, f->head + skip, f->head_len - skip);
}

/* What write_spans() does, to one span that is long enough and straight from the frame. */
static inline void write_flat(const struct vring *v, const struct vhead *h, const struct frame *f,
                              const struct tag_op *op)
{
    struct gmem_span to = {.host = h->host, .gpa = h->d.addr};
    uint32_t left = f->len - f->head_len;

    to = write_header(v, to, f, op);
    to = write_head(v, to, f, op);
    for (const struct frame_seg *s = f->seg; unlikely(left > 0); s++) {
        uint32_t n = s->len < left ? s->len : left;

        assert(s < f->seg + f->seg_count);
        to = put_flat(v, to, s->base, n);
        left -= n;
    }
}

/* The next chain to take: one that was looked at ahead, or else @spare, freshly fetched. */
static const struct vhead *next_head(struct vring *v, struct vhead *spare)
{
    uint16_t position = vring_position(v);

    if (likely(vfront_has(v, position)))
        return vfront_head(v, position);
    head_fetch(v, spare, position, true);
    return spare;
}

/* Add pieces of a chain to @room until it holds @need bytes or the chain ends. */
static enum chain_step room_add(struct tx_room *room, struct chain *c, uint64_t need)
{
    while (room->bytes < need) {
        enum chain_step step;

        if (room->spans == FRAME_SEGS_MAX)
            return CHAIN_LONG;
        step = chain_next(c, &room->span[room->spans]);
        if (step != CHAIN_SPAN)
            return step;
        room->bytes += room->span[room->spans++].len;
    }
    return CHAIN_END;
}

/* A chain in which not even the header has room goes back: it would stand in the way for ever. */
static void give_back(struct vring *v, struct tx_room *room, uint16_t id)
{
    vring_take(v, vring_position(v), id, 0);
    count_one(&v->bad_chains);
    room->spans = 0;
    room->bytes = 0;
}

/* Take the next chain, for as much of @need as it holds. */
static enum drop_reason room_take(struct tx_visit *t, struct tx_room *room, uint64_t need)
{
    struct vring *v = t->v;
    uint64_t before = room->bytes;
    struct vhead spare;
    const struct vhead *h;
    struct chain c;
    enum chain_step step;

    if (vring_position(v) == v->avail_seen || t->seen >= VISIT_DESCS)
        return DROP_dst_full;
    h = next_head(v, &spare);
    chain_start(&c, v, h, true);
    step = room_add(room, &c, need);
    t->seen += c.seen;
    if (step == CHAIN_BAD) {
        vring_break(v, c.error);
        return DROP_dst_error;
    }
    if (step == CHAIN_LONG)
        return DROP_rx_buf_too_small;
    if (room->chains == 0 && room->bytes < v->hdr_bytes) {
        give_back(v, room, h->id);
        return DROP_NONE;
    }
    if (room->bytes < need && !v->mergeable)
        return DROP_rx_buf_too_small;
    room->chains++;
    vring_take(v, vring_position(v), h->id, (uint32_t)(u64_min(room->bytes, need) - before));
    return DROP_NONE;
}

/* Frames that need more than one plain descriptor. */
static __attribute__((noinline)) enum drop_reason tx_walk(struct tx_visit *t,
                                                          const struct tx_item *item)
{
    struct vring *v = t->v;
    uint8_t scratch[FRAME_COMPOSE_BYTES];
    struct frame_out out;
    struct tx_room room;
    uint16_t taken_before = v->taken;
    uint32_t need;

    frame_compose(item->frame, &item->op, scratch, &out);
    need = v->hdr_bytes + out.len;
    room.spans = 0;
    room.chains = 0;
    room.bytes = 0;
    while (room.bytes < need) {
        enum drop_reason reason = room_take(t, &room, need);

        if (reason != DROP_NONE) {
            v->taken = taken_before;
            return reason;
        }
        if (room.chains == 0)
            taken_before = v->taken;
    }
    write_spans(v, &room, &out);
    return DROP_NONE;
}

static inline enum drop_reason tx_frame(struct tx_visit *t, const struct tx_item *item)
{
    struct vring *v = t->v;
    uint16_t position = vring_position(v);
    const struct vhead *h = vfront_head(v, position);
    uint32_t need = v->hdr_bytes + item->frame->len + (uint32_t)tag_op_growth_bytes(&item->op);

    if (unlikely(!vfront_has(v, position) || h->host == NULL || h->d.len < need))
        return tx_walk(t, item);
    write_flat(v, h, item->frame, &item->op);
    vring_take(v, position, h->id, need);
    vfront_step(v, true);
    t->seen++;
    return DROP_NONE;
}

/* Does the head hold all of the frame, and a chain of one piece all of that? */
static inline bool tx_is_short(const struct vhead *h, const struct frame *f, uint32_t need)
{
    return h->host != NULL && h->d.len >= need && f->len == f->head_len;
}

/* Write frames as long as they are short. The same as tx_frame() for each; what that keeps in
 * memory from one to the next is kept in registers. The heads of all @count were looked at. */
static uint16_t tx_short(struct tx_visit *t, struct tx_item *items, uint16_t count)
{
    struct vring *v = t->v;
    const uint16_t start = vring_position(v), seen = v->avail_seen;
    uint16_t fetched = v->fetched, i;

    for (i = 0; i < count; i++) {
        const uint16_t at = (uint16_t)(start + i);
        const struct vhead *h = vfront_head(v, at);
        const struct frame *f = items[i].frame;
        const struct tag_op *op = &items[i].op;
        uint32_t need = v->hdr_bytes + f->len + (uint32_t)tag_op_growth_bytes(op);
        struct gmem_span to = {.host = h->host, .gpa = h->d.addr};

        if (unlikely(!tx_is_short(h, f, need)))
            break;
        to = write_header(v, to, f, op);
        write_head(v, to, f, op);
        vring_put_used(v, at, h->id, need);
        items[i].drop = DROP_NONE;
        if (likely(fetched != seen)) {
            head_fetch(v, vfront_head(v, fetched), fetched, true);
            fetched++;
        }
    }
    v->taken = (uint16_t)(v->taken + i);
    v->fetched = fetched;
    t->seen += i;
    return i;
}

/* At most VFRONT_MAX frames. */
static void tx_group(struct tx_visit *t, struct tx_item *items, uint16_t count)
{
    struct vring *v = t->v;
    uint16_t available = vring_usable(v) ? vring_available(v) : 0;

    available = available < count ? available : count;
    vfront_fill(v, available, true);
    for (uint16_t i = tx_short(t, items, available); i < count; i++)
        items[i].drop =
            (uint8_t)(likely(vring_usable(v)) ? tx_frame(t, &items[i]) : DROP_dst_error);
}

void vring_tx(struct vring *v, struct tx_item *items, uint16_t count)
{
    struct tx_visit t = {.v = v};

    if (unlikely(!v->enabled)) {
        for (uint16_t i = 0; i < count; i++)
            items[i].drop = DROP_dst_down;
        return;
    }
    if (unlikely(v->notify) && vring_usable(v))
        vring_disarm(v);
    for (uint16_t done = 0, n; done < count; done = (uint16_t)(done + n)) {
        n = (uint16_t)u64_min(count - done, VFRONT_MAX);
        tx_group(&t, items + done, n);
    }
    if (likely(vring_usable(v)))
        vfront_ahead(v, true);
    vring_publish(v);
}
