/* SPDX-License-Identifier: BSD-3-Clause
 *
 * After the commit: what is no longer wanted ends, queues go to their workers. And instead of it:
 * undo. Both give numbers back when no worker can know them any more.
 */
#include "base/clock.h"
#include "base/log.h"
#include "control/capture.h"
#include "control/change_step.h"
#include "control/ports.h"

#include <stdlib.h>

/* ---- numbers ----------------------------------------------------------------------------- */
struct release {
    struct ctl *ctl;
    struct live_dead dead;
};

static void flush_dead(struct ctl *ctl, const struct live_dead *dead)
{
    for (uint32_t i = 0; i < dead->port_count; i++)
        dp_fdb_flush(ctl->dp, &(struct dp_fdb_filter){.domain = DP_NONE,
                                                      .port = dead->ports[i]->number,
                                                      .tenant = DP_NONE,
                                                      .also_static = true});
    for (uint32_t i = 0; i < dead->domain_count; i++)
        dp_fdb_flush(ctl->dp, &(struct dp_fdb_filter){.domain = dead->domains[i]->number,
                                                      .port = DP_NONE,
                                                      .tenant = DP_NONE,
                                                      .also_static = true});
}

/* Once more: what a worker learned before the grace period may have come in since. */
static void on_retired(void *arg)
{
    struct release *r = arg;

    flush_dead(r->ctl, &r->dead);
    for (uint32_t i = 0; i < r->dead.tenant_count; i++)
        dp_tenant_forget(r->ctl->dp, r->dead.tenants[i]->number);
    live_release(&r->ctl->live, &r->dead);
    free(r);
}

/* The ports of what is forgotten have ended; nobody waits for the numbers. */
static void release_later(struct ctl *ctl, const struct live_dead *dead)
{
    struct release *r;

    if (dead->port_count + dead->tenant_count + dead->domain_count == 0) {
        struct live_dead none = *dead;

        live_release(&ctl->live, &none);
        return;
    }
    for (uint32_t i = 0; i < dead->port_count; i++)
        captures_port_gone(ctl->captures, dead->ports[i]->number);
    r = ctl_alloc(1, sizeof(*r));
    *r = (struct release){ctl, *dead};
    flush_dead(ctl, dead);
    dp_retire(ctl->dp, on_retired, r);
}

/* Everything that is not in the document in force; driven by names, so nothing can leak. */
static bool forget(struct ctl *ctl, struct live_dead *ret_dead)
{
    if (live_forget(&ctl->live, &ctl->config, ret_dead) == 0)
        return true;
    log_error("no memory to give numbers back; the next change does it");
    return false;
}

/* ---- retries ----------------------------------------------------------------------------- */
static void set_retry(struct ctl *ctl)
{
    uint64_t first = UINT64_MAX;

    for (uint32_t i = 0; i < ctl->live.max_ports; i++) {
        const struct live_port *live = ctl->live.ports[i];

        if (live != NULL && !live->dying && live->port == NULL && live->retry_at_ns != 0)
            first = u64_min(first, live->retry_at_ns);
    }
    if (ctl->retry != NULL)
        loop_timer_set(ctl->retry, first);
}

static void finish(struct change *c)
{
    set_retry(c->ctl);
    change_finish(c);
}

/* ---- placing ----------------------------------------------------------------------------- */
static void place(struct change *c)
{
    struct ctl *ctl = c->ctl;

    change_wait_for(c, finish);
    for (uint32_t i = 0; i < ctl->config.placements.count; i++) {
        const struct api_placement *row = &ctl->config.placements.items[i];
        const struct live_port *live = live_port(&ctl->live, row->port);

        if (live == NULL || live->port == NULL || row->queue >= live->port->queue_pairs ||
            row->worker >= ctl->options->workers ||
            dp_queue_worker(ctl->dp, live->port, (uint16_t)row->queue) == row->worker)
            continue;
        change_wait(c);
        if (dp_queue_move(ctl->dp, live->port, (uint16_t)row->queue, (uint16_t)row->worker,
                          change_wake, c) < 0)
            c->waiting--;
    }
    change_wake(c);
}

