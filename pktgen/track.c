/* SPDX-License-Identifier: BSD-3-Clause */
#include "pktgen/track.h"

#include <string.h>

static uint64_t *word_of(struct pg_track *t, uint64_t sequence)
{
    return &t->seen[sequence / 64 % (PG_TRACK_WINDOW / 64)];
}

void pg_track_reset(struct pg_track *t)
{
    memset(t, 0, sizeof(*t));
}

/* Frames between the highest so far and a new highest: not seen yet. */
static void gap_clear(struct pg_track *t, uint64_t first, uint64_t end)
{
    if (end - first > PG_TRACK_WINDOW)
        first = end - PG_TRACK_WINDOW;
    for (; first != end; first++)
        *word_of(t, first) &= ~(1ull << (first % 64));
}

static void late_frame(struct pg_track *t, uint64_t back)
{
    uint64_t sequence = t->next - back, bit = 1ull << (sequence % 64);

    if (back > PG_TRACK_WINDOW || back > t->next) {
        t->too_late++;
        return;
    }
    if (*word_of(t, sequence) & bit) {
        t->duplicates++;
        return;
    }
    *word_of(t, sequence) |= bit;
    t->reordered++;
    t->extent_max = u64_max(t->extent_max, back);
}

void pg_track_other(struct pg_track *t, uint64_t sequence)
{
    /* half of the numbers are ahead, half behind */
    uint64_t ahead = (sequence - t->next) & PG_TAG_SEQ_MASK;

    if (ahead > PG_TAG_SEQ_MASK / 2) {
        late_frame(t, PG_TAG_SEQ_MASK + 1ull - ahead);
        return;
    }
    gap_clear(t, t->next, t->next + ahead);
    t->next += ahead;
    *word_of(t, t->next) |= 1ull << (t->next % 64);
    t->next++;
}

void pg_track_finish(const struct pg_track *t, uint64_t sent, struct pg_track_result *ret_result)
{
    uint64_t once = t->received - t->duplicates;

    *ret_result = (struct pg_track_result){
        .sent = sent,
        .received = t->received,
        .lost = sent > once ? sent - once : 0,
        .duplicates = t->duplicates,
        .reordered = t->reordered,
        .too_late = t->too_late,
        .extent_max = t->extent_max,
        .corrupt = t->corrupt,
        .leaks = t->leaks,
    };
}
