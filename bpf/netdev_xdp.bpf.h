/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The XDP program: what is ours goes to the AF_XDP socket of its queue; the host's goes on up the
 * stack, and so does what AF_XDP cannot carry, for the packet socket to take it there.
 *
 * Compiled twice. With WITH_HW_TAG it asks the driver for a tag that was taken out of the frame
 * (Linux 6.8 and later) and puts it back. Runs in the kernel.
 */
#ifndef BPF_NETDEV_XDP_BPF_H
#define BPF_NETDEV_XDP_BPF_H

#include "bpf/netdev_judge.bpf.h"

#define TAG_BYTES 4
#define QUEUES    32

struct {
    __uint(type, BPF_MAP_TYPE_XSKMAP);
    __uint(max_entries, QUEUES);
    __type(key, __u32);
    __type(value, __u32);
} netdev_xsks SEC(".maps");

#ifdef WITH_HW_TAG
extern int bpf_xdp_metadata_rx_vlan_tag(const struct xdp_md *ctx, __be16 *vlan_proto,
                                        __u16 *vlan_tci) __ksym;

static __always_inline int hw_tag(const struct xdp_md *ctx, struct tag *tag)
{
    __be16 tpid = 0;
    __u16 tci = 0;

    if (bpf_xdp_metadata_rx_vlan_tag(ctx, &tpid, &tci) != 0)
        return 0;
    tag->tpid = bpf_ntohs(tpid);
    tag->tci = tci;
    return 1;
}

/* Return 0, or not 0 with the frame as it was. */
static __always_inline int put_back(struct xdp_md *ctx, const struct tag *tag)
{
    __u8 *p;

    if (bpf_xdp_adjust_head(ctx, -TAG_BYTES) != 0)
        return -1;
    p = (__u8 *)(long)ctx->data;
    if (p + TAG_BYTES + sizeof(struct eth) > (__u8 *)(long)ctx->data_end)
        return -1;
    __builtin_memmove(p, p + TAG_BYTES, 12);
    p[12] = (__u8)(tag->tpid >> 8);
    p[13] = (__u8)tag->tpid;
    p[14] = (__u8)(tag->tci >> 8);
    p[15] = (__u8)tag->tci;
    return 0;
}
#else
#define hw_tag(ctx, tag)   0
#define put_back(ctx, tag) (-1)
#endif

static __always_inline void inline_tag(const struct eth *eth, const void *end, struct tag *tag)
{
    const __u8 *tci = (const __u8 *)(eth + 1);

    if (is_tag(be16_at(eth->type)) && (const void *)(tci + 2) <= end) {
        tag->tpid = be16_at(eth->type);
        tag->tci = be16_at(tci);
    }
}

static __always_inline __u32 frame_bytes(const struct xdp_md *ctx)
{
    __u32 bytes = ctx->data_end - ctx->data;

    /* The verifier wants the difference of the two pointers before anything is added. */
    asm volatile("" : "+r"(bytes));
    return bytes;
}

SEC("xdp")
int netdev_xdp(struct xdp_md *ctx)
{
    const struct eth *eth = (const void *)(long)ctx->data;
    const void *end = (const void *)(long)ctx->data_end;
    const struct netdev_filter *f = filter_now();
    __u32 queue = ctx->rx_queue_index;
    struct tag tag = {0};
    enum owner owner;
    int taken_out;

    if (f == NULL || (const void *)(eth + 1) > end)
        return XDP_PASS;
    taken_out = hw_tag(ctx, &tag);
    if (!taken_out)
        inline_tag(eth, end, &tag);
    owner = judge(f, eth->dst, &tag);
    if (owner != OWNER_US) {
        count(owner == OWNER_HOST ? NETDEV_COUNT_HOST : NETDEV_COUNT_SHARED);
        return XDP_PASS;
    }
    if (frame_bytes(ctx) > f->room - (taken_out ? TAG_BYTES : 0) ||
        bpf_map_lookup_elem(&netdev_xsks, &queue) == NULL) {
        count(NETDEV_COUNT_LONG);
        return XDP_PASS;
    }
    if (taken_out && put_back(ctx, &tag) != 0)
        return XDP_PASS;
    count(NETDEV_COUNT_TAKEN);
    return bpf_redirect_map(&netdev_xsks, queue, XDP_PASS);
}

#endif
