/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The commands, and what they share: the list of points, and its way out.
 */
#ifndef PKTGEN_COMMAND_H
#define PKTGEN_COMMAND_H

#include "pktgen/engine.h"
#include "pktgen/options.h"

/* Outcomes of trials, in order; owns them. */
struct pg_points {
    struct pg_outcome *items;
    struct pg_search_result *searches; /* one beside each; used if the point says so */
    uint32_t count, room;
    struct pg_hist *wake;
};

/**
 * pg_points_add() - keep an outcome
 * @points: a cleared one to begin with
 * @outcome: taken, also on failure
 * @label: first column, copied; NULL for the size
 * @search: copied; NULL for none
 * @err: reason
 *
 * Return: 0, -ENOMEM.
 * Context: main thread; does not block.
 * Source: none
 */
int pg_points_add(struct pg_points *points, struct pg_outcome *outcome, const char *label,
                  const struct pg_search_result *search, struct vsw_err *err);
void pg_points_free(struct pg_points *points); /* frees all that was added */

/**
 * pg_points_report() - table, JSON, charts, as the options say
 * @points: borrowed
 * @o: options
 * @line: the command line
 * @started_ns: time of day
 * @err: reason
 *
 * Return: 0, or a negative errno of a file.
 * Context: main thread; blocks.
 * Source: none
 */
int pg_points_report(const struct pg_points *points, const struct pg_options *o, const char *line,
                     uint64_t started_ns, struct vsw_err *err);

/**
 * pg_run() - trials at the streams' own rates, one for each of --sizes
 * @e: open
 * @o: options
 * @points: results are added
 * @err: reason
 *
 * Return: 0, or what pg_engine_trial() returns.
 * Context: main thread; blocks.
 * Source: none
 */
int pg_run(struct pg_engine *e, const struct pg_options *o, struct pg_points *points,
           struct vsw_err *err);

/**
 * pg_run_best() - find what 100 % is, if a stream's rate is a share of it
 * @e: open
 * @o: options; --best is taken as it is
 * @trial: its sizes, with or without an attack
 * @err: reason
 *
 * Return: 0, or what pg_engine_best() returns.
 * Context: main thread; blocks.
 * Source: none
 */
int pg_run_best(struct pg_engine *e, const struct pg_options *o, const struct pg_trial *trial,
                struct vsw_err *err);

/* As pg_run(): the highest rate without, or with little loss, for each size. RFC 2544 clause 26. */
int pg_search_rates(struct pg_engine *e, const struct pg_options *o, struct pg_points *points,
                    struct vsw_err *err);

/* As pg_run(): latency at each of --rates, or ping-pong. */
int pg_latency(struct pg_engine *e, const struct pg_options *o, struct pg_points *points,
               struct vsw_err *err);

/**
 * pg_latency_wake() - measure the host's own wake time, before the environment pins this thread
 * @o: options
 * @points: gets the histogram
 * @err: reason
 *
 * Return: 0, or what pg_wake_measure() returns.
 * Context: main thread; blocks for about a second.
 * Source: none
 */
int pg_latency_wake(const struct pg_options *o, struct pg_points *points, struct vsw_err *err);

/**
 * pg_hostile_prepare() - add the attacker's stream to a complete plan
 * @o: options, its plan is changed
 * @attack: result, must live as long as the plan; pg_attack_fini() also after a failure
 * @err: reason
 *
 * Return: 0, -EINVAL, -ENOMEM, or what pg_attack_init() returns.
 * Context: main thread.
 * Source: none
 */
int pg_hostile_prepare(struct pg_options *o, struct pg_attack *attack, struct vsw_err *err);

/* As pg_run(): an attacker beside victims; one point for the victims alone, one for both. */
int pg_hostile(struct pg_engine *e, const struct pg_options *o, struct pg_points *points,
               struct vsw_err *err);

#endif
