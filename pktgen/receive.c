/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The receivers' inner loops.
 */
#include <string.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include "base/clock.h"
#include "pktgen/dump.h"
#include "pktgen/receive.h"
#include "pktgen/tag.h"
#include "pktgen/track.h"

#define RX_BURST     PG_LOOP_BURST
#define PAUSE_CYCLES 500 /* each look at a ring takes a cache line from the peer that fills it */

static uint32_t burst_take(struct pg_receiver *r, struct rte_mbuf **ret_frames)
{
    uint32_t n = rte_eth_rx_burst(r->port_id, r->queue, ret_frames, RX_BURST);

    r->count->rx_polls++;
    r->count->rx_empty += n == 0;
    return n;
}

/* Buffers of one pool and one piece need none of what rte_pktmbuf_free() does: the driver has set
 * their fields as the pool wants them. */
static void burst_free(struct pg_receiver *r, struct rte_mbuf **frames, uint32_t n, uint32_t pieces)
{
    if (likely(r->pool != NULL && pieces == 1))
        rte_mempool_put_bulk(r->pool, (void *const *)frames, n);
    else
        rte_pktmbuf_free_bulk(frames, n);
}

static void burst_count(struct pg_receiver *r, uint32_t n, uint64_t bytes, uint64_t now)
{
    r->count->rx_frames += n;
    r->count->rx_bytes += bytes + (uint64_t)n * PG_FCS_BYTES;
    r->shared->last_rx_tsc = now;
}

static uint32_t poll_count(struct pg_receiver *r, uint64_t now)
{
    struct rte_mbuf *frames[RX_BURST];
    uint32_t n, pieces = 0;
    uint64_t bytes = 0;

    if (now < r->next_tsc)
        return 0;
    n = burst_take(r, frames);
    if (n < RX_BURST)
        r->next_tsc = now + PAUSE_CYCLES;
    if (n == 0)
        return 0;
    for (uint32_t i = 0; i < n; i++) {
        bytes += frames[i]->pkt_len;
        pieces |= frames[i]->nb_segs;
    }
    burst_free(r, frames, n, pieces);
    burst_count(r, n, bytes, now);
    return n;
}

/* While the ring on the way back is full nothing is received, as in any forwarder. */
static uint32_t poll_loop(struct pg_receiver *r, uint64_t now)
{
    struct pg_loop *loop = &r->loop;
    uint64_t bytes = 0;
    uint32_t n = 0;

    if (!loop->is_on)
        return poll_count(r, now);
    if (now < r->next_tsc)
        return 0;
    if (loop->held == 0) {
        loop->held = n = burst_take(r, loop->frames);
        loop->head = 0;
        for (uint32_t i = 0; i < n; i++)
            bytes += loop->frames[i]->pkt_len;
        burst_count(r, n, bytes, now);
    }
    if (n < RX_BURST)
        r->next_tsc = now + PAUSE_CYCLES;
    if (loop->held > 0)
        pg_loop_push(loop, now);
    return n;
}

/* Damaged only if every byte was looked at; a frame in pieces is put together first. */
static bool is_damaged(const struct rte_mbuf *m, uint32_t payload, uint16_t stream)
{
    static uint8_t whole[UINT16_MAX + 1];
    const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);

    if (m->nb_segs > 1) {
        if (m->pkt_len > sizeof(whole))
            return true;
        frame = rte_pktmbuf_read(m, 0, m->pkt_len, whole);
    }
    return pg_tag_check(frame, m->pkt_len, payload, stream) != PG_INTACT;
}

static bool tag_get(struct pg_receiver *r, const struct rte_mbuf *m, struct pg_tag *ret_tag)
{
    const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
    uint32_t at;

    if (likely(r->payload != 0 && m->data_len >= r->payload + PG_TAG_BYTES &&
               pg_tag_read(frame + r->payload, r->magic, ret_tag)))
        return true;
    at = pg_tag_find(frame, m->data_len);
    if (at == 0 || !pg_tag_read(frame + at, r->magic, ret_tag))
        return false;
    r->payload = at;
    return true;
}

static void frame_track(struct pg_receiver *r, const struct rte_mbuf *m, uint64_t now)
{
    struct pg_stream_count *stream;
    struct pg_tag tag;

    if (!tag_get(r, m, &tag) || tag.stream >= r->plan->stream_count) {
        r->count->foreign++;
        return;
    }
    stream = &r->shared->streams[tag.stream];
    if (r->plan->streams[tag.stream].stream.rx != r->number) {
        stream->track.leaks++;
        r->count->leaks++;
        return;
    }
    pg_track_frame(&stream->track, tag.sequence);
    if (r->plan->latency) {
        uint64_t age = pg_tag_age(&tag, now);

        pg_hist_add(&r->shared->hist, age);
        pg_hist_add(&r->shared->hists[tag.stream], age);
    }
    if (r->check && is_damaged(m, r->payload, tag.stream))
        stream->track.corrupt++;
}

static void frames_keep(struct pg_receiver *r, struct rte_mbuf **frames, uint32_t n)
{
    static uint8_t whole[UINT16_MAX + 1];
    uint64_t ns = r->dump_base_ns + clock_now_ns();

    for (uint32_t i = 0; i < n; i++)
        if (frames[i]->pkt_len <= sizeof(whole))
            pg_dump_frame(r->dump, ns, rte_pktmbuf_read(frames[i], 0, frames[i]->pkt_len, whole),
                          frames[i]->pkt_len);
}

static uint32_t poll_look(struct pg_receiver *r, uint64_t now)
{
    struct rte_mbuf *frames[RX_BURST];
    uint32_t n = burst_take(r, frames), pieces = 0;
    uint64_t bytes = 0;

    if (n == 0)
        return 0;
    for (uint32_t i = 0; i < n; i++)
        rte_prefetch0(rte_pktmbuf_mtod(frames[i], void *));
    if (r->plan->latency)
        now = rte_rdtsc(); /* of arrival, not of the turn of the loop */
    for (uint32_t i = 0; i < n; i++) {
        bytes += frames[i]->pkt_len;
        pieces |= frames[i]->nb_segs;
        if (r->is_on && r->plan->marks != PG_MARKS_NONE)
            frame_track(r, frames[i], now);
    }
    if (r->is_on && r->dump != NULL)
        frames_keep(r, frames, n);
    burst_free(r, frames, n, pieces);
    burst_count(r, n, bytes, now);
    return n;
}

void pg_receiver_init(struct pg_receiver *r, const struct pg_plan *plan, uint32_t number,
                      const struct pg_port *ports, uint16_t queue, struct pg_shared *shared,
                      struct pg_dump *dump)
{
    *r = (struct pg_receiver){
        .poll = plan->marks == PG_MARKS_NONE && dump == NULL ? poll_count : poll_look,
        .count = &shared->ports[number],
        .pool = ports[number].foreign ? NULL : ports[number].rx_pool,
        .port_id = ports[number].id,
        .queue = queue,
        .number = (uint16_t)number,
        .check = plan->marks == PG_MARKS_CHECK,
        .shared = shared,
        .plan = plan,
        .dump = dump,
        .dump_base_ns = clock_realtime_offset_ns(),
    };
    if (plan->loop_frames == 0)
        return;
    r->poll = poll_loop;
    pg_loop_init(&r->loop, plan, number, queue, ports, shared);
}
