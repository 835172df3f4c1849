/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the files of a change share. Not for others.
 */
#ifndef CONTROL_CHANGE_STEP_H
#define CONTROL_CHANGE_STEP_H

#include "control/change.h"
#include "control/plan.h"

enum change_kind { CHANGE_EDIT, CHANGE_DOCUMENT, CHANGE_BATCH, CHANGE_RESTORE, CHANGE_RETRY };

/* What happens to one port. */
struct step {
    struct change *change;
    enum api_plan_action action;
    const struct api_port *old, *new; /* rows; old is valid until the commit */
    struct model_options options;     /* of new */
    struct port_guard guard;          /* of new */
    struct port *fresh;               /* prepared; NULL: not yet, or see err */
    bool started;
    bool configured; /* live->options and options have changed places */
    bool was_down;   /* the port of old has been ended */
    struct vsw_err err;
};

struct change {
    TAILQ_ENTRY(change) link;
    struct ctl *ctl;
    enum change_kind kind;
    enum api_method_id method; /* of an edit */
    const void *in;
    struct rpc_call *call;
    struct api_change *out;
    void (*done)(struct ctl *ctl, int rc, const struct vsw_err *err);
    bool dry_run, best_effort, loaded;

    struct api_config next; /* moves to ctl->config at the commit */
    struct model_index index;
    struct plan plan;
    struct step *steps;
    uint32_t step_count;
    bool deferred; /* some added ports wait for others to end */
    bool fdb_changed, committed;
    struct live_dead dead;
    struct vsw_err err;

    unsigned waiting;
    void (*after)(struct change *c);
};

/* Wait: change_wait_for(), then one change_wait() for each thing begun, then change_wake() once;
 * each thing calls change_wake() at its end, and the last one goes on with @after. */
static inline void change_wait_for(struct change *c, void (*after)(struct change *c))
{
    c->after = after;
    c->waiting = 1;
}
/* Goes on waiting since a former change_wait_for(), for something else. */
static inline void change_wait_more(struct change *c, void (*after)(struct change *c))
{
    c->after = after;
}
static inline void change_wait(struct change *c)
{
    c->waiting++;
}
static inline void change_wake(void *arg)
{
    struct change *c = arg;

    if (--c->waiting == 0)
        c->after(c);
}

/* change.c */
void change_finish(struct change *c);

/* change_step.c */
bool change_must_restart(void *arg, const struct api_port *old, const struct api_port *new);
int change_make_steps(struct change *c);
void change_free_steps(struct change *c);
/* From here on the phases call one another, and at last change_finish(). */
void change_run(struct change *c);

/* change_commit.c */
int change_commit(struct change *c);
int change_publish(struct ctl *ctl, const struct api_config *config, struct vsw_err *err);
int change_fdb(struct ctl *ctl, const struct api_config *old, const struct api_config *new,
               struct vsw_err *err);
void change_swap_options(struct live_port *live, struct step *step);
void change_fail_port(struct ctl *ctl, struct live_port *live, const struct vsw_err *err);

/* change_end.c */
void change_remove(struct change *c);
void change_undo(struct change *c);

#endif
