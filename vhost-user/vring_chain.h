/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Reading the guest's half of a split ring: available entries, descriptors, chains. All checks on
 * what a guest wrote are here, once, for both directions. Private to vring*.c; workers.
 *
 * Each descriptor is fetched once, by two loads, into a struct vdesc, and never looked at again in
 * guest memory. Heads are fetched a burst ahead (vfront_fill): what they name comes from another
 * CPU's cache, while this one works on the burst before.
 */
#ifndef VHOST_USER_VRING_CHAIN_H
#define VHOST_USER_VRING_CHAIN_H

#include "vhost-user/vring.h"

#define VDESC_BYTES 16

/* Source: virtio 1.2 clauses 2.7.5, 2.7.6 and 2.7.8. (<linux/virtio_ring.h> has a struct vring of
 * its own.) */
#define VDESC_F_NEXT          1
#define VDESC_F_WRITE         2
#define VDESC_F_INDIRECT      4
#define VAVAIL_F_NO_INTERRUPT 1
#define VUSED_F_NO_NOTIFY     1

/* A visit begins no further chain when it has seen so many descriptors; the last one may have
 * FRAME_SEGS_MAX, so this bounds the time of a visit whatever the guest posts. A burst of the
 * longest frames into buffers of 1500 bytes needs about 1400. */
#define VISIT_DESCS (2 * FRAME_SEGS_MAX)

_Static_assert(VRING_NUM_MAX <= 32768, "an index jump must be told from a wrap");

enum chain_step {
    CHAIN_SPAN, /* a piece of a buffer */
    CHAIN_END,
    CHAIN_LONG, /* more descriptors or pieces than a frame may have */
    CHAIN_BAD,  /* the ring is broken, see error */
};

/* A walk through the buffers of one chain. */
struct chain {
    struct vring *v;
    struct vdesc d; /* the present descriptor */
    bool writes;    /* the buffers are for us to write */
    bool in_table;  /* of the indirect table, not of the ring's */
    bool opened;    /* d was checked, gpa and left are of it */
    uint8_t error;
    uint16_t here;  /* descriptors seen in the table that d is in */
    uint16_t seen;  /* in both */
    uint32_t limit; /* descriptors of the table that d is in */
    uint64_t table_gpa;
    uint64_t gpa; /* what is left of the present buffer */
    uint32_t left;
};

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "struct vdesc is read as it is");

static inline struct vdesc vdesc_load(const uint8_t *p)
{
    const uint64_t raw[2] = {gmem_load_u64(p), gmem_load_u64(p + 8)};
    struct vdesc d;

    memcpy(&d, raw, sizeof(d));
    return d;
}

/* The fields of the second word of a descriptor. */
static inline uint32_t vdesc_word_len(uint64_t word)
{
    return (uint32_t)word;
}

static inline uint16_t vdesc_word_flags(uint64_t word)
{
    return (uint16_t)(word >> 32);
}

/* Is the buffer one that this ring may carry? Its address is checked as it is used, by span_take().
 */
static inline enum vring_error vdesc_check(const struct vdesc *d, bool writes)
{
    return ((d->flags & VDESC_F_WRITE) != 0) == writes ? VRING_OK : VRING_BAD_DIRECTION;
}

/* The only place where a guest's address becomes one of ours. @left_bytes is more than 0. */
static inline enum vring_error span_take(struct vring *v, uint64_t gpa, uint32_t left_bytes,
                                         struct gmem_span *ret_span)
{
    uint64_t have = 0;
    uint8_t *host = gmem_find(v->map, &v->hit, gpa, left_bytes, &have);

    if (unlikely(host == NULL))
        return VRING_BAD_ADDRESS;
    *ret_span = (struct gmem_span){.host = host, .gpa = gpa, .len = (uint32_t)have};
    return VRING_OK;
}

/**
 * vring_break() - stop serving a ring
 * @v: the ring
 * @error: why
 *
 * Context: worker; does not block.
 * Source: virtio 1.2 clause 2.1.2 (a device that needs a reset)
 */
void vring_break(struct vring *v, enum vring_error error);

/**
 * vring_usable() - may the ring be served?
 * @v: the ring
 *
 * Context: worker; does not block.
 * Source: none
 */
static inline bool vring_usable(const struct vring *v)
{
    return atomic_load_explicit(&v->error, memory_order_relaxed) == VRING_OK;
}

