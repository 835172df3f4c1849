/* SPDX-License-Identifier: BSD-3-Clause
 *
 * datapath/bucket, datapath/limit: exactness in simulated time, debt, live changes, wrap-around,
 * several workers.
 */
#include "datapath/bucket.h"
#include "tests/support/cmocka.h"
#include "tests/support/cpu.h"

#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#define GSO_FRAME_BYTES 65562 /* 64 KiB as it would be on the wire, roughly */
#define BPS(bits)       ((bits) / 8)
/* Simulated time for which workers share a bucket. */
#ifdef __SANITIZE_THREAD__
#define SHARE_NS (NS_PER_SEC / 100)
#else
#define SHARE_NS (NS_PER_SEC / 10)
#endif
#define YEAR_NS (365ull * 86400 * NS_PER_SEC)

static struct bucket make(uint64_t rate, uint64_t burst, uint64_t frame, uint64_t now_ns)
{
    struct bucket b;

    bucket_init(&b, &(struct bucket_config){rate, burst, frame}, now_ns);
    return b;
}

static void assert_near(double got, double want, double relative)
{
    if (fabs(got - want) > want * relative)
        fail_msg("%.1f is not within %.3f %% of %.1f", got, relative * 100, want);
}

/* Frames arrive @overload times as fast as allowed for @seconds; how many bytes pass? */
static double policed_bytes(struct bucket *b, uint64_t rate, uint64_t frame, double overload,
                            double seconds, uint64_t start_ns)
{
    double gap_ns = (double)frame * 1e9 / ((double)rate * overload);
    uint64_t frames = (uint64_t)(seconds * 1e9 / gap_ns), passed = 0;

    for (uint64_t i = 0; i < frames; i++)
        passed += bucket_take(b, NULL, (int64_t)frame, start_ns + (uint64_t)((double)i * gap_ns));
    return (double)passed * (double)frame;
}

struct policer_case {
    uint64_t rate, frame;
    double seconds;
};

static void policing_is_exact(void **state)
{
    static const struct policer_case cases[] = {
        {BPS(2000000000ull), 64, 2},
        {BPS(10000000000ull), 1518, 2},
        {BPS(10000000000ull), 64, 1},
        {BPS(100000000000ull), 1518, 1},
        {BPS(100000000000ull), 64, 0.2},
        {BPS(10000ull), 64, 20000},
        {BPS(10000ull), 1518, 200000},
        {BPS(1000000ull), GSO_FRAME_BYTES, 20000},
        {BPS(5000000000ull), GSO_FRAME_BYTES, 20},
        {BPS(333333333ull), 777, 20},
        {1, 1, 20000},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct policer_case *c = &cases[i];
        uint64_t start = 123456789 + i * 1000003;
        struct bucket b = make(c->rate, c->frame, c->frame, start);
        double overload = i % 2 ? 1.5 : 7.3;
        double got = policed_bytes(&b, c->rate, c->frame, overload, c->seconds, start);
        double want = (double)c->rate * c->seconds;

        /* The first burst and the last frame's debt come on top. */
        assert_true(got <= want * 1.001 + 2.0 * (double)c->frame);
        assert_true(got >= want * 0.999 - 2.0 * (double)c->frame);
    }
}

/* Less than allowed passes untouched, however it is spread. */
static void below_the_rate_nothing_is_lost(void **state)
{
    struct bucket b = make(1000000, 3000, 1500, 5);
    uint64_t now_ns = 5;
    unsigned seed = 1;

    for (int i = 0; i < 100000; i++) {
        int64_t frame = 64 + rand_r(&seed) % 1437;

        assert_true(bucket_take(&b, NULL, frame, now_ns));
        now_ns += (uint64_t)frame * 1005; /* 0.5 % slower than the rate */
    }
}

