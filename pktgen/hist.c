/* SPDX-License-Identifier: BSD-3-Clause */
#include "pktgen/hist.h"

#include <string.h>

void pg_hist_reset(struct pg_hist *h)
{
    memset(h, 0, sizeof(*h));
    h->min = UINT64_MAX;
}

void pg_hist_merge(struct pg_hist *h, const struct pg_hist *from)
{
    h->count += from->count;
    h->sum += from->sum;
    h->min = u64_min(h->min, from->min);
    h->max = u64_max(h->max, from->max);
    for (uint32_t i = 0; i < PG_HIST_BUCKETS; i++)
        h->bucket[i] += from->bucket[i];
}

void pg_hist_bucket(uint32_t index, uint64_t *ret_first, uint64_t *ret_width)
{
    uint32_t shift = index < 2 * PG_HIST_SUB ? 0 : (index >> PG_HIST_SUB_BITS) - 1;

    *ret_first = (uint64_t)(index - (shift << PG_HIST_SUB_BITS)) << shift;
    *ret_width = 1ull << shift;
}

/* Nearest rank: at least one value, at most all. */
static uint64_t rank_of(const struct pg_hist *h, double percent)
{
    double exact = percent / 100 * (double)h->count;
    uint64_t rank = (uint64_t)exact;

    /* 99.9 / 100 * 1000 is a hair above 999: that is no other rank */
    rank += exact - (double)rank > 1e-9 * exact;
    return u64_min(u64_max(rank, 1), h->count);
}

double pg_hist_percentile(const struct pg_hist *h, double percent)
{
    uint64_t left, first, width;
    uint32_t i = 0;
    double value;

    if (h->count == 0)
        return 0;
    if (percent <= 0)
        return (double)h->min;
    if (percent >= 100)
        return (double)h->max;
    left = rank_of(h, percent);
    while (i + 1 < PG_HIST_BUCKETS && h->bucket[i] < left)
        left -= h->bucket[i++];
    pg_hist_bucket(i, &first, &width);
    value = (double)first + (double)(width - 1) / 2;
    if (value < (double)h->min)
        return (double)h->min;
    return value > (double)h->max ? (double)h->max : value;
}

double pg_hist_mean(const struct pg_hist *h)
{
    return h->count ? (double)h->sum / (double)h->count : 0;
}
