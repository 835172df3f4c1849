/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The commit of a change: everything here happens in one turn of the loop, and what fails is
 * undone by change_undo().
 */
#include "base/clock.h"
#include "base/log.h"
#include "control/change_step.h"
#include "control/ports.h"
#include "control/spec.h"

#include <errno.h>
#include <string.h>

#define RETRY_FIRST_NS NS_PER_SEC
#define RETRY_LAST_NS  (30 * NS_PER_SEC)

int change_publish(struct ctl *ctl, const struct api_config *config, struct vsw_err *err)
{
    struct spec spec;
    int rc = spec_make(config, &ctl->live, &spec);

    if (rc == 0) {
        rc = dp_publish(ctl->dp, &spec.dp);
        spec_free(&spec);
    }
    if (rc < 0)
        return vsw_err_set(err, rc, NULL, "no memory for the new description");
    return 0;
}

/* ---- static FDB entries ------------------------------------------------------------------ */
static uint32_t find_entry(const struct namemap *map, const struct api_fdb_entry *e)
{
    return namemap_get(map, e->tenant, e->network, mac_to_u64(e->mac.b));
}

static int index_fdb(const struct api_config *config, struct namemap *ret_map)
{
    if (namemap_init(ret_map, config->fdb.count) < 0)
        return -ENOMEM;
    for (uint32_t i = 0; i < config->fdb.count; i++) {
        const struct api_fdb_entry *e = &config->fdb.items[i];

        namemap_put(ret_map, e->tenant, e->network, mac_to_u64(e->mac.b), i);
    }
    return 0;
}

static void remove_entries(struct ctl *ctl, const struct api_config *old,
                           const struct api_config *new, const struct namemap *in_new)
{
    for (uint32_t i = 0; i < old->fdb.count; i++) {
        const struct api_fdb_entry *e = &old->fdb.items[i];
        uint32_t j = find_entry(in_new, e);
        const struct live_name *domain = live_domain(&ctl->live, e->tenant, e->network);

        if (domain != NULL && (j == NAMEMAP_NONE || strcmp(new->fdb.items[j].port, e->port) != 0))
            dp_fdb_del(ctl->dp, domain->number, &e->mac);
    }
}

static int add_entries(struct ctl *ctl, const struct api_config *old, const struct api_config *new,
                       const struct namemap *in_old, struct vsw_err *err)
{
    for (uint32_t i = 0; i < new->fdb.count; i++) {
        const struct api_fdb_entry *e = &new->fdb.items[i];
        uint32_t j = find_entry(in_old, e);
        char text[MAC_TEXT_LEN];
        int rc;

        if (j != NAMEMAP_NONE && strcmp(old->fdb.items[j].port, e->port) == 0)
            continue;
        rc = dp_fdb_add(ctl->dp, live_domain(&ctl->live, e->tenant, e->network)->number, &e->mac,
                        live_port(&ctl->live, e->port)->number);
        if (rc < 0)
            return vsw_err_set(err, rc, "mac", "no room in the FDB for %s: %s",
                               mac_format(&e->mac, text), strerrordesc_np(-rc));
    }
    return 0;
}

int change_fdb(struct ctl *ctl, const struct api_config *old, const struct api_config *new,
               struct vsw_err *err)
{
    struct namemap in_old = {0}, in_new = {0};
    int rc = 0;

    if (index_fdb(old, &in_old) < 0 || index_fdb(new, &in_new) < 0)
        rc = vsw_err_set(err, -ENOMEM, NULL, "no memory for the FDB");
    if (rc == 0) {
        remove_entries(ctl, old, new, &in_new);
        rc = add_entries(ctl, old, new, &in_old, err);
    }
    namemap_free(&in_old);
    namemap_free(&in_new);
    return rc;
}

/* ---- ports ------------------------------------------------------------------------------- */
static void on_discarded(void *arg)
{
    change_wake(arg);
}

/* A port that cannot be started at the restore is like one that cannot be made. */
static void discard(struct step *step, const struct vsw_err *err)
{
    step->err = *err;
    change_wait(step->change);
    ports_end(step->change->ctl, step->fresh, PORTS_KEEP, on_discarded, step->change);
    step->fresh = NULL;
}

