/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The sender's pools and its inner loop. A pool's buffers hold a whole frame before the first one
 * is taken, and neither the drivers nor we change length or offsets, so a buffer that comes back
 * from the ring is ready to be sent again. Of frames of one flow nothing at all is written.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "pktgen/hostile.h"
#include "pktgen/replay.h"
#include "pktgen/send.h"
#include "pktgen/tag.h"

#define POOL_CACHE    256
#define POOL_SPARE    (POOL_CACHE + POOL_CACHE / 2 + PG_SEND_BURST_MAX)
#define MBUF_OVERHEAD 384
#define RETRY_CYCLES  500 /* a full ring costs a cache line of the peer's to look at */

/* ---- pools ----------------------------------------------------------------------------------- */

static unsigned pool_count(const struct pg_port_spec *spec)
{
    return POOL_SPARE + (spec->kind == PG_PORT_VHOST ? spec->entries : 1024u);
}

static uint32_t room_of(const struct pg_plan_stream *what, uint32_t bytes)
{
    if (what->replay != NULL)
        return what->replay->len_max;
    return what->attack != NULL ? PG_ATTACK_FRAME_MAX : bytes;
}

uint64_t pg_sender_mem_bytes(const struct pg_plan *plan, const struct pg_plan_stream *what)
{
    const struct pg_sizes *sizes = pg_plan_sizes(plan, &what->stream);
    unsigned count = pool_count(&plan->ports[what->stream.tx].spec);
    uint64_t sum = 64 << 10;

    for (uint32_t i = 0; i < sizes->count; i++)
        sum +=
            (uint64_t)count * (room_of(what, sizes->item[i].bytes) + MBUF_OVERHEAD) + PG_POOL_BYTES;
    return sum;
}

static void offloads_ask(struct rte_mbuf *m, const struct pg_stream *stream,
                         const struct pg_layout *l)
{
    m->l2_len = l->l2_len;
    m->l3_len = l->l3_len;
    m->l4_len = l->l4_len;
    m->ol_flags = l->is_ipv6 ? RTE_MBUF_F_TX_IPV6 : RTE_MBUF_F_TX_IPV4;
    m->ol_flags |= stream->l4 == PG_TCP ? RTE_MBUF_F_TX_TCP_CKSUM : RTE_MBUF_F_TX_UDP_CKSUM;
    if (stream->tso_mss > 0) {
        m->ol_flags |= RTE_MBUF_F_TX_TCP_SEG;
        m->tso_segsz = stream->tso_mss;
    }
}

struct template
{
    const struct pg_sender *sender;
    const struct pg_layout *layout;
    bool has_tag;
};

static void template_write(struct rte_mempool *pool, void *opaque, void *object, unsigned i)
{
    const struct template *t = opaque;
    const struct pg_stream *stream = &t->sender->what->stream;
    struct rte_mbuf *m = object;

    (void)pool;
    m->data_len = (uint16_t)t->layout->len;
    m->pkt_len = t->layout->len;
    if (stream->csum == PG_CSUM_OFFLOAD || stream->tso_mss > 0)
        offloads_ask(m, stream, t->layout);
    pg_frame_build(stream, t->layout, i % stream->flows, t->has_tag,
                   rte_pktmbuf_mtod(m, uint8_t *));
}

static int slot_init(struct pg_sender *s, struct pg_slot *slot, uint32_t bytes,
                     const struct pg_port_spec *port)
{
    bool has_tag = s->plan->marks != PG_MARKS_NONE;
    uint32_t room = room_of(s->what, bytes) + RTE_PKTMBUF_HEADROOM;
    char name[32];
    struct template t = {s, &slot->layout, has_tag};

    snprintf(name, sizeof(name), "tx%u.%u", s->what->stream.id, s->slot_count);
    slot->pool = rte_pktmbuf_pool_create_by_ops(name, pool_count(port), POOL_CACHE, 0,
                                                (uint16_t)room, 0, "ring_sp_sc");
    if (slot->pool == NULL)
        return -ENOMEM;
    if (s->what->attack == NULL && s->what->replay == NULL) {
        pg_frame_layout(&s->what->stream, bytes, has_tag, &slot->layout);
        rte_mempool_obj_iter(slot->pool, template_write, &t);
    }
    return 0;
}

/* ---- what is written into frames, once per burst --------------------------------------------- */

static const struct pg_layout *layout_at(const struct pg_sender *s, uint32_t i)
{
    uint32_t at = s->order_at + i;

    return &s->slots[s->order[at >= s->order_count ? at % s->order_count : at]].layout;
}

static void fill_nothing(struct pg_sender *s, uint32_t n, uint64_t now)
{
    (void)now;
    pg_pace_skip(&s->pace, n);
}

