/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Whose frame is it? The one rule for the XDP program, for the filter of the packet socket and for
 * the program that keeps our frames from the host. Runs in the kernel.
 */
#ifndef BPF_NETDEV_JUDGE_BPF_H
#define BPF_NETDEV_JUDGE_BPF_H

#include "bpf/frame.bpf.h"
#include "bpf/netdev_filter.h"

#define MACS_MAX 128

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

static __always_inline void count(__u32 what)
{
    __u64 *n = bpf_map_lookup_elem(&netdev_counts, &what);

    if (n != NULL)
        (*n)++;
}

static __always_inline int has_network(const struct kern_guard *g, const struct tag *tag)
{
    switch (g->vlan) {
    case KERN_GUARD_ACCESS: return g->untagged && (tag->tpid == 0 || vid_of(tag) == 0);
    case KERN_GUARD_QINQ: return g->untagged;
    case KERN_GUARD_TRUNK: return reads_tag(g, tag) ? tag_has_network(g, tag) : g->untagged;
    default: return 1;
    }
}

static __always_inline enum owner owner_by_mac(const __u8 *dst)
{
    __u64 key = mac_at(dst);

    if (dst[0] & 1)
        return OWNER_BOTH;
    return bpf_map_lookup_elem(&netdev_macs, &key) != NULL ? OWNER_US : OWNER_HOST;
}

static __always_inline enum owner judge(const struct netdev_filter *f, const __u8 *dst,
                                        const struct tag *tag)
{
    if (f->take == NETDEV_FILTER_ALL)
        return OWNER_US;
    if (f->take == NETDEV_FILTER_NOTHING || !has_network(&f->guard, tag) ||
        is_reserved_for_others(&f->guard, dst))
        return OWNER_HOST;
    return f->take == NETDEV_FILTER_MACS ? owner_by_mac(dst) : OWNER_US;
}

static __always_inline const struct netdev_filter *filter_now(void)
{
    const __u32 zero = 0;

    return bpf_map_lookup_elem(&netdev_filter, &zero);
}

#endif
