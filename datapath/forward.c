/* SPDX-License-Identifier: BSD-3-Clause */
#include "datapath/forward.h"

#include "base/counter.h"
#include "base/mem.h"
#include "datapath/capture_tap.h"
#include "datapath/deliver.h"
#include "datapath/dp.h"

#include <errno.h>
#include <stdlib.h>
#include <x86intrin.h>

/* What one visit may take when the port has no limit of its own. Four of the largest frames bound
 * the time of a visit, and what software may have to complete for one receiver
 * (OFFLOAD_BUDGET_BYTES). */
#define VISIT_WIRE_BYTES ((int64_t)4 * FRAME_MAX_BYTES)
#define VISIT_WIRE_PKTS  VISIT_WIRE_BYTES

/* A flood multiplies what was taken by the ports of the network. A queue whose visit made more
 * bytes than this is visited for half as much next time, down to a frame: nothing is lost, and the
 * worker's other queues do not wait for a thousand copies of a whole burst. */
#define VISIT_COPIED_BYTES (8 * VISIT_WIRE_BYTES)
#define NARROW_MAX         5 /* 32 frames become one */

/* A queue over its limit sleeps at least this long, so that a fast rate is served in bursts. */
#define THROTTLE_MIN_NS (20 * NS_PER_US)

int forward_init(struct forward *fw, uint16_t max_ports)
{
    fw->burst = mem_zalloc(1, sizeof(*fw->burst));
    fw->offload = mem_zalloc(1, sizeof(*fw->offload));
    fw->dest = calloc(max_ports, sizeof(*fw->dest));
    fw->dest_of = calloc(max_ports, sizeof(*fw->dest_of));
    if (fw->burst == NULL || fw->offload == NULL || fw->dest == NULL || fw->dest_of == NULL)
        return -ENOMEM;
    return 0;
}

void forward_fini(struct forward *fw)
{
    free(fw->burst);
    free(fw->offload);
    free(fw->dest);
    free(fw->dest_of);
}

void forward_drop(struct worker *w, uint16_t port, enum drop_reason reason, const struct frame *f)
{
    const struct topology *t = w->view->topology;

    counter_add(&w->port[port].drops[reason], 1);
    /* With f->drop set it never had a network. */
    if (t->port[port].vlan.uplink && f->drop == DROP_NONE)
        counter_add(&w->tenant[t->domain[f->vlan.domain].tenant].drops[reason], 1);
    capture_dropped(w, port, reason, f);
}

/* ---- commit ------------------------------------------------------------------------------ */

/* Tokens that are policed: of the network where a port carries several, and of flooding. */
static enum drop_reason draw_tokens(const struct worker *w, const struct view_port *in,
                                    const struct verdict *v, const struct frame *f, uint64_t now_ns)
{
    static const uint8_t flood_drop[] = {
        [DP_FLOOD_BROADCAST] = DROP_flood_broadcast,
        [DP_FLOOD_MULTICAST] = DROP_flood_multicast,
        [DP_FLOOD_UNKNOWN] = DROP_flood_unknown,
    };
    const struct view_domain *d = &w->view->topology->domain[f->vlan.domain];
    struct limit_amount amount = {.bytes = f->wire_bytes, .pkts = f->wire_pkts};

    if (v->kind == VERDICT_FLOOD && in->flood[v->flood] != NULL &&
        !bucket_take(in->flood[v->flood] + (size_t)in->flood_step * d->tenant, NULL, f->wire_pkts,
                     now_ns))
        return flood_drop[v->flood];
    if (in->vlan.mode == VLAN_MODE_TRUNK && limits_take(&d->police, 1, amount, now_ns) >= 0)
        return DROP_limit_network;
    return DROP_NONE;
}

/* Is a burst done with policing? A trunk's unicasts of one network are charged at once, if there is
 * enough; else each frame has to ask. */
static bool police_burst(const struct worker *w, const struct view_port *in, const struct burst *b,
                         uint64_t now_ns)
{
    struct limit_amount sum = {0, 0};
    uint16_t domain = VLAN_DOMAIN_NONE;
    const struct claim *police;

    if (in->vlan.mode != VLAN_MODE_TRUNK)
        return true;
    for (uint32_t i = 0, count = b->count; i < count; i++) {
        const struct frame *f = &b->frame[i];

        if (w->forward.verdict[i].kind == VERDICT_DROP)
            continue;
        if (w->forward.verdict[i].kind == VERDICT_FLOOD ||
            (domain != VLAN_DOMAIN_NONE && domain != f->vlan.domain))
            return false;
        domain = f->vlan.domain;
        sum.bytes += f->wire_bytes;
        sum.pkts += f->wire_pkts;
    }
    police = &w->view->topology->domain[domain].police;
    return police->limit == NULL || limits_take_all(police, 1, sum, now_ns);
}

