/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Filter program (TUNSETFILTEREBPF): drops in the kernel, before it costs the switch anything, what
 * the port may not send. It follows vlan_classify() and the guards, which judge every frame again:
 * a frame this program lets pass is not thereby allowed.
 */
#include "tap/tap_packet.bpf.h"

#include "tap/tap_filter_config.h"

#define VID_MASK 0x0fff
#define DROP     0

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct tap_filter_config);
} tap_filter_config SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, TAP_FILTER_VERDICTS);
    __type(key, __u32);
    __type(value, __u64);
} tap_filter_drops SEC(".maps");

struct eth {
    __u8 dst[6], src[6], type[2], tci[2];
};

struct tag {
    int present;
    __u16 tpid;
    __u16 vid;
};

/* The outer tag; the kernel may carry it beside the frame. */
static __always_inline struct tag outer_tag(struct __sk_buff *skb, const struct eth *eth)
{
    struct tag tag = {0};

    if (skb->vlan_present) {
        tag.present = 1;
        tag.tpid = bpf_ntohs((__u16)skb->vlan_proto);
        tag.vid = skb->vlan_tci & VID_MASK;
    } else if (is_tag(be16_at(eth->type))) {
        tag.present = 1;
        tag.tpid = be16_at(eth->type);
        tag.vid = be16_at(eth->tci) & VID_MASK;
    }
    return tag;
}

static __always_inline int has_vid(const __u64 *allowed, __u16 vid)
{
    return allowed[(vid >> 6) & 63] >> (vid & 63) & 1;
}

static __always_inline __u32 judge_trunk(const struct tap_filter_config *c, const struct tag *tag)
{
    if (!tag->present || tag->vid == 0 || (tag->tpid != c->tpid && !c->uplink))
        return c->untagged ? TAP_FILTER_PASS : TAP_FILTER_UNTAGGED;
    if (tag->vid == VID_MASK)
        return TAP_FILTER_VLAN_RESERVED;
    /* Which networks are inside an 802.1ad tag is for the switch to know. */
    if (c->uplink)
        return has_vid(tag->tpid == c->tpid ? c->vid_allowed : c->svid_allowed, tag->vid)
                   ? TAP_FILTER_PASS
                   : TAP_FILTER_UNMAPPED;
    return has_vid(c->vid_allowed, tag->vid) ? TAP_FILTER_PASS : TAP_FILTER_NOT_ALLOWED;
}

static __always_inline __u32 judge_vlan(const struct tap_filter_config *c, const struct tag *tag)
{
    if (c->vlan == TAP_FILTER_VLAN_TRUNK)
        return judge_trunk(c, tag);
    if (c->vlan != TAP_FILTER_VLAN_ACCESS || !tag->present || tag->vid == 0)
        return TAP_FILTER_PASS;
    return tag->vid == VID_MASK ? TAP_FILTER_VLAN_RESERVED : TAP_FILTER_TAGGED;
}

static __always_inline int is_reserved(const __u8 *dst)
{
    return dst[0] == 0x01 && dst[1] == 0x80 && dst[2] == 0xc2 && dst[3] == 0 && dst[4] == 0 &&
           dst[5] < 16;
}

static __always_inline __u32 judge_addresses(const struct tap_filter_config *c,
                                             const struct eth *eth)
{
    const __u8 *src = eth->src;

    if ((src[0] & 1) || (src[0] | src[1] | src[2] | src[3] | src[4] | src[5]) == 0)
        return TAP_FILTER_SRC_GROUP;
    if (is_reserved(eth->dst) && !(c->reserved_allowed >> (eth->dst[5] & 15) & 1))
        return TAP_FILTER_RESERVED_ADDR;
    return TAP_FILTER_PASS;
}

SEC("socket")
int tap_filter(struct __sk_buff *skb)
{
    const __u32 zero = 0;
    const struct tap_filter_config *c = bpf_map_lookup_elem(&tap_filter_config, &zero);
    struct eth eth = {0};
    struct tag tag;
    __u32 verdict;
    __u64 *count;

    /* What is too short to judge is the switch's to count. */
    if (c == NULL || bpf_skb_load_bytes(skb, 0, &eth, sizeof(eth)) < 0)
        return (int)skb->len;
    tag = outer_tag(skb, &eth);
    verdict = judge_vlan(c, &tag);
    if (verdict == TAP_FILTER_PASS)
        verdict = judge_addresses(c, &eth);
    if (verdict == TAP_FILTER_PASS)
        return (int)skb->len;
    count = bpf_map_lookup_elem(&tap_filter_drops, &verdict);
    if (count != NULL)
        (*count)++;
    return DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
