/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What commands call: open everything a plan names, run trials, read their outcome. Trials come one
 * after the other; each is a start, frames for a time or a count, and a wait for the last of them.
 */
#ifndef PKTGEN_ENGINE_H
#define PKTGEN_ENGINE_H

#include "pktgen/plan.h"
#include "pktgen/report.h"
#include "pktgen/team.h"

struct pg_engine {
    const struct pg_plan *plan;
    struct pg_team team;
    uint64_t run;        /* tells this run's frames from another's */
    uint32_t trials;     /* so far */
    uint64_t learned_ns; /* when addresses were last made known */
    double best_pps;     /* what 100 % is; 0: not known */
    const char *phase;   /* what the progress line says first */
    bool has_progress;
    uint64_t tick_tsc, shown_tsc, sent_tsc;
    uint64_t shown_tx, shown_rx;
};

struct pg_trial {
    double pps;          /* of all streams together; 0: as fast as possible */
    bool own_rates;      /* each stream at its own rate instead */
    bool no_attack;      /* streams of an attacker rest */
    uint32_t size_first; /* of the plan's sizes */
    uint32_t size_count; /* 0: each stream has its own mix */
    uint64_t ns;         /* frames are due for that long; 0: until count or the end of a file */
    uint64_t count;      /* frames of each stream; 0: no limit */
};

/* Owns all that its point borrows. */
struct pg_outcome {
    struct pg_point point;
    struct pg_stream_result *streams;
    struct pg_port_result *ports;
    struct pg_hist *hist, *hists;
    struct pg_loop_count loop; /* of all processes */
    char label[32];
    bool is_search;
};

/**
 * pg_engine_open() - processes, ports, frames
 * @e: result, zeroed by the caller; pg_engine_close() also after a failure
 * @plan: complete; borrowed until pg_engine_close()
 * @err: reason
 *
 * Return: 0, or what pg_team_start() returns.
 * Context: main thread, the only one; blocks until peers are there.
 * Source: none
 */
int pg_engine_open(struct pg_engine *e, const struct pg_plan *plan, struct vsw_err *err);

/**
 * pg_engine_trial() - run one trial
 * @e: open
 * @trial: what to send
 * @ret_outcome: filled on success; pg_outcome_free()
 * @err: reason
 *
 * Return: 0, also when the user cut it short; -EINTR when there was nothing to cut; -ETIMEDOUT peer
 * not ready; -ENOMEM; -ECHILD.
 * Context: main thread; blocks for the length of the trial.
 * Source: RFC 2544 clause 23
 */
int pg_engine_trial(struct pg_engine *e, const struct pg_trial *trial,
                    struct pg_outcome *ret_outcome, struct vsw_err *err);

/**
 * pg_engine_learn() - make addresses known, unless it was done a moment ago
 * @e: open
 * @err: reason
 *
 * Return: 0, -ECHILD when a process of the run died.
 * Context: main thread; blocks. Part of a trial.
 * Source: none
 */
int pg_engine_learn(struct pg_engine *e, struct vsw_err *err);

/**
 * pg_engine_best() - find what 100 % is: what comes back of frames sent as fast as possible
 * @e: open
 * @trial: its sizes
 * @ret_pps: frames a second of all streams
 * @err: reason
 *
 * Return: 0, or what pg_engine_trial() returns; -ENODATA when nothing came back.
 * Context: as pg_engine_trial().
 * Source: none
 */
int pg_engine_best(struct pg_engine *e, const struct pg_trial *trial, double *ret_pps,
                   struct vsw_err *err);

/* Has the user pressed ^C? */
bool pg_engine_stopped(const struct pg_engine *e);

/**
 * pg_engine_close() - give all back
 * @e: open, or not quite
 * @err: why a file of received frames is not complete
 *
 * Return: 0, or a negative errno.
 * Context: main thread; blocks.
 * Source: none
 */
int pg_engine_close(struct pg_engine *e, struct vsw_err *err);

/* Frees what the outcome owns; a cleared one is fine. */
void pg_outcome_free(struct pg_outcome *outcome);

#endif