/* A shaper that lives on draws, as workers do, over an hour. */
static void no_drift_in_an_hour(void **state)
{
    static const uint64_t rates[] = {BPS(10000ull), BPS(1234567ull), BPS(10000000000ull)};

    for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
        struct bucket b = make(rates[i], rates[i] / 100 + 2000, 1500, 0);
        uint64_t end_ns = 3600 * NS_PER_SEC, sent = 0, steps = 0;
        uint64_t step_ns = rates[i] < 1000000 ? 997001 : 47001;
        int64_t first = bucket_available(&b, NULL, 0);

        if (rates[i] > 1000000)
            end_ns /= 60; /* a minute of fast draws, then the rest in one-millisecond charges */
        for (uint64_t now_ns = 0; now_ns < end_ns; now_ns += step_ns, steps++) {
            int64_t got = bucket_draw(&b, NULL, 1000000, now_ns);

            got += bucket_draw(&b, NULL, 1000000, now_ns);
            sent += (uint64_t)got;
            if (got > 3 && steps % 3 == 0) {
                bucket_refund(&b, got / 3);
                sent -= (uint64_t)(got / 3);
            }
        }
        for (uint64_t now_ns = end_ns; now_ns < 3600 * NS_PER_SEC; now_ns += NS_PER_MS) {
            int64_t held = bucket_available(&b, NULL, now_ns);

            if (held <= 0)
                continue;
            bucket_charge(&b, held, now_ns);
            sent += (uint64_t)held;
        }
        assert_near((double)sent, (double)rates[i] * 3600 + (double)first, 0.0001);
    }
}

static void draws_are_bounded(void **state)
{
    struct bucket b = make(1000000000, 100000000, 1500, 0);
    struct bucket slow = make(1000, 4000, 1500, 0);
    uint64_t now_ns = NS_PER_SEC;

    /* 50 us of 1 GB/s is more than a frame; of 1 kB/s it is less. */
    assert_int_equal(bucket_draw(&b, NULL, 1 << 30, now_ns), 50000);
    assert_int_equal(bucket_draw(&b, NULL, 700, now_ns), 700);
    assert_int_equal(bucket_draw(&slow, NULL, 1 << 30, now_ns), 1500);
    assert_int_equal(bucket_draw(&slow, NULL, 1 << 30, now_ns), 1500);
    assert_int_equal(bucket_draw(&slow, NULL, 1 << 30, now_ns), 1000);
    assert_int_equal(bucket_draw(&slow, NULL, 1 << 30, now_ns), 0);
    bucket_refund(&slow, 600);
    assert_int_equal(bucket_draw(&slow, NULL, 1 << 30, now_ns), 600);
    assert_int_equal(bucket_draw(&slow, NULL, 0, now_ns), 0);
}

static void debt_of_one_frame(void **state)
{
    struct bucket b = make(1000, 2000, 1500, 0);

    assert_int_equal(bucket_available(&b, NULL, 0), 2000);
    assert_true(bucket_take(&b, NULL, 1999, 0));
    assert_true(bucket_take(&b, NULL, 1500, 0)); /* one byte is there: the frame passes */
    assert_false(bucket_take(&b, NULL, 1, 0));
    assert_in_range(-bucket_available(&b, NULL, 0), 1499, 1500);
    assert_false(bucket_take(&b, NULL, 1, 1498 * NS_PER_MS));
    assert_in_range(bucket_when_ns(&b, NULL, 1, 0), 1499 * NS_PER_MS, 1501 * NS_PER_MS);
    assert_true(bucket_take(&b, NULL, 1, bucket_when_ns(&b, NULL, 1, 0)));
    /* Idle for long: the burst, not more. */
    assert_int_equal(bucket_available(&b, NULL, 50 * NS_PER_SEC), 2000);
}

static void when_is_when(void **state)
{
    unsigned seed = 42;

    for (int i = 0; i < 20000; i++) {
        uint64_t rate = 1 + ((uint64_t)rand_r(&seed) << (rand_r(&seed) % 6));
        uint64_t now_ns = (uint64_t)rand_r(&seed) * 1000003ull;
        struct bucket b = make(rate, 5000, 1500, now_ns);
        int64_t want = 1 + rand_r(&seed) % 4000;
        uint64_t when_ns;

        bucket_charge(&b, 5000 + rand_r(&seed) % 60000, now_ns);
        when_ns = bucket_when_ns(&b, NULL, want, now_ns);
        if (when_ns - now_ns > 3000 * NS_PER_SEC)
            continue; /* beyond what a bucket remembers */
        assert_true(bucket_available(&b, NULL, when_ns) >= want);
        if (rate < 100000000)
            assert_true(bucket_available(&b, NULL, when_ns - NS_PER_SEC / rate - 2) < want);
    }
}

