/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Captures: copies of the frames of one port, made by the workers, read by one writer thread.
 *
 *   control         dp_capture_create() -> dp_capture_attach() -> dp_capture_detach() -> free
 *   workers         copy what matches into a ring of their own; full = counted as missed
 *   writer thread   dp_capture_next(), oldest first over all rings; sleeps on the event descriptor
 *
 * While a port has no capture its frames pay for one pointer that is NULL, read once per burst.
 * A filter sees the head of a frame only (FRAME_HEAD_BYTES), and the frame's whole length.
 * The body is read once more for a capture: of a sender that rewrites a buffer which it has given
 * away, a capture may show other bytes than were sent.
 */
#ifndef DATAPATH_CAPTURE_H
#define DATAPATH_CAPTURE_H

#include "datapath/datapath.h"

struct bpf_insn;
struct dp_capture;

#define DP_CAPTURES_MAX        8 /* at once, on all ports together */
#define DP_CAPTURE_INSNS_MAX   1024
#define DP_CAPTURE_RING_MIN    (1ull << 20) /* holds the largest frames several times over */
#define DP_CAPTURE_RING_MAX    (8ull << 20)
#define DP_CAPTURE_RINGS_BYTES (16ull << 20) /* aim of all rings of a capture together */

enum {
    DP_CAPTURE_IN = 1 << 0,   /* as received from the port, before anything is decided */
    DP_CAPTURE_OUT = 1 << 1,  /* as written to the port, with its tags; pieces of what was cut */
    DP_CAPTURE_DROP = 1 << 2, /* dropped on the way in or out, as it came in */
};

struct dp_capture_spec {
    uint16_t port; /* index */
    unsigned directions;
    uint32_t snaplen_bytes;
    uint64_t ring_bytes; /* per worker, a power of two; 0 = chosen from their number */
};

/* One frame in a ring. */
struct dp_capture_record {
    uint64_t at_ns;     /* of clock_now_ns() */
    uint32_t len;       /* bytes of the frame */
    uint32_t kept;      /* bytes of it in `bytes` */
    bool outbound;      /* towards the port */
    uint8_t drop;       /* enum drop_reason */
    uint16_t wire_pkts; /* more than 1: to be cut into so many segments */
    struct offload offload;
    uint8_t bytes[];
};

/**
 * dp_capture_create() - allocate a capture; it sees nothing yet
 * @dp: the packet path
 * @spec: copied
 * @ret_capture: dp_capture_free()
 *
 * Return: 0, -ENOMEM, or negative errno of eventfd(2).
 * Context: control; does not block.
 * Source: none
 */
int dp_capture_create(const struct datapath *dp, const struct dp_capture_spec *spec,
                      struct dp_capture **ret_capture);

/* Neither attached nor in a grace period, and no thread reads it. NULL is fine. Control. */
void dp_capture_free(struct dp_capture *c);

/**
 * dp_capture_set_filter() - frames must match this program
 * @c: not attached yet
 * @insns: for Ethernet, valid in the sense of bpf_validate(); copied
 * @count: instructions
 *
 * Work per frame is bounded: programs that are long or jump back are refused.
 *
 * Return: 0, -E2BIG too long, -ELOOP it jumps back, -ENOMEM.
 * Context: any thread, before dp_capture_attach(); does not block.
 * Source: McCanne and Jacobson, "The BSD Packet Filter", 1993; pcap-filter(7)
 */
int dp_capture_set_filter(struct dp_capture *c, const struct bpf_insn *insns, uint32_t count);

/**
 * dp_capture_attach() - from now on workers fill it
 * @dp: the packet path
 * @c: from dp_capture_create()
 *
 * It follows the port's number: a port that is made anew under the same number is seen, too.
 *
 * Return: 0, -ENOSPC when there are DP_CAPTURES_MAX already, -ENOMEM.
 * Context: control; does not block.
 * Source: none
 */
int dp_capture_attach(struct datapath *dp, struct dp_capture *c);

/**
 * dp_capture_detach() - no more frames
 * @dp: the packet path
 * @c: attached
 * @done: as of dp_retire(): no worker writes to it any more; what it holds may still be read
 * @arg: handed to @done
 *
 * Context: control; does not block.
 * Source: RCU
 */
void dp_capture_detach(struct datapath *dp, struct dp_capture *c, void (*done)(void *arg),
                       void *arg);

/* Frames that matched and found the ring full. Any thread. */
uint64_t dp_capture_missed(const struct dp_capture *c);

/* What to add to at_ns for nanoseconds since 1970; taken once, at creation. Any thread. */
uint64_t dp_capture_realtime_offset_ns(const struct dp_capture *c);

/**
 * dp_capture_next() - the oldest frame of all rings
 * @c: the capture
 *
 * Return: a record, valid until dp_capture_release(); NULL when there is none.
 * Context: the one thread that reads; does not block.
 * Source: none
 */
const struct dp_capture_record *dp_capture_next(struct dp_capture *c);

/* The record that dp_capture_next() returned last is no longer needed. */
void dp_capture_release(struct dp_capture *c);

/**
 * dp_capture_rest() - prepare to sleep until dp_capture_event_fd() is readable
 * @c: the capture
 *
 * Return: true when it may sleep; false when there are frames to read.
 * Context: the one thread that reads; does not block.
 * Source: none
 */
bool dp_capture_rest(struct dp_capture *c);
int dp_capture_event_fd(const struct dp_capture *c);

#endif
