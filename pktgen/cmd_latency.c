/* SPDX-License-Identifier: BSD-3-Clause
 *
 * pktgen latency: frames carry the time at which they were due; what a full ring or a busy
 * generator delays counts. --ping-pong measures an idle switch, with the host's own wake time
 * beside it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "pktgen/command.h"
#include "pktgen/env.h"
#include "pktgen/pingpong.h"
#include "pktgen/wake.h"

#define TIME_NS_DEFAULT (5 * NS_PER_SEC)
#define PINGS_DEFAULT   2000
#define WAKE_SAMPLES    500

int pg_latency_wake(const struct pg_options *o, struct pg_points *points, struct vsw_err *err)
{
    struct pg_wake wake = {.samples = WAKE_SAMPLES, .gap_ns = u64_max(o->gap_ns, NS_PER_MS)};
    int rc = pg_env_core(o->plan.core, &wake.writer_cpu, err);

    if (rc != 0)
        return rc;
    wake.sleeper_cpu = o->wake_cpu >= 0 ? o->wake_cpu : pg_wake_cpu_other(wake.writer_cpu);
    if (wake.sleeper_cpu < 0)
        fprintf(stderr, "warning: there is one CPU: the wake time is that of the same CPU\n");
    points->wake = malloc(sizeof(*points->wake));
    if (points->wake == NULL)
        return vsw_err_set(err, -ENOMEM, NULL, "no memory for the histogram");
    return pg_wake_measure(&wake, points->wake, err);
}

static int ping(struct pg_engine *e, const struct pg_options *o, uint32_t size,
                struct pg_points *points, struct vsw_err *err)
{
    struct pg_pingpong what = {
        .gap_ns = o->gap_ns, .count = o->count > 0 ? o->count : PINGS_DEFAULT, .size_first = size};
    struct pg_outcome outcome;
    int rc = pg_pingpong_run(e, &what, &outcome, err);

    return rc == 0 ? pg_points_add(points, &outcome, "ping-pong", NULL, err) : rc;
}

static int rates_best(struct pg_engine *e, const struct pg_options *o, const struct pg_trial *trial,
                      struct vsw_err *err)
{
    bool is_share = o->rate_count == 0;

    for (uint32_t i = 0; i < o->rate_count; i++)
        is_share |= o->rates[i].unit == PG_RATE_PERCENT;
    e->best_pps = pg_rate_pps(&o->best, 64, 0);
    if (!is_share || e->best_pps > 0)
        return 0;
    e->phase = "best rate";
    return pg_engine_best(e, trial, &e->best_pps, err);
}

static int rate_run(struct pg_engine *e, const struct pg_rate *rate, struct pg_trial *trial,
                    struct pg_points *points, struct vsw_err *err)
{
    const struct pg_sizes *sizes = pg_plan_sizes(e->plan, &e->plan->streams[0].stream);
    double mean =
        trial->size_count == 1 ? sizes->item[trial->size_first].bytes : pg_text_sizes_mean(sizes);
    char label[PG_TEXT_MAX];
    struct pg_outcome outcome;
    int rc;

    trial->pps = pg_rate_pps(rate, mean, e->best_pps);
    pg_text_rate_format(rate, label, sizeof(label));
    e->phase = label;
    rc = pg_engine_trial(e, trial, &outcome, err);
    e->phase = NULL;
    return rc == 0 ? pg_points_add(points, &outcome, label, NULL, err) : rc;
}

static int size_latency(struct pg_engine *e, const struct pg_options *o, uint32_t first,
                        uint32_t count, struct pg_points *points, struct vsw_err *err)
{
    static const struct pg_rate usual[] = {
        {PG_RATE_PERCENT, 10}, {PG_RATE_PERCENT, 50}, {PG_RATE_PERCENT, 90}};
    const struct pg_rate *rates = o->rate_count > 0 ? o->rates : usual;
    uint32_t rate_count = o->rate_count > 0 ? o->rate_count : ARRAY_SIZE(usual);
    struct pg_trial trial = {.size_first = first,
                             .size_count = count,
                             .ns = o->time_ns > 0 ? o->time_ns : TIME_NS_DEFAULT};
    int rc;

    if (o->ping_pong)
        return ping(e, o, first, points, err);
    rc = rates_best(e, o, &trial, err);
    for (uint32_t i = 0; rc == 0 && i < rate_count && !pg_engine_stopped(e); i++)
        rc = rate_run(e, &rates[i], &trial, points, err);
    return rc;
}

int pg_latency(struct pg_engine *e, const struct pg_options *o, struct pg_points *points,
               struct vsw_err *err)
{
    int rc = 0;

    if (o->plan.sizes.count == 0)
        return size_latency(e, o, 0, 0, points, err);
    for (uint32_t i = 0; rc == 0 && i < o->plan.sizes.count; i++)
        rc = size_latency(e, o, i, 1, points, err);
    return rc;
}
