/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The private form of a TAP port, shared by its life cycle (tap_port.c, tap_life.c) and its bursts
 * (tap_io.c).
 *
 * States, all decided on the control thread:
 *
 *   no device   -- once a second: open --> device, published to workers
 *   device      -- once a second, less often when nothing changes: look --> still there; after a
 *                  change, settings made as wanted
 *   device gone -- unpublish, grace period, close --> no device
 *
 * One job at a time is on its way (`busy`): a look or opening on the helper, a grace period, a
 * closing. stop() waits for it.
 */
#ifndef TAP_TAP_PORT_H
#define TAP_TAP_PORT_H

#include "tap/tap_kernel.h"

/* One receive queue's memory for frames. A burst ends when a longest frame would not fit any more;
 * pages that were never needed are never there. */
#define TAP_RX_ARENA_BYTES (512u * 1024)
/* Where a frame begins behind a cache line's start: the payload of TCP over IPv4 with timestamps,
 * behind 66 bytes of headers, is aligned when the kernel copies it. */
#define TAP_RX_FRAME_AT 62

/* Header, head and a short body are put together for one write; this is what it takes at most. */
#define TAP_TX_SHORT_BYTES 2048
/* Behind that: the body of a frame with very many segments is gathered. */
#define TAP_TX_SCRATCH_BYTES (TAP_TX_SHORT_BYTES + FRAME_MAX_BYTES)

struct tap_queue {
    /* the worker of the receive queue */
    uint8_t *arena cache_aligned;
    bool drained; /* the last read found nothing */
    /* the holder of the transmit queue's lock */
    uint8_t *scratch cache_aligned;
} cache_aligned;

/* What control hands to the helper and gets back. */
struct tap_job {
    struct tap_config config;  /* in */
    bool may_create;           /* in */
    bool carrier;              /* in */
    bool apply;                /* in: make the device as wanted; a new device always is */
    struct tap_device *device; /* in: open or NULL; out: opened, when it was NULL */
    bool gone;                 /* out: the device has to be closed */
    bool final;                /* out: it cannot come back */
    bool looked;               /* out: status is valid */
    struct tap_status status;
    struct vsw_err err; /* code 0: all is as wanted */
};

struct tap_totals {
    uint64_t kernel_drops;
    uint64_t filter_drops[TAP_FILTER_VERDICTS];
};

struct tap_port {
    struct port port;
    struct tap_queue *queue;             /* as many as queue pairs */
    _Atomic(struct tap_device *) active; /* what workers use; NULL = none */

    /* control, and the helper before start and after stop */
    struct tap_device *device;
    struct tap_config want;
    bool stopping, workers_gone;
    bool busy;
    uint8_t same_looks; /* in a row that found nothing new */
    bool changed;       /* want is newer than what was applied last */
    bool may_create;    /* false once we were attached to a device of others */
    bool hopeless;      /* cannot come back */
    struct port_timer *timer;
    struct tap_job job;
    struct tap_status status;
    struct mac last_mac; /* the kernel's choice: a device made anew is the same neighbour again */
    struct tap_totals before; /* of earlier devices of this port */
    struct vsw_err error;     /* code 0: works */
    char features[512];
    void (*stop_done)(void *arg);
    void *stop_arg;
} cache_aligned;

static inline struct tap_port *tap_port_of(const struct port *port)
{
    return container_of(port, struct tap_port, port);
}

/* tap_life.c: control. See port_type in port/port.h. */
int tap_life_start(struct port *port, struct vsw_err *err);
void tap_life_stop(struct port *port, void (*done)(void *arg), void *arg);
int tap_life_can_configure(const struct port *port, const struct port_config *config);
int tap_life_configure(struct port *port, const struct port_config *config, struct vsw_err *err);
void tap_life_attention(struct port *port);

/* tap_life.c: helper. Open the device when there is none, look at it, make it as wanted. */
void tap_job_run(struct tap_job *job);

/* tap_io.c: workers. */
void tap_rx(struct port_rxq *q, struct burst *b);
void tap_rx_done(struct port_rxq *q, struct burst *b);
bool tap_rx_arm(struct port_rxq *q);
void tap_rx_disarm(struct port_rxq *q);
void tap_tx(struct port_txq *q, struct tx_item *items, uint16_t count);
bool tap_tx_room(struct port_txq *q);

/* Memory of the queues; 0 or -ENOMEM. Helper. */
int tap_queues_init(struct tap_port *tap, uint16_t count);
void tap_queues_fini(struct tap_port *tap);

#endif
