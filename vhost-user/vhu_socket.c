/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Where connections come from.
 *
 * Server: the socket is bound under a temporary name and gets owner and mode there, so that nobody
 * can reach it with other rights; it takes its path by rename when the port starts. A file left by
 * a dead process is replaced, one where somebody answers is not.
 * Client: connect, and as long as that fails wait for the folder to change (inotify), and look
 * every VHU_RETRY_NS anyway.
 *
 * Control thread; vhu_socket_prepare() on the helper. File operations are on a local file system.
 */
#include "vhost-user/vhu.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"

#define LISTEN_BACKLOG 8

static void path_addr(const struct vhu *v, struct sockaddr_un *addr)
{
    memset(addr, 0, sizeof(*addr));
    addr->sun_family = AF_UNIX;
    memcpy(addr->sun_path, v->options.path, strnlen(v->options.path, sizeof(addr->sun_path) - 1));
}

/* Is a living socket bound to the path? A connect of the wrong type is refused by it in another
 * way than by a dead file, and it never sees the attempt. */
static bool path_is_alive(const struct vhu *v)
{
    struct sockaddr_un addr;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int rc;

    if (fd < 0)
        return false;
    path_addr(v, &addr);
    rc = connect(fd, (struct sockaddr *)&addr, sizeof(addr));
    rc = rc < 0 ? errno : 0;
    close(fd);
    return rc == 0 || rc == EPROTOTYPE;
}

/* Is it this process that listens there? Then a port is being made anew, and the old one will have
 * left when the new one starts. */
static bool path_is_ours(const struct vhu *v)
{
    struct sockaddr_un addr;
    struct ucred cred = {0};
    socklen_t len = sizeof(cred);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool ours = false;

    if (fd < 0)
        return false;
    path_addr(v, &addr);
    if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0 &&
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0)
        ours = cred.pid == getpid();
    close(fd);
    return ours;
}

