/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The phases of a change up to its commit: prepare, down, remake.
 */
#include "control/change_step.h"

#include "base/clock.h"
#include "control/ports.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- steps ------------------------------------------------------------------------------- */
bool change_must_restart(void *arg, const struct api_port *old, const struct api_port *new)
{
    struct change *c = arg;
    const struct live_port *live = live_port(&c->ctl->live, old->name);
    struct model_options options;
    struct port_guard guard;
    struct port_config config;
    int rc;

    if (live == NULL || live->port == NULL || live->port->type->can_configure == NULL)
        return true;
    if (model_options_decode(new, &c->ctl->env, &options, NULL) < 0)
        return true;
    guard = model_port_guard(&c->next, &c->index, new);
    config = model_port_config(new, &options, &guard);
    rc = live->port->type->can_configure(live->port, &config);
    model_options_free(&options);
    return rc != 0;
}

static int add_step(struct change *c, enum api_plan_action action, const struct api_port *old,
                    const struct api_port *new)
{
    struct step *step = &c->steps[c->step_count];

    *step = (struct step){.change = c, .action = action, .old = old, .new = new};
    if (new != NULL) {
        if (model_options_decode(new, &c->ctl->env, &step->options, &c->err) < 0)
            return -ENOMEM;
        step->guard = model_port_guard(&c->next, &c->index, new);
    }
    c->step_count++;
    return 0;
}

static int add_planned(struct change *c, bool *has_step)
{
    int rc = 0;

    for (uint32_t i = 0; i < c->plan.port_count && rc == 0; i++) {
        const struct plan_port *p = &c->plan.ports[i];
        const struct api_port *old =
            p->old_row == PLAN_ROW_NONE ? NULL : &c->ctl->config.ports.items[p->old_row];
        const struct api_port *new =
            p->new_row == PLAN_ROW_NONE ? NULL : &c->next.ports.items[p->new_row];

        if (new != NULL)
            has_step[p->new_row] = true;
        rc = add_step(c, p->action, old, new);
    }
    return rc;
}

static bool retry_is_due(const struct change *c, const struct live_port *live)
{
    return c->kind == CHANGE_RETRY && live->port == NULL && live->retry_at_ns <= clock_now_ns();
}

/* Ports whose row is the same: a change of a network may change what they may send, and a port that
 * could not be made may be due. */
static int add_unplanned(struct change *c, const bool *has_step)
{
    int rc = 0;

    for (uint32_t i = 0; i < c->next.ports.count && rc == 0; i++) {
        const struct api_port *row = &c->next.ports.items[i];
        const struct live_port *live = has_step[i] ? NULL : live_port(&c->ctl->live, row->name);
        struct port_guard guard;

        if (live == NULL)
            continue;
        if (retry_is_due(c, live)) {
            rc = add_step(c, API_PLAN_RESTART, row, row);
            continue;
        }
        guard = model_port_guard(&c->next, &c->index, row);
        if (live->port != NULL && memcmp(&guard, &live->guard, sizeof(guard)) != 0)
            rc = add_step(c, API_PLAN_CHANGE, row, row);
    }
    return rc;
}

int change_make_steps(struct change *c)
{
    bool *has_step = calloc(c->next.ports.count + 1ul, sizeof(*has_step));
    int rc = -ENOMEM;

    c->steps = calloc(c->plan.port_count + c->next.ports.count + 1ul, sizeof(*c->steps));
    if (has_step != NULL && c->steps != NULL)
        rc = add_planned(c, has_step);
    if (rc == 0)
        rc = add_unplanned(c, has_step);
    free(has_step);
    return rc;
}

void change_free_steps(struct change *c)
{
    for (uint32_t i = 0; i < c->step_count; i++)
        model_options_free(&c->steps[i].options);
    free(c->steps);
}

/* ---- prepare ----------------------------------------------------------------------------- */
static void on_made(void *arg, struct port *port, const struct vsw_err *err)
{
    struct step *step = arg;

    step->fresh = port;
    if (port == NULL)
        step->err = *err;
    change_wake(step->change);
}

static void make(struct step *step)
{
    struct change *c = step->change;

    step->err = (struct vsw_err){0};
    change_wait(c);
    ports_make(c->ctl, step->new, &step->options, &step->guard, c->best_effort, on_made, step);
}

