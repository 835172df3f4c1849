/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Nested limits: what a port, its network and its tenant all allow.
 */
#include "datapath/bucket.h"

static int64_t i64_min(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static struct bucket_share *share_of_bytes(const struct claim *c)
{
    return c->share == NULL ? NULL : &c->share->bytes;
}

static struct bucket_share *share_of_pkts(const struct claim *c)
{
    return c->share == NULL ? NULL : &c->share->pkts;
}

static void refund(const struct claim *claims, uint32_t count, struct limit_amount amount)
{
    for (uint32_t i = 0; i < count; i++) {
        if (claims[i].limit == NULL)
            continue;
        bucket_refund(&claims[i].limit->bytes, amount.bytes);
        bucket_refund(&claims[i].limit->pkts, amount.pkts);
    }
}

static void serve(const struct claim *claims, uint32_t count, struct limit_amount amount,
                  uint64_t now_ns)
{
    for (uint32_t i = 0; i < count; i++) {
        if (claims[i].share == NULL)
            continue;
        bucket_serve(&claims[i].limit->bytes, &claims[i].share->bytes, amount.bytes, now_ns);
        bucket_serve(&claims[i].limit->pkts, &claims[i].share->pkts, amount.pkts, now_ns);
    }
}

/* Draw from one; the others give back what this one could not give. */
static struct limit_amount draw_next(const struct claim *claims, uint32_t i,
                                     struct limit_amount want, uint64_t now_ns)
{
    const struct claim *c = &claims[i];
    struct limit_amount got = {
        .bytes = bucket_draw(&c->limit->bytes, share_of_bytes(c), want.bytes, now_ns),
        .pkts = bucket_draw(&c->limit->pkts, share_of_pkts(c), want.pkts, now_ns),
    };

    refund(claims, i, (struct limit_amount){want.bytes - got.bytes, want.pkts - got.pkts});
    return got;
}

struct limit_amount limits_draw(const struct claim *claims, uint32_t count,
                                struct limit_amount want, uint64_t now_ns)
{
    /* What the tightest holds, first: the wide ones then have next to nothing to give back, which
     * could meanwhile have been missed by another worker. */
    for (uint32_t i = 0; i < count; i++) {
        const struct claim *c = &claims[i];

        if (c->limit == NULL)
            continue;
        want.bytes =
            i64_min(want.bytes, bucket_available(&c->limit->bytes, share_of_bytes(c), now_ns));
        want.pkts = i64_min(want.pkts, bucket_available(&c->limit->pkts, share_of_pkts(c), now_ns));
    }
    if (want.bytes <= 0 || want.pkts <= 0)
        return (struct limit_amount){0, 0};
    for (uint32_t i = 0; i < count; i++) {
        if (claims[i].limit != NULL)
            want = draw_next(claims, i, want, now_ns);
    }
    if (want.bytes > 0 && want.pkts > 0)
        return want;
    refund(claims, count, want);
    return (struct limit_amount){0, 0};
}

static void settle_one(struct bucket *b, int64_t drawn, int64_t used, uint64_t now_ns)
{
    if (used < drawn)
        bucket_refund(b, drawn - used);
    else if (used > drawn)
        bucket_charge(b, used - drawn, now_ns);
}

void limits_settle(const struct claim *claims, uint32_t count, struct limit_amount drawn,
                   struct limit_amount used, uint64_t now_ns)
{
    for (uint32_t i = 0; i < count; i++) {
        if (claims[i].limit == NULL)
            continue;
        settle_one(&claims[i].limit->bytes, drawn.bytes, used.bytes, now_ns);
        settle_one(&claims[i].limit->pkts, drawn.pkts, used.pkts, now_ns);
    }
    serve(claims, count, used, now_ns);
}

static bool take_one(const struct claim *c, struct limit_amount frame, uint64_t now_ns)
{
    if (!bucket_take(&c->limit->bytes, share_of_bytes(c), frame.bytes, now_ns))
        return false;
    if (bucket_take(&c->limit->pkts, share_of_pkts(c), frame.pkts, now_ns))
        return true;
    bucket_refund(&c->limit->bytes, frame.bytes);
    return false;
}

int limits_take(const struct claim *claims, uint32_t count, struct limit_amount frame,
                uint64_t now_ns)
{
    for (uint32_t i = 0; i < count; i++) {
        if (claims[i].limit == NULL || take_one(&claims[i], frame, now_ns))
            continue;
        refund(claims, i, frame);
        return (int)i;
    }
    serve(claims, count, frame, now_ns);
    return -1;
}

bool limits_take_all(const struct claim *claims, uint32_t count, struct limit_amount amount,
                     uint64_t now_ns)
{
    struct limit_amount got = limits_draw(claims, count, amount, now_ns);

    if (unlikely(got.bytes != amount.bytes || got.pkts != amount.pkts)) {
        refund(claims, count, got);
        return false;
    }
    serve(claims, count, amount, now_ns);
    return true;
}

uint64_t limits_when_ns(const struct claim *claims, uint32_t count, struct limit_amount amount,
                        uint64_t now_ns)
{
    uint64_t when_ns = now_ns;

    for (uint32_t i = 0; i < count; i++) {
        const struct claim *c = &claims[i];

        if (c->limit == NULL)
            continue;
        when_ns = u64_max(
            when_ns, bucket_when_ns(&c->limit->bytes, share_of_bytes(c), amount.bytes, now_ns));
        when_ns = u64_max(when_ns,
                          bucket_when_ns(&c->limit->pkts, share_of_pkts(c), amount.pkts, now_ns));
    }
    return when_ns;
}
