/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What shall happen to a burst: the network of each frame, then where it goes. Reads the
 * configuration, the FDB and the frames' private heads; changes nothing but what it finds out about
 * the frames. Workers; for a single frame also control (trace).
 */
#include "base/mac.h"
#include "datapath/dp.h"
#include "datapath/forward.h"

#define ETHERTYPE_MAC_CONTROL 0x8808
#define ETHERTYPE_LLDP        0x88cc

/* ---- classify ---------------------------------------------------------------------------- */

static inline enum drop_reason classify_frame(const struct view_port *in, struct frame *f)
{
    static const uint8_t drop_of[] = {
        [VLAN_OK] = DROP_NONE,
        [VLAN_UNTAGGED] = DROP_vlan_untagged,
        [VLAN_TAGGED] = DROP_vlan_tagged,
        [VLAN_NOT_ALLOWED] = DROP_vlan_not_allowed,
        [VLAN_RESERVED] = DROP_vlan_reserved,
        [VLAN_NO_NETWORK] = DROP_no_network,
        [VLAN_UNMAPPED] = DROP_vlan_unmapped,
    };

    if (unlikely(f->drop != DROP_NONE))
        return f->drop;
    if (unlikely(!in->up))
        return DROP_port_down;
    return drop_of[vlan_classify(&in->vlan, f->head, f->head_len, &f->vlan)];
}

enum drop_reason forward_classify(const struct view_port *in, struct frame *f)
{
    return classify_frame(in, f);
}

static struct address address_of(const struct fdb *fdb, uint64_t key)
{
    return (struct address){.key = key, .hash = fdb_hash(fdb, key)};
}

/* The addresses and the type of a frame; of the tag that the type may be, what is in front of its
 * own type. */
struct front {
    uint64_t word[2];
};

static inline struct front front_of(const struct frame *f)
{
    struct front front;

    memcpy(&front, f->head, sizeof(front));
    return front;
}

/* The bits of a front's second word that are there with and without a tag. */
static inline uint64_t front_mask(const struct frame *f)
{
    return vlan_is_tag(load_be16(f->head + VLAN_ETH_BYTES - 2)) ? UINT64_MAX : UINT64_MAX >> 16;
}

/* Most bursts are of one pair of addresses and one tag: what is true of the first frame is true of
 * all. More than the front is read of frames to a group, and where two tags say the network.
 */
static bool classify_alike(struct worker *w, const struct view_port *in, struct burst *b)
{
    struct forward *fw = &w->forward;
    struct frame *first = b->frame;
    const struct front front = front_of(first);
    const uint64_t mask = front_mask(first);
    struct vlan_in vlan;

    if (in->vlan.pair_count != 0 || mac_u64_is_group(frame_dst(first)))
        return false;
    first->drop = (uint8_t)classify_frame(in, first);
    vlan = first->vlan;
    for (uint32_t i = 0, count = b->count; i < count; i++) {
        struct frame *f = &b->frame[i];
        const struct front other = front_of(f);

        if (unlikely(f->drop != DROP_NONE || ((front.word[0] ^ other.word[0]) |
                                              ((front.word[1] ^ other.word[1]) & mask)) != 0))
            return false;
        f->vlan = vlan;
    }
    fw->dst[0] = address_of(w->dp->fdb, fdb_key(vlan.domain, frame_dst(first)));
    fw->src[0] = address_of(w->dp->fdb, fdb_key(vlan.domain, frame_src(first)));
    return true;
}

/* Most frames have the addresses of the frame before them. */
static void classify_each(struct worker *w, const struct view_port *in, struct burst *b)
{
    const struct fdb *fdb = w->dp->fdb;
    struct address dst = {0}, src = {0};

    w->forward.changes = 0;
    for (uint32_t i = 0, count = b->count; i < count; i++) {
        struct frame *f = &b->frame[i];
        uint64_t to, from;

        f->drop = (uint8_t)classify_frame(in, f);
        if (unlikely(f->drop != DROP_NONE))
            continue;
        to = fdb_key(f->vlan.domain, frame_dst(f));
        from = fdb_key(f->vlan.domain, frame_src(f));
        w->forward.changes |= (uint32_t)(dst.key != to || src.key != from) << i;
        if (dst.key != to) {
            dst = address_of(fdb, to);
            fdb_prefetch(fdb, dst.hash);
        }
        if (src.key != from) {
            src = address_of(fdb, from);
            fdb_prefetch_touch(fdb, src.hash);
        }
        w->forward.dst[i] = dst;
        w->forward.src[i] = src;
    }
}

