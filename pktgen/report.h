/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What was measured, as a table for people and as JSON for programs. The structs borrow
 * everything they point to. Main thread, when the trials are over.
 */
#ifndef PKTGEN_REPORT_H
#define PKTGEN_REPORT_H

#include "api/json.h"
#include "pktgen/hist.h"
#include "pktgen/search.h"
#include "pktgen/stream.h"
#include "pktgen/track.h"

#include <stdio.h>

/* Who held the rate down. */
enum pg_limit {
    PG_LIMIT_NONE,  /* nobody: the wanted rate was sent */
    PG_LIMIT_RINGS, /* full transmit rings: the other side took no more */
    PG_LIMIT_EMPTY, /* empty polls of a loop: its frames were with the other side */
    PG_LIMIT_SELF,  /* the generator's own core had no time left: a lower bound */
    PG_LIMIT_STEAL, /* the host took the core away: try again */
    PG_LIMITS,
};

/* Times in the unit of the histogram. */
struct pg_latency {
    const struct pg_hist *hist; /* NULL: not measured */
    double ns_per_unit;
};

struct pg_port_result {
    const char *name;                                  /* as the user named it */
    uint64_t tx_frames, tx_bytes, rx_frames, rx_bytes; /* bytes with FCS */
    uint64_t tx_polls, tx_full;  /* bursts offered; of these, not taken whole */
    uint64_t rx_polls, rx_empty; /* looks; of these, without a frame */
    uint64_t foreign;            /* frames without a signature of this trial, in modes with one */
    uint64_t leaks;              /* frames of streams that do not end here */
};

struct pg_stream_result {
    const struct pg_stream *stream;
    double seconds;
    struct pg_track_result track;
    struct pg_latency latency;
};

/* One line of the result: a trial, or a search and its best trial. */
struct pg_point {
    const char *label;       /* first column when it is not the size: "50%", "ping-pong"; or NULL */
    struct pg_sizes sizes;   /* what was sent */
    struct pg_rate rate;     /* what was asked for */
    struct pg_loss loss;     /* over all streams */
    uint64_t received_bytes; /* with FCS */
    uint64_t loop_frames;    /* that were put into a loop; 0: there was none */
    bool has_marks;          /* frames were tracked: the counts of streams are more than totals */
    enum pg_limit limit;
    double steal_ratio;                    /* part of the CPU time that the host took away, 0..1 */
    const struct pg_search_result *search; /* NULL: no search */
    struct pg_latency latency;             /* over all streams */
    const struct pg_stream_result *streams;
    uint32_t stream_count;
    const struct pg_port_result *ports;
    uint32_t port_count;
};

struct pg_report {
    const char *command;    /* "run", "ndr", "pdr", "latency", "verify", "hostile", "loop" */
    const char *line;       /* the command line; NULL for none */
    uint64_t started_ns;    /* since 1970 */
    struct pg_latency wake; /* the bare eventfd wake time of the host */
    const struct pg_point *points;
    uint32_t point_count;
};

/* Frames of a loop that did not go round to the end. */
uint64_t pg_point_loop_lost(const struct pg_point *point);

/* Frames a second that left, that came. */
double pg_point_tx_pps(const struct pg_point *point);
double pg_point_rx_pps(const struct pg_point *point);

/**
 * pg_report_print() - the tables, at most 80 columns wide
 * @out: where to
 * @report: borrowed
 *
 * One line per point; streams and ports below when there is one point, or something went wrong.
 * Context: main thread; blocks as @out does.
 * Source: none
 */
void pg_report_print(FILE *out, const struct pg_report *report);

/**
 * pg_report_json() - all of it
 * @report: borrowed
 *
 * Rates are in pps and bps, times in ns, as the names of the members say. Same names as the tables.
 * Return: a value owned by the caller: json_free(); NULL without memory.
 * Context: main thread; does not block.
 * Source: none
 */
struct json *pg_report_json(const struct pg_report *report);

/**
 * pg_report_write() - pg_report_json() into a file
 * @report: borrowed
 * @path: replaced; "-" is standard output
 * @err: says why not
 *
 * Return: 0; -ENOMEM; negative errno of the file.
 * Context: main thread; blocks on the file.
 * Source: none
 */
int pg_report_write(const struct pg_report *report, const char *path, struct vsw_err *err);

/* "who limited" as a sentence for people, as a word for programs. */
const char *pg_limit_text(enum pg_limit limit);
const char *pg_limit_name(enum pg_limit limit);

#endif
