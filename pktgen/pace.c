/* SPDX-License-Identifier: BSD-3-Clause */
#include "pktgen/pace.h"

#define FRACTION_BITS 24

void pg_pace_init(struct pg_pace *p, double pps, uint32_t burst, uint64_t tsc_hz,
                  uint64_t start_tsc)
{
    double step = 0;

    assert(burst > 0);
    if (pps > 0)
        step = (double)burst * (double)tsc_hz / pps * (double)(1 << FRACTION_BITS) + 0.5;
    *p = (struct pg_pace){
        .step = step >= 1.8e19 ? UINT64_MAX : (uint64_t)step,
        .next_tsc = start_tsc,
        .start_tsc = start_tsc,
        .left = burst,
        .burst = burst,
    };
    if (pps > 0 && p->step == 0)
        p->step = 1;
}

/* The last burst whose time is not above start + @ticks: i * step < (ticks + 1) * 2^24. */
static uint64_t bursts_until(const struct pg_pace *p, uint64_t ticks)
{
    unsigned __int128 end = ((unsigned __int128)ticks + 1) << FRACTION_BITS;

    return (uint64_t)((end - 1) / p->step);
}

uint32_t pg_pace_behind(const struct pg_pace *p, uint64_t now, uint32_t max)
{
    uint64_t more;

    if ((int64_t)(now - pg_pace_burst_time(p, p->bursts + 1)) < 0)
        return (uint32_t)u64_min(p->left, max);
    more = bursts_until(p, now - p->start_tsc) - p->bursts;
    if (more >= max)
        return max;
    return (uint32_t)u64_min(p->left + more * p->burst, max);
}

void pg_pace_skip(struct pg_pace *p, uint64_t n)
{
    if (n < p->left) {
        p->left -= (uint32_t)n;
        return;
    }
    n -= p->left;
    p->bursts += 1 + n / p->burst;
    p->left = p->burst - (uint32_t)(n % p->burst);
    p->next_tsc = pg_pace_burst_time(p, p->bursts);
}

uint64_t pg_pace_total(const struct pg_pace *p, uint64_t now)
{
    if (p->step == 0 || (int64_t)(now - p->start_tsc) <= 0)
        return 0;
    return (bursts_until(p, now - p->start_tsc - 1) + 1) * p->burst;
}
