/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What a command wants of the engine: ports, streams, sizes, how frames are told apart. Made once
 * from the command line, constant from then on.
 */
#ifndef PKTGEN_PLAN_H
#define PKTGEN_PLAN_H

#include "base/base.h"
#include "base/err.h"
#include "pktgen/port.h"
#include "pktgen/stream.h"

#define PG_PORTS_MAX 256

struct pg_replay;
struct pg_dump;

/* How much is known of a received frame; each level costs more cycles than the one before. */
enum pg_marks {
    PG_MARKS_NONE,  /* frames are counted by port */
    PG_MARKS_TRACK, /* signatures: which stream, lost, twice, overtaken */
    PG_MARKS_CHECK, /* and every byte is compared */
};

/* What an attacker's frames are; see hostile.h. */
struct pg_attack;

struct pg_plan_port {
    struct pg_port_spec spec;
    const char *name;      /* as the user wrote it */
    const char *dump_path; /* NULL: what it receives is not kept */
};

struct pg_plan_stream {
    struct pg_stream stream;
    const struct pg_attack *attack; /* NULL: frames of the stream */
    const struct pg_replay *replay; /* NULL: as above */
};

struct pg_plan {
    struct pg_plan_port ports[PG_PORTS_MAX];
    uint32_t port_count;
    struct pg_plan_stream *streams;
    uint32_t stream_count;
    struct pg_sizes sizes; /* what a trial may ask of all streams; count 0: their own */
    enum pg_marks marks;
    bool latency;         /* signatures are read for their times; wants PG_MARKS_TRACK */
    bool learn;           /* make addresses known before a trial */
    bool huge;            /* huge pages */
    bool is_quiet;        /* no progress line */
    int core;             /* -1: the last */
    uint32_t burst;       /* frames handed to the driver at once */
    uint32_t wait_ms;     /* for a peer */
    uint32_t drain_ms;    /* for the last frame of a trial */
    uint32_t per_process; /* ports */
    double replay_speed;  /* 1: as recorded; 0: by the rate of the stream */
    uint32_t replay_loops;
    uint32_t loop_frames; /* of each stream, that go round; 0: what is received ends there */
};

/**
 * pg_plan_complete() - default streams, sizes of receive buffers, and does all of it fit together?
 * @plan: ports and options are there; streams may be
 * @one_way: of the default streams only the first
 * @words: what the default streams have beside tx and rx, as in pg_stream_parse(); "" for nothing
 * @err: says what does not fit
 *
 * Return: 0, -EINVAL, -ENOMEM.
 * Context: main thread; does not block.
 * Source: none
 */
int pg_plan_complete(struct pg_plan *plan, bool one_way, const char *words, struct vsw_err *err);

/* The sizes that frames of a stream may have: its own, or those of the plan. */
const struct pg_sizes *pg_plan_sizes(const struct pg_plan *plan, const struct pg_stream *stream);

/* Frees the streams. */
void pg_plan_free(struct pg_plan *plan);

#endif