/* Index of the next chain to take, behind those that were taken in this visit. */
static inline uint16_t vring_position(const struct vring *v)
{
    return (uint16_t)(atomic_load_explicit(&v->next, memory_order_relaxed) + v->taken);
}

/**
 * vring_available() - how many chains can be taken?
 * @v: a usable ring; broken when the index is a lie
 *
 * Loads the index, once.
 * Return: 0 to num.
 * Context: worker; does not block.
 * Source: virtio 1.2 clause 2.7.13.3
 */
uint16_t vring_available(struct vring *v);

/**
 * vring_publish() - give back what was taken, signal the guest if it wants
 * @v: the ring, broken or not
 *
 * Context: worker; does not block.
 * Source: virtio 1.2 clauses 2.7.8 and 2.7.7.2
 */
void vring_publish(struct vring *v);

/* Take the chain at @position, the present one: write its used element. The guest sees it when
 * vring_publish() moves the index. A driver that hands out its buffers in turn has the same element
 * there from the last time round: left alone, it stays in the caches of both sides. */
static inline void vring_put_used(struct vring *v, uint16_t position, uint16_t id,
                                  uint32_t len_bytes)
{
    uint32_t at = 4 + 8u * (position & v->mask);
    uint64_t element = (uint64_t)len_bytes << 32 | id;

    if (gmem_peek_u64(v->used + at) != element)
        gmem_write_u64(v->map, v->used + at, v->used_gpa + at, element);
}

static inline void vring_take(struct vring *v, uint16_t position, uint16_t id, uint32_t len_bytes)
{
    vring_put_used(v, position, id, len_bytes);
    v->taken++;
}

static inline void count_one(_Atomic uint64_t *counter)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1,
                          memory_order_relaxed);
}

static inline uint16_t avail_load(const struct vring *v, uint16_t position)
{
    return gmem_load_u16(v->avail + 4 + 2u * (position & v->mask));
}

static inline struct vhead *vfront_head(struct vring *v, uint16_t position)
{
    return &v->head[position % VFRONT_MAX];
}

static inline bool vfront_has(const struct vring *v, uint16_t position)
{
    return (int16_t)(v->fetched - position) > 0;
}

/**
 * chain_guess() - have fetched what the walk through a chain will want first
 * @v: the ring
 * @d: its head, unchecked; the walk checks all of it
 *
 * Context: worker; does not block.
 * Source: none
 */
void chain_guess(struct vring *v, const struct vdesc *d);

/* Fetch and check the head of a chain whose id is inside the table. */
static inline void head_load(struct vring *v, struct vhead *h, uint16_t id, bool writes)
{
    const uint16_t kind = VDESC_F_NEXT | VDESC_F_INDIRECT | VDESC_F_WRITE;
    const uint8_t *d = v->desc + (size_t)id * VDESC_BYTES;
    const uint64_t addr = gmem_load_u64(d), word = gmem_load_u64(d + 8);
    uint8_t *host = NULL;

    /* Stored as loaded: a descriptor put together of parts could not be loaded in one piece. */
    h->raw[0] = addr;
    h->raw[1] = word;
    if (likely((vdesc_word_flags(word) & kind) == (writes ? VDESC_F_WRITE : 0) &&
               vdesc_word_len(word) > 0))
        host = gmem_at(v->map, &v->hit, addr, vdesc_word_len(word));
    else
        chain_guess(v, &h->d);
    h->host = host;
    h->id = id;
    h->error = VRING_OK;
    /* The line of the header is often only read, see vring_tx.c. */
    prefetch_read(host);
    if (writes)
        prefetch_write(host + CACHE_LINE_BYTES);
    else
        prefetch_read(host + CACHE_LINE_BYTES);
}

static inline void head_fetch(struct vring *v, struct vhead *h, uint16_t position, bool writes)
{
    uint16_t id = avail_load(v, position);

    if (likely(id < v->num))
        head_load(v, h, id, writes);
    else
        *h = (struct vhead){.id = id, .error = VRING_BAD_HEAD};
}

/* Look at the heads of the next @count chains, at most VFRONT_MAX, unless that was done before. All
 * of them are available. */
static inline void vfront_fill(struct vring *v, uint16_t count, bool writes)
{
    uint16_t position = vring_position(v), end = (uint16_t)(position + count);
    uint16_t at = vfront_has(v, position) ? v->fetched : position;

    if ((int16_t)(end - at) <= 0)
        return;
    v->fetched = end;
    for (; at != end; at++)
        head_fetch(v, vfront_head(v, at), at, writes);
}

