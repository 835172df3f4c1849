/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The private form of a port of this type, shared by its life cycle (dpdk_port.c, dpdk_life.c) and
 * its bursts (dpdk_io.c).
 *
 * States, all decided on the control thread:
 *
 *   no device   -- once a second: open --> device, published to workers
 *   device      -- now and then, and after an event: look --> still there, link, statistics
 *   leg left    -- grace period --> it may be closed, at the next look
 *   device gone -- unpublish, grace period, close --> no device
 *
 * One job at a time is on its way (`busy`): a look or opening on the helper, a grace period, a
 * closing. stop() waits for it.
 */
#ifndef DPDK_DPDK_PORT_H
#define DPDK_DPDK_PORT_H

#include "dpdk/dpdk_device.h"

struct dpdk_queue {
    /* the worker of the receive queue */
    struct rte_mbuf *mbuf[BURST_FRAMES] cache_aligned; /* of the last burst of the device */
    uint16_t first;                                    /* lent to the switch: first .. next - 1 */
    uint16_t next;                                     /* not yet looked at: next .. count - 1 */
    uint16_t count;
    int timer_fd;     /* for devices without interrupts */
    uint64_t wait_ns; /* how long it will wait next; grows while nothing comes */
    uint64_t backup_drops;
} cache_aligned;

/* What control hands to the helper and gets back. */
struct dpdk_job {
    struct dpdk_config config;  /* in */
    uint16_t queues;            /* in: those that the port has; 0 = it is being made */
    struct dpdk_device *device; /* in: open or NULL; out: opened, when it was NULL */
    bool set_link;              /* in: show config.up to the other end */
    bool gone;                  /* out: the device has to be closed */
    bool left;                  /* out: a leg left its bond, a grace period is due */
    struct dpdk_status status;  /* in: the last one; out */
    struct vsw_err err;         /* code 0: all is as wanted */
};

struct dpdk_port {
    struct port port;
    struct dpdk_queue *queue;             /* as many as queue pairs */
    _Atomic(struct dpdk_device *) active; /* what workers use; NULL = none */
    _Atomic uint64_t poll_max_ns;

    /* control, and the helper before start and after stop */
    struct dpdk_device *device;
    struct dpdk_config want;
    bool stopping, workers_gone;
    bool busy;
    bool again;   /* look once more when the job is done */
    bool changed; /* `up` is newer than what was shown to the other end */
    struct port_timer *timer;
    int watch_fd; /* changes of the kernel's interfaces; -1 = none */
    struct port_watch *watch;
    struct dpdk_job job;
    struct dpdk_status status;
    struct rte_eth_stats before; /* of earlier devices of this port */
    struct vsw_err error;        /* code 0: works */
    void (*stop_done)(void *arg);
    void *stop_arg;
} cache_aligned;

static inline struct dpdk_port *dpdk_port_of(const struct port *port)
{
    return container_of(port, struct dpdk_port, port);
}

/* dpdk_life.c: control. See port_type in port/port.h. */
int dpdk_life_start(struct port *port, struct vsw_err *err);
void dpdk_life_stop(struct port *port, void (*done)(void *arg), void *arg);
int dpdk_life_can_configure(const struct port *port, const struct port_config *config);
int dpdk_life_configure(struct port *port, const struct port_config *config, struct vsw_err *err);
void dpdk_life_attention(struct port *port);

/* dpdk_life.c: helper. Open the device when there is none, look at it. */
void dpdk_job_run(struct dpdk_job *job);

/* dpdk_io.c: workers. */
void dpdk_rx(struct port_rxq *q, struct burst *b);
void dpdk_rx_done(struct port_rxq *q, struct burst *b);
bool dpdk_rx_arm(struct port_rxq *q);
void dpdk_rx_disarm(struct port_rxq *q);
void dpdk_tx(struct port_txq *q, struct tx_item *items, uint16_t count);
bool dpdk_tx_room(struct port_txq *q);

/* Queues' memory and timers; 0 or a negative errno. Helper. */
int dpdk_queues_init(struct dpdk_port *dpdk);
void dpdk_queues_fini(struct dpdk_port *dpdk);
/* Give back what was received from a device that goes. Helper; no worker knows the device. */
void dpdk_queues_flush(struct dpdk_port *dpdk);

#endif