void classify_burst(struct worker *w, const struct view_port *in, struct burst *b)
{
    w->forward.alike = classify_alike(w, in, b);
    if (!w->forward.alike)
        classify_each(w, in, b);
}

/* ---- decide ------------------------------------------------------------------------------ */

/* 01:80:c2:00:00:00 to 0f never pass a bridge. Source: IEEE 802.1Q-2022 table 8-1 */
static bool is_reserved(uint64_t dst)
{
    return (dst & ~0xfull) == 0x0180c2000000ull;
}

/* Of the sixteen these three carry LLDP. Source: IEEE 802.1AB-2016 table 7-1 */
static bool is_lldp_address(uint64_t dst)
{
    return (1u << 0x0 | 1u << 0x3 | 1u << 0xe) >> (dst & 0xf) & 1;
}

static bool passes_reserved(const struct view_domain *d, uint64_t dst, const struct frame *f)
{
    uint16_t type = load_be16(f->head + f->l3_off - 2);

    /* PAUSE and its kin mean the link they arrive on, whatever their address. */
    if (type == ETHERTYPE_MAC_CONTROL)
        return false;
    return d->transparent == DP_TRANSPARENT_ALL || (d->transparent == DP_TRANSPARENT_LLDP &&
                                                    is_lldp_address(dst) && type == ETHERTYPE_LLDP);
}

static struct verdict decide_group(const struct view_domain *d, uint64_t dst, const struct frame *f)
{
    struct verdict v = {.kind = VERDICT_FLOOD, .flood = DP_FLOOD_MULTICAST};

    if (dst == 0xffffffffffffull)
        v.flood = DP_FLOOD_BROADCAST;
    else if (is_reserved(dst) && !passes_reserved(d, dst, f))
        return drop_verdict(DROP_reserved_addr);
    return v;
}

static inline struct verdict decide_frame(const struct topology *topology, const struct fdb *fdb,
                                          uint16_t in, const struct frame *f,
                                          const struct address *to)
{
    const struct view_domain *d = &topology->domain[f->vlan.domain];
    uint64_t src = frame_src(f);
    struct fdb_value value;
    uint32_t slot;

    if (unlikely(mac_u64_is_group(src) || src == 0))
        return drop_verdict(DROP_src_group);
    if (unlikely(mac_u64_is_group(to->key)))
        return decide_group(d, frame_dst(f), f);
    if (!fdb_lookup_key(fdb, to->key, to->hash, &value, &slot))
        return (struct verdict){.kind = VERDICT_FLOOD, .flood = DP_FLOOD_UNKNOWN};
    if (value.port == in)
        return drop_verdict(DROP_hairpin);
    return (struct verdict){.kind = VERDICT_UNICAST, .port = value.port};
}

struct verdict forward_decide(const struct topology *topology, const struct fdb *fdb, uint16_t in,
                              const struct frame *f)
{
    const struct address to = address_of(fdb, fdb_key(f->vlan.domain, frame_dst(f)));

    return decide_frame(topology, fdb, in, f, &to);
}

static void decide_alike(struct worker *w, uint16_t in, const struct burst *b)
{
    const struct forward *fw = &w->forward;
    const struct verdict v = decide_frame(w->view->topology, w->dp->fdb, in, b->frame, &fw->dst[0]);

    for (uint32_t i = 0, count = b->count; i < count; i++)
        w->forward.verdict[i] = v;
}

/* The addresses of the frame before, if they made it a unicast, have the same verdict. */
static void decide_each(struct worker *w, uint16_t in, const struct burst *b)
{
    const uint32_t changes = w->forward.changes | 1;
    struct verdict *v = w->forward.verdict;

    for (uint32_t i = 0, count = b->count; i < count; i++) {
        const struct frame *f = &b->frame[i];

        if (unlikely(f->drop != DROP_NONE)) {
            v[i] = drop_verdict(f->drop);
        } else if ((changes >> i & 1) == 0 && v[i - 1].kind == VERDICT_UNICAST) {
            v[i] = v[i - 1];
        } else {
            v[i] = decide_frame(w->view->topology, w->dp->fdb, in, f, &w->forward.dst[i]);
        }
    }
}

void decide_burst(struct worker *w, uint16_t in, const struct burst *b)
{
    if (w->forward.alike)
        decide_alike(w, in, b);
    else
        decide_each(w, in, b);
}
