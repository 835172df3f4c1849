/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the programs in the kernel are told and what they count. Included by the programs too, so it
 * knows only the kernel's types.
 */
#ifndef BPF_NETDEV_FILTER_H
#define BPF_NETDEV_FILTER_H

#include "bpf/kern_guard.h"

enum netdev_filter_take {
    NETDEV_FILTER_NOTHING, /* all is the host's */
    NETDEV_FILTER_ALL,
    NETDEV_FILTER_MAPPED,
    NETDEV_FILTER_MACS,
};

struct netdev_filter {
    __u32 take; /* enum netdev_filter_take */
    __u32 room; /* bytes of the longest frame that AF_XDP can carry here */
    struct kern_guard guard;
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
