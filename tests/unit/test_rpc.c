/* SPDX-License-Identifier: BSD-3-Clause
 *
 * control/rpc*.c and control/peer.c: a real server on a real socket, and clients that do what
 * clients should not. The loop is stepped by the test, so nothing waits for luck.
 */
#include "base/clock.h"
#include "control/rpc.h"
#include "tests/support/cmocka.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static struct loop *loop;
static struct rpc_server *server;
static struct rpc_params params;
static struct api_handler handlers[API_METHOD_COUNT];
static char path[108];
static struct rpc_call *pending;
static unsigned calls;
static int got_fd;

/* ---- handlers ---------------------------------------------------------------------------- */
static int call_count(struct rpc_call *call, const void *in, void *out, struct vsw_err *err)
{
    calls++;
    return 0;
}

static int call_pending(struct rpc_call *call, const void *in, void *out, struct vsw_err *err)
{
    calls++;
    pending = call;
    return API_PENDING;
}

static int call_refuse(struct rpc_call *call, const void *in, void *out, struct vsw_err *err)
{
    vsw_err_set(err, -EBUSY, "name", "not now");
    vsw_err_hint(err, "later");
    return -EBUSY;
}

/* About 2 MB. */
static int call_large(struct rpc_call *call, const void *in, void *out, struct vsw_err *err)
{
    struct api_port_list *list = out;

    calls++;
    for (int i = 0; i < 1500; i++)
        assert_non_null(api_append(&list->rows, api_port_status));
    return 0;
}

static int call_fd(struct rpc_call *call, const void *in, void *out, struct vsw_err *err)
{
    got_fd = rpc_call_fd(call);
    return 0;
}

static struct rpc_conn *subscribed;

static int call_subscribe(struct rpc_call *call, const void *in, void *out, struct vsw_err *err)
{
    subscribed = rpc_call_conn(call);
    return 0;
}

/* ---- set-up ------------------------------------------------------------------------------ */
static int setup(void **state)
{
    struct vsw_err err = {0};

    for (size_t i = 0; i < API_METHOD_COUNT; i++)
        handlers[i].call = call_count;
    handlers[API_METHOD_tenant_add].call = call_pending;
    handlers[API_METHOD_tenant_del].call = call_refuse;
    handlers[API_METHOD_port_list].call = call_large;
    handlers[API_METHOD_capture_start].call = call_fd;
    handlers[API_METHOD_monitor_subscribe].call = call_subscribe;
    snprintf(path, sizeof(path), "/tmp/test_rpc.%d.sock", getpid());
    params = (struct rpc_params){
        .path = path,
        .mode = 0600,
        .group = -1,
        .policy = {.own_uid = geteuid()},
        .handlers = handlers,
    };
    pending = NULL;
    subscribed = NULL;
    calls = 0;
    got_fd = -1;
    if (loop_new(NULL, NULL, &loop, &err) < 0 || rpc_server_new(loop, &params, &server, &err) < 0)
        return -1;
    rpc_server_serve(server);
    return 0;
}

static void restart(void)
{
    struct vsw_err err = {0};

    rpc_server_close(server);
    rpc_server_free(server);
    assert_int_equal(rpc_server_new(loop, &params, &server, &err), 0);
    rpc_server_serve(server);
}

static int teardown(void **state)
{
    rpc_server_close(server);
    rpc_server_free(server);
    loop_free(loop);
    clock_use_test(NULL);
    return access(path, F_OK) == 0; /* the socket file is gone */
}

static void run_until_quiet(void)
{
    while (loop_step(loop, 0) > 0)
        ;
}

static int dial(void)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    strcpy(sa.sun_path, path);
    assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
    run_until_quiet();
    return fd;
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
    run_until_quiet();
}

/* What has come; "" = nothing, "EOF" at the end. Steps the loop until a line is whole. */
static char heard[4 << 20];
static const char *hear(int fd)
{
    size_t len = 0;

    heard[0] = '\0';
    for (;;) {
        ssize_t n = recv(fd, heard + len, sizeof(heard) - len - 1, 0);

        if (n == 0)
            return len == 0 ? strcpy(heard, "EOF") : heard;
        if (n < 0 && errno == ECONNRESET)
            return strcpy(heard, "EOF");
        if (n < 0) {
            if (loop_step(loop, 0) <= 0)
                return heard;
            continue;
        }
        len += (size_t)n;
        heard[len] = '\0';
    }
}

#define has(text, part)                                                                            \
    do {                                                                                           \
        if (strstr((text), (part)) == NULL)                                                        \
            fail_msg("'%.300s' has no '%s'", (text), (part));                                      \
    } while (0)

#define COUNT "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tenant.list\"}\n"

