/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Two programs for frames on their way up the host's stack: the filter of the packet socket lets
 * through what is ours, and the ingress program behind it (TCX, Linux 6.6 and later) then keeps
 * that from the host.
 */
#include "bpf/netdev_judge.bpf.h"

static __always_inline enum owner owner_of(struct __sk_buff *skb)
{
    const struct netdev_filter *f = filter_now();
    struct eth eth = {0};
    struct tag tag;

    if (f == NULL || bpf_skb_load_bytes(skb, 0, &eth, sizeof(eth)) < 0)
        return OWNER_HOST;
    tag = skb_tag(skb, &eth);
    return judge(f, eth.dst, &tag);
}

#define PACKET_OUTGOING 4

SEC("socket")
int netdev_socket(struct __sk_buff *skb)
{
    if (skb->pkt_type == PACKET_OUTGOING || owner_of(skb) == OWNER_HOST)
        return 0;
    return (int)skb->len;
}

SEC("tc")
int netdev_ingress(struct __sk_buff *skb)
{
    enum { NEXT = -1, DROP = 2 }; /* TCX_NEXT, TCX_DROP */

    return owner_of(skb) == OWNER_US ? DROP : NEXT;
}
