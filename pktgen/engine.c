/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The leader between and during trials: rates, learning, progress, the end of a trial.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>

#include "base/clock.h"
#include "pktgen/engine.h"
#include "pktgen/env.h"
#include "pktgen/outcome.h"
#include "pktgen/tag.h"

#define TICK_US       1000
#define LEAD_US       500 /* all processes have seen the order by then */
#define QUIET_US      20000
#define LEARN_AGAIN_S 30
#define BEST_NS       NS_PER_SEC

static atomic_bool *stop_flag; /* of the open engine, for the signal handler */

static void on_interrupt(int signal_number)
{
    (void)signal_number;
    if (stop_flag != NULL)
        atomic_store(stop_flag, true);
}

bool pg_engine_stopped(const struct pg_engine *e)
{
    return e->team.shared != NULL && atomic_load(&e->team.shared->stop);
}

static uint64_t us_ticks(uint64_t us)
{
    return us * rte_get_tsc_hz() / 1000000;
}

/* ---- during a trial -------------------------------------------------------------------------- */

static void progress_show(struct pg_engine *e, uint64_t now)
{
    uint64_t tx = 0, rx = 0;
    double seconds = (double)(now - e->shown_tsc) / (double)rte_get_tsc_hz();
    char tx_text[PG_TEXT_MAX], rx_text[PG_TEXT_MAX];

    for (uint32_t i = 0; i < e->plan->port_count; i++) {
        tx += e->team.shared->ports[i].tx_frames;
        rx += e->team.shared->ports[i].rx_frames;
    }
    pg_text_pps((double)(tx - e->shown_tx) / seconds, tx_text, sizeof(tx_text));
    pg_text_pps((double)(rx - e->shown_rx) / seconds, rx_text, sizeof(rx_text));
    fprintf(stderr, "\r%s  %.0f s  sent %s  received %s\033[K", e->phase != NULL ? e->phase : "",
            (double)(now - e->team.shared->order.start_tsc) / (double)rte_get_tsc_hz(), tx_text,
            rx_text);
    fflush(stderr);
    e->shown_tx = tx;
    e->shown_rx = rx;
    e->shown_tsc = now;
}

static bool all_sent(const struct pg_engine *e, uint64_t now)
{
    const struct pg_shared *shared = e->team.shared;
    bool is_over = shared->order.stop_tsc > 0 && now >= shared->order.stop_tsc;

    if (is_over || atomic_load(&shared->stop))
        return true;
    for (uint32_t i = 0; i < e->plan->stream_count; i++)
        if (!shared->streams[i].is_done)
            return false;
    return true;
}

static bool all_received(const struct pg_engine *e)
{
    const struct pg_shared *shared = e->team.shared;
    uint64_t sent = 0, received = 0;

    for (uint32_t i = 0; i < e->plan->stream_count; i++)
        sent += shared->streams[i].sent;
    for (uint32_t i = 0; i < e->plan->port_count; i++)
        received += shared->ports[i].rx_frames;
    return received >= sent;
}

/* Over when all came and it stays quiet, when it was quiet for long, or when time is up. */
static void drain_judge(struct pg_engine *e, uint64_t now)
{
    struct pg_shared *shared = e->team.shared;
    uint64_t quiet, end;

    if (shared->order.stop_tsc == 0 || atomic_load(&shared->stop) || shared->order.count > 0) {
        if (!all_sent(e, now))
            return;
        if (e->sent_tsc == 0)
            e->sent_tsc = now;
        end = e->sent_tsc;
    } else {
        end = shared->order.stop_tsc;
    }
    if (now < end)
        return;
    quiet = now - u64_max(u64_min(shared->last_rx_tsc, now), end);
    if ((all_received(e) && quiet > us_ticks(TICK_US)) || quiet > us_ticks(QUIET_US) ||
        now - end > us_ticks(e->plan->drain_ms * 1000ull))
        atomic_store(&shared->drained, true);
}

static void tick(void *ctx, uint64_t now)
{
    struct pg_engine *e = ctx;

    if (now < e->tick_tsc)
        return;
    e->tick_tsc = now + us_ticks(TICK_US);
    drain_judge(e, now);
    if (e->has_progress && now - e->shown_tsc > rte_get_tsc_hz())
        progress_show(e, now);
}

/* ---- before and after ------------------------------------------------------------------------ */

static void rates_set(struct pg_engine *e, const struct pg_trial *trial)
{
    struct pg_shared *shared = e->team.shared;
    uint32_t count = e->plan->stream_count;

    for (uint32_t i = 0; i < count; i++) {
        const struct pg_stream *s = &e->plan->streams[i].stream;
        double mean = pg_text_sizes_mean(pg_plan_sizes(e->plan, s));

        if (trial->size_count == 1)
            mean = pg_plan_sizes(e->plan, s)->item[trial->size_first].bytes;
        shared->streams[i].is_off = trial->no_attack && e->plan->streams[i].attack != NULL;
        shared->streams[i].pps = trial->own_rates ? pg_rate_pps(&s->rate, mean, e->best_pps / count)
                                                  : trial->pps / count;
    }
}

