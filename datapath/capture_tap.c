/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A matching frame is copied into the worker's own ring of each capture; nothing borrowed is kept.
 */
#include "datapath/capture_tap.h"

#include "base/clock.h"
#include "base/counter.h"

#include <errno.h>
#include <pcap/bpf.h>
#include <unistd.h>

/* What the frames of one call have in common. */
struct sight {
    const struct worker *w;
    uint64_t at_ns;
    unsigned direction;
    bool outbound;
    enum drop_reason drop;
};

static bool wants(const struct dp_capture *c, unsigned direction, const struct frame_out *out)
{
    return (c->spec.directions & direction) != 0 &&
           (c->filter == NULL || bpf_filter(c->filter, out->head, out->len, out->head_len) != 0);
}

/* What was read of a frame that is none may be less than its length says. */
static uint32_t bytes_there(const struct frame_out *out, uint32_t enough)
{
    uint64_t sum = out->head_len;

    for (uint16_t i = 0; i < out->seg_count && sum < enough; i++)
        sum += out->seg[i].len;
    return (uint32_t)u64_min(sum, enough);
}

static void copy_bytes(uint8_t *to, uint32_t bytes, const struct frame_out *out)
{
    uint32_t n = (uint32_t)u64_min(bytes, out->head_len);

    memcpy(to, out->head, n);
    for (uint16_t i = 0; n < bytes; i++) {
        uint32_t part = (uint32_t)u64_min(bytes - n, out->seg[i].len);

        memcpy(to + n, out->seg[i].base, part);
        n += part;
    }
}

static void take(struct dp_capture *c, const struct sight *s, const struct frame *f,
                 const struct frame_out *out)
{
    struct capture_slot *slot = &c->slot[s->w->id];
    uint32_t kept = bytes_there(out, (uint32_t)u64_min(out->len, c->spec.snaplen_bytes));
    struct dp_capture_record *r = capture_ring_reserve(&slot->ring, (uint32_t)sizeof(*r) + kept);

    if (r == NULL) {
        counter_add(&slot->missed, 1);
        return;
    }
    *r = (struct dp_capture_record){
        .at_ns = s->at_ns,
        .len = out->len,
        .kept = kept,
        .outbound = s->outbound,
        .drop = (uint8_t)s->drop,
        .wire_pkts = f->wire_pkts,
        .offload = out->offload,
    };
    copy_bytes(r->bytes, kept, out);
    capture_ring_publish(&slot->ring);
}

static void show(const struct capture_set *set, const struct sight *s, const struct frame *f,
                 const struct tag_op *op)
{
    uint8_t scratch[FRAME_COMPOSE_BYTES];
    struct frame_out out;

    frame_compose(f, op, scratch, &out);
    for (uint16_t i = 0; i < set->count; i++) {
        if (wants(set->capture[i], s->direction, &out))
            take(set->capture[i], s, f, &out);
    }
}

/* Not a load first: the exchange orders it behind the records. See dp_capture_rest(). */
static void signal_readers(const struct capture_set *set, unsigned direction)
{
    const uint64_t one = 1;

    for (uint16_t i = 0; i < set->count; i++) {
        struct dp_capture *c = set->capture[i];

        if ((c->spec.directions & direction) == 0 ||
            atomic_exchange_explicit(&c->signalled, true, memory_order_acq_rel))
            continue;
        if (write(c->event_fd, &one, sizeof(one)) < 0)
            assert(errno == EAGAIN);
    }
}

void capture_take_received(const struct worker *w, const struct capture_set *set,
                           const struct burst *b)
{
    const struct tag_op unchanged = {0};
    struct sight s = {.w = w, .direction = DP_CAPTURE_IN};

    if ((set->directions & DP_CAPTURE_IN) == 0)
        return;
    s.at_ns = clock_now_ns();
    for (uint16_t i = 0; i < b->count; i++)
        show(set, &s, &b->frame[i], &unchanged);
    signal_readers(set, DP_CAPTURE_IN);
}

void capture_take_sent(const struct worker *w, const struct capture_set *set,
                       const struct tx_item *items, uint16_t count)
{
    struct sight s = {.w = w, .direction = DP_CAPTURE_OUT, .outbound = true};

    if ((set->directions & DP_CAPTURE_OUT) == 0)
        return;
    s.at_ns = clock_now_ns();
    for (uint16_t i = 0; i < count; i++) {
        if (items[i].drop == DROP_NONE)
            show(set, &s, items[i].frame, &items[i].op);
    }
    signal_readers(set, DP_CAPTURE_OUT);
}

void capture_take_dropped(const struct worker *w, const struct capture_set *set,
                          enum drop_reason reason, const struct frame *f)
{
    const struct tag_op unchanged = {0};
    struct sight s = {
        .w = w,
        .direction = DP_CAPTURE_DROP,
        .outbound = drop_is_copy(reason),
        .drop = reason,
    };

    if ((set->directions & DP_CAPTURE_DROP) == 0)
        return;
    s.at_ns = clock_now_ns();
    show(set, &s, f, &unchanged);
    signal_readers(set, DP_CAPTURE_DROP);
}
