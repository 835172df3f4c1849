/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Whose frame is it? The one rule for the XDP program, for the filter of the packet socket and for
 * the program that keeps our frames from the host. Runs in the kernel.
 */
#ifndef BPF_NETDEV_JUDGE_BPF_H
#define BPF_NETDEV_JUDGE_BPF_H

#include <linux/bpf.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "netdev/netdev_filter.h"

#define ETHERTYPE_CTAG 0x8100
#define ETHERTYPE_STAG 0x88a8
#define VID_MASK       0x0fff
#define MACS_MAX       128

enum owner { OWNER_HOST, OWNER_US, OWNER_BOTH };

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct netdev_filter);
} netdev_filter SEC(".maps");

/* Keys are addresses as 48-bit numbers. */
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, MACS_MAX);
    __type(key, __u64);
    __type(value, __u8);
} netdev_macs SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, NETDEV_COUNTS);
    __type(key, __u32);
    __type(value, __u64);
} netdev_counts SEC(".maps");

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

static __always_inline int is_tag(__u16 ethertype)
{
    return ethertype == ETHERTYPE_CTAG || ethertype == ETHERTYPE_STAG;
}

static __always_inline void count(__u32 what)
{
    __u64 *n = bpf_map_lookup_elem(&netdev_counts, &what);

    if (n != NULL)
        (*n)++;
}

static __always_inline int has_vid(const __u64 *vids, __u16 vid)
{
    return vids[(vid >> 6) & 63] >> (vid & 63) & 1;
}

static __always_inline int has_network(const struct netdev_filter *f, const struct tag *tag)
{
    __u16 vid = tag->tci & VID_MASK;

    switch (f->vlan) {
    case NETDEV_FILTER_ACCESS: return f->untagged && (tag->tpid == 0 || vid == 0);
    case NETDEV_FILTER_QINQ: return f->untagged;
    case NETDEV_FILTER_TRUNK: break;
    default: return 1;
    }
    if (tag->tpid == 0 || vid == 0 || (tag->tpid != f->tpid && !f->uplink))
        return f->untagged;
    return has_vid(f->uplink && tag->tpid == ETHERTYPE_STAG ? f->svid : f->vid, vid);
}

/* LLDP, LACP, STP: those that no network of the port lets pass are left for the host's own. */
static __always_inline int is_link_local(const struct netdev_filter *f, const __u8 *dst)
{
    return dst[0] == 0x01 && dst[1] == 0x80 && dst[2] == 0xc2 && dst[3] == 0 && dst[4] == 0 &&
           dst[5] < 16 && !(f->reserved_allowed >> (dst[5] & 15) & 1);
}

static __always_inline enum owner owner_by_mac(const __u8 *dst)
{
    __u64 key = (__u64)be16_at(dst) << 32 | (__u64)be16_at(dst + 2) << 16 | be16_at(dst + 4);

    if (dst[0] & 1)
        return OWNER_BOTH;
    return bpf_map_lookup_elem(&netdev_macs, &key) != NULL ? OWNER_US : OWNER_HOST;
}

static __always_inline enum owner judge(const struct netdev_filter *f, const __u8 *dst,
                                        const struct tag *tag)
{
    if (f->take == NETDEV_FILTER_ALL)
        return OWNER_US;
    if (f->take == NETDEV_FILTER_NOTHING || !has_network(f, tag) || is_link_local(f, dst))
        return OWNER_HOST;
    return f->take == NETDEV_FILTER_MACS ? owner_by_mac(dst) : OWNER_US;
}

static __always_inline const struct netdev_filter *filter_now(void)
{
    const __u32 zero = 0;

    return bpf_map_lookup_elem(&netdev_filter, &zero);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#endif
