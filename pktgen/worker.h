/* SPDX-License-Identifier: BSD-3-Clause
 *
 * One process's share of a run: its ports, the senders and receivers on them, and the loop that
 * gives each its turn. All that it learns it leaves in the shared counters.
 */
#ifndef PKTGEN_WORKER_H
#define PKTGEN_WORKER_H

#include "pktgen/plan.h"
#include "pktgen/receive.h"
#include "pktgen/send.h"
#include "pktgen/shared.h"

struct pg_worker {
    const struct pg_plan *plan;
    struct pg_shared *shared;
    unsigned number, team; /* workers count from 0, which is the leader's */
    struct pg_port *ports; /* by number in the plan; open if they are this worker's */
    struct pg_dump **dumps;
    struct pg_sender *senders;
    uint32_t sender_count;
    struct pg_receiver *receivers;
    uint32_t receiver_count;
    void (*tick)(void *ctx, uint64_t now); /* the leader's, between turns; NULL for others */
    void *tick_ctx;
    bool has_env;
};

/* Whose a port is: neighbours stay together, so that pairs do. */
unsigned pg_worker_of_port(const struct pg_plan *plan, unsigned team, uint32_t port);

/**
 * pg_worker_open() - start the environment, open the ports, make the frames
 * @w: plan, shared, number and team are set, all else is zero
 * @err: reason
 *
 * Return: 0, or what pg_env_start(), pg_port_open() and pg_sender_init() return.
 * Context: once per process; blocks until peers are there.
 * Source: none
 */
int pg_worker_open(struct pg_worker *w, struct vsw_err *err);

/**
 * pg_worker_learn() - make the addresses of all streams known to what is between the ports
 * @w: open
 *
 * A peer that takes no frames is warned of once.
 * Context: as pg_worker_open(); blocks: 20 us for each of many addresses, the plan's wait_ms for
 * each port that nobody serves.
 * Source: IEEE 802.1Q clause 8.7
 */
void pg_worker_learn(struct pg_worker *w);

/**
 * pg_worker_trial() - send and receive as the shared order says
 * @w: open
 *
 * Context: as pg_worker_open(); returns when the leader says that nothing can come any more.
 * Source: none
 */
void pg_worker_trial(struct pg_worker *w);

/**
 * pg_worker_poll() - let every receiver look once
 * @w: open
 *
 * Return: frames taken.
 * Context: the environment's thread; does not block.
 * Source: none
 */
uint32_t pg_worker_poll(struct pg_worker *w);

/**
 * pg_worker_close() - give all back
 * @w: also one that opened in part
 * @err: why a file of received frames is not complete
 *
 * Return: 0, or what pg_dump_close() returns.
 * Context: as pg_worker_open(); the last call.
 * Source: none
 */
int pg_worker_close(struct pg_worker *w, struct vsw_err *err);

#endif
