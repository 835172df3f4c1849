/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Listening, accepting and refusing.
 */
#include "control/rpc_conn.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define ACCEPTS_PER_EVENT 16
#define RESUME_NS         (100 * NS_PER_MS)

static int fill_address(const char *path, struct sockaddr_un *sa, struct vsw_err *err)
{
    *sa = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(sa->sun_path))
        return vsw_err_set(err, -ENAMETOOLONG, "socket",
                           "the socket path is %zu characters long, the limit is %zu", strlen(path),
                           sizeof(sa->sun_path) - 1);
    strcpy(sa->sun_path, path);
    return 0;
}

/* Only a socket nobody listens on is removed: never a file, never somebody's live socket. */
static int remove_stale(const struct sockaddr_un *sa, struct vsw_err *err)
{
    struct stat st;
    int fd, rc;

    if (lstat(sa->sun_path, &st) < 0)
        return errno == ENOENT ? 0 : -errno;
    if (!S_ISSOCK(st.st_mode))
        return vsw_err_set(err, -EADDRINUSE, "socket", "%s exists and is no socket", sa->sun_path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    rc = connect(fd, (const struct sockaddr *)sa, sizeof(*sa)) < 0 ? errno : 0;
    close(fd);
    if (rc == 0 || rc == EAGAIN) {
        vsw_err_set(err, -EADDRINUSE, "socket", "another vswitchd answers on %s", sa->sun_path);
        vsw_err_hint(err, "stop it, or choose another --socket and --run-dir");
        return -EADDRINUSE;
    }
    if (rc != ECONNREFUSED)
        return -rc;
    return unlink(sa->sun_path) < 0 ? -errno : 0;
}

/* The mode is set before listen(2), so nobody gets in under the wrong one. */
static int open_socket(const struct rpc_params *params, const struct sockaddr_un *sa)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int rc = 0;

    if (fd < 0)
        return -errno;
    if (bind(fd, (const struct sockaddr *)sa, sizeof(*sa)) < 0)
        rc = -errno;
    else if ((params->group >= 0 && chown(sa->sun_path, (uid_t)-1, (gid_t)params->group) < 0) ||
             chmod(sa->sun_path, params->mode) < 0 || listen(fd, 64) < 0) {
        rc = -errno;
        unlink(sa->sun_path);
    }
    if (rc == 0)
        return fd;
    close(fd);
    return rc;
}

static uint32_t clients_of(const struct rpc_server *server, uid_t uid)
{
    const struct rpc_conn *conn;
    uint32_t count = 0;

    TAILQ_FOREACH (conn, &server->conns, link)
        count += conn->peer.uid == uid;
    return count;
}

static void refuse(struct rpc_server *server, int fd, int code, const char *text)
{
    struct vsw_err err = {0};
    struct json *message;
    char *line;

    vsw_err_set(&err, code, NULL, "%s", text);
    message = rpc_make_error(NULL, RPC_REFUSED, &err);
    line = message == NULL ? NULL : rpc_line(message);
    /* A fresh socket has room for a line; if not, the peer sees the end alone. */
    if (line != NULL)
        send(fd, line, strlen(line), MSG_NOSIGNAL | MSG_DONTWAIT);
    free(line);
    json_free(message);
    close(fd);
}

static void welcome(struct rpc_server *server, int fd)
{
    struct peer peer;
    enum api_role role;

    if (peer_read(fd, &peer) < 0) {
        close(fd);
        return;
    }
    if (peer_role(&peer, &server->params.policy, &role) < 0) {
        server->counters.refused_role++;
        refuse(server, fd, -EACCES, "your user may not use this switch");
        return;
    }
    if (server->counters.clients >= server->params.max_clients ||
        (peer.uid != 0 && clients_of(server, peer.uid) >= server->params.max_clients_per_uid)) {
        server->counters.refused_full++;
        refuse(server, fd, -EUSERS, "too many connections to the control socket");
        return;
    }
    server->counters.accepted++;
    rpc_conn_open(server, fd, &peer, role);
}

static void on_resume(void *arg)
{
    struct rpc_server *server = arg;

    loop_watch_set(server->watch, EPOLLIN);
}

static void on_accept(void *arg, uint32_t events)
{
    struct rpc_server *server = arg;

    for (int i = 0; i < ACCEPTS_PER_EVENT; i++) {
        int fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (fd >= 0) {
            welcome(server, fd);
            continue;
        }
        /* Out of descriptors or memory: the connection stays in the queue; do not spin on it. */
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            loop_watch_set(server->watch, 0);
            loop_timer_set(server->resume, clock_now_ns() + RESUME_NS);
        }
        return;
    }
}

static void set_defaults(struct rpc_params *params)
{
    if (params->max_clients == 0)
        params->max_clients = 256;
    if (params->max_clients_per_uid == 0)
        params->max_clients_per_uid = 64;
    if (params->stall_ns == 0)
        params->stall_ns = 30 * NS_PER_SEC;
}

static int server_open(struct rpc_server *server, struct vsw_err *err)
{
    struct sockaddr_un sa;
    int rc = fill_address(server->params.path, &sa, err);

    if (rc == 0)
        rc = remove_stale(&sa, err);
    if (rc == 0)
        rc = open_socket(&server->params, &sa);
    if (rc < 0)
        return rc;
    server->fd = rc;
    rc = loop_timer_new(server->loop, UINT64_MAX, on_resume, server, &server->resume);
    return rc < 0 ? rc
                  : loop_watch_new(server->loop, server->fd, 0, on_accept, server, &server->watch);
}

int rpc_server_new(struct loop *loop, const struct rpc_params *params,
                   struct rpc_server **ret_server, struct vsw_err *err)
{
    struct rpc_server *server = calloc(1, sizeof(*server));
    int rc;

    if (server == NULL)
        return vsw_err_set(err, -ENOMEM, "socket", "no memory for the control socket");
    server->loop = loop;
    server->params = *params;
    server->fd = -1;
    server->refs = 1;
    TAILQ_INIT(&server->conns);
    set_defaults(&server->params);
    rc = server_open(server, err);
    if (rc < 0) {
        rpc_server_close(server);
        rpc_server_free(server);
        return vsw_err_set(err, rc, "socket", "cannot listen on %s: %s", params->path,
                           strerrordesc_np(-rc));
    }
    *ret_server = server;
    return 0;
}

void rpc_server_serve(struct rpc_server *server)
{
    loop_watch_set(server->watch, EPOLLIN);
}

void rpc_server_close(struct rpc_server *server)
{
    struct rpc_conn *conn;

    loop_watch_free(server->watch);
    loop_timer_free(server->resume);
    server->watch = NULL;
    server->resume = NULL;
    if (server->fd >= 0) {
        close(server->fd);
        unlink(server->params.path);
    }
    server->fd = -1;
    while ((conn = TAILQ_FIRST(&server->conns)) != NULL)
        rpc_conn_close(conn);
}

void rpc_server_unref(struct rpc_server *server)
{
    if (--server->refs == 0)
        free(server);
}

void rpc_server_free(struct rpc_server *server)
{
    if (server != NULL)
        rpc_server_unref(server);
}

const struct rpc_counters *rpc_server_counters(const struct rpc_server *server)
{
    return &server->counters;
}
