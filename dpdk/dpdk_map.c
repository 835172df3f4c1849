/* SPDX-License-Identifier: BSD-3-Clause */
#include "dpdk/dpdk_map.h"

#include <rte_ethdev.h>
#include <rte_ip.h>
#include <rte_tcp.h>

#define TYPE_IPV4 0x0800
#define TYPE_IPV6 0x86dd
#define TPID_C    0x8100
#define TPID_S    0x88a8

#define PROTO_TCP  6
#define PROTO_UDP  17
#define IPV4_MIN   20
#define IPV6_BYTES 40
#define CSUM_TCP   16 /* offset in the header */
#define CSUM_UDP   6
#define L2_LEN_MAX 127 /* 7 bits of an mbuf */
#define L3_LEN_MAX 511 /* 9 bits */

/* A TCP or UDP packet right behind its IP header. */
struct plain {
    bool ipv6;
    uint8_t proto;
    uint16_t l3_bytes;
    uint16_t l4_off;
};

/* Extension headers and fragments are not plain. */
static bool find_plain(const uint8_t *head, uint32_t len, uint32_t l3_off, struct plain *ret)
{
    const uint8_t *ip = head + l3_off;
    uint16_t type;

    if (l3_off < VLAN_ETH_BYTES || l3_off + IPV4_MIN > len)
        return false;
    type = load_be16(ip - 2);
    *ret = (struct plain){.ipv6 = type == TYPE_IPV6};
    if (type == TYPE_IPV4) {
        if (ip[0] >> 4 != 4 || (load_be16(ip + 6) & 0x3fff) != 0)
            return false;
        ret->l3_bytes = (uint16_t)((ip[0] & 0xf) * 4);
        ret->proto = ip[9];
    } else if (type == TYPE_IPV6 && l3_off + IPV6_BYTES <= len && ip[0] >> 4 == 6) {
        ret->l3_bytes = IPV6_BYTES;
        ret->proto = ip[6];
    }
    ret->l4_off = (uint16_t)(l3_off + ret->l3_bytes);
    return ret->l3_bytes >= IPV4_MIN && (ret->proto == PROTO_TCP || ret->proto == PROTO_UDP) &&
           ret->l4_off + (ret->proto == PROTO_TCP ? 20u : 8u) <= len;
}

static uint16_t csum_offset(const struct plain *p)
{
    return p->proto == PROTO_TCP ? CSUM_TCP : CSUM_UDP;
}

/* The sum over addresses, protocol and, but for segmentation, length: where a card begins. */
static void store_pseudo(uint8_t *head, const struct plain *p, uint64_t ol_flags)
{
    const void *ip = head + p->l4_off - p->l3_bytes;
    uint16_t sum = p->ipv6 ? rte_ipv6_phdr_cksum(ip, ol_flags) : rte_ipv4_phdr_cksum(ip, ol_flags);

    memcpy(head + p->l4_off + csum_offset(p), &sum, sizeof(sum));
}

/* ---- receive ----------------------------------------------------------------------------- */
struct cursor {
    const struct rte_mbuf *m;
    uint32_t off;
};

/* The lengths have been checked. */
static void take(struct cursor *c, uint8_t *to, uint32_t bytes)
{
    while (bytes > 0) {
        uint32_t part = c->m->data_len - c->off;

        if (part > bytes)
            part = bytes;
        memcpy(to, rte_pktmbuf_mtod_offset(c->m, const uint8_t *, c->off), part);
        to += part;
        bytes -= part;
        c->off += part;
        if (c->off == c->m->data_len && bytes > 0) {
            c->m = c->m->next;
            c->off = 0;
        }
    }
}

static bool is_sound(const struct rte_mbuf *m)
{
    const struct rte_mbuf *s = m;
    uint32_t segs = 0;
    uint64_t bytes = 0;

    for (; s != NULL; s = s->next) {
        if (++segs > m->nb_segs || segs > FRAME_SEGS_MAX ||
            (uint32_t)s->data_off + s->data_len > s->buf_len)
            return false;
        bytes += s->data_len;
    }
    return bytes == m->pkt_len && segs == m->nb_segs;
}