/* ---- the protocol ------------------------------------------------------------------------ */
static void a_request(void **state)
{
    int fd = dial();

    say(fd, COUNT);
    has(hear(fd), "\"id\":1");
    has(heard, "\"result\"");
    say(fd, "{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"method\":\"tenant.del\",\"params\":{\"name\":"
            "\"t\"}}\n");
    has(hear(fd), "-32000");
    has(heard, "not now");
    has(heard, "\"id\":\"x\"");
    say(fd, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tenant.lsit\"}\n");
    has(hear(fd), "-32601");
    has(heard, "tenant.list");
    say(fd, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tenant.show\",\"params\":{\"nam\":1}}\n");
    has(hear(fd), "-32602");
    say(fd, "{\"jsonrpc\":\"2.0\",\"id\":2\n");
    has(hear(fd), "-32700");
    say(fd, "null\n");
    has(hear(fd), "-32600");
    say(fd, "\n \r\n" COUNT);
    has(hear(fd), "\"result\"");
    close(fd);
}

static void notifications_and_batches(void **state)
{
    int fd = dial();

    say(fd, "{\"jsonrpc\":\"2.0\",\"method\":\"tenant.list\"}\n");
    assert_string_equal(hear(fd), "");
    assert_int_equal(calls, 1);
    say(fd, "[{\"jsonrpc\":\"2.0\",\"method\":\"tenant.list\"},1,"
            "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tenant.list\"}]\n");
    assert_int_equal(hear(fd)[0], '[');
    has(heard, "\"id\":7");
    has(heard, "-32600");
    assert_int_equal(calls, 3);
    say(fd, "[{\"jsonrpc\":\"2.0\",\"method\":\"tenant.list\"}]\n");
    assert_string_equal(hear(fd), "");
    say(fd, "[]\n");
    has(hear(fd), "-32600");
    close(fd);
}

static void pipelined_and_pending(void **state)
{
    int fd = dial(), other = dial();

    say(fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tenant.add\",\"params\":{\"name\":\"t\"}}\n"
            "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tenant.list\"}\n");
    assert_string_equal(hear(fd), "");
    assert_int_equal(calls, 1);
    /* Others are served meanwhile. */
    say(other, COUNT);
    has(hear(other), "\"result\"");
    rpc_call_answer(pending, 0, NULL);
    hear(fd);
    has(heard, "\"id\":1");
    has(heard, "\"id\":2");
    assert_true(strstr(heard, "\"id\":1") < strstr(heard, "\"id\":2"));
    close(fd);
    close(other);
}

static void client_leaves_while_pending(void **state)
{
    int fd = dial();

    say(fd,
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tenant.add\",\"params\":{\"name\":\"t\"}}\n");
    close(fd);
    run_until_quiet();
    assert_int_equal(rpc_server_counters(server)->clients, 0);
    assert_null(rpc_call_conn(pending));
    rpc_call_answer(pending, 0, NULL);
}

static void half_closed_client_is_answered(void **state)
{
    int fd = dial();

    assert_int_equal(send(fd, COUNT, strlen(COUNT), 0), (ssize_t)strlen(COUNT));
    shutdown(fd, SHUT_WR);
    run_until_quiet();
    has(hear(fd), "\"result\"");
    assert_string_equal(hear(fd), "EOF");
    close(fd);
}

/* ---- clients that misbehave -------------------------------------------------------------- */
static void half_a_line(void **state)
{
    int fd = dial(), other = dial();
    const char *rest = COUNT;

    say(fd, "{\"jsonrpc\":\"2.0\",");
    say(other, COUNT);
    has(hear(other), "\"result\"");
    say(fd, rest + strlen("{\"jsonrpc\":\"2.0\","));
    has(hear(fd), "\"result\"");
    for (const char *c = COUNT; *c != '\0'; c++) {
        const char one[] = {*c, '\0'};

        say(fd, one);
    }
    has(hear(fd), "\"result\"");
    close(fd);
    close(other);
}

static void deep_nesting(void **state)
{
    static char text[100002];
    int fd = dial();

    memset(text, '[', 100000);
    strcpy(text + 100000, "\n");
    say(fd, text);
    has(hear(fd), "-32700");
    say(fd, COUNT);
    has(hear(fd), "\"result\"");
    close(fd);
}

static void send_much(int fd, size_t bytes)
{
    static char junk[65536];

    memset(junk, 'x', sizeof(junk));
    for (size_t sent = 0; sent < bytes;) {
        ssize_t n = send(fd, junk, sizeof(junk), MSG_NOSIGNAL);

        if (n < 0 && errno != EAGAIN)
            return;
        sent += n < 0 ? 0 : (size_t)n;
        run_until_quiet();
    }
}

static void huge_line(void **state)
{
    int fd = dial();

    send_much(fd, RPC_LINE_MAX_CHANGE + (1 << 20));
    assert_int_equal(rpc_server_counters(server)->closed_too_long, 1);
    assert_int_equal(rpc_server_counters(server)->clients, 0);
    close(fd);
    fd = dial();
    say(fd, COUNT);
    has(hear(fd), "\"result\"");
    close(fd);
}

