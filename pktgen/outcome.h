/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The shared counters of a finished trial as a point of a report, and the verdict who held the rate
 * down. Private to the engine.
 */
#ifndef PKTGEN_OUTCOME_H
#define PKTGEN_OUTCOME_H

#include "pktgen/engine.h"

/* CPU time that a host took from one CPU, and all of it, in clock ticks. */
struct pg_cpu_time {
    uint64_t steal, total;
};

/* Of CPU @core, or of all for -1; zeros when it cannot be read. */
struct pg_cpu_time pg_cpu_time_read(int core);

/**
 * pg_outcome_make() - copy what was counted
 * @shared: of the trial, nobody writes any more
 * @plan: of the trial
 * @trial: what was asked for
 * @team: processes
 * @steal: clock ticks during the trial
 * @ret: result; pg_outcome_free()
 *
 * Return: 0, -ENOMEM.
 * Context: main thread; does not block.
 * Source: none
 */
int pg_outcome_make(const struct pg_shared *shared, const struct pg_plan *plan,
                    const struct pg_trial *trial, unsigned team, struct pg_cpu_time steal,
                    struct pg_outcome *ret);

#endif
