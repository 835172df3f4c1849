/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The packet path as control sees it. Everything here is for the control thread unless a function
 * says otherwise, and nothing here blocks but dp_create, dp_start and dp_stop.
 *
 * Control describes what it wants as a whole (`struct dp_spec`) and publishes it; workers see the
 * new description at their next burst. Ports, tenants and domains are named by dense numbers that
 * control gives out; counters, token buckets and FDB entries live on across publications, keyed by
 * them.
 *
 * A number may be given to something else only after dp_retire() has called back since it was last
 * published, and after dp_fdb_flush() for it.
 */
#ifndef DATAPATH_DATAPATH_H
#define DATAPATH_DATAPATH_H

#include "base/err.h"
#include "base/mac.h"
#include "port/port.h"
#include "vlan/vlan.h"

struct datapath;

#define DP_WORKERS_MAX 64
#define DP_NONE        0xffff

/* Something the packet path noticed and an operator may want to know. */
enum dp_notice_kind {
    DP_NOTICE_MAC_LEARNED,
    DP_NOTICE_MAC_MOVED,   /* port2 = where it was */
    DP_NOTICE_MAC_EVICTED, /* port = who lost it */
    DP_NOTICE_MAC_LIMIT,   /* port = who is at its limit */
};

/* A guest can make any number of addresses. Of what is learned and moved this many are told for
 * each tenant at once, and in a second afterwards; of what a limit does one in a second for each
 * port. */
#define DP_NOTICES_BURST 1000
#define DP_NOTICES_PER_S 100

struct dp_notice {
    enum dp_notice_kind kind;
    uint16_t domain;
    uint16_t port;
    uint16_t port2; /* DP_NONE where it has no meaning */
    struct mac mac;
    uint64_t suppressed; /* learned and moved in this tenant since the last that was told */
};

struct dp_params {
    uint16_t workers;     /* 1..DP_WORKERS_MAX */
    const int *cpus;      /* one per worker, or NULL: not pinned */
    uint16_t max_ports;   /* port indices 0..max_ports-1 */
    uint16_t max_domains; /* domains 1..max_domains */
    uint16_t max_tenants; /* tenant indices 0..max_tenants-1 */
    uint32_t fdb_max;     /* entries */
    uint32_t spin_us;     /* longest spin before a worker sleeps; the spin adapts below it */
    bool never_sleep;
    void (*notice)(void *arg, const struct dp_notice *notice); /* may be NULL */
    void *notice_arg;
};

/* 0 = unlimited. Bits and frames are those of a wire: GSO counts as its segments. */
struct dp_limit_spec {
    uint64_t bps;
    uint64_t pps;
    uint64_t burst_bytes; /* 0 = chosen from the rate */
};

enum dp_transparent {
    DP_TRANSPARENT_NONE, /* 01:80:c2:00:00:00..0f are dropped */
    DP_TRANSPARENT_LLDP, /* those with EtherType LLDP pass */
    DP_TRANSPARENT_ALL,  /* all pass but MAC control frames (PAUSE) */
};

enum dp_flood { DP_FLOOD_BROADCAST, DP_FLOOD_MULTICAST, DP_FLOOD_UNKNOWN, DP_FLOOD_COUNT };

struct dp_tenant_spec {
    uint16_t tenant;
    struct dp_limit_spec in, out; /* over all its ports: what they send, what they receive */
    uint32_t max_fdb;             /* 0 = unlimited */
};

struct dp_member_spec {
    uint16_t port;
    struct vlan_out out;
};

struct dp_domain_spec {
    uint16_t domain;
    uint16_t tenant;
    enum dp_transparent transparent;
    struct dp_limit_spec limit;
    const struct dp_member_spec *members; /* in any order, each port once */
    uint16_t member_count;
};

struct dp_port_spec {
    uint16_t port;
    uint16_t tenant;      /* DP_NONE = belongs to none and, but for an uplink, carries nothing */
    struct vlan_map vlan; /* with what it points to copied */
    bool isolated;
    bool transit; /* an uplink: frames may go on to other uplinks */
    bool up;      /* administratively; a port that is down takes and gives nothing */
    struct dp_limit_spec in, out;
    uint64_t flood_pps[DP_FLOOD_COUNT]; /* 0 = unlimited; of an uplink: for each tenant */
    uint32_t max_fdb;                   /* 0 = learns none */
};

/* All borrowed for the duration of dp_publish(). */
struct dp_spec {
    const struct dp_tenant_spec *tenants;
    const struct dp_domain_spec *domains;
    const struct dp_port_spec *ports;
    uint16_t tenant_count, domain_count, port_count;
    uint32_t fdb_ageing_s;     /* 0 = never */
    uint32_t fdb_max;          /* entries, up to that of dp_params; 0 = that */
    uint64_t spinning_workers; /* bit i: worker i never sleeps */
};

/**
 * dp_create() - allocate the packet path; no thread yet
 * @params: copied
 * @ret_dp: owned by the caller, dp_destroy()
 * @err: filled on failure
 *
 * Return: 0, -ENOMEM, -EMFILE.
 * Context: control before anything else; may block.
 * Source: none
 */
