/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What became of the frames of one stream at the port that should receive them: lost, twice, out
 * of order, damaged. One owner: the receiving thread; read by others when it has stopped.
 *
 * A frame is reordered when a later one of its stream came before it (RFC 4737 clause 3.3). A
 * window of recent sequence numbers tells a late frame from a second copy; what comes later than
 * that is counted apart, as it may be either. A frame is lost when it never came (RFC 7680), so
 * loss is known only when the run is over and the network is drained.
 */
#ifndef PKTGEN_TRACK_H
#define PKTGEN_TRACK_H

#include "base/base.h"
#include "pktgen/tag.h"

#define PG_TRACK_WINDOW 16384 /* frames, a power of two; 2 KB for each stream */

struct pg_track {
    uint64_t next;       /* one above the highest sequence number seen */
    uint64_t received;   /* good signatures of this stream, copies included */
    uint64_t duplicates; /* RFC 5560: copies beyond the first */
    uint64_t reordered;  /* RFC 4737 clause 3.3 */
    uint64_t too_late;   /* behind the window: reordered, or a copy */
    uint64_t extent_max; /* how far a reordered frame was behind the highest, in sequence numbers */
    uint64_t corrupt;    /* pg_tag_check() */
    uint64_t leaks;      /* frames of this stream at a port that should not have got them */
    uint64_t seen[PG_TRACK_WINDOW / 64];
};

struct pg_track_result {
    uint64_t sent, received, lost, duplicates, reordered, too_late, extent_max, corrupt, leaks;
};

/* Back to the beginning: sequence number 0 is next. */
void pg_track_reset(struct pg_track *t);

/* What pg_track_frame() does with all but the frame that is next. */
void pg_track_other(struct pg_track *t, uint64_t sequence);

/**
 * pg_track_frame() - a frame came
 * @t: of its stream
 * @sequence: from the signature; 28 bits, wraps are followed
 *
 * Context: the receiving thread; does not block. A few cycles when frames come in order.
 * Source: RFC 4737 clause 3.3, RFC 5560 clause 4
 */
static inline void pg_track_frame(struct pg_track *t, uint32_t sequence)
{
    uint64_t next = t->next;

    t->received++;
    if (likely(sequence == (next & PG_TAG_SEQ_MASK))) {
        t->seen[next / 64 % (PG_TRACK_WINDOW / 64)] |= 1ull << (next % 64);
        t->next = next + 1;
        return;
    }
    pg_track_other(t, sequence);
}

/**
 * pg_track_finish() - the balance of a stream
 * @t: when nothing can come any more
 * @sent: frames that left
 * @ret_result: lost is what was sent and never came; corrupt frames did come
 *
 * Context: any thread; does not block.
 * Source: RFC 7680, 5560, 4737
 */
void pg_track_finish(const struct pg_track *t, uint64_t sent, struct pg_track_result *ret_result);

#endif
