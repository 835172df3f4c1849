/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"

#define RECEIVE_BYTES 65536
#define TIMEOUT_MS    60000 /* an apply with many ports may take a while */

void client_init(struct client *client, const char *path)
{
    *client = (struct client){.path = path, .fd = -1, .next_id = 1, .timeout_ms = TIMEOUT_MS};
}

void client_close(struct client *client)
{
    if (client->fd >= 0)
        close(client->fd);
    free(client->buf);
    client->fd = -1;
    client->buf = NULL;
    client->len = client->room = 0;
}

static int connect_refuse(const struct client *client, int error, struct vsw_err *err)
{
    if (error == EACCES || error == EPERM) {
        vsw_err_set(err, -error, NULL, "no permission to open %.200s", client->path);
        vsw_err_hint(err, "become root or join the group of the socket");
    } else {
        vsw_err_set(err, -error, NULL, "no daemon answers at %.180s: %s", client->path,
                    strerror(error));
        vsw_err_hint(err, "start vswitchd, or name its socket with -s or VSWITCH_SOCKET");
    }
    return -error;
}

static int client_connect(struct client *client, struct vsw_err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int rc = 0;

    if (client->fd >= 0)
        return 0;
    if (strlen(client->path) >= sizeof(address.sun_path))
        return vsw_err_set(err, -ENAMETOOLONG, NULL, "the path of the socket is too long");
    strcpy(address.sun_path, client->path);
    client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client->fd < 0 || connect(client->fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        rc = connect_refuse(client, errno, err);
        client_close(client);
    }
    return rc;
}

static int lost(struct client *client, const char *what, struct vsw_err *err)
{
    client_close(client);
    return vsw_err_set(err, -ECONNRESET, NULL, "%s", what);
}

/* The descriptor rides on the first byte. */
static ssize_t send_some(int sock, const char *text, size_t len, int fd)
{
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec iov = {(void *)(uintptr_t)text, len};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    struct cmsghdr *cm = &control.head;

    if (fd >= 0) {
        memset(&control, 0, sizeof(control));
        msg.msg_control = control.room;
        msg.msg_controllen = sizeof(control.room);
        cm->cmsg_level = SOL_SOCKET;
        cm->cmsg_type = SCM_RIGHTS;
        cm->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(cm), &fd, sizeof(fd));
    }
    return sendmsg(sock, &msg, MSG_NOSIGNAL);
}

static int send_line(struct client *client, const char *line, int fd, struct vsw_err *err)
{
    size_t len = strlen(line);

    while (len > 0) {
        ssize_t n = send_some(client->fd, line, len, fd);

        if (n < 0 && errno == EINTR)
            continue;
        /* Whoever closes may have said why: that is read where the answer is awaited. */
        if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
            return 0;
        if (n <= 0)
            return lost(client, "the daemon closed the connection", err);
        line += n;
        len -= (size_t)n;
        fd = -1;
    }
    return 0;
}

int client_send(struct client *client, const char *method, struct json *params, int fd,
                uint64_t *ret_id, struct vsw_err *err)
{
    uint64_t id = client->next_id++;
    struct json *request = rpc_make_request(id, method, params ? params : json_new_object());
    char *line = request ? rpc_line(request) : NULL;
    int rc;

    json_free(request);
    if (line == NULL)
        return vsw_err_set(err, -ENOMEM, NULL, "out of memory");
    rc = client_connect(client, err);
    if (rc == 0)
        rc = send_line(client, line, fd, err);
    free(line);
    if (rc == 0)
        *ret_id = id;
    return rc;
}

static int buffer_fill(struct client *client, int timeout_ms, struct vsw_err *err)
{
    struct pollfd p = {client->fd, POLLIN, 0};
    ssize_t n;

    if (client->len + RECEIVE_BYTES > client->room) {
        size_t room = (client->len + RECEIVE_BYTES) * 2;
        char *grown = realloc(client->buf, room);

        if (grown == NULL)
            return vsw_err_set(err, -ENOMEM, NULL, "out of memory");
        client->buf = grown;
        client->room = room;
    }
    n = poll(&p, 1, timeout_ms);
    if (n == 0 || (n < 0 && errno == EINTR))
        return -EAGAIN;
    n = recv(client->fd, client->buf + client->len, RECEIVE_BYTES, 0);
    if (n < 0 && errno == EINTR)
        return -EAGAIN;
    if (n <= 0)
        return lost(client, "the daemon closed the connection", err);
    client->len += (size_t)n;
    return 0;
}

static int message_parse(const char *line, size_t len, struct json **ret_json,
                         struct rpc_message *ret_message, struct vsw_err *err)
{
    const struct json_limits limits = {0};
    struct json *json = NULL;
    struct vsw_err why = {0};

    if (json_parse(line, len, &limits, &json, &why) != 0 ||
        rpc_message_decode(json, ret_message, &why) != 0) {
        json_free(json);
        return vsw_err_set(err, -EPROTO, NULL, "the daemon's answer makes no sense: %.150s",
                           why.msg);
    }
    *ret_json = json;
    return 0;
}

int client_receive(struct client *client, int timeout_ms, struct json **ret_json,
                   struct rpc_message *ret_message, struct vsw_err *err)
{
    size_t seen = 0;
    char *end;
    int rc;

    while (client->len == seen ||
           (end = memchr(client->buf + seen, '\n', client->len - seen)) == NULL) {
        seen = client->len;
        rc = buffer_fill(client, timeout_ms, err);
        if (rc != 0)
            return rc;
    }
    rc = message_parse(client->buf, (size_t)(end - client->buf), ret_json, ret_message, err);
    client->len -= (size_t)(end + 1 - client->buf);
    memmove(client->buf, end + 1, client->len);
    return rc;
}

/* Is it the answer to @id? An error without id answers whatever we sent last. */
static bool answers(const struct rpc_message *message, uint64_t id)
{
    uint64_t got;

    if (message->kind == RPC_ERROR && json_kind(message->id) == JSON_NULL)
        return true;
    return (message->kind == RPC_RESULT || message->kind == RPC_ERROR) &&
           json_u64(message->id, &got) == 0 && got == id;
}

static int answer_take(const struct rpc_message *message, struct json **ret_result,
                       struct vsw_err *err)
{
    if (message->kind == RPC_ERROR) {
        if (err != NULL && err->code == 0)
            *err = message->error;
        return 1;
    }
    *ret_result = json_dup(message->result);
    return 0;
}

int client_wait(struct client *client, uint64_t id, struct json **ret_result, struct vsw_err *err)
{
    uint64_t deadline_ns = clock_now_ns() + (uint64_t)client->timeout_ms * NS_PER_MS;
    struct rpc_message message;
    struct json *json;
    int rc;

    *ret_result = NULL;
    for (;;) {
        uint64_t now_ns = clock_now_ns();

        if (now_ns >= deadline_ns)
            return lost(client, "the daemon does not answer", err);
        rc = client_receive(client, (int)((deadline_ns - now_ns) / NS_PER_MS) + 1, &json, &message,
                            err);
        if (rc == -EAGAIN)
            continue;
        if (rc != 0)
            return rc;
        if (answers(&message, id))
            break;
        json_free(json);
    }
    rc = answer_take(&message, ret_result, err);
    json_free(json);
    return rc;
}

int client_call(struct client *client, const char *method, struct json *params,
                struct json **ret_result, struct vsw_err *err)
{
    uint64_t id;
    int rc = client_send(client, method, params, -1, &id, err);

    *ret_result = NULL;
    return rc == 0 ? client_wait(client, id, ret_result, err) : rc;
}
