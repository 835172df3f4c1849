/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The slow questions about a frame: is its offload request honest, which flow is it. Both read only
 * the private head and are bounded by it.
 */
#include "port/frame.h"

#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_IPV6 0x86dd

#define IPPROTO_NUM_TCP  6
#define IPPROTO_NUM_UDP  17
#define IPPROTO_NUM_SCTP 132

#define IPV4_MIN_BYTES 20
#define IPV6_BYTES     40
#define TCP_MIN_BYTES  20
#define UDP_BYTES      8
#define IP_MAX_BYTES   65535
/* Linux sends no smaller segments (TCP_MIN_SND_MSS); less would only multiply our work. */
#define GSO_SIZE_MIN_BYTES 48

/* Extension headers that may stand before TCP or UDP; more than that is nobody's honest traffic. */
#define IPV6_EXT_MAX 4

struct l4 {
    uint16_t ethertype;
    uint16_t off;  /* of the transport header, 0 = none found inside the head */
    uint8_t proto; /* of the transport header */
    bool fragment; /* ports and checksums are not those of the whole datagram */
};

static const char *const names[] = {
    [DROP_NONE] = "none",
#define DROP(name, stage, help) [DROP_##name] = #name,
#include "port/drops.def"
#undef DROP
};

static const char *const helps[] = {
    [DROP_NONE] = "not dropped",
#define DROP(name, stage, help) [DROP_##name] = help,
#include "port/drops.def"
#undef DROP
};

enum stage { FRAME, COPY };

static const uint8_t stages[] = {
    [DROP_NONE] = FRAME,
#define DROP(name, stage, help) [DROP_##name] = stage,
#include "port/drops.def"
#undef DROP
};

const char *drop_name(enum drop_reason reason)
{
    return names[reason];
}

const char *drop_help(enum drop_reason reason)
{
    return helps[reason];
}

bool drop_is_copy(enum drop_reason reason)
{
    return stages[reason] == COPY;
}

static void find_l4_ipv4(const uint8_t *head, uint32_t len, uint32_t off, struct l4 *l4)
{
    uint32_t ihl_bytes;

    if (off + IPV4_MIN_BYTES > len || head[off] >> 4 != 4)
        return;
    ihl_bytes = (head[off] & 0xfu) * 4;
    if (ihl_bytes < IPV4_MIN_BYTES || off + ihl_bytes > len)
        return;
    l4->fragment = (load_be16(head + off + 6) & 0x3fff) != 0;
    l4->proto = head[off + 9];
    l4->off = (uint16_t)(off + ihl_bytes);
}

/* Hop-by-hop, routing and destination options share one layout: next header, length in 8 bytes. */
static bool ipv6_is_ext(uint8_t proto)
{
    return proto == 0 || proto == 43 || proto == 60;
}

static void find_l4_ipv6(const uint8_t *head, uint32_t len, uint32_t off, struct l4 *l4)
{
    uint8_t proto;

    if (off + IPV6_BYTES > len || head[off] >> 4 != 6)
        return;
    proto = head[off + 6];
    off += IPV6_BYTES;
    for (int i = 0; ipv6_is_ext(proto) && i < IPV6_EXT_MAX; i++) {
        if (off + 8 > len)
            return;
        proto = head[off];
        off += (head[off + 1] + 1u) * 8;
    }
    l4->fragment = proto == 44;
    l4->proto = proto;
    l4->off = off <= len ? (uint16_t)off : 0;
}

static struct l4 find_l4(const struct frame *f)
{
    struct l4 l4 = {.ethertype = load_be16(f->head + f->l3_off - 2)};

    if (l4.ethertype == ETHERTYPE_IPV4)
        find_l4_ipv4(f->head, f->head_len, f->l3_off, &l4);
    else if (l4.ethertype == ETHERTYPE_IPV6)
        find_l4_ipv6(f->head, f->head_len, f->l3_off, &l4);
    return l4;
}

/* Length of the headers in front of the payload that is cut, or 0 when the request is a lie. */
static uint16_t gso_header_bytes(const struct frame *f)
{
    uint8_t type = f->offload.gso_type & (uint8_t)~OFFLOAD_GSO_ECN;
    uint16_t want = type == OFFLOAD_GSO_TCPV4   ? ETHERTYPE_IPV4
                    : type == OFFLOAD_GSO_TCPV6 ? ETHERTYPE_IPV6
                                                : 0;
    struct l4 l4 = find_l4(f);
    uint32_t tcp_bytes;

    if (want == 0 || l4.ethertype != want || l4.off == 0 || l4.fragment ||
        l4.proto != IPPROTO_NUM_TCP || l4.off + TCP_MIN_BYTES > f->head_len)
        return 0;
    tcp_bytes = (f->head[l4.off + 12] >> 4) * 4u;
    if (tcp_bytes < TCP_MIN_BYTES || l4.off + tcp_bytes > f->head_len)
        return 0;
    if (f->offload.csum_start != l4.off || f->offload.csum_offset != 16)
        return 0;
    return (uint16_t)(l4.off + tcp_bytes);
}

/* May the two bytes of the checksum lie there? Whoever completes it writes to them after the frame
 * was judged, so they must not be a part of the headers that it is judged by: not the addresses,
 * not the ports, unless it is where TCP and UDP have their checksum. */
