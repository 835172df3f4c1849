/* SPDX-License-Identifier: BSD-3-Clause */
#include "datapath/deliver.h"

#include "base/counter.h"
#include "datapath/capture_tap.h"
#include "datapath/dp.h"

/* ---- what may leave ---------------------------------------------------------------------- */

/* L3 bytes of the largest frame on the wire, tags not counted. */
static uint32_t l3_bytes(const struct frame *f)
{
    if (f->gso_hdr == 0)
        return f->len - f->l3_off;
    return (uint32_t)(f->gso_hdr - f->l3_off) +
           (uint32_t)u64_min(f->offload.gso_size, f->len - f->gso_hdr);
}

static struct limit_amount amount_of(const struct tx_item *item)
{
    const struct frame *f = item->frame;

    return (struct limit_amount){
        .bytes = (int64_t)f->wire_bytes + (int64_t)tag_op_growth_bytes(&item->op) * f->wire_pkts,
        .pkts = f->wire_pkts,
    };
}

static enum drop_reason judge(const struct view_port *to, uint32_t mtu, const struct tx_item *item,
                              uint64_t now_ns)
{
    if (unlikely(l3_bytes(item->frame) > mtu))
        return DROP_mtu;
    if (to->out_count > 0 && limits_take(to->out, to->out_count, amount_of(item), now_ns) >= 0)
        return DROP_limit_out;
    return DROP_NONE;
}

/* May all copies leave? Then their limits are charged. */
static bool judge_all(const struct worker *w, const struct view_port *to, uint32_t mtu,
                      const struct dest *dest, uint64_t now_ns)
{
    struct limit_amount sum = {0, 0};

    if (unlikely(w->forward.burst->longest_bytes > mtu + VLAN_ETH_BYTES))
        return false;
    if (to->out_count == 0)
        return true;
    for (uint16_t i = 0; i < dest->count; i++) {
        struct limit_amount amount = amount_of(&dest->item[i]);

        sum.bytes += amount.bytes;
        sum.pkts += amount.pkts;
    }
    return limits_take_all(to->out, to->out_count, sum, now_ns);
}

/* Keep the copies that may leave, in order. */
static void sift(struct worker *w, const struct view_port *to, struct dest *dest, uint64_t now_ns)
{
    uint32_t mtu = atomic_load_explicit(&to->port->mtu, memory_order_relaxed);
    uint16_t keep = 0;

    if (likely(judge_all(w, to, mtu, dest, now_ns)))
        return;
    for (uint16_t i = 0; i < dest->count; i++) {
        enum drop_reason drop = judge(to, mtu, &dest->item[i], now_ns);

        if (likely(drop == DROP_NONE))
            dest->item[keep++] = dest->item[i];
        else
            forward_drop(w, dest->port, drop, dest->item[i].frame);
    }
    dest->count = keep;
}

static void drop_all(struct worker *w, uint16_t port, const struct tx_item *items, uint16_t count,
                     enum drop_reason reason)
{
    for (uint16_t i = 0; i < count; i++)
        forward_drop(w, port, reason, items[i].frame);
}

/* ---- one transmit queue, locked ---------------------------------------------------------- */

static bool is_unicast(const struct worker *w, const struct frame *f)
{
    return w->forward.verdict[f - w->forward.burst->frame].kind == VERDICT_UNICAST;
}

static void count_copies(struct worker *w, struct port_txq *q, uint64_t pkts, uint64_t bytes)
{
    counter_add(&w->port[q->port->index].tx_pkts, pkts);
    counter_add(&w->port[q->port->index].tx_bytes, bytes);
    counter_add(&q->pkts, pkts);
    counter_add(&q->bytes, bytes);
}

/* Count what a transmit queue took or not. Return as send_as_is(). */
static bool count_sent(struct worker *w, struct port_txq *q, const struct tx_item *items,
                       uint16_t count)
{
    struct dp_counters *c = &w->port[q->port->index];
    uint64_t pkts = 0, bytes = 0, wire_pkts = 0, wire_bytes = 0;
    const bool requests = w->forward.burst->requests;
    bool full = false;

    for (uint16_t i = 0; i < count; i++) {
        const struct frame *f = items[i].frame;
        const int growth = tag_op_growth_bytes(&items[i].op);

        if (unlikely(items[i].drop != DROP_NONE)) {
            forward_drop(w, q->port->index, items[i].drop, f);
            full |= items[i].drop == DROP_dst_full && is_unicast(w, f);
            continue;
        }
        pkts++;
        bytes += (uint64_t)(f->len + growth);
        if (unlikely(requests)) {
            wire_pkts += f->wire_pkts;
            wire_bytes += (uint64_t)(f->wire_bytes + growth * f->wire_pkts);
        }
    }
    if (!requests) {
        wire_pkts = pkts;
        wire_bytes = bytes;
    }
    count_copies(w, q, pkts, bytes);
    counter_add(&c->tx_wire_pkts, wire_pkts);
    counter_add(&c->tx_wire_bytes, wire_bytes);
    return full;
}

/* Copies that go out as they are. Return true when the queue was full for a unicast frame. */
static bool send_as_is(struct worker *w, struct port_txq *q, struct tx_item *items, uint16_t count)
{
    if (count == 0)
        return false;
    q->port->type->tx(q, items, count);
    capture_sent(w, q->port->index, items, count);
    return count_sent(w, q, items, count);
}

