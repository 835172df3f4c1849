/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The queue of changes, their beginning and their answer.
 */
#include "control/change.h"

#include "base/clock.h"
#include "base/log.h"
#include "control/change_step.h"
#include "control/edit.h"
#include "control/saver.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void begin_next(void *arg);

bool change_idle(const struct ctl *ctl)
{
    return TAILQ_EMPTY(&ctl->changes);
}

/* ---- the new document -------------------------------------------------------------------- */
static int make_batch_item(struct change *c, const struct api_batch_item *item)
{
    const struct api_method *method = api_method_find(item->method);
    enum api_decode_mode mode;
    void *in;
    int rc;

    if (method == NULL || !(method->flags & API_M_EDIT))
        return vsw_err_set(&c->err, -EINVAL, "method", "'%s' is no method that edits",
                           item->method);
    mode = method->flags & API_M_PARTIAL ? API_DECODE_PARTIAL : API_DECODE_PARAMS;
    in = calloc(1, method->params->size);
    if (in == NULL)
        return vsw_err_set(&c->err, -ENOMEM, NULL, "no memory for the batch");
    rc = api_decode(method->params, item->params, mode, in, &c->err);
    if (rc == 0) {
        rc = edit_apply((enum api_method_id)(method - api_methods), &c->next, in, &c->err);
        api_free(method->params, in);
    }
    free(in);
    return rc;
}

static int make_batch(struct change *c)
{
    const struct api_batch *batch = c->in;

    for (uint32_t i = 0; i < batch->requests.count; i++) {
        struct vsw_err inner;
        int rc = make_batch_item(c, &batch->requests.items[i]);

        if (rc == 0)
            continue;
        inner = c->err;
        c->err = (struct vsw_err){0};
        vsw_err_set(&c->err, rc, inner.field, "request %u (%s): %.180s", i + 1,
                    batch->requests.items[i].method, inner.msg);
        vsw_err_hint(&c->err, "%s", inner.hint);
        return rc;
    }
    return 0;
}

static int make_next(struct change *c)
{
    const struct api_config *from = &c->ctl->config;

    if (c->kind == CHANGE_RESTORE)
        return 0;
    if (c->kind == CHANGE_DOCUMENT)
        from = &((const struct api_apply *)c->in)->config;
    if (api_copy(&api_config_object, from, &c->next) < 0)
        return vsw_err_set(&c->err, -ENOMEM, NULL, "no memory for the change");
    if (c->kind == CHANGE_EDIT)
        return edit_apply(c->method, &c->next, c->in, &c->err);
    return c->kind == CHANGE_BATCH ? make_batch(c) : 0;
}

/* A single command has no document: its errors name the field alone. */
static void shorten_path(struct vsw_err *err)
{
    char *dot = strstr(err->field, "].");

    if (dot != NULL)
        memmove(err->field, dot + 2, strlen(dot + 2) + 1);
}

static int check_next(struct change *c)
{
    struct model_env env = c->ctl->env;
    int rc;

    /* A saved document may come from a start with more workers. */
    if (c->kind == CHANGE_RESTORE)
        env.workers = 0;
    rc = model_check(&c->next, &env, &c->err);
    if (rc < 0 && c->kind == CHANGE_EDIT)
        shorten_path(&c->err);
    return rc;
}

/* Only the running port knows how many queues it has. */
static int check_queues(struct change *c)
{
    for (uint32_t i = 0; i < c->next.placements.count && !c->best_effort; i++) {
        const struct api_placement *row = &c->next.placements.items[i];
        const struct live_port *live = live_port(&c->ctl->live, row->port);

        if (live != NULL && live->port != NULL && row->queue >= live->port->queue_pairs)
            return vsw_err_set(&c->err, -ERANGE, "queue", "port '%s' has queues 0 to %u", row->port,
                               live->port->queue_pairs - 1);
    }
    return 0;
}

static int begin(struct change *c)
{
    int rc = make_next(c);

    if (rc == 0)
        rc = check_next(c);
    if (rc == 0)
        rc = check_queues(c);
    if (rc == 0 && (model_index_build(&c->next, &c->index) < 0 ||
                    plan_make(&c->ctl->config, &c->next, change_must_restart, c, &c->plan) < 0))
        rc = vsw_err_set(&c->err, -ENOMEM, NULL, "no memory for the plan");
    if (rc == 0 && !c->dry_run && change_make_steps(c) < 0)
        rc = vsw_err_set(&c->err, -ENOMEM, NULL, "no memory for the change");
    return rc;
}

/* ---- the answer -------------------------------------------------------------------------- */
static void change_free(struct change *c)
{
    change_free_steps(c);
    plan_free(&c->plan);
    model_index_free(&c->index);
    api_free(&api_config_object, &c->next);
    free(c);
}

static void answer(struct change *c, int rc, const struct vsw_err *err)
{
    if (c->call != NULL && rc == 0) {
        c->out->revision = c->ctl->revision;
        c->out->plan.items = c->plan.text.plan.items;
        c->out->plan.count = c->plan.text.plan.count;
        c->plan.text.plan.items = NULL;
        c->plan.text.plan.count = 0;
    }
    if (c->call != NULL)
        rpc_call_answer(c->call, rc, err);
    if (c->done != NULL)
        c->done(c->ctl, rc, err);
    change_free(c);
}

