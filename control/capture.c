/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/capture.h"

#include "base/clock.h"
#include "control/capture_writer.h"
#include "control/handlers.h"
#include "control/version.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/* A writer that is stuck in the kernel does not hold up the end of the daemon for longer. */
#define END_PATIENCE_NS (3 * NS_PER_SEC)

struct capture {
    LIST_ENTRY(capture) link;
    struct captures *captures;
    uint32_t id;
    uint16_t port;
    char name[API_NAME_SIZE]; /* of the port */
    struct dp_capture *dp;
    struct capture_writer *writer;
    struct loop_watch *watch;

    struct rpc_conn *conn; /* NULL: it hung up */
    struct rpc_hook hook;
    struct rpc_call *start, *stop; /* that wait for an answer */
    struct api_capture_status *start_out, *stop_out;

    bool attached;     /* workers fill it, or may do so until the grace period ends */
    bool ending;       /* see `reason` */
    bool writer_ended; /* nothing reads it */
    char reason[160];
};

struct captures {
    struct ctl *ctl;
    LIST_HEAD(, capture) list;
    uint32_t count, last_id;
    uint64_t end_by_ns; /* 0 = the daemon runs on */
};

struct captures *captures_new(struct ctl *ctl)
{
    struct captures *captures = calloc(1, sizeof(*captures));

    if (captures != NULL)
        captures->ctl = ctl;
    return captures;
}

/* ---- ending ------------------------------------------------------------------------------ */

static void fill_status(const struct capture *c, struct api_capture_status *out)
{
    out->id = c->id;
    snprintf(out->port, sizeof(out->port), "%s", c->name);
    out->captured_pkts = capture_writer_pkts(c->writer);
    out->missed_pkts = dp_capture_missed(c->dp);
    snprintf(out->reason, sizeof(out->reason), "%s", c->reason);
}

static void capture_free(struct capture *c)
{
    LIST_REMOVE(c, link);
    c->captures->count--;
    if (c->conn != NULL)
        rpc_conn_unhook(c->conn, &c->hook);
    loop_watch_free(c->watch);
    if (capture_writer_free(c->writer))
        dp_capture_free(c->dp);
    free(c);
}

static void tell_end(const struct capture *c)
{
    struct api_capture_status status;

    ctl_event(c->captures->ctl, "capture", c->name, "capture %u ended: %s", c->id, c->reason);
    if (c->conn == NULL)
        return;
    api_init(&api_capture_status_object, &status);
    fill_status(c, &status);
    rpc_conn_notify(c->conn, "capture.end",
                    api_encode(&api_capture_status_object, &status, API_ENCODE_ALL));
}

static void answer_start(struct capture *c, int rc, const struct vsw_err *err)
{
    struct rpc_call *call = c->start;

    c->start = NULL;
    if (call == NULL)
        return;
    fill_status(c, c->start_out);
    rpc_call_answer(call, rc, err);
}

static void answer_stop(struct capture *c)
{
    struct rpc_call *call = c->stop;

    c->stop = NULL;
    if (call == NULL)
        return;
    fill_status(c, c->stop_out);
    rpc_call_answer(call, 0, NULL);
}

/* Over when neither a worker nor the writer has it any more. */
static void look(struct capture *c)
{
    const struct vsw_err *err = capture_writer_error(c->writer);

    if (!c->ending || !c->writer_ended || c->attached || c->captures == NULL)
        return;
    if (c->start != NULL) {
        answer_start(c, err->code != 0 ? err->code : -ECANCELED, err);
    } else {
        tell_end(c); /* may end the connection */
        answer_stop(c);
    }
    capture_free(c);
}

static void on_let_go(void *arg)
{
    struct capture *c = arg;

    c->attached = false;
    capture_writer_finish(c->writer);
    look(c);
}

/* The first reason is the one that counts. May free @c. */
static void capture_end(struct capture *c, const char *reason)
{
    if (c->ending)
        return;
    c->ending = true;
    snprintf(c->reason, sizeof(c->reason), "%s", reason);
    if (c->attached)
        dp_capture_detach(c->captures->ctl->dp, c->dp, on_let_go, c);
    else
        capture_writer_finish(c->writer);
    look(c);
}

