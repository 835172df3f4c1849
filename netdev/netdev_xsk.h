/* SPDX-License-Identifier: BSD-3-Clause
 *
 * AF_XDP on one queue: its memory (UMEM), its four rings, and frames through them.
 *
 *   fill --> kernel --> rx --> a burst (bodies stay where they are) --> rx_done --> fill
 *   free --> tx --> kernel --> completion --> free
 *
 * The memory is in two halves that never mix: one belongs to the worker of the receive queue, the
 * other to the holder of the transmit queue's lock. All of it is ours: nobody writes a frame while
 * we have it. Made and closed on the helper thread.
 *
 * Each half has a socket of its own, because workers sleep on the one that receives: the kernel
 * wakes who waits for a socket at each frame that was sent, too, and that took a tenth of the time
 * of a worker that sends.
 */
#ifndef NETDEV_NETDEV_XSK_H
#define NETDEV_NETDEV_XSK_H

#include <linux/if_xdp.h>

#include "port/event_gate.h"
#include "port/port.h"

/* Of each half, and entries of every ring; a power of two. */
#define XSK_FRAMES 2048
/* Received chunks go back to the kernel when there are so many. */
#define XSK_REFILL_CHUNKS 64
/* What the kernel keeps free in front of a received frame (XDP_PACKET_HEADROOM). */
#define XSK_HEADROOM_BYTES  256
#define XSK_CHUNK_MIN_BYTES 2048
#define XSK_CHUNK_MAX_BYTES 4096 /* a page is the kernel's limit */

struct netdev_xsk_ring {
    _Atomic uint32_t *producer;
    _Atomic uint32_t *consumer;
    _Atomic uint32_t *flags;
    void *entries;
    uint32_t mine; /* our end of it */
    void *map;
    size_t map_bytes;
};

struct netdev_xsk {
    /* constant while it is open */
    int fd;    /* receives; owns the memory */
    int tx_fd; /* sends; nobody waits for it */
    uint8_t *umem;
    uint32_t chunk_bytes;
    bool zerocopy;
    bool partial_csum; /* frames may come with the checksum a sender left to its NIC */

    struct netdev_xsk_ring rx cache_aligned; /* the worker of the receive queue */
    struct netdev_xsk_ring fill;
    struct event_gate gate;
    uint64_t held[XSK_REFILL_CHUNKS + BURST_FRAMES]; /* received, not given back yet */
    uint16_t held_count;
    _Atomic uint64_t bad_descs; /* what the kernel put there and cannot be true */

    struct netdev_xsk_ring tx cache_aligned; /* the holder of the transmit queue's lock */
    struct netdev_xsk_ring comp;
    uint32_t free_count;
    uint64_t free[XSK_FRAMES];
    _Atomic uint64_t kick_errors; /* frames lost behind our back: the peer was full */
} cache_aligned;

/**
 * netdev_xsk_open() - make the sockets with memory and rings, and bind them
 * @x: zeroed; filled
 * @ifindex: the interface
 * @queue: of the interface
 * @chunk_bytes: XSK_CHUNK_MIN_BYTES or XSK_CHUNK_MAX_BYTES
 * @bind_flags: XDP_COPY or XDP_ZEROCOPY
 *
 * Return: 0; -EOPNOTSUPP or -EINVAL the driver cannot; -EBUSY the queue has a socket; -ENODEV;
 * -ENOBUFS too little locked memory; another negative errno. Nothing is left open on failure.
 * Context: helper; may block.
 * Source: Linux Documentation/networking/af_xdp.rst
 */
int netdev_xsk_open(struct netdev_xsk *x, int ifindex, uint32_t queue, uint32_t chunk_bytes,
                    uint16_t bind_flags);

/* Close it; one that was never opened is fine. */
void netdev_xsk_close(struct netdev_xsk *x);

/* Bytes of the longest frame that can be received. */
static inline uint32_t netdev_xsk_room_bytes(uint32_t chunk_bytes)
{
    return chunk_bytes - XSK_HEADROOM_BYTES;
}

/**
 * netdev_xsk_rx() - take frames
 * @x: open
 * @b: filled while it has room
 *
 * Context: worker of the receive queue; does not block.
 * Source: Linux Documentation/networking/af_xdp.rst
 */
void netdev_xsk_rx(struct netdev_xsk *x, struct burst *b);

/* Give the chunks of the last netdev_xsk_rx() back to the kernel, sooner or later. */
void netdev_xsk_rx_done(struct netdev_xsk *x);

/* Are there frames? */
bool netdev_xsk_rx_pending(struct netdev_xsk *x);

/* Does the kernel wait for a call to go on sending? Cheap; any worker. */
bool netdev_xsk_tx_stuck(const struct netdev_xsk *x);

/* Make that call. Any worker; does not block. */
void netdev_xsk_kick(struct netdev_xsk *x);

/**
 * netdev_xsk_put() - copy one frame into the transmit ring; netdev_xsk_flush() publishes
 * @x: open
 * @out: composed; a checksum that is asked for is made, segmentation is not
 *
 * Return: DROP_NONE; DROP_dst_full; DROP_mtu longer than a chunk.
 * Context: worker that holds the lock; does not block.
 * Source: none
 */
enum drop_reason netdev_xsk_put(struct netdev_xsk *x, const struct frame_out *out);

/* Publish what was put and tell the kernel; in copy mode it has all been sent on return, mostly. */
void netdev_xsk_flush(struct netdev_xsk *x);

/* Is a chunk free, or about to be? A hint, without the lock. */
bool netdev_xsk_tx_room(const struct netdev_xsk *x);

/**
 * netdev_xsk_mark_partial() - notice a checksum that the sender left to its NIC
 * @f: head and len are set, the offload is empty
 *
 * AF_XDP carries no word about it: a TCP or UDP frame that comes from a veth or TAP holds the sum
 * of its pseudo header only. Such a frame asks for a checksum from here on. A frame whose right
 * checksum happens to be that number loses nothing: it is made again, the same.
 *
 * Context: worker; does not block.
 * Source: Linux Documentation/networking/checksum-offloads.rst; RFC 9293, RFC 768, RFC 8200
 * clause 8.1
 */
void netdev_xsk_mark_partial(struct frame *f);

#endif
