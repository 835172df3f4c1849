/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the kernel says about interfaces, asked for (helper thread, may block) and told by itself
 * (control thread).
 */
#ifndef NETDEV_NETDEV_LINK_H
#define NETDEV_NETDEV_LINK_H

#include <net/if.h>

#include "base/base.h"

struct nl_sock;

struct netdev_link {
    int ifindex;
    char name[IFNAMSIZ];
    char kind[16]; /* "veth", "tun", "bridge", ...; empty: a device of a driver */
    uint32_t mtu;
    uint32_t flags;      /* IFF_UP, IFF_RUNNING, ... */
    uint32_t rx_queues;  /* in service */
    uint32_t xdp_id;     /* the program that is attached; 0 = none */
    const char *xdp_how; /* "native", "generic" or "offloaded" */
};

/**
 * netdev_link_get() - ask about an interface
 * @ifindex: its number, or 0 to look for @name
 * @name: used when @ifindex is 0
 * @ret: the answer, untouched on failure
 *
 * Return: 0; -ENODEV; another negative errno.
 * Context: helper; may block.
 * Source: rtnetlink(7) RTM_GETLINK, ethtool ETHTOOL_GCHANNELS
 */
int netdev_link_get(int ifindex, const char *name, struct netdev_link *ret);

/**
 * netdev_link_takes_tags() - does the driver take VLAN tags out of the frames it receives?
 * @name: the interface
 *
 * Return: 1, 0 or a negative errno.
 * Context: helper; may block.
 * Source: ethtool ETHTOOL_GFLAGS, ETH_FLAG_RXVLAN
 */
int netdev_link_takes_tags(const char *name);

/**
 * netdev_link_take_tags() - tell the driver so
 * @name: the interface
 * @take: else it leaves them where they are
 *
 * Return: 0 or a negative errno.
 * Context: helper; may block.
 * Source: ethtool ETHTOOL_SFLAGS, ETH_FLAG_RXVLAN
 */
int netdev_link_take_tags(const char *name, bool take);

/**
 * netdev_link_watch() - a socket that tells of changes of interfaces
 * @ret: nl_socket_free() it
 *
 * Return: 0 or a negative errno.
 * Context: helper; does not block.
 * Source: rtnetlink(7) RTNLGRP_LINK
 */
int netdev_link_watch(struct nl_sock **ret);

/**
 * netdev_link_changed() - read what was told
 * @sock: from netdev_link_watch()
 * @ifindex: the interface that matters, 0 = none yet
 * @name: and its name
 *
 * Return: true when it may concern this interface; also when the kernel had to leave something out.
 * Context: control; does not block.
 * Source: rtnetlink(7) RTM_NEWLINK, RTM_DELLINK
 */
bool netdev_link_changed(struct nl_sock *sock, int ifindex, const char *name);

#endif
