/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Nested limits: what a port, its network and its tenant all allow.
 */
#include "datapath/bucket.h"

static int64_t i64_min(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void refund(struct limit *const *limits, uint32_t count, struct limit_amount amount)
{
    for (uint32_t i = 0; i < count; i++) {
        if (limits[i] == NULL)
            continue;
        bucket_refund(&limits[i]->bytes, amount.bytes);
        bucket_refund(&limits[i]->pkts, amount.pkts);
    }
}

/* Draw from one; the others give back what this one could not give. */
static struct limit_amount draw_next(struct limit *const *limits, uint32_t i,
                                     struct limit_amount want, uint64_t now_ns)
{
    struct limit_amount got = {
        .bytes = bucket_draw(&limits[i]->bytes, want.bytes, now_ns),
        .pkts = bucket_draw(&limits[i]->pkts, want.pkts, now_ns),
    };

    refund(limits, i, (struct limit_amount){want.bytes - got.bytes, want.pkts - got.pkts});
    return got;
}

struct limit_amount limits_draw(struct limit *const *limits, uint32_t count,
                                struct limit_amount want, uint64_t now_ns)
{
    /* What the tightest holds, first: the wide ones then have next to nothing to give back, which
     * could meanwhile have been missed by another worker. */
    for (uint32_t i = 0; i < count; i++) {
        if (limits[i] == NULL)
            continue;
        want.bytes = i64_min(want.bytes, bucket_available(&limits[i]->bytes, now_ns));
        want.pkts = i64_min(want.pkts, bucket_available(&limits[i]->pkts, now_ns));
    }
    if (want.bytes <= 0 || want.pkts <= 0)
        return (struct limit_amount){0, 0};
    for (uint32_t i = 0; i < count; i++) {
        if (limits[i] != NULL)
            want = draw_next(limits, i, want, now_ns);
    }
    if (want.bytes > 0 && want.pkts > 0)
        return want;
    refund(limits, count, want);
    return (struct limit_amount){0, 0};
}

static void settle_one(struct bucket *b, int64_t drawn, int64_t used, uint64_t now_ns)
{
    if (used < drawn)
        bucket_refund(b, drawn - used);
    else if (used > drawn)
        bucket_charge(b, used - drawn, now_ns);
}

void limits_settle(struct limit *const *limits, uint32_t count, struct limit_amount drawn,
                   struct limit_amount used, uint64_t now_ns)
{
    for (uint32_t i = 0; i < count; i++) {
        if (limits[i] == NULL)
            continue;
        settle_one(&limits[i]->bytes, drawn.bytes, used.bytes, now_ns);
        settle_one(&limits[i]->pkts, drawn.pkts, used.pkts, now_ns);
    }
}

static bool take_one(struct limit *limit, struct limit_amount frame, uint64_t now_ns)
{
    if (!bucket_take(&limit->bytes, frame.bytes, now_ns))
        return false;
    if (bucket_take(&limit->pkts, frame.pkts, now_ns))
        return true;
    bucket_refund(&limit->bytes, frame.bytes);
    return false;
}

int limits_take(struct limit *const *limits, uint32_t count, struct limit_amount frame,
                uint64_t now_ns)
{
    for (uint32_t i = 0; i < count; i++) {
        if (limits[i] == NULL || take_one(limits[i], frame, now_ns))
            continue;
        refund(limits, i, frame);
        return (int)i;
    }
    return -1;
}

bool limits_take_all(struct limit *const *limits, uint32_t count, struct limit_amount amount,
                     uint64_t now_ns)
{
    struct limit_amount got = limits_draw(limits, count, amount, now_ns);

    if (likely(got.bytes == amount.bytes && got.pkts == amount.pkts))
        return true;
    refund(limits, count, got);
    return false;
}

uint64_t limits_when_ns(struct limit *const *limits, uint32_t count, struct limit_amount amount,
                        uint64_t now_ns)
{
    uint64_t when_ns = now_ns;

    for (uint32_t i = 0; i < count; i++) {
        if (limits[i] == NULL)
            continue;
        when_ns = u64_max(when_ns, bucket_when_ns(&limits[i]->bytes, amount.bytes, now_ns));
        when_ns = u64_max(when_ns, bucket_when_ns(&limits[i]->pkts, amount.pkts, now_ns));
    }
    return when_ns;
}
