/* SPDX-License-Identifier: BSD-3-Clause */
#include "pktgen/frame.h"

#include "pktgen/tag.h"

#define TYPE_IPV4   0x0800
#define TYPE_IPV6   0x86dd
#define TYPE_VLAN   0x8100
#define TYPE_QINQ   0x88a8
#define PROTO_TCP   6
#define PROTO_UDP   17
#define TTL         64
#define DONT_FRAG   0x4000
#define TCP_ACK     0x10
#define REVERSE_MAX 128

static bool is_ipv6(const struct pg_stream *s)
{
    return s->src.version == 6;
}

static uint8_t protocol(const struct pg_stream *s)
{
    return s->l4 == PG_TCP ? PROTO_TCP : PROTO_UDP;
}

static uint16_t tag_word(const struct pg_stream *s, uint64_t vlan)
{
    return (uint16_t)(s->pcp << 13 | vlan);
}

/* Sum of 16-bit words, the first byte of each more significant; an odd last byte stands before 0.
 */
static uint64_t words_sum(const uint8_t *b, uint32_t len)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i + 1 < len; i += 2)
        sum += load_be16(b + i);
    return sum + (len % 2 ? (uint64_t)b[len - 1] << 8 : 0);
}

/* Where the two headers start: constants of the stream. */
static void offsets_set(const struct pg_stream *s, struct pg_layout *l)
{
    bool v6 = is_ipv6(s);
    uint8_t l4;

    l->l2_len = (uint8_t)(14 + (s->vlan.first ? 4 : 0) + (s->qinq.first ? 4 : 0));
    l->l3_len = v6 ? 40 : 20;
    l->l4_len = s->l4 == PG_TCP ? 20 : 8;
    l4 = (uint8_t)(l->l2_len + l->l3_len);
    l->payload = (uint8_t)(l4 + l->l4_len);
    l->is_ipv6 = v6;
    l->has_outer = s->qinq.first != 0;
    l->source = (uint8_t)(l->l2_len + (v6 ? 16 : 8));
    l->l4_csum = (uint8_t)(l4 + (s->l4 == PG_TCP ? 16 : 6));
    l->has_l4_csum = s->csum != PG_CSUM_NONE;
    l->varies = s->flows > 1;
}

static void ipv4_write(const struct pg_stream *s, uint32_t len, uint8_t *b)
{
    memset(b, 0, 20);
    b[0] = 0x45;
    store_be16(b + 2, (uint16_t)len);
    store_be16(b + 6, DONT_FRAG);
    b[8] = TTL;
    b[9] = protocol(s);
    memcpy(b + 12, s->src.b + 12, 4);
    memcpy(b + 16, s->dst.b + 12, 4);
}

static void ipv6_write(const struct pg_stream *s, uint32_t len, uint8_t *b)
{
    memset(b, 0, 8);
    b[0] = 0x60;
    store_be16(b + 4, (uint16_t)(len - 40));
    b[6] = protocol(s);
    b[7] = TTL;
    memcpy(b + 8, s->src.b, 16);
    memcpy(b + 24, s->dst.b, 16);
}

static void l4_write(const struct pg_stream *s, uint32_t len, uint8_t *b)
{
    memset(b, 0, s->l4 == PG_TCP ? 20 : 8);
    store_be16(b, s->sport);
    store_be16(b + 2, s->dport);
    if (s->l4 == PG_UDP) {
        store_be16(b + 4, (uint16_t)len);
        return;
    }
    store_be32(b + 4, 1);
    store_be32(b + 8, 1);
    b[12] = 5 << 4;
    b[13] = TCP_ACK;
    store_be16(b + 14, UINT16_MAX);
}

/* IP and L4 headers of flow 0, checksums zero. */
static void headers_write(const struct pg_stream *s, const struct pg_layout *l, uint8_t *b)
{
    uint32_t l3_bytes = l->len - l->l2_len;

    if (l->is_ipv6)
        ipv6_write(s, l3_bytes, b);
    else
        ipv4_write(s, l3_bytes, b);
    l4_write(s, l3_bytes - l->l3_len, b + l->l3_len);
}

/* Addresses, protocol and length, but for the last 32 bits of the source. */
static uint64_t pseudo_sum(const struct pg_stream *s, const struct pg_layout *l)
{
    return words_sum(s->src.b, 12) + words_sum(s->dst.b, 16) + protocol(s) +
           (l->len - l->l2_len - l->l3_len);
}

