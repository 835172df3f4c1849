/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The private form of a netdev port, shared by its life cycle (netdev_port.c, netdev_life.c,
 * netdev_job.c) and its bursts (netdev_io.c).
 *
 * States, all decided on the control thread:
 *
 *   no device   -- the kernel tells of the interface, or a second has passed: open --> device
 *   device      -- the kernel tells of the interface: look --> up, down, renamed, other MTU, gone
 *   device gone -- unpublish, grace period, close --> no device
 *
 * One job at a time is on its way (`busy`): a look or opening on the helper, a grace period, a
 * closing. stop() waits for it.
 */
#ifndef NETDEV_NETDEV_PORT_H
#define NETDEV_NETDEV_PORT_H

#include "base/netns.h"
#include "netdev/netdev_device.h"

/* Where the interface is looked for. The socket is in the namespace, so both go together. */
struct netdev_place {
    struct netns netns;
    struct nl_sock *events; /* what the kernel tells of interfaces there; read by control */
};

/* What control hands to the helper and gets back. */
struct netdev_job {
    struct netdev_config config;  /* in */
    uint16_t queues_max;          /* in */
    const char *run_dir;          /* in: of the daemon */
    bool apply;                   /* in: make the device as wanted; a new device always is */
    struct netdev_place *place;   /* in: open or NULL; out: opened, when it was NULL */
    struct netdev_device *device; /* in: open or NULL; out: opened, when it was NULL */
    bool gone;                    /* out: the interface is not there */
    bool lost;                    /* out: nor is its namespace, and place is to be closed */
    bool final;                   /* out: nor will it ever be: its process has ended */
    struct netdev_link link;      /* out, unless gone */
    struct vsw_err err;           /* code 0: all is as wanted */
};

/* Counters of the kernel, of all devices this port had. */
struct netdev_totals {
    uint64_t count[NETDEV_COUNTS];
    uint64_t kernel_drops;
    uint64_t bad_descs;
    uint64_t kick_errors;
};

struct netdev_port {
    struct port port;
    _Atomic(struct netdev_device *) active; /* what workers use; NULL = none */

    /* control, and the helper before start and after stop */
    struct netdev_device *device;
    struct netdev_place *place;
    struct netdev_config want;
    struct port_watch *watch; /* of the place */
    struct port_timer *timer;
    bool stopping, workers_gone;
    bool hopeless; /* cannot come back */
    bool busy;
    bool again;   /* the kernel said something while we were busy */
    bool changed; /* want is newer than what was applied last */
    struct netdev_job job;
    struct netdev_link link; /* as of the last look */
    struct netdev_totals before;
    struct vsw_err error; /* code 0: works */
    void (*stop_done)(void *arg);
    void *stop_arg;
} cache_aligned;

static inline struct netdev_port *netdev_port_of(const struct port *port)
{
    return container_of(port, struct netdev_port, port);
}

/* netdev_life.c: control. See port_type in port/port.h. */
int netdev_life_start(struct port *port, struct vsw_err *err);
void netdev_life_stop(struct port *port, void (*done)(void *arg), void *arg);
int netdev_life_can_configure(const struct port *port, const struct port_config *config);
int netdev_life_configure(struct port *port, const struct port_config *config, struct vsw_err *err);

/* netdev_job.c: helper. Find the interface, open the device when there is none, look at it. */
void netdev_job_run(struct netdev_job *job);
/* Close a device in its namespace; NULL is fine. */
void netdev_device_close_in(struct netdev_device *dev, const struct netdev_place *place);
/* Any thread; NULL is fine. */
void netdev_place_close(struct netdev_place *place);

/* netdev_port.c: add what the kernel has counted for @dev. */
void netdev_totals_add(struct netdev_totals *totals, struct netdev_device *dev);

/* netdev_io.c: workers. */
void netdev_rx(struct port_rxq *q, struct burst *b);
void netdev_rx_done(struct port_rxq *q, struct burst *b);
bool netdev_rx_arm(struct port_rxq *q);
void netdev_rx_disarm(struct port_rxq *q);
void netdev_tx(struct port_txq *q, struct tx_item *items, uint16_t count);
bool netdev_tx_room(struct port_txq *q);

#endif
