/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Histogram of times: exact below 256, then 128 buckets for each power of two, so a value is known
 * to 0.4 %. Adding touches one bucket and one line. The unit is the caller's. One owner.
 */
#ifndef PKTGEN_HIST_H
#define PKTGEN_HIST_H

#include "base/base.h"

#define PG_HIST_SUB_BITS 7
#define PG_HIST_SUB      (1u << PG_HIST_SUB_BITS)
#define PG_HIST_MAX_BITS 44 /* 2^44 ns are 5 hours; what is larger counts as the largest */
#define PG_HIST_BUCKETS  ((PG_HIST_MAX_BITS - PG_HIST_SUB_BITS + 1) * PG_HIST_SUB)

struct pg_hist {
    uint64_t count, sum, min, max; /* min and max are exact; min is UINT64_MAX when empty */
    uint64_t bucket[PG_HIST_BUCKETS];
};

/* Values below 256 are their own bucket; above, the 7 bits behind the first one choose. */
static inline uint32_t pg_hist_index(uint64_t value)
{
    uint32_t shift;

    if (value >= 1ull << PG_HIST_MAX_BITS)
        return PG_HIST_BUCKETS - 1;
    shift = (uint32_t)(63 - __builtin_clzll(value | PG_HIST_SUB)) - PG_HIST_SUB_BITS;
    return (shift << PG_HIST_SUB_BITS) + (uint32_t)(value >> shift);
}

static inline void pg_hist_add(struct pg_hist *h, uint64_t value)
{
    h->count++;
    h->sum += value;
    h->min = value < h->min ? value : h->min;
    h->max = value > h->max ? value : h->max;
    h->bucket[pg_hist_index(value)]++;
}

/* Makes it empty; a cleared struct is not, for its min. */
void pg_hist_reset(struct pg_hist *h);

/* Adds all of @from. */
void pg_hist_merge(struct pg_hist *h, const struct pg_hist *from);

/**
 * pg_hist_percentile() - the value that a part of all values do not exceed
 * @h: borrowed
 * @percent: 0..100; 50 is the median, 0 the smallest, 100 the largest
 *
 * Return: middle of the bucket of the value of rank ceil(percent / 100 * count), not outside min
 * and max; 0 when empty.
 * Context: any thread; does not block.
 * Source: nearest-rank method
 */
double pg_hist_percentile(const struct pg_hist *h, double percent);

/* Mean; 0 when empty. */
double pg_hist_mean(const struct pg_hist *h);

/* Bounds of a bucket: first value and how many values it stands for. */
void pg_hist_bucket(uint32_t index, uint64_t *ret_first, uint64_t *ret_width);

#endif
