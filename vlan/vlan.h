/* SPDX-License-Identifier: BSD-3-Clause
 *
 * VLANs: which network does a frame belong to, and which tags does it wear when it leaves. Pure.
 *
 * A network is known to the packet path by its *domain*, a dense 16-bit index; 0 is no domain. A
 * port has one `struct vlan_map` for what comes in, and one `struct vlan_out` per domain for what
 * goes out.
 *
 *   mode    in                                            out
 *   access  untagged or VID 0 -> its network              untagged
 *   trunk   tagged with an allowed VID -> that network;   tagged with the network's VID; the native
 *           untagged or VID 0 -> the native network       network untagged, unless native_tagged
 *   qinq    everything, whatever tag -> its network       as it came in (the outer tag taken off)
 *
 * A trunk reads the kinds of tag that it has a table for; the other kind is payload to it. An
 * ordinary trunk has one table, filled with the VLAN numbers of its tenant's networks. An uplink is
 * a trunk with both tables, filled from its map, so the networks may be anybody's; an entry of a
 * table may also say that an 802.1Q tag behind the first one decides (QinQ). VID 4095 is never
 * forwarded (IEEE 802.1Q-2022 table 9-2: reserved), nor is a tag on an access port.
 */
#ifndef VLAN_VLAN_H
#define VLAN_VLAN_H

#include "base/base.h"

#include <string.h>

#define VLAN_TPID_DOT1Q  0x8100u
#define VLAN_TPID_DOT1AD 0x88a8u

#define VLAN_TAG_BYTES 4
#define VLAN_VID_COUNT 4096
#define VLAN_VID_MASK  0x0fffu
#define VLAN_PCP_MASK  0xf000u /* priority and drop eligible indicator of a TCI */

#define VLAN_DOMAIN_NONE 0
#define VLAN_DOMAIN_PAIR 0xffff /* in a table: the tag behind this one decides */

#define VLAN_ADDRS_BYTES 12 /* two addresses */
#define VLAN_ETH_BYTES   14 /* and the type */

enum vlan_mode { VLAN_MODE_ACCESS, VLAN_MODE_TRUNK, VLAN_MODE_QINQ, VLAN_MODE_COUNT };

/* Kinds of tag that a port can read, and a third that others on the wire may: the tags which were
 * put in front before 802.1ad. As bits they are a set. */
enum vlan_kind { VLAN_KIND_DOT1Q, VLAN_KIND_DOT1AD, VLAN_KIND_COUNT, VLAN_KIND_OLD = 2 };
#define VLAN_KINDS_ALL (1u << VLAN_KIND_DOT1Q | 1u << VLAN_KIND_DOT1AD | 1u << VLAN_KIND_OLD)

/* The network of two tags. */
struct vlan_pair {
    uint32_t vids; /* outer VID * VLAN_VID_COUNT + inner VID */
    uint16_t domain;
};

enum vlan_result {
    VLAN_OK,
    VLAN_UNTAGGED,    /* a trunk without a native network */
    VLAN_TAGGED,      /* a tag on an access port */
    VLAN_NOT_ALLOWED, /* a VID that is no network of this trunk */
    VLAN_RESERVED,    /* VID 4095 */
    VLAN_NO_NETWORK,  /* the port belongs to no network */
    VLAN_UNMAPPED,    /* tags that this uplink's map does not name */
};

/* What a port makes of the tags of a frame that comes in. Immutable once published; what it points
 * to is borrowed. */
struct vlan_map {
    enum vlan_mode mode;
    bool uplink;     /* a trunk of several tenants */
    uint16_t native; /* domain of untagged frames, or VLAN_DOMAIN_NONE */
    /* trunk: VLAN_VID_COUNT domains for each kind of tag that it reads, else NULL */
    const uint16_t *domain_of_vid[VLAN_KIND_COUNT];
    const struct vlan_pair *pairs; /* sorted by vids */
    uint32_t pair_count;
};

/* The answer for one frame. */
struct vlan_in {
    uint16_t domain;
    uint16_t pcp;       /* TCI & VLAN_PCP_MASK of the last tag that was read, else 0 */
    uint16_t pcp_outer; /* the same of the first one */
    uint8_t strip;      /* outer tags that belong to the port and not to the frame: 0..2 */
    uint8_t none;       /* 0: no byte is left out of a comparison */
};

