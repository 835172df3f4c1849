/* SPDX-License-Identifier: BSD-3-Clause */
#include "pktgen/search.h"

#include <errno.h>

#define STEP_FIRST 4.0 /* first step down, in units of the precision */
#define STEP_MAX   0.6

/* What is known: nothing is lost at low, too much is at high. */
struct bracket {
    double low, high; /* 0: not known yet */
    double hint;      /* what came through an overload: near the rate that is looked for; 0: used */
    double step;      /* how far to go down next, as a part of the rate */
    bool try_above;   /* the hint held: the bound may be just above it */
};

struct hunt {
    const struct pg_search *search;
    pg_trial_cb trial;
    void *ctx;
    struct pg_search_result result;
    struct bracket b;
};

double pg_loss_ratio(const struct pg_loss *loss)
{
    if (loss->due == 0 || loss->received >= loss->due)
        return 0;
    return (double)(loss->due - loss->received) / (double)loss->due;
}

void pg_search_init(struct pg_search *search, double min_pps, double max_pps, double loss_ratio)
{
    *search = (struct pg_search){
        .min_pps = min_pps,
        .max_pps = max_pps,
        .precision = 0.005,
        .loss_ratio = loss_ratio,
        .hopeless_ratio = 0.3,
        .repeats = 2,
    };
}

static int search_check(const struct pg_search *s, struct vsw_err *err)
{
    if (!(s->min_pps > 0) || !(s->max_pps >= s->min_pps))
        return vsw_err_set(err, -EINVAL, "rate", "the bounds of the search are not 0 < min <= max");
    if (!(s->precision > 0) || !(s->precision < 1))
        return vsw_err_set(err, -EINVAL, "precision", "is not between 0 and 1");
    if (!(s->loss_ratio >= 0) || !(s->loss_ratio < 1))
        return vsw_err_set(err, -EINVAL, "loss", "is not from 0 to below 1");
    return 0;
}

static bool may_go_on(const struct hunt *h)
{
    return h->search->trials_max == 0 || h->result.trials < h->search->trials_max;
}

/* Repeats a lossy trial. -EINTR: there was no verdict. */
static int rate_try(struct hunt *h, double pps, bool *ret_held, struct pg_loss *ret_loss,
                    struct vsw_err *err)
{
    const struct pg_search *s = h->search;

    for (unsigned round = 0;; round++) {
        double ratio;
        int rc = may_go_on(h) ? h->trial(h->ctx, pps, ret_loss, err) : -EINTR;

        if (rc != 0)
            return rc;
        h->result.trials++;
        h->result.repeated += round > 0;
        ratio = pg_loss_ratio(ret_loss);
        *ret_held = ret_loss->due > 0 && ratio <= s->loss_ratio;
        h->result.forgiven += round > 0 && *ret_held;
        if (*ret_held || round == s->repeats || ratio > s->hopeless_ratio)
            return 0;
    }
}

static void bracket_learn(struct hunt *h, double pps, bool held, const struct pg_loss *loss)
{
    struct bracket *b = &h->b;

    if (held) {
        b->low = pps;
        h->result.pps = pps;
        h->result.loss = *loss;
        return;
    }
    if (b->high == 0 && loss->seconds > 0)
        b->hint = (double)loss->received / loss->seconds;
    b->high = pps;
}

/* Nothing held so far: what came through the first overload, then ever larger steps down. */
static double rate_below(struct hunt *h)
{
    struct bracket *b = &h->b;
    double min = h->search->min_pps, hint = b->hint * (1 - h->search->precision / 2), pps;

    b->hint = 0;
    if (hint > min && hint < b->high) {
        b->try_above = true;
        return hint;
    }
    b->try_above = false;
    pps = b->high * (1 - b->step);
    b->step = b->step * 2 > STEP_MAX ? STEP_MAX : b->step * 2;
    return pps > min * (1 + h->search->precision) ? pps : min;
}

static double rate_between(struct hunt *h)
{
    struct bracket *b = &h->b;
    double above = b->low * (1 + 0.9 * h->search->precision);

    if (b->try_above && above < b->high) {
        b->try_above = false;
        return above;
    }
    return (b->low + b->high) / 2;
}

static bool is_done(const struct hunt *h)
{
    const struct bracket *b = &h->b;

    if (b->low > 0)
        return b->high == 0 || b->high - b->low <= h->search->precision * b->high;
    return b->high > 0 && b->high <= h->search->min_pps;
}

static int rates_try(struct hunt *h, struct vsw_err *err)
{
    double pps = h->search->max_pps;

    while (!is_done(h)) {
        struct pg_loss loss = {0};
        bool held = false;
        int rc = rate_try(h, pps, &held, &loss, err);

        if (rc != 0)
            return rc;
        bracket_learn(h, pps, held, &loss);
        pps = h->b.low > 0 ? rate_between(h) : rate_below(h);
    }
    return 0;
}

int pg_search_run(const struct pg_search *search, pg_trial_cb trial, void *ctx,
                  struct pg_search_result *ret_result, struct vsw_err *err)
{
    struct hunt h = {
        .search = search,
        .trial = trial,
        .ctx = ctx,
        .b.step = STEP_FIRST * search->precision,
    };
    int rc = search_check(search, err);

    if (rc == 0)
        rc = rates_try(&h, err);
    if (rc != 0 && rc != -EINTR)
        return rc;
    h.result.is_complete = rc == 0;
    h.result.is_found = h.b.low > 0;
    h.result.is_at_max = h.b.low >= search->max_pps;
    h.result.lossy_pps = h.b.high;
    *ret_result = h.result;
    return 0;
}
