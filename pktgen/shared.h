/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the processes of one run share: the order of the leader, and the counters. Only the process
 * whose turn it is writes, so nothing here but the turn itself is atomic. Mapped before fork.
 */
#ifndef PKTGEN_SHARED_H
#define PKTGEN_SHARED_H

#include <stdatomic.h>

#include "base/base.h"
#include "base/err.h"
#include "pktgen/hist.h"
#include "pktgen/plan.h"
#include "pktgen/track.h"

#define PG_TEAM_MAX 16

enum pg_order_kind { PG_ORDER_OPEN, PG_ORDER_LEARN, PG_ORDER_TRIAL, PG_ORDER_QUIT };

/* What a trial is: the same for all processes, in times of the same clock. */
struct pg_order {
    enum pg_order_kind kind;
    uint16_t magic;
    uint32_t size_first, size_count; /* of the plan's sizes; count 0: the streams' own mixes */
    uint64_t start_tsc, stop_tsc;    /* frames are due in between; stop 0: until count */
    uint64_t count;                  /* frames of each stream; 0: until stop */
};

struct pg_port_count {
    uint64_t tx_frames, tx_bytes, rx_frames, rx_bytes;
    uint64_t tx_polls, tx_full, rx_polls, rx_empty;
    uint64_t foreign, leaks, no_buffers;
} cache_aligned;

struct pg_stream_count {
    double pps; /* wanted in this trial; 0: as fast as possible */
    uint64_t sent, due;
    uint64_t last_tsc; /* when the last frame left */
    bool is_done;
    bool is_off; /* rests in this trial */
    struct pg_track track;
} cache_aligned;

struct pg_loop_count {
    uint64_t loops, idle_loops, busy_cycles, idle_cycles;
};

struct pg_shared {
    cache_aligned atomic_uint turn; /* whose it is */
    cache_aligned atomic_uint order_number;
    atomic_uint done[PG_TEAM_MAX]; /* number of the order that each has finished */
    int result[PG_TEAM_MAX];
    struct vsw_err err[PG_TEAM_MAX];
    atomic_bool stop; /* the user has had enough */
    atomic_bool drained;
    struct pg_order order;
    uint64_t last_rx_tsc;
    struct pg_loop_count loop[PG_TEAM_MAX];
    struct pg_port_count ports[PG_PORTS_MAX];
    char paths[PG_PORTS_MAX][128]; /* pg_port_paths() */
    struct pg_hist hist;           /* all streams */
    struct pg_hist pings;          /* there and back */
    struct pg_hist *hists;         /* one for each stream; NULL without latency */
    struct pg_stream_count streams[];
};

#endif
