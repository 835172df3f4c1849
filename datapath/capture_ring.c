/* SPDX-License-Identifier: BSD-3-Clause */
#include "datapath/capture_ring.h"

#include <errno.h>
#include <stdlib.h>

/* In front of every record, and of the unused end of the ring. */
struct entry {
    uint32_t bytes; /* with this head; a multiple of its size */
    uint32_t is_gap;
};

int capture_ring_init(struct capture_ring *r, uint64_t bytes)
{
    assert(bytes >= sizeof(struct entry) && (bytes & (bytes - 1)) == 0);
    r->data = calloc(1, bytes);
    r->size = bytes;
    return r->data == NULL ? -ENOMEM : 0;
}

void capture_ring_fini(struct capture_ring *r)
{
    free(r->data);
    r->data = NULL;
}

static struct entry *entry_at(const struct capture_ring *r, uint64_t at)
{
    return (struct entry *)(r->data + (at & (r->size - 1)));
}

static bool has_room(struct capture_ring *r, uint64_t head, uint64_t bytes)
{
    if (head + bytes - r->tail_seen <= r->size)
        return true;
    r->tail_seen = atomic_load_explicit(&r->tail, memory_order_acquire);
    return head + bytes - r->tail_seen <= r->size;
}

void *capture_ring_reserve(struct capture_ring *r, uint32_t bytes)
{
    uint64_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
    uint64_t to_end = r->size - (head & (r->size - 1));
    uint64_t need = sizeof(struct entry) + (bytes + 7ull) / 8 * 8;
    uint64_t gap = need > to_end ? to_end : 0;
    struct entry *e;

    assert(need <= r->size / 2);
    if (!has_room(r, head, gap + need))
        return NULL;
    if (gap > 0)
        *entry_at(r, head) = (struct entry){.bytes = (uint32_t)gap, .is_gap = 1};
    e = entry_at(r, head + gap);
    *e = (struct entry){.bytes = (uint32_t)need};
    r->reserved = gap + need;
    return e + 1;
}

void capture_ring_publish(struct capture_ring *r)
{
    uint64_t head = atomic_load_explicit(&r->head, memory_order_relaxed);

    atomic_store_explicit(&r->head, head + r->reserved, memory_order_release);
    r->reserved = 0;
}

const void *capture_ring_peek(struct capture_ring *r)
{
    uint64_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
    const struct entry *e;

    if (tail == r->head_seen)
        r->head_seen = atomic_load_explicit(&r->head, memory_order_acquire);
    if (tail == r->head_seen)
        return NULL;
    e = entry_at(r, tail);
    if (!e->is_gap)
        return e + 1;
    /* A gap is published together with the record behind it, and the worker's again once passed. */
    tail += e->bytes;
    atomic_store_explicit(&r->tail, tail, memory_order_release);
    return entry_at(r, tail) + 1;
}

void capture_ring_release(struct capture_ring *r)
{
    uint64_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);

    atomic_store_explicit(&r->tail, tail + entry_at(r, tail)->bytes, memory_order_release);
}
