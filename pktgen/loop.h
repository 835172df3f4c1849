/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The way back of a loop: frames that a port has received leave again, untouched, from the port
 * that sent them first, so a few frames go round without end and nobody makes new ones. That is
 * how a guest that only forwards looks to a switch. One for each receiver; the worker's thread.
 */
#ifndef PKTGEN_LOOP_H
#define PKTGEN_LOOP_H

#include "pktgen/plan.h"
#include "pktgen/shared.h"

/* The vector path of virtio gives 32 buffers back to the ring each time that it receives; who takes
 * more at once runs the ring dry. */
#define PG_LOOP_BURST 32

struct rte_mbuf;

struct pg_loop {
    struct pg_stream_count *stream;
    struct pg_port_count *port_count; /* of the port that sends */
    uint16_t port_id, queue;
    bool is_on;          /* what comes goes back */
    uint32_t head, held; /* of frames: the ring had no room for them yet */
    struct rte_mbuf *frames[PG_LOOP_BURST];
};

/**
 * pg_loop_check() - does a loop fit the plan? Makes room for it in the buffers of its ports
 * @plan: complete, with its loop_frames
 * @err: says what does not fit
 *
 * Return: 0, -EINVAL.
 * Context: main thread; does not block.
 * Source: none
 */
int pg_loop_check(struct pg_plan *plan, struct vsw_err *err);

/**
 * pg_loop_init() - find where frames of a port go back
 * @loop: result
 * @plan: checked
 * @number: of the port that receives
 * @queue: that receives
 * @ports: of the plan, open
 * @shared: counters, borrowed
 *
 * Context: the environment's thread.
 * Source: none
 */
void pg_loop_init(struct pg_loop *loop, const struct pg_plan *plan, uint32_t number, uint16_t queue,
                  const struct pg_port *ports, struct pg_shared *shared);

/**
 * pg_loop_push() - send what is held
 * @loop: frames[head] and the held - 1 behind it are to be sent
 * @now: time stamp counter
 *
 * What the ring does not take is still held afterwards.
 * Context: the environment's thread; the inner loop.
 * Source: none
 */
void pg_loop_push(struct pg_loop *loop, uint64_t now);

/**
 * pg_loop_end() - from now on frames stay where they are received; what is held is freed
 * @loop: initialised
 *
 * Context: the environment's thread; does not block.
 * Source: none
 */
void pg_loop_end(struct pg_loop *loop);

#endif
