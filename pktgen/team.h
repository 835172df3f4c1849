/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The processes of a run. DPDK has 32 devices for each process; with more ports, several processes
 * share one core in turns: each runs its loop for some tens of microseconds, then hands over. The
 * first one is the leader: it gives orders and sees the counters of all.
 */
#ifndef PKTGEN_TEAM_H
#define PKTGEN_TEAM_H

#include "pktgen/shared.h"
#include "pktgen/worker.h"

struct pg_team {
    struct pg_worker leader; /* worker 0 */
    struct pg_shared *shared;
    size_t shared_bytes;
    int pids[PG_TEAM_MAX];
    unsigned size;
};

/**
 * pg_team_start() - make the processes and let all of them open their ports
 * @team: result, zeroed by the caller; pg_team_stop() also after a failure
 * @plan: borrowed until pg_team_stop()
 * @err: reason of the first that failed
 *
 * Return: 0, or what pg_worker_open() returns.
 * Context: main thread, the only one; blocks until peers are there.
 * Source: none
 */
int pg_team_start(struct pg_team *team, const struct pg_plan *plan, struct vsw_err *err);

/**
 * pg_team_do() - give an order to all, do the leader's part, wait for the others
 * @team: started
 * @order: what to do
 * @err: reason of the first that failed
 *
 * Return: 0, or what the worker returned; -ECHILD when a process died.
 * Context: main thread; blocks.
 * Source: none
 */
int pg_team_do(struct pg_team *team, const struct pg_order *order, struct vsw_err *err);

/**
 * pg_team_stop() - close ports, end the processes
 * @team: started, or not quite
 * @err: why a file of received frames is not complete
 *
 * Return: 0, or the first failure.
 * Context: main thread; blocks.
 * Source: none
 */
int pg_team_stop(struct pg_team *team, struct vsw_err *err);

#endif