static void unlimited(void **state)
{
    struct bucket b = make(BUCKET_UNLIMITED, 0, 1500, 77);

    assert_true(bucket_is_unlimited(&b));
    assert_int_equal(bucket_available(&b, NULL, 0), INT64_MAX);
    assert_int_equal(bucket_draw(&b, NULL, 1ll << 40, 0), 1ll << 40);
    bucket_charge(&b, 1ll << 60, 0);
    bucket_refund(&b, 5);
    assert_true(bucket_take(&b, NULL, INT64_MAX, 0));
    assert_int_equal(bucket_when_ns(&b, NULL, 1, 99), 99);
    /* Limited later: starts full, without a past. */
    bucket_configure(&b, &(struct bucket_config){1000, 500, 100}, 1000);
    assert_int_equal(bucket_available(&b, NULL, 1000), 500);
    bucket_configure(&b, &(struct bucket_config){BUCKET_UNLIMITED, 500, 100}, 1000);
    assert_int_equal(bucket_available(&b, NULL, 1000), INT64_MAX);
}

static void live_change_keeps_debt(void **state)
{
    uint64_t now_ns = 5 * NS_PER_SEC;
    struct bucket b = make(BPS(10000), 1000, 65536, now_ns);

    assert_true(bucket_take(&b, NULL, 65536, now_ns));
    assert_in_range(-bucket_available(&b, NULL, now_ns), 64535, 64537);
    bucket_configure(&b, &(struct bucket_config){BPS(10000000000ull), 100000, 65536}, now_ns);
    /* The same bytes, paid in 52 us instead of 52 s. */
    assert_in_range(-bucket_available(&b, NULL, now_ns), 64535, 64537);
    assert_in_range(bucket_available(&b, NULL, now_ns + 52 * NS_PER_US), 1, 1000);
    /* Holdings stay, too, and are cut to a smaller burst. */
    now_ns += 60 * NS_PER_US;
    assert_in_range(bucket_available(&b, NULL, now_ns), 10400, 10600);
    bucket_configure(&b, &(struct bucket_config){BPS(1000000ull), 20000, 65536}, now_ns);
    assert_in_range(bucket_available(&b, NULL, now_ns), 10400, 10600);
    bucket_configure(&b, &(struct bucket_config){BPS(1000000ull), 300, 65536}, now_ns);
    assert_int_equal(bucket_available(&b, NULL, now_ns), 300);
}

/* Years of uptime, and years of silence. */
static void time_wraps(void **state)
{
    static const uint64_t starts[] = {0, (1ull << 56) - 3 * NS_PER_SEC,
                                      (1ull << 55) - 3 * NS_PER_SEC, 40 * YEAR_NS,
                                      (1ull << 63) - 3 * NS_PER_SEC};

    for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
        struct bucket b = make(BPS(100000000ull), 1518, 1518, starts[i]);
        double got = policed_bytes(&b, BPS(100000000ull), 1518, 2, 6, starts[i]);

        assert_near(got, 75000000, 0.001);
        for (int half_years = 1; half_years < 20; half_years++) {
            uint64_t later = starts[i] + 6 * NS_PER_SEC + (uint64_t)half_years * (YEAR_NS / 2);

            assert_int_equal(bucket_available(&b, NULL, later), 1518);
        }
    }
}

/* A clock that workers read at slightly different times does no harm. */
static void clocks_of_workers_differ(void **state)
{
    struct bucket b = make(1000000000, 1000000, 1500, NS_PER_SEC);
    uint64_t sent = 0;
    unsigned seed = 3;

    for (uint64_t i = 0; i < 1000000; i++) {
        uint64_t now_ns = NS_PER_SEC + i * 1000 - (uint64_t)rand_r(&seed) % 50000 * (i > 100);

        sent += bucket_take(&b, NULL, 1500, now_ns) ? 1500 : 0;
    }
    assert_near((double)sent, 1e9 + 1e6, 0.001);
}

struct worker {
    struct bucket *bucket;
    _Atomic uint64_t *now_ns;
    _Atomic bool *stop;
    uint64_t sent;
};

