/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Reading the guest's half of a split ring: available entries, descriptors, chains. All checks on
 * what a guest wrote are here, once, for both directions. Private to vring*.c; workers.
 *
 * Each descriptor is fetched once, by two loads, into a struct vdesc, and never looked at again in
 * guest memory. A visit first looks at the head descriptors of all chains it may take (vfront_load)
 * so that the cache misses of a burst overlap, then goes through the chains in order.
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

/* Chains that are looked at ahead; also the most that one burst of frames takes. */
#define VFRONT_MAX BURST_FRAMES

/* A visit begins no further chain when it has seen so many descriptors; the last one may have
 * FRAME_SEGS_MAX, so this bounds the time of a visit whatever the guest posts. A burst of the
 * longest frames into buffers of 1500 bytes needs about 1400. */
#define VISIT_DESCS (2 * FRAME_SEGS_MAX)

_Static_assert(VRING_NUM_MAX <= 32768, "an index jump must be told from a wrap");

struct vdesc {
    uint64_t addr;
    uint32_t len;
    uint16_t flags;
    uint16_t next;
};

/* The head of a chain that was looked at ahead. */
struct vhead {
    struct vdesc d;
    struct gmem_span span; /* the first piece of a chain that is one plain descriptor */
    uint16_t id;
    uint8_t error; /* enum vring_error */
};

struct vfront {
    uint16_t base; /* index of head[0] in the available ring */
    uint16_t count;
    struct vhead head[VFRONT_MAX];
};

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

static inline struct vdesc vdesc_load(const uint8_t *p)
{
    uint64_t hi;
    struct vdesc d = {.addr = gmem_load_u64(p)};

    hi = gmem_load_u64(p + 8);
    d.len = (uint32_t)hi;
    d.flags = (uint16_t)(hi >> 32);
    d.next = (uint16_t)(hi >> 48);
    return d;
}

static inline bool vdesc_is_plain(const struct vdesc *d)
{
    return (d->flags & (VDESC_F_NEXT | VDESC_F_INDIRECT)) == 0;
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

static inline enum vring_error head_check(struct vring *v, struct vhead *h, bool writes)
{
    enum vring_error e = vdesc_check(&h->d, writes);

    h->span.len = 0;
    if (e != VRING_OK || h->d.len == 0)
        return e;
    return span_take(v, h->d.addr, h->d.len, &h->span);
}

/* A chain whose whole content is h->span: one plain descriptor in one region. */
static inline bool head_is_flat(const struct vhead *h)
{
    return vdesc_is_plain(&h->d) && h->span.len == h->d.len && h->error == VRING_OK;
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

/* Take one chain: write its used element. The guest sees it when vring_publish() moves the index.
 */
static inline void vring_take(struct vring *v, uint16_t id, uint32_t len_bytes)
{
    uint32_t at = 4 + 8u * (vring_position(v) & v->mask);

    gmem_write_u64(v->map, v->used + at, v->used_gpa + at, (uint64_t)len_bytes << 32 | id);
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

static inline void prefetch(const void *p, bool writes)
{
    if (writes)
        __builtin_prefetch(p, 1);
    else
        __builtin_prefetch(p);
}

/* Fetch and check one head whose id is known to be inside the table. */
static inline void head_load(struct vring *v, struct vhead *h, bool writes)
{
    h->d = vdesc_load(v->desc + (uint32_t)h->id * VDESC_BYTES);
    h->error = VRING_OK;
    h->span.len = 0;
    if (likely(vdesc_is_plain(&h->d))) {
        h->error = (uint8_t)head_check(v, h, writes);
    } else {
        struct gmem_span ahead;

        /* Only a guess at what the walk will want; it checks all of it. */
        if (h->d.len != 0 && span_take(v, h->d.addr, h->d.len, &ahead) == VRING_OK)
            prefetch(ahead.host, false);
    }
}

/* Look at the heads of @count chains, at most VFRONT_MAX, from the present position on. */
static inline void vfront_load(struct vring *v, struct vfront *front, uint16_t count, bool writes)
{
    front->base = vring_position(v);
    front->count = count;
    for (uint16_t i = 0; i < count; i++) {
        struct vhead *h = &front->head[i];

        h->id = avail_load(v, (uint16_t)(front->base + i));
        h->error = VRING_BAD_HEAD;
        h->d.flags = 0;
        if (likely(h->id < v->num))
            prefetch(v->desc + (uint32_t)h->id * VDESC_BYTES, false);
    }
    for (uint16_t i = 0; i < count; i++) {
        struct vhead *h = &front->head[i];

        if (unlikely(h->id >= v->num))
            continue;
        head_load(v, h, writes);
        if (likely(h->span.len > 0)) {
            prefetch(h->span.host, writes);
            prefetch(h->span.host + CACHE_LINE_BYTES, writes);
        }
    }
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
