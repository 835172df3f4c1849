/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Which worker serves which receive queue: the first choice, and moving one while traffic runs.
 *
 * A move has two steps with a grace period between them, so that never two workers serve a queue: a
 * view in which nobody does, then one in which the new worker does. The new worker visits the queue
 * as soon as it sees that view, so no event can be lost on the way.
 */
#include "datapath/dp.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

struct queue_move {
    struct datapath *dp;
    struct rxq_state *rs;
    uint16_t worker;
    void (*done)(void *arg);
    void *arg;
};

/* What the workers serve already; @placing has no place yet. */
static void count_loads(const struct datapath *dp, const struct port_state *placing,
                        uint32_t *loads)
{
    for (uint16_t i = 0; i < dp->params.max_ports; i++) {
        const struct port_state *ps = &dp->port[i];

        if (ps->port == NULL || ps == placing)
            continue;
        for (uint16_t q = 0; q < ps->port->queue_pairs; q++)
            loads[ps->rxq[q].worker]++;
    }
}

void place_queues(struct datapath *dp, struct port_state *ps)
{
    uint32_t loads[DP_WORKERS_MAX] = {0};

    count_loads(dp, ps, loads);
    for (uint16_t q = 0; q < ps->port->queue_pairs; q++) {
        uint16_t best = 0;

        for (uint16_t i = 1; i < dp->params.workers; i++) {
            if (loads[i] < loads[best])
                best = i;
        }
        ps->rxq[q].worker = best;
        loads[best]++;
    }
}

void place_watch(struct datapath *dp, struct rxq_state *rs)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.ptr = rs};
    int fd = rs->moving ? -1 : atomic_load_explicit(&rs->q->event_fd, memory_order_acquire);
    int epoll_fd = dp->worker[rs->worker].epoll_fd;

    int watched_fd = atomic_load_explicit(&rs->watched_fd, memory_order_relaxed);

    /* Removing is done first and always: the number may by now mean another file. */
    if (watched_fd >= 0)
        (void)epoll_ctl(epoll_fd, EPOLL_CTL_DEL, watched_fd, NULL);
    atomic_store_explicit(&rs->watched_fd, -1, memory_order_relaxed);
    if (fd >= 0 && epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0)
        atomic_store_explicit(&rs->watched_fd, fd, memory_order_relaxed);
}

static void finish_move(void *arg)
{
    struct queue_move *m = arg;

    m->rs->worker = m->worker;
    m->rs->moving = false;
    place_watch(m->dp, m->rs);
    dp_swap_services(m->dp);
    if (m->done != NULL)
        m->done(m->arg);
    free(m);
}

int dp_queue_move(struct datapath *dp, struct port *port, uint16_t queue, uint16_t worker,
                  void (*done)(void *arg), void *arg)
{
    struct rxq_state *rs;
    struct queue_move *m;

    if (queue >= port->queue_pairs || worker >= dp->params.workers)
        return -EINVAL;
    rs = &dp->port[port->index].rxq[queue];
    if (rs->moving)
        return -EBUSY;
    m = calloc(1, sizeof(*m));
    if (m == NULL)
        return -ENOMEM;
    *m = (struct queue_move){.dp = dp, .rs = rs, .worker = worker, .done = done, .arg = arg};
    rs->moving = true;
    place_watch(dp, rs);
    worker_unchange(&dp->worker[rs->worker], rs);
    dp_swap_services(dp);
    dp_retire(dp, finish_move, m);
    return 0;
}

uint16_t dp_queue_worker(const struct datapath *dp, const struct port *port, uint16_t queue)
{
    return dp->port[port->index].rxq[queue].worker;
}