static void counts_reset(struct pg_engine *e)
{
    struct pg_shared *shared = e->team.shared;

    for (uint32_t i = 0; i < e->plan->stream_count; i++) {
        pg_track_reset(&shared->streams[i].track);
        shared->streams[i].is_done = false;
        if (e->plan->latency)
            pg_hist_reset(&shared->hists[i]);
    }
    pg_hist_reset(&shared->hist);
    e->shown_tx = e->shown_rx = e->sent_tsc = 0;
}

int pg_engine_learn(struct pg_engine *e, struct vsw_err *err)
{
    struct pg_order order = {.kind = PG_ORDER_LEARN};
    uint64_t now = clock_now_ns();
    int rc;

    if (!e->plan->learn || (e->learned_ns > 0 && now - e->learned_ns < LEARN_AGAIN_S * NS_PER_SEC))
        return 0;
    rc = pg_team_do(&e->team, &order, err);
    e->learned_ns = rc == 0 ? now : 0;
    return rc;
}

static struct pg_order order_make(struct pg_engine *e, const struct pg_trial *trial)
{
    struct pg_order order = {
        .kind = PG_ORDER_TRIAL,
        .magic = pg_tag_magic(e->run, e->trials++),
        .size_first = trial->size_first,
        .size_count = trial->size_count,
        .count = trial->count,
    };

    order.start_tsc = rte_rdtsc() + us_ticks(e->team.size > 1 ? 20 * LEAD_US : LEAD_US);
    if (trial->ns > 0)
        order.stop_tsc =
            order.start_tsc + (uint64_t)((double)trial->ns * (double)rte_get_tsc_hz() / 1e9);
    return order;
}

int pg_engine_trial(struct pg_engine *e, const struct pg_trial *trial, struct pg_outcome *ret,
                    struct vsw_err *err)
{
    struct pg_cpu_time before, after, spent;
    struct pg_order order;
    int core = -1, rc = pg_engine_learn(e, err);

    if (rc != 0)
        return rc;
    if (pg_engine_stopped(e))
        return vsw_err_set(err, -EINTR, NULL, "stopped");
    (void)pg_env_core(e->plan->core, &core, NULL);
    rates_set(e, trial);
    counts_reset(e);
    before = pg_cpu_time_read(core);
    order = order_make(e, trial);
    e->tick_tsc = e->shown_tsc = order.start_tsc;
    rc = pg_team_do(&e->team, &order, err);
    after = pg_cpu_time_read(core);
    if (e->has_progress)
        fputs("\r\033[K", stderr);
    if (rc != 0)
        return rc;
    spent = (struct pg_cpu_time){after.steal - before.steal, after.total - before.total};
    rc = pg_outcome_make(e->team.shared, e->plan, trial, e->team.size, spent, ret);
    return rc == 0 ? 0 : vsw_err_set(err, rc, NULL, "no memory for the result");
}

int pg_engine_best(struct pg_engine *e, const struct pg_trial *trial, double *ret_pps,
                   struct vsw_err *err)
{
    struct pg_trial fast = {.no_attack = trial->no_attack,
                            .size_first = trial->size_first,
                            .size_count = trial->size_count,
                            .ns = BEST_NS};
    struct pg_outcome o;
    int rc = pg_engine_trial(e, &fast, &o, err);

    if (rc != 0)
        return rc;
    *ret_pps = pg_point_rx_pps(&o.point);
    pg_outcome_free(&o);
    if (*ret_pps > 0)
        return 0;
    return vsw_err_set(err, -ENODATA, NULL, "no frame comes back: nothing to take a share of");
}

int pg_engine_open(struct pg_engine *e, const struct pg_plan *plan, struct vsw_err *err)
{
    struct sigaction action = {.sa_handler = on_interrupt};
    int rc;

    e->plan = plan;
    e->run = clock_now_ns() ^ (uint64_t)getpid() << 40;
    e->has_progress = !plan->is_quiet && isatty(STDERR_FILENO);
    rc = pg_team_start(&e->team, plan, err);
    if (rc != 0)
        return rc;
    e->team.leader.tick = tick;
    e->team.leader.tick_ctx = e;
    stop_flag = &e->team.shared->stop;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    return 0;
}

int pg_engine_close(struct pg_engine *e, struct vsw_err *err)
{
    stop_flag = NULL;
    return pg_team_stop(&e->team, err);
}
