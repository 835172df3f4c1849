/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Opening and closing a worker, and its loop.
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include "pktgen/dump.h"
#include "pktgen/env.h"
#include "pktgen/worker.h"

#define SLICE_US 30
/* Frames that were due before the end are sent, if the ring takes them this soon after it. */
#define GRACE_US 200

unsigned pg_worker_of_port(const struct pg_plan *plan, unsigned team, uint32_t port)
{
    uint32_t pairs = (plan->port_count + 1) / 2, each = (pairs + team - 1) / team;

    return port / 2 / each;
}

static bool owns(const struct pg_worker *w, uint32_t port)
{
    return port < w->plan->port_count && pg_worker_of_port(w->plan, w->team, port) == w->number;
}

/* ---- opening --------------------------------------------------------------------------------- */

static int environment(struct pg_worker *w, struct vsw_err *err)
{
    const struct pg_plan *plan = w->plan;
    struct pg_env env = {.core = plan->core, .huge = plan->huge, .mem_bytes = 32ull << 20};
    int rc;

    for (uint32_t i = 0; i < plan->port_count; i++) {
        if (owns(w, i))
            env.mem_bytes += pg_port_mem_bytes(&plan->ports[i].spec);
    }
    for (uint32_t i = 0; i < plan->stream_count; i++)
        if (owns(w, plan->streams[i].stream.tx))
            env.mem_bytes += pg_sender_mem_bytes(plan, &plan->streams[i]);
    rc = pg_env_start(&env, err);
    w->has_env = rc == 0;
    return rc;
}

static int port_open(struct pg_worker *w, uint32_t i, struct vsw_err *err)
{
    const struct pg_plan_port *p = &w->plan->ports[i];
    int rc = pg_port_open(&w->ports[i], &p->spec, i, w->plan->wait_ms, err);

    if (rc == 0)
        pg_port_paths(&w->ports[i], w->shared->paths[i], sizeof(w->shared->paths[i]));
    if (rc == 0 && p->dump_path != NULL)
        rc = pg_dump_open(p->dump_path, &w->dumps[i], err);
    return rc;
}

static int tables(struct pg_worker *w, struct vsw_err *err)
{
    const struct pg_plan *plan = w->plan;
    uint32_t queues = 0;

    for (uint32_t i = 0; i < plan->port_count; i++)
        queues += owns(w, i) ? plan->ports[i].spec.queues : 0;
    w->ports = calloc(plan->port_count, sizeof(w->ports[0]));
    w->dumps = calloc(plan->port_count, sizeof(struct pg_dump *));
    w->senders = aligned_alloc(64, (sizeof(w->senders[0]) * plan->stream_count + 63) / 64 * 64);
    w->receivers = calloc(queues + 1, sizeof(w->receivers[0]));
    if (w->ports == NULL || w->dumps == NULL || w->senders == NULL || w->receivers == NULL)
        return vsw_err_set(err, -ENOMEM, NULL, "no memory for the tables");
    memset(w->senders, 0, sizeof(w->senders[0]) * plan->stream_count);
    return 0;
}

static int senders_open(struct pg_worker *w, struct vsw_err *err)
{
    int rc = 0;

    for (uint32_t i = 0; rc == 0 && i < w->plan->stream_count; i++) {
        const struct pg_plan_stream *what = &w->plan->streams[i];

        if (owns(w, what->stream.tx))
            rc = pg_sender_init(&w->senders[w->sender_count++], w->plan, what,
                                &w->ports[what->stream.tx], w->shared, err);
    }
    return rc;
}

static void receivers_open(struct pg_worker *w)
{
    for (uint32_t i = 0; i < w->plan->port_count; i++)
        for (uint16_t q = 0; owns(w, i) && q < w->plan->ports[i].spec.queues; q++)
            pg_receiver_init(&w->receivers[w->receiver_count++], w->plan, i, w->ports, q, w->shared,
                             w->dumps[i]);
}

int pg_worker_open(struct pg_worker *w, struct vsw_err *err)
{
    int rc = tables(w, err);

    if (rc == 0)
        rc = environment(w, err);
    for (uint32_t i = 0; rc == 0 && i < w->plan->port_count; i++)
        if (owns(w, i))
            rc = port_open(w, i, err);
    if (rc == 0)
        rc = senders_open(w, err);
    if (rc == 0)
        receivers_open(w);
    return rc;
}

int pg_worker_close(struct pg_worker *w, struct vsw_err *err)
{
    int rc = 0;

    for (uint32_t i = 0; w->ports != NULL && i < w->plan->port_count; i++) {
        int closed = w->dumps != NULL ? pg_dump_close(w->dumps[i], err) : 0;

        rc = rc == 0 ? closed : rc;
        pg_port_close(&w->ports[i]);
    }
    if (w->has_env)
        pg_env_stop();
    free(w->ports);
    free(w->dumps);
    free(w->senders);
    free(w->receivers);
    return rc;
}

