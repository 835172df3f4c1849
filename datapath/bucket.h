/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Token buckets, shared by workers without locks.
 *
 * The whole state is one 64-bit number, `zero`: the time at which the bucket holds exactly nothing,
 * in 1/256 ns. What it holds now is (now - zero) in time, hence rate * (now - zero) in bytes or
 * packets, at most the burst; taking n moves `zero` into the future by n / rate. Nothing has to be
 * refilled, so nothing drifts. The number wraps every 2.2 years; a distance is judged modulo 2^64,
 * and what lies further ahead than any debt can is a bucket that was idle for so long that it is
 * full. A rate may change at any time: what is held or owed stays the same in bytes or packets.
 *
 * `unit` below is a byte or a packet, whatever the rate counts. Workers and control.
 */
#ifndef DATAPATH_BUCKET_H
#define DATAPATH_BUCKET_H

#include "base/base.h"

#include <stdatomic.h>

/* Rate without a limit. */
#define BUCKET_UNLIMITED 0
/* Rates are from 1 unit per second to this: 1.6 Tb/s in bytes. */
#define BUCKET_RATE_MAX 200000000000ull

/* How long one worker may live on what it drew, see bucket_draw(). */
#define BUCKET_QUANTUM_NS (50 * NS_PER_US)

struct bucket {
    _Atomic uint64_t zero;
    /* Written by control; a worker that mixes old and new ones errs by one draw. */
    _Atomic uint64_t cost;    /* time per unit, 1/256 ns with 24 more binary digits; 0 = no limit */
    _Atomic uint64_t per;     /* units per time, with 64 binary digits */
    _Atomic uint64_t depth;   /* the burst as time, 1/256 ns */
    _Atomic uint64_t quantum; /* units, for bucket_draw() */
    uint64_t rate;            /* as configured; control only */
    uint64_t burst;
} cache_aligned;

struct bucket_config {
    uint64_t rate;      /* units per second; BUCKET_UNLIMITED, or up to BUCKET_RATE_MAX */
    uint64_t burst;     /* units; made at least 1, and at most an hour's worth */
    uint64_t frame_max; /* units of the largest frame; a draw is never cut below this */
};

/**
 * bucket_init() - a full bucket
 * @b: memory of its own cache line, owned by the caller
 * @config: copied
 * @now_ns: time
 *
 * Context: control, before workers know it; does not block.
 * Source: none
 */
void bucket_init(struct bucket *b, const struct bucket_config *config, uint64_t now_ns);

/**
 * bucket_configure() - change rate and burst of a bucket in use
 * @b: the bucket
 * @config: copied
 * @now_ns: time
 *
 * What is held (up to the new burst) or owed stays the same in units. A bucket that had no limit
 * starts full.
 *
 * Context: control; does not block.
 * Source: none
 */
void bucket_configure(struct bucket *b, const struct bucket_config *config, uint64_t now_ns);

static inline bool bucket_is_unlimited(const struct bucket *b)
{
    return atomic_load_explicit(&b->cost, memory_order_relaxed) == 0;
}

/**
 * bucket_available() - what does the bucket hold?
 * @b: the bucket
 * @now_ns: time; may be a little behind what another worker used
 *
 * Return: units; negative = debt; INT64_MAX without a limit.
 * Context: any thread; does not block.
 * Source: none
 */
int64_t bucket_available(const struct bucket *b, uint64_t now_ns);

/**
 * bucket_draw() - reserve units for a while
 * @b: the bucket
 * @want: units, not negative
 * @now_ns: time
 *
 * Gives at most what is held, and at most 50 us worth of the rate or one largest frame, whichever
 * is more, so that no worker starves another. What was not used goes back by bucket_refund().
 *
 * Return: units, 0 to @want; @want without a limit.
 * Context: worker; lock-free.
 * Source: none
 */
int64_t bucket_draw(struct bucket *b, int64_t want, uint64_t now_ns);

/**
 * bucket_refund() - give back what was drawn and not used
 * @b: the bucket
 * @units: not negative
 *
 * Context: worker; lock-free.
 * Source: none
 */
void bucket_refund(struct bucket *b, int64_t units);

/**
 * bucket_charge() - take units whether they are there or not
 * @b: the bucket
 * @units: not negative; the rest of a frame that began while something was held
 * @now_ns: time
 *
 * Context: worker; lock-free.
 * Source: none
 */
void bucket_charge(struct bucket *b, int64_t units, uint64_t now_ns);

