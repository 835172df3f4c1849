/* SPDX-License-Identifier: BSD-3-Clause
 *
 * One connection: bytes in, lines out, and the rules that keep it from hurting others.
 *
 *   reading  while no call is pending and little output is unread
 *   serving  a bounded number of lines per turn, then the loop serves others
 *   writing  what the socket takes; a reader that takes nothing for `stall_ns` is cut off
 */
#include "control/rpc_conn.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_BYTES      65536
#define STEPS_PER_TURN  32
#define FDS_PER_MESSAGE 4

static void conn_update(struct rpc_conn *conn);

/* ---- life -------------------------------------------------------------------------------- */
void rpc_conn_unref(struct rpc_conn *conn)
{
    if (--conn->refs > 0)
        return;
    rpc_buffer_free(&conn->in);
    rpc_buffer_free(&conn->out);
    rpc_server_unref(conn->server);
    free(conn);
}

void rpc_conn_close(struct rpc_conn *conn)
{
    if (conn->fd < 0)
        return;
    loop_watch_free(conn->watch);
    loop_timer_free(conn->stall);
    close(conn->fd);
    if (conn->passed_fd >= 0)
        close(conn->passed_fd);
    conn->fd = conn->passed_fd = -1;
    conn->watch = NULL;
    conn->stall = NULL;
    while (conn->hooks != NULL) {
        struct rpc_hook *hook = conn->hooks;

        conn->hooks = hook->next;
        hook->closed(hook);
    }
    if (conn->call == NULL)
        rpc_work_drop(conn);
    TAILQ_REMOVE(&conn->server->conns, conn, link);
    conn->server->counters.clients--;
    rpc_conn_unref(conn);
}

void rpc_conn_hook(struct rpc_conn *conn, struct rpc_hook *hook)
{
    hook->next = conn->hooks;
    conn->hooks = hook;
}

void rpc_conn_unhook(struct rpc_conn *conn, struct rpc_hook *hook)
{
    for (struct rpc_hook **at = &conn->hooks; *at != NULL; at = &(*at)->next) {
        if (*at == hook) {
            *at = hook->next;
            return;
        }
    }
}

/* ---- writing ----------------------------------------------------------------------------- */
static void on_stall(void *arg)
{
    struct rpc_conn *conn = arg;

    conn->server->counters.closed_stalled++;
    rpc_conn_close(conn);
}

static void arm_stall(struct rpc_conn *conn, bool progress)
{
    bool wanted = rpc_buffer_used(&conn->out) > 0;

    if (wanted && (progress || !conn->stall_armed))
        loop_timer_set(conn->stall, clock_now_ns() + conn->server->params.stall_ns);
    else if (!wanted && conn->stall_armed)
        loop_timer_set(conn->stall, UINT64_MAX);
    conn->stall_armed = wanted;
}

static void conn_write(struct rpc_conn *conn)
{
    bool progress = false;

    while (conn->fd >= 0 && rpc_buffer_used(&conn->out) > 0) {
        ssize_t n = send(conn->fd, conn->out.data + conn->out.start, rpc_buffer_used(&conn->out),
                         MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno != EAGAIN)
            conn->ended = conn->doomed = true;
        if (n < 0)
            break;
        progress = true;
        rpc_buffer_consume(&conn->out, (size_t)n);
    }
    arm_stall(conn, progress);
}

void rpc_conn_send(struct rpc_conn *conn, const char *line, size_t len)
{
    if (conn->fd < 0)
        return;
    if (rpc_buffer_add(&conn->out, line, len) < 0) {
        conn->doomed = true;
        rpc_buffer_free(&conn->out);
    }
    conn_write(conn);
}

int rpc_conn_notify(struct rpc_conn *conn, const char *method, struct json *params)
{
    struct json *message = rpc_make_notification(method, params);
    char *line = NULL;

    if (message != NULL && conn->fd >= 0 && rpc_buffer_used(&conn->out) < RPC_OUT_NOTIFY_BYTES)
        line = rpc_line(message);
    json_free(message);
    if (line == NULL) {
        conn->server->counters.notifications_lost++;
        return -ENOBUFS;
    }
    rpc_conn_send(conn, line, strlen(line));
    free(line);
    conn_update(conn);
    return 0;
}

/* ---- reading ----------------------------------------------------------------------------- */
/* One descriptor may wait for the request it came with; whatever else is passed is closed. */
static void take_fds(struct rpc_conn *conn, struct msghdr *msg)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
        size_t count;
        int fds[FDS_PER_MESSAGE];

        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(fds, CMSG_DATA(c), count * sizeof(int));
        for (size_t i = 0; i < count; i++) {
            if (conn->passed_fd < 0 && conn->role == API_ROLE_CHANGE) {
                conn->passed_fd = fds[i];
                continue;
            }
            conn->server->counters.stray_fds++;
            close(fds[i]);
        }
    }
}