/* Look at one head more, in the place of one that was taken. Between frames and not all at once, so
 * that the lines on their way are never more than the CPU can wait for at a time. */
static inline void vfront_step(struct vring *v, bool writes)
{
    uint16_t at = v->fetched, ahead = (uint16_t)(at - vring_position(v));

    if (likely(ahead < VFRONT_MAX && (int16_t)(v->avail_seen - at) > 0)) {
        v->fetched = (uint16_t)(at + 1);
        head_fetch(v, vfront_head(v, at), at, writes);
    }
}

/* Look at what the next burst will want, while this one is worked on; and have the descriptors of
 * the one behind it fetched. Most drivers hand those out in turn, so four are on a line. */
static inline void vfront_ahead(struct vring *v, bool writes)
{
    uint16_t position = vring_position(v);
    uint16_t left = (uint16_t)(v->avail_seen - position);

    vfront_fill(v, left < VFRONT_MAX ? left : VFRONT_MAX, writes);
    for (uint16_t i = VFRONT_MAX; i < 2 * VFRONT_MAX && i < left; i += 4)
        prefetch_read(v->desc + (uint32_t)avail_load(v, (uint16_t)(position + i)) * VDESC_BYTES);
}

static inline void chain_start(struct chain *c, struct vring *v, const struct vhead *h, bool writes)
{
    c->v = v;
    c->d = h->d;
    c->writes = writes;
    c->in_table = false;
    c->opened = false;
    c->error = h->error;
    c->here = 1;
    c->seen = 1;
    c->limit = v->num;
    c->left = 0;
}

static inline enum chain_step chain_fail(struct chain *c, enum vring_error e)
{
    c->error = (uint8_t)e;
    return CHAIN_BAD;
}

/**
 * chain_descend() - the present descriptor becomes the first one of the table it refers to
 * @c: c->d has VDESC_F_INDIRECT
 *
 * Return: CHAIN_SPAN when there is a descriptor, else why not.
 * Context: worker; does not block.
 * Source: virtio 1.2 clause 2.7.5.3
 */
enum chain_step chain_descend(struct chain *c);

/**
 * chain_follow() - the present descriptor becomes the next one
 * @c: the present descriptor is done with
 *
 * Return: CHAIN_SPAN when there is one, else why not.
 * Context: worker; does not block.
 * Source: virtio 1.2 clause 2.7.5
 */
enum chain_step chain_follow(struct chain *c);

/**
 * chain_open() - check the present descriptor, so that its buffer can be taken
 * @c: c->d was just fetched
 *
 * Return: CHAIN_SPAN; the buffer may be empty.
 * Context: worker; does not block.
 * Source: virtio 1.2 clause 2.7.5
 */
static inline enum chain_step chain_open(struct chain *c)
{
    enum vring_error e;

    if (unlikely(c->d.flags & VDESC_F_INDIRECT)) {
        enum chain_step step = chain_descend(c);

        if (step != CHAIN_SPAN)
            return step;
    }
    e = vdesc_check(&c->d, c->writes);
    if (unlikely(e != VRING_OK))
        return chain_fail(c, e);
    c->opened = true;
    c->gpa = c->d.addr;
    c->left = c->d.len;
    return CHAIN_SPAN;
}

/**
 * chain_next() - the next piece of a chain's buffers
 * @c: from chain_start()
 * @ret_span: not empty; set when CHAIN_SPAN is returned
 *
 * Context: worker; does not block.
 * Source: virtio 1.2 clause 2.7.5
 */
static inline enum chain_step chain_next(struct chain *c, struct gmem_span *ret_span)
{
    enum vring_error e;

    if (unlikely(c->error != VRING_OK))
        return CHAIN_BAD;
    while (c->left == 0) {
        enum chain_step step = c->opened ? chain_follow(c) : CHAIN_SPAN;

        if (step == CHAIN_SPAN)
            step = chain_open(c);
        if (step != CHAIN_SPAN)
            return step;
    }
    e = span_take(c->v, c->gpa, c->left, ret_span);
    if (unlikely(e != VRING_OK))
        return chain_fail(c, e);
    c->gpa += ret_span->len;
    c->left -= ret_span->len;
    return CHAIN_SPAN;
}

#endif
