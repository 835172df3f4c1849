/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What one netdev port should be, checked and resolved; a plain value that is copied between the
 * control and the helper thread.
 */
#ifndef NETDEV_NETDEV_CONFIG_H
#define NETDEV_NETDEV_CONFIG_H

#include <net/if.h>

#include "bpf/netdev_filter.h"
#include "netdev/netdev.h"
#include "port/port.h"

#define NETDEV_MTU_MIN 68 /* RFC 791 */
/* What may come on top of what an MTU counts: the Ethernet header and two tags. */
#define NETDEV_FRAME_EXTRA_BYTES (VLAN_ETH_BYTES + 2 * VLAN_TAG_BYTES)
#define NETDEV_MTU_MAX           65521 /* 65535 less the Ethernet header */

struct netdev_config {
    char iface[IFNAMSIZ];
    char netns[256];
    enum netdev_xdp_mode xdp;
    uint16_t queues; /* as asked for; 0 = all */
    uint16_t mtu;
    bool up; /* administratively */
    bool promisc;
    struct netdev_filter filter; /* room is the device's */
    uint16_t mac_count;
    uint64_t mac[NETDEV_MACS_MAX]; /* 48-bit numbers, as in the map of the programs */
};

/**
 * netdev_config_parse() - check a port's configuration
 * @config: borrowed
 * @ret: the resolved value, untouched on failure
 * @err: names the field, the limit and a hint
 *
 * Return: 0, -EINVAL or -ERANGE.
 * Context: any thread; does not block.
 * Source: none
 */
int netdev_config_parse(const struct port_config *config, struct netdev_config *ret,
                        struct vsw_err *err);

/* May @next replace @now on a live port? False when it must be made anew: another interface,
 * another way, or an MTU that wants memory of another size. */
bool netdev_config_same_device(const struct netdev_config *now, const struct netdev_config *next);

/* Bytes of a chunk of AF_XDP memory that holds every frame of an MTU; 0 = there is none. */
uint32_t netdev_chunk_bytes(uint32_t mtu);

#endif
