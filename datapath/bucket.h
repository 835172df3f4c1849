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
 * Fairness. Ports that draw from one bucket share it by units, not by turns, after start-time fair
 * queueing: each counts how many units it has had, and leaves a reserve in the bucket that is the
 * larger the more it had, unless there is plenty. So as the bucket fills the port that had the
 * least gets to it first, no worker has to know who else is waiting, and what nobody wants is
 * anybody's a moment later. A port that wanted nothing for a while is a quantum behind the one that
 * was served last, and no more.
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
    _Atomic uint64_t least; /* units that a port has had at least: a quantum less than the last */
    /* Written by control; a worker that mixes old and new ones errs by one draw. */
    _Atomic uint64_t cost;    /* time per unit, 1/256 ns with 24 more binary digits; 0 = no limit */
    _Atomic uint64_t per;     /* units per time, with 64 binary digits */
    _Atomic uint64_t depth;   /* the burst as time, 1/256 ns */
    _Atomic uint64_t quantum; /* units, for bucket_draw() */
    _Atomic uint64_t reserve; /* time for each unit a port is ahead, 1/256 ns with 16 digits more */
    uint64_t rate;            /* as configured; control only */
} cache_aligned;

static_assert(sizeof(struct bucket) == CACHE_LINE_BYTES, "a bucket is one cache line");

/* What a port has had of a bucket, in units. Zeroed: less than all others. */
struct bucket_share {
    _Atomic uint64_t had;
};

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
 * bucket_available() - what does the bucket hold for a port?
 * @b: the bucket
 * @share: what the port has had; NULL: the bucket is not shared
 * @now_ns: time; may be a little behind what another worker used
 *
 * Return: units, without what it leaves for others; negative = debt; INT64_MAX without a limit.
 * Context: any thread; does not block.
 * Source: none
 */
int64_t bucket_available(const struct bucket *b, const struct bucket_share *share, uint64_t now_ns);

/**
 * bucket_draw() - reserve units for a while
 * @b: the bucket
 * @share: as for bucket_available()
 * @want: units, not negative
 * @now_ns: time
 *
 * Gives at most what is held for the port, and at most 50 us worth of the rate or one largest
 * frame, whichever is more, so that no worker starves another. What was not used goes back by
 * bucket_refund(), what was is told to bucket_serve().
 *
 * Return: units, 0 to @want; @want without a limit.
 * Context: worker; lock-free.
 * Source: none
 */
int64_t bucket_draw(struct bucket *b, const struct bucket_share *share, int64_t want,
                    uint64_t now_ns);

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
 * @share: as for bucket_available()
 * @units: the frame
 * @now_ns: time
 *
 * In one step, so that the debt is never more than this one frame, however many workers there are.
 * What was taken is told to bucket_serve().
 *
 * Return: true when charged.
 * Context: worker; lock-free.
 * Source: none
 */
bool bucket_take(struct bucket *b, const struct bucket_share *share, int64_t units,
                 uint64_t now_ns);

/**
 * bucket_serve() - count in a port's share what it had of the bucket
 * @b: the bucket
 * @share: the port's; NULL: nothing to count
 * @units: what it used of its draws, or took
 * @now_ns: time
 *
 * While the bucket is more than half full nobody counts.
 *
 * Context: worker; lock-free.
 * Source: start-time fair queueing (Goyal, Vin, Cheng 1996), the start tags
 */
void bucket_serve(struct bucket *b, struct bucket_share *share, int64_t units, uint64_t now_ns);

/**
 * bucket_when_ns() - when will the bucket hold @units for a port, if nobody takes any?
 * @b: the bucket
 * @share: as for bucket_available()
 * @units: at least 1
 * @now_ns: time
 *
 * Return: nanoseconds of the clock, not before @now_ns; for a timer.
 * Context: any thread; does not block.
 * Source: none
 */
uint64_t bucket_when_ns(const struct bucket *b, const struct bucket_share *share, int64_t units,
                        uint64_t now_ns);

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

/* What a port has had of a limit that several share. */
struct limit_share {
    struct bucket_share bytes;
    struct bucket_share pkts;
} cache_aligned;

/* A limit, as one port is subject to it. */
struct claim {
    struct limit *limit;       /* NULL: none */
    struct limit_share *share; /* NULL: not shared */
};

struct limit_amount {
    int64_t bytes;
    int64_t pkts;
};

/* Port, network and tenant. */
#define LIMITS_MAX 3

/**
 * limits_draw() - reserve from nested limits what all of them can give
 * @claims: a port's, on its own limit, its network's, its tenant's
 * @count: up to LIMITS_MAX
 * @want: upper bound
 * @now_ns: time
 *
 * Return: the amount, the same from each; when bytes or pkts is 0 nothing was drawn.
 * Context: worker; lock-free.
 * Source: none
 */
struct limit_amount limits_draw(const struct claim *claims, uint32_t count,
                                struct limit_amount want, uint64_t now_ns);

/**
 * limits_settle() - account for what was used of a draw
 * @claims: as for the draw
 * @count: as for the draw
 * @drawn: the draw's result
 * @used: may be more by one frame, which becomes debt
 * @now_ns: time
 *
 * Context: worker; lock-free.
 * Source: none
 */
void limits_settle(const struct claim *claims, uint32_t count, struct limit_amount drawn,
                   struct limit_amount used, uint64_t now_ns);

/**
 * limits_take() - police one frame by nested limits, all or nothing
 * @claims: as for limits_draw()
 * @count: up to LIMITS_MAX
 * @frame: its wire bytes and packets
 * @now_ns: time
 *
 * Return: -1 when charged to all; else the index of the limit that refused, and none is charged.
 * Context: worker; lock-free.
 * Source: none
 */
int limits_take(const struct claim *claims, uint32_t count, struct limit_amount frame,
                uint64_t now_ns);

/**
 * limits_take_all() - what limits_take() does for each of several frames, at once
 * @claims: as for limits_draw()
 * @count: up to LIMITS_MAX
 * @amount: the sum of the frames, not nothing
 * @now_ns: time
 *
 * Return: true when all of it was held and is charged; false when none is, and each frame has to
 * ask by itself.
 * Context: worker; lock-free.
 * Source: none
 */
bool limits_take_all(const struct claim *claims, uint32_t count, struct limit_amount amount,
                     uint64_t now_ns);

/**
 * limits_when_ns() - when will all of them hold something?
 * @claims: as for limits_draw()
 * @count: up to LIMITS_MAX
 * @amount: at least 1 of each
 * @now_ns: time
 *
 * Return: nanoseconds of the clock, not before @now_ns.
 * Context: worker; does not block.
 * Source: none
 */
uint64_t limits_when_ns(const struct claim *claims, uint32_t count, struct limit_amount amount,
                        uint64_t now_ns);

#endif
