/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Counters to results.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include "pktgen/outcome.h"

/* From these shares on, something is to be blamed. */
#define STEAL_RATIO 0.005
#define SHORT_RATIO 0.999 /* of what was wanted */
#define FULL_RATIO  0.02
#define IDLE_RATIO  0.02

struct pg_cpu_time pg_cpu_time_read(int core)
{
    struct pg_cpu_time time = {0};
    char line[256], name[16], word[16];
    unsigned long long v[8] = {0};
    FILE *f = fopen("/proc/stat", "re");

    snprintf(name, sizeof(name), core < 0 ? "cpu" : "cpu%d", core);
    while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
        if (sscanf(line, "%15s %llu %llu %llu %llu %llu %llu %llu %llu", word, &v[0], &v[1], &v[2],
                   &v[3], &v[4], &v[5], &v[6], &v[7]) != 9 ||
            strcmp(word, name) != 0)
            continue;
        time.steal = v[7];
        for (int i = 0; i < 8; i++)
            time.total += v[i];
        break;
    }
    if (f != NULL)
        fclose(f);
    return time;
}

static void ports_copy(const struct pg_shared *shared, const struct pg_plan *plan,
                       struct pg_outcome *o)
{
    for (uint32_t i = 0; i < plan->port_count; i++) {
        const struct pg_port_count *c = &shared->ports[i];

        o->ports[i] = (struct pg_port_result){
            .name = plan->ports[i].name,
            .tx_frames = c->tx_frames,
            .tx_bytes = c->tx_bytes,
            .rx_frames = c->rx_frames,
            .rx_bytes = c->rx_bytes,
            .tx_polls = c->tx_polls,
            .tx_full = c->tx_full,
            .rx_polls = c->rx_polls,
            .rx_empty = c->rx_empty,
            .foreign = c->foreign,
            .leaks = c->leaks,
        };
    }
}

/* Without signatures a port's frames are the stream's, if it is the only one that ends there. */
static void stream_by_port(const struct pg_shared *shared, const struct pg_plan *plan,
                           const struct pg_stream *s, struct pg_track_result *ret)
{
    uint64_t sent = 0;
    double share;

    *ret = (struct pg_track_result){.sent = shared->streams[s->id].sent};
    if (s->rx == PG_PORT_NONE)
        return;
    for (uint32_t i = 0; i < plan->stream_count; i++)
        if (plan->streams[i].stream.rx == s->rx)
            sent += shared->streams[i].sent;
    share = sent > 0 ? (double)ret->sent / (double)sent : 0;
    ret->received = (uint64_t)((double)shared->ports[s->rx].rx_frames * share + 0.5);
    ret->lost = ret->sent > ret->received ? ret->sent - ret->received : 0;
}

static double stream_seconds(const struct pg_shared *shared, const struct pg_stream_count *c)
{
    const struct pg_order *order = &shared->order;
    uint64_t end = order->stop_tsc > 0 && !atomic_load(&shared->stop) && order->count == 0
                       ? order->stop_tsc
                       : c->last_tsc;

    if (end <= order->start_tsc)
        return 0;
    return (double)(end - order->start_tsc) / (double)rte_get_tsc_hz();
}

/* What nobody should receive counts only when there is nothing else, and then nothing is due. */
static void totals_sum(const struct pg_shared *shared, struct pg_outcome *o)
{
    struct pg_loss *sum = &o->point.loss;
    bool has_receiver = false;

    for (uint32_t i = 0; i < o->point.stream_count; i++)
        has_receiver |= o->streams[i].stream->rx != PG_PORT_NONE;
    for (uint32_t i = 0; i < o->point.stream_count; i++) {
        const struct pg_stream_count *c = &shared->streams[i];
        const struct pg_stream_result *r = &o->streams[i];

        if (has_receiver && r->stream->rx == PG_PORT_NONE)
            continue;
        sum->due += has_receiver ? c->due : 0;
        sum->sent += c->sent;
        sum->received += has_receiver ? r->track.received - r->track.duplicates : 0;
        if (r->seconds > sum->seconds)
            sum->seconds = r->seconds;
    }
}

static void streams_copy(const struct pg_shared *shared, const struct pg_plan *plan,
                         struct pg_outcome *o)
{
    double ns_per_tick = 1e9 / (double)rte_get_tsc_hz();