static bool wants_port(const struct step *step)
{
    return step->action == API_PLAN_ADD || step->action == API_PLAN_RESTART;
}

/* The first port that could not be made speaks for all. */
static bool any_missing(struct change *c, struct vsw_err *err)
{
    for (uint32_t i = 0; i < c->step_count; i++) {
        const struct step *step = &c->steps[i];

        if (wants_port(step) && step->fresh == NULL && step->err.code != 0) {
            if (err != NULL && err->code == 0) {
                *err = step->err;
                if (strstr(err->msg, step->new->name) == NULL) {
                    err->code = 0;
                    vsw_err_set(err, step->err.code, step->err.field, "port '%s': %.180s",
                                step->new->name, step->err.msg);
                    vsw_err_hint(err, "%s", step->err.hint);
                }
            }
            return true;
        }
    }
    return false;
}

static void go_to_commit(struct change *c)
{
    if ((!c->best_effort && any_missing(c, &c->err)) || change_commit(c) < 0)
        change_undo(c);
    else
        change_remove(c);
}

/* ---- down and remake --------------------------------------------------------------------- */
static void remake(struct change *c)
{
    change_wait_for(c, go_to_commit);
    for (uint32_t i = 0; i < c->step_count; i++) {
        struct step *step = &c->steps[i];

        if (step->action == API_PLAN_RESTART ||
            (step->action == API_PLAN_ADD && step->fresh == NULL && c->deferred))
            make(step);
    }
    change_wake(c);
}

static bool goes_down(const struct change *c, const struct step *step)
{
    const struct live_port *live;

    if (step->action != API_PLAN_RESTART && !(step->action == API_PLAN_REMOVE && c->deferred))
        return false;
    live = live_port(&c->ctl->live, step->old->name);
    return live != NULL && live->port != NULL;
}

/* Takes the ports out of the published description; then they may end. */
static uint32_t take_down(struct change *c, struct port **ports)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < c->step_count; i++) {
        struct live_port *live;

        ports[i] = NULL;
        if (!goes_down(c, &c->steps[i]))
            continue;
        live = live_port(&c->ctl->live, c->steps[i].old->name);
        ports[i] = live->port;
        live->port = NULL;
        count++;
    }
    return count;
}

static void put_back(struct change *c, struct port *const *ports)
{
    for (uint32_t i = 0; i < c->step_count; i++) {
        if (ports[i] != NULL)
            live_port(&c->ctl->live, c->steps[i].old->name)->port = ports[i];
    }
}

static void end_ports(struct change *c, struct port *const *ports)
{
    change_wait_for(c, remake);
    for (uint32_t i = 0; i < c->step_count; i++) {
        struct step *step = &c->steps[i];
        bool remove = step->action == API_PLAN_REMOVE;

        if (ports[i] == NULL)
            continue;
        step->was_down = true;
        change_wait(c);
        ports_end(c->ctl, ports[i], PORTS_STARTED | (remove ? PORTS_REMOVE : PORTS_KEEP),
                  change_wake, c);
    }
    change_wake(c);
}

static void down(struct change *c)
{
    struct port **ports = ctl_alloc(c->step_count + 1ul, sizeof(*ports));

    if (take_down(c, ports) == 0) {
        remake(c);
    } else if (change_publish(c->ctl, &c->ctl->config, &c->err) < 0) {
        put_back(c, ports);
        change_undo(c);
    } else {
        end_ports(c, ports);
    }
    free(ports);
}

static bool frees_something(const struct change *c)
{
    for (uint32_t i = 0; i < c->step_count; i++) {
        if (c->steps[i].action == API_PLAN_RESTART || c->steps[i].action == API_PLAN_REMOVE)
            return true;
    }
    return false;
}

static void after_prepare(struct change *c)
{
    struct vsw_err err = {0};

    /* What an added port needs may be held by a port that is about to go. */
    if (any_missing(c, &err)) {
        c->deferred = frees_something(c);
        if (!c->deferred && !c->best_effort) {
            c->err = err;
            change_undo(c);
            return;
        }
    }
    down(c);
}

void change_run(struct change *c)
{
    change_wait_for(c, after_prepare);
    for (uint32_t i = 0; i < c->step_count; i++) {
        if (c->steps[i].action == API_PLAN_ADD)
            make(&c->steps[i]);
    }
    change_wake(c);
}
