/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The kernel's interface behind a device that has one (net_af_packet, net_pcap, net_tap): such
 * drivers say that their link is up whatever happens to the interface. Private to dpdk/.
 */
#ifndef DPDK_DPDK_KERNEL_H
#define DPDK_DPDK_KERNEL_H

#include "base/base.h"

#include <net/if.h>

struct dpdk_kernel_link {
    char name[IFNAMSIZ];
    bool carrier; /* up, and somebody at the other end */
    uint32_t mtu;
};

/**
 * dpdk_kernel_look() - what an interface is doing now
 * @if_index: its number
 * @ret: filled
 *
 * Return: 0, or -ENODEV when there is none with this number.
 * Context: helper; does not block for long.
 * Source: netdevice(7)
 */
int dpdk_kernel_look(unsigned if_index, struct dpdk_kernel_link *ret);

/**
 * dpdk_kernel_watch() - hear of changes of interfaces
 *
 * Return: a descriptor that is readable after one, the caller's to close; or a negative errno.
 * Context: helper; does not block.
 * Source: rtnetlink(7)
 */
int dpdk_kernel_watch(void);

/* Forget what has been told so far. Control; does not block. */
void dpdk_kernel_drain(int fd);

#endif
