/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Grace periods: run something on control when no worker can remember what it saw before. Workers
 * report a quiescent state between two bursts and are offline while they sleep.
 */
#ifndef DATAPATH_RETIRE_H
#define DATAPATH_RETIRE_H

#include "base/base.h"

#include <rte_rcu_qsbr.h>

struct retire_entry {
    uint64_t token;
    void (*done)(void *arg);
    void *arg;
};

struct retire {
    struct rte_rcu_qsbr *qsbr;
    struct retire_entry *entry; /* a ring of `size` entries, oldest at `head` */
    uint32_t size, head, count;
};

/**
 * retire_init() - prepare for a number of workers
 * @r: zeroed
 * @workers: threads that will report
 *
 * Return: 0 or -ENOMEM.
 * Context: control.
 * Source: rte_rcu_qsbr_init()
 */
int retire_init(struct retire *r, uint16_t workers);
void retire_fini(struct retire *r);

/**
 * retire_add() - start a grace period
 * @r: from retire_init()
 * @done: runs from retire_run(), in the order of retire_add()
 * @arg: handed to @done
 *
 * Ends the process when memory is exhausted: a grace period that is lost would be a use after free.
 * Context: control; does not block.
 * Source: rte_rcu_qsbr_start()
 */
void retire_add(struct retire *r, void (*done)(void *arg), void *arg);

/**
 * retire_run() - call back for the grace periods that have ended
 * @r: from retire_init()
 *
 * Return: true when some are still under way.
 * Context: control; does not block.
 * Source: rte_rcu_qsbr_check()
 */
bool retire_run(struct retire *r);

/* The worker's side. A worker is offline until it says that it is online. */
static inline void retire_worker_online(struct retire *r, uint16_t worker)
{
    rte_rcu_qsbr_thread_online(r->qsbr, worker);
}

static inline void retire_worker_offline(struct retire *r, uint16_t worker)
{
    rte_rcu_qsbr_thread_offline(r->qsbr, worker);
}

static inline void retire_worker_quiescent(struct retire *r, uint16_t worker)
{
    rte_rcu_qsbr_quiescent(r->qsbr, worker);
}

#endif
