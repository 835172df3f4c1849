/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Group commit of the wanted state.
 */
#include "control/saver.h"

#include "base/log.h"
#include "control/store.h"

#include <errno.h>
#include <stdlib.h>

struct waiter {
    STAILQ_ENTRY(waiter) link;
    uint64_t revision;
    saver_done *done;
    void *arg;
};

struct saver {
    struct ctl *ctl;
    STAILQ_HEAD(, waiter) waiters; /* by revision */
    bool busy;
    struct json *json; /* what is being written */
    uint64_t writing, saved;
    struct vsw_err err; /* of the last write */
};

static void save_begin(struct saver *s);

struct saver *saver_new(struct ctl *ctl)
{
    struct saver *s = calloc(1, sizeof(*s));

    if (s == NULL)
        return NULL;
    s->ctl = ctl;
    STAILQ_INIT(&s->waiters);
    return s;
}

void saver_free(struct saver *s)
{
    assert(s == NULL || STAILQ_EMPTY(&s->waiters));
    free(s);
}

static void save_work(void *arg)
{
    struct saver *s = arg;

    s->err = (struct vsw_err){0};
    store_write(s->ctl->options->state_dir, s->json, s->writing, &s->err);
}

static void save_done(void *arg)
{
    struct saver *s = arg;
    struct vsw_err err = s->err;
    uint64_t written = s->writing;

    json_free(s->json);
    s->json = NULL;
    s->busy = false;
    if (err.code == 0)
        s->saved = written;
    else
        log_error("%s", err.msg);
    while (!STAILQ_EMPTY(&s->waiters) && STAILQ_FIRST(&s->waiters)->revision <= written) {
        struct waiter *w = STAILQ_FIRST(&s->waiters);

        STAILQ_REMOVE_HEAD(&s->waiters, link);
        if (w->done != NULL)
            w->done(w->arg, err.code, &err);
        free(w);
    }
    if (!STAILQ_EMPTY(&s->waiters))
        save_begin(s);
}

static void save_begin(struct saver *s)
{
    s->json = api_encode(&api_config_object, &s->ctl->config, API_ENCODE_GIVEN);
    s->writing = s->ctl->revision;
    s->busy = true;
    if (s->json != NULL && helper_run(s->ctl->helper, save_work, save_done, s) == 0)
        return;
    log_error("out of memory");
    abort();
}

void saver_request(struct saver *s, saver_done *done, void *arg)
{
    struct waiter *w = ctl_alloc(1, sizeof(*w));

    *w = (struct waiter){.revision = s->ctl->revision, .done = done, .arg = arg};
    STAILQ_INSERT_TAIL(&s->waiters, w, link);
    if (!s->busy)
        save_begin(s);
}

uint64_t saver_revision(const struct saver *s)
{
    return s->saved;
}

const char *saver_error(const struct saver *s)
{
    return s->busy ? "" : s->err.msg;
}

void saver_loaded(struct saver *s, uint64_t revision)
{
    s->saved = revision;
}

bool saver_idle(const struct saver *s)
{
    return !s->busy;
}
