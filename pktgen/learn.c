/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Before a trial: every address that frames will be sent to speaks once from where it is, so that a
 * learning switch need not flood. It is also the first proof that the peers take frames at all.
 */
#include <errno.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "base/clock.h"
#include "pktgen/frame.h"
#include "pktgen/worker.h"

#define LEARN_BURST  16
#define LEARN_GAP_US 40 /* between bursts: 400000 addresses a second */

static int not_ready(const struct pg_worker *w, uint32_t port, struct vsw_err *err)
{
    vsw_err_set(err, -ETIMEDOUT, "port", "peer not ready: nobody takes frames from port %u (%s)",
                port, w->plan->ports[port].name);
    vsw_err_hint(err, "is the other side forwarding? --wait SECONDS waits longer");
    return -ETIMEDOUT;
}

static void pause_us(struct pg_worker *w, unsigned us)
{
    uint64_t end = rte_rdtsc() + us * rte_get_tsc_hz() / 1000000;

    do
        (void)pg_worker_poll(w);
    while (rte_rdtsc() < end);
}

static int frame_send(struct pg_worker *w, uint32_t port, const struct pg_stream *stream,
                      uint32_t i, struct vsw_err *err)
{
    uint64_t end = clock_now_ns() + w->plan->wait_ms * NS_PER_MS;
    struct rte_mbuf *m = rte_pktmbuf_alloc(w->ports[port].rx_pool);

    while (m == NULL && clock_now_ns() < end) {
        pause_us(w, LEARN_GAP_US);
        m = rte_pktmbuf_alloc(w->ports[port].rx_pool);
    }
    if (m == NULL)
        return not_ready(w, port, err);
    m->data_len = (uint16_t)pg_frame_reverse(stream, i, rte_pktmbuf_mtod(m, uint8_t *));
    m->pkt_len = m->data_len;
    while (rte_eth_tx_burst(w->ports[port].id, 0, &m, 1) == 0) {
        if (clock_now_ns() > end) {
            rte_pktmbuf_free(m);
            return not_ready(w, port, err);
        }
        pause_us(w, LEARN_GAP_US);
    }
    return 0;
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

static int addresses_send(struct pg_worker *w, uint32_t port, const struct pg_stream *stream,
                          struct vsw_err *err)
{
    uint64_t vlans = stream->vlan.first > 0 ? stream->vlan.last - stream->vlan.first + 1 : 1;
    uint64_t count = u64_max(stream->dmacs, vlans);
    int rc = 0;

    for (uint32_t i = 0; rc == 0 && i < count; i++) {
        rc = frame_send(w, port, stream, i, err);
        if (i % LEARN_BURST == LEARN_BURST - 1)
            pause_us(w, LEARN_GAP_US);
    }
    return rc;
}

/* The driver gives back buffers only when the peer has taken them. */
static int taken_wait(struct pg_worker *w, uint32_t port, struct vsw_err *err)
{
    uint64_t end = clock_now_ns() + w->plan->wait_ms * NS_PER_MS;

    if (w->plan->ports[port].spec.kind != PG_PORT_VHOST)
        return 0;
    while (rte_eth_tx_done_cleanup(w->ports[port].id, 0, 0) == 0) {
        if (clock_now_ns() > end)
            return not_ready(w, port, err);
        pause_us(w, LEARN_GAP_US);
    }
    return 0;
}

int pg_worker_learn(struct pg_worker *w, struct vsw_err *err)
{
    int rc = 0;

    for (uint32_t i = 0; rc == 0 && i < w->plan->stream_count; i++) {
        const struct pg_plan_stream *what = &w->plan->streams[i];
        const struct pg_stream *s = &what->stream;
        struct pg_stream back = turned(s);

        if (what->attack != NULL || what->replay != NULL)
            continue;
        if (w->ports[s->tx].open)
            rc = addresses_send(w, s->tx, &back, err);
        if (rc == 0 && s->rx != PG_PORT_NONE && w->ports[s->rx].open)
            rc = addresses_send(w, s->rx, s, err);
        if (rc == 0 && w->ports[s->tx].open)
            rc = taken_wait(w, s->tx, err);
    }
    if (rc == 0)
        pause_us(w, 2000);
    return rc;
}
