/* SPDX-License-Identifier: BSD-3-Clause
 *
 * One interface as this port holds it: its programs, its sockets, the way frames go. Made, changed
 * and closed on the helper thread; workers use the sockets.
 *
 *   way       receives by                                   sends by
 *   native    AF_XDP, program in the driver                 AF_XDP; large packets by AF_PACKET
 *   generic   AF_XDP, program in the stack                  the same
 *   packet    AF_PACKET, several sockets by flow hash       AF_PACKET
 *
 * With XDP there is one packet socket for what AF_XDP cannot carry: it is the last receive queue.
 */
#ifndef NETDEV_NETDEV_DEVICE_H
#define NETDEV_NETDEV_DEVICE_H

#include "netdev/netdev_config.h"
#include "netdev/netdev_link.h"
#include "netdev/netdev_packet.h"
#include "netdev/netdev_prog.h"
#include "netdev/netdev_tags.h"
#include "netdev/netdev_xsk.h"

enum netdev_way { NETDEV_WAY_NATIVE, NETDEV_WAY_GENERIC, NETDEV_WAY_PACKET };

struct netdev_device {
    int ifindex;
    enum netdev_way way;
    bool zerocopy;
    bool promisc;
    const char *run_dir;     /* of the daemon; may be NULL */
    struct netdev_tags tags; /* our setting of the driver */
    uint16_t queues;         /* in service, without the packet socket beside AF_XDP */
    uint32_t room_bytes;     /* longest frame that AF_XDP takes in */
    uint32_t tx_offloads;    /* PORT_OFFLOAD_*: what it takes unfinished */
    struct netdev_xsk *xsk;  /* `queues` of them, or NULL */
    struct netdev_packet packet[NETDEV_QUEUES_MAX];
    uint16_t packets; /* open ones */
    struct netdev_progs progs;
    char why[256]; /* why this way, for people */
};

/**
 * netdev_device_open() - attach to an interface
 * @config: what is wanted
 * @queues_max: at most so many queues
 * @link: the interface as it is now
 * @run_dir: of the daemon, lives as long as the device; NULL: none
 * @ret: the device; netdev_device_close() it
 * @err: what is wrong, with a hint
 *
 * Return: 0; -EBUSY somebody else's XDP program is there; -ERANGE the MTU does not fit; -EPERM;
 * -EOPNOTSUPP the way that was asked for is refused; another negative errno.
 * Context: helper; may block.
 * Source: none
 */
int netdev_device_open(const struct netdev_config *config, uint16_t queues_max,
                       const struct netdev_link *link, const char *run_dir,
                       struct netdev_device **ret, struct vsw_err *err);

/**
 * netdev_device_apply() - follow a changed configuration
 * @dev: open
 * @config: same device
 * @err: what is wrong
 *
 * Return: 0 or a negative errno; the device stays usable.
 * Context: helper; may block.
 * Source: none
 */
int netdev_device_apply(struct netdev_device *dev, const struct netdev_config *config,
                        struct vsw_err *err);

/* Close it: the interface is as it was before. NULL is fine. No worker knows it any more. */
void netdev_device_close(struct netdev_device *dev);

/* How frames go, and why so. */
void netdev_device_describe(const struct netdev_device *dev, char *buf, size_t size);

/* Largest MTU whose frames AF_XDP can carry. */
uint32_t netdev_xdp_mtu_max(void);

#endif
