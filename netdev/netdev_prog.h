/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The programs a netdev port has in the kernel (bpf/), and the maps by which they are told whose
 * frames are whose. Links and maps live as long as our descriptors, so the interface is clean again
 * however the daemon ends. Helper thread, but for the two that only read or write maps.
 */
#ifndef NETDEV_NETDEV_PROG_H
#define NETDEV_NETDEV_PROG_H

#include "netdev/netdev_config.h"

struct netdev_stack;
struct netdev_xdp;
struct netdev_xdp_tag;

struct netdev_progs {
    struct netdev_stack *stack; /* owns the maps */
    struct netdev_xdp *xdp;     /* one of the two, or none */
    struct netdev_xdp_tag *xdp_tag;
    int xdp_link_fd;     /* -1: not attached */
    int ingress_link_fd; /* -1: not attached */
};

/**
 * netdev_progs_load() - load what goes with every mode, attached to nothing
 * @ret: filled; everything is the host's until netdev_progs_configure()
 *
 * Return: 0 or a negative errno.
 * Context: helper; may block.
 * Source: bpf(2)
 */
int netdev_progs_load(struct netdev_progs *ret);

/**
 * netdev_progs_attach_xdp() - load the XDP program and attach it
 * @progs: loaded
 * @ifindex: the interface
 * @native: in the driver; else in the stack
 *
 * In the driver, the program that can ask for taken out tags is tried first.
 * Return: 0; -EBUSY somebody else's program is attached; another negative errno.
 * Context: helper; may block.
 * Source: bpf(2) BPF_LINK_CREATE, Linux Documentation/networking/xdp-rx-metadata.rst
 */
int netdev_progs_attach_xdp(struct netdev_progs *progs, int ifindex, bool native);

/* Take the XDP program away again. */
void netdev_progs_detach_xdp(struct netdev_progs *progs);

/**
 * netdev_progs_attach_ingress() - keep our frames from the host's stack
 * @progs: loaded
 * @ifindex: the interface
 *
 * Return: 0; -EINVAL before Linux 6.6; another negative errno.
 * Context: helper; may block.
 * Source: bpf(2) BPF_LINK_CREATE, BPF_TCX_INGRESS
 */
int netdev_progs_attach_ingress(struct netdev_progs *progs, int ifindex);

/**
 * netdev_progs_set_xsk() - tell the XDP program the socket of a queue
 * @progs: with an XDP program
 * @queue: of the interface
 * @fd: bound AF_XDP socket
 *
 * Return: 0 or a negative errno.
 * Context: helper; may block.
 * Source: Linux Documentation/networking/af_xdp.rst
 */
int netdev_progs_set_xsk(struct netdev_progs *progs, uint32_t queue, int fd);

/**
 * netdev_progs_configure() - say whose frames are whose
 * @progs: loaded
 * @config: the filter and the addresses
 * @room: bytes of the longest frame that AF_XDP can carry
 *
 * Frames meanwhile see the old, the new, or parts of both.
 * Return: 0 or a negative errno.
 * Context: helper; does not block.
 * Source: bpf(2) BPF_MAP_UPDATE_ELEM
 */
int netdev_progs_configure(const struct netdev_progs *progs, const struct netdev_config *config,
                           uint32_t room);

/**
 * netdev_progs_counts() - what the XDP program counted
 * @progs: loaded
 * @ret_count: NETDEV_COUNTS numbers
 *
 * Context: any thread; does not block.
 * Source: bpf(2) BPF_MAP_LOOKUP_ELEM
 */
void netdev_progs_counts(const struct netdev_progs *progs, uint64_t *ret_count);

/* The filter for a packet socket. */
int netdev_progs_socket_fd(const struct netdev_progs *progs);

/* Detach all and unload. */
void netdev_progs_unload(struct netdev_progs *progs);

#endif