/* Send the frames that one copy was cut into. The copy counts as sent when all of them were. */
static enum drop_reason send_pieces(struct worker *w, struct port_txq *q,
                                    const struct tx_item *item)
{
    struct offload_work *work = w->forward.offload;
    struct dp_counters *c = &w->port[q->port->index];
    struct tx_item pieces[OFFLOAD_CHUNK];
    enum drop_reason drop = DROP_NONE;
    uint16_t count;

    while (drop == DROP_NONE && (count = offload_next(work)) != 0) {
        for (uint16_t i = 0; i < count; i++)
            pieces[i] = (struct tx_item){.frame = &work->frame[i], .op = item->op};
        q->port->type->tx(q, pieces, count);
        capture_sent(w, q->port->index, pieces, count);
        for (uint16_t i = 0; i < count; i++) {
            if (pieces[i].drop != DROP_NONE) {
                drop = pieces[i].drop;
                continue;
            }
            counter_add(&c->tx_wire_pkts, 1);
            counter_add(&c->tx_wire_bytes,
                        (uint64_t)(work->frame[i].len + tag_op_growth_bytes(&item->op)));
        }
    }
    return drop;
}

/* A copy whose checksum or segmentation the receiver does not do. Return as send_as_is(). */
static bool send_completed(struct worker *w, struct port_txq *q, const struct tx_item *item,
                           uint32_t offloads)
{
    uint16_t port = q->port->index;
    struct dp_counters *c = &w->port[port];
    enum drop_reason drop = offload_start(w->forward.offload, item->frame, offloads);

    if (drop == DROP_NONE)
        drop = send_pieces(w, q, item);
    if (drop == DROP_NONE) {
        counter_add(&c->completed, 1);
        count_copies(w, q, 1, (uint64_t)(item->frame->len + tag_op_growth_bytes(&item->op)));
        return false;
    }
    forward_drop(w, port, drop, item->frame);
    return drop == DROP_dst_full && is_unicast(w, item->frame);
}

/* Runs of copies that go as they are, broken by those that must be completed: order is kept. */
static bool send_queue(struct worker *w, struct port_txq *q, struct tx_item *items, uint16_t count)
{
    uint32_t offloads = atomic_load_explicit(&q->port->tx_offloads, memory_order_relaxed);
    uint16_t run = 0;
    bool full = false;

    if (!port_txq_trylock(q)) {
        drop_all(w, q->port->index, items, count, DROP_dst_busy);
        return false;
    }
    for (uint16_t i = 0; w->forward.burst->requests && i < count; i++) {
        if (likely(!offload_needed(items[i].frame, offloads)))
            continue;
        full |= send_as_is(w, q, items + run, (uint16_t)(i - run));
        full |= send_completed(w, q, &items[i], offloads);
        run = (uint16_t)(i + 1);
    }
    full |= send_as_is(w, q, items + run, (uint16_t)(count - run));
    port_txq_unlock(q);
    return full;
}

/* ---- choosing the queue ------------------------------------------------------------------ */

/* By flow, so that order holds within one. Where the guest has enough queues each worker keeps to
 * its own, and nobody waits for a lock. */
static uint16_t choose_queue(const struct worker *w, const struct frame *f, uint16_t queues)
{
    uint16_t workers = w->dp->params.workers;
    uint16_t own = (uint16_t)((queues - w->id + workers - 1) / workers);
    uint32_t hash = frame_flow_hash(f);

    if (queues < workers)
        return (uint16_t)(hash % queues);
    return (uint16_t)(w->id + hash % own * workers);
}

/* Sort the copies by queue, keeping the order within each, and send each queue's share. */
static struct port_txq *send_by_flow(struct worker *w, struct port *port, struct dest *dest,
                                     uint16_t queues)
{
    struct tx_item share[BURST_FRAMES];
    uint16_t queue_of[BURST_FRAMES];
    struct port_txq *full = NULL;

    for (uint16_t i = 0; i < dest->count; i++)
        queue_of[i] = choose_queue(w, dest->item[i].frame, queues);
    for (uint16_t i = 0; i < dest->count; i++) {
        uint16_t queue = queue_of[i], count = 0;

        if (queue == DP_NONE)
            continue;
        for (uint16_t j = i; j < dest->count; j++) {
            if (queue_of[j] != queue)
                continue;
            share[count++] = dest->item[j];
            queue_of[j] = DP_NONE;
        }
        if (send_queue(w, &port->txq[queue], share, count))
            full = &port->txq[queue];
    }
    return full;
}

struct port_txq *deliver(struct worker *w, struct dest *dest, uint64_t now_ns)
{
    const struct view_port *to = &w->view->topology->port[dest->port];
    uint16_t queues;

    counter_add(&w->port[dest->port].copies, dest->count);
    queues = to->up ? atomic_load_explicit(&to->port->tx_queues, memory_order_acquire) : 0;
    if (queues == 0) {
        drop_all(w, dest->port, dest->item, dest->count, DROP_dst_down);
        return NULL;
    }
    sift(w, to, dest, now_ns);
    if (dest->count == 0)
        return NULL;
    if (queues > 1)
        return send_by_flow(w, to->port, dest, queues);
    return send_queue(w, to->port->txq, dest->item, dest->count) ? to->port->txq : NULL;
}