int dp_create(const struct dp_params *params, struct datapath **ret_dp, struct vsw_err *err);

/**
 * dp_start() - start the worker threads
 * @dp: from dp_create(); tests that step workers themselves do not call this
 * @thread_init: called first on each new thread, e.g. to register it with DPDK; may be NULL.
 *               A negative return ends the start.
 * @err: filled on failure
 *
 * Return: 0 or negative errno.
 * Context: control; blocks until all threads run.
 * Source: none
 */
int dp_start(struct datapath *dp, int (*thread_init)(uint16_t worker), struct vsw_err *err);

/**
 * dp_stop() - end the worker threads
 * @dp: started or not
 *
 * Context: control; blocks for one burst. Callbacks of dp_retire() that are due run from here.
 * Source: none
 */
void dp_stop(struct datapath *dp);

/**
 * dp_destroy() - free everything
 * @dp: stopped, no ports, no captures; NULL is fine
 *
 * Context: control.
 * Source: none
 */
void dp_destroy(struct datapath *dp);

/**
 * dp_event_fd() - readable when dp_service() has work
 * @dp: the packet path
 *
 * Return: an eventfd; owned by @dp, dp_service() reads it.
 * Context: control; does not block.
 * Source: none
 */
int dp_event_fd(const struct datapath *dp);

/**
 * dp_service() - learn, age, end grace periods
 * @dp: the packet path
 * @now_ns: time
 *
 * A bounded slice of work. Callbacks of dp_retire() and notices run from here.
 *
 * Return: time at which it wants to be called again even without an event; UINT64_MAX: none.
 * Context: control; does not block.
 * Source: none
 */
uint64_t dp_service(struct datapath *dp, uint64_t now_ns);

/**
 * dp_retire() - call back when no worker can remember anything from before this call
 * @dp: the packet path
 * @done: runs on control, from dp_service(); never from inside this call
 * @arg: handed to @done
 *
 * Cannot fail: memory for it is taken up front, in blocks, and the process ends when there is none.
 * Context: control; does not block.
 * Source: RCU; rte_rcu_qsbr_start() and rte_rcu_qsbr_check()
 */
void dp_retire(struct datapath *dp, void (*done)(void *arg), void *arg);

/**
 * dp_port_attach() - make a port known; gives it no network and no place in a view
 * @dp: the packet path
 * @port: prepared, not started; port->index is set to @index
 * @index: below max_ports and free
 *
 * Its receive queues are spread over the workers, least loaded first.
 *
 * Return: 0, -ENOSPC for an index out of range, -EBUSY when the index is taken.
 * Context: control; does not block.
 * Source: none
 */
int dp_port_attach(struct datapath *dp, struct port *port, uint16_t index);

/**
 * dp_port_detach() - forget a port
 * @dp: the packet path
 * @port: stopped, and absent from the published spec
 *
 * Its counters are added to those of removed ports, so that sums stay exact.
 * Context: control; does not block. No worker knows the port after the next dp_retire() callback.
 * Source: none
 */
void dp_port_detach(struct datapath *dp, struct port *port);

/**
 * dp_publish() - make the packet path follow a new description
 * @dp: the packet path
 * @spec: complete; numbers refer to attached ports; borrowed
 *
 * All or nothing: frames are handled by the old or by the new description, never by a mixture.
 * Rates change in place, without giving a new burst.
 *
 * Return: 0, or -ENOMEM with the old description in force.
 * Context: control; does not block.
 * Source: none
 */
int dp_publish(struct datapath *dp, const struct dp_spec *spec);

/**
 * dp_rxq_changed() - a receive queue's event_fd or live flag changed
 * @dp: the packet path
 * @q: of an attached port
 *
 * Context: control; does not block. For struct port_host.
 * Source: none
 */
void dp_rxq_changed(struct datapath *dp, struct port_rxq *q);

/**
 * dp_inject() - treat bytes as a frame that a port received
 * @dp: the packet path
 * @port: attached
 * @frame: copied
 * @bytes: VLAN_ETH_BYTES to FRAME_HEAD_BYTES
 *
 * Return: 0, -EINVAL for a wrong size, -EAGAIN when too many wait.
 * Context: control; does not block. For struct port_host.
 * Source: vhost-user SEND_RARP
 */
int dp_inject(struct datapath *dp, struct port *port, const void *frame, size_t bytes);

/**
 * dp_queue_move() - hand a receive queue to another worker while traffic runs
 * @dp: the packet path
 * @port: attached
 * @queue: below port->queue_pairs
 * @worker: its new worker
 * @done: called on control when the new worker has it; may be NULL
 * @arg: handed to @done
 *
 * Return: 0, -EINVAL for a number out of range, -EBUSY while the queue is being moved.
 * Context: control; does not block.
 * Source: none
 */
