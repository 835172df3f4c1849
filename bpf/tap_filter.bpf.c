/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Filter program (TUNSETFILTEREBPF): drops in the kernel, before it costs the switch anything, what
 * the port may not send. It follows vlan_classify() and the guards, which judge every frame again:
 * a frame this program lets pass is not thereby allowed.
 */
#include "bpf/tap_filter.h"
#include "bpf/frame.bpf.h"

#define DROP 0

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct kern_guard);
} tap_filter_guard SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, TAP_FILTER_VERDICTS);
    __type(key, __u32);
    __type(value, __u64);
} tap_filter_drops SEC(".maps");

static __always_inline __u32 judge_trunk(const struct kern_guard *g, const struct tag *tag)
{
    if (!reads_tag(g, tag))
        return g->untagged ? TAP_FILTER_PASS : TAP_FILTER_UNTAGGED;
    if (vid_of(tag) == VID_MASK)
        return TAP_FILTER_VLAN_RESERVED;
    if (tag_has_network(g, tag))
        return TAP_FILTER_PASS;
    return g->uplink ? TAP_FILTER_UNMAPPED : TAP_FILTER_NOT_ALLOWED;
}

static __always_inline __u32 judge_vlan(const struct kern_guard *g, const struct tag *tag)
{
    if (g->vlan == KERN_GUARD_TRUNK)
        return judge_trunk(g, tag);
    if (g->vlan != KERN_GUARD_ACCESS || tag->tpid == 0 || vid_of(tag) == 0)
        return TAP_FILTER_PASS;
    return vid_of(tag) == VID_MASK ? TAP_FILTER_VLAN_RESERVED : TAP_FILTER_TAGGED;
}

static __always_inline __u32 judge_addresses(const struct kern_guard *g, const struct eth *eth)
{
    if ((eth->src[0] & 1) || mac_at(eth->src) == 0)
        return TAP_FILTER_SRC_GROUP;
    return is_reserved_for_others(g, eth->dst) ? TAP_FILTER_RESERVED_ADDR : TAP_FILTER_PASS;
}

SEC("socket")
int tap_filter(struct __sk_buff *skb)
{
    const __u32 zero = 0;
    const struct kern_guard *g = bpf_map_lookup_elem(&tap_filter_guard, &zero);
    struct eth eth = {0};
    struct tag tag;
    __u32 verdict;
    __u64 *count;

    /* What is too short to judge is the switch's to count. */
    if (g == NULL || bpf_skb_load_bytes(skb, 0, &eth, sizeof(eth)) < 0)
        return (int)skb->len;
    tag = skb_tag(skb, &eth);
    verdict = judge_vlan(g, &tag);
    if (verdict == TAP_FILTER_PASS)
        verdict = judge_addresses(g, &eth);
    if (verdict == TAP_FILTER_PASS)
        return (int)skb->len;
    count = bpf_map_lookup_elem(&tap_filter_drops, &verdict);
    if (count != NULL)
        (*count)++;
    return DROP;
}
