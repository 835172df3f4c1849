/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Completion in software: checksums and TCP segmentation for receivers that did not negotiate them.
 *
 * The whole frame is copied once into memory of the worker, and summed and cut there: bytes of a
 * guest, which may change while we read them, are never summed in place. What comes out are
 * ordinary frames, their bodies in that memory, made a chunk at a time:
 *
 *   if (offload_needed(f, offloads)) {
 *       drop = offload_start(w, f, offloads);
 *       while (drop == DROP_NONE && (n = offload_next(w)) != 0)
 *           send w->frame[0] .. w->frame[n - 1], all done with them before the next call
 *   }
 *
 * Workers only; each has its own `struct offload_work`.
 */
#ifndef OFFLOAD_OFFLOAD_H
#define OFFLOAD_OFFLOAD_H

#include "port/port.h"

/* Frames made by one offload_next(). */
#define OFFLOAD_CHUNK BURST_FRAMES

/* Copied or cut for one burst: all of a burst of the largest frames (see forward.c) for one
 * receiver; a flood of such frames to several is cut short. About 150 us of work. */
#define OFFLOAD_BUDGET_BYTES (6 * FRAME_MAX_BYTES)

/* About 75 KiB; zeroed by its owner at start. */
struct offload_work {
    struct frame frame[OFFLOAD_CHUNK]; /* out */

    int64_t left_bytes; /* of the burst's budget */

    /* The frame in work. */
    struct frame_seg seg[OFFLOAD_CHUNK];
    struct offload offload; /* as asked for */
    struct vlan_in vlan;
    uint32_t flow_hash;
    uint32_t len;
    uint16_t l3_off;
    uint16_t l4_off;
    uint16_t gso_hdr;
    bool partial;    /* the receiver finishes checksums itself */
    bool segment;    /* cut it; else one frame comes out */
    uint32_t at;     /* next byte of payload */
    uint32_t index;  /* of the next segment */
    uint32_t l4_sum; /* of addresses and protocol: what all segments' checksums share */

    uint8_t bytes[FRAME_MAX_BYTES] cache_aligned;
};

/**
 * offload_needed() - must this frame be completed for this receiver?
 * @f: a committed frame
 * @tx_offloads: PORT_OFFLOAD_* of the receiver
 *
 * Return: false when the receiver takes it as it is.
 * Context: worker; does not block.
 * Source: virtio 1.2 clause 5.1.6.4.1 (device requirements: processing of incoming packets)
 */
static inline bool offload_needed(const struct frame *f, uint32_t tx_offloads)
{
    uint32_t need = 0;

    if (likely((f->offload.flags | f->offload.gso_type) == 0))
        return false;
    if (f->offload.flags & OFFLOAD_NEEDS_CSUM)
        need = PORT_OFFLOAD_CSUM;
    if ((f->offload.gso_type & ~OFFLOAD_GSO_ECN) == OFFLOAD_GSO_TCPV4)
        need |= PORT_OFFLOAD_TSO4;
    if ((f->offload.gso_type & ~OFFLOAD_GSO_ECN) == OFFLOAD_GSO_TCPV6)
        need |= PORT_OFFLOAD_TSO6;
    if (f->offload.gso_type & OFFLOAD_GSO_ECN)
        need |= PORT_OFFLOAD_ECN;
    return (need & ~tx_offloads) != 0;
}

/**
 * offload_burst() - a new burst begins: renew the budget
 * @w: the worker's memory
 * @budget_bytes: OFFLOAD_BUDGET_BYTES; less for tests
 *
 * Context: worker; does not block.
 * Source: none
 */
static inline void offload_burst(struct offload_work *w, int64_t budget_bytes)
{
    w->left_bytes = budget_bytes;
}

/**
 * offload_start() - copy a frame and get ready to complete it
 * @w: the worker's memory; what an earlier frame left in it is gone
 * @f: a committed frame for which offload_needed()
 * @tx_offloads: PORT_OFFLOAD_* of the receiver
 *
 * Return: DROP_NONE; DROP_completion_budget (too much for one burst); DROP_no_offload (a request
 * that cannot be completed: not checked by frame_check_offload(), an IPv6 routing header still in
 * use, a packet longer than IP can say).
 * Context: worker; does not block.
 * Source: virtio 1.2 clause 5.1.6.2
 */
enum drop_reason offload_start(struct offload_work *w, const struct frame *f, uint32_t tx_offloads);

/**
 * offload_next() - make the next frames
 * @w: after offload_start() returned DROP_NONE
 *
 * They are committed frames in w->frame[], tags as in the original, with the classification and
 * flow hash of the original, valid until the next call for @w.
 *
 * Return: how many, up to OFFLOAD_CHUNK; 0 when all were made.
 * Context: worker; does not block.
 * Source: RFC 9293 (TCP), RFC 791, RFC 8200, RFC 3168 clause 6.1.2 (CWR of the first only)
 */
uint16_t offload_next(struct offload_work *w);

/**
 * offload_rewind() - make the same frames once more, for the next receiver alike
 * @w: after offload_start() returned DROP_NONE for this frame
 *
 * Context: worker; does not block.
 * Source: none
 */
void offload_rewind(struct offload_work *w);

#endif