    for (uint32_t i = 0; i < plan->stream_count; i++) {
        const struct pg_stream_count *c = &shared->streams[i];
        struct pg_stream_result *r = &o->streams[i];

        r->stream = &plan->streams[i].stream;
        r->seconds = stream_seconds(shared, c);
        if (plan->marks != PG_MARKS_NONE)
            pg_track_finish(&c->track, c->sent, &r->track);
        else
            stream_by_port(shared, plan, r->stream, &r->track);
        if (plan->latency) {
            o->hists[i] = shared->hists[i];
            r->latency = (struct pg_latency){&o->hists[i], ns_per_tick};
        }
        if (r->stream->rx == PG_PORT_NONE)
            r->track.lost = 0; /* it is not expected anywhere */
    }
    totals_sum(shared, o);
    if (plan->latency) {
        *o->hist = shared->hist;
        o->point.latency = (struct pg_latency){o->hist, ns_per_tick};
    }
}

static enum pg_limit limit_judge(const struct pg_outcome *o, bool at_max)
{
    uint64_t polls = 0, full = 0;
    double idle;

    for (uint32_t i = 0; i < o->point.port_count; i++) {
        polls += o->ports[i].tx_polls;
        full += o->ports[i].tx_full;
    }
    idle = o->loop.loops > 0 ? (double)o->loop.idle_loops / (double)o->loop.loops : 1;
    if (!at_max && (double)o->point.loss.sent >= SHORT_RATIO * (double)o->point.loss.due)
        return PG_LIMIT_NONE;
    if (o->point.steal_ratio > STEAL_RATIO)
        return PG_LIMIT_STEAL;
    if (polls > 0 && (double)full / (double)polls > FULL_RATIO)
        return PG_LIMIT_RINGS;
    if (o->point.loop_frames > 0 && idle >= IDLE_RATIO)
        return PG_LIMIT_EMPTY;
    return idle < IDLE_RATIO || at_max ? PG_LIMIT_SELF : PG_LIMIT_NONE;
}

static bool rates_are_max(const struct pg_shared *shared, const struct pg_plan *plan)
{
    for (uint32_t i = 0; i < plan->stream_count; i++)
        if (shared->streams[i].pps <= 0 && plan->streams[i].replay == NULL &&
            plan->streams[i].attack == NULL)
            return true;
    return false;
}

static void point_fill(const struct pg_shared *shared, const struct pg_plan *plan,
                       const struct pg_trial *trial, struct pg_outcome *o)
{
    struct pg_point *p = &o->point;

    p->streams = o->streams;
    p->stream_count = plan->stream_count;
    p->ports = o->ports;
    p->port_count = plan->port_count;
    p->loop_frames = (uint64_t)plan->loop_frames * plan->stream_count;
    p->has_marks = plan->marks != PG_MARKS_NONE;
    p->sizes = *pg_plan_sizes(plan, &plan->streams[0].stream);
    if (trial->size_count == 1) {
        p->sizes.item[0] = p->sizes.item[trial->size_first];
        p->sizes.count = p->sizes.order_count = 1;
        p->sizes.item[0].weight = 1;
        p->sizes.order[0] = 0;
    }
    p->rate = (struct pg_rate){trial->pps > 0 ? PG_RATE_PPS : PG_RATE_MAX, trial->pps};
    if (trial->own_rates)
        p->rate = plan->streams[0].stream.rate;
    for (uint32_t i = 0; i < plan->port_count; i++)
        p->received_bytes += shared->ports[i].rx_bytes;
}

int pg_outcome_make(const struct pg_shared *shared, const struct pg_plan *plan,
                    const struct pg_trial *trial, unsigned team, struct pg_cpu_time steal,
                    struct pg_outcome *ret)
{
    struct pg_outcome o = {0};

    o.streams = calloc(plan->stream_count, sizeof(o.streams[0]));
    o.ports = calloc(plan->port_count, sizeof(o.ports[0]));
    if (plan->latency) {
        o.hist = malloc(sizeof(o.hist[0]));
        o.hists = calloc(plan->stream_count, sizeof(o.hists[0]));
    }
    if (o.streams == NULL || o.ports == NULL ||
        (plan->latency && (o.hist == NULL || o.hists == NULL))) {
        pg_outcome_free(&o);
        return -ENOMEM;
    }
    for (unsigned i = 0; i < team; i++) {
        o.loop.loops += shared->loop[i].loops;
        o.loop.idle_loops += shared->loop[i].idle_loops;
        o.loop.busy_cycles += shared->loop[i].busy_cycles;
        o.loop.idle_cycles += shared->loop[i].idle_cycles;
    }
    point_fill(shared, plan, trial, &o);
    ports_copy(shared, plan, &o);
    streams_copy(shared, plan, &o);
    if (steal.total > 0)
        o.point.steal_ratio = (double)steal.steal / (double)steal.total;
    o.point.limit = limit_judge(&o, rates_are_max(shared, plan));
    *ret = o;
    return 0;
}

void pg_outcome_free(struct pg_outcome *o)
{
    free(o->streams);
    free(o->ports);
    free(o->hist);
    free(o->hists);
    *o = (struct pg_outcome){0};
}