static void on_closed(struct rpc_hook *hook)
{
    struct capture *c = container_of(hook, struct capture, hook);

    c->conn = NULL;
    answer_start(c, -ECANCELED, NULL);
    answer_stop(c);
    capture_end(c, "the client hung up");
}

/* ---- starting ---------------------------------------------------------------------------- */

/* The filter is compiled. */
static void begin(struct capture *c)
{
    struct vsw_err err = {0};
    int rc;

    if (c->ending || c->attached)
        return;
    rc = dp_capture_attach(c->captures->ctl->dp, c->dp);
    if (rc < 0) {
        vsw_err_set(&err, rc, NULL, "the capture cannot start: %s", strerrordesc_np(-rc));
        answer_start(c, rc, &err);
        capture_end(c, err.msg);
        return;
    }
    c->attached = true;
    ctl_event(c->captures->ctl, "capture", c->name, "capture %u started", c->id);
    answer_start(c, 0, NULL);
}

static void on_writer(void *arg, uint32_t events)
{
    struct capture *c = arg;
    enum capture_writer_state state = capture_writer_state(c->writer);
    const struct vsw_err *err;

    if (state == CAPTURE_READY)
        begin(c);
    if (state != CAPTURE_ENDED)
        return;
    err = capture_writer_error(c->writer);
    c->writer_ended = true;
    if (c->ending)
        look(c);
    else
        capture_end(c, err->msg);
}

/* Writes must be possible: told at once, not by an empty file. */
static int take_fd(struct rpc_call *call, struct vsw_err *err)
{
    int fd = rpc_call_fd(call), flags;

    if (fd < 0) {
        vsw_err_set(err, -EBADF, NULL, "no descriptor to write to came with the request");
        vsw_err_hint(err, "`vswitchctl capture` sends one along (SCM_RIGHTS)");
        return -EBADF;
    }
    flags = fcntl(fd, F_GETFL);
    if (flags >= 0 && (flags & O_ACCMODE) != O_RDONLY && (flags & O_PATH) == 0)
        return fd;
    close(fd);
    return vsw_err_set(err, -EBADF, NULL, "the descriptor sent along cannot be written to");
}

static unsigned directions_of(enum api_capture_direction direction)
{
    switch (direction) {
    case API_CAPTURE_IN: return DP_CAPTURE_IN;
    case API_CAPTURE_OUT: return DP_CAPTURE_OUT;
    case API_CAPTURE_DROP: return DP_CAPTURE_DROP;
    default: return DP_CAPTURE_IN | DP_CAPTURE_OUT;
    }
}

static int open_writer(struct capture *c, const struct api_capture_start *in, int fd)
{
    const struct capture_writer_params params = {
        .capture = c->dp,
        .fd = fd,
        .application = "vswitchd " VSWITCH_VERSION,
        .port = c->name,
        .filter = in->filter,
        .snaplen_bytes = in->snaplen,
        .count = in->count,
    };

    return capture_writer_start(&params, &c->writer);
}

static int capture_open(struct capture *c, const struct api_capture_start *in, int fd)
{
    const struct dp_capture_spec spec = {
        .port = c->port,
        .directions = directions_of(in->direction),
        .snaplen_bytes = in->snaplen,
    };
    int rc = dp_capture_create(c->captures->ctl->dp, &spec, &c->dp);

    if (rc < 0)
        close(fd);
    else
        rc = open_writer(c, in, fd);
    if (rc == 0) {
        rc = loop_watch_new(c->captures->ctl->loop, capture_writer_event_fd(c->writer), EPOLLIN,
                            on_writer, c, &c->watch);
        if (rc < 0) /* nobody would hear of its end: it is left to itself */
            capture_writer_finish(c->writer);
    }
    if (rc < 0 && capture_writer_free(c->writer))
        dp_capture_free(c->dp);
    return rc;
}

