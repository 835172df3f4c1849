/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Where workers hand frames to captures. Private to datapath/.
 */
#ifndef DATAPATH_CAPTURE_TAP_H
#define DATAPATH_CAPTURE_TAP_H

#include "datapath/capture.h"
#include "datapath/capture_ring.h"
#include "datapath/dp.h"

struct dp_capture {
    struct dp_capture_spec spec;
    struct bpf_insn *filter; /* NULL = every frame */
    uint64_t realtime_offset_ns;
    uint16_t workers;
    int event_fd;
    struct capture_slot *slot; /* by worker */
    struct capture_slot *read; /* whose record dp_capture_next() returned; the reader's */

    _Atomic bool signalled cache_aligned; /* event_fd was written since dp_capture_rest() */
};

struct capture_slot {
    struct capture_ring ring;
    uint64_t missed cache_aligned;
};

/* The captures of one port. Immutable; swapped as a whole. */
struct capture_set {
    unsigned directions; /* of any of them */
    uint16_t count;
    struct dp_capture *capture[DP_CAPTURES_MAX];
};

/* The slow halves of the functions below. */
void capture_take_received(const struct worker *w, const struct capture_set *set,
                           const struct burst *b);
void capture_take_sent(const struct worker *w, const struct capture_set *set,
                       const struct tx_item *items, uint16_t count);
void capture_take_dropped(const struct worker *w, const struct capture_set *set,
                          enum drop_reason reason, const struct frame *f);

static inline const struct capture_set *capture_set_of(const struct worker *w, uint16_t port)
{
    return atomic_load_explicit(&w->dp->captures[port], memory_order_acquire);
}

/* A burst was received from a port. Worker; does not block. */
static inline void capture_received(const struct worker *w, uint16_t port, const struct burst *b)
{
    const struct capture_set *set = capture_set_of(w, port);

    if (unlikely(set != NULL))
        capture_take_received(w, set, b);
}

/* A port's type has taken copies; those it dropped are marked. Worker; does not block. */
static inline void capture_sent(const struct worker *w, uint16_t port, const struct tx_item *items,
                                uint16_t count)
{
    const struct capture_set *set = capture_set_of(w, port);

    if (unlikely(set != NULL))
        capture_take_sent(w, set, items, count);
}

/* A frame or a copy is dropped on account of a port. Worker; does not block. */
static inline void capture_dropped(const struct worker *w, uint16_t port, enum drop_reason reason,
                                   const struct frame *f)
{
    const struct capture_set *set = capture_set_of(w, port);

    if (unlikely(set != NULL))
        capture_take_dropped(w, set, reason, f);
}

#endif
