/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The one abstraction of the packet path.
 *
 *   frame = private head   the first FRAME_HEAD_BYTES at most, copied once into worker memory;
 * every decision reads only this, and this is what is written out
 *         + borrowed body  the rest, as segments in guest, TAP or worker memory; valid until the
 *                          burst is given back, never kept, never summed or parsed in place
 *         + offload        checksum and segmentation request, checked against the head
 *         + metadata       filled in by the stages
 *
 * A source fills a burst: burst_next(), write head/seg/offload, burst_commit(). A sink writes
 * frame_compose()'s three pieces straight to where they go. Workers only.
 */
#ifndef PORT_FRAME_H
#define PORT_FRAME_H

#include "base/base.h"
#include "vlan/vlan.h"

#include <string.h>

#define FRAME_HEAD_BYTES 128
/* In front of a composed head: two tags now, a tunnel header later. */
#define FRAME_ROOM_BYTES    64
#define FRAME_COMPOSE_BYTES (FRAME_ROOM_BYTES + FRAME_HEAD_BYTES)

/* The largest IP packet and an Ethernet header with two tags. */
#define FRAME_MAX_BYTES (65535 + VLAN_ETH_BYTES + 2 * VLAN_TAG_BYTES)

#define BURST_FRAMES 32
/* Longest chain is 1024 (as QEMU's VIRTQUEUE_MAX_SIZE); a burst ends early when fewer are left. */
#define FRAME_SEGS_MAX 1024
#define BURST_SEGS     (2 * FRAME_SEGS_MAX)

enum drop_reason {
    DROP_NONE,
#define DROP(name, stage, help) DROP_##name,
#include "port/drops.def"
#undef DROP
    DROP_COUNT
};

/* Checksum and segmentation request; the fields and values of struct virtio_net_hdr, host order.
 * Source: virtio 1.2 clause 5.1.6 */
struct offload {
    uint8_t flags;
    uint8_t gso_type;
    uint16_t hdr_len; /* a hint for receivers; sinks set it anew */
    uint16_t gso_size;
    uint16_t csum_start; /* from the first byte of the frame */
    uint16_t csum_offset;
};

#define OFFLOAD_NEEDS_CSUM 1
#define OFFLOAD_GSO_NONE   0
#define OFFLOAD_GSO_TCPV4  1
#define OFFLOAD_GSO_TCPV6  4
#define OFFLOAD_GSO_ECN    0x80
/* struct virtio_net_hdr has this many bytes; with num_buffers behind it, two more. */
#define VNET_HDR_BYTES     10
#define VNET_HDR_MRG_BYTES 12

/* The header in front of a frame, for the kernel; whose byte order, the socket or device says.
 * Source: virtio 1.2 clause 5.1.6 */
struct vnet_hdr {
    uint8_t flags;
    uint8_t gso_type;
    uint16_t hdr_len;
    uint16_t gso_size;
    uint16_t csum_start;
    uint16_t csum_offset;
};
static_assert(sizeof(struct vnet_hdr) == VNET_HDR_BYTES, "no padding");

struct frame_seg {
    const uint8_t *base;
    uint32_t len;
};

/* What short frames have in common stands side by side: few stores set it. (1): by the source, (2):
 * by burst_commit(), (3): by the stages of datapath/. */
struct frame {
    const struct frame_seg *seg; /* (1) the body, borrowed until the burst is given back */
    uint32_t len;                /* (1) all bytes: head and body */
    uint32_t wire_bytes;         /* (2) of all frames this is on a wire; no preamble, no FCS */
    uint16_t head_len;      /* (1) min(len, FRAME_HEAD_BYTES) with a body; never more than len */
    uint16_t seg_count;     /* (1) */
    uint16_t l3_off;        /* (2) behind all VLAN tags */
    uint16_t wire_pkts;     /* (2) frames this is on a wire: 1, or the number of GSO segments */
    uint16_t gso_hdr;       /* (2) bytes repeated in front of every segment; 0 without GSO */
    struct offload offload; /* (1) */
    uint32_t flow_hash;     /* (3) 0 = not yet computed */
    uint8_t drop;           /* (3) enum drop_reason; (1), too, when what it read is no frame */
    struct vlan_in vlan;    /* (3) */

    uint8_t head[FRAME_HEAD_BYTES] cache_aligned;
} cache_aligned;

