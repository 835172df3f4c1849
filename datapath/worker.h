/* SPDX-License-Identifier: BSD-3-Clause
 *
 * One worker: the thread, what it owns, and the loop. Private to datapath/.
 *
 * A receive queue is either polled or armed. Polled: the worker visits it in every round. Armed:
 * the sender signals the queue's event_fd, an edge in the worker's epoll set, which makes it polled
 * again. A polled queue may have to wait for a while: its limit is used up, or its last burst met a
 * full receiver. When every polled queue waits, or none is left, the worker sleeps.
 */
#ifndef DATAPATH_WORKER_H
#define DATAPATH_WORKER_H

#include "datapath/forward.h"
#include "datapath/learn.h"
#include "datapath/view.h"

#include <pthread.h>
#include <semaphore.h>

/* One receive queue. Its worker writes it, but for the fields marked control. */
struct rxq_state {
    struct port_rxq *q;
    uint16_t worker;        /* control: who serves it */
    bool moving;            /* control: nobody serves it for a moment */
    _Atomic int watched_fd; /* control: in the worker's epoll set; -1 = none */

    uint64_t polled_in;     /* number of the view in whose poll list it is; 0 = armed */
    uint64_t wait_until_ns; /* not visited before; 0 = need not wait */
    struct port_txq *full;  /* ends the wait early once it has room; NULL = nothing ends it */
    uint64_t last_frame_ns; /* when it last gave a frame */
    uint64_t armed_ns;      /* when it was last armed */
    uint64_t spin_ns;       /* how long to poll it in vain; adapts */
    uint8_t narrow;         /* how often a visit is halved, see forward.c; adapts */
    struct last_source last_source;
    struct offer_credit offers;

    uint64_t pkts, bytes, bursts, polls, empty_polls, throttled, held_back, sleeping;
} cache_aligned;

enum injection_state { INJECTION_FREE, INJECTION_READY, INJECTION_TAKEN };

/* A frame that control wants treated as received. */
struct injection {
    _Atomic uint8_t state; /* control: free to ready, and back if the port goes; worker: the rest */
    uint16_t port;
    uint16_t bytes;
    uint8_t frame[FRAME_HEAD_BYTES];
};

/* Why frames of one tenant were dropped on ports that are nobody's. */
struct tenant_drops {
    uint64_t drops[DROP_COUNT];
};

#define WORKER_INJECTIONS 16
#define WORKER_CHANGES    64

struct worker {
    struct datapath *dp;
    uint16_t id;
    int cpu; /* -1 = not pinned */
    int epoll_fd;
    int wake_fd; /* eventfd in the epoll set: look at everything anew */
    pthread_t thread;
    sem_t ready; /* posted once thread_init has run */
    int (*thread_init)(uint16_t worker);
    int init_result;
    bool started;
    _Atomic bool stop;
    _Atomic bool never_sleep;

    const struct view *view; /* valid only when view_number is that of the view in force */
    uint64_t view_number;
    struct rxq_state **polled; /* queues to visit; room for every queue there can be */
    uint32_t polled_count;
    struct rxq_state **served; /* of this round: those that gave frames */
    uint32_t received;         /* by the round before */
    uint64_t next_epoll_ns;
    struct forward forward;

    struct dp_counters *port;    /* by port index */
    struct tenant_drops *tenant; /* by tenant; of uplinks only */
    uint64_t pkts, bursts, cycles_busy, sleeps, wakeups, slept_ns;

    struct offer_ring offers;
    /* Queues of this worker to look at anew: control puts them where there is NULL, and takes them
     * away before they are moved or freed; the worker takes them at a wake-up. */
    _Atomic(struct rxq_state *) changed[WORKER_CHANGES];
    _Atomic bool all_changed; /* there was no room for one */
    struct injection injection[WORKER_INJECTIONS];
    struct rxq_state injected; /* stands for the queue that an injected frame did not come by */
} cache_aligned;

/**
 * worker_init() - allocate a worker
 * @w: zeroed
 * @dp: its packet path; max_ports and max_queues are set
 * @id: its number
 *
 * Return: 0 or negative errno; worker_fini() in both cases.
 * Context: control.
 * Source: none
 */
int worker_init(struct worker *w, struct datapath *dp, uint16_t id);
void worker_fini(struct worker *w);

/**
 * worker_poll_once() - visit every polled queue once
 * @w: the worker
 * @now_ns: time
 * @ret_wake_ns: when nothing is left to poll: the time until which the worker may sleep
 * (UINT64_MAX: until an event); 0 while something is polled
 *
 * Return: frames received.
 * Context: worker; does not block.
 * Source: none
 */
uint32_t worker_poll_once(struct worker *w, uint64_t now_ns, uint64_t *ret_wake_ns);

/* Make a worker look at its view, its changed queues and its injections. Control. */
void worker_wake(struct worker *w);

/* Make a worker look at one of its queues, which may be live and ready now. Control. */
void worker_change(struct worker *w, struct rxq_state *rs);

/* The queue is about to be moved or freed: forget worker_change(). Control, before a grace period.
 */
void worker_unchange(struct worker *w, struct rxq_state *rs);

/* The port goes: what was injected for it and not taken yet is not to be taken any more. Control,
 * when no worker knows the port. */
void worker_cancel_injections(struct worker *w, uint16_t port);

/**
 * worker_start() - start the thread
 * @w: initialised; a view is in force
 * @thread_init: see dp_start()
 *
 * Return: 0, the result of @thread_init, or negative errno of pthread_create(3).
 * Context: control; blocks until the thread runs.
 * Source: none
 */
int worker_start(struct worker *w, int (*thread_init)(uint16_t worker));

/* End the thread; started or not. Control; blocks for one burst. */
void worker_stop(struct worker *w);

#endif
