/* SPDX-License-Identifier: BSD-3-Clause */
#include "pktgen/search.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/cmocka.h"

#define SECONDS 1.0

/* A device that passes up to capacity, give or take noise, and now and then drops a few anyway. */
struct device {
    double capacity;
    double overload;       /* part of the capacity that comes through an overload */
    double noise;          /* the capacity differs between trials by up to this part */
    double background;     /* part of the frames that is always lost */
    unsigned hiccup_every; /* trial in which a few frames are lost at any rate; 0: never */
    double hiccup_ratio;
    int fail_at; /* trial that fails; 0: none */
    int fail_rc;
    unsigned trials;
    double highest_tried;
};

static int run_trial(void *ctx, double pps, struct pg_loss *ret_loss, struct vsw_err *err)
{
    struct device *d = ctx;
    double capacity = d->capacity * (1 + d->noise * (2 * drand48() - 1));
    double through = pps <= capacity ? pps : capacity * d->overload;

    d->trials++;
    if (d->fail_at != 0 && d->trials == (unsigned)d->fail_at)
        return vsw_err_set(err, d->fail_rc, "port", "the peer went away");
    through *= 1 - d->background;
    if (d->hiccup_every != 0 && d->trials % d->hiccup_every == 0)
        through *= 1 - d->hiccup_ratio;
    d->highest_tried = pps > d->highest_tried ? pps : d->highest_tried;
    *ret_loss = (struct pg_loss){
        .due = (uint64_t)(pps * SECONDS),
        .sent = (uint64_t)(pps * SECONDS),
        .received = (uint64_t)(through * SECONDS),
        .seconds = SECONDS,
    };
    return 0;
}

static struct pg_search_result search(struct device *d, double min, double max, double ratio)
{
    struct pg_search_result r = {0};
    struct vsw_err err = {0};
    struct pg_search s;

    pg_search_init(&s, min, max, ratio);
    if (pg_search_run(&s, run_trial, d, &r, &err) != 0)
        fail_msg("%s", err.msg);
    assert_int_equal(r.trials, d->trials);
    assert_true(r.is_complete);
    assert_true(d->highest_tried <= max);
    return r;
}

static void assert_near(double got, double want, double part)
{
    if (got < want * (1 - part) || got > want * (1 + part))
        fail_msg("%.6g is not within %g of %.6g", got, part, want);
}

static void test_hard_threshold(void **state)
{
    static const double capacities[] = {20.5e3, 33333, 1e6, 7.77e6, 21.4e6, 39.9e6};
    static const double overloads[] = {1.0, 0.9, 0.5, 0.02};

    for (size_t c = 0; c < ARRAY_SIZE(capacities); c++) {
        for (size_t o = 0; o < ARRAY_SIZE(overloads); o++) {
            struct device d = {.capacity = capacities[c], .overload = overloads[o]};
            struct pg_search_result r = search(&d, 20e3, 40e6, 0);

            assert_true(r.is_found && !r.is_at_max);
            assert_true(r.pps <= d.capacity);
            assert_near(r.pps, d.capacity, 0.0051);
            assert_true(r.lossy_pps > d.capacity && r.lossy_pps <= r.pps * 1.0051);
            assert_true(pg_loss_ratio(&r.loss) == 0);
            assert_true(d.trials <= 45);
        }
    }
}

/* What comes through an overload tells where to look: few trials for the usual device. */
static void test_usual_device_is_quick(void **state)
{
    struct device d = {.capacity = 21.4e6, .overload = 1.0};

    assert_near(search(&d, 10e3, 40e6, 0).pps, 21.4e6, 0.0051);
    assert_true(d.trials <= 8);
}

static void test_noisy_threshold(void **state)
{
    for (long seed = 0; seed < 200; seed++) {
        struct device d = {.capacity = 10e6, .overload = 0.95, .noise = 0.02};
        struct pg_search_result r;

        srand48(seed);
        r = search(&d, 10e3, 30e6, 0);
        assert_true(r.is_found);
        assert_near(r.pps, 10e6, 0.03);
        assert_true(d.trials <= 60);
    }
}

/* A hiccup in every third trial: without the repeat the result would be far too low. */
static void test_sporadic_loss_is_forgiven(void **state)
{
    static const double hiccups[] = {0.00001, 0.01, 0.2};
    unsigned forgiven = 0;

    for (size_t i = 0; i < ARRAY_SIZE(hiccups); i++) {
        for (unsigned every = 3; every < 9; every++) {
            struct device d = {.capacity = 10e6,
                               .overload = 0.97,
                               .hiccup_every = every,
                               .hiccup_ratio = hiccups[i]};
            struct pg_search_result r = search(&d, 10e3, 30e6, 0);

            assert_near(r.pps, 10e6, 0.0051);
            assert_true(r.repeated >= r.forgiven);
            forgiven += r.forgiven;
        }
    }
    assert_true(forgiven > 10); /* the others met trials that were lossy anyway */
}

/* The same device without repeats shows that the test above can fail. */
static void test_without_repeats_hiccups_decide(void **state)
{
    struct device d = {.capacity = 10e6, .overload = 0.97, .hiccup_every = 3, .hiccup_ratio = 0.01};
    struct pg_search_result r;
    struct pg_search s;

    pg_search_init(&s, 10e3, 30e6, 0);
    s.repeats = 0;
    assert_int_equal(pg_search_run(&s, run_trial, &d, &r, NULL), 0);
    assert_true(r.pps < 10e6 * 0.99);
}

