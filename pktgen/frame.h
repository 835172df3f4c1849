/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The bytes of a frame: built once per stream and size, then turned from any flow of the stream
 * into any other by a few stores. The sender's loop: for each frame, pg_flows_apply() to the
 * buffer that holds any frame of this stream and size, pg_flows_next(). No memory but the buffer
 * and two cache lines is touched, and no table grows with the number of flows.
 */
#ifndef PKTGEN_FRAME_H
#define PKTGEN_FRAME_H

#include "base/base.h"
#include "pktgen/stream.h"

#include <string.h>

/* Constants of one stream and size. */
struct pg_layout {
    uint32_t len;        /* of the frame on the ring, without FCS */
    uint8_t l2_len;      /* 14, 18, 22: also what an mbuf is told */
    uint8_t l3_len;      /* 20, 40 */
    uint8_t l4_len;      /* 8, 20 */
    uint8_t payload;     /* offset of the payload: where a signature starts */
    uint8_t has_outer;   /* 8 bytes at offset 14 vary too */
    uint8_t has_l4_csum; /* the field at l4_csum varies */
    uint8_t is_ipv6;
    uint8_t varies;        /* more than one flow: pg_flows_apply() has something to do */
    uint8_t source;        /* offset of the 8 bytes that end with the source address */
    uint8_t l4_csum;       /* offset of the L4 checksum */
    uint16_t l4_invert;    /* 0xffff for a checksum, 0 for a seed */
    uint16_t l4_zero;      /* what is sent for 0: UDP says 0xffff, as 0 is "none" */
    uint32_t ip_sum;       /* of the IPv4 header without source address, in host words */
    uint32_t l4_sum;       /* of pseudo header and segment without the low 32 bits of the source */
    uint16_t ttl_protocol; /* the two bytes in front of the IPv4 header checksum */
};

/* Where a sender is in the flows of a stream. One per stream and sending thread. */
struct pg_flows {
    uint32_t flow, flows;
    uint32_t smac_i, smacs;
    uint32_t dmac_i, dmacs;
    uint32_t vlan_i, vlans;
    uint64_t smac, dmac;  /* of flow 0, as numbers */
    uint64_t outer;       /* 14..21 of a frame with QinQ, but for the inner VLAN; host order */
    uint64_t source_high; /* IPv6: bytes 8..11 of the source, in the upper half */
    uint32_t source;      /* last 32 bits of the source of flow 0 */
    uint16_t type;        /* bytes 12..13 */
    uint16_t tci;         /* bytes 14..15 in flow 0 */
};

/* The bytes of one flow that differ from another's. In registers while a frame is made. */
struct pg_patch {
    uint64_t eth[2];  /* offset 0..15 */
    uint64_t outer;   /* offset 14..21, with has_outer */
    uint64_t source;  /* 8 bytes at layout.source */
    uint16_t l4_csum; /* at layout.l4_csum */
};

static inline uint16_t pg_fold(uint64_t sum)
{
    sum = (sum >> 32) + (uint32_t)sum;
    sum = (sum >> 16) + (sum & 0xffff);
    sum = (sum >> 16) + (sum & 0xffff);
    return (uint16_t)((sum >> 16) + sum);
}

/* The checksums of the current flow follow from the sums of the rest and its source address. */
static inline void pg_flows_patch(const struct pg_flows *f, const struct pg_layout *l,
                                  struct pg_patch *ret_patch)
{
    uint64_t smac = f->smac + f->smac_i, dmac = f->dmac + f->dmac_i;
    uint32_t source = f->source + f->flow;
    uint32_t source_sum = (source >> 16) + (source & 0xffff);
    uint16_t tci = (uint16_t)(f->tci + (l->has_outer ? 0 : f->vlan_i));
    uint16_t csum = (uint16_t)(pg_fold(l->l4_sum + source_sum) ^ l->l4_invert);
    uint64_t high = f->source_high;

