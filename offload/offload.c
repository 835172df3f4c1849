/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Completion in software: a copy of the frame, then either its one checksum or its segments.
 * Workers only.
 */
#include "offload/offload.h"

#include "offload/csum.h"

#include <string.h>

#define ETHERTYPE_IPV4 0x0800
#define PROTO_TCP      6
#define IPV4_MIN_BYTES 20
#define IPV6_BYTES     40
#define IP_MAX_BYTES   65535
#define TCP_MIN_BYTES  20

#define IPV6_NEXT_ROUTING 43

/* Offsets in the headers. */
#define IPV4_LEN    2
#define IPV4_ID     4
#define IPV4_CSUM   10
#define IPV4_ADDRS  12
#define IPV6_LEN    4
#define IPV6_NEXT   6
#define IPV6_ADDRS  8
#define TCP_SEQ     4
#define TCP_DATAOFF 12
#define TCP_FLAGS   13
#define TCP_CSUM    16

#define TCP_FIN 0x01
#define TCP_PSH 0x08
#define TCP_CWR 0x80

static void copy_frame(struct offload_work *w, const struct frame *f)
{
    uint8_t *p = w->bytes;

    memcpy(p, f->head, f->head_len);
    p += f->head_len;
    for (uint16_t i = 0; i < f->seg_count; i++) {
        memcpy(p, f->seg[i].base, f->seg[i].len);
        p += f->seg[i].len;
    }
}

/* The segments are the source's claim, the buffer is ours. */
static bool lengths_agree(const struct frame *f)
{
    uint64_t bytes = f->head_len;

    for (uint16_t i = 0; i < f->seg_count; i++)
        bytes += f->seg[i].len;
    return bytes == f->len && f->len <= FRAME_MAX_BYTES && f->head_len <= FRAME_HEAD_BYTES;
}

static bool is_ipv4(const struct offload_work *w)
{
    return load_be16(w->bytes + w->l3_off - 2) == ETHERTYPE_IPV4;
}

/* While hops are left the checksum is made for the last of them, which only the header knows. */
static bool has_live_routing(const struct offload_work *w)
{
    uint8_t next = w->bytes[w->l3_off + IPV6_NEXT];

    for (uint32_t off = w->l3_off + IPV6_BYTES; off < w->l4_off;) {
        if (next == IPV6_NEXT_ROUTING && w->bytes[off + 3] != 0)
            return true;
        next = w->bytes[off];
        off += (w->bytes[off + 1] + 1u) * 8;
    }
    return false;
}

/* All of this frame_check_offload() has made sure of; a frame that missed it must do no harm. */
static bool can_segment(const struct offload_work *w)
{
    uint32_t ip_bytes = is_ipv4(w) ? IPV4_MIN_BYTES : IPV6_BYTES;
    uint8_t type = w->offload.gso_type & (uint8_t)~OFFLOAD_GSO_ECN;
    uint32_t longest = is_ipv4(w) ? IP_MAX_BYTES : IP_MAX_BYTES + IPV6_BYTES;

    return w->offload.gso_size != 0 &&
           type == (is_ipv4(w) ? OFFLOAD_GSO_TCPV4 : OFFLOAD_GSO_TCPV6) &&
           w->l4_off >= w->l3_off + ip_bytes && w->gso_hdr >= w->l4_off + TCP_MIN_BYTES &&
           w->gso_hdr <= FRAME_HEAD_BYTES && w->gso_hdr < w->len && w->len - w->l3_off <= longest &&
           (is_ipv4(w) || !has_live_routing(w));
}

static bool can_checksum(const struct offload_work *w)
{
    return (w->offload.flags & OFFLOAD_NEEDS_CSUM) && w->offload.gso_type == OFFLOAD_GSO_NONE &&
           w->l4_off >= w->l3_off && (uint32_t)w->l4_off + w->offload.csum_offset + 2 <= w->len;
}

/* What the checksums of all segments share: addresses and protocol. */
static uint32_t sum_addresses(const struct offload_work *w)
{
    const uint8_t *ip = w->bytes + w->l3_off;

    return csum_bytes(ip + (is_ipv4(w) ? IPV4_ADDRS : IPV6_ADDRS), is_ipv4(w) ? 8 : 32) +
           csum_word(PROTO_TCP);
}

/* Zero means "none" to UDP, and to others the other zero is as good. */
static void fill_checksum(struct offload_work *w)
{
    uint16_t csum = (uint16_t)~csum_fold(csum_bytes(w->bytes + w->l4_off, w->len - w->l4_off));

    csum_store(w->bytes + w->l4_off + w->offload.csum_offset, csum != 0 ? csum : 0xffff);
}

enum drop_reason offload_start(struct offload_work *w, const struct frame *f, uint32_t tx_offloads)
{
    if (f->drop != DROP_NONE || f->l3_off < VLAN_ETH_BYTES || !lengths_agree(f))
        return DROP_no_offload;
    if (w->left_bytes < f->wire_bytes)
        return DROP_completion_budget;
    w->left_bytes -= f->wire_bytes;
    copy_frame(w, f);
    w->offload = f->offload;
    w->vlan = f->vlan;
    w->flow_hash = f->flow_hash;
    w->len = f->len;
    w->l3_off = f->l3_off;
    w->l4_off = f->offload.csum_start;
    w->gso_hdr = f->gso_hdr;
    w->segment = f->offload.gso_type != OFFLOAD_GSO_NONE;
    w->partial = w->segment && (tx_offloads & PORT_OFFLOAD_CSUM);
    if (w->segment ? !can_segment(w) : !can_checksum(w))
        return DROP_no_offload;
    if (w->segment)
        w->l4_sum = sum_addresses(w);
    else
        fill_checksum(w);
    offload_rewind(w);
    return DROP_NONE;
}