static void test_always_lossy(void **state)
{
    struct device d = {.capacity = 1e9, .overload = 1, .background = 0.01};
    struct pg_search_result r = search(&d, 10e3, 30e6, 0);

    assert_false(r.is_found);
    assert_true(r.pps == 0 && r.lossy_pps == 10e3);
    assert_true(d.trials <= 60);
}

/* More loss than any hiccup makes is not repeated. */
static void test_hopeless_is_not_repeated(void **state)
{
    struct device d = {.capacity = 1e9, .overload = 1, .background = 0.9};
    struct pg_search_result r = search(&d, 10e3, 30e6, 0);

    assert_false(r.is_found);
    assert_int_equal(r.repeated, 0);
    assert_true(d.trials <= 20);
}

static void test_never_lossy(void **state)
{
    struct device d = {.capacity = 1e9, .overload = 1};
    struct pg_search_result r = search(&d, 10e3, 30e6, 0);

    assert_true(r.is_found && r.is_at_max);
    assert_true(r.pps == 30e6 && r.lossy_pps == 0);
    assert_int_equal(d.trials, 1);
}

static void test_partial_loss(void **state)
{
    /* at overload the device passes its capacity: 0.1 % is lost at capacity / 0.999 */
    struct device d = {.capacity = 10e6, .overload = 1.0};
    struct pg_search_result r = search(&d, 10e3, 30e6, 0.001), tight;
    struct pg_search s;

    assert_near(r.pps, 10e6, 0.0062);
    assert_true(pg_loss_ratio(&r.loss) <= 0.001);
    /* with a finer precision the difference to zero loss shows */
    d = (struct device){.capacity = 10e6, .overload = 1.0};
    pg_search_init(&s, 10e3, 30e6, 0.001);
    s.precision = 0.0001;
    assert_int_equal(pg_search_run(&s, run_trial, &d, &tight, NULL), 0);
    assert_true(tight.pps > 10e6 * 1.0008 && tight.pps <= 10e6 / 0.999);
}

static void test_background_within_the_goal(void **state)
{
    struct device d = {.capacity = 10e6, .overload = 0.9, .background = 0.0005};

    assert_near(search(&d, 10e3, 30e6, 0.001).pps, 10e6, 0.0051);
}

static void test_cut_short(void **state)
{
    struct device d = {.capacity = 10e6, .overload = 0.5, .fail_at = 5, .fail_rc = -EINTR};
    struct pg_search_result r;
    struct pg_search s;

    pg_search_init(&s, 10e3, 30e6, 0);
    assert_int_equal(pg_search_run(&s, run_trial, &d, &r, NULL), 0);
    assert_false(r.is_complete);
    assert_int_equal(r.trials, 4);
    d = (struct device){.capacity = 10e6, .overload = 0.5};
    s.trials_max = 6;
    assert_int_equal(pg_search_run(&s, run_trial, &d, &r, NULL), 0);
    assert_false(r.is_complete);
    assert_int_equal(d.trials, 6);
}

static void test_trial_fails(void **state)
{
    struct device d = {.capacity = 10e6, .overload = 0.5, .fail_at = 2, .fail_rc = -EIO};
    struct pg_search_result r = {.trials = 99};
    struct vsw_err err = {0};
    struct pg_search s;

    pg_search_init(&s, 10e3, 30e6, 0);
    assert_int_equal(pg_search_run(&s, run_trial, &d, &r, &err), -EIO);
    assert_string_equal(err.msg, "the peer went away");
    assert_int_equal(r.trials, 99);
}

static void test_bad_bounds(void **state)
{
    struct pg_search_result r;
    struct vsw_err err = {0};
    struct pg_search s;

    pg_search_init(&s, 2e6, 1e6, 0);
    assert_int_equal(pg_search_run(&s, run_trial, NULL, &r, &err), -EINVAL);
    assert_string_equal(err.msg, "the bounds of the search are not 0 < min <= max");
    pg_search_init(&s, 0, 1e6, 0);
    assert_int_equal(pg_search_run(&s, run_trial, NULL, &r, NULL), -EINVAL);
    pg_search_init(&s, 1, 1e6, 1);
    assert_int_equal(pg_search_run(&s, run_trial, NULL, &r, NULL), -EINVAL);
    pg_search_init(&s, 1, 1e6, 0);
    s.precision = 0;
    assert_int_equal(pg_search_run(&s, run_trial, NULL, &r, NULL), -EINVAL);
}

static void test_one_rate_only(void **state)
{
    struct device good = {.capacity = 1e9, .overload = 1}, bad = {.capacity = 1e5, .overload = 1};

    assert_true(search(&good, 1e6, 1e6, 0).is_at_max);
    assert_false(search(&bad, 1e6, 1e6, 0).is_found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hard_threshold),
        cmocka_unit_test(test_usual_device_is_quick),
        cmocka_unit_test(test_noisy_threshold),
        cmocka_unit_test(test_sporadic_loss_is_forgiven),
        cmocka_unit_test(test_without_repeats_hiccups_decide),
        cmocka_unit_test(test_always_lossy),
        cmocka_unit_test(test_hopeless_is_not_repeated),
        cmocka_unit_test(test_never_lossy),
        cmocka_unit_test(test_partial_loss),
        cmocka_unit_test(test_background_within_the_goal),
        cmocka_unit_test(test_cut_short),
        cmocka_unit_test(test_trial_fails),
        cmocka_unit_test(test_bad_bounds),
        cmocka_unit_test(test_one_rate_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
