/* SPDX-License-Identifier: BSD-3-Clause
 *
 * One connection: reads whole messages, one at a time, and writes answers. The peer may do what it
 * likes: send half a message (deadline), a huge one (closed), thousands (reading pauses), file
 * descriptors nobody asked for (closed), or not read its answers (nothing more is read until it
 * does).
 *
 * Control thread; never blocks.
 */
#include "vhost-user/vhu.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

#define READ_ROUND 32 /* messages of one port before others get their turn */
/* What the kernel passes at most with one sendmsg (SCM_MAX_FD): so nothing is cut off here. */
#define RECV_FDS_MAX 253

bool vhu_conn_is_open(const struct vhu *v)
{
    return v->conn.fd >= 0;
}

/* ---- rate -------------------------------------------------------------------------------- */
bool vhu_rate_take(struct vhu *v, uint64_t *ret_at_ns)
{
    uint64_t now_ns = clock_now_ns();
    uint64_t one_ns = NS_PER_SEC / VHU_RATE_PER_S;
    uint64_t burst = u64_max(VHU_RATE_BURST, (uint64_t)VHU_RATE_PER_PAIR * v->port.queue_pairs);
    uint64_t depth_ns = burst * one_ns;
    uint64_t at_ns = v->rate_at_ns;

    if (now_ns > depth_ns && at_ns < now_ns - depth_ns)
        at_ns = now_ns - depth_ns;
    if (at_ns + one_ns > now_ns) {
        *ret_at_ns = at_ns + one_ns;
        return false;
    }
    v->rate_at_ns = at_ns + one_ns;
    return true;
}

/* ---- file descriptors -------------------------------------------------------------------- */
static void drop_fds(struct vhu *v)
{
    struct vhu_conn *c = &v->conn;

    for (uint32_t i = 0; i < c->fd_count; i++)
        vhu_fd_discard(&v->relay, c->fds[i]);
    c->fd_count = 0;
}

int vhu_conn_take_fd(struct vhu_conn *c, unsigned i)
{
    int fd = i < c->fd_count ? c->fds[i] : -1;

    if (fd >= 0)
        c->fds[i] = -1;
    return fd;
}

static void fds_keep(struct vhu *v, const struct cmsghdr *cmsg)
{
    struct vhu_conn *c = &v->conn;
    size_t count = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);

    for (size_t i = 0; i < count; i++) {
        int fd;

        memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(int), sizeof(fd));
        if (c->fd_count < VHU_FDS_MAX) {
            c->fds[c->fd_count++] = fd;
        } else {
            vhu_fd_discard(&v->relay, fd);
            c->extra_fds = true;
        }
    }
}

/* ---- reading ----------------------------------------------------------------------------- */
static void on_conn(void *arg, uint32_t events);

/* What do we wait for now? Nothing, while a message is being handled or reading pauses. */
static void conn_watch(struct vhu *v)
{
    struct vhu_conn *c = &v->conn;
    bool wait = c->fd >= 0 && !c->have_msg && v->change.then == NULL && c->throttle == NULL;
    uint32_t events = c->out_bytes > 0 ? EPOLLOUT : EPOLLIN;

    if (!wait) {
        v->port.host->unwatch(c->watch);
        c->watch = NULL;
        return;
    }
    if (c->watch != NULL) {
        if (c->watch_events != events)
            v->port.host->watch_set(c->watch, events);
        c->watch_events = events;
        return;
    }
    c->watch_events = events;
    if (v->port.host->watch(v->port.host, c->fd, events, on_conn, v, &c->watch) < 0)
        vhu_conn_error(v, "cannot watch the connection");
}

static void on_deadline(void *arg)
{
    struct vhu *v = arg;

    v->conn.deadline = NULL;
    v->counters.timeouts++;
    vhu_conn_error(v, "a message was not complete after 1 s");
}

static void deadline_stop(struct vhu *v)
{
    if (v->conn.deadline != NULL)
        v->port.host->timer_cancel(v->conn.deadline);
    v->conn.deadline = NULL;
}

static void on_throttle(void *arg);

