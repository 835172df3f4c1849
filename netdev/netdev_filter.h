/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the programs in the kernel are told and what they count. Included by the programs too, so it
 * knows only the kernel's types.
 */
#ifndef NETDEV_NETDEV_FILTER_H
#define NETDEV_NETDEV_FILTER_H

#include <linux/types.h>

enum netdev_filter_take {
    NETDEV_FILTER_NOTHING, /* all is the host's */
    NETDEV_FILTER_ALL,
    NETDEV_FILTER_MAPPED,
    NETDEV_FILTER_MACS,
};

/* The values of enum vlan_mode, and "not at all". */
enum netdev_filter_vlan {
    NETDEV_FILTER_ACCESS,
    NETDEV_FILTER_TRUNK,
    NETDEV_FILTER_QINQ,
    NETDEV_FILTER_ANY,
};

struct netdev_filter {
    __u32 take;             /* enum netdev_filter_take */
    __u32 vlan;             /* enum netdev_filter_vlan */
    __u32 untagged;         /* frames without a tag have a network */
    __u16 tpid;             /* trunk: the tag it understands, host order */
    __u16 reserved_allowed; /* bit x: 01:80:c2:00:00:0x has a network that wants it */
    __u32 room;             /* bytes of the longest frame that AF_XDP can carry here */
    __u32 uplink;           /* a trunk that reads tags of both kinds */
    /* Bit v % 64 of word v / 64. */
    __u64 vid[64];  /* trunk: of its tag; uplink: of 802.1Q tags */
    __u64 svid[64]; /* uplink: of 802.1ad tags, whatever is inside */
};

/* Index of the map of counters. */
enum netdev_count {
    NETDEV_COUNT_TAKEN,  /* handed to an AF_XDP socket */
    NETDEV_COUNT_HOST,   /* not ours */
    NETDEV_COUNT_SHARED, /* ours and the host's: group frames with take=macs */
    NETDEV_COUNT_LONG,   /* ours, but by the packet socket: too long, or a queue we do not serve */
    NETDEV_COUNTS
};

#endif
