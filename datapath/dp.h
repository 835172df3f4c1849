/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The inside of struct datapath. Private to datapath/; control writes everything here unless a
 * field says otherwise.
 */
#ifndef DATAPATH_DP_H
#define DATAPATH_DP_H

#include "base/log.h"
#include "datapath/datapath.h"
#include "datapath/retire.h"
#include "datapath/worker.h"

/* What a port index stands for, from attach to the grace period after detach. */
struct port_state {
    struct port *port;     /* NULL = free */
    struct rxq_state *rxq; /* by queue */
    uint64_t next_limit_notice_ns;
    struct limit in, out;
    struct bucket flood[DP_FLOOD_COUNT];
    struct bucket *flood_of_tenant; /* once it was an uplink: DP_FLOOD_COUNT for each tenant */
};

struct tenant_state {
    struct limit in, out;
    struct log_limit changes; /* notices of addresses that are new or moved */
};

struct domain_state {
    struct limit limit;
    uint16_t tenant;
};

struct capture_set;

struct datapath {
    struct dp_params params;
    int event_fd;
    _Atomic bool event_pending; /* any thread: event_fd was written and not yet read */

    _Atomic(struct view *) view; /* read by workers */
    struct retire retire;
    struct fdb *fdb; /* read by workers */
    uint32_t ageing_s;
    uint64_t next_age_ns;

    _Atomic(struct capture_set *) *captures; /* by port index; NULL = none; read by workers */
    uint16_t capture_count;

    struct port_state *port;
    struct tenant_state *tenant;
    struct domain_state *domain;
    uint64_t view_number;

    struct dp_counters removed; /* of ports that were detached */
    uint64_t notices_suppressed;
    struct worker worker[DP_WORKERS_MAX];
};

/**
 * dp_signal() - make dp_event_fd() readable
 * @dp: the packet path
 *
 * Context: any thread; does not block.
 * Source: none
 */
void dp_signal(struct datapath *dp);

/**
 * dp_swap_view() - put a view in force, wake the workers and retire the view before
 * @dp: the packet path
 * @view: owned by @dp from now on
 *
 * Context: control; does not block.
 * Source: RCU
 */
void dp_swap_view(struct datapath *dp, struct view *view);

/**
 * dp_swap_services() - the same topology, served as the queues' `worker` and `moving` say now
 * @dp: the packet path
 *
 * Ends the process when memory is exhausted: half a move cannot be taken back.
 * Context: control; does not block.
 * Source: none
 */
void dp_swap_services(struct datapath *dp);

/* Give a new port's queues to the least loaded workers. Control. */
void place_queues(struct datapath *dp, struct port_state *ps);

/* Make the worker's epoll set follow the queue's event_fd. Control. */
void place_watch(struct datapath *dp, struct rxq_state *rs);

#endif
