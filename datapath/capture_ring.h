/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A ring of bytes between one worker, which fills it, and one writer thread, which empties it:
 * records of any length, each in one piece. Neither side waits for the other.
 */
#ifndef DATAPATH_CAPTURE_RING_H
#define DATAPATH_CAPTURE_RING_H

#include "base/base.h"

#include <stdatomic.h>

struct capture_ring {
    uint8_t *data;
    uint64_t size; /* a power of two */

    /* The worker's. Both ends only grow; their place in `data` is modulo `size`. */
    _Atomic uint64_t head cache_aligned;
    uint64_t tail_seen;
    uint64_t reserved; /* bytes that the next publish adds */

    /* The writer thread's. */
    _Atomic uint64_t tail cache_aligned;
    uint64_t head_seen;
};

/**
 * capture_ring_init() - allocate a ring
 * @r: zeroed
 * @bytes: a power of two, at least twice the largest record; not touched before it is used
 *
 * Return: 0 or -ENOMEM.
 * Context: control; does not block.
 * Source: none
 */
int capture_ring_init(struct capture_ring *r, uint64_t bytes);
void capture_ring_fini(struct capture_ring *r);

/**
 * capture_ring_reserve() - room for a record
 * @r: the ring
 * @bytes: of the record, at most half the ring
 *
 * Return: memory aligned to 8 bytes that capture_ring_publish() hands over; NULL when the ring is
 * full.
 * Context: worker; does not block.
 * Source: none
 */
void *capture_ring_reserve(struct capture_ring *r, uint32_t bytes);
void capture_ring_publish(struct capture_ring *r);

/**
 * capture_ring_peek() - the oldest record
 * @r: the ring
 *
 * Return: the record, valid until capture_ring_release(); NULL when there is none.
 * Context: the one thread that reads; does not block.
 * Source: none
 */
const void *capture_ring_peek(struct capture_ring *r);
void capture_ring_release(struct capture_ring *r);

#endif
