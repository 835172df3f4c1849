/* SPDX-License-Identifier: BSD-3-Clause
 *
 * One AF_PACKET socket with a vnet header: frames as the kernel's stack has them, checksum and
 * segmentation requests included, tags put back. It is all there is where XDP is refused; beside
 * AF_XDP it carries what AF_XDP cannot: large TCP packets, group frames shared with the host.
 */
#ifndef NETDEV_NETDEV_PACKET_H
#define NETDEV_NETDEV_PACKET_H

#include "port/event_gate.h"
#include "port/port.h"

struct netdev_packet_rx; /* memory for one burst */

struct netdev_packet {
    int fd; /* -1: not open */
    struct event_gate gate;
    struct netdev_packet_rx *rx; /* of the worker of the receive queue */
    bool drained;                /* the last read found nothing */
    _Atomic uint64_t
        lost; /* the socket was full; counted by the kernel, read by netdev_packet_lost() */
};

struct netdev_packet_config {
    int ifindex;
    int filter_fd;   /* socket filter program */
    bool promisc;    /* ends with the socket */
    uint16_t fanout; /* sockets that share the frames of this interface; 1 = none */
    int *fanout_id;  /* negative: to be drawn by the first of them */
};

/**
 * netdev_packet_open() - make a socket and bind it
 * @p: filled
 * @config: borrowed
 *
 * Return: 0 or a negative errno; nothing is left open on failure.
 * Context: helper; may block.
 * Source: packet(7)
 */
int netdev_packet_open(struct netdev_packet *p, const struct netdev_packet_config *config);

/* Close it; -1 is fine. */
void netdev_packet_close(struct netdev_packet *p);

/* Let the interface receive frames for all addresses, or not. */
int netdev_packet_promisc(const struct netdev_packet *p, int ifindex, bool on);

/**
 * netdev_packet_rx() - take frames
 * @p: open
 * @b: filled while it has room; bodies are valid until the next call
 *
 * Context: worker of the receive queue; does not block.
 * Source: recvmmsg(2), packet(7) PACKET_VNET_HDR, PACKET_AUXDATA
 */
void netdev_packet_rx(struct netdev_packet *p, struct burst *b);

/**
 * netdev_packet_tx() - send copies in order
 * @p: open
 * @items: each gets its drop
 * @count: up to BURST_FRAMES
 *
 * Context: worker that holds the lock of a transmit queue; does not block.
 * Source: sendmmsg(2), packet(7) PACKET_VNET_HDR
 */
void netdev_packet_tx(struct netdev_packet *p, struct tx_item *items, uint16_t count);

/* Frames the kernel could not give to us so far. Control; one caller. */
uint64_t netdev_packet_lost(struct netdev_packet *p);

#endif