static int start_fresh(struct change *c)
{
    for (uint32_t i = 0; i < c->step_count; i++) {
        struct step *step = &c->steps[i];
        struct live_port *live;
        struct vsw_err err = {0};

        if (step->fresh == NULL)
            continue;
        live = live_port(&c->ctl->live, step->new->name);
        if (ports_start(c->ctl, live, step->fresh, &err) == 0) {
            step->started = true;
        } else if (c->best_effort) {
            discard(step, &err);
        } else {
            c->err = err;
            return err.code;
        }
    }
    return 0;
}

void change_swap_options(struct live_port *live, struct step *step)
{
    struct model_options options = live->options;
    struct port_guard guard = live->guard;

    live->options = step->options;
    live->guard = step->guard;
    step->options = options;
    step->guard = guard;
}

static int configure(struct change *c)
{
    for (uint32_t i = 0; i < c->step_count; i++) {
        struct step *step = &c->steps[i];
        struct live_port *live;
        struct port_config config;
        int rc;

        if (step->action != API_PLAN_CHANGE)
            continue;
        live = live_port(&c->ctl->live, step->new->name);
        config = model_port_config(step->new, &step->options, &step->guard);
        rc = live->port->type->configure(live->port, &config, &c->err);
        if (rc < 0)
            return vsw_err_set(&c->err, rc, NULL, "port '%s' refuses the change: %s", live->name,
                               strerrordesc_np(-rc));
        change_swap_options(live, step);
        step->configured = true;
    }
    return 0;
}

void change_fail_port(struct ctl *ctl, struct live_port *live, const struct vsw_err *err)
{
    uint64_t delay_ns = RETRY_FIRST_NS << (live->retries < 5 ? live->retries : 5);

    /* Once in the log; the port shows the latest reason. */
    if (live->retries == 0 || strcmp(live->error.msg, err->msg) != 0)
        log_warn("port %s is not in service: %s%s%s", live->name, err->msg,
                 err->hint[0] != '\0' ? "; " : "", err->hint);
    if (live->retries == 0)
        ctl_event(ctl, "port", live->name, "error: %s", err->msg);
    live->error = *err;
    live->error_count++;
    live->retries++;
    live->retry_at_ns = clock_now_ns() + u64_min(delay_ns, RETRY_LAST_NS);
    if (ctl->retry != NULL)
        loop_timer_set(ctl->retry, clock_now_ns() + RETRY_FIRST_NS);
}

static void settle_ports(struct change *c)
{
    for (uint32_t i = 0; i < c->step_count; i++) {
        struct step *step = &c->steps[i];
        struct live_port *live;

        if (step->action != API_PLAN_ADD && step->action != API_PLAN_RESTART)
            continue;
        live = live_port(&c->ctl->live, step->new->name);
        if (!step->started) {
            change_fail_port(c->ctl, live, &step->err);
            continue;
        }
        change_swap_options(live, step);
        if (live->retries > 0)
            log_info("port %s is in service", live->name);
        live->error = (struct vsw_err){0};
        live->retries = 0;
        live->retry_at_ns = 0;
    }
}

/* ---- the commit -------------------------------------------------------------------------- */
static int bring_into_force(struct change *c)
{
    struct ctl *ctl = c->ctl;
    int rc = live_adopt(&ctl->live, &c->next);

    if (rc < 0)
        return vsw_err_set(&c->err, rc, NULL,
                           rc == -ENOSPC ? "removed objects still hold their numbers; try again"
                                         : "no memory for the change");
    rc = start_fresh(c);
    if (rc == 0)
        rc = configure(c);
    if (rc == 0) {
        c->fdb_changed = true;
        rc = change_fdb(ctl, &ctl->config, &c->next, &c->err);
    }
    return rc == 0 ? change_publish(ctl, &c->next, &c->err) : rc;
}

int change_commit(struct change *c)
{
    struct ctl *ctl = c->ctl;
    struct api_config old = ctl->config;
    int rc;

    /* change_remove() waits on for what start_fresh() may have to discard. */
    change_wait_for(c, NULL);
    rc = bring_into_force(c);
    if (rc < 0)
        return rc;
    settle_ports(c);
    ctl->config = c->next;
    c->next = (struct api_config){0};
    api_free(&api_config_object, &old);
    if (!plan_is_empty(&c->plan) && !c->loaded)
        ctl->revision++;
    c->committed = true;
    return 0;
}
