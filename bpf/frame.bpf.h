/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the programs have in common: the parts of a frame, and what a guard says of them. Runs in
 * the kernel.
 */
#ifndef BPF_FRAME_BPF_H
#define BPF_FRAME_BPF_H

#include <linux/bpf.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bpf/kern_guard.h"

#define ETHERTYPE_CTAG 0x8100
#define ETHERTYPE_STAG 0x88a8
#define VID_MASK       0x0fff

struct eth {
    __u8 dst[6], src[6], type[2];
};

struct tag {
    __u16 tpid; /* 0: there is none */
    __u16 tci;
};

static __always_inline __u16 be16_at(const __u8 *p)
{
    return (__u16)(p[0] << 8 | p[1]);
}

static __always_inline __u64 mac_at(const __u8 *p)
{
    return (__u64)be16_at(p) << 32 | (__u64)be16_at(p + 2) << 16 | be16_at(p + 4);
}

static __always_inline int is_tag(__u16 ethertype)
{
    return ethertype == ETHERTYPE_CTAG || ethertype == ETHERTYPE_STAG;
}

static __always_inline __u16 vid_of(const struct tag *tag)
{
    return tag->tci & VID_MASK;
}

/* The outer tag of a frame in the stack, which may carry it beside the frame. */
static __always_inline struct tag skb_tag(struct __sk_buff *skb, const struct eth *eth)
{
    struct tag tag = {0};
    __u8 tci[2];

    if (skb->vlan_present) {
        tag.tpid = bpf_ntohs((__u16)skb->vlan_proto);
        tag.tci = (__u16)skb->vlan_tci;
    } else if (is_tag(be16_at(eth->type)) &&
               bpf_skb_load_bytes(skb, sizeof(*eth), tci, sizeof(tci)) == 0) {
        tag.tpid = be16_at(eth->type);
        tag.tci = be16_at(tci);
    }
    return tag;
}

static __always_inline int is_reserved(const __u8 *dst)
{
    return dst[0] == 0x01 && dst[1] == 0x80 && dst[2] == 0xc2 && dst[3] == 0 && dst[4] == 0 &&
           dst[5] < 16;
}

/* LLDP, LACP, STP: addresses that no network of the port lets pass. */
static __always_inline int is_reserved_for_others(const struct kern_guard *g, const __u8 *dst)
{
    return is_reserved(dst) && !(g->reserved_allowed >> (dst[5] & 15) & 1);
}

static __always_inline int has_vid(const __u64 *vids, __u16 vid)
{
    return vids[(vid >> 6) & 63] >> (vid & 63) & 1;
}

/* Does a trunk read this tag? To one that does not, the frame is untagged. */
static __always_inline int reads_tag(const struct kern_guard *g, const struct tag *tag)
{
    return tag->tpid != 0 && vid_of(tag) != 0 && (tag->tpid == g->tpid || g->uplink);
}

/* Which networks are inside an 802.1ad tag of an uplink is for the switch to know. */
static __always_inline int tag_has_network(const struct kern_guard *g, const struct tag *tag)
{
    return has_vid(g->uplink && tag->tpid == ETHERTYPE_STAG ? g->svid : g->vid, vid_of(tag));
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#endif
