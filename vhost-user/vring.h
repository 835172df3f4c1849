/* SPDX-License-Identifier: BSD-3-Clause
 *
 * One split virtqueue of a guest, as the worker sees it. A ring is set up by control from a
 * vring_config, used by one worker at a time (a receive ring of the guest: whoever holds the lock
 * of the transmit queue), and replaced as a whole when anything about it changes.
 *
 * Nothing is in flight between two visits: what a visit takes from the available ring it gives back
 * through the used ring, in order. So one index tells where both rings stand.
 *
 *   vring_rx()   guest's transmitq -> frames; then vring_rx_done()
 *   vring_tx()   frames -> guest's receiveq
 *
 * What a guest does wrong, and what follows. A broken ring is not served until it is set up anew.
 *
 *   available index moved by more than the ring's size             ring broken
 *   head or next beyond the table, a loop                          ring broken
 *   indirect: not negotiated, nested, with NEXT, not a multiple    ring broken
 *     of 16 bytes or empty
 *   table or non-empty buffer outside of guest memory              ring broken
 *   buffer of the wrong direction                                  ring broken
 *   more than FRAME_SEGS_MAX descriptors or pieces                 rx: drop bad_buffer
 *                                                                  tx: drop rx_buf_too_small
 *   chain shorter than the header and an Ethernet header           rx: drop runt
 *   chain longer than FRAME_MAX_BYTES                              rx: drop too_long
 *   receive chain shorter than the header                          tx: given back, length 0
 *   receive chain too short for the frame, not mergeable           tx: drop rx_buf_too_small, kept
 *   descriptor without bytes                                       legal; address not looked at
 *   WRITE on a descriptor that refers to an indirect table         ignored (virtio 1.2, 2.7.5.3.2)
 *
 * A dropped rx frame keeps its place in the burst; its chain is given back with length 0. When a
 * ring breaks, what was taken before the bad chain is still given back; the bad chain never is.
 */
#ifndef VHOST_USER_VRING_H
#define VHOST_USER_VRING_H

#include "port/frame.h"
#include "port/gmem.h"

#define VRING_NUM_MAX 4096

enum vring_error {
    VRING_OK,
    VRING_BAD_INDEX,
    VRING_BAD_HEAD,
    VRING_BAD_NEXT,
    VRING_LOOP,
    VRING_BAD_INDIRECT,
    VRING_BAD_ADDRESS,
    VRING_BAD_DIRECTION,
    VRING_CALL_FAILED,
    VRING_ERROR_COUNT
};

struct vring_config {
    uint16_t num; /* power of two, 1 to VRING_NUM_MAX */
    uint64_t desc_uva;
    uint64_t avail_uva;
    uint64_t used_uva;
    uint16_t last_avail; /* next entry to take; the used index stands there, too */
    int call_fd;         /* a real eventfd, see vring_fd_check(); borrowed; -1: nobody to call */
    bool event_idx;      /* VIRTIO_F_EVENT_IDX */
    bool indirect;       /* VIRTIO_F_INDIRECT_DESC */
    bool mergeable;      /* VIRTIO_NET_F_MRG_RXBUF; matters for tx and the header */
    bool version_1;      /* VIRTIO_F_VERSION_1; without it and mergeable the header has 10 bytes */
    bool enabled;        /* false: rx takes and drops, tx drops with dst_down */
    struct port *port;   /* for port_attention(); NULL in tests */
};

struct vring_stats {
    uint64_t bad_chains; /* given back without having been a frame or room for one, or fatal */
    uint64_t calls;      /* signals sent */
    uint64_t drained;    /* chains of a disabled ring */
};

/* Chains that are looked at ahead; also the most that one burst of frames takes. */
#define VFRONT_MAX BURST_FRAMES

/* Private to vring*.c, as all below; here so that a live port can hold it by value. A descriptor,
 * fetched. */
struct vdesc {
    uint64_t addr;
    uint32_t len;
    uint16_t flags;
    uint16_t next;
};

/* The head of a chain that was looked at ahead. */
struct vhead {
    union {
        struct vdesc d;
        uint64_t raw[2];
    };
    uint8_t *host; /* of a flat chain: one plain descriptor of the right direction, not empty, in
                    * one region; else NULL */
    uint16_t id;
    uint8_t error; /* enum vring_error */
};

struct vring {
    /* constant */
    const uint8_t *desc;
    const uint8_t *avail;
    uint8_t *used;
    const struct gmem_map *map;
    uint64_t used_gpa;
    struct port *port;
    int call_fd;
    uint16_t num;
    uint16_t mask;
    uint8_t hdr_bytes;
    bool event_idx;
    bool indirect;
    bool mergeable;
    bool enabled;