static void throttle_until(struct vhu *v, uint64_t at_ns)
{
    v->counters.throttled++;
    if (v->port.host->timer(v->port.host, at_ns, on_throttle, v, &v->conn.throttle) < 0)
        vhu_conn_error(v, "cannot set a timer");
}

static void on_throttle(void *arg)
{
    struct vhu *v = arg;
    uint64_t at_ns;

    /* For the message that found the bucket empty, and was read all the same. */
    v->conn.throttle = NULL;
    if (vhu_relay_is_stuck(v->relay)) {
        throttle_until(v, clock_now_ns() + NS_PER_SEC / VHU_RATE_PER_S);
        return;
    }
    vhu_rate_take(v, &at_ns);
    conn_watch(v);
}

static ssize_t conn_recv(struct vhu *v, size_t want)
{
    struct vhu_conn *c = &v->conn;
    union {
        char buf[CMSG_SPACE(RECV_FDS_MAX * sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec iov = {.iov_base = (uint8_t *)&c->msg + c->got, .iov_len = want};
    struct msghdr mh = {.msg_iov = &iov,
                        .msg_iovlen = 1,
                        .msg_control = control.buf,
                        .msg_controllen = sizeof(control.buf)};
    ssize_t n = recvmsg(c->fd, &mh, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

    if (n < 0)
        return -errno;
    for (struct cmsghdr *cm = CMSG_FIRSTHDR(&mh); cm != NULL; cm = CMSG_NXTHDR(&mh, cm)) {
        if (cm->cmsg_level == SOL_SOCKET && cm->cmsg_type == SCM_RIGHTS)
            fds_keep(v, cm);
    }
    if (mh.msg_flags & MSG_CTRUNC)
        c->lost_fds = true; /* our own table is full: those that came are closed with the message */
    c->got += (uint32_t)n;
    return n;
}

/* Bytes still missing, once the header is there checked for sense; negative: no use going on.
 */
static int64_t conn_missing(struct vhu *v)
{
    struct vhu_conn *c = &v->conn;

    if (c->got < VHU_HEADER_BYTES)
        return VHU_HEADER_BYTES - (int64_t)c->got;
    if ((c->msg.flags & VHU_FLAG_VERSION_MASK) != VHU_FLAG_VERSION ||
        (c->msg.flags & VHU_FLAG_REPLY)) {
        v->counters.protocol_errors++;
        vhu_conn_error(v, "a message with flags 0x%x, which is not version 1 of the protocol",
                       c->msg.flags);
        return -EPROTO;
    }
    if (c->msg.size > VHU_PAYLOAD_BYTES) {
        v->counters.protocol_errors++;
        vhu_conn_error(v, "a message of %u bytes, more than %d", c->msg.size, VHU_PAYLOAD_BYTES);
        return -EMSGSIZE;
    }
    return (int64_t)VHU_HEADER_BYTES + c->msg.size - c->got;
}

/* Return 1 when c->msg is whole, 0 when there is nothing more now, negative when it is over. */
static int conn_read(struct vhu *v)
{
    for (;;) {
        int64_t missing = conn_missing(v);
        ssize_t n;

        if (missing < 0)
            return (int)missing;
        if (missing == 0)
            return 1;
        n = conn_recv(v, (size_t)missing);
        if (n == -EINTR)
            continue;
        if (n == -EAGAIN)
            return 0;
        if (n <= 0) {
            vhu_disconnect(v);
            return -EPIPE;
        }
    }
}

static void conn_wait_for_rest(struct vhu *v)
{
    struct vhu_conn *c = &v->conn;

    if (c->got == 0 || c->deadline != NULL)
        return;
    if (v->port.host->timer(v->port.host, clock_now_ns() + VHU_MESSAGE_NS, on_deadline, v,
                            &c->deadline) < 0)
        vhu_conn_error(v, "cannot set a timer");
}

/* Make room for the next message. */
static void conn_next(struct vhu *v)
{
    struct vhu_conn *c = &v->conn;

    drop_fds(v);
    c->got = 0;
    c->have_msg = false;
    c->lost_fds = false;
    c->extra_fds = false;
}

static bool conn_may_read(const struct vhu *v)
{
    return v->conn.fd >= 0 && !v->conn.have_msg && v->change.then == NULL &&
           v->conn.out_bytes == 0 && v->conn.throttle == NULL;
}

/* Too fast, or with files that take their time to be closed? */
static void conn_throttle(struct vhu *v)
{
    uint64_t at_ns;

    if (!vhu_rate_take(v, &at_ns))
        throttle_until(v, at_ns);
    else if (vhu_relay_is_stuck(v->relay))
        throttle_until(v, clock_now_ns() + NS_PER_SEC / VHU_RATE_PER_S);
}

static void conn_run(struct vhu *v)
{
    for (int i = 0; i < READ_ROUND && conn_may_read(v); i++) {
        int rc = conn_read(v);

        if (rc < 0)
            return;
        if (rc == 0) {
            conn_wait_for_rest(v);
            break;
        }
        deadline_stop(v);
        v->counters.messages++;
        v->conn.have_msg = true;
        vhu_message(v);
        if (v->conn.fd < 0)
            return;
        conn_throttle(v);
    }
    conn_watch(v);
}

/* ---- answers ----------------------------------------------------------------------------- */
static void conn_flush(struct vhu *v)
{
    struct vhu_conn *c = &v->conn;
    ssize_t n =
        send(c->fd, c->out + c->out_done, c->out_bytes - c->out_done, MSG_DONTWAIT | MSG_NOSIGNAL);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n < 0) {
        vhu_disconnect(v);
        return;
    }
    c->out_done += (uint32_t)n;
    if (c->out_done == c->out_bytes)
        c->out_bytes = c->out_done = 0;
}

void vhu_conn_reply(struct vhu *v, uint32_t request, uint64_t payload, uint32_t size)
{
    struct vhu_conn *c = &v->conn;
    uint32_t header[3] = {request, VHU_FLAG_VERSION | VHU_FLAG_REPLY, size};

    /* One answer at most is on its way: no message is read before it is gone. */
    assert(c->out_bytes == 0 && size <= sizeof(payload));
    memcpy(c->out, header, sizeof(header));
    memcpy(c->out + sizeof(header), &payload, size);
    c->out_bytes = (uint32_t)sizeof(header) + size;
    c->out_done = 0;
    conn_flush(v);
}

static void on_conn(void *arg, uint32_t events)
{
    struct vhu *v = arg;

    if (v->conn.out_bytes > 0) {
        conn_flush(v);
        if (v->conn.fd < 0)
            return;
    }
    conn_run(v);
}

/* ---- life -------------------------------------------------------------------------------- */
int vhu_conn_start(struct vhu *v, int fd)
{
    struct vhu_conn *c = &v->conn;

    c->fd = fd;
    c->out_bytes = c->out_done = 0;
    conn_next(v);
    v->error[0] = v->hint[0] = '\0';
    v->counters.connections++;
    v->port.host->event(v->port.host, &v->port, PORT_EVENT_CONNECTED, v->options.path);
    conn_watch(v);
    return 0;
}

void vhu_conn_close(struct vhu *v)
{
    struct vhu_conn *c = &v->conn;

    v->port.host->unwatch(c->watch);
    c->watch = NULL;
    deadline_stop(v);
    if (c->throttle != NULL)
        v->port.host->timer_cancel(c->throttle);
    c->throttle = NULL;
    conn_next(v);
    c->out_bytes = c->out_done = 0;
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
}

/* Called when a message has been handled, and when a change is over. Messages that wait in the
 * socket are read by the event that watching it brings. */
void vhu_conn_resume(struct vhu *v)
{
    if (v->conn.have_msg && v->change.then == NULL)
        conn_next(v);
    conn_watch(v);
}

void vhu_conn_error(struct vhu *v, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(v->error, sizeof(v->error), fmt, ap);
    va_end(ap);
    v->port.host->event(v->port.host, &v->port, PORT_EVENT_ERROR, v->error);
    vhu_disconnect(v);
}
