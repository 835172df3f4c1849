/* SPDX-License-Identifier: BSD-3-Clause
 *
 * pktgen run: trials at the streams' own rates.
 */
#include <errno.h>
#include <stdio.h>

#include "pktgen/command.h"

#define TIME_NS_DEFAULT (10 * NS_PER_SEC)

static bool wants_best(const struct pg_plan *plan)
{
    for (uint32_t i = 0; i < plan->stream_count; i++)
        if (plan->streams[i].stream.rate.unit == PG_RATE_PERCENT)
            return true;
    return false;
}

int pg_run_best(struct pg_engine *e, const struct pg_options *o, const struct pg_trial *trial,
                struct vsw_err *err)
{
    if (!wants_best(e->plan))
        return 0;
    e->best_pps = pg_rate_pps(&o->best, 64, 0);
    if (e->best_pps > 0)
        return 0;
    e->phase = "best rate";
    return pg_engine_best(e, trial, &e->best_pps, err);
}

/* Until the end of the file, if nobody says how long. */
static uint64_t time_of(const struct pg_options *o)
{
    bool has_end = o->count > 0 || (o->replay_path != NULL && o->plan.replay_loops > 0);

    return o->time_ns > 0 || has_end ? o->time_ns : TIME_NS_DEFAULT;
}

static int size_run(struct pg_engine *e, const struct pg_options *o, uint32_t first, uint32_t count,
                    struct pg_points *points, struct vsw_err *err)
{
    struct pg_trial trial = {.own_rates = true,
                             .size_first = first,
                             .size_count = count,
                             .ns = time_of(o),
                             .count = o->count};
    struct pg_outcome outcome;
    int rc = pg_run_best(e, o, &trial, err);

    e->phase = "run";
    if (rc == 0)
        rc = pg_engine_trial(e, &trial, &outcome, err);
    return rc == 0 ? pg_points_add(points, &outcome, NULL, NULL, err) : rc;
}

int pg_run(struct pg_engine *e, const struct pg_options *o, struct pg_points *points,
           struct vsw_err *err)
{
    int rc = 0;

    if (o->plan.sizes.count == 0)
        return size_run(e, o, 0, 0, points, err);
    for (uint32_t i = 0; rc == 0 && i < o->plan.sizes.count; i++)
        rc = size_run(e, o, i, 1, points, err);
    return rc == -EINTR && points->count > 0 ? 0 : rc;
}
