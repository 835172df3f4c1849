/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Ports that are a DPDK device: a network card, or one of DPDK's virtual devices (a bond, a memif,
 * a pcap file, ...), named as DPDK names them. This header is all that others see: the options.
 */
#ifndef DPDK_DPDK_H
#define DPDK_DPDK_H

#include "api/schema.h"

#define DPDK_QUEUES_MAX      32
#define DPDK_DEVARGS_BYTES   512
#define DPDK_MEMBERS_BYTES   1024
#define DPDK_DESCRIPTORS_MIN 32
#define DPDK_DESCRIPTORS_MAX 8192
#define DPDK_BUFFER_MAX      65000
#define DPDK_POLL_MIN_US     100
#define DPDK_POLL_MAX_US     1000000

#define DPDK_OPTIONS(F, S)                                                                         \
    F(S, devargs, STR, (DPDK_DEVARGS_BYTES), API_REQUIRED, NULL,                                   \
      "the device as DPDK names it: 0000:3b:00.0, net_af_packet0,iface=eth1, net_bonding0,mode=1") \
    F(S, members, STR, (DPDK_MEMBERS_BYTES), API_OPTIONAL, NULL,                                   \
      "legs of a net_bonding device, each as in devargs, separated by ';'")                        \
    F(S, queues, U32, (0, DPDK_QUEUES_MAX), API_OPTIONAL, "0",                                     \
      "queue pairs; 0 = one per CPU, at most 4 and what the device has")                           \
    F(S, descriptors, U32, (0, DPDK_DESCRIPTORS_MAX), API_OPTIONAL, "0",                           \
      "frames a queue of the device holds; 0 = 512, or what the device wants")                     \
    F(S, buffer_bytes, U32, (0, DPDK_BUFFER_MAX), API_OPTIONAL, "0",                               \
      "size of one packet buffer; 0 = by the MTU, at least 2048")                                  \
    F(S, poll_us, U32, (DPDK_POLL_MIN_US, DPDK_POLL_MAX_US), API_OPTIONAL, "1000",                 \
      "a quiet device without receive interrupts is looked at this often; sooner after traffic")   \
    F(S, promiscuous, BOOL, (), API_OPTIONAL, "true",                                              \
      "receive frames for all addresses, as a switch must; false: only for the device's own")
API_OBJECT_DECLARE(dpdk_options, DPDK_OPTIONS)

#endif