/* Tags that the device has taken off, as they stood on the wire. */
static uint32_t stripped_tags(const struct rte_mbuf *m, uint8_t *to)
{
    uint32_t bytes = 0;

    if (likely((m->ol_flags & (RTE_MBUF_F_RX_QINQ_STRIPPED | RTE_MBUF_F_RX_VLAN_STRIPPED)) == 0))
        return 0;
    if (m->ol_flags & RTE_MBUF_F_RX_QINQ_STRIPPED) {
        store_be16(to, TPID_S);
        store_be16(to + 2, m->vlan_tci_outer);
        bytes = VLAN_TAG_BYTES;
    }
    if (m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) {
        store_be16(to + bytes, TPID_C);
        store_be16(to + bytes + 2, m->vlan_tci);
        bytes += VLAN_TAG_BYTES;
    }
    return bytes;
}

static void take_head(struct cursor *c, struct frame *f, const uint8_t *tags, uint32_t tag_bytes)
{
    enum { ADDRS = VLAN_ETH_BYTES - 2 };

    if (likely(tag_bytes == 0)) {
        take(c, f->head, f->head_len);
        return;
    }
    take(c, f->head, ADDRS);
    memcpy(f->head + ADDRS, tags, tag_bytes);
    take(c, f->head + ADDRS + tag_bytes, f->head_len - ADDRS - tag_bytes);
}

static void lend_body(struct burst *b, struct frame *f, const struct cursor *at)
{
    struct frame_seg *seg = burst_segs(b);
    uint32_t off = at->off;

    for (const struct rte_mbuf *s = at->m; s != NULL; s = s->next) {
        if (s->data_len > off)
            seg[f->seg_count++] = (struct frame_seg){
                .base = rte_pktmbuf_mtod_offset(s, const uint8_t *, off), .len = s->data_len - off};
        off = 0;
    }
}

/* An open checksum: the frame asks for it as a guest's would, with the pseudo header's sum in its
 * place, whatever the device has left there. */
static void map_request(struct frame *f, const struct rte_mbuf *m)
{
    uint16_t l3_off = vlan_l3_offset(f->head, f->head_len);
    struct plain p;

    if ((m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) != RTE_MBUF_F_RX_L4_CKSUM_NONE ||
        !find_plain(f->head, f->head_len, l3_off, &p))
        return;
    store_pseudo(f->head, &p, 0);
    f->offload.flags = OFFLOAD_NEEDS_CSUM;
    f->offload.csum_start = p.l4_off;
    f->offload.csum_offset = csum_offset(&p);
    if ((m->ol_flags & RTE_MBUF_F_RX_LRO) && p.proto == PROTO_TCP) {
        f->offload.gso_type = p.ipv6 ? OFFLOAD_GSO_TCPV6 : OFFLOAD_GSO_TCPV4;
        f->offload.gso_size = m->tso_segsz;
    }
}

static void commit_bad(struct burst *b, uint32_t len, enum drop_reason reason)
{
    struct frame *f = burst_next(b);

    f->len = len <= FRAME_MAX_BYTES ? len : FRAME_MAX_BYTES;
    f->head_len = 0;
    f->drop = (uint8_t)reason;
    burst_commit(b, f);
}