static void fill_flows(struct pg_sender *s, uint32_t n, uint64_t now)
{
    (void)now;
    for (uint32_t i = 0; i < n; i++) {
        pg_flows_apply(&s->flows, layout_at(s, i), rte_pktmbuf_mtod(s->stash[i], void *));
        pg_flows_next(&s->flows);
    }
    pg_pace_skip(&s->pace, n);
}

static void fill_marked(struct pg_sender *s, uint32_t n, uint64_t now)
{
    for (uint32_t i = 0; i < n; i++) {
        const struct pg_layout *l = layout_at(s, i);
        uint8_t *frame = rte_pktmbuf_mtod(s->stash[i], uint8_t *);
        uint64_t due = pg_pace_take(&s->pace);

        if (l->varies) {
            pg_flows_apply(&s->flows, l, frame);
            pg_flows_next(&s->flows);
        }
        pg_tag_write(frame + l->payload, s->magic, s->what->stream.id, s->sequence + i,
                     s->pace.step == 0 ? now : due);
    }
}

static void length_set(struct rte_mbuf *m, uint32_t len)
{
    m->data_len = (uint16_t)len;
    m->pkt_len = len;
}

static void fill_attack(struct pg_sender *s, uint32_t n, uint64_t now)
{
    (void)now;
    for (uint32_t i = 0; i < n; i++)
        length_set(s->stash[i], pg_attack_frame(s->what->attack, &s->random, s->sequence + i,
                                                rte_pktmbuf_mtod(s->stash[i], uint8_t *)));
    pg_pace_skip(&s->pace, n);
}

static void fill_replay(struct pg_sender *s, uint32_t n, uint64_t now)
{
    const struct pg_replay *file = s->what->replay;

    (void)now;
    for (uint32_t i = 0; i < n; i++) {
        const struct pg_replay_frame *f = &file->frames[s->replay_at];

        memcpy(rte_pktmbuf_mtod(s->stash[i], uint8_t *), file->bytes + f->offset, f->len);
        length_set(s->stash[i], f->len);
        s->replay_at = s->replay_at + 1 == file->count ? 0 : s->replay_at + 1;
    }
    pg_pace_skip(&s->pace, n);
}

static void fill_choose(struct pg_sender *s)
{
    if (s->what->attack != NULL)
        s->fill = fill_attack;
    else if (s->what->replay != NULL)
        s->fill = fill_replay;
    else if (s->plan->marks != PG_MARKS_NONE)
        s->fill = fill_marked;
    else
        s->fill = s->slots[0].layout.varies ? fill_flows : fill_nothing;
}

/* ---- life ------------------------------------------------------------------------------------ */

int pg_sender_init(struct pg_sender *s, const struct pg_plan *plan,
                   const struct pg_plan_stream *what, const struct pg_port *port,
                   struct pg_shared *shared, struct vsw_err *err)
{
    const struct pg_sizes *sizes = pg_plan_sizes(plan, &what->stream);
    bool own_frames = what->attack != NULL || what->replay != NULL;
    int rc = 0;

    s->plan = plan;
    s->what = what;
    s->count = &shared->streams[what->stream.id];
    s->port_count = &shared->ports[what->stream.tx];
    s->stopped = &shared->stop;
    s->port_id = port->id;
    s->queue = what->stream.id % port->spec.queues;
    s->burst = plan->burst < PG_SEND_BURST_MAX ? plan->burst : PG_SEND_BURST_MAX;
    for (uint32_t i = 0; rc == 0 && i < (own_frames ? 1 : sizes->count); i++) {
        rc = slot_init(s, &s->slots[i], sizes->item[i].bytes, &port->spec);
        s->slot_count += rc == 0;
    }
    if (rc != 0)
        return vsw_err_set(err, rc, "stream", "no memory for the frames of stream %u",
                           what->stream.id);
    fill_choose(s);
    return 0;
}

static void order_set(struct pg_sender *s, const struct pg_order *order)
{
    const struct pg_sizes *sizes = pg_plan_sizes(s->plan, &s->what->stream);

    s->order_at = 0;
    if (order->size_count == 1 || s->slot_count == 1) {
        s->one_slot = (uint8_t)(s->slot_count == 1 ? 0 : order->size_first);
        s->order = &s->one_slot;
        s->order_count = 1;
        return;
    }
    s->order = sizes->order;
    s->order_count = sizes->order_count;
}