/* The source that needs no word, since the FDB is known to hold it and its age is of this second.
 */
static uint64_t known_source(const struct worker *w, const struct rxq_state *rs, uint16_t port,
                             uint64_t now_ns)
{
    const struct last_source *last = &rs->last_source;

    return last->touched_s == (uint32_t)(now_ns / NS_PER_SEC) &&
                   last->generation == fdb_generation(w->dp->fdb, port)
               ? last->key
               : 0;
}

static void count_received(struct worker *w, struct rxq_state *rs, uint16_t port,
                           const struct burst *b)
{
    struct dp_counters *c = &w->port[port];
    uint64_t wire_bytes = (uint64_t)(b->max_wire_bytes - b->left_wire_bytes);
    uint64_t wire_pkts = (uint64_t)(b->max_wire_pkts - b->left_wire_pkts);
    uint64_t bytes = wire_bytes;

    if (unlikely(b->requests)) {
        bytes = 0;
        for (uint32_t i = 0, count = b->count; i < count; i++)
            bytes += b->frame[i].len;
    }
    counter_add(&c->rx_pkts, b->count);
    counter_add(&c->rx_bytes, bytes);
    counter_add(&c->rx_wire_pkts, wire_pkts);
    counter_add(&c->rx_wire_bytes, wire_bytes);
    counter_add(&rs->pkts, b->count);
    counter_add(&rs->bytes, bytes);
    counter_add(&rs->bursts, 1);
    counter_add(&w->pkts, b->count);
    counter_add(&w->bursts, 1);
}

/* The one step that changes something on behalf of a frame: tokens, counters, the FDB. */
static void commit(struct worker *w, struct rxq_state *rs, uint16_t port, const struct burst *b,
                   uint64_t now_ns)
{
    const struct view_port *in = &w->view->topology->port[port];
    const bool policed = police_burst(w, in, b, now_ns);
    uint64_t known = known_source(w, rs, port, now_ns);
    uint32_t dropped = 0, flooded = 0;

    count_received(w, rs, port, b);
    capture_received(w, port, b);
    w->forward.uniform = policed && w->forward.alike &&
                         w->forward.verdict[0].kind == VERDICT_UNICAST &&
                         w->forward.src[0].key == known;
    if (w->forward.uniform) {
        counter_add(&w->port[port].unicast, b->count);
        return;
    }
    for (uint32_t i = 0, count = b->count; i < count; i++) {
        const struct address *src = &w->forward.src[w->forward.alike ? 0 : i];
        struct verdict *v = &w->forward.verdict[i];

        if (v->kind == VERDICT_FLOOD || (!policed && v->kind == VERDICT_UNICAST)) {
            enum drop_reason drop = draw_tokens(w, in, v, &b->frame[i], now_ns);

            if (unlikely(drop != DROP_NONE))
                *v = drop_verdict(drop);
        }
        if (unlikely(v->kind == VERDICT_DROP)) {
            forward_drop(w, port, v->drop, &b->frame[i]);
            dropped++;
            if (v->drop != DROP_hairpin) /* its sender is there all the same */
                continue;
        }
        if (unlikely(src->key != known)) {
            learn_source_slow(w, rs, port, src, now_ns);
            known = known_source(w, rs, port, now_ns);
        }
        flooded += v->kind == VERDICT_FLOOD;
    }
    counter_add(&w->port[port].unicast, b->count - dropped - flooded);
    counter_add(&w->port[port].flooded, flooded);
}

/* ---- scatter ----------------------------------------------------------------------------- */

/* A copy that fails before there is anywhere to send it. */
static void refuse_copy(struct worker *w, uint16_t port, enum drop_reason reason,
                        const struct frame *f)
{
    counter_add(&w->port[port].copies, 1);
    forward_drop(w, port, reason, f);
}

/* The type behind the addresses once our tag is off; classification has seen the tag. */
static uint16_t bare_type(const struct frame *f)
{
    return load_be16(f->head + VLAN_ETH_BYTES - 2 + f->vlan.strip * VLAN_TAG_BYTES);
}

static struct dest *dest_of(struct forward *fw, uint16_t port)
{
    if (fw->dest_of[port] == 0) {
        fw->dest[fw->dest_count].port = port;
        fw->dest[fw->dest_count].count = 0;
        fw->dest_of[port] = ++fw->dest_count;
    }
    return &fw->dest[fw->dest_of[port] - 1];
}

