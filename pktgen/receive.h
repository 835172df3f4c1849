/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Receiving: one receiver per port and queue, in the cheapest way that answers what is asked: count
 * frames without looking into them, read signatures, compare bytes, keep frames in a file, send
 * them back.
 */
#ifndef PKTGEN_RECEIVE_H
#define PKTGEN_RECEIVE_H

#include "pktgen/loop.h"
#include "pktgen/plan.h"
#include "pktgen/shared.h"

struct pg_dump;
struct rte_mempool;

struct pg_receiver {
    uint32_t (*poll)(struct pg_receiver *r, uint64_t now);
    struct pg_port_count *count;
    struct rte_mempool *pool; /* NULL: buffers come from several */
    uint16_t port_id, queue;
    uint16_t number; /* of the port in the plan */
    uint16_t magic;
    uint64_t next_tsc; /* not looked at before, if only counted */
    uint32_t payload;  /* where the last signature was */
    bool check;
    bool is_on; /* a trial runs: what comes is counted for it */
    struct pg_shared *shared;
    const struct pg_plan *plan;
    struct pg_loop loop;
    struct pg_dump *dump;
    uint64_t dump_base_ns; /* time of day at counter 0 */
    double ns_per_tick;
};

/**
 * pg_receiver_init() - choose how frames of one queue are received
 * @r: result
 * @plan: borrowed
 * @number: the port's place in the plan
 * @ports: of the plan; this one, and in a loop the one it goes back to, are open
 * @queue: below the port's queues
 * @shared: counters, borrowed
 * @dump: where frames go, borrowed; NULL for nowhere
 *
 * Context: the environment's thread.
 * Source: none
 */
void pg_receiver_init(struct pg_receiver *r, const struct pg_plan *plan, uint32_t number,
                      const struct pg_port *ports, uint16_t queue, struct pg_shared *shared,
                      struct pg_dump *dump);

/**
 * pg_receiver_poll() - take what came
 * @r: initialised
 * @now: time stamp counter
 *
 * Return: frames taken.
 * Context: the environment's thread; the inner loop.
 * Source: none
 */
static inline uint32_t pg_receiver_poll(struct pg_receiver *r, uint64_t now)
{
    return r->poll(r, now);
}

#endif