/* What a source may take in one visit, and what it took. Owned by one worker. */
struct burst {
    uint16_t count;
    uint16_t seg_count;
    uint16_t max_frames;    /* in: at most BURST_FRAMES */
    int64_t max_wire_bytes; /* in: token budget */
    int64_t max_wire_pkts;
    int64_t left_wire_bytes; /* of it; the frame that makes it negative is the last */
    int64_t left_wire_pkts;
    uint32_t longest_bytes; /* of its frames */
    bool requests;          /* one of them asks for a checksum or segmentation */
    struct frame frame[BURST_FRAMES];
    struct frame_seg seg[BURST_SEGS];
};

static inline void burst_reset(struct burst *b, uint16_t max_frames, int64_t wire_bytes,
                               int64_t wire_pkts)
{
    b->count = 0;
    b->seg_count = 0;
    b->max_frames = max_frames;
    b->max_wire_bytes = b->left_wire_bytes = wire_bytes;
    b->max_wire_pkts = b->left_wire_pkts = wire_pkts;
    b->longest_bytes = 0;
    b->requests = false;
}

/* May the source take one more frame, even one with the longest chain? */
static inline bool burst_has_room(const struct burst *b)
{
    return b->count < b->max_frames && b->left_wire_bytes > 0 && b->left_wire_pkts > 0 &&
           b->seg_count + FRAME_SEGS_MAX <= BURST_SEGS;
}

/**
 * burst_next() - the frame to fill next; asks for nothing, only hands out memory
 * @b: a burst for which burst_has_room()
 *
 * The source writes len, head_len, head, offload and drop (0), and appends seg_count segments at
 * burst_segs(); then it calls burst_commit().
 *
 * Return: the frame; its body points at burst_segs().
 * Context: worker; does not block.
 * Source: none
 */
static inline struct frame *burst_next(struct burst *b)
{
    struct frame *f = &b->frame[b->count];

    f->seg = &b->seg[b->seg_count];
    f->seg_count = 0;
    f->drop = DROP_NONE;
    f->flow_hash = 0;
    memset(&f->offload, 0, sizeof(f->offload));
    return f;
}

/* Where the body of the frame that burst_next() returned is written; room for FRAME_SEGS_MAX. */
static inline struct frame_seg *burst_segs(struct burst *b)
{
    return &b->seg[b->seg_count];
}

/* Everything about a frame of @len bytes that lies in its head, which is written, and asks for
 * nothing: what burst_next() and burst_commit() set, but for the burst. */
static inline void frame_set_plain(struct frame *f, uint32_t len, const struct frame_seg *seg)
{
    f->seg = seg;
    f->len = len;
    f->wire_bytes = len;
    f->head_len = (uint16_t)len;
    f->seg_count = 0;
    f->l3_off = VLAN_ETH_BYTES;
    f->wire_pkts = 1;
    f->gso_hdr = 0;
    f->offload = (struct offload){0};
    f->flow_hash = 0;
    f->drop = DROP_NONE;
    if (unlikely(vlan_is_tag(load_be16(f->head + VLAN_ETH_BYTES - 2)))) {
        f->l3_off = vlan_l3_offset(f->head, len);
        f->drop = f->l3_off == 0 ? DROP_runt : DROP_NONE;
    }
}

/**
 * frame_check_offload() - check a frame that asks for a checksum or segmentation
 * @f: len, head, l3_off and offload are set
 *
 * Sets gso_hdr, wire_pkts and wire_bytes, and hdr_len of the offload; sets drop to DROP_bad_offload
 * when the request contradicts the frame: checksum outside of it or inside the tags, a GSO type
 * that was not offered or is not what the headers say, too small a gso_size, TCP header beyond the
 * private head, a packet longer than IP allows, a checksum that would overwrite headers which the
 * frame is judged by. A segmentation request for a single segment becomes one for a checksum.
 *
 * Context: worker; does not block.
 * Source: virtio 1.2 clause 5.1.6.2 (driver requirements: packet transmission)
 */
void frame_check_offload(struct frame *f);

/**
 * burst_commit() - accept the frame that burst_next() handed out
 * @b: the burst
 * @f: that frame, filled
 *
 * Finds the payload behind the tags, checks the offload, charges the budget. A frame that is none
 * keeps its place with `drop` set, so that it is counted where all frames are.
 *
 * Context: worker; does not block.
 * Source: none
 */
static inline void burst_commit(struct burst *b, struct frame *f)
{
    f->gso_hdr = 0;
    f->wire_pkts = 1;
    f->wire_bytes = f->len;
    f->l3_off = 0;
    if (likely(f->drop == DROP_NONE)) {
        if (likely(f->head_len >= VLAN_ETH_BYTES))
            f->l3_off = vlan_l3_offset(f->head, f->head_len);
        if (unlikely(f->l3_off == 0))
            f->drop = DROP_runt;
        else if (unlikely((f->offload.flags | f->offload.gso_type) != 0)) {
            frame_check_offload(f);
            b->requests = true;
        }
    }
    if (f->len > b->longest_bytes)
        b->longest_bytes = f->len;
    b->seg_count += f->seg_count;
    b->left_wire_bytes -= f->wire_bytes;
    b->left_wire_pkts -= f->wire_pkts;
    b->count++;
}