static inline void add_copy(struct worker *w, const struct view_member *to, struct dest *dest,
                            const struct frame *f, const struct tag_op *op)
{
    struct tx_item *item = &dest->item[dest->count];

    if (unlikely(to->bare != 0) && (vlan_kind_set(bare_type(f)) & to->bare) != 0) {
        refuse_copy(w, to->port, DROP_vlan_hop, f);
        return;
    }
    w->forward.copied_bytes += f->len;
    item->frame = f;
    item->op = *op;
    item->drop = DROP_NONE;
    dest->count++;
}

static void scatter_flood(struct worker *w, const struct view_domain *d, uint8_t apart,
                          uint16_t from, const struct frame *f)
{
    for (uint16_t i = 0; i < d->member_count; i++) {
        const struct view_member *to = &d->member[i];

        if (to->port != from && (apart & to->apart) == 0) {
            const struct tag_op op = vlan_tag_op(&f->vlan, &to->out);

            add_copy(w, to, dest_of(&w->forward, to->port), f, &op);
        }
    }
}

/* Where a unicast goes, if it may go there; else it is dropped. */
static const struct view_member *unicast_member(struct worker *w, uint8_t apart, uint16_t port,
                                                const struct frame *f)
{
    const struct view_domain *d = &w->view->topology->domain[f->vlan.domain];
    const struct view_member *to = view_member_find(d, port);

    if (unlikely(to == NULL))
        refuse_copy(w, port, DROP_not_member, f);
    else if (unlikely((apart & to->apart) != 0))
        refuse_copy(w, port, apart & to->apart & VIEW_ISOLATED ? DROP_isolated : DROP_split_horizon,
                    f);
    else
        return to;
    return NULL;
}

/* All frames are alike and go to one port. False when it is not theirs: nothing was done. */
static bool scatter_uniform(struct worker *w, uint16_t from, const struct burst *b)
{
    const struct topology *t = w->view->topology;
    const struct frame *first = b->frame;
    const struct view_member *to =
        view_member_find(&t->domain[first->vlan.domain], w->forward.verdict[0].port);
    uint64_t bytes = 0;
    struct dest *dest;
    struct tag_op op;

    if (to == NULL || (t->port[from].apart & to->apart) != 0 || to->bare != 0)
        return false;
    op = vlan_tag_op(&first->vlan, &to->out);
    dest = dest_of(&w->forward, to->port);
    for (uint32_t i = 0, count = b->count; i < count; i++) {
        dest->item[i] = (struct tx_item){.frame = &b->frame[i], .op = op, .drop = DROP_NONE};
        bytes += b->frame[i].len;
    }
    dest->count = b->count;
    w->forward.copied_bytes += bytes;
    return true;
}

/* Most frames go where the frame before them went, and have the same tags. */
static void scatter(struct worker *w, uint16_t from, const struct burst *b)
{
    const struct topology *t = w->view->topology;
    uint8_t apart = t->port[from].apart;
    const struct view_member *to = NULL;
    struct dest *dest = NULL;
    struct vlan_in vlan = {0};
    struct tag_op op = {0};

    if (likely(w->forward.uniform) && likely(scatter_uniform(w, from, b)))
        return;
    for (uint32_t i = 0, count = b->count; i < count; i++) {
        const struct verdict *v = &w->forward.verdict[i];
        const struct frame *f = &b->frame[i];

        if (unlikely(v->kind == VERDICT_DROP))
            continue;
        if (unlikely(v->kind == VERDICT_FLOOD)) {
            scatter_flood(w, &t->domain[f->vlan.domain], apart, from, f);
            continue;
        }
        if (to == NULL || to->port != v->port || !vlan_in_equal(&vlan, &f->vlan)) {
            to = unicast_member(w, apart, v->port, f);
            if (to == NULL)
                continue;
            vlan = f->vlan;
            op = vlan_tag_op(&vlan, &to->out);
            dest = dest_of(&w->forward, to->port);
        }
        add_copy(w, to, dest, f, &op);
    }
}

/* ---- send -------------------------------------------------------------------------------- */

/* Return a transmit queue that was full for a unicast frame, or NULL. */
static struct port_txq *send_copies(struct worker *w, uint64_t now_ns)
{
    struct forward *fw = &w->forward;
    struct port_txq *full = NULL;

    offload_burst(fw->offload, OFFLOAD_BUDGET_BYTES);
    for (uint16_t i = 0; i < fw->dest_count; i++) {
        struct port_txq *q = deliver(w, &fw->dest[i], now_ns);

        fw->dest_of[fw->dest[i].port] = 0;
        if (q != NULL)
            full = q;
    }
    fw->dest_count = 0;
    return full;
}