static int check_start(const struct captures *captures, const struct api_capture_start *in,
                       const struct live_port **ret_live, struct vsw_err *err)
{
    struct ctl *ctl = captures->ctl;
    const struct live_port *live;

    if (find_port(ctl, "port", in->port, err) == NULL)
        return -ENOENT;
    live = live_port(&ctl->live, in->port);
    if (live == NULL)
        return vsw_err_set(err, -EAGAIN, "port", "port '%s' is being made", in->port);
    if (captures->count >= DP_CAPTURES_MAX) {
        vsw_err_set(err, -EBUSY, NULL, "%d captures run already, the limit", DP_CAPTURES_MAX);
        vsw_err_hint(err, "stop one first");
        return -EBUSY;
    }
    *ret_live = live;
    return 0;
}

static struct capture *capture_new(struct captures *captures, const struct live_port *live)
{
    struct capture *c = calloc(1, sizeof(*c));

    if (c == NULL)
        return NULL;
    c->captures = captures;
    c->id = ++captures->last_id;
    c->port = live->number;
    memcpy(c->name, live->name, sizeof(c->name));
    c->hook.closed = on_closed;
    return c;
}

int captures_start(struct captures *captures, struct rpc_call *call,
                   const struct api_capture_start *in, struct api_capture_status *out,
                   struct vsw_err *err)
{
    const struct live_port *live = NULL;
    struct capture *c;
    int rc = check_start(captures, in, &live, err), fd;

    if (rc < 0)
        return rc;
    fd = take_fd(call, err);
    if (fd < 0)
        return fd;
    c = capture_new(captures, live);
    if (c == NULL)
        close(fd);
    rc = c == NULL ? -ENOMEM : capture_open(c, in, fd);
    if (rc < 0) {
        free(c);
        return vsw_err_set(err, rc, NULL, "the capture cannot start: %s", strerrordesc_np(-rc));
    }
    c->start = call;
    c->start_out = out;
    c->conn = rpc_call_conn(call);
    if (c->conn != NULL)
        rpc_conn_hook(c->conn, &c->hook);
    LIST_INSERT_HEAD(&captures->list, c, link);
    captures->count++;
    return API_PENDING;
}

/* ---- stopping ---------------------------------------------------------------------------- */

int captures_stop(struct captures *captures, struct rpc_call *call, uint32_t id,
                  struct api_capture_status *out, struct vsw_err *err)
{
    const struct rpc_conn *conn = rpc_call_conn(call);
    struct capture *c;

    LIST_FOREACH (c, &captures->list, link) {
        if (c->id == id && c->conn == conn && c->stop == NULL)
            break;
    }
    if (c == NULL || conn == NULL)
        return vsw_err_set(err, -ENOENT, "id", "this connection has no capture %u", id);
    c->stop = call;
    c->stop_out = out;
    capture_end(c, "stopped");
    return API_PENDING;
}

void captures_port_gone(struct captures *captures, uint16_t port)
{
    struct capture *c, *next;

    if (captures == NULL)
        return;
    for (c = LIST_FIRST(&captures->list); c != NULL; c = next) {
        next = LIST_NEXT(c, link);
        if (c->port == port)
            capture_end(c, "the port was deleted");
    }
}

void captures_end_all(struct captures *captures)
{
    struct capture *c, *next;

    if (captures == NULL)
        return;
    captures->end_by_ns = clock_now_ns() + END_PATIENCE_NS;
    for (c = LIST_FIRST(&captures->list); c != NULL; c = next) {
        next = LIST_NEXT(c, link);
        capture_end(c, "vswitchd is stopping");
    }
}

bool captures_idle(const struct captures *captures)
{
    return captures == NULL || LIST_EMPTY(&captures->list) ||
           (captures->end_by_ns != 0 && clock_now_ns() > captures->end_by_ns);
}

void captures_free(struct captures *captures)
{
    struct capture *c;

    if (captures == NULL)
        return;
    /* Their writers may still use what they hold. */
    LIST_FOREACH (c, &captures->list, link) {
        loop_watch_free(c->watch);
        c->captures = NULL;
    }
    free(captures);
}
