/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The few rtnetlink messages a TAP port needs. A socket belongs to the namespace it was opened in
 * and keeps speaking to it from anywhere. Helper thread; may block on the kernel's RTNL lock.
 */
#ifndef TAP_TAP_NETLINK_H
#define TAP_TAP_NETLINK_H

#include "tap/tap_config.h"

struct nl_sock;

#define TAP_ALIAS_BYTES 256

/* What the kernel says about an interface. */
struct tap_link {
    int ifindex;
    uint32_t mtu;
    uint32_t flags; /* IFF_UP, IFF_RUNNING, ... */
    uint32_t txqueuelen;
    struct mac mac;
    char name[IFNAMSIZ];
    char alias[TAP_ALIAS_BYTES];
    bool is_tap;         /* made by the tun driver, Ethernet */
    bool multi_queue;    /* its queues can be attached one by one */
    uint32_t tap_queues; /* attached now, by anyone; only of multi_queue */
    uint64_t tx_dropped; /* frames the kernel could not give to us */
};

enum {
    TAP_LINK_MTU = 1 << 0,
    TAP_LINK_MAC = 1 << 1,
    TAP_LINK_QLEN = 1 << 2,
    TAP_LINK_UP = 1 << 3,
    TAP_LINK_ALIAS = 1 << 4,
    /* Removing an IPv4 address leaves the others of its subnet; takes no value. */
    TAP_LINK_PROMOTE = 1 << 5,
};

/**
 * tap_netlink_open() - open a socket in the present namespace of the thread
 * @ret: nl_socket_free() it
 *
 * Return: 0 or a negative errno.
 * Context: helper; does not block.
 * Source: rtnetlink(7)
 */
int tap_netlink_open(struct nl_sock **ret);

/**
 * tap_netlink_get() - ask about an interface
 * @sock: from tap_netlink_open()
 * @ifindex: its number, or 0 to look for @name
 * @name: used when @ifindex is 0
 * @ret: the answer, untouched on failure
 *
 * Return: 0; -ENODEV; another negative errno.
 * Context: helper; may block.
 * Source: rtnetlink(7) RTM_GETLINK
 */
int tap_netlink_get(struct nl_sock *sock, int ifindex, const char *name, struct tap_link *ret);

/**
 * tap_netlink_set() - change an interface
 * @sock: from tap_netlink_open()
 * @link: ifindex, and the values of the fields named in @what
 * @what: TAP_LINK_*, or-ed; with TAP_LINK_UP, IFF_UP of link->flags
 *
 * Return: 0 or a negative errno.
 * Context: helper; may block.
 * Source: rtnetlink(7) RTM_SETLINK
 */
int tap_netlink_set(struct nl_sock *sock, const struct tap_link *link, uint32_t what);

/**
 * tap_netlink_address() - add or remove an address
 * @sock: from tap_netlink_open()
 * @ifindex: the interface
 * @address: with prefix
 * @add: else remove
 *
 * Return: 0, also when it is there, or gone, already; else a negative errno.
 * Context: helper; may block.
 * Source: rtnetlink(7) RTM_NEWADDR, RTM_DELADDR
 */
int tap_netlink_address(struct nl_sock *sock, int ifindex, const struct tap_address *address,
                        bool add);

#endif