static void *worker_main(void *arg)
{
    struct worker *w = arg;

    while (!atomic_load(w->stop)) {
        int64_t got = bucket_draw(w->bucket, NULL, 100000, atomic_load(w->now_ns));
        int64_t used = got / 1500 * 1500;

        bucket_refund(w->bucket, got - used);
        w->sent += (uint64_t)used;
        if (bucket_take(w->bucket, NULL, 1500, atomic_load(w->now_ns)))
            w->sent += 1500;
        if (got == 0)
            sched_yield();
    }
    return NULL;
}

static void workers_share(void **state)
{
    enum { WORKERS = 3 };
    struct bucket b = make(1000000000, 200000, 1500, 0);
    _Atomic uint64_t now_ns = 0;
    _Atomic bool stop = false;
    struct worker w[WORKERS];
    pthread_t thread[WORKERS];
    uint64_t sent = 0;

    for (int i = 0; i < WORKERS; i++) {
        w[i] = (struct worker){&b, &now_ns, &stop, 0};
        assert_int_equal(pthread_create(&thread[i], NULL, worker_main, &w[i]), 0);
    }
    /* Simulated time waits for the bucket to be emptied, so that the sum is known. */
    while (atomic_load(&now_ns) < SHARE_NS) {
        while (bucket_available(&b, NULL, atomic_load(&now_ns)) > 0)
            sched_yield();
        atomic_fetch_add(&now_ns, 100 * NS_PER_US);
        /* An operator who sets the same again, all the time, changes nothing. */
        bucket_configure(&b, &(struct bucket_config){1000000000, 200000, 1500},
                         atomic_load(&now_ns));
    }
    while (bucket_available(&b, NULL, atomic_load(&now_ns)) > 0)
        sched_yield();
    atomic_store(&stop, true);
    for (int i = 0; i < WORKERS; i++) {
        pthread_join(thread[i], NULL);
        sent += w[i].sent;
    }
    /* One byte in a nanosecond. */
    assert_in_range(sent, SHARE_NS + 200000 - 200, SHARE_NS + 200000 + 1600);
}

struct sharer {
    struct bucket *bucket;
    struct bucket_share share;
    int64_t frame;
    uint64_t sent;
    _Atomic uint64_t *now_ns;
    _Atomic uint64_t had_enough_ns; /* at this time it got nothing more */
};

/* A worker with frames of one length for a port: 32 at most in a visit, as many as it may. */
static void *sharer_main(void *arg)
{
    struct sharer *s = arg;
    uint64_t now_ns;

    while ((now_ns = atomic_load(s->now_ns)) < SHARE_NS) {
        int64_t got = bucket_draw(s->bucket, &s->share, 1 << 20, now_ns), used = 0;

        for (int i = 0; i < 32 && used < got; i++)
            used += s->frame;
        if (used <= got)
            bucket_refund(s->bucket, got - used);
        else
            bucket_charge(s->bucket, used - got, now_ns);
        bucket_serve(s->bucket, &s->share, used, now_ns);
        s->sent += (uint64_t)used;
        if (got == 0) {
            atomic_store(&s->had_enough_ns, now_ns);
            sched_yield();
        }
    }
    return NULL;
}

static void workers_share_evenly(void **state)
{
    enum { WORKERS = 3 };
    static const int64_t frame[WORKERS] = {64, 1500, GSO_FRAME_BYTES};
    struct bucket b = make(1000000000, 1000000 + 2 * GSO_FRAME_BYTES, GSO_FRAME_BYTES, 0);
    _Atomic uint64_t now_ns = 0;
    struct sharer s[WORKERS];
    pthread_t thread[WORKERS];
    uint64_t sum = 0;

    /* The first to run would have all of the burst. */
    bucket_charge(&b, 1000000 + 2 * GSO_FRAME_BYTES, 0);
    for (int i = 0; i < WORKERS; i++) {
        s[i] = (struct sharer){.bucket = &b, .frame = frame[i], .now_ns = &now_ns};
        assert_int_equal(pthread_create(&thread[i], NULL, sharer_main, &s[i]), 0);
    }
    while (atomic_load(&now_ns) < SHARE_NS) {
        for (int i = 0; i < WORKERS; i++) {
            while (atomic_load(&s[i].had_enough_ns) < atomic_load(&now_ns))
                sched_yield();
        }
        atomic_fetch_add(&now_ns, 20 * NS_PER_US);
    }
    for (int i = 0; i < WORKERS; i++) {
        pthread_join(thread[i], NULL);
        sum += s[i].sent;
    }
    assert_in_range(sum, SHARE_NS - 400000, SHARE_NS + GSO_FRAME_BYTES);
    /* Each may be a quantum ahead of another. */
    for (int i = 0; i < WORKERS; i++)
        assert_in_range(s[i].sent, sum / WORKERS - 2 * GSO_FRAME_BYTES,
                        sum / WORKERS + 2 * GSO_FRAME_BYTES);
}