/* ---- the loop -------------------------------------------------------------------------------- */

uint32_t pg_worker_poll(struct pg_worker *w)
{
    uint64_t now = rte_rdtsc();
    uint32_t n = 0;

    for (uint32_t i = 0; i < w->receiver_count; i++)
        n += pg_receiver_poll(&w->receivers[i], now);
    return n;
}

static void counters_reset(struct pg_worker *w)
{
    for (uint32_t i = 0; i < w->plan->port_count; i++)
        if (owns(w, i))
            memset(&w->shared->ports[i], 0, sizeof(w->shared->ports[i]));
    w->shared->loop[w->number] = (struct pg_loop_count){0};
}

static void trial_start(struct pg_worker *w)
{
    const struct pg_order *order = &w->shared->order;

    while (rte_rdtsc() < order->start_tsc)
        (void)pg_worker_poll(w);
    counters_reset(w);
    for (uint32_t i = 0; i < w->receiver_count; i++) {
        struct pg_receiver *r = &w->receivers[i];

        r->magic = order->magic;
        r->payload = 0;
        r->is_on = true;
        r->loop.is_on = r->loop.stream != NULL;
    }
    for (uint32_t i = 0; i < w->sender_count; i++)
        pg_sender_start(&w->senders[i], order);
}

/* What is under way is still received. */
static void sending_stop(struct pg_worker *w, uint64_t now)
{
    for (uint32_t i = 0; i < w->sender_count; i++)
        pg_sender_stop(&w->senders[i], now);
    for (uint32_t i = 0; i < w->receiver_count; i++)
        pg_loop_end(&w->receivers[i].loop);
}

static void trial_stop(struct pg_worker *w)
{
    for (uint32_t i = 0; i < w->receiver_count; i++)
        w->receivers[i].is_on = false;
}

/* One round: every sender, then every receiver. Return: something moved. */
static inline bool loop_round(struct pg_worker *w, uint64_t now, bool sending)
{
    uint32_t moved = 0;

    for (uint32_t i = 0; sending && i < w->sender_count; i++)
        moved += pg_sender_push(&w->senders[i], now);
    for (uint32_t i = 0; i < w->receiver_count; i++)
        moved += pg_receiver_poll(&w->receivers[i], now);
    return moved > 0;
}

static bool senders_done(const struct pg_worker *w)
{
    for (uint32_t i = 0; i < w->sender_count; i++)
        if (!w->senders[i].count->is_done)
            return false;
    return true;
}

/* The end of sending, when it has come: whatever was due has been sent, or there was no room. */
static bool sending_ended(struct pg_worker *w, uint64_t now)
{
    const struct pg_order *order = &w->shared->order;
    uint64_t grace = GRACE_US * rte_get_tsc_hz() / 1000000;

    if (atomic_load_explicit(&w->shared->stop, memory_order_relaxed))
        return true;
    if (senders_done(w))
        return order->count > 0 || order->stop_tsc == 0 || now >= order->stop_tsc;
    if (order->stop_tsc == 0 || now < order->stop_tsc)
        return false;
    if (now > order->stop_tsc + grace)
        return true;
    for (uint32_t i = 0; i < w->sender_count; i++)
        if (w->senders[i].left != UINT64_MAX && !w->senders[i].count->is_done)
            return false;
    return true;
}

/* A slice of the core: some tens of microseconds, or until sending ends. */
static void slice_run(struct pg_worker *w, bool sending, uint64_t slice)
{
    struct pg_loop_count *count = &w->shared->loop[w->number];
    uint64_t now = rte_rdtsc(), end = now + slice;

    while (now < end) {
        bool busy = loop_round(w, now, sending);
        uint64_t then = rte_rdtsc();

        count->loops++;
        if (busy) {
            count->busy_cycles += then - now;
        } else {
            count->idle_loops++;
            count->idle_cycles += then - now;
        }
        now = then;
    }
}

static void turn_wait(struct pg_worker *w)
{
    while (w->team > 1 && atomic_load_explicit(&w->shared->turn, memory_order_acquire) != w->number)
        sched_yield();
}

static void turn_pass(struct pg_worker *w)
{
    if (w->team > 1)
        atomic_store_explicit(&w->shared->turn, (w->number + 1) % w->team, memory_order_release);
}

void pg_worker_trial(struct pg_worker *w)
{
    uint64_t slice = SLICE_US * rte_get_tsc_hz() / 1000000;
    bool sending = true;

    trial_start(w);
    for (bool more = true; more;) {
        uint64_t now;

        turn_wait(w);
        slice_run(w, sending, slice);
        now = rte_rdtsc();
        if (sending && sending_ended(w, now)) {
            sending = false;
            sending_stop(w, now);
        }
        if (w->tick != NULL)
            w->tick(w->tick_ctx, now);
        more = sending || !atomic_load_explicit(&w->shared->drained, memory_order_relaxed);
        turn_pass(w);
    }
    trial_stop(w);
}
