/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The highest rate at which no frame, or no more than a given part, is lost: binary search by
 * trials. A lossy trial is repeated before the search goes down, so one hiccup of the host does not
 * decide. Knows no port: trials are a function of the caller. The caller's thread.
 */
#ifndef PKTGEN_SEARCH_H
#define PKTGEN_SEARCH_H

#include "base/base.h"
#include "base/err.h"

/* What a trial tells. Frames that were due but could not be sent are lost, as RFC 2544 has it. */
struct pg_loss {
    uint64_t due;      /* frames the wanted rate asked for */
    uint64_t sent;     /* frames that left */
    uint64_t received; /* frames that came, copies not counted */
    double seconds;    /* for how long frames were due */
};

/**
 * typedef pg_trial_cb - run one trial
 * @ctx: of the caller
 * @pps: frames a second to offer
 * @ret_loss: filled on success
 * @err: filled on failure
 *
 * Return: 0; -EINTR ends the search with what is known; another negative errno ends it in failure.
 */
typedef int (*pg_trial_cb)(void *ctx, double pps, struct pg_loss *ret_loss, struct vsw_err *err);

struct pg_search {
    double min_pps, max_pps;
    double precision;      /* stop when the bounds are this near, as a part of the upper: 0.005 */
    double loss_ratio;     /* allowed: 0 for NDR, 0.001 for PDR of 0.1 % */
    double hopeless_ratio; /* more loss than this is not repeated; 1: repeat always */
    unsigned repeats;      /* of a lossy trial; the first without loss counts */
    unsigned trials_max;   /* 0: none */
};

struct pg_search_result {
    bool is_found;       /* some trial held; else even min_pps was lossy and the rates are 0 */
    bool is_at_max;      /* max_pps held: the true rate may be higher */
    bool is_complete;    /* not cut short by trials_max or -EINTR */
    double pps;          /* highest rate that held */
    double lossy_pps;    /* lowest rate above it that did not; 0 when none */
    struct pg_loss loss; /* of the trial at pps */
    unsigned trials;     /* in all */
    unsigned repeated;   /* lossy trials that were repeated */
    unsigned forgiven;   /* of these, how many held then */
};

/* Part of the frames due that did not come, 0..1. */
double pg_loss_ratio(const struct pg_loss *loss);

/* The defaults: precision 0.5 %, 2 repeats unless more than 30 % are lost, no limit of trials. */
void pg_search_init(struct pg_search *search, double min_pps, double max_pps, double loss_ratio);

/**
 * pg_search_run() - find the rate
 * @search: bounds, goal
 * @trial: runs one trial
 * @ctx: handed to @trial
 * @ret_result: the rate and how it was found
 * @err: filled on failure
 *
 * Return: 0 also when no rate held (is_found tells); -EINVAL bounds or goals make no sense; what
 * @trial returned.
 * Context: any thread; blocks as @trial does.
 * Source: RFC 2544 clause 26.1; loss verification as ETSI GS NFV-TST 009 clause 12.3.3
 */
int pg_search_run(const struct pg_search *search, pg_trial_cb trial, void *ctx,
                  struct pg_search_result *ret_result, struct vsw_err *err);

#endif