void pg_frame_layout(const struct pg_stream *stream, uint32_t bytes, bool has_tag,
                     struct pg_layout *ret_layout)
{
    struct pg_layout l = {.len = bytes - PG_FCS_BYTES};
    uint32_t unsummed = has_tag ? PG_TAG_BYTES : 0; /* sums to nothing */
    uint8_t headers[64];
    uint64_t sum;

    offsets_set(stream, &l);
    assert(l.len >= l.payload + unsummed);
    headers_write(stream, &l, headers);
    if (!l.is_ipv6) {
        l.ttl_protocol = load_be16(headers + 8);
        l.ip_sum = pg_fold(words_sum(headers, 12) + words_sum(headers + 16, 4));
    }
    sum = pseudo_sum(stream, &l);
    if (stream->csum == PG_CSUM_FULL) {
        sum += words_sum(headers + l.l3_len, l.l4_len);
        sum += words_sum(pg_tag_pattern(stream->id) + unsummed, l.len - l.payload - unsummed);
        l.l4_invert = 0xffff;
        l.l4_zero = stream->l4 == PG_UDP ? 0xffff : 0;
    }
    l.l4_sum = pg_fold(sum);
    *ret_layout = l;
}

void pg_flows_init(struct pg_flows *flows, const struct pg_stream *stream)
{
    const struct pg_stream *s = stream;
    uint16_t type = is_ipv6(s) ? TYPE_IPV6 : TYPE_IPV4;
    uint16_t first = is_ipv6(s) ? 0x6000 : 0x4500; /* of the IP header */
    uint16_t inner = tag_word(s, s->vlan.first);

    *flows = (struct pg_flows){
        .flows = s->flows,
        .smacs = s->smacs,
        .dmacs = s->dmacs,
        .vlans = (uint32_t)(s->vlan.last - s->vlan.first + 1),
        .smac = mac_to_u64(s->smac.b),
        .dmac = mac_to_u64(s->dmac.b),
        .outer = (uint64_t)tag_word(s, s->qinq.first) << 48 | (uint64_t)TYPE_VLAN << 32 |
                 (uint32_t)inner << 16 | type,
        .source_high = (uint64_t)load_be32(s->src.b + 8) << 32,
        .source = load_be32(s->src.b + 12),
        .type = s->qinq.first   ? TYPE_QINQ
                : s->vlan.first ? TYPE_VLAN
                                : type,
        .tci = s->qinq.first   ? tag_word(s, s->qinq.first)
               : s->vlan.first ? inner
                               : first,
    };
}

void pg_flows_seek(struct pg_flows *flows, uint32_t i)
{
    flows->flow = i % flows->flows;
    flows->smac_i = flows->flow % flows->smacs;
    flows->dmac_i = flows->flow % flows->dmacs;
    flows->vlan_i = flows->flow % flows->vlans;
}

void pg_frame_build(const struct pg_stream *stream, const struct pg_layout *layout, uint32_t flow,
                    bool has_tag, uint8_t *ret_frame)
{
    struct pg_flows flows;
    uint8_t *b = ret_frame;

    if (stream->vlan.first != 0) /* the type behind the last tag */
        store_be16(b + layout->l2_len - 2, is_ipv6(stream) ? TYPE_IPV6 : TYPE_IPV4);
    headers_write(stream, layout, b + layout->l2_len);
    memcpy(b + layout->payload, pg_tag_pattern(stream->id), layout->len - layout->payload);
    if (has_tag)
        pg_tag_write(b + layout->payload, pg_tag_magic(0, 0), stream->id, 0, 0);
    pg_flows_init(&flows, stream);
    pg_flows_seek(&flows, flow);
    pg_flows_apply(&flows, layout, b);
}

uint32_t pg_frame_reverse(const struct pg_stream *stream, uint32_t i, uint8_t *ret_frame)
{
    struct pg_stream back = *stream;
    struct pg_layout layout;

    back.smac = stream->dmac;
    back.smacs = stream->dmacs;
    back.dmac = stream->smac;
    back.dmacs = 1;
    back.src = stream->dst;
    back.dst = stream->src;
    back.tso_mss = 0;
    back.csum = PG_CSUM_FULL;
    pg_frame_layout(&back, pg_stream_min_size(&back, false), false, &layout);
    assert(layout.len <= REVERSE_MAX);
    pg_frame_build(&back, &layout, i, false, ret_frame);
    return layout.len;
}
