/* SPDX-License-Identifier: BSD-3-Clause
 *
 * One frame from port 0 to port 1, one back, a pause, again: the time that an idle switch needs.
 */
#ifndef PKTGEN_PINGPONG_H
#define PKTGEN_PINGPONG_H

#include "pktgen/engine.h"

struct pg_pingpong {
    uint64_t gap_ns; /* between an answer and the next frame: how deep a switch can fall asleep */
    uint64_t count;
    uint32_t size_first;
};

/**
 * pg_pingpong_run() - measure round trips
 * @e: open, with latency; streams 0 and 1 go there and back
 * @what: how many, how often
 * @ret_outcome: its point has the histogram; pg_outcome_free()
 * @err: reason
 *
 * Return: 0; -EINVAL when the streams are no pair of one process; -ENOMEM; as pg_engine_trial().
 * Context: main thread; blocks for count round trips.
 * Source: RFC 2681
 */
int pg_pingpong_run(struct pg_engine *e, const struct pg_pingpong *what,
                    struct pg_outcome *ret_outcome, struct vsw_err *err);

#endif