static bool csum_spares_headers(const struct frame *f)
{
    struct l4 l4 = find_l4(f);
    uint32_t start = f->offload.csum_start;
    uint32_t l4_off = l4.off;

    if (l4.ethertype != ETHERTYPE_IPV4 && l4.ethertype != ETHERTYPE_IPV6)
        return true;
    if (l4_off == 0)
        l4_off = f->l3_off + (l4.ethertype == ETHERTYPE_IPV4 ? IPV4_MIN_BYTES : IPV6_BYTES);
    if (l4.fragment || start < l4_off)
        return false;
    if (l4.proto != IPPROTO_NUM_TCP && l4.proto != IPPROTO_NUM_UDP)
        return true;
    if (start == l4_off)
        return f->offload.csum_offset == (l4.proto == IPPROTO_NUM_TCP ? 16 : 6);
    return start >= l4_off + UDP_BYTES; /* of a packet inside a tunnel */
}

static bool csum_is_sane(const struct frame *f)
{
    return f->offload.csum_start >= f->l3_off &&
           f->offload.csum_start <= UINT16_MAX - FRAME_ROOM_BYTES && /* tags may move it */
           (uint32_t)f->offload.csum_start + f->offload.csum_offset + 2 <= f->len &&
           csum_spares_headers(f);
}

/* A request to cut what fits into one segment is one for its checksum only. */
static void accept_single_segment(struct frame *f)
{
    f->offload.gso_type = OFFLOAD_GSO_NONE;
    f->offload.gso_size = 0;
    f->gso_hdr = 0;
}

static bool accept_gso(struct frame *f)
{
    uint32_t longest = IP_MAX_BYTES;
    uint32_t payload, segments;

    if (f->offload.gso_size < GSO_SIZE_MIN_BYTES || !(f->offload.flags & OFFLOAD_NEEDS_CSUM))
        return false;
    f->gso_hdr = gso_header_bytes(f);
    if ((f->offload.gso_type & ~OFFLOAD_GSO_ECN) == OFFLOAD_GSO_TCPV6)
        longest += IPV6_BYTES;
    if (f->gso_hdr == 0 || f->gso_hdr > f->len || f->len - f->l3_off > longest)
        return false;
    payload = f->len - f->gso_hdr;
    if (payload <= f->offload.gso_size) {
        accept_single_segment(f);
        return true;
    }
    segments = (payload + f->offload.gso_size - 1) / f->offload.gso_size;
    f->offload.hdr_len = f->gso_hdr;
    f->wire_pkts = (uint16_t)segments;
    f->wire_bytes = f->len + (segments - 1) * f->gso_hdr;
    return true;
}

void frame_check_offload(struct frame *f)
{
    /* "Data valid" and "RSC info" are words of a device to its driver; from a driver they mean
     * nothing. */
    f->offload.flags &= OFFLOAD_NEEDS_CSUM;
    f->offload.hdr_len = 0;
    if (((f->offload.flags & OFFLOAD_NEEDS_CSUM) && !csum_is_sane(f)) ||
        (f->offload.gso_type != OFFLOAD_GSO_NONE && !accept_gso(f))) {
        f->drop = DROP_bad_offload;
        f->gso_hdr = 0;
    }
}

/* Mixing of 64 bits down to 32: the finaliser of MurmurHash3 (public domain constants). */
static uint32_t mix(uint64_t x)
{
    uint32_t h;

    x ^= x >> 33;
    x *= 0xff51afd7ed558ccdull;
    x ^= x >> 33;
    x *= 0xc4ceb9fe1a85ec53ull;
    h = (uint32_t)(x >> 32);
    return h != 0 ? h : 1;
}

static uint64_t fold(const uint8_t *p, uint32_t bytes)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < bytes; i += 4)
        sum = sum * 0x9e3779b97f4a7c15ull + load_be32(p + i);
    return sum;
}

/* Adding the two ends makes the hash the same in both directions. */
static uint64_t hash_addresses(const struct frame *f, uint16_t ethertype)
{
    const uint8_t *ip = f->head + f->l3_off;

    if (ethertype == ETHERTYPE_IPV4)
        return fold(ip + 12, 4) + fold(ip + 16, 4);
    return fold(ip + 8, 16) + fold(ip + 24, 16);
}

static bool has_ports(const struct l4 *l4, const struct frame *f)
{
    return !l4->fragment && l4->off + 4 <= f->head_len &&
           (l4->proto == IPPROTO_NUM_TCP || l4->proto == IPPROTO_NUM_UDP ||
            l4->proto == IPPROTO_NUM_SCTP);
}

uint32_t frame_flow_hash(const struct frame *f)
{
    struct l4 l4 = {0};
    uint64_t sum;

    if (f->l3_off >= VLAN_ETH_BYTES)
        l4 = find_l4(f);
    if (l4.off == 0)
        return mix(
            mix(load_be32(f->head + 2) + ((uint64_t)load_be16(f->head) << 32)) +
            (uint64_t)mix(load_be32(f->head + 8) + ((uint64_t)load_be16(f->head + 6) << 32)));
    sum = hash_addresses(f, l4.ethertype) + ((uint64_t)l4.proto << 48);
    if (has_ports(&l4, f))
        sum += (uint64_t)mix(load_be16(f->head + l4.off)) + mix(load_be16(f->head + l4.off + 2));
    return mix(sum);
}
