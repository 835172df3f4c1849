/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Sending: one sender per stream. Frames come from pools whose buffers already hold them, one pool
 * for each size, so a frame costs no more than its place in the ring and the bytes in which it
 * differs from its neighbour. What the ring does not take waits, with its time, in the sender.
 */
#ifndef PKTGEN_SEND_H
#define PKTGEN_SEND_H

#include "pktgen/frame.h"
#include "pktgen/pace.h"
#include "pktgen/plan.h"
#include "pktgen/shared.h"

#define PG_SEND_BURST_MAX 64

struct rte_mbuf;
struct rte_mempool;

struct pg_slot {
    struct rte_mempool *pool;
    struct pg_layout layout;
};

struct pg_sender {
    const struct pg_plan *plan;
    const struct pg_plan_stream *what;
    struct pg_stream_count *count;
    struct pg_port_count *port_count;
    const atomic_bool *stopped; /* by the user */
    uint16_t port_id, queue;
    uint16_t magic;
    void (*fill)(struct pg_sender *s, uint32_t n, uint64_t now);
    struct pg_pace pace;
    struct pg_flows flows;
    uint64_t left;      /* frames still to be taken */
    uint64_t sequence;  /* of the next frame */
    uint64_t retry_tsc; /* a full ring is left alone until then */
    uint32_t burst;
    uint32_t head, held; /* frames in stash that wait for the ring */
    uint32_t order_at, order_count;
    const uint8_t *order;
    uint8_t one_slot; /* order, when there is only one size */
    uint64_t random;  /* of an attack */
    uint64_t replay_at, replay_due_tsc;
    uint64_t start_tsc;
    struct rte_mbuf *stash[PG_SEND_BURST_MAX];
    struct pg_slot slots[PG_SIZES_MAX];
    uint32_t slot_count;
};

/**
 * pg_sender_mem_bytes() - memory that a sender's pools need
 * @plan: constant
 * @what: the stream
 *
 * Return: bytes, an upper bound.
 * Context: any; does not block.
 * Source: none
 */
uint64_t pg_sender_mem_bytes(const struct pg_plan *plan, const struct pg_plan_stream *what);

/**
 * pg_sender_init() - make the pools and write the frames into them
 * @s: result, zeroed by the caller
 * @plan: borrowed for the life of the sender
 * @what: as @plan
 * @port: open; the one that the stream sends to
 * @shared: counters, as @plan
 * @err: reason
 *
 * Return: 0, -ENOMEM.
 * Context: the environment's thread.
 * Source: none
 */
int pg_sender_init(struct pg_sender *s, const struct pg_plan *plan,
                   const struct pg_plan_stream *what, const struct pg_port *port,
                   struct pg_shared *shared, struct vsw_err *err);

/**
 * pg_sender_start() - get ready for a trial
 * @s: not sending
 * @order: the trial
 *
 * Context: the environment's thread; does not block.
 * Source: none
 */
void pg_sender_start(struct pg_sender *s, const struct pg_order *order);

/**
 * pg_sender_stop() - give back what the ring did not take
 * @s: its count says then what was sent and what was due
 * @stop_tsc: when the trial ended
 *
 * Context: the environment's thread; does not block.
 * Source: none
 */
void pg_sender_stop(struct pg_sender *s, uint64_t stop_tsc);

/**
 * pg_sender_push() - send what is due
 * @s: started
 * @now: time stamp counter
 *
 * Return: frames that left.
 * Context: the environment's thread; the inner loop.
 * Source: none
 */
uint32_t pg_sender_push(struct pg_sender *s, uint64_t now);

#endif
