/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Before a trial: every address that frames will be sent to speaks once from where it is, so that a
 * learning switch need not flood. Many addresses speak slowly and twice: some switches learn on a
 * slow path, and lose what comes faster. A peer that takes nothing is worth a warning, no more: the
 * trial tells the rest.
 */
#include <stdio.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "base/clock.h"
#include "pktgen/frame.h"
#include "pktgen/worker.h"

#define LEARN_BURST    8
#define LEARN_GAP_US   80 /* between bursts: 100000 addresses a second */
#define LEARN_MANY     64 /* from here on, twice */
#define SETTLE_US      2000
#define SETTLE_MANY_US 50000

static bool is_stopped(const struct pg_worker *w)
{
    return atomic_load_explicit(&w->shared->stop, memory_order_relaxed);
}

static void pause_us(struct pg_worker *w, unsigned us)
{
    uint64_t end = rte_rdtsc() + us * rte_get_tsc_hz() / 1000000;

    do
        (void)pg_worker_poll(w);
    while (rte_rdtsc() < end);
}

/* A peer that was too slow once is not waited for again. */
static uint64_t patience_end_ns(const struct pg_worker *w, uint32_t port)
{
    return clock_now_ns() + (w->ports[port].is_stuck ? 0 : w->plan->wait_ms * NS_PER_MS);
}

static bool give_up(struct pg_worker *w, uint32_t port, uint64_t end_ns)
{
    if (clock_now_ns() <= end_ns && !is_stopped(w))
        return false;
    if (!w->ports[port].is_stuck && !is_stopped(w))
        fprintf(stderr,
                "warning: port: peer not ready: nobody takes frames from port %u (%s)\n"
                "hint: is the other side forwarding? --wait TIME waits longer\n",
                port, w->plan->ports[port].name);
    w->ports[port].is_stuck = true;
    return true;
}

/* virtio looks for buffers that its peer has taken only when it sends. When they are all out, a
 * frame that was kept for it is sent, again and again with one more owner. */
static void driver_nudge(struct pg_worker *w, uint32_t port)
{
    struct rte_mbuf *m = w->ports[port].nudge;

    rte_mbuf_refcnt_update(m, 1);
    if (rte_eth_tx_burst(w->ports[port].id, 0, &m, 1) == 0)
        rte_mbuf_refcnt_update(m, -1);
}

static struct rte_mbuf *buffer_take(struct pg_worker *w, uint32_t port)
{
    uint64_t end_ns = patience_end_ns(w, port);
    struct rte_mbuf *m;

    while ((m = rte_pktmbuf_alloc(w->ports[port].rx_pool)) == NULL) {
        if (w->ports[port].nudge != NULL)
            driver_nudge(w, port);
        if (give_up(w, port, end_ns))
            return NULL;
        pause_us(w, LEARN_GAP_US);
    }
    return m;
}

static bool buffer_send(struct pg_worker *w, uint32_t port, struct rte_mbuf *m)
{
    uint64_t end_ns = patience_end_ns(w, port);

    while (rte_eth_tx_burst(w->ports[port].id, 0, &m, 1) == 0) {
        if (give_up(w, port, end_ns)) {
            rte_pktmbuf_free(m);
            return false;
        }
        pause_us(w, LEARN_GAP_US);
    }
    return true;
}

static struct rte_mbuf *frame_make(struct pg_worker *w, uint32_t port,
                                   const struct pg_stream *stream, uint32_t i)
{
    struct rte_mbuf *m = buffer_take(w, port);

    if (m == NULL)
        return NULL;
    m->data_len = (uint16_t)pg_frame_reverse(stream, i, rte_pktmbuf_mtod(m, uint8_t *));
    m->pkt_len = m->data_len;
    return m;
}

static bool frame_send(struct pg_worker *w, uint32_t port, const struct pg_stream *stream,
                       uint32_t i)
{
    struct rte_mbuf *m = frame_make(w, port, stream, i);

    return m != NULL && buffer_send(w, port, m);
}

/* The stream seen from the other end: its reverse frame is one of the stream's own sources. */
static struct pg_stream turned(const struct pg_stream *s)
{
    struct pg_stream t = *s;

    t.tx = s->rx;
    t.rx = s->tx;
    t.smac = s->dmac;
    t.dmac = s->smac;
    t.smacs = s->dmacs;
    t.dmacs = s->smacs;
    t.src = s->dst;
    t.dst = s->src;
    return t;
}

static uint64_t address_count(const struct pg_stream *stream)
{
    uint64_t vlans = stream->vlan.first > 0 ? stream->vlan.last - stream->vlan.first + 1 : 1;

    return u64_max(stream->dmacs, vlans);
}

static void addresses_send(struct pg_worker *w, uint32_t port, const struct pg_stream *stream)
{
    uint64_t count = address_count(stream);

    if (w->ports[port].nudge == NULL)
        w->ports[port].nudge = frame_make(w, port, stream, 0);
    for (uint32_t i = 0; i < count && frame_send(w, port, stream, i); i++)
        if (i % LEARN_BURST == LEARN_BURST - 1)
            pause_us(w, LEARN_GAP_US);
}

static void stream_learn(struct pg_worker *w, const struct pg_stream *s)
{
    struct pg_stream back = turned(s);

    if (w->ports[s->tx].open)
        addresses_send(w, s->tx, &back);
    if (s->rx != PG_PORT_NONE && w->ports[s->rx].open)
        addresses_send(w, s->rx, s);
}

void pg_worker_learn(struct pg_worker *w)
{
    bool is_many = false;

    for (unsigned round = 0; round < (is_many ? 2 : 1) && !is_stopped(w); round++)
        for (uint32_t i = 0; i < w->plan->stream_count && !is_stopped(w); i++) {
            const struct pg_plan_stream *what = &w->plan->streams[i];

            if (what->attack != NULL || what->replay != NULL)
                continue;
            is_many |= u64_max(what->stream.smacs, address_count(&what->stream)) >= LEARN_MANY;
            stream_learn(w, &what->stream);
        }
    pause_us(w, is_many ? SETTLE_MANY_US : SETTLE_US);
}