/* The addresses as numbers, first byte on the wire most significant; of a committed frame that is
 * not dropped. */
static inline uint64_t frame_dst(const struct frame *f)
{
    return load_be64(f->head) >> 16;
}

static inline uint64_t frame_src(const struct frame *f)
{
    return load_be64(f->head + 4) & 0xffffffffffff;
}

/**
 * frame_flow_hash() - a symmetric hash of the flow: the same for both directions
 * @f: a committed frame; only its private head is read
 *
 * IPv4 and IPv6 addresses with TCP, UDP or SCTP ports (not of fragments); else the MAC addresses.
 *
 * Return: never 0.
 * Context: worker; does not block.
 * Source: none
 */
uint32_t frame_flow_hash(const struct frame *f);

/* The pieces a sink writes, in this order: head, then the segments of the body. */
struct frame_out {
    const uint8_t *head;
    uint32_t head_len;
    const struct frame_seg *seg;
    uint16_t seg_count;
    uint32_t len;
    struct offload offload; /* csum_start and hdr_len moved with the tags */
};

/**
 * frame_offload_out() - what a frame asks for after a tag operation
 * @f: a committed frame
 * @op: what changes its tags
 *
 * Return: its offload, with the positions moved.
 * Context: worker; does not block.
 * Source: virtio 1.2 clause 5.1.6.2
 */
static inline struct offload frame_offload_out(const struct frame *f, const struct tag_op *op)
{
    struct offload out = f->offload;
    int growth = tag_op_growth_bytes(op);

    if (out.flags & OFFLOAD_NEEDS_CSUM)
        out.csum_start = (uint16_t)(out.csum_start + growth);
    if (out.gso_type != OFFLOAD_GSO_NONE)
        out.hdr_len = (uint16_t)(out.hdr_len + growth);
    return out;
}

/**
 * frame_compose() - what a frame looks like after a tag operation
 * @f: a committed frame, unchanged
 * @op: its strip tags are in the head (classification saw them)
 * @scratch: FRAME_COMPOSE_BYTES of worker memory, used only when the tags change
 * @ret_out: borrows @f and @scratch
 *
 * Context: worker; does not block.
 * Source: none
 */
static inline void frame_compose(const struct frame *f, const struct tag_op *op, uint8_t *scratch,
                                 struct frame_out *ret_out)
{
    int growth = tag_op_growth_bytes(op);
    uint32_t skip = VLAN_ADDRS_BYTES + op->strip * VLAN_TAG_BYTES;
    uint8_t *p = scratch;

    ret_out->head = f->head;
    ret_out->head_len = f->head_len;
    ret_out->seg = f->seg;
    ret_out->seg_count = f->seg_count;
    ret_out->len = (uint32_t)((int)f->len + growth);
    ret_out->offload = frame_offload_out(f, op);
    if (likely(tag_op_is_none(op)))
        return;

    memcpy(p, f->head, VLAN_ADDRS_BYTES);
    p += VLAN_ADDRS_BYTES;
    for (int i = 0; i < op->push; i++, p += VLAN_TAG_BYTES)
        tag_op_write(op, i, p);
    memcpy(p, f->head + skip, f->head_len - skip);
    ret_out->head = scratch;
    ret_out->head_len = (uint32_t)((int)f->head_len + growth);
}

/* One copy of a frame on its way to a port. */
struct tx_item {
    const struct frame *frame;
    struct tag_op op;
    uint8_t drop; /* set by the sink: DROP_NONE = sent, else why not */
};

/**
 * drop_name() - the name of a reason, as counters and traces show it
 * @reason: below DROP_COUNT
 *
 * Return: a constant word.
 * Context: any thread; does not block.
 * Source: port/drops.def
 */
const char *drop_name(enum drop_reason reason);

/**
 * drop_help() - what a reason means
 * @reason: below DROP_COUNT
 *
 * Return: a constant sentence.
 * Context: any thread; does not block.
 * Source: port/drops.def
 */
const char *drop_help(enum drop_reason reason);

/**
 * drop_is_copy() - is the reason counted per copy on the port of exit?
 * @reason: below DROP_COUNT
 *
 * Return: false when it is counted per frame on the port of entry.
 * Context: any thread; does not block.
 * Source: port/drops.def
 */
bool drop_is_copy(enum drop_reason reason);

#endif
