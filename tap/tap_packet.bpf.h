/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What both kernel programs need: byte access to a frame on its way to the device. Socket filters
 * may not point into the packet, they copy out of it.
 */
#ifndef TAP_TAP_PACKET_BPF_H
#define TAP_TAP_PACKET_BPF_H

#include <linux/bpf.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define ETH_BYTES       14
#define ETHERTYPE_IPV4  0x0800
#define ETHERTYPE_IPV6  0x86dd
#define ETHERTYPE_CTAG  0x8100
#define ETHERTYPE_STAG  0x88a8
#define load(skb, o, p) (bpf_skb_load_bytes(skb, o, &(p), sizeof(p)) == 0)

static __always_inline __u16 be16_at(const __u8 *p)
{
    return (__u16)(p[0] << 8 | p[1]);
}

static __always_inline int is_tag(__u16 ethertype)
{
    return ethertype == ETHERTYPE_CTAG || ethertype == ETHERTYPE_STAG;
}

#endif