/* How frames of one domain leave one port. */
struct vlan_out {
    uint16_t tpid; /* 0 = untagged */
    uint16_t vid;
    uint16_t inner; /* VID of an 802.1Q tag behind that one; 0 = none */
};

/* What a sink does to the tags behind the two addresses; both steps together are one rewrite. */
struct tag_op {
    uint8_t strip; /* tags to leave out, 0..2 */
    uint8_t push;  /* tags to put in, 0..2 */
    struct {
        uint16_t tpid;
        uint16_t tci;
    } tag[2]; /* outermost first */
};

/**
 * vlan_classify() - find the network of a frame
 * @map: the port's map
 * @head: first bytes of the frame
 * @head_len: bytes in @head, at least VLAN_ETH_BYTES
 * @ret_in: the answer, untouched unless VLAN_OK is returned
 *
 * Return: VLAN_OK or the reason for which the port does not take the frame.
 * Context: any thread; does not block.
 * Source: IEEE 802.1Q-2022 clauses 6.9 and 9.6
 */
static inline enum vlan_result vlan_classify(const struct vlan_map *map, const uint8_t *head,
                                             uint32_t head_len, struct vlan_in *ret_in);

/**
 * vlan_tag_op() - combine the way in and the way out
 * @in: the classification of the frame
 * @out: how the sink's port sends this domain
 *
 * Return: what the sink does to the tags.
 * Context: any thread; does not block.
 * Source: IEEE 802.1Q-2022 clause 6.9
 */
static inline struct tag_op vlan_tag_op(const struct vlan_in *in, const struct vlan_out *out)
{
    bool two = out->inner != 0;
    struct tag_op op = {.strip = in->strip, .push = (uint8_t)((out->tpid != 0) + two)};

    op.tag[0].tpid = out->tpid;
    op.tag[0].tci = (two ? in->pcp_outer : in->pcp) | out->vid;
    op.tag[1].tpid = VLAN_TPID_DOT1Q;
    op.tag[1].tci = in->pcp | out->inner;
    return op;
}