int dp_queue_move(struct datapath *dp, struct port *port, uint16_t queue, uint16_t worker,
                  void (*done)(void *arg), void *arg);

/**
 * dp_tenant_forget() - a tenant's number is about to be free
 * @dp: the packet path
 * @tenant: absent from the published spec since before the last grace period
 *
 * Context: control; does not block.
 * Source: none
 */
void dp_tenant_forget(struct datapath *dp, uint16_t tenant);

/* Which worker serves a receive queue. */
uint16_t dp_queue_worker(const struct datapath *dp, const struct port *port, uint16_t queue);

/* ---- counters ----------------------------------------------------------------------------------
 */

/* Of one port. While workers run a sum may be a burst behind; it is exact once they are quiescent:
 *   rx_pkts = unicast + flooded + sum of FRAME-stage drops
 *   copies  = tx_pkts + sum of COPY-stage drops */
struct dp_counters {
    uint64_t rx_pkts, rx_bytes;
    uint64_t rx_wire_pkts, rx_wire_bytes; /* GSO counted as its segments */
    uint64_t unicast, flooded;
    uint64_t copies;
    uint64_t tx_pkts, tx_bytes;
    uint64_t tx_wire_pkts, tx_wire_bytes;
    uint64_t completed; /* copies finished in software */
    uint64_t cycles;    /* TSC cycles of bursts received from this port */
    uint64_t drops[DROP_COUNT];
};

struct dp_queue_counters {
    uint64_t pkts, bytes, bursts, polls, empty_polls, throttled, held_back;
    uint64_t out_pkts, out_bytes; /* of the transmit queue of the same number */
    uint16_t worker;
    bool sleeping; /* armed: waiting for an event */
};

struct dp_worker_counters {
    uint64_t pkts, bursts, cycles_busy, sleeps, wakeups, slept_ns;
    uint32_t queues; /* receive queues it serves */
    int cpu;         /* -1 = not pinned */
    bool never_sleep;
};

/**
 * dp_port_counters() - sum of all workers for one port
 * @dp: the packet path
 * @port: index of an attached port; DP_NONE = the sum of ports that were removed
 * @ret: filled
 *
 * Context: control; does not block.
 * Source: none
 */
void dp_port_counters(const struct datapath *dp, uint16_t port, struct dp_counters *ret);

/* One receive queue of an attached port: frames, polls, who serves it. */
void dp_queue_counters(const struct datapath *dp, const struct port *port, uint16_t queue,
                       struct dp_queue_counters *ret);

/* Why frames and copies of one tenant were dropped on uplinks, which are no port of his. Adds to
 * @drops, DROP_COUNT numbers. Control; does not block. */
void dp_tenant_add_uplink_drops(const struct datapath *dp, uint16_t tenant, uint64_t *drops);

/* What one worker did, over all ports: as dp_port_counters(). Control; does not block. */
void dp_worker_sums(const struct datapath *dp, uint16_t worker, struct dp_counters *ret);

/* One worker: frames, bursts, sleep, cycles. Control; does not block. */
void dp_worker_counters(const struct datapath *dp, uint16_t worker, struct dp_worker_counters *ret);

/**
 * dp_counters_balanced() - do the two equations above hold?
 * @c: from dp_port_counters() while no frame is under way
 *
 * Return: true when they do.
 * Context: any thread; does not block.
 * Source: none
 */
bool dp_counters_balanced(const struct dp_counters *c);

/* ---- FDB ----------------------------------------------------------------------------------------
 */

struct dp_fdb_row {
    uint16_t domain;
    uint16_t port;
    struct mac mac;
    bool is_static;
    uint32_t age_s;
};

/* Fields that are DP_NONE match everything. */
struct dp_fdb_filter {
    uint16_t domain, port, tenant;
    bool also_static; /* static entries too: their port, network or tenant is going away */
};

/* Add a static entry; replaces a learned one. 0, -EEXIST another static one, -ENOSPC. */
int dp_fdb_add(struct datapath *dp, uint16_t domain, const struct mac *mac, uint16_t port);
/* Remove one entry, static or learned. 0 or -ENOENT. */
int dp_fdb_del(struct datapath *dp, uint16_t domain, const struct mac *mac);
/* Remove the entries that match; returns how many. */
uint32_t dp_fdb_flush(struct datapath *dp, const struct dp_fdb_filter *filter);
/* Call cb for each entry, in no order, until it returns false. */
void dp_fdb_each(const struct datapath *dp, uint64_t now_ns,
                 bool (*cb)(void *arg, const struct dp_fdb_row *row), void *arg);
/* Entries in all, and of one. */
uint32_t dp_fdb_count(const struct datapath *dp);
uint32_t dp_fdb_port_count(const struct datapath *dp, uint16_t port);
uint32_t dp_fdb_tenant_count(const struct datapath *dp, uint16_t tenant);
uint32_t dp_fdb_domain_count(const struct datapath *dp, uint16_t domain);
/* Notices that were too many to be given. */
uint64_t dp_notices_suppressed(const struct datapath *dp);

#endif