/* What a port that had more leaves: the difference decides, and never more than a quarter. */
static void a_share_leaves_a_reserve(void **state)
{
    struct bucket b = make(1000000, 40000, 1500, 0);
    struct bucket_share one = {0}, two = {0};

    bucket_serve(&b, &one, 100000, 0); /* there is plenty: nobody counts */
    bucket_charge(&b, 20000, 0);
    assert_in_range(bucket_available(&b, &one, 0), 19999, 20000);
    bucket_serve(&b, &one, 1500, 0); /* a quantum: half of what is left at most */
    assert_in_range(bucket_available(&b, &one, 0), 14990, 15000);
    assert_in_range(bucket_available(&b, &two, 0), 19999, 20000);
    bucket_serve(&b, &one, 1 << 20, 0);
    assert_in_range(bucket_available(&b, &one, 0), 9990, 10000);
    bucket_charge(&b, 11000, 0);
    assert_int_equal(bucket_draw(&b, &one, 1500, 0), 0);
    assert_false(bucket_take(&b, &one, 1, 0));
    assert_true(bucket_take(&b, &two, 1, 0));
    assert_in_range(bucket_when_ns(&b, &one, 1, 0), 1000 * NS_PER_US, 1010 * NS_PER_US);
    assert_int_equal(bucket_when_ns(&b, &two, 1, 0), 0);
    /* The other was away while this one had a megabyte: a quantum of that is still its own. */
    bucket_serve(&b, &one, 1500, 0);
    bucket_serve(&b, &two, 1, 0);
    assert_int_equal(atomic_load(&one.had) - atomic_load(&two.had), 1500 + 1500 - 1);
    /* Full again, it is anybody's. */
    assert_in_range(bucket_available(&b, &one, NS_PER_SEC), 40000, 40000);
}

static void nested_limits(void **state)
{
    static struct limit port, tenant;
    const struct claim both[LIMITS_MAX] = {{.limit = &port}, {0}, {.limit = &tenant}};
    struct limit_amount got, want = {1 << 20, 1000};

    port.bytes = make(1000000, 10000, 1500, 0);
    port.pkts = make(1000, 4, 64, 0);
    tenant.bytes = make(1000000, 3000, 1500, 0);
    tenant.pkts = make(BUCKET_UNLIMITED, 0, 64, 0);
    got = limits_draw(both, 3, want, 0);
    assert_int_equal(got.bytes, 1500);
    assert_int_equal(got.pkts, 4);
    assert_in_range(bucket_available(&port.bytes, NULL, 0), 8499, 8500);
    assert_in_range(bucket_available(&tenant.bytes, NULL, 0), 1499, 1500);
    /* Two frames of 800: 100 bytes more than drawn, two packets fewer. */
    limits_settle(both, 3, got, (struct limit_amount){1600, 2}, 0);
    assert_in_range(bucket_available(&port.bytes, NULL, 0), 8399, 8400);
    assert_in_range(bucket_available(&tenant.bytes, NULL, 0), 1399, 1400);
    assert_int_equal(bucket_available(&port.pkts, NULL, 0), 2);

    assert_int_equal(limits_take(both, 3, (struct limit_amount){1600, 1}, 0), -1);
    assert_int_equal(limits_take(both, 3, (struct limit_amount){100, 1}, 0), 2);
    assert_in_range(bucket_available(&port.bytes, NULL, 0), 6799, 6800); /* given back */
    assert_int_equal(bucket_available(&port.pkts, NULL, 0), 1);
    got = limits_draw(both, 3, want, 0);
    assert_int_equal(got.bytes, 0);
    assert_int_equal(bucket_available(&port.pkts, NULL, 0), 1);
    assert_in_range(limits_when_ns(both, 3, (struct limit_amount){1, 1}, 0), 200 * NS_PER_US,
                    203 * NS_PER_US);
    /* The packet limit refuses before the byte limit is charged for good. */
    assert_int_equal(limits_take(both, 1, (struct limit_amount){100, 1}, 0), -1);
    assert_int_equal(limits_take(both, 1, (struct limit_amount){100, 1}, 0), 0);
    assert_in_range(bucket_available(&port.bytes, NULL, 0), 6699, 6700);
    got = limits_draw(both, 0, want, 0);
    assert_int_equal(got.bytes, want.bytes);
}