static void conn_read(struct rpc_conn *conn)
{
    union {
        char bytes[CMSG_SPACE(FDS_PER_MESSAGE * sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec iov;
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    ssize_t n;

    if (rpc_buffer_reserve(&conn->in, READ_BYTES) < 0) {
        conn->doomed = true;
        return;
    }
    iov = (struct iovec){conn->in.data + conn->in.end, READ_BYTES};
    msg.msg_control = control.bytes;
    msg.msg_controllen = sizeof(control.bytes);
    n = recvmsg(conn->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n < 0)
        conn->doomed = true;
    if (n <= 0) {
        conn->ended = true;
        return;
    }
    conn->in.end += (size_t)n;
    take_fds(conn, &msg);
}

static void fail_too_long(struct rpc_conn *conn, size_t limit)
{
    struct vsw_err err = {0};
    struct json *message;
    char *line;

    conn->server->counters.closed_too_long++;
    vsw_err_set(&err, -E2BIG, NULL, "the request is longer than %zu bytes", limit);
    message = rpc_make_error(NULL, RPC_INVALID_REQUEST, &err);
    line = message == NULL ? NULL : rpc_line(message);
    if (line != NULL)
        rpc_conn_send(conn, line, strlen(line));
    free(line);
    json_free(message);
    rpc_buffer_free(&conn->in);
    conn->scanned = 0;
    conn->ended = conn->doomed = true;
}

/* Begins the next line that is there in whole; false when there is none. */
static bool begin_line(struct rpc_conn *conn)
{
    size_t limit = conn->role == API_ROLE_CHANGE ? RPC_LINE_MAX_CHANGE : RPC_LINE_MAX_READ;
    size_t used = rpc_buffer_used(&conn->in);
    char *start = conn->in.data + conn->in.start;
    char *end = used == 0 ? NULL : memchr(start + conn->scanned, '\n', used - conn->scanned);
    size_t len = end == NULL ? used : (size_t)(end - start);

    conn->scanned = len;
    if (len > limit) {
        fail_too_long(conn, limit);
        return false;
    }
    if (end == NULL)
        return false;
    conn->scanned = 0;
    if (strspn(start, " \t\r") < len)
        rpc_work_begin(conn, start, len);
    rpc_buffer_consume(&conn->in, len + 1);
    return true;
}

/* ---- serving ----------------------------------------------------------------------------- */
static bool may_serve(const struct rpc_conn *conn)
{
    return conn->fd >= 0 && !conn->doomed && conn->call == NULL &&
           rpc_buffer_used(&conn->out) < RPC_OUT_PAUSE_BYTES;
}

/* true when the turn ended with something left to serve. */
static bool serve_turn(struct rpc_conn *conn)
{
    for (int i = 0; i < STEPS_PER_TURN; i++) {
        if (!may_serve(conn))
            return false;
        if (conn->work.root != NULL)
            rpc_work_step(conn);
        else if (!begin_line(conn))
            return false;
    }
    return may_serve(conn);
}

static void conn_serve(struct rpc_conn *conn)
{
    conn->refs++;
    if (serve_turn(conn))
        rpc_conn_kick(conn);
    conn_update(conn);
    rpc_conn_unref(conn);
}

static void on_kick(void *arg)
{
    struct rpc_conn *conn = arg;

    conn->kicked = false;
    conn_serve(conn);
    rpc_conn_unref(conn);
}

void rpc_conn_kick(struct rpc_conn *conn)
{
    if (conn->kicked || conn->fd < 0)
        return;
    if (loop_defer(conn->server->loop, on_kick, conn) < 0) {
        conn->doomed = true;
        return;
    }
    conn->kicked = true;
    conn->refs++;
}

static void on_event(void *arg, uint32_t events)
{
    struct rpc_conn *conn = arg;

    if (events & EPOLLOUT)
        conn_write(conn);
    if (events & EPOLLIN)
        conn_read(conn);
    else if (events & (EPOLLHUP | EPOLLERR))
        conn->ended = conn->doomed = true;
    conn_serve(conn);
}

/* Decides what to wait for next, or that the connection is over. */
static void conn_update(struct rpc_conn *conn)
{
    bool unread = rpc_buffer_used(&conn->out) > 0;
    bool busy = conn->call != NULL || conn->work.root != NULL || conn->kicked;
    bool hear = !conn->ended && may_serve(conn) && !conn->kicked;

    if (conn->fd < 0)
        return;
    if ((conn->doomed && (!unread || conn->ended)) || (conn->ended && !busy && !unread)) {
        /* What is unread by a peer that still reads was sent already if there was room. */
        rpc_conn_close(conn);
        return;
    }
    loop_watch_set(conn->watch, (hear ? EPOLLIN : 0u) | (unread ? EPOLLOUT : 0u));
}

void rpc_conn_open(struct rpc_server *server, int fd, const struct peer *peer, enum api_role role)
{
    struct rpc_conn *conn = calloc(1, sizeof(*conn));

    if (conn == NULL) {
        close(fd);
        return;
    }
    conn->server = server;
    conn->fd = fd;
    conn->refs = 1;
    conn->peer = *peer;
    conn->role = role;
    conn->passed_fd = -1;
    if (loop_watch_new(server->loop, fd, EPOLLIN, on_event, conn, &conn->watch) < 0 ||
        loop_timer_new(server->loop, UINT64_MAX, on_stall, conn, &conn->stall) < 0) {
        loop_watch_free(conn->watch);
        close(fd);
        free(conn);
        return;
    }
    server->refs++;
    server->counters.clients++;
    TAILQ_INSERT_TAIL(&server->conns, conn, link);
}
