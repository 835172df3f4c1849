/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Ping-pong on the leader's own senders and receivers: no schedule, each leg waits for the other.
 * A leg that does not come within LOST_MS is lost and does not enter the histogram.
 */
#include <errno.h>

#include <rte_cycles.h>

#include "pktgen/outcome.h"
#include "pktgen/pingpong.h"
#include "pktgen/tag.h"

#define LOST_MS 100

struct legs {
    struct pg_engine *e;
    struct pg_worker *w;
    struct pg_sender *sender[2];
    struct pg_stream_count *count[2];
};

static int legs_find(struct legs *l, struct pg_engine *e, struct vsw_err *err)
{
    const struct pg_plan *plan = e->plan;

    l->e = e;
    l->w = &e->team.leader;
    if (plan->stream_count < 2 || l->w->sender_count < 2 ||
        plan->streams[0].stream.tx != plan->streams[1].stream.rx ||
        plan->streams[0].stream.rx != plan->streams[1].stream.tx) {
        vsw_err_set(err, -EINVAL, "ping-pong", "streams 0 and 1 do not go there and back");
        vsw_err_hint(err, "give two ports and no --stream");
        return -EINVAL;
    }
    for (int i = 0; i < 2; i++) {
        l->sender[i] = &l->w->senders[i];
        l->count[i] = &e->team.shared->streams[i];
    }
    return 0;
}

/* Sends one frame of a stream and waits until it is there. */
static bool leg_run(struct legs *l, int i)
{
    uint64_t before = l->count[i]->track.received;
    uint64_t end = rte_rdtsc() + LOST_MS * rte_get_tsc_hz() / 1000, now;

    l->sender[i]->left = 1;
    do {
        now = rte_rdtsc();
        if (l->sender[i]->left > 0 || l->sender[i]->held > 0)
            (void)pg_sender_push(l->sender[i], now);
        (void)pg_worker_poll(l->w);
    } while (l->count[i]->track.received == before && now < end);
    return l->count[i]->track.received != before;
}

static void pause_ns(struct legs *l, uint64_t ns)
{
    uint64_t end = rte_rdtsc() + (uint64_t)((double)ns * (double)rte_get_tsc_hz() / 1e9);

    while (rte_rdtsc() < end)
        (void)pg_worker_poll(l->w);
}

static uint64_t rounds_run(struct legs *l, const struct pg_pingpong *what, struct pg_hist *hist)
{
    uint64_t rounds = 0;

    for (; rounds < what->count && !pg_engine_stopped(l->e); rounds++) {
        uint64_t start = rte_rdtsc();

        if (leg_run(l, 0) && leg_run(l, 1))
            pg_hist_add(hist, rte_rdtsc() - start);
        pause_ns(l, what->gap_ns);
    }
    return rounds;
}

static void legs_start(struct legs *l, const struct pg_pingpong *what)
{
    struct pg_order order = {.kind = PG_ORDER_TRIAL,
                             .magic = pg_tag_magic(l->e->run, l->e->trials++),
                             .size_first = what->size_first,
                             .size_count = l->e->plan->sizes.count > 0,
                             .start_tsc = rte_rdtsc(),
                             .count = 1};

    l->e->team.shared->order = order;
    for (int i = 0; i < 2; i++) {
        l->count[i]->pps = 0;
        pg_track_reset(&l->count[i]->track);
        pg_hist_reset(&l->e->team.shared->hists[i]);
        pg_sender_start(l->sender[i], &order);
    }
    for (uint32_t i = 0; i < l->w->receiver_count; i++) {
        l->w->receivers[i].magic = order.magic;
        l->w->receivers[i].is_on = true;
    }
}

static void legs_stop(struct legs *l)
{
    for (uint32_t i = 0; i < l->w->receiver_count; i++)
        l->w->receivers[i].is_on = false;
    for (int i = 0; i < 2; i++)
        pg_sender_stop(l->sender[i], rte_rdtsc());
}

int pg_pingpong_run(struct pg_engine *e, const struct pg_pingpong *what,
                    struct pg_outcome *ret_outcome, struct vsw_err *err)
{
    struct pg_trial trial = {.size_first = what->size_first,
                             .size_count = e->plan->sizes.count > 0};
    struct legs legs = {0};
    uint64_t rounds;
    int rc = legs_find(&legs, e, err);

    if (rc == 0)
        rc = pg_engine_learn(e, err);
    if (rc != 0)
        return rc;
    legs_start(&legs, what);
    pg_hist_reset(&e->team.shared->hist);
    pause_ns(&legs, what->gap_ns);
    pg_hist_reset(&e->team.shared->pings);
    rounds = rounds_run(&legs, what, &e->team.shared->pings);
    legs_stop(&legs);
    e->team.shared->hist = e->team.shared->pings;
    rc = pg_outcome_make(e->team.shared, e->plan, &trial, 1, (struct pg_cpu_time){0}, ret_outcome);
    if (rc != 0)
        return vsw_err_set(err, rc, NULL, "no memory for the result");
    ret_outcome->point.limit = PG_LIMIT_NONE;
    return rounds > 0 ? 0 : vsw_err_set(err, -EINTR, NULL, "stopped");
}