void offload_rewind(struct offload_work *w)
{
    w->at = w->segment ? w->gso_hdr : 0;
    w->index = 0;
}

/* An ordinary frame of @head_bytes private bytes, already in place, and a body in our copy. */
static void finish_frame(struct offload_work *w, uint16_t i, uint32_t head_bytes,
                         const uint8_t *body, uint32_t body_bytes)
{
    struct frame *f = &w->frame[i];

    w->seg[i] = (struct frame_seg){.base = body, .len = body_bytes};
    f->len = head_bytes + body_bytes;
    f->head_len = (uint16_t)head_bytes;
    f->seg_count = body_bytes != 0;
    f->seg = &w->seg[i];
    f->offload = (struct offload){0};
    f->l3_off = w->l3_off;
    f->gso_hdr = 0;
    f->wire_pkts = 1;
    f->wire_bytes = f->len;
    f->drop = DROP_NONE;
    f->vlan = w->vlan;
    f->flow_hash = w->flow_hash;
}

static uint16_t make_checksummed(struct offload_work *w)
{
    uint32_t head_bytes = w->len < FRAME_HEAD_BYTES ? w->len : FRAME_HEAD_BYTES;

    if (w->at != 0)
        return 0;
    memcpy(w->frame[0].head, w->bytes, head_bytes);
    finish_frame(w, 0, head_bytes, w->bytes + head_bytes, w->len - head_bytes);
    w->at = w->len;
    return 1;
}

static void edit_ipv4(const struct offload_work *w, uint8_t *ip, uint32_t ip_bytes)
{
    store_be16(ip + IPV4_LEN, (uint16_t)ip_bytes);
    store_be16(ip + IPV4_ID, (uint16_t)(load_be16(ip + IPV4_ID) + w->index));
    csum_store(ip + IPV4_CSUM, 0);
    csum_store(ip + IPV4_CSUM,
               (uint16_t)~csum_fold(csum_bytes(ip, (uint32_t)w->l4_off - w->l3_off)));
}

static void edit_tcp(const struct offload_work *w, uint8_t *tcp, bool last)
{
    store_be32(tcp + TCP_SEQ, load_be32(tcp + TCP_SEQ) + w->index * w->offload.gso_size);
    if (!last)
        tcp[TCP_FLAGS] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
    if (w->index != 0)
        tcp[TCP_FLAGS] &= (uint8_t)~TCP_CWR;
}

/* Either the whole checksum, or the part that a receiver expects who adds the rest himself. */
static void checksum_tcp(struct offload_work *w, struct frame *f, uint32_t payload)
{
    uint8_t *tcp = f->head + w->l4_off;
    uint32_t header = (uint32_t)w->gso_hdr - w->l4_off;
    uint64_t sum = (uint64_t)w->l4_sum + csum_word((uint16_t)(header + payload));

    if (w->partial) {
        csum_store(tcp + TCP_CSUM, csum_fold(sum));
        f->offload.flags = OFFLOAD_NEEDS_CSUM;
        f->offload.csum_start = w->l4_off;
        f->offload.csum_offset = TCP_CSUM;
        return;
    }
    csum_store(tcp + TCP_CSUM, 0);
    sum += csum_bytes(tcp, header);
    sum += csum_bytes(w->bytes + w->at, payload);
    csum_store(tcp + TCP_CSUM, (uint16_t)~csum_fold(sum));
}

static void make_segment(struct offload_work *w, uint16_t i)
{
    struct frame *f = &w->frame[i];
    uint32_t left = w->len - w->at;
    uint32_t payload = left < w->offload.gso_size ? left : w->offload.gso_size;
    uint32_t room = FRAME_HEAD_BYTES - w->gso_hdr;
    uint32_t inline_bytes = payload < room ? payload : room;
    uint32_t ip_bytes = w->gso_hdr - w->l3_off + payload;

    memcpy(f->head, w->bytes, w->gso_hdr);
    memcpy(f->head + w->gso_hdr, w->bytes + w->at, inline_bytes);
    finish_frame(w, i, w->gso_hdr + inline_bytes, w->bytes + w->at + inline_bytes,
                 payload - inline_bytes);
    if (is_ipv4(w))
        edit_ipv4(w, f->head + w->l3_off, ip_bytes);
    else
        store_be16(f->head + w->l3_off + IPV6_LEN, (uint16_t)(ip_bytes - IPV6_BYTES));
    edit_tcp(w, f->head + w->l4_off, payload == left);
    checksum_tcp(w, f, payload);
    w->at += payload;
    w->index++;
}

uint16_t offload_next(struct offload_work *w)
{
    uint16_t count = 0;

    if (!w->segment)
        return make_checksummed(w);
    while (w->at < w->len && count < OFFLOAD_CHUNK)
        make_segment(w, count++);
    return count;
}
