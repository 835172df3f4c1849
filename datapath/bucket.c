/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Token buckets as one number: see bucket.h. Time in here is in ticks of 1/256 ns, modulo 2^64.
 */
#include "datapath/bucket.h"

#include <string.h>

#define TICK_BITS    8 /* ticks per nanosecond */
#define COST_BITS    24
#define RESERVE_BITS 16
#define TICKS_S      (NS_PER_SEC << TICK_BITS)

/* What the port leaves for others that is the furthest ahead of them: this part of the burst. Who
 * takes how much counts only while less than twice as much is held: there is enough for all. */
#define RESERVE_PART 4

/* No bucket holds or owes more time than this: what seems to is one that was idle for years. */
#define SPAN_TICKS (3600 * TICKS_S)

static uint64_t load(const _Atomic uint64_t *p)
{
    return atomic_load_explicit(p, memory_order_relaxed);
}

static void store(_Atomic uint64_t *p, uint64_t v)
{
    atomic_store_explicit(p, v, memory_order_relaxed);
}

static uint64_t ticks_of(uint64_t now_ns)
{
    return now_ns << TICK_BITS;
}

/* Rounded to the nearest, so that many small amounts cost what their sum does. */
static uint64_t amount_to_ticks(const struct bucket *b, uint64_t units)
{
    unsigned __int128 ticks =
        ((unsigned __int128)units * load(&b->cost) + (1u << (COST_BITS - 1))) >> COST_BITS;

    return ticks > SPAN_TICKS ? SPAN_TICKS : (uint64_t)ticks;
}

static int64_t ticks_to_amount(const struct bucket *b, int64_t ticks)
{
    uint64_t size = ticks < 0 ? (uint64_t)-ticks : (uint64_t)ticks;
    int64_t units = (int64_t)((unsigned __int128)size * load(&b->per) >> 64);

    return ticks < 0 ? -units - 1 : units;
}

/* Time held at @now; a full bucket holds its depth however long it was idle. */
static int64_t held_ticks(const struct bucket *b, uint64_t zero, uint64_t now)
{
    int64_t depth = (int64_t)load(&b->depth);
    int64_t held = (int64_t)(now - zero);

    return held > depth || held < -(int64_t)(2 * SPAN_TICKS) ? depth : held;
}

static int64_t reserve_max(const struct bucket *b)
{
    return (int64_t)(load(&b->depth) / RESERVE_PART);
}

static bool is_plenty(const struct bucket *b, int64_t held)
{
    return held > 2 * reserve_max(b);
}

/* Time that is not a port's because it had more than others. */
static int64_t reserve_ticks(const struct bucket *b, const struct bucket_share *share, int64_t held)
{
    int64_t ahead;
    unsigned __int128 ticks;

    if (share == NULL || is_plenty(b, held))
        return 0;
    ahead = (int64_t)(load(&share->had) - load(&b->least));
    if (ahead <= 0)
        return 0;
    ticks = (unsigned __int128)(uint64_t)ahead * load(&b->reserve) >> RESERVE_BITS;
    return ticks > (uint64_t)reserve_max(b) ? reserve_max(b) : (int64_t)ticks;
}

/* Replace `zero` so that the bucket holds @held at @now; false when another was faster. */
static bool settle(struct bucket *b, uint64_t *zero, uint64_t now, int64_t held)
{
    int64_t least = -(int64_t)SPAN_TICKS;

    if (held < least)
        held = least;
    return atomic_compare_exchange_weak_explicit(&b->zero, zero, now - (uint64_t)held,
                                                 memory_order_relaxed, memory_order_relaxed);
}

static void set_numbers(struct bucket *b, const struct bucket_config *config)
{
    uint64_t rate = u64_min(config->rate, BUCKET_RATE_MAX);
    uint64_t quantum = (uint64_t)((unsigned __int128)rate * BUCKET_QUANTUM_NS / NS_PER_SEC);
    unsigned __int128 depth =
        rate == 0 ? 0 : ((unsigned __int128)u64_max(config->burst, 1) * TICKS_S + rate - 1) / rate;

    b->rate = rate;
    quantum = u64_max(u64_max(quantum, config->frame_max), 1);
    store(&b->quantum, quantum);
    store(&b->depth, depth > SPAN_TICKS ? SPAN_TICKS : (uint64_t)depth);
    store(&b->reserve,
          (uint64_t)(((unsigned __int128)reserve_max(b) << RESERVE_BITS) / (2 * quantum)));
    store(&b->per, rate == 0 ? 0 : (uint64_t)(((unsigned __int128)rate << 64) / TICKS_S) + 1);
    store(&b->cost,
          rate == 0 ? 0
                    : (uint64_t)((((unsigned __int128)TICKS_S << COST_BITS) + rate / 2) / rate));
}

void bucket_init(struct bucket *b, const struct bucket_config *config, uint64_t now_ns)
{
    memset(b, 0, sizeof(*b));
    set_numbers(b, config);
    store(&b->zero, ticks_of(now_ns) - load(&b->depth));
}

