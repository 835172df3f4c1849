/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Netdev ports: a network interface that exists already (a NIC, a veth, a bridge member, a TAP that
 * QEMU made), of which the switch takes what its configuration gives it, and the host keeps the
 * rest. This header is all that others see: the options.
 */
#ifndef NETDEV_NETDEV_H
#define NETDEV_NETDEV_H

#include "api/schema.h"

/* One less than a port may have: the last receive queue is that of the packet socket. */
#define NETDEV_QUEUES_MAX 31
#define NETDEV_MACS_MAX   100

#define NETDEV_XDP_MODES(E)                                                                        \
    E(NETDEV_XDP_AUTO, "auto", "the fastest that the interface can; `port show` tells which, why") \
    E(NETDEV_XDP_NATIVE, "native", "XDP in the driver, frames through AF_XDP")                     \
    E(NETDEV_XDP_GENERIC, "generic", "XDP in the kernel's stack, frames through AF_XDP")           \
    E(NETDEV_XDP_OFF, "off", "no XDP: frames through AF_PACKET")
API_ENUM_DECLARE(netdev_xdp_mode, NETDEV_XDP_MODES)

#define NETDEV_TAKES(E)                                                                            \
    E(NETDEV_TAKE_ALL, "all", "every frame, whatever the port makes of it")                        \
    E(NETDEV_TAKE_MAPPED, "mapped", "frames whose VLAN (or none) is a network of the port")        \
    E(NETDEV_TAKE_MACS, "macs",                                                                    \
      "of these, frames to one of `macs=`; the host sees group frames, "                           \
      "too")
API_ENUM_DECLARE(netdev_take, NETDEV_TAKES)

#define NETDEV_OPTIONS(F, S)                                                                       \
    F(S, iface, STR, (16), API_REQUIRED, NULL, "name of the network interface")                    \
    F(S, netns, STR, (256), API_OPTIONAL, NULL,                                                    \
      "network namespace: its name (as in `ip netns`), pid:NUMBER or a path; default: our own")    \
    F(S, take, ENUM, (netdev_take), API_OPTIONAL, "mapped",                                        \
      "what the switch takes; the host keeps the rest, and its addresses")                         \
    F(S, macs, STR, (NETDEV_MACS_MAX * 18), API_OPTIONAL, NULL,                                    \
      "take=macs: destination addresses, comma-separated")                                         \
    F(S, xdp, ENUM, (netdev_xdp_mode), API_OPTIONAL, "auto", "how frames get to the switch")       \
    F(S, queues, U32, (0, NETDEV_QUEUES_MAX), API_OPTIONAL, "0",                                   \
      "queues to serve; 0 = all that the interface has")                                           \
    F(S, promisc, BOOL, (), API_OPTIONAL, "true",                                                  \
      "let the interface receive frames for all addresses while the port is there")
API_OBJECT_DECLARE(netdev_options, NETDEV_OPTIONS)

#endif
