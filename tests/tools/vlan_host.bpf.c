/* SPDX-License-Identifier: BSD-3-Clause
 *
 * VLANs for a namespace whose kernel has no VLAN devices: what goes to 10.0.N.x, N above 0, leaves
 * with tag N, beside the frame, as a VLAN device would leave it to the driver. What comes with a
 * tag loses it when its address is of that VLAN. Attached with tc(8) by ns_vlans; N in 1..99.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define AT_TYPE       12
#define AT_ARP_TARGET 38
#define AT_IP_TARGET  30

static __always_inline __u8 vlan_of(struct __sk_buff *skb)
{
    __u8 type[2] = {0}, ip[4] = {0};

    bpf_skb_load_bytes(skb, AT_TYPE, type, sizeof(type));
    if (type[0] == 0x08 && type[1] == 0x00)
        bpf_skb_load_bytes(skb, AT_IP_TARGET, ip, sizeof(ip));
    else if (type[0] == 0x08 && type[1] == 0x06)
        bpf_skb_load_bytes(skb, AT_ARP_TARGET, ip, sizeof(ip));
    return ip[0] == 10 && ip[1] == 0 && ip[2] < 100 ? ip[2] : 0;
}

SEC("tc/egress")
int vlan_push(struct __sk_buff *skb)
{
    __u8 vid = vlan_of(skb);

    if (vid != 0)
        bpf_skb_vlan_push(skb, bpf_htons(0x8100), vid);
    return TC_ACT_OK;
}

SEC("tc/ingress")
int vlan_pop(struct __sk_buff *skb)
{
    __u8 vid = vlan_of(skb);

    if (!skb->vlan_present)
        return vid == 0 ? TC_ACT_OK : TC_ACT_SHOT;
    if ((skb->vlan_tci & 0xfff) != vid)
        return TC_ACT_SHOT;
    bpf_skb_vlan_pop(skb);
    return TC_ACT_OK;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
