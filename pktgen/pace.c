/* SPDX-License-Identifier: BSD-3-Clause */
#include "pktgen/pace.h"

#define SHIFT_MAX 40
#define STEP_MAX  9.2e18L

/* As many bits of fraction as fit. Rounded up, so that no frame is early. */
static void step_set(struct pg_pace *p, double pps, uint64_t tsc_hz)
{
    long double ticks = (long double)p->burst * (long double)tsc_hz / (long double)pps;
    long double step;

    p->shift = SHIFT_MAX;
    while (p->shift > 0 && ticks * (long double)(1ull << p->shift) > STEP_MAX)
        p->shift--;
    step = ticks * (long double)(1ull << p->shift);
    p->step = step > STEP_MAX ? (uint64_t)STEP_MAX : (uint64_t)step;
    p->step += (long double)p->step < step || p->step == 0;
}

void pg_pace_init(struct pg_pace *p, double pps, uint32_t burst, uint64_t tsc_hz,
                  uint64_t start_tsc)
{
    assert(burst > 0);
    *p = (struct pg_pace){
        .next_tsc = start_tsc,
        .start_tsc = start_tsc,
        .left = burst,
        .burst = burst,
    };
    if (pps > 0)
        step_set(p, pps, tsc_hz);
}

/* The last burst whose time is not above start + @ticks: i * step < (ticks + 1) << shift. */
static uint64_t bursts_until(const struct pg_pace *p, uint64_t ticks)
{
    unsigned __int128 end = ((unsigned __int128)ticks + 1) << p->shift;

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
