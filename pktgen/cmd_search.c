/* SPDX-License-Identifier: BSD-3-Clause
 *
 * pktgen ndr and pdr: for each size, the search of search.h over trials.
 */
#include <errno.h>
#include <stdio.h>

#include "pktgen/command.h"
#include "pktgen/search.h"

#define TIME_NS_DEFAULT (2 * NS_PER_SEC)
#define MAX_MARGIN      1.2 /* what comes back of an overload may be less than what could be */
#define MIN_PPS         1000

struct search_ctx {
    struct pg_engine *e;
    struct pg_trial trial;
    struct pg_outcome best; /* of the highest rate that held, or of the last trial */
    double best_pps, loss_ratio;
    bool has_best;
};

static int search_trial(void *ctx, double pps, struct pg_loss *ret_loss, struct vsw_err *err)
{
    struct search_ctx *s = ctx;
    struct pg_outcome o;
    bool held;
    int rc;

    s->trial.pps = pps;
    rc = pg_engine_trial(s->e, &s->trial, &o, err);
    if (rc != 0)
        return rc;
    if (pg_engine_stopped(s->e)) {
        pg_outcome_free(&o);
        return -EINTR;
    }
    *ret_loss = o.point.loss;
    held = pg_loss_ratio(&o.point.loss) <= s->loss_ratio;
    if (!s->has_best || (held && pps > s->best_pps)) {
        pg_outcome_free(&s->best);
        s->best = o;
        s->has_best = true;
        s->best_pps = held ? pps : 0;
        return 0;
    }
    pg_outcome_free(&o);
    return 0;
}

/* The top of the search: as told, or a little above what comes back at full speed. */
static int bounds_set(struct search_ctx *s, const struct pg_options *o, struct pg_search *search,
                      struct vsw_err *err)
{
    const struct pg_sizes *sizes = pg_plan_sizes(s->e->plan, &s->e->plan->streams[0].stream);
    double mean = s->trial.size_count == 1 ? sizes->item[s->trial.size_first].bytes
                                           : pg_text_sizes_mean(sizes);
    double max = pg_rate_pps(&o->max, mean, 0), min = pg_rate_pps(&o->min, mean, 0);
    int rc = 0;

    if (max <= 0) {
        s->e->phase = "full speed";
        rc = pg_engine_best(s->e, &s->trial, &max, err);
        max *= MAX_MARGIN;
    }
    if (rc != 0)
        return rc;
    pg_search_init(search, min > 0 ? min : MIN_PPS < max ? MIN_PPS : max / 2, max, s->loss_ratio);
    search->precision = o->precision;
    search->repeats = o->repeats;
    return 0;
}

static int size_search(struct pg_engine *e, const struct pg_options *o, uint32_t first,
                       uint32_t count, struct pg_points *points, struct vsw_err *err)
{
    struct search_ctx s = {.e = e,
                           .trial = {.size_first = first,
                                     .size_count = count,
                                     .ns = o->time_ns > 0 ? o->time_ns : TIME_NS_DEFAULT},
                           .loss_ratio = o->command == PG_PDR ? o->loss : 0};
    struct pg_search_result result;
    struct pg_search search;
    char phase[32];
    int rc = bounds_set(&s, o, &search, err);

    snprintf(phase, sizeof(phase), "search");
    if (count == 1)
        snprintf(phase, sizeof(phase), "search, %u bytes", o->plan.sizes.item[first].bytes);
    e->phase = phase;
    if (rc == 0)
        rc = pg_search_run(&search, search_trial, &s, &result, err);
    e->phase = NULL;
    if (rc == 0 && s.has_best)
        return pg_points_add(points, &s.best, NULL, &result, err);
    pg_outcome_free(&s.best);
    return rc != 0 ? rc : vsw_err_set(err, -EINTR, NULL, "stopped");
}

int pg_search_rates(struct pg_engine *e, const struct pg_options *o, struct pg_points *points,
                    struct vsw_err *err)
{
    int rc = 0;

    if (o->plan.sizes.count == 0)
        return size_search(e, o, 0, 0, points, err);
    for (uint32_t i = 0; rc == 0 && i < o->plan.sizes.count && !pg_engine_stopped(e); i++)
        rc = size_search(e, o, i, 1, points, err);
    return rc;
}
