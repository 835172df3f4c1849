/* SPDX-License-Identifier: BSD-3-Clause
 *
 * TAP ports: a network interface of the host, of a namespace or of a container, whose other end is
 * the switch. The kernel hands us frames with their checksum and segmentation request and takes
 * them in the same form (vnet header). This header is all that others see: the options.
 */
#ifndef TAP_TAP_H
#define TAP_TAP_H

#include "api/schema.h"

#define TAP_QUEUES_MAX 32

#define TAP_OPTIONS(F, S)                                                                          \
    F(S, ifname, STR, (16), API_OPTIONAL, NULL,                                                    \
      "name of the network interface, up to 15 characters; default: the name of the port")         \
    F(S, netns, STR, (256), API_OPTIONAL, NULL,                                                    \
      "network namespace: its name (as in `ip netns`), pid:NUMBER or a path; default: our own")    \
    F(S, address, STR, (1024), API_OPTIONAL, NULL,                                                 \
      "IPv4 and IPv6 addresses with prefix length, comma-separated: 10.0.0.1/24,fd00::1/64")       \
    F(S, mac, MAC, (), API_OPTIONAL, NULL, "MAC address; default: the kernel draws one")           \
    F(S, queues, U32, (0, TAP_QUEUES_MAX), API_OPTIONAL, "0",                                      \
      "queue pairs; 0 = one per CPU, at most 4")                                                   \
    F(S, txqueuelen, U32, (0, 65535), API_OPTIONAL, "0",                                           \
      "frames the kernel keeps for us before it drops; 0 = leave as it is")                        \
    F(S, ifup, BOOL, (), API_OPTIONAL, "true", "set the interface up in its namespace")
API_OBJECT_DECLARE(tap_options, TAP_OPTIONS)

#endif
