/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Making and ending ports, each as a chain of steps that never waits.
 */
#include "control/ports.h"

#include "base/log.h"
#include "control/host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void *ctl_alloc(size_t count, size_t bytes)
{
    void *p = calloc(count, bytes);

    if (p != NULL)
        return p;
    log_error("out of memory");
    abort();
}

static void run_or_die(struct ctl *ctl, void (*work)(void *arg), void (*done)(void *arg), void *arg)
{
    if (helper_run(ctl->helper, work, done, arg) == 0)
        return;
    log_error("out of memory");
    abort();
}

/* ---- making ------------------------------------------------------------------------------ */
struct making {
    struct ctl *ctl;
    const struct port_type *type;
    struct port_config config;
    struct port_guard guard;
    struct port *port;
    struct vsw_err err;
    void (*done)(void *arg, struct port *port, const struct vsw_err *err);
    void *arg;
};

static void make_work(void *arg)
{
    struct making *m = arg;
    struct port *port = NULL;
    int rc = m->type->prepare(host_of_ports(m->ctl->host), &m->config, &port, &m->err);

    if (rc == 0)
        m->port = port;
    else
        vsw_err_set(&m->err, rc, NULL, "port '%s' cannot be made: %s", m->config.name,
                    strerrordesc_np(-rc));
}

static void make_done(void *arg)
{
    struct making *m = arg;

    m->done(m->arg, m->port, &m->err);
    free(m);
}

void ports_make(struct ctl *ctl, const struct api_port *row, const struct model_options *options,
                const struct port_guard *guard, bool accepted,
                void (*done)(void *arg, struct port *port, const struct vsw_err *err), void *arg)
{
    struct making *m = ctl_alloc(1, sizeof(*m));

    m->ctl = ctl;
    m->type = options->type;
    m->guard = *guard;
    m->config = model_port_config(row, options, &m->guard);
    m->config.accepted = accepted;
    m->done = done;
    m->arg = arg;
    run_or_die(ctl, make_work, make_done, m);
}

int ports_start(struct ctl *ctl, struct live_port *live, struct port *port, struct vsw_err *err)
{
    int rc = dp_port_attach(ctl->dp, port, live->number);

    if (rc < 0)
        return vsw_err_set(err, rc, NULL, "port '%s' cannot be attached: %s", live->name,
                           strerrordesc_np(-rc));
    ctl->live.attached[live->number] = port;
    live->port = port; /* the type may raise events from inside start */
    rc = port->type->start(port, err);
    if (rc == 0)
        return 0;
    live->port = NULL;
    return vsw_err_set(err, rc, NULL, "port '%s' cannot be started: %s", live->name,
                       strerrordesc_np(-rc));
}

/* ---- ending: stop, detach, grace period, destroy ----------------------------------------- */
struct ending {
    struct ctl *ctl;
    struct port *port;
    unsigned flags;
    void (*done)(void *arg);
    void *arg;
};

static void end_destroy(void *arg)
{
    struct ending *e = arg;

    e->port->type->destroy(e->port, e->flags & PORTS_REMOVE);
}

static void end_done(void *arg)
{
    struct ending e = *(struct ending *)arg;

    free(arg);
    if (e.done != NULL)
        e.done(e.arg);
}

static void end_retired(void *arg)
{
    struct ending *e = arg;

    run_or_die(e->ctl, end_destroy, end_done, e);
}

static void end_stopped(void *arg)
{
    struct ending *e = arg;

    e->ctl->live.attached[e->port->index] = NULL;
    dp_port_detach(e->ctl->dp, e->port);
    dp_retire(e->ctl->dp, end_retired, e);
}

void ports_end(struct ctl *ctl, struct port *port, unsigned flags, void (*done)(void *arg),
               void *arg)
{
    struct ending *e = ctl_alloc(1, sizeof(*e));

    *e = (struct ending){ctl, port, flags, done, arg};
    if (flags & PORTS_STARTED)
        port->type->stop(port, end_stopped, e);
    else if (live_is_attached(&ctl->live, port))
        end_stopped(e);
    else
        run_or_die(ctl, end_destroy, end_done, e);
}