static inline bool vlan_in_equal(const struct vlan_in *a, const struct vlan_in *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

static inline bool tag_op_is_none(const struct tag_op *op)
{
    return (op->strip | op->push) == 0;
}

/* Bytes by which the frame grows; negative when it shrinks. */
static inline int tag_op_growth_bytes(const struct tag_op *op)
{
    return (op->push - op->strip) * VLAN_TAG_BYTES;
}

/* Tag @i of those to put in, as it is on the wire. */
static inline void tag_op_write(const struct tag_op *op, int i, uint8_t tag[VLAN_TAG_BYTES])
{
    store_be16(tag, op->tag[i].tpid);
    store_be16(tag + 2, op->tag[i].tci);
}

static inline bool vlan_is_tag(uint16_t ethertype)
{
    return ethertype == VLAN_TPID_DOT1Q || ethertype == VLAN_TPID_DOT1AD;
}

/* The kind of tag that begins with this type, as a set; 0 = it is no tag. */
static inline uint32_t vlan_kind_set(uint16_t ethertype)
{
    switch (ethertype) {
    case VLAN_TPID_DOT1Q: return 1u << VLAN_KIND_DOT1Q;
    case VLAN_TPID_DOT1AD: return 1u << VLAN_KIND_DOT1AD;
    case 0x9100:
    case 0x9200:
    case 0x9300: return 1u << VLAN_KIND_OLD;
    default: return 0;
    }
}

/* The kinds of tag that a port reads. */
static inline uint32_t vlan_map_kinds(const struct vlan_map *map)
{
    return (uint32_t)(map->domain_of_vid[VLAN_KIND_DOT1Q] != NULL) << VLAN_KIND_DOT1Q |
           (uint32_t)(map->domain_of_vid[VLAN_KIND_DOT1AD] != NULL) << VLAN_KIND_DOT1AD;
}

/**
 * vlan_l3_offset() - where the payload starts behind all VLAN tags
 * @head: first bytes of a frame
 * @head_len: bytes in @head, at least VLAN_ETH_BYTES
 *
 * Return: the offset, or 0 when the tags run past @head_len.
 * Context: any thread; does not block.
 * Source: IEEE 802.1Q-2022 clause 9.3
 */
static inline uint16_t vlan_l3_offset(const uint8_t *head, uint32_t head_len)
{
    uint32_t off = VLAN_ETH_BYTES;

    while (unlikely(vlan_is_tag(load_be16(head + off - 2)))) {
        off += VLAN_TAG_BYTES;
        if (off > head_len)
            return 0;
    }
    return (uint16_t)off;
}

/**
 * vlan_result_text() - what a result means
 * @result: any value
 *
 * Return: a constant sentence.
 * Context: any thread; does not block.
 * Source: none
 */
const char *vlan_result_text(enum vlan_result result);

/**
 * vlan_classify_pair() - the network of a frame whose first tag leaves it to the second
 * @map: of a trunk with pairs
 * @head: first bytes of the frame, which begin with a tag
 * @head_len: bytes in @head
 * @ret_in: as of vlan_classify()
 *
 * Return: as vlan_classify().
 * Context: any thread; does not block.
 * Source: IEEE 802.1Q-2022 clause 15.8 (C-tags inside S-tags)
 */
enum vlan_result vlan_classify_pair(const struct vlan_map *map, const uint8_t *head,
                                    uint32_t head_len, struct vlan_in *ret_in);

/* What a trunk says of tags that name none of its networks. */
static inline enum vlan_result vlan_unknown(const struct vlan_map *map)
{
    return map->uplink ? VLAN_UNMAPPED : VLAN_NOT_ALLOWED;
}

static inline enum vlan_result vlan_classify_trunk(const struct vlan_map *map,
                                                   const uint16_t *table, const uint8_t *head,
                                                   uint32_t head_len, struct vlan_in *ret_in)
{
    uint16_t tci = load_be16(head + VLAN_ETH_BYTES);
    uint16_t vid = tci & VLAN_VID_MASK, pcp = tci & VLAN_PCP_MASK;
    uint16_t domain = vid == 0 ? map->native : table[vid];

    if (vid == VLAN_VID_MASK)
        return VLAN_RESERVED;
    if (unlikely(domain == VLAN_DOMAIN_PAIR))
        return vlan_classify_pair(map, head, head_len, ret_in);
    if (domain == VLAN_DOMAIN_NONE)
        return vid == 0 ? VLAN_UNTAGGED : vlan_unknown(map);
    *ret_in = (struct vlan_in){.domain = domain, .pcp = pcp, .pcp_outer = pcp, .strip = 1};
    return VLAN_OK;
}

/* An access port takes a tag only to carry a priority: VID 0. */
static inline enum vlan_result vlan_classify_access(const struct vlan_map *map, uint16_t tci,
                                                    struct vlan_in *ret_in)
{
    uint16_t pcp = tci & VLAN_PCP_MASK;

    if ((tci & VLAN_VID_MASK) != 0)
        return (tci & VLAN_VID_MASK) == VLAN_VID_MASK ? VLAN_RESERVED : VLAN_TAGGED;
    *ret_in = (struct vlan_in){.domain = map->native, .pcp = pcp, .pcp_outer = pcp, .strip = 1};
    return VLAN_OK;
}

static inline enum vlan_result vlan_classify(const struct vlan_map *map, const uint8_t *head,
                                             uint32_t head_len, struct vlan_in *ret_in)
{
    uint16_t type = load_be16(head + VLAN_ETH_BYTES - 2);

    if (unlikely(map->native == VLAN_DOMAIN_NONE && map->mode != VLAN_MODE_TRUNK))
        return VLAN_NO_NETWORK;
    if (vlan_is_tag(type) && head_len >= VLAN_ETH_BYTES + VLAN_TAG_BYTES) {
        const uint16_t *table = map->domain_of_vid[type == VLAN_TPID_DOT1AD];

        if (map->mode == VLAN_MODE_ACCESS)
            return vlan_classify_access(map, load_be16(head + VLAN_ETH_BYTES), ret_in);
        if (table != NULL)
            return vlan_classify_trunk(map, table, head, head_len, ret_in);
    }
    if (map->native == VLAN_DOMAIN_NONE)
        return VLAN_UNTAGGED;
    *ret_in = (struct vlan_in){.domain = map->native};
    return VLAN_OK;
}

#endif