/* Replies of 2 MB that nobody reads: requests are not even looked at, others are served. The reader
 * takes what is there and stalls again; when the time is over the connection goes. */
static void slow_reader(void **state)
{
    static const char list[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"port.list\"}\n";
    static uint64_t now_ns;
    unsigned served;
    int fd, other;

    now_ns = clock_now_ns() + 3600 * NS_PER_SEC; /* timers of the loop are real: not yet */
    clock_use_test(&now_ns);
    params.stall_ns = 50 * NS_PER_MS;
    restart();
    fd = dial();
    for (int i = 0; i < 50; i++)
        say(fd, list);
    served = calls;
    assert_true(served >= 1 && served < 3);
    other = dial();
    say(other, COUNT);
    has(hear(other), "\"result\"");
    assert_int_equal(rpc_server_counters(server)->closed_stalled, 0);
    now_ns = 0; /* long ago */
    while (recv(fd, heard, sizeof(heard), 0) > 0)
        ;
    run_until_quiet();
    assert_int_equal(rpc_server_counters(server)->closed_stalled, 1);
    assert_int_equal(rpc_server_counters(server)->clients, 1);
    close(fd);
    close(other);
}

static void events_to_a_slow_reader(void **state)
{
    int fd = dial();
    unsigned lost = 0, sent = 0;

    say(fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"monitor.subscribe\"}\n");
    hear(fd);
    assert_non_null(subscribed);
    while (lost < 100 && sent < 1000000) {
        sent++;
        lost += rpc_conn_notify(subscribed, "event", json_new_object()) == -ENOBUFS;
    }
    assert_int_equal(lost, 100);
    assert_int_equal(rpc_server_counters(server)->notifications_lost, 100);
    close(fd);
    run_until_quiet();
}

static void flood_of_lines(void **state)
{
    int fd = dial(), other = dial();

    for (int i = 0; i < 200; i++)
        assert_true(send(fd, COUNT, strlen(COUNT), 0) > 0);
    assert_true(send(other, COUNT, strlen(COUNT), 0) > 0);
    /* A few turns serve the other one, long before the flood is worked off. */
    for (int i = 0; i < 6; i++)
        loop_step(loop, 0);
    assert_true(calls < 200);
    has(hear(other), "\"result\"");
    run_until_quiet();
    assert_int_equal(calls, 201);
    close(fd);
    close(other);
}

static void send_fds(int fd, const char *text, unsigned count)
{
    union {
        char bytes[CMSG_SPACE(32 * sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec iov = {(char *)(uintptr_t)text, strlen(text)};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes};
    struct cmsghdr *c;
    int fds[32];

    for (unsigned i = 0; i < count; i++)
        fds[i] = open("/dev/null", O_RDONLY);
    msg.msg_controllen = CMSG_SPACE(count * sizeof(int));
    c = CMSG_FIRSTHDR(&msg);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(c), fds, count * sizeof(int));
    assert_int_equal(sendmsg(fd, &msg, MSG_NOSIGNAL), (ssize_t)strlen(text));
    for (unsigned i = 0; i < count; i++)
        close(fds[i]);
    run_until_quiet();
}

static unsigned open_fds(void)
{
    unsigned count = 0;

    for (int fd = 0; fd < 512; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void flood_of_fds(void **state)
{
    int fd = dial();
    unsigned before;

    send_fds(fd,
             "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"capture.start\","
             "\"params\":{\"port\":\"p\"}}\n",
             1);
    has(hear(fd), "\"result\"");
    assert_true(got_fd >= 0);
    close(got_fd);
    before = open_fds();
    for (int i = 0; i < 100; i++) {
        send_fds(fd, COUNT, 1 + (unsigned)i % 30);
        hear(fd);
    }
    assert_true(open_fds() <= before + 1); /* one may wait for its request */
    assert_true(rpc_server_counters(server)->stray_fds > 100);
    close(fd);
    run_until_quiet();
    assert_true(open_fds() < before);
}

static void too_many_clients(void **state)
{
    int fds[10];

    params.max_clients = 8;
    restart();
    for (int i = 0; i < 10; i++)
        fds[i] = dial();
    assert_int_equal(rpc_server_counters(server)->clients, 8);
    has(hear(fds[9]), "too many connections");
    assert_string_equal(hear(fds[9]), "EOF");
    close(fds[0]);
    run_until_quiet();
    close(fds[9]);
    fds[9] = dial();
    say(fds[9], COUNT);
    has(hear(fds[9]), "\"result\"");
    for (int i = 1; i < 10; i++)
        close(fds[i]);
}

static void random_bytes(void **state)
{
    unsigned seed = 7;

    for (int round = 0; round < 200; round++) {
        char text[257];
        int fd = dial();

        for (int i = 0; i < 256; i++) {
            text[i] = (char)rand_r(&seed);
            text[i] = text[i] == '\0' ? '\n' : text[i];
        }
        text[256] = '\0';
        say(fd, text);
        hear(fd);
        close(fd);
    }
    run_until_quiet();
    assert_int_equal(rpc_server_counters(server)->clients, 0);
}

/* ---- the socket file --------------------------------------------------------------------- */
static void socket_in_use(void **state)
{
    struct rpc_server *second;
    struct vsw_err err = {0};
    struct stat st;

    assert_int_equal(rpc_server_new(loop, &params, &second, &err), -EADDRINUSE);
    has(err.msg, "another vswitchd answers");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    run_until_quiet();
}

static void stale_socket_and_stranger(void **state)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    struct rpc_server *second;
    struct rpc_params other = params;
    struct vsw_err err = {0};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(sa.sun_path, sizeof(sa.sun_path), "%.90s.2", path);
    other.path = sa.sun_path;
    assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
    close(fd);
    assert_int_equal(rpc_server_new(loop, &other, &second, &err), 0);
    rpc_server_close(second);
    rpc_server_free(second);
    fd = open(sa.sun_path, O_CREAT | O_WRONLY, 0600);
    close(fd);
    assert_int_equal(rpc_server_new(loop, &other, &second, &err), -EADDRINUSE);
    has(err.msg, "is no socket");
    assert_int_equal(unlink(sa.sun_path), 0);
}

/* ---- roles ------------------------------------------------------------------------------- */
static void roles(void **state)
{
    const struct peer_policy open_policy = {.own_uid = 100, .has_group = true, .group = 7};
    const struct peer_policy strict = {
        .own_uid = 100, .has_group = true, .group = 7, .has_read_group = true, .read_group = 8};
    struct peer peer = {.uid = 1000, .groups = {1000, 8}, .group_count = 2};
    enum api_role role = API_ROLE_CHANGE;

    assert_int_equal(peer_role(&peer, &open_policy, &role), 0);
    assert_int_equal(role, API_ROLE_READ);
    assert_int_equal(peer_role(&peer, &strict, &role), 0);
    assert_int_equal(role, API_ROLE_READ);
    peer.groups[1] = 9;
    assert_int_equal(peer_role(&peer, &strict, &role), -EACCES);
    peer.groups[1] = 7;
    assert_int_equal(peer_role(&peer, &strict, &role), 0);
    assert_int_equal(role, API_ROLE_CHANGE);
    peer.group_count = 1;
    role = API_ROLE_READ;
    peer.uid = 100;
    assert_int_equal(peer_role(&peer, &strict, &role), 0);
    assert_int_equal(role, API_ROLE_CHANGE);
    role = API_ROLE_READ;
    peer.uid = 0;
    assert_int_equal(peer_role(&peer, &strict, &role), 0);
    assert_int_equal(role, API_ROLE_CHANGE);
}

static void credentials_of_a_socket(void **state)
{
    struct peer peer;
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    assert_int_equal(peer_read(fds[0], &peer), 0);
    assert_int_equal(peer.uid, geteuid());
    assert_int_equal(peer.pid, getpid());
    assert_int_equal(peer.groups[0], getegid());
    close(fds[0]);
    close(fds[1]);
}

/* A reader is told why, and what is refused is not called. Only root can become somebody else. */
static void reader_may_not_change(void **state)
{
    int fd;

    if (geteuid() != 0)
        skip();
    params.mode = 0666;
    restart();
    assert_int_equal(seteuid(65534), 0);
    fd = dial();
    assert_int_equal(seteuid(0), 0);
    say(fd,
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tenant.add\",\"params\":{\"name\":\"t\"}}\n");
    has(hear(fd), "may look but not change");
    assert_null(pending);
    say(fd, COUNT);
    has(hear(fd), "\"result\"");
    send_much(fd, RPC_LINE_MAX_READ + (128 << 10));
    assert_int_equal(rpc_server_counters(server)->closed_too_long, 1);
    close(fd);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_request),
        CASE(notifications_and_batches),
        CASE(pipelined_and_pending),
        CASE(client_leaves_while_pending),
        CASE(half_closed_client_is_answered),
        CASE(half_a_line),
        CASE(deep_nesting),
        CASE(huge_line),
        CASE(slow_reader),
        CASE(events_to_a_slow_reader),
        CASE(flood_of_lines),
        CASE(flood_of_fds),
        CASE(too_many_clients),
        CASE(random_bytes),
        CASE(socket_in_use),
        CASE(stale_socket_and_stranger),
        cmocka_unit_test(roles),
        cmocka_unit_test(credentials_of_a_socket),
        CASE(reader_may_not_change),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