void dpdk_map_rx(struct burst *b, const struct rte_mbuf *m)
{
    struct cursor at = {.m = m};
    uint8_t tags[2 * VLAN_TAG_BYTES];
    uint32_t tag_bytes = stripped_tags(m, tags);
    uint64_t len = (uint64_t)m->pkt_len + tag_bytes;
    struct frame *f;

    if (unlikely(!is_sound(m))) {
        commit_bad(b, m->pkt_len, DROP_bad_buffer);
        return;
    }
    if (unlikely(m->pkt_len < VLAN_ETH_BYTES || len > FRAME_MAX_BYTES)) {
        commit_bad(b, m->pkt_len, m->pkt_len < VLAN_ETH_BYTES ? DROP_runt : DROP_too_long);
        return;
    }
    f = burst_next(b);
    f->len = (uint32_t)len;
    f->head_len = f->len < FRAME_HEAD_BYTES ? (uint16_t)f->len : FRAME_HEAD_BYTES;
    take_head(&at, f, tags, tag_bytes);
    lend_body(b, f, &at);
    if (unlikely((m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_NONE))
        map_request(f, m);
    burst_commit(b, f);
}

/* ---- send -------------------------------------------------------------------------------- */

/* Append to the last mbuf of the chain, going on to the next when it is full. */
static void append(struct rte_mbuf *first, struct rte_mbuf **chain, uint32_t room,
                   const uint8_t *from, uint32_t bytes)
{
    while (bytes > 0) {
        struct rte_mbuf *m = chain[first->nb_segs - 1];
        uint32_t part = room - m->data_len;

        if (part == 0) {
            m->next = chain[first->nb_segs++];
            continue;
        }
        if (part > bytes)
            part = bytes;
        memcpy(rte_pktmbuf_mtod_offset(m, uint8_t *, m->data_len), from, part);
        m->data_len = (uint16_t)(m->data_len + part);
        first->pkt_len += part;
        from += part;
        bytes -= part;
    }
}

/* Zero means "none" to UDP, and to others the other zero is as good. */
static enum drop_reason sum_here(struct rte_mbuf *m, const struct offload *o)
{
    uint32_t at = (uint32_t)o->csum_start + o->csum_offset;
    uint16_t sum = 0;

    if (o->gso_type != OFFLOAD_GSO_NONE || at + sizeof(sum) > m->data_len ||
        rte_raw_cksum_mbuf(m, o->csum_start, m->pkt_len - o->csum_start, &sum) < 0)
        return DROP_no_offload;
    sum = (uint16_t)~sum;
    if (sum == 0)
        sum = 0xffff;
    memcpy(rte_pktmbuf_mtod_offset(m, uint8_t *, at), &sum, sizeof(sum));
    return DROP_NONE;
}

static enum drop_reason map_request_out(struct rte_mbuf *m, const struct offload *o,
                                        uint16_t l3_off)
{
    uint8_t *head = rte_pktmbuf_mtod(m, uint8_t *);
    bool gso = o->gso_type != OFFLOAD_GSO_NONE;
    struct plain p;

    if (!find_plain(head, m->data_len, l3_off, &p) || p.l4_off != o->csum_start ||
        csum_offset(&p) != o->csum_offset || l3_off > L2_LEN_MAX || p.l3_bytes > L3_LEN_MAX ||
        (gso && (p.proto != PROTO_TCP || o->hdr_len > m->data_len)))
        return sum_here(m, o);
    m->l2_len = l3_off;
    m->l3_len = p.l3_bytes;
    m->ol_flags |= p.ipv6 ? RTE_MBUF_F_TX_IPV6 : RTE_MBUF_F_TX_IPV4;
    m->ol_flags |= p.proto == PROTO_TCP ? RTE_MBUF_F_TX_TCP_CKSUM : RTE_MBUF_F_TX_UDP_CKSUM;
    if (gso) {
        m->ol_flags |= RTE_MBUF_F_TX_TCP_SEG;
        m->tso_segsz = o->gso_size;
        m->l4_len = (uint8_t)(o->hdr_len - o->csum_start);
        if (!p.ipv6) {
            m->ol_flags |= RTE_MBUF_F_TX_IP_CKSUM;
            memset(head + l3_off + 10, 0, 2); /* each segment has its own */
        }
    }
    store_pseudo(head, &p, m->ol_flags);
    return DROP_NONE;
}

enum drop_reason dpdk_map_tx(const struct frame *f, const struct frame_out *out,
                             struct rte_mbuf **chain, uint32_t room)
{
    struct rte_mbuf *m = chain[0];
    int growth = (int)out->len - (int)f->len;

    append(m, chain, room, out->head, out->head_len);
    for (uint16_t i = 0; i < out->seg_count; i++)
        append(m, chain, room, out->seg[i].base, out->seg[i].len);
    if (likely((out->offload.flags & OFFLOAD_NEEDS_CSUM) == 0))
        return DROP_NONE;
    return map_request_out(m, &out->offload, (uint16_t)(f->l3_off + growth));
}

uint32_t dpdk_map_offloads(uint64_t capa, uint32_t segs_max, uint32_t segs_need, uint64_t *ret_tx)
{
    const uint64_t l4 = RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM;
    const uint64_t tso =
        RTE_ETH_TX_OFFLOAD_TCP_TSO | RTE_ETH_TX_OFFLOAD_MULTI_SEGS | RTE_ETH_TX_OFFLOAD_IPV4_CKSUM;

    *ret_tx = 0;
    if ((capa & l4) == l4 && (capa & tso) == tso && (segs_max == 0 || segs_max >= segs_need)) {
        *ret_tx = l4 | tso;
        return PORT_OFFLOAD_CSUM | PORT_OFFLOAD_TSO4 | PORT_OFFLOAD_TSO6;
    }
    /* Buffers of one pool and no chains, so a device may give them back in a lump. */
    *ret_tx = capa & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
    if ((capa & l4) != l4)
        return 0;
    *ret_tx |= l4;
    return PORT_OFFLOAD_CSUM;
}