static int path_check(const struct vhu *v, bool may_be_ours, struct vsw_err *err)
{
    struct stat st;

    if (fstatat(v->dir_fd, v->base, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : vsw_err_set(err, -errno, "path", "%s: %m", v->options.path);
    if (!S_ISSOCK(st.st_mode))
        return vsw_err_set(err, -EEXIST, "path", "%s exists and is no socket", v->options.path);
    if (!path_is_alive(v) || (may_be_ours && path_is_ours(v)))
        return 0;
    vsw_err_set(err, -EADDRINUSE, "path", "somebody listens on %s already", v->options.path);
    vsw_err_hint(err, "another switch, or a VM that listens itself: then use role=client");
    return -EADDRINUSE;
}

static int dir_open(struct vhu *v, struct vsw_err *err)
{
    char dir[sizeof(v->options.path)];
    const char *slash = strrchr(v->options.path, '/');
    size_t len = slash == v->options.path ? 1 : (size_t)(slash - v->options.path);

    memcpy(dir, v->options.path, len);
    dir[len] = '\0';
    snprintf(v->base, sizeof(v->base), "%s", slash + 1);
    v->dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (v->dir_fd >= 0)
        return 0;
    vsw_err_set(err, -errno, "path", "folder %s: %m", dir);
    if (errno == ENOENT)
        vsw_err_hint(err, "make it first: mkdir -p %s", dir);
    return err ? err->code : -ENOENT;
}

static int rights_set(const struct vhu *v, struct vsw_err *err)
{
    if (fchmodat(v->dir_fd, v->temp, v->mode, 0) < 0)
        return vsw_err_set(err, -errno, "mode", "%s: cannot set the mode: %m", v->options.path);
    if (v->uid == (uid_t)-1 && v->gid == (gid_t)-1)
        return 0;
    if (fchownat(v->dir_fd, v->temp, v->uid, v->gid, AT_SYMLINK_NOFOLLOW) == 0)
        return 0;
    vsw_err_set(err, -errno, v->uid != (uid_t)-1 ? "owner" : "group",
                "%s: cannot give the socket to %s:%s: %m", v->options.path, v->options.owner,
                v->options.group);
    if (errno == EPERM)
        vsw_err_hint(err,
                     "only root gives files away; an ordinary user may set a group of its own");
    return err ? err->code : -EPERM;
}

/* The name may be longer than the path that it stands in for; /proc makes it fit, but a process
 * that has changed its user may not look there. */
static void temp_addr(const struct vhu *v, struct sockaddr_un *addr)
{
    int dir_len = (int)(strrchr(v->options.path, '/') - v->options.path);
    int len = snprintf(addr->sun_path, sizeof(addr->sun_path), "%.*s/%s", dir_len, v->options.path,
                       v->temp);

    if (len >= (int)sizeof(addr->sun_path))
        snprintf(addr->sun_path, sizeof(addr->sun_path), "/proc/self/fd/%d/%s", v->dir_fd, v->temp);
}

static int bind_temp(struct vhu *v, struct vsw_err *err)
{
    static _Atomic unsigned serial;
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    struct stat st;

    snprintf(v->temp, sizeof(v->temp), ".vsw-%x-%x", getpid(), atomic_fetch_add(&serial, 1));
    temp_addr(v, &addr);
    v->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (v->listen_fd < 0)
        return vsw_err_set(err, -errno, "path", "cannot make a socket: %m");
    unlinkat(v->dir_fd, v->temp, 0);
    if (bind(v->listen_fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
        fstatat(v->dir_fd, v->temp, &st, AT_SYMLINK_NOFOLLOW) < 0) {
        vsw_err_set(err, -errno, "path", "cannot make %s: %m", v->options.path);
        if (errno == EACCES)
            vsw_err_hint(err, "the daemon's user needs write permission for the folder");
        return err ? err->code : -EACCES;
    }
    v->bound_temp = true;
    v->sock_dev = st.st_dev;
    v->sock_ino = st.st_ino;
    if (listen(v->listen_fd, LISTEN_BACKLOG) < 0)
        return vsw_err_set(err, -errno, "path", "%s: %m", v->options.path);
    return rights_set(v, err);
}

int vhu_socket_prepare(struct vhu *v, struct vsw_err *err)
{
    int rc;

    if (v->options.role == VHU_ROLE_CLIENT)
        return 0;
    if (v->dir_fd < 0 && (rc = dir_open(v, err)) < 0)
        return rc;
    rc = path_check(v, true, err);
    if (rc == 0)
        rc = bind_temp(v, err);
    if (rc < 0)
        vhu_socket_close(v);
    return rc;
}

/* ---- server ------------------------------------------------------------------------------ */
static void listen_watch(struct vhu *v);

static void accept_again(void *arg)
{
    struct vhu *v = arg;

    v->accept_pause = NULL;
    listen_watch(v);
}

static void accept_pause(struct vhu *v, uint64_t until_ns)
{
    v->port.host->unwatch(v->listen_watch);
    v->listen_watch = NULL;
    v->port.host->timer(v->port.host, until_ns, accept_again, v, &v->accept_pause);
}

/* Has the present peer gone, so that a new connection is its next and not a second? */
static bool conn_has_hung_up(const struct vhu *v)
{
    struct pollfd p = {.fd = v->conn.fd, .events = POLLRDHUP};

    return poll(&p, 1, 0) == 1 && (p.revents & (POLLHUP | POLLERR | POLLRDHUP));
}

static void on_accept(void *arg, uint32_t events)
{
    struct vhu *v = arg;
    uint64_t at_ns;
    int fd;

    if (v->close_wanted) {
        /* The last connection is still being forgotten; vhu_socket_rearm() comes after that. */
        v->port.host->unwatch(v->listen_watch);
        v->listen_watch = NULL;
        return;
    }
    if (!vhu_rate_take(v, &at_ns)) {
        accept_pause(v, at_ns);
        return;
    }
    if (vhu_relay_is_stuck(v->relay)) {
        accept_pause(v, clock_now_ns() + VHU_RETRY_NS);
        return;
    }
    if (vhu_conn_is_open(v) && conn_has_hung_up(v)) {
        vhu_disconnect(v);
        return;
    }
    fd = accept4(v->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        /* Out of descriptors: the connection waits, and we must not spin. */
        if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR)
            accept_pause(v, clock_now_ns() + VHU_RETRY_NS);
        return;
    }
    if (vhu_conn_is_open(v)) {
        v->counters.refused_connections++;
        v->port.host->event(v->port.host, &v->port, PORT_EVENT_INFO,
                            "a second connection was refused: the port has one already");
        close(fd);
        return;
    }
    vhu_conn_start(v, fd);
}

static void listen_watch(struct vhu *v)
{
    if (v->listen_fd < 0 || v->listen_watch != NULL || v->accept_pause != NULL)
        return;
    if (v->port.host->watch(v->port.host, v->listen_fd, EPOLLIN, on_accept, v, &v->listen_watch) <
        0)
        v->port.host->timer(v->port.host, clock_now_ns() + VHU_RETRY_NS, accept_again, v,
                            &v->accept_pause);
}

static int server_open(struct vhu *v, struct vsw_err *err)
{
    int rc = 0;

    if (v->listen_fd < 0)
        rc = vhu_socket_prepare(v, err);
    if (rc == 0)
        rc = path_check(v, false, err);
    if (rc == 0 && renameat(v->dir_fd, v->temp, v->dir_fd, v->base) < 0)
        rc = vsw_err_set(err, -errno, "path", "cannot make %s: %m", v->options.path);
    if (rc < 0) {
        vhu_socket_close(v);
        return rc;
    }
    v->bound_temp = false;
    listen_watch(v);
    return 0;
}

static void server_close(struct vhu *v)
{
    struct stat st;

    v->port.host->unwatch(v->listen_watch);
    v->listen_watch = NULL;
    if (v->accept_pause != NULL)
        v->port.host->timer_cancel(v->accept_pause);
    v->accept_pause = NULL;
    if (v->listen_fd < 0)
        return;
    if (v->bound_temp)
        unlinkat(v->dir_fd, v->temp, 0);
    else if (fstatat(v->dir_fd, v->base, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
             st.st_dev == v->sock_dev && st.st_ino == v->sock_ino)
        unlinkat(v->dir_fd, v->base, 0); /* nobody else's, should it have been replaced */
    v->bound_temp = false;
    close(v->listen_fd);
    v->listen_fd = -1;
}

/* ---- client ------------------------------------------------------------------------------ */
static void client_try(struct vhu *v);

static void on_retry(void *arg)
{
    struct vhu *v = arg;

    v->retry = NULL;
    client_try(v);
}

static void retry_at(struct vhu *v, uint64_t delay_ns)
{
    if (v->retry != NULL)
        v->port.host->timer_cancel(v->retry);
    v->retry = NULL;
    v->port.host->timer(v->port.host, clock_now_ns() + delay_ns, on_retry, v, &v->retry);
}

static void inotify_close(struct vhu *v)
{
    v->port.host->unwatch(v->inotify_watch);
    v->inotify_watch = NULL;
    if (v->inotify_fd >= 0)
        close(v->inotify_fd);
    v->inotify_fd = -1;
}

/* A socket appears by bind and answers from listen on, a moment later: look often for a while. */
static void on_folder_change(void *arg, uint32_t events)
{
    struct vhu *v = arg;
    char buf[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
    ssize_t n = read(v->inotify_fd, buf, sizeof(buf));
    bool ours = n <= 0;

    for (ssize_t at = 0; at < n;) {
        const struct inotify_event *e = (const void *)&buf[at];

        ours |= (e->mask & ~(uint32_t)(IN_CREATE | IN_MOVED_TO | IN_ATTRIB)) != 0;
        ours |= e->len > 0 && strcmp(e->name, v->base) == 0;
        at += (ssize_t)(sizeof(*e) + e->len);
    }
    if (n <= 0 && errno != EAGAIN)
        inotify_close(v); /* the timer goes on alone */
    if (!ours)
        return;
    v->soon_tries = VHU_RETRY_SOON_TRIES;
    client_try(v);
}

/* Without a watch (limit of instances, no folder yet) the timer alone is in time. */
static void inotify_open(struct vhu *v)
{
    char dir[sizeof(v->options.path) + 1];
    char *slash;

    if (v->inotify_fd >= 0)
        return;
    snprintf(dir, sizeof(dir), "%s", v->options.path);
    slash = strrchr(dir, '/');
    snprintf(v->base, sizeof(v->base), "%s", slash + 1);
    slash[slash == dir ? 1 : 0] = '\0';
    v->inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (v->inotify_fd < 0)
        return;
    if (inotify_add_watch(v->inotify_fd, dir,
                          IN_CREATE | IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF) < 0 ||
        v->port.host->watch(v->port.host, v->inotify_fd, EPOLLIN, on_folder_change, v,
                            &v->inotify_watch) < 0)
        inotify_close(v);
}

static void client_failed(struct vhu *v, int error)
{
    uint64_t delay_ns = VHU_RETRY_NS;

    if (v->soon_tries > 0) {
        v->soon_tries--;
        delay_ns = VHU_RETRY_SOON_NS;
    }
    vhu_trouble(v,
                error == EACCES ? "the daemon's user needs write permission for the socket"
                                : "start the VM; with role=client QEMU makes the socket",
                "waits for the VM to listen on its socket: %s", strerror(error));
    inotify_open(v);
    retry_at(v, delay_ns);
}

static void client_try(struct vhu *v)
{
    struct sockaddr_un addr;
    int fd;

    if (v->close_wanted)
        return; /* vhu_socket_rearm() will try */
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    path_addr(v, &addr);
    if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
        client_failed(v, errno);
        if (fd >= 0)
            close(fd);
        return;
    }
    if (v->retry != NULL)
        v->port.host->timer_cancel(v->retry);
    v->retry = NULL;
    inotify_close(v);
    v->soon_tries = 0;
    vhu_conn_start(v, fd);
}

static void client_close(struct vhu *v)
{
    inotify_close(v);
    if (v->retry != NULL)
        v->port.host->timer_cancel(v->retry);
    v->retry = NULL;
}

/* ---- both -------------------------------------------------------------------------------- */
int vhu_socket_open(struct vhu *v, struct vsw_err *err)
{
    if (v->options.role == VHU_ROLE_SERVER)
        return server_open(v, err);
    client_try(v);
    return 0;
}

void vhu_socket_close(struct vhu *v)
{
    client_close(v);
    server_close(v);
}

void vhu_socket_rearm(struct vhu *v)
{
    if (v->options.role == VHU_ROLE_SERVER) {
        listen_watch(v);
        return;
    }
    /* Not at once: a peer that takes connections only to drop them must not keep us busy. */
    inotify_open(v);
    retry_at(v, 5 * VHU_RETRY_SOON_NS);
}