    if (!l->is_ipv6)
        high = (uint64_t)l->ttl_protocol << 48 |
               (uint64_t)(uint16_t)~pg_fold(l->ip_sum + source_sum) << 32;
    ret_patch->eth[0] = __builtin_bswap64(dmac << 16 | smac >> 32);
    ret_patch->eth[1] = __builtin_bswap64(smac << 32 | (uint32_t)f->type << 16 | tci);
    ret_patch->outer = __builtin_bswap64(f->outer + ((uint64_t)f->vlan_i << 16));
    ret_patch->source = __builtin_bswap64(high | source);
    ret_patch->l4_csum = __builtin_bswap16(csum == 0 ? l->l4_zero : csum);
}

/* Makes @frame, any flow's of this stream and size, the current flow's. A signature may be in it.
 */
static inline void pg_flows_apply(const struct pg_flows *f, const struct pg_layout *l, void *frame)
{
    uint8_t *b = frame;
    struct pg_patch p;

    pg_flows_patch(f, l, &p);
    memcpy(b, p.eth, 16);
    if (l->has_outer)
        memcpy(b + 14, &p.outer, 8);
    memcpy(b + l->source, &p.source, 8);
    if (l->has_l4_csum)
        memcpy(b + l->l4_csum, &p.l4_csum, 2);
}

/* Compare and reset, never a division. */
static inline void pg_flows_next(struct pg_flows *f)
{
    f->smac_i = f->smac_i + 1 == f->smacs ? 0 : f->smac_i + 1;
    f->dmac_i = f->dmac_i + 1 == f->dmacs ? 0 : f->dmac_i + 1;
    f->vlan_i = f->vlan_i + 1 == f->vlans ? 0 : f->vlan_i + 1;
    if (unlikely(++f->flow == f->flows))
        f->flow = f->smac_i = f->dmac_i = f->vlan_i = 0;
}

/* Stands at flow 0. The stream need not live on. */
void pg_flows_init(struct pg_flows *flows, const struct pg_stream *stream);

/* Goes to flow @i, modulo the number of flows. */
void pg_flows_seek(struct pg_flows *flows, uint32_t i);

/**
 * pg_frame_layout() - the constants of one stream and size
 * @stream: checked with pg_stream_check()
 * @bytes: size with FCS, at least pg_stream_min_size()
 * @has_tag: the payload starts with a signature, which is neutral to the checksum
 * @ret_layout: what pg_flows_apply() and an mbuf's offload fields need
 *
 * Context: any thread; does not block; reads the whole payload pattern once.
 * Source: RFC 768, 791, 793, 1071, 8200; IEEE 802.1Q clause 9.6
 */
void pg_frame_layout(const struct pg_stream *stream, uint32_t bytes, bool has_tag,
                     struct pg_layout *ret_layout);

/**
 * pg_frame_build() - write a whole frame
 * @stream: as for pg_frame_layout()
 * @layout: of this stream and the wanted size
 * @flow: below the stream's flows
 * @has_tag: as it was for @layout
 * @ret_frame: layout->len bytes
 *
 * The payload is that of pg_tag_pattern(). With PG_CSUM_OFFLOAD the L4 checksum is the folded sum
 * of the pseudo header with the length of the whole segment, as VIRTIO_NET_HDR_F_NEEDS_CSUM has
 * it: do not let rte_eth_tx_prepare() write its own. The place of a signature is filled by a valid
 * one of run 0 and time 0, so that the checksum holds.
 * Context: any thread; does not block.
 * Source: as pg_frame_layout(); Virtio 1.2 clause 5.1.6.2
 */
void pg_frame_build(const struct pg_stream *stream, const struct pg_layout *layout, uint32_t flow,
                    bool has_tag, uint8_t *ret_frame);

/**
 * pg_frame_reverse() - the frame with which the receiver's port makes its addresses known
 * @stream: checked
 * @i: which destination MAC, below the stream's dmacs; VLANs follow as in flow @i
 * @ret_frame: 60 bytes, or the headers when they are longer; at least 128 bytes of room
 *
 * Sent from stream->rx before a measurement, once for every dmac and VLAN, a switch need not flood.
 * Return: bytes written, without FCS.
 * Context: any thread; does not block.
 * Source: IEEE 802.1Q clause 8.7
 */
uint32_t pg_frame_reverse(const struct pg_stream *stream, uint32_t i, uint8_t *ret_frame);

#endif
