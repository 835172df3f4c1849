/* SPDX-License-Identifier: BSD-3-Clause
 *
 * When each frame is due. Frame n of a stream is due at start + (n - n % burst) / rate, computed
 * from n, so no error adds up. A frame that could not be sent in time stays due, with its time: a
 * latency measured from there has no blind spot. One owner: the sending thread.
 *
 * The sender's loop: n = pg_pace_due(p, now, room); for each frame time = pg_pace_take(p); or,
 * when nobody wants times, pg_pace_skip(p, n).
 */
#ifndef PKTGEN_PACE_H
#define PKTGEN_PACE_H

#include "base/base.h"

struct pg_pace {
    uint64_t step;     /* ticks of one burst, shift bits of them fraction; 0: always due */
    uint64_t next_tsc; /* when the burst of the next frame is due */
    uint64_t start_tsc;
    uint64_t bursts; /* whole bursts in front of the next frame */
    uint32_t left;   /* frames of its burst still to be sent, 1..burst */
    uint32_t burst;
    uint32_t shift;
};

/**
 * pg_pace_init() - start a schedule
 * @p: filled
 * @pps: frames a second; 0: as fast as possible
 * @burst: frames at once, at least 1
 * @tsc_hz: ticks a second
 * @start_tsc: when frame 0 is due
 *
 * Context: any thread; does not block.
 * Source: none
 */
void pg_pace_init(struct pg_pace *p, double pps, uint32_t burst, uint64_t tsc_hz,
                  uint64_t start_tsc);

/* When burst @i is due: one multiplication. */
static inline uint64_t pg_pace_burst_time(const struct pg_pace *p, uint64_t i)
{
    return p->start_tsc + (uint64_t)(((unsigned __int128)i * p->step) >> p->shift);
}

/* Scheduled time of frame @n; with no rate, the start. */
static inline uint64_t pg_pace_time(const struct pg_pace *p, uint64_t n)
{
    return pg_pace_burst_time(p, n / p->burst);
}

/* More than one burst is due: counts with a division. */
uint32_t pg_pace_behind(const struct pg_pace *p, uint64_t now, uint32_t max);

/* How many frames may be sent now, at most @max. */
static inline uint32_t pg_pace_due(const struct pg_pace *p, uint64_t now, uint32_t max)
{
    if (p->step == 0)
        return max;
    if ((int64_t)(now - p->next_tsc) < 0)
        return 0;
    if (p->left >= max)
        return max;
    return pg_pace_behind(p, now, max);
}

/* The next frame is sent: returns when it was due. With no rate that is the start: use now. */
static inline uint64_t pg_pace_take(struct pg_pace *p)
{
    uint64_t time = p->next_tsc;

    if (--p->left == 0) {
        p->left = p->burst;
        p->bursts++;
        p->next_tsc = pg_pace_burst_time(p, p->bursts);
    }
    return time;
}

/* @n frames are sent. */
void pg_pace_skip(struct pg_pace *p, uint64_t n);

/* Number of the next frame: those taken so far. */
static inline uint64_t pg_pace_taken(const struct pg_pace *p)
{
    return p->bursts * p->burst + (p->burst - p->left);
}

/* All frames due before @now since the start, sent or not; 0 with no rate. */
uint64_t pg_pace_total(const struct pg_pace *p, uint64_t now);

#endif