static void on_saved(void *arg, int rc, const struct vsw_err *err)
{
    struct vsw_err text = {0};

    if (rc < 0) {
        vsw_err_set(&text, rc, NULL, "the change is in force but not saved: %.200s", err->msg);
        vsw_err_hint(&text, "make room or mend the folder, then `vswitchctl config save`");
    }
    answer(arg, rc, &text);
}

static void report(const struct change *c)
{
    for (uint32_t i = 0; i < c->plan.text.plan.count; i++) {
        const struct api_plan_row *row = &c->plan.text.plan.items[i];

        ctl_event(c->ctl, row->object, row->name, "%s%s%s",
                  api_enum_name(&api_plan_action_enum, row->action),
                  row->text[0] != '\0' ? ": " : "", row->text);
    }
}

void change_finish(struct change *c)
{
    struct ctl *ctl = c->ctl;
    bool save = c->committed && !plan_is_empty(&c->plan) && !c->loaded && ctl->options->save;

    TAILQ_REMOVE(&ctl->changes, c, link);
    if (c->committed)
        report(c);
    if (!TAILQ_EMPTY(&ctl->changes) && loop_defer(ctl->loop, begin_next, ctl) < 0) {
        log_error("out of memory");
        abort();
    }
    if (save)
        saver_request(ctl->saver, on_saved, c);
    else
        answer(c, c->err.code, &c->err);
}

/* ---- the queue --------------------------------------------------------------------------- */
static void begin_next(void *arg)
{
    struct ctl *ctl = arg;
    struct change *c = TAILQ_FIRST(&ctl->changes);

    if (begin(c) < 0 || c->dry_run || (c->step_count == 0 && plan_is_empty(&c->plan)))
        change_finish(c);
    else
        change_run(c);
}

/* The answer never comes from inside the handler: an idle queue starts a turn later. */
static int submit(struct change *c)
{
    bool idle = change_idle(c->ctl);

    if (idle && loop_defer(c->ctl->loop, begin_next, c->ctl) < 0)
        return -ENOMEM;
    TAILQ_INSERT_TAIL(&c->ctl->changes, c, link);
    return 0;
}

static int submit_call(struct rpc_call *call, enum change_kind kind, enum api_method_id method,
                       const void *in, bool dry_run, struct api_change *out, struct vsw_err *err)
{
    struct ctl *ctl = rpc_call_context(call);
    struct change *c = calloc(1, sizeof(*c));

    if (c != NULL)
        *c = (struct change){.ctl = ctl,
                             .kind = kind,
                             .method = method,
                             .in = in,
                             .call = call,
                             .out = out,
                             .dry_run = dry_run};
    if (ctl->stopping || c == NULL || submit(c) < 0) {
        free(c);
        return ctl->stopping ? vsw_err_set(err, -ESHUTDOWN, NULL, "vswitchd is stopping")
                             : vsw_err_set(err, -ENOMEM, NULL, "no memory for the change");
    }
    return API_PENDING;
}

int change_edit(struct rpc_call *call, enum api_method_id method, const void *in,
                struct api_change *out, struct vsw_err *err)
{
    return submit_call(call, CHANGE_EDIT, method, in, false, out, err);
}

int change_document(struct rpc_call *call, const struct api_apply *in, struct api_change *out,
                    struct vsw_err *err)
{
    return submit_call(call, CHANGE_DOCUMENT, API_METHOD_config_apply, in, in->dry_run, out, err);
}

int change_batch(struct rpc_call *call, const struct api_batch *in, struct api_change *out,
                 struct vsw_err *err)
{
    return submit_call(call, CHANGE_BATCH, API_METHOD_batch_run, in, in->dry_run, out, err);
}

int change_restore(struct ctl *ctl, struct api_config *config, unsigned flags,
                   void (*done)(struct ctl *ctl, int rc, const struct vsw_err *err))
{
    struct change *c = calloc(1, sizeof(*c));

    if (c != NULL)
        *c = (struct change){.ctl = ctl,
                             .kind = CHANGE_RESTORE,
                             .best_effort = flags & CHANGE_BEST_EFFORT,
                             .loaded = flags & CHANGE_LOADED,
                             .done = done,
                             .next = *config};
    if (c == NULL || submit(c) < 0) {
        api_free(&api_config_object, config);
        free(c);
        return -ENOMEM;
    }
    return 0;
}

void change_retry(void *arg)
{
    struct ctl *ctl = arg;
    struct change *c;

    /* A change under way sets the timer again at its end. */
    if (ctl->stopping || !change_idle(ctl))
        return;
    c = calloc(1, sizeof(*c));
    if (c != NULL)
        *c = (struct change){.ctl = ctl, .kind = CHANGE_RETRY, .best_effort = true};
    if (c == NULL || submit(c) < 0)
        free(c);
}
