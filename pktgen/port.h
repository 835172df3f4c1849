/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A port as the user writes it, and the device made of it:
 *
 *   vhost:/run/a.sock[,server][,packed][,entries=1024][,mrg=on][,...]   a VM's virtio-net device
 *   if:eth1[,xdp]                                                       an interface of the kernel
 *   tap:NAME                                                            one that pktgen makes
 *   ring:[NAME][,drop=0.01][,dup=..][,corrupt=..][,reorder=..]         a cable between the two
 * ports that bear NAME, for the self test; without NAME, a loop
 *
 * The loops call DPDK with `id`; all else here is for before and after a trial.
 */
#ifndef PKTGEN_PORT_H
#define PKTGEN_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct rte_mempool;

enum pg_port_kind { PG_PORT_VHOST, PG_PORT_IF, PG_PORT_TAP, PG_PORT_RING };

struct pg_port_spec {
    enum pg_port_kind kind;
    char target[108]; /* path of the socket, or a name */
    bool server;      /* listen on the socket; the switch connects */
    bool packed;
    bool in_order;
    bool mergeable;
    bool vectors; /* ask for the vector paths of the driver */
    bool csum;    /* offer and take checksum offload */
    bool tso;     /* the same for TCP segmentation, implies csum */
    bool xdp;     /* AF_XDP instead of AF_PACKET */
    bool has_mac;
    uint8_t mac[6];
    uint16_t entries; /* of each ring */
    uint16_t queues;  /* pairs */
    uint32_t rxbuf_bytes;
    uint32_t lent; /* received buffers that the ring of another port may hold */
    double drop, dup, corrupt, reorder; /* shares of frames; ring: only */
};

/* What a pool has beside its buffers: DPDK gives every core that there might be a cache,
 * and its heap wants room to place them. */
#define PG_POOL_BYTES (RTE_MAX_LCORE * sizeof(struct rte_mempool_cache) + (1u << 20))

struct pg_port {
    struct pg_port_spec spec;
    uint16_t id; /* of DPDK */
    bool open;
    bool foreign;  /* received buffers may be of another port's pool */
    bool promisc;  /* we made its interface receive frames for all addresses */
    bool is_stuck; /* its peer took no frames in time */
    struct rte_mempool *rx_pool;
    struct rte_mbuf *nudge; /* kept for when all others are the driver's; see learn.c */
};

/**
 * pg_port_parse() - read one --port
 * @text: as in the file's head
 * @ret_spec: result
 * @err: reason, may be NULL
 *
 * Return: 0, -EINVAL.
 * Context: any; does not block.
 * Source: none
 */
int pg_port_parse(const char *text, struct pg_port_spec *ret_spec, struct vsw_err *err);

/**
 * pg_port_mem_bytes() - memory that the receive buffers of a port need
 * @spec: the port
 *
 * Return: bytes, an upper bound.
 * Context: any; does not block.
 * Source: none
 */
uint64_t pg_port_mem_bytes(const struct pg_port_spec *spec);

/**
 * pg_port_open() - make the device, give it buffers, start it
 * @port: result, zeroed by the caller
 * @spec: what is wanted, copied
 * @number: the user's number of the port, for names
 * @wait_ms: how long a server waits for its peer, and any port for its link
 * @err: reason, may be NULL
 *
 * Return: 0, -ENOENT no such socket or interface, -ECONNREFUSED nobody listens, -ETIMEDOUT the peer
 * did not come, -ENOMEM, -EIO. Context: the environment's thread; blocks for up to @wait_ms.
 * Source: DPDK 22.11 drivers net_virtio_user, net_af_packet, net_af_xdp, net_tap, net_ring
 */
int pg_port_open(struct pg_port *port, const struct pg_port_spec *spec, unsigned number,
                 unsigned wait_ms, struct vsw_err *err);

/**
 * pg_port_close() - stop and remove the device
 * @port: may be one that is not open
 *
 * Context: the environment's thread, before pg_env_stop().
 * Source: none
 */
void pg_port_close(struct pg_port *port);

/**
 * pg_port_paths() - which routines of the driver move the frames
 * @port: the one that was opened last
 * @ret_text: "DRIVER, rx .., tx .."
 * @size: of @ret_text, in bytes
 *
 * Context: the environment's thread; does not block.
 * Source: none
 */
void pg_port_paths(const struct pg_port *port, char *ret_text, size_t size);

#endif