void pg_sender_start(struct pg_sender *s, const struct pg_order *order)
{
    const struct pg_replay *file = s->what->replay;

    s->count->sent = s->count->last_tsc = 0;
    s->count->is_done = false;
    s->magic = order->magic;
    s->sequence = s->replay_at = s->replay_due_tsc = 0;
    s->left = order->count > 0 ? order->count : UINT64_MAX;
    if (s->plan->loop_frames > 0)
        s->left = s->plan->loop_frames;
    if (file != NULL && s->plan->replay_loops > 0)
        s->left = (uint64_t)file->count * s->plan->replay_loops;
    s->head = s->held = 0;
    s->retry_tsc = s->start_tsc = order->start_tsc;
    s->random = 0x2545f4914f6cdd1dull + s->what->stream.id;
    order_set(s, order);
    pg_flows_init(&s->flows, &s->what->stream);
    pg_pace_init(&s->pace, s->count->pps, s->what->stream.burst, rte_get_tsc_hz(),
                 order->start_tsc);
    /* Exactly the frames that are due within the trial, so that none is missing at its end. */
    if (s->pace.step > 0 && order->stop_tsc > 0)
        s->left = u64_min(s->left, pg_pace_total(&s->pace, order->stop_tsc));
    if (s->count->is_off)
        s->left = 0;
    s->count->is_done = s->left == 0;
    s->count->due = s->left;
}

void pg_sender_stop(struct pg_sender *s, uint64_t stop_tsc)
{
    if (s->held > 0)
        rte_pktmbuf_free_bulk(s->stash + s->head, s->held);
    /* Stopped by the user, or with no rate: what was due is known only now. */
    if (s->count->due == UINT64_MAX || atomic_load(s->stopped))
        s->count->due = u64_max(s->count->sent, pg_pace_total(&s->pace, stop_tsc));
    s->held = 0;
}

/* ---- the inner loop -------------------------------------------------------------------------- */

static uint32_t replay_due(struct pg_sender *s, uint64_t now, uint32_t max)
{
    const struct pg_replay *file = s->what->replay;
    uint64_t n = s->sequence, since = now - s->start_tsc;
    uint32_t due = 0;

    while (due < max && now >= s->start_tsc && since >= s->replay_due_tsc) {
        due++;
        s->replay_due_tsc = pg_replay_ticks(file, n + due, s->plan->replay_speed, rte_get_tsc_hz());
    }
    return due;
}

static uint32_t due_now(struct pg_sender *s, uint64_t now)
{
    uint32_t max = (uint32_t)u64_min(s->burst, s->left);

    if (s->what->replay != NULL && s->plan->replay_speed > 0)
        return replay_due(s, now, max);
    return pg_pace_due(&s->pace, now, max);
}

static bool buffers_take(struct pg_sender *s, uint32_t n)
{
    void **stash = (void **)s->stash;

    if (likely(s->order_count == 1))
        return rte_mempool_get_bulk(s->slots[s->order[0]].pool, stash, n) == 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t at = (s->order_at + i) % s->order_count;

        if (rte_mempool_get(s->slots[s->order[at]].pool, &stash[i]) != 0) {
            rte_pktmbuf_free_bulk(s->stash, i);
            return false;
        }
    }
    return true;
}

/* Takes buffers and makes them the next frames. */
static bool stash_fill(struct pg_sender *s, uint64_t now)
{
    uint32_t n = due_now(s, now);

    if (n == 0)
        return false;
    if (unlikely(!buffers_take(s, n))) {
        s->port_count->no_buffers++;
        return false;
    }
    s->fill(s, n, now);
    s->order_at += n;
    if (s->order_at >= s->order_count)
        s->order_at %= s->order_count;
    s->sequence += n;
    s->left -= s->left == UINT64_MAX ? 0 : n;
    s->head = 0;
    s->held = n;
    return true;
}

static uint64_t bytes_of(struct rte_mbuf **frames, uint32_t n, bool one_size)
{
    uint64_t sum = 0;

    if (one_size)
        return (uint64_t)n * frames[0]->pkt_len;
    for (uint32_t i = 0; i < n; i++)
        sum += frames[i]->pkt_len;
    return sum;
}

static void sent_count(struct pg_sender *s, uint32_t n, uint64_t bytes, uint64_t now)
{
    s->port_count->tx_frames += n;
    s->port_count->tx_bytes += bytes + (uint64_t)n * PG_FCS_BYTES;
    s->count->sent += n;
    s->count->last_tsc = now;
    s->head += n;
    s->held -= n;
    s->count->is_done = s->left == 0 && s->held == 0;
}

uint32_t pg_sender_push(struct pg_sender *s, uint64_t now)
{
    uint64_t bytes;
    bool one_size;
    uint32_t n;

    if (now < s->retry_tsc)
        return 0;
    if (s->held == 0 && !stash_fill(s, now))
        return 0;
    /* Read before they are the driver's; what is not taken is subtracted. */
    one_size = s->order_count == 1 && s->fill != fill_attack && s->fill != fill_replay;
    bytes = bytes_of(s->stash + s->head, s->held, one_size);
    n = rte_eth_tx_burst(s->port_id, s->queue, s->stash + s->head, (uint16_t)s->held);
    s->port_count->tx_polls++;
    if (unlikely(n < s->held)) {
        s->port_count->tx_full++;
        s->retry_tsc = now + RETRY_CYCLES;
        bytes -= bytes_of(s->stash + s->head + n, s->held - n, one_size);
    }
    if (n > 0)
        sent_count(s, n, bytes, now);
    return n;
}
