/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Steering program (TUNSETSTEERINGEBPF): which queue of a TAP device takes a frame. Both directions
 * of a flow give the same number, so that one worker serves both; the kernel takes it modulo the
 * number of queues. Same fields as frame_flow_hash(): addresses and ports of IPv4 and IPv6, else
 * the MAC addresses.
 */
#include "bpf/frame.bpf.h"

/* Socket filters may not point into the packet, they copy out of it. */
#define load(skb, o, p) (bpf_skb_load_bytes(skb, o, &(p), sizeof(p)) == 0)

#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_IPV6 0x86dd
#define PROTO_TCP      6
#define PROTO_UDP      17
#define PROTO_SCTP     132
#define TAGS_MAX       2
#define IPV6_EXT_MAX   4

struct flow {
    __u64 ends; /* sum over both ends, so the direction does not matter */
    __u32 l4;   /* offset of the transport header, 0 = no ports */
    __u8 proto;
};

/* Finaliser of MurmurHash3: every bit of the input moves every bit of the result. */
static __always_inline __u64 mix(__u64 x)
{
    x ^= x >> 33;
    x *= 0xff51afd7ed558ccdull;
    x ^= x >> 33;
    x *= 0xc4ceb9fe1a85ec53ull;
    x ^= x >> 33;
    return x;
}

static __always_inline int ipv4(struct __sk_buff *skb, __u32 off, struct flow *flow)
{
    struct {
        __u8 ihl, tos, len[2], id[2], frag[2], ttl, proto, csum[2];
        __u32 src, dst;
    } ip;

    if (!load(skb, off, ip) || ip.ihl >> 4 != 4)
        return -1;
    flow->ends = mix(ip.src) + mix(ip.dst);
    flow->proto = ip.proto;
    if ((be16_at(ip.frag) & 0x3fff) == 0)
        flow->l4 = off + (ip.ihl & 15) * 4;
    return 0;
}

static __always_inline int ipv6(struct __sk_buff *skb, __u32 off, struct flow *flow)
{
    struct {
        __u8 version, rest[3], len[2], next, hops;
        __u64 src[2], dst[2];
    } ip;
    __u8 ext[2];
    __u8 next;

    if (!load(skb, off, ip) || ip.version >> 4 != 6)
        return -1;
    flow->ends = mix(mix(ip.src[0]) + ip.src[1]) + mix(mix(ip.dst[0]) + ip.dst[1]);
    next = ip.next;
    off += sizeof(ip);
    for (int i = 0; i < IPV6_EXT_MAX && (next == 0 || next == 43 || next == 60); i++) {
        if (!load(skb, off, ext))
            return 0;
        next = ext[0];
        off += (ext[1] + 1) * 8;
    }
    flow->proto = next;
    if (next != 44)
        flow->l4 = off;
    return 0;
}

static __always_inline __u16 find_l3(struct __sk_buff *skb, __u32 *off)
{
    __u8 type[2];

    for (int i = 0; i <= TAGS_MAX; i++) {
        if (!load(skb, *off - 2, type))
            return 0;
        if (!is_tag(be16_at(type)))
            return be16_at(type);
        *off += 4;
    }
    return 0;
}

static __always_inline void add_ports(struct __sk_buff *skb, struct flow *flow)
{
    __u8 ports[4];

    if (flow->l4 == 0 ||
        (flow->proto != PROTO_TCP && flow->proto != PROTO_UDP && flow->proto != PROTO_SCTP) ||
        !load(skb, flow->l4, ports))
        return;
    flow->ends += mix(be16_at(ports) + 1) + mix(be16_at(ports + 2) + 1);
}

SEC("socket")
int tap_steer(struct __sk_buff *skb)
{
    struct flow flow = {0};
    __u8 addrs[12];
    __u32 off = sizeof(struct eth);
    __u16 type = find_l3(skb, &off);
    int rc = -1;

    if (type == ETHERTYPE_IPV4)
        rc = ipv4(skb, off, &flow);
    else if (type == ETHERTYPE_IPV6)
        rc = ipv6(skb, off, &flow);
    if (rc == 0) {
        add_ports(skb, &flow);
    } else {
        if (!load(skb, 0, addrs))
            return 0;
        flow.ends = mix(mac_at(addrs)) + mix(mac_at(addrs + 6));
    }
    /* The kernel's modulo looks at the low bits. */
    return (int)(mix(flow.ends + flow.proto) >> 32);
}
