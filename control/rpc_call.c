/* SPDX-License-Identifier: BSD-3-Clause
 *
 * From a line to handlers and back: parse, check the role, decode, call, encode.
 */
#include "control/rpc_conn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct rpc_call {
    struct rpc_server *server;
    struct rpc_conn *conn; /* holds a reference */
    const struct api_method *method;
    struct json *id; /* a copy; NULL for a notification */
    bool is_notification;
    void *in, *out;
    int fd;
};

void *rpc_call_context(const struct rpc_call *call)
{
    return call->server->params.context;
}

enum api_role rpc_call_role(const struct rpc_call *call)
{
    return call->conn->role;
}

struct rpc_conn *rpc_call_conn(const struct rpc_call *call)
{
    return call->conn->fd < 0 ? NULL : call->conn;
}

int rpc_call_fd(struct rpc_call *call)
{
    int fd = call->fd;

    call->fd = -1;
    return fd < 0 ? -ENOENT : fd;
}

/* ---- replies ----------------------------------------------------------------------------- */
static void send_end_of_batch(struct rpc_conn *conn)
{
    struct rpc_buffer *replies = &conn->work.replies;

    /* A batch of notifications alone is answered by nothing at all. */
    if (rpc_buffer_used(replies) == 0)
        return;
    if (rpc_buffer_add(replies, "]\n", 2) < 0) {
        conn->doomed = true;
        return;
    }
    rpc_conn_send(conn, replies->data + replies->start, rpc_buffer_used(replies));
}

static void put_reply(struct rpc_conn *conn, struct json *message)
{
    char *line = message == NULL ? NULL : rpc_line(message);
    size_t len = line == NULL ? 0 : strlen(line);
    struct rpc_buffer *replies = &conn->work.replies;

    if (line == NULL)
        conn->doomed = true;
    else if (!conn->work.is_batch)
        rpc_conn_send(conn, line, len);
    else if (rpc_buffer_add(replies, rpc_buffer_used(replies) == 0 ? "[" : ",", 1) < 0 ||
             rpc_buffer_add(replies, line, len - 1) < 0)
        conn->doomed = true;
    free(line);
    json_free(message);
}

static void put_error(struct rpc_conn *conn, const struct json *id, enum rpc_code code,
                      const struct vsw_err *err)
{
    conn->server->counters.bad_requests++;
    put_reply(conn, rpc_make_error(id, code, err));
}

/* ---- one call ---------------------------------------------------------------------------- */
static void call_free(struct rpc_call *call)
{
    if (call->in != NULL)
        api_free(call->method->params, call->in);
    if (call->out != NULL)
        api_free(call->method->result, call->out);
    free(call->in);
    free(call->out);
    if (call->fd >= 0)
        close(call->fd);
    json_free(call->id);
    rpc_conn_unref(call->conn);
    free(call);
}

static void call_reply(struct rpc_call *call, int rc, const struct vsw_err *err)
{
    const struct api_method *method = call->method;
    struct vsw_err plain = {0};

    if (call->is_notification || call->conn->fd < 0)
        return;
    if (rc < 0) {
        vsw_err_set(&plain, rc, NULL, "%s", strerrordesc_np(-rc));
        put_reply(call->conn, rpc_make_error(call->id, RPC_REFUSED,
                                             err != NULL && err->code != 0 ? err : &plain));
        return;
    }
    put_reply(call->conn,
              rpc_make_result(call->id, api_encode(method->result, call->out,
                                                   method->flags & API_M_GIVEN ? API_ENCODE_GIVEN
                                                                               : API_ENCODE_ALL)));
}

void rpc_call_answer(struct rpc_call *call, int rc, const struct vsw_err *err)
{
    struct rpc_conn *conn = call->conn;

    assert(conn->call == call);
    call_reply(call, rc, err);
    conn->call = NULL;
    if (conn->fd < 0)
        rpc_work_drop(conn);
    else
        rpc_conn_kick(conn);
    call_free(call);
}

static void call_run(struct rpc_call *call)
{
    struct rpc_conn *conn = call->conn;
    struct vsw_err err = {0};
    int rc;

    conn->call = call;
    rc = conn->server->params.handlers[call->method - api_methods].call(call, call->in, call->out,
                                                                        &err);
    if (rc == API_PENDING)
        return;
    call_reply(call, rc, &err);
    conn->call = NULL;
    call_free(call);
}

static int call_decode(struct rpc_call *call, const struct json *params, struct vsw_err *err)
{
    const struct api_method *method = call->method;
    enum api_decode_mode mode =
        method->flags & API_M_PARTIAL ? API_DECODE_PARTIAL : API_DECODE_PARAMS;
    void *in = calloc(1, method->params->size);
    int rc;

    call->out = calloc(1, method->result->size);
    if (in == NULL || call->out == NULL) {
        free(in);
        return vsw_err_set(err, -ENOMEM, NULL, "no memory for the request");
    }
    api_init(method->result, call->out);
    rc = api_decode(method->params, params, mode, in, err);
    if (rc < 0)
        free(in);
    else
        call->in = in;
    return rc;
}