/* Debt or holdings in units at the old rate become as many units at the new one. */
void bucket_configure(struct bucket *b, const struct bucket_config *config, uint64_t now_ns)
{
    uint64_t now = ticks_of(now_ns), old_rate = b->rate, zero = load(&b->zero);
    int64_t held = held_ticks(b, zero, now);

    set_numbers(b, config);
    if (b->rate == 0 || old_rate == 0) {
        store(&b->zero, now - load(&b->depth));
        return;
    }
    do {
        __int128 units = (__int128)held * (__int128)old_rate / (__int128)b->rate;
        int64_t depth = (int64_t)load(&b->depth);

        held = units > depth                   ? depth
               : units < -(__int128)SPAN_TICKS ? -(int64_t)SPAN_TICKS
                                               : (int64_t)units;
        if (settle(b, &zero, now, held))
            return;
        held = (int64_t)(now - zero);
    } while (true);
}

int64_t bucket_available(const struct bucket *b, const struct bucket_share *share, uint64_t now_ns)
{
    int64_t held;

    if (bucket_is_unlimited(b))
        return INT64_MAX;
    held = held_ticks(b, load(&b->zero), ticks_of(now_ns));
    return ticks_to_amount(b, held - reserve_ticks(b, share, held));
}

int64_t bucket_draw(struct bucket *b, const struct bucket_share *share, int64_t want,
                    uint64_t now_ns)
{
    uint64_t now = ticks_of(now_ns), zero = load(&b->zero);
    int64_t quantum = (int64_t)load(&b->quantum);
    int64_t held, give;

    if (bucket_is_unlimited(b))
        return want;
    if (want > quantum)
        want = quantum;
    do {
        held = held_ticks(b, zero, now);
        give = ticks_to_amount(b, held - reserve_ticks(b, share, held));
        give = give < want ? give : want;
        if (give <= 0)
            return 0;
    } while (!settle(b, &zero, now, held - (int64_t)amount_to_ticks(b, (uint64_t)give)));
    return give;
}

void bucket_refund(struct bucket *b, int64_t units)
{
    if (!bucket_is_unlimited(b))
        atomic_fetch_sub_explicit(&b->zero, amount_to_ticks(b, (uint64_t)units),
                                  memory_order_relaxed);
}

void bucket_charge(struct bucket *b, int64_t units, uint64_t now_ns)
{
    uint64_t now = ticks_of(now_ns), zero = load(&b->zero);
    int64_t cost = (int64_t)amount_to_ticks(b, (uint64_t)units);

    if (bucket_is_unlimited(b))
        return;
    while (!settle(b, &zero, now, held_ticks(b, zero, now) - cost))
        ;
}

bool bucket_take(struct bucket *b, const struct bucket_share *share, int64_t units, uint64_t now_ns)
{
    uint64_t now = ticks_of(now_ns), zero = load(&b->zero);
    int64_t cost = (int64_t)amount_to_ticks(b, (uint64_t)units);
    int64_t held;

    if (bucket_is_unlimited(b))
        return true;
    do {
        held = held_ticks(b, zero, now);
        if (held <= reserve_ticks(b, share, held))
            return false;
    } while (!settle(b, &zero, now, held - cost));
    return true;
}

void bucket_serve(struct bucket *b, struct bucket_share *share, int64_t units, uint64_t now_ns)
{
    uint64_t least, quantum, start, had;

    if (share == NULL || units <= 0 || bucket_is_unlimited(b) ||
        is_plenty(b, held_ticks(b, load(&b->zero), ticks_of(now_ns))))
        return;
    least = load(&b->least);
    quantum = load(&b->quantum);
    had = load(&share->had);
    do {
        start = (int64_t)(had - least) > 0 ? had : least;
    } while (!atomic_compare_exchange_weak_explicit(&share->had, &had, start + (uint64_t)units,
                                                    memory_order_relaxed, memory_order_relaxed));
    while ((int64_t)(start - quantum - least) > 0 &&
           !atomic_compare_exchange_weak_explicit(&b->least, &least, start - quantum,
                                                  memory_order_relaxed, memory_order_relaxed))
        ;
}

uint64_t bucket_when_ns(const struct bucket *b, const struct bucket_share *share, int64_t units,
                        uint64_t now_ns)
{
    int64_t held, missing;
    uint64_t wanted;

    if (bucket_is_unlimited(b))
        return now_ns;
    held = held_ticks(b, load(&b->zero), ticks_of(now_ns));
    /* More than the burst will never be there; one tick more, because amounts are rounded down. */
    wanted = amount_to_ticks(b, (uint64_t)units) + 1 + (uint64_t)reserve_ticks(b, share, held);
    missing = (int64_t)u64_min(wanted, load(&b->depth)) - held;
    return missing <= 0 ? now_ns
                        : now_ns + (((uint64_t)missing + (1u << TICK_BITS) - 1) >> TICK_BITS);
}

uint64_t bucket_default_burst_bytes(uint64_t rate_bytes_per_s, uint64_t frame_max_bytes,
                                    enum bucket_use use)
{
    uint64_t per_ms = rate_bytes_per_s / 1000;

    if (use == BUCKET_SHAPE)
        return per_ms + 2 * frame_max_bytes;
    return u64_max(250 * per_ms, 4 * frame_max_bytes);
}