/* ---- removing ---------------------------------------------------------------------------- */
static void removed(struct change *c)
{
    release_later(c->ctl, &c->dead);
    c->dead = (struct live_dead){0};
    place(c);
}

void change_remove(struct change *c)
{
    change_wait_more(c, removed); /* change_commit() has begun to wait */
    if (forget(c->ctl, &c->dead)) {
        for (uint32_t i = 0; i < c->dead.port_count; i++) {
            struct port *port = c->dead.ports[i]->port;

            if (port == NULL)
                continue;
            c->dead.ports[i]->port = NULL;
            change_wait(c);
            ports_end(c->ctl, port, PORTS_STARTED | PORTS_REMOVE, change_wake, c);
        }
    }
    change_wake(c);
}

/* ---- undoing ----------------------------------------------------------------------------- */
static void undone(struct change *c)
{
    struct ctl *ctl = c->ctl;
    struct vsw_err ignored = {0};
    struct live_dead dead;
    bool any = false;

    for (uint32_t i = 0; i < c->step_count; i++) {
        struct step *step = &c->steps[i];
        struct live_port *live;

        if (!step->was_down)
            continue;
        any = true;
        live = live_port(&ctl->live, step->old->name);
        if (step->fresh != NULL && ports_start(ctl, live, step->fresh, &step->err) == 0)
            continue;
        if (step->fresh != NULL)
            ports_end(ctl, step->fresh, PORTS_KEEP, NULL, NULL);
        change_fail_port(ctl, live, &step->err);
    }
    if (any && change_publish(ctl, &ctl->config, &ignored) < 0)
        log_error("cannot go back to the former description: %s", ignored.msg);
    if (forget(ctl, &dead))
        release_later(ctl, &dead);
    place(c);
}

static void on_remade(void *arg, struct port *port, const struct vsw_err *err)
{
    struct step *step = arg;

    step->fresh = port;
    step->err = port == NULL ? *err : (struct vsw_err){0};
    change_wake(step->change);
}

static void make_old(struct change *c)
{
    change_wait_for(c, undone);
    for (uint32_t i = 0; i < c->step_count; i++) {
        struct step *step = &c->steps[i];
        struct live_port *live;

        step->fresh = NULL;
        if (!step->was_down)
            continue;
        live = live_port(&c->ctl->live, step->old->name);
        change_wait(c);
        ports_make(c->ctl, step->old, &live->options, &live->guard, true, on_remade, step);
    }
    change_wake(c);
}

static void unconfigure(struct change *c)
{
    for (uint32_t i = 0; i < c->step_count; i++) {
        struct step *step = &c->steps[i];
        struct live_port *live;
        struct port_config config;
        struct vsw_err err = {0};

        if (!step->configured)
            continue;
        /* The step holds the former options and guard since the two changed places. */
        live = live_port(&c->ctl->live, step->old->name);
        config = model_port_config(step->old, &step->options, &step->guard);
        if (live->port->type->configure(live->port, &config, &err) < 0)
            log_error("port %s does not take its former settings back: %s", live->name, err.msg);
        change_swap_options(live, step);
    }
}

void change_undo(struct change *c)
{
    struct ctl *ctl = c->ctl;
    struct vsw_err ignored = {0};

    unconfigure(c);
    if (c->fdb_changed && change_fdb(ctl, &c->next, &ctl->config, &ignored) < 0)
        log_error("cannot restore the static FDB entries: %s", ignored.msg);
    /* A commit that failed may still be waiting for ports it had to discard. */
    if (c->waiting == 0)
        change_wait_for(c, make_old);
    else
        change_wait_more(c, make_old);
    for (uint32_t i = 0; i < c->step_count; i++) {
        struct step *step = &c->steps[i];
        unsigned flags = (step->started ? PORTS_STARTED : 0u) |
                         (step->action == API_PLAN_ADD ? PORTS_REMOVE : 0u);

        if (step->fresh == NULL)
            continue;
        if (step->started)
            live_port(&ctl->live, step->new->name)->port = NULL;
        change_wait(c);
        ports_end(ctl, step->fresh, flags, change_wake, c);
    }
    change_wake(c);
}