    /* the worker's; next and error are looked at by others, too */
    struct gmem_hit hit cache_aligned;
    _Atomic uint16_t next; /* of both rings, all before it is given back */
    uint16_t taken;        /* chains behind next that await being given back */
    uint16_t avail_seen;   /* available index when it was last loaded */
    bool notify;           /* the guest has been asked to kick */
    bool called_once;
    bool call_owed;        /* the host had no room for the call: the next visit makes it */
    _Atomic uint8_t error; /* enum vring_error */
    _Atomic uint64_t bad_chains;
    _Atomic uint64_t calls;
    _Atomic uint64_t drained;
    /* Heads of the chains from the present position up to @fetched, each at its index modulo
     * VFRONT_MAX. They are checked, and what they name is on its way into the cache. */
    uint16_t fetched;
    struct vhead head[VFRONT_MAX] cache_aligned;
} cache_aligned;

/**
 * vring_init() - set a ring up
 * @v: any memory, cache-line aligned; nothing to undo
 * @config: copied; call_fd and port stay the caller's and outlive the ring
 * @map: borrowed, outlives the ring
 * @err: names the field
 *
 * Does not touch guest memory.
 * Return: 0; -EINVAL number or alignment; -EFAULT an area is not inside one region.
 * Context: control or helper; does not block.
 * Source: virtio 1.2 clause 2.7
 */
int vring_init(struct vring *v, const struct vring_config *config, const struct gmem_map *map,
               struct vsw_err *err);

/**
 * vring_used_index() - where the used ring of a guest stands
 * @config: used_uva and num
 * @map: its memory
 * @ret_index: the index
 *
 * For a ring that another process left: with nothing in flight it goes on there.
 * Return: 0 or -EFAULT.
 * Context: control or helper; does not block.
 * Source: virtio 1.2 clause 2.7.8
 */
int vring_used_index(const struct vring_config *config, const struct gmem_map *map,
                     uint16_t *ret_index);

/**
 * vring_rx() - take frames that a guest sends
 * @v: the ring; of a disabled one chains are taken and dropped
 * @b: filled while it has room; borrows guest memory until vring_rx_done()
 *
 * Looks at 1 to about 2 * FRAME_SEGS_MAX descriptors at most.
 * Context: worker; does not block.
 * Source: virtio 1.2 clauses 2.7.14 and 5.1.6.2
 */
void vring_rx(struct vring *v, struct burst *b);

/**
 * vring_rx_done() - give back all chains of the last vring_rx()
 * @v: the ring
 *
 * Signals the guest at most once.
 * Context: worker; does not block.
 * Source: virtio 1.2 clause 2.7.8
 */
void vring_rx_done(struct vring *v);

/**
 * vring_tx() - write frames to a guest
 * @v: the ring
 * @items: in order; `drop` of each is set
 * @count: how many
 *
 * Publishes and signals once. Bytes outside of the buffers that the guest posted are never written.
 * Context: worker that holds the queue's lock; does not block.
 * Source: virtio 1.2 clause 5.1.6.4
 */
void vring_tx(struct vring *v, struct tx_item *items, uint16_t count);

/**
 * vring_arm() - ask the guest to kick when it makes chains available
 * @v: a ring that was served last by the calling worker
 *
 * Return: true when there are chains already: poll again. False for a broken ring.
 * Context: worker; does not block.
 * Source: virtio 1.2 clause 2.7.10
 */
bool vring_arm(struct vring *v);

/**
 * vring_disarm() - the ring is polled, kicks are not needed
 * @v: the ring
 *
 * Context: worker; does not block.
 * Source: virtio 1.2 clause 2.7.10
 */
void vring_disarm(struct vring *v);

/**
 * vring_has_room() - has the guest posted receive buffers for a while: 64, or half its ring?
 * @v: the ring
 *
 * A hint; touches one line of guest memory.
 * Context: any worker, without the queue's lock; does not block.
 * Source: none
 */
bool vring_has_room(const struct vring *v);

/**
 * vring_next_avail() - the answer to GET_VRING_BASE
 * @v: no worker uses it any more
 *
 * Chains of a burst that was not given back do not count as taken.
 * Return: index of the first chain that the next owner of the ring has to look at.
 * Context: any thread; does not block.
 * Source: vhost-user specification, VHOST_USER_GET_VRING_BASE
 */
uint16_t vring_next_avail(const struct vring *v);

/**
 * vring_error() - is the ring broken?
 * @v: the ring
 *
 * Return: VRING_OK or the first thing that was wrong.
 * Context: any thread; does not block.
 * Source: none
 */
enum vring_error vring_error(const struct vring *v);

/**
 * vring_error_text() - what an error means
 * @error: any value
 *
 * Return: a constant sentence.
 * Context: any thread; does not block.
 * Source: none
 */
const char *vring_error_text(enum vring_error error);

/**
 * vring_stats() - read the counters
 * @v: the ring
 * @ret_stats: since vring_init()
 *
 * Context: any thread; does not block.
 * Source: none
 */
void vring_stats(const struct vring *v, struct vring_stats *ret_stats);

#endif