static void all_or_nothing(void **state)
{
    static struct limit port, tenant;
    const struct claim both[LIMITS_MAX] = {{.limit = &port}, {0}, {.limit = &tenant}};

    port.bytes = make(1000000, 10000, 1500, 0);
    port.pkts = make(1000, 4, 64, 0);
    tenant.bytes = make(1000000, 3000, 1500, 0);
    tenant.pkts = make(BUCKET_UNLIMITED, 0, 64, 0);
    assert_true(limits_take_all(both, 3, (struct limit_amount){1000, 3}, 0));
    assert_in_range(bucket_available(&port.bytes, NULL, 0), 8999, 9000);
    assert_in_range(bucket_available(&tenant.bytes, NULL, 0), 1999, 2000);
    assert_int_equal(bucket_available(&port.pkts, NULL, 0), 1);
    /* No debt, unlike with a single frame; and nothing is charged. */
    assert_false(limits_take_all(both, 3, (struct limit_amount){1000, 2}, 0));
    assert_false(limits_take_all(both, 3, (struct limit_amount){2500, 1}, 0));
    assert_in_range(bucket_available(&port.bytes, NULL, 0), 8998, 9000);
    assert_in_range(bucket_available(&tenant.bytes, NULL, 0), 1998, 2000);
    assert_int_equal(bucket_available(&port.pkts, NULL, 0), 1);
}

static void default_bursts(void **state)
{
    assert_int_equal(bucket_default_burst_bytes(BPS(5000000), 65536, BUCKET_POLICE), 4 * 65536);
    assert_int_equal(bucket_default_burst_bytes(BPS(5000000000ull), 65536, BUCKET_POLICE),
                     156250000);
    assert_int_equal(bucket_default_burst_bytes(BPS(1000000000), 1518, BUCKET_SHAPE),
                     125000 + 2 * 1518);
}

static void speed(void **state)
{
    enum { ROUNDS = 5000000 };
    struct bucket b = make(BPS(10000000000ull), 1000000, 1518, 0);
    volatile bool sink = false;
    double from_s = cpu_s();

    for (uint64_t i = 0; i < ROUNDS; i++)
        sink = bucket_take(&b, NULL, 1518, i * 1000);
    (void)sink;
    printf("          take: %.1f ns\n", (cpu_s() - from_s) * 1e9 / ROUNDS);
    assert_true(bucket_available(&b, NULL, ROUNDS * 1000ull) < 1000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(policing_is_exact),
        cmocka_unit_test(below_the_rate_nothing_is_lost),
        cmocka_unit_test(no_drift_in_an_hour),
        cmocka_unit_test(draws_are_bounded),
        cmocka_unit_test(debt_of_one_frame),
        cmocka_unit_test(when_is_when),
        cmocka_unit_test(unlimited),
        cmocka_unit_test(live_change_keeps_debt),
        cmocka_unit_test(time_wraps),
        cmocka_unit_test(clocks_of_workers_differ),
        cmocka_unit_test(workers_share),
        cmocka_unit_test(workers_share_evenly),
        cmocka_unit_test(a_share_leaves_a_reserve),
        cmocka_unit_test(nested_limits),
        cmocka_unit_test(all_or_nothing),
        cmocka_unit_test(default_bursts),
        cmocka_unit_test(speed),
    };

#ifdef __SANITIZE_THREAD__
    cmocka_set_test_filter("*workers*"); /* the others have one thread and much to count */
#endif
    return cmocka_run_group_tests(tests, NULL, NULL);
}
