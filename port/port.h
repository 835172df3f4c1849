/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The contract of a port type: what a type gives to the switch, and what the switch gives to it.
 * A new type is one folder and one line in port/types.def.
 *
 * Life of a port
 *
 *   prepare   helper thread, may block: open devices, bind sockets, allocate. The port is complete
 * but nobody polls it. start     control: watch fds, begin to listen. From here on workers may call
 * rx and tx. configure control: a live change; what cannot be changed live was refused by
 * can_configure. stop      control: take every queue out of service, then call `done` after the
 * workers have let go (host->retire). No worker call comes after `done`. destroy   helper thread,
 * may block: close, free, remove devices. Accepts a port that was never started.
 *
 * Threads
 *
 *   control is one event thread and never blocks: a type's control functions and callbacks run
 * there. Workers call rx, rx_done, rx_arm, rx_disarm, tx and tx_room. One receive queue is called
 * by one worker at a time; moving it to another goes through a grace period. A transmit queue is
 * called by any worker that holds its lock. A worker makes no call and touches no memory that a
 * peer can make block.
 *
 *   What workers read and control changes (rings, memory maps) is one object behind one atomic
 *   pointer, loaded once per call, freed through host->retire.
 *
 * A queue pair: rxq i is what the VM or kernel sends to us (a guest's transmitq), txq i what we
 * send.
 */
#ifndef PORT_PORT_H
#define PORT_PORT_H

#include "base/err.h"
#include "port/frame.h"

#include <stdatomic.h>
#include <stdio.h>

#define PORT_NAME_BYTES  64
#define PORT_QUEUES_MAX  32
#define PORT_ERROR_BYTES 160

struct api_object; /* api/api.h: the table that describes a type's options */
struct port;

/* What a receiver takes unfinished; what it does not take is completed in software. */
enum {
    PORT_OFFLOAD_CSUM = 1 << 0,
    PORT_OFFLOAD_TSO4 = 1 << 1,
    PORT_OFFLOAD_TSO6 = 1 << 2,
    PORT_OFFLOAD_ECN = 1 << 3,
};

/* What a port may send, as the switch will check it anyway: a type that can refuse a frame before
 * it reaches us (in the kernel) may use it. */
struct port_guard {
    enum vlan_mode vlan_mode;
    bool uplink;               /* a trunk that reads tags of both kinds */
    uint16_t tpid;             /* the tag another trunk reads */
    bool untagged;             /* untagged frames have a network */
    uint16_t reserved_allowed; /* bit x: 01:80:c2:00:00:0x may pass in some network */
    /* Bit v % 64 of word v / 64. */
    uint64_t vid_allowed[VLAN_VID_COUNT / 64];  /* trunk: of its tag; uplink: of 802.1Q tags */
    uint64_t svid_allowed[VLAN_VID_COUNT / 64]; /* uplink: of 802.1ad tags, whatever is inside */
};

/* The part of a port's configuration that every type has. Borrowed for the duration of a call. */
struct port_config {
    char name[PORT_NAME_BYTES];
    bool up;       /* administratively */
    bool accepted; /* was in force before (a start, a retry, an undone change): what is
                      wrong with the device may be a state of the port, no error */
    uint16_t mtu;  /* L3 bytes, tags not counted */
    const struct port_guard *guard; /* NULL: unknown, the type refuses nothing by VLAN or group */
    const void *options;            /* the struct that the type's option table describes */
};

struct port_rxq {
    struct port *port;
    uint16_t index;
    /* Readable when rx may find something after rx_arm; -1 = none. Changed by control, which then
     * calls host->rxq_changed. Edge-triggered, never read by a worker unless it is the device. */
    _Atomic int event_fd;
    _Atomic bool live; /* rx may find frames; a queue that is not live is not polled */
} cache_aligned;

struct port_txq {
    struct port *port;
    uint16_t index;
    _Atomic bool locked;  /* see port_txq_trylock() */
    uint64_t pkts, bytes; /* sent; written under the lock */
} cache_aligned;

struct port {
    const struct port_type *type;
    struct port_host *host;
    char name[PORT_NAME_BYTES];
    uint16_t index; /* dense number given by the switch before start; names the port on the packet
                       path */
    uint16_t queue_pairs; /* fixed for life: rxq[] and txq[] have as many */
    struct port_rxq *rxq; /* arrays, owned by the type */
    struct port_txq *txq;

    /* Written by the type (control), read by workers; relaxed. */
    _Atomic uint16_t tx_queues;   /* transmit queues 0..n-1 are in service; 0 = dst_down */
    _Atomic uint32_t tx_offloads; /* PORT_OFFLOAD_*, what the receiver negotiated */
    _Atomic uint16_t mtu;

    /* Set by workers or the SIGBUS handler through port_attention(), cleared by control. */
    _Atomic bool attention;
};

/* Where a port stands, for people. Strings are copied. */
struct port_info {
    bool connected;    /* the peer or device is there */
    bool driver_ready; /* the guest's driver said DRIVER_OK, or the device is up */
    uint16_t queue_pairs_enabled;
    char where[256];              /* socket path or interface name */
    char features[512];           /* negotiated, in words */
    char error[PORT_ERROR_BYTES]; /* why it does not work; empty when it does */
    char hint[256];               /* what to do about it */
    bool retries;                 /* the type tries again by itself */
};

/* A counter of the type's own: protocol errors, refused messages, ... */
typedef void port_counter_cb(void *arg, const char *name, uint64_t value, const char *help);

enum port_attach_format { PORT_ATTACH_QEMU, PORT_ATTACH_LIBVIRT };

struct port_type {
    const char *name; /* as in `port add NAME type=...` */
    const char *help; /* one line */
    const struct api_object *options;
    size_t options_bytes;

    /* Has this process what it takes to have such ports (devices, rights)? Asked once, before
     * anything else, when one is wanted; NULL: always. 0 or a negative errno with @err filled. */
    int (*can_run)(struct vsw_err *err);

    /* Put right what a daemon that was killed may have left behind; @run_dir: its files. Once, at
     * the start, before there are ports; may block; NULL: nothing can be left. */
    void (*recover)(const char *run_dir);

    /* helper thread; may block. Return 0 or a negative errno with @err filled. */
    int (*prepare)(struct port_host *host, const struct port_config *config, struct port **ret_port,
                   struct vsw_err *err);
    /* @remove: the port is deleted, so what was made for it goes too; else the daemon only stops
     * and leaves behind what a restart should find again (a persistent device, its addresses). */
    void (*destroy)(struct port *port, bool remove);

    /* control thread; never block */
    int (*start)(struct port *port, struct vsw_err *err);
    void (*stop)(struct port *port, void (*done)(void *arg), void *arg);
    /* May @config replace the present one without a new port? -EBUSY: no, it must be made anew. */
    int (*can_configure)(const struct port *port, const struct port_config *config);
    int (*configure)(struct port *port, const struct port_config *config, struct vsw_err *err);
    void (*attention)(struct port *port); /* port_attention() was called */
    void (*info)(const struct port *port, struct port_info *ret_info);
    void (*counters)(const struct port *port, port_counter_cb *cb, void *arg);
    /* Ready lines for the hypervisor; NULL when the type has none. -ENOTSUP for a format. */
    int (*attach)(const struct port *port, enum port_attach_format format, FILE *out);

    /* workers; never block */
    /* Take frames while burst_has_room(); everything borrowed stays valid until rx_done. */
    void (*rx)(struct port_rxq *q, struct burst *b);
    /* Give all buffers of the last rx back; signal the sender once at most. */
    void (*rx_done)(struct port_rxq *q, struct burst *b);
    /* Ask for events on event_fd. Return true when frames are there already: poll again. */
    bool (*rx_arm)(struct port_rxq *q);
    /* The queue is polled again: events may be suppressed. */
    void (*rx_disarm)(struct port_rxq *q);
    /* Write @count copies, set each item's drop; publish and signal the receiver once. The caller
     * holds the queue's lock. Frames of one call stay in order. */
    void (*tx)(struct port_txq *q, struct tx_item *items, uint16_t count);
    /* Could the queue take a frame now? A hint, cheap, without the lock. */
    bool (*tx_room)(struct port_txq *q);
};

/* Opaque to types; from host->watch and host->timer. */
struct port_watch;
struct port_timer;

enum port_event {
    PORT_EVENT_CONNECTED,
    PORT_EVENT_DISCONNECTED,
    PORT_EVENT_READY,
    PORT_EVENT_ERROR,
    PORT_EVENT_INFO,
};

/* What the switch gives to a type. All but wake are for the control thread. Tests bring their own.
 */
struct port_host {
    /* Files that options name lie there or below, where a type cannot be careful otherwise; NULL:
     * anywhere. Any thread. */
    const char *run_dir;
    /* Call cb on control when @fd has one of @events (EPOLLIN, ...; level-triggered). Return 0 or a
     * negative errno. The fd stays the caller's; unwatch before closing it. */
    int (*watch)(struct port_host *host, int fd, uint32_t events,
                 void (*cb)(void *arg, uint32_t events), void *arg, struct port_watch **ret_watch);
    void (*watch_set)(struct port_watch *watch, uint32_t events);
    void (*unwatch)(struct port_watch *watch); /* NULL is fine; from inside cb too */
    /* One shot at @at_ns of clock_now_ns(). */
    int (*timer)(struct port_host *host, uint64_t at_ns, void (*cb)(void *arg), void *arg,
                 struct port_timer **ret_timer);
    void (*timer_cancel)(struct port_timer *timer); /* NULL is fine; not after it has fired */
    /* Call @done on control once every worker has forgotten what it may hold from before this call.
     * Never from inside the call itself. Cannot fail. */
    void (*retire)(struct port_host *host, void (*done)(void *arg), void *arg);
    /* Run @work on the helper thread, then @done on control. Jobs run one after another. */
    int (*run)(struct port_host *host, void (*work)(void *arg), void (*done)(void *arg), void *arg);
    /* Something an operator wants to know; @text is copied. */
    void (*event)(struct port_host *host, struct port *port, enum port_event event,
                  const char *text);
    /* event_fd or live of the queue changed. */
    void (*rxq_changed)(struct port_host *host, struct port_rxq *q);
    /* Treat @frame as if the port had received it (a RARP announcement); copied. */
    int (*inject)(struct port_host *host, struct port *port, const void *frame, size_t bytes);
    /* Any thread and signal handlers: let control look for ports with `attention`. */
    void (*wake)(struct port_host *host);
};

/**
 * port_attention() - tell control that a port needs its type's attention function
 * @port: the port
 *
 * Context: any thread and signal handlers; does not block.
 * Source: none
 */
static inline void port_attention(struct port *port)
{
    if (!atomic_exchange_explicit(&port->attention, true, memory_order_acq_rel))
        port->host->wake(port->host);
}

/**
 * port_txq_trylock() - lock a transmit queue, giving up after a bounded spin
 * @q: the queue
 *
 * Return: true when locked; the caller unlocks with port_txq_unlock().
 * Context: worker; spins for about two bursts of another worker at most.
 * Source: none
 */
bool port_txq_trylock(struct port_txq *q);

static inline void port_txq_unlock(struct port_txq *q)
{
    atomic_store_explicit(&q->locked, false, memory_order_release);
}

/**
 * port_init() - fill the part of a port that all types share
 * @port: zeroed memory inside the type's own struct
 * @type: its type
 * @host: borrowed for the life of the port
 * @config: name and mtu are copied
 * @queue_pairs: 1 to PORT_QUEUES_MAX
 *
 * Allocates rxq[] and txq[].
 * Return: 0 or -ENOMEM.
 * Context: helper; does not block.
 * Source: none
 */
int port_init(struct port *port, const struct port_type *type, struct port_host *host,
              const struct port_config *config, uint16_t queue_pairs);

/**
 * port_fini() - free what port_init() allocated
 * @port: no worker knows it any more
 *
 * Context: helper; does not block.
 * Source: none
 */
void port_fini(struct port *port);

/**
 * port_type_find() - look up a type by name
 * @name: as in the configuration
 *
 * Return: the type, or NULL.
 * Context: any thread; does not block.
 * Source: port/types.def
 */
const struct port_type *port_type_find(const char *name);

/**
 * port_type_at() - enumerate the types
 * @i: from 0
 *
 * Return: the type, or NULL behind the last.
 * Context: any thread; does not block.
 * Source: port/types.def
 */
const struct port_type *port_type_at(size_t i);

#endif