static struct port_txq *forward_burst(struct worker *w, struct rxq_state *rs, uint16_t port,
                                      uint64_t now_ns)
{
    struct burst *b = w->forward.burst;

    classify_burst(w, &w->view->topology->port[port], b);
    decide_burst(w, port, b);
    commit(w, rs, port, b, now_ns);
    scatter(w, port, b);
    return send_copies(w, now_ns);
}

/* ---- receive and give back --------------------------------------------------------------- */

/* Shaping: how much may be taken from the queue now? False: nothing, it has to wait. */
static bool draw_budget(const struct view_port *in, struct rxq_state *rs, uint64_t now_ns,
                        struct limit_amount *ret_drawn)
{
    const struct limit_amount visit = {VISIT_WIRE_BYTES >> rs->narrow,
                                       VISIT_WIRE_PKTS >> rs->narrow};
    const struct limit_amount anything = {1, 1};

    *ret_drawn = visit;
    if (likely(in->in_count == 0))
        return true;
    *ret_drawn = limits_draw(in->in, in->in_count, visit, now_ns);
    if (ret_drawn->bytes > 0 && ret_drawn->pkts > 0)
        return true;
    rs->wait_until_ns =
        u64_max(limits_when_ns(in->in, in->in_count, anything, now_ns), now_ns + THROTTLE_MIN_NS);
    counter_add(&rs->throttled, 1);
    return false;
}

static void settle_budget(const struct view_port *in, const struct burst *b,
                          struct limit_amount drawn, uint64_t now_ns)
{
    struct limit_amount used = {
        .bytes = drawn.bytes - b->left_wire_bytes,
        .pkts = drawn.pkts - b->left_wire_pkts,
    };

    if (in->in_count > 0)
        limits_settle(in->in, in->in_count, drawn, used, now_ns);
}

static void hold_back(struct rxq_state *rs, struct port_txq *full, uint64_t now_ns)
{
    rs->full = full;
    rs->wait_until_ns = now_ns + FORWARD_FULL_WAIT_NS;
    counter_add(&rs->held_back, 1);
}

static void adapt_visit(struct rxq_state *rs, uint64_t copied_bytes)
{
    if (unlikely(copied_bytes > VISIT_COPIED_BYTES) && rs->narrow < NARROW_MAX)
        rs->narrow++;
    else if (unlikely(rs->narrow > 0) && copied_bytes < VISIT_COPIED_BYTES / 4)
        rs->narrow--;
}

uint32_t forward_queue(struct worker *w, struct rxq_state *rs, uint64_t now_ns)
{
    uint16_t port = rs->q->port->index;
    const struct view_port *in = &w->view->topology->port[port];
    struct burst *b = w->forward.burst;
    struct limit_amount drawn;
    struct port_txq *full;
    uint64_t start = __rdtsc();

    if (!draw_budget(in, rs, now_ns, &drawn))
        return 0;
    burst_reset(b, BURST_FRAMES >> rs->narrow, drawn.bytes, drawn.pkts);
    w->forward.copied_bytes = 0;
    rs->q->port->type->rx(rs->q, b);
    settle_budget(in, b, drawn, now_ns);
    counter_add(&rs->polls, 1);
    if (b->count == 0) {
        /* Also then: of a disabled ring buffers were taken that are no frames. */
        rs->q->port->type->rx_done(rs->q, b);
        counter_add(&rs->empty_polls, 1);
        return 0;
    }
    full = forward_burst(w, rs, port, now_ns);
    rs->q->port->type->rx_done(rs->q, b);
    adapt_visit(rs, w->forward.copied_bytes);
    if (unlikely(full != NULL))
        hold_back(rs, full, now_ns);
    start = __rdtsc() - start;
    counter_add(&w->port[port].cycles, start);
    counter_add(&w->cycles_busy, start);
    return b->count;
}

void forward_injected(struct worker *w, uint16_t port, const uint8_t *frame, uint16_t bytes,
                      uint64_t now_ns)
{
    struct burst *b = w->forward.burst;
    struct frame *f;

    if (w->view->topology->port[port].port == NULL)
        return;
    burst_reset(b, 1, VISIT_WIRE_BYTES, VISIT_WIRE_PKTS);
    f = burst_next(b);
    f->len = f->head_len = bytes;
    memcpy(f->head, frame, bytes);
    burst_commit(b, f);
    w->injected.last_source.key = 0;
    w->injected.q = w->view->topology->port[port].port->rxq;
    (void)forward_burst(w, &w->injected, port, now_ns);
}