/**
 * bucket_take() - police one frame: charge it if the bucket holds anything
 * @b: the bucket
 * @units: the frame
 * @now_ns: time
 *
 * In one step, so that the debt is never more than this one frame, however many workers there are.
 *
 * Return: true when charged.
 * Context: worker; lock-free.
 * Source: none
 */
bool bucket_take(struct bucket *b, int64_t units, uint64_t now_ns);

/**
 * bucket_when_ns() - when will the bucket hold @units, if nobody takes any?
 * @b: the bucket
 * @units: at least 1
 * @now_ns: time
 *
 * Return: nanoseconds of the clock, not before @now_ns; for a timer.
 * Context: any thread; does not block.
 * Source: none
 */
uint64_t bucket_when_ns(const struct bucket *b, int64_t units, uint64_t now_ns);

enum bucket_use { BUCKET_POLICE, BUCKET_SHAPE };

/**
 * bucket_default_burst_bytes() - a burst with which TCP reaches its rate
 * @rate_bytes_per_s: the rate
 * @frame_max_bytes: the largest frame, a GSO frame where these pass (counted on the wire)
 * @use: BUCKET_SHAPE when the sender waits, BUCKET_POLICE when frames are dropped
 *
 * Shaping: one millisecond (a late timer loses nothing) and two largest frames. Policing: 250 ms:
 * inside a host a TCP sender meets an empty bucket with its whole window at once, loses the tail of
 * it and waits for its retransmission timer, 200 ms at least (Linux TCP_RTO_MIN); what it may send
 * afterwards must have been saved meanwhile. With 20 ms a flow limited to 200 Mb/s got 24 Mb/s.
 *
 * Return: bytes.
 * Context: any thread; does not block.
 * Source: none
 */
uint64_t bucket_default_burst_bytes(uint64_t rate_bytes_per_s, uint64_t frame_max_bytes,
                                    enum bucket_use use);

/* A limit in both units. */
struct limit {
    struct bucket bytes;
    struct bucket pkts;
};

struct limit_amount {
    int64_t bytes;
    int64_t pkts;
};

/* Port, network and tenant. */
#define LIMITS_MAX 3

/**
 * limits_draw() - reserve from nested limits what all of them can give
 * @limits: array of pointers, a NULL among them has no limit
 * @count: up to LIMITS_MAX
 * @want: upper bound
 * @now_ns: time
 *
 * Return: the amount, the same from each; when bytes or pkts is 0 nothing was drawn.
 * Context: worker; lock-free.
 * Source: none
 */
struct limit_amount limits_draw(struct limit *const *limits, uint32_t count,
                                struct limit_amount want, uint64_t now_ns);

/**
 * limits_settle() - account for what was used of a draw
 * @limits: as for the draw
 * @count: as for the draw
 * @drawn: the draw's result
 * @used: may be more by one frame, which becomes debt
 * @now_ns: time
 *
 * Context: worker; lock-free.
 * Source: none
 */
void limits_settle(struct limit *const *limits, uint32_t count, struct limit_amount drawn,
                   struct limit_amount used, uint64_t now_ns);

/**
 * limits_take() - police one frame by nested limits, all or nothing
 * @limits: array of pointers, a NULL among them has no limit
 * @count: up to LIMITS_MAX
 * @frame: its wire bytes and packets
 * @now_ns: time
 *
 * Return: -1 when charged to all; else the index of the limit that refused, and none is charged.
 * Context: worker; lock-free.
 * Source: none
 */
int limits_take(struct limit *const *limits, uint32_t count, struct limit_amount frame,
                uint64_t now_ns);

/**
 * limits_take_all() - what limits_take() does for each of several frames, at once
 * @limits: array of pointers, a NULL among them has no limit
 * @count: up to LIMITS_MAX
 * @amount: the sum of the frames, not nothing
 * @now_ns: time
 *
 * Return: true when all of it was held and is charged; false when none is, and each frame has to
 * ask by itself.
 * Context: worker; lock-free.
 * Source: none
 */
bool limits_take_all(struct limit *const *limits, uint32_t count, struct limit_amount amount,
                     uint64_t now_ns);

/**
 * limits_when_ns() - when will all of them hold something?
 * @limits: array of pointers, a NULL among them has no limit
 * @count: up to LIMITS_MAX
 * @amount: at least 1 of each
 * @now_ns: time
 *
 * Return: nanoseconds of the clock, not before @now_ns.
 * Context: worker; does not block.
 * Source: none
 */
uint64_t limits_when_ns(struct limit *const *limits, uint32_t count, struct limit_amount amount,
                        uint64_t now_ns);

#endif