static int fail_method(const char *name, struct vsw_err *err)
{
    const char *known[API_METHOD_COUNT];
    const char *nearest;

    for (size_t i = 0; i < API_METHOD_COUNT; i++)
        known[i] = api_methods[i].name;
    nearest = api_nearest(name, known, API_METHOD_COUNT);
    vsw_err_set(err, -ENOSYS, "method", "there is no method '%s'", name);
    if (nearest != NULL)
        vsw_err_hint(err, "did you mean '%s'?", nearest);
    else
        vsw_err_hint(err, "rpc.discover lists them");
    return -ENOSYS;
}

static int check_role(const struct rpc_conn *conn, const struct api_method *method,
                      struct vsw_err *err)
{
    if (method->role <= conn->role)
        return 0;
    vsw_err_set(err, -EACCES, "method", "your user may look but not change: %s is refused",
                method->name);
    vsw_err_hint(err, "call it as root, or as a member of the group given to vswitchd --group");
    return -EACCES;
}

static struct rpc_call *call_new(struct rpc_conn *conn, const struct api_method *method,
                                 const struct rpc_message *message)
{
    struct rpc_call *call = calloc(1, sizeof(*call));

    if (call == NULL)
        return NULL;
    call->server = conn->server;
    call->conn = conn;
    call->method = method;
    call->is_notification = message->kind == RPC_NOTIFICATION;
    call->id = json_dup(message->id);
    call->fd = -1;
    if (method->flags & API_M_FD) {
        call->fd = conn->passed_fd;
        conn->passed_fd = -1;
    }
    conn->refs++;
    return call;
}

static void serve_message(struct rpc_conn *conn, const struct rpc_message *message)
{
    const struct api_method *method = api_method_find(message->method);
    bool silent = message->kind == RPC_NOTIFICATION;
    struct vsw_err err = {0};
    struct rpc_call *call;

    if (method == NULL || check_role(conn, method, &err) < 0) {
        if (method == NULL)
            fail_method(message->method, &err);
        if (!silent)
            put_error(conn, message->id, method == NULL ? RPC_METHOD_NOT_FOUND : RPC_REFUSED, &err);
        return;
    }
    call = call_new(conn, method, message);
    if (call == NULL) {
        conn->doomed = true;
    } else if (call_decode(call, message->params, &err) < 0) {
        if (!silent)
            put_error(conn, message->id, RPC_INVALID_PARAMS, &err);
        call_free(call);
    } else {
        call_run(call);
    }
}

static void serve_value(struct rpc_conn *conn, const struct json *value)
{
    struct rpc_message message;
    struct vsw_err err = {0};

    conn->server->counters.requests++;
    if (rpc_message_decode(value, &message, &err) < 0) {
        put_error(conn, NULL, RPC_INVALID_REQUEST, &err);
    } else if (message.kind != RPC_REQUEST && message.kind != RPC_NOTIFICATION) {
        vsw_err_set(&err, -EINVAL, NULL, "a reply was sent where a request is expected");
        put_error(conn, NULL, RPC_INVALID_REQUEST, &err);
    } else if (rpc_buffer_used(&conn->work.replies) > RPC_BATCH_OUT_BYTES) {
        vsw_err_set(&err, -E2BIG, NULL, "the replies of this batch are too large together");
        put_error(conn, message.id, RPC_REFUSED, &err);
    } else {
        serve_message(conn, &message);
    }
}

/* ---- a line ------------------------------------------------------------------------------ */
void rpc_work_drop(struct rpc_conn *conn)
{
    json_free(conn->work.root);
    rpc_buffer_free(&conn->work.replies);
    conn->work = (struct rpc_work){0};
}

void rpc_work_begin(struct rpc_conn *conn, const char *line, size_t len)
{
    const struct json_limits limits = {.max_bytes = RPC_LINE_MAX_CHANGE};
    struct rpc_work *work = &conn->work;
    struct vsw_err err = {0};

    if (json_parse(line, len, &limits, &work->root, &err) < 0) {
        work->root = NULL;
        put_error(conn, NULL, RPC_PARSE_ERROR, &err);
        return;
    }
    work->is_batch = json_kind(work->root) == JSON_ARRAY;
    work->count = work->is_batch ? json_count(work->root) : 1;
    if (work->root != NULL && work->count >= 1 && work->count <= RPC_BATCH_MAX)
        return;
    vsw_err_set(&err, -EINVAL, NULL, "a line is one request, or a batch of 1 to %d", RPC_BATCH_MAX);
    rpc_work_drop(conn);
    put_error(conn, NULL, RPC_INVALID_REQUEST, &err);
}

void rpc_work_step(struct rpc_conn *conn)
{
    struct rpc_work *work = &conn->work;

    if (work->next < work->count) {
        size_t i = work->next++;

        serve_value(conn, work->is_batch ? json_at(work->root, i) : work->root);
        return;
    }
    if (work->is_batch)
        send_end_of_batch(conn);
    rpc_work_drop(conn);
}
