/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Sending again what was received.
 */
#include <errno.h>

#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "pktgen/loop.h"

/* ---- does it fit? ---------------------------------------------------------------------------- */

static const struct pg_stream *stream_to(const struct pg_plan *plan, uint32_t port)
{
    for (uint32_t i = 0; i < plan->stream_count; i++)
        if (plan->streams[i].stream.rx == port)
            return &plan->streams[i].stream;
    return NULL;
}

/* The kernel's own frames would go round with ours. */
static int port_check(const struct pg_plan *plan, uint32_t port, struct vsw_err *err)
{
    const struct pg_port_spec *spec = &plan->ports[port].spec;

    if (spec->kind != PG_PORT_VHOST && spec->kind != PG_PORT_RING)
        return vsw_err_set(err, -EINVAL, "port", "%.60s cannot be in a loop: vhost: and ring: can",
                           plan->ports[port].name);
    if (plan->loop_frames <= spec->entries)
        return 0;
    vsw_err_set(err, -EINVAL, "frames", "%u do not fit into the rings of port %u",
                plan->loop_frames, port);
    vsw_err_hint(err, "--frames %u or less", spec->entries);
    return -EINVAL;
}

static int stream_check(const struct pg_plan *plan, const struct pg_stream *s, struct vsw_err *err)
{
    if (s->rx == PG_PORT_NONE)
        return vsw_err_set(err, -EINVAL, "stream", "stream %u ends nowhere, so nothing goes round",
                           s->id);
    if (stream_to(plan, s->rx) != s)
        return vsw_err_set(err, -EINVAL, "stream", "two streams of a loop end at port %u", s->rx);
    if (s->rate.unit != PG_RATE_MAX)
        return vsw_err_set(err, -EINVAL, "rate", "a loop goes as fast as it can");
    return 0;
}

int pg_loop_check(struct pg_plan *plan, struct vsw_err *err)
{
    int rc = 0;

    if (plan->port_count > plan->per_process)
        return vsw_err_set(err, -EINVAL, "port", "a loop has %u ports at most", plan->per_process);
    for (uint32_t i = 0; rc == 0 && i < plan->port_count; i++) {
        rc = port_check(plan, i, err);
        plan->ports[i].spec.lent = PG_LOOP_BURST + plan->ports[i].spec.entries;
    }
    for (uint32_t i = 0; rc == 0 && i < plan->stream_count; i++)
        rc = stream_check(plan, &plan->streams[i].stream, err);
    return rc;
}

/* ---- round and round ------------------------------------------------------------------------- */

void pg_loop_init(struct pg_loop *loop, const struct pg_plan *plan, uint32_t number, uint16_t queue,
                  const struct pg_port *ports, struct pg_shared *shared)
{
    const struct pg_stream *s = stream_to(plan, number);

    *loop = (struct pg_loop){0};
    if (s == NULL)
        return;
    loop->stream = &shared->streams[s->id];
    loop->port_count = &shared->ports[s->tx];
    loop->port_id = ports[s->tx].id;
    loop->queue = queue % ports[s->tx].spec.queues;
}

void pg_loop_push(struct pg_loop *loop, uint64_t now)
{
    struct rte_mbuf **frames = loop->frames + loop->head;
    uint64_t bytes = 0;
    uint32_t n;

    for (uint32_t i = 0; i < loop->held; i++)
        bytes += frames[i]->pkt_len;
    n = rte_eth_tx_burst(loop->port_id, loop->queue, frames, (uint16_t)loop->held);
    loop->port_count->tx_polls++;
    loop->port_count->tx_full += n < loop->held;
    for (uint32_t i = n; i < loop->held; i++)
        bytes -= frames[i]->pkt_len;
    loop->head += n;
    loop->held -= n;
    loop->port_count->tx_frames += n;
    loop->port_count->tx_bytes += bytes + (uint64_t)n * PG_FCS_BYTES;
    loop->stream->sent += n;
    loop->stream->due += n;
    loop->stream->last_tsc = now;
}

void pg_loop_end(struct pg_loop *loop)
{
    loop->is_on = false;
    if (loop->held > 0)
        rte_pktmbuf_free_bulk(loop->frames + loop->head, loop->held);
    loop->held = 0;
}
