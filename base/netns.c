/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Network namespaces by name, process or path. Helper thread.
 */
#include "base/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool is_number(const char *text)
{
    return text[0] != '\0' && strspn(text, "0123456789") == strlen(text) && strlen(text) < 10;
}

static int pid_open(long pid, struct netns *ns, struct vsw_err *err)
{
    ns->pidfd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
    if (ns->pidfd < 0) {
        int rc = errno == EINVAL ? -ESRCH : -errno;

        return vsw_err_set(err, rc, "netns", "there is no process %ld", pid);
    }
    snprintf(ns->path, sizeof(ns->path), "/proc/%ld/ns/net", pid);
    return 0;
}

/* A name wins over a process, as in ip-netns(8). */
static int find(const char *spec, struct netns *ns, struct vsw_err *err)
{
    struct stat st;

    if (spec[0] == '/') {
        snprintf(ns->path, sizeof(ns->path), "%s", spec);
        return 0;
    }
    if (strncmp(spec, "pid:", 4) == 0 && is_number(spec + 4))
        return pid_open(atol(spec + 4), ns, err);
    if (strchr(spec, '/') != NULL || strcmp(spec, "..") == 0 || strcmp(spec, ".") == 0) {
        vsw_err_set(err, -EINVAL, "netns", "'%s' is no name of a namespace", spec);
        vsw_err_hint(err, "a path starts with '/'");
        return -EINVAL;
    }
    snprintf(ns->path, sizeof(ns->path), "%s/%s", NETNS_DIR, spec);
    if (is_number(spec) && stat(ns->path, &st) < 0)
        return pid_open(atol(spec), ns, err);
    return 0;
}

static int open_error(const struct netns *ns, int rc, struct vsw_err *err)
{
    if (rc != -ENOENT)
        return vsw_err_set(err, rc, "netns", "cannot open namespace %s: %s", ns->path,
                           strerror(-rc));
    vsw_err_set(err, rc, "netns", "there is no namespace %s", ns->path);
    if (strncmp(ns->path, NETNS_DIR "/", sizeof(NETNS_DIR)) == 0)
        vsw_err_hint(err, "make it with: ip netns add %s", ns->path + sizeof(NETNS_DIR));
    return rc;
}

static int open_path(struct netns *ns, struct vsw_err *err)
{
    struct stat st;

    /* Not to be caught by a pipe or a device in the place of a namespace. */
    ns->fd = open(ns->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (ns->fd < 0)
        return open_error(ns, -errno, err);
    if (fstat(ns->fd, &st) < 0)
        return open_error(ns, -errno, err);
    ns->dev = st.st_dev;
    ns->ino = st.st_ino;
    if (netns_process_ended(ns))
        return vsw_err_set(err, -ESRCH, "netns", "the process of %s has ended", ns->path);
    return 0;
}

int netns_open(const char *spec, struct netns *ret, struct vsw_err *err)
{
    struct netns ns = {.fd = -1, .pidfd = -1};
    int rc = 0;

    if (spec[0] != '\0') {
        rc = find(spec, &ns, err);
        if (rc == 0)
            rc = open_path(&ns, err);
    }
    if (rc < 0)
        netns_close(&ns);
    else
        *ret = ns;
    return rc;
}

bool netns_process_ended(const struct netns *ns)
{
    struct pollfd p = {.fd = ns->pidfd, .events = POLLIN};

    return ns->pidfd >= 0 && poll(&p, 1, 0) == 1;
}

bool netns_gone(const struct netns *ns, struct vsw_err *err)
{
    struct stat st;

    if (ns->fd < 0)
        return false;
    if (netns_process_ended(ns)) {
        vsw_err_set(err, -ESRCH, "netns", "the process of %s has ended", ns->path);
        return true;
    }
    if (stat(ns->path, &st) < 0) {
        vsw_err_set(err, -ENOENT, "netns", "namespace %s has gone", ns->path);
        vsw_err_hint(err, "the port comes back by itself when there is a namespace again");
        return true;
    }
    if (st.st_dev == ns->dev && st.st_ino == ns->ino)
        return false;
    vsw_err_set(err, -ESTALE, "netns", "namespace %s was replaced by another", ns->path);
    return true;
}

static int enter_error(const struct netns *ns, int rc, struct vsw_err *err)
{
    if (rc == -EINVAL)
        return vsw_err_set(err, rc, "netns", "%s is no network namespace", ns->path);
    vsw_err_set(err, rc, "netns", "cannot enter namespace %s: %s", ns->path, strerror(-rc));
    if (rc == -EPERM)
        vsw_err_hint(err, "run the switch as root or with CAP_SYS_ADMIN");
    return rc;
}

int netns_enter(const struct netns *ns, struct netns_visit *ret, struct vsw_err *err)
{
    int home_fd;

    ret->home_fd = -1;
    if (ns->fd < 0)
        return 0;
    home_fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    if (home_fd < 0)
        return vsw_err_set(err, -errno, "netns", "cannot open our own namespace: %s",
                           strerror(errno));
    /* Entering home needs the same right as coming home. */
    if (setns(home_fd, CLONE_NEWNET) < 0 || setns(ns->fd, CLONE_NEWNET) < 0) {
        int rc = enter_error(ns, -errno, err);

        close(home_fd);
        return rc;
    }
    ret->home_fd = home_fd;
    return 0;
}

void netns_leave(struct netns_visit *visit)
{
    if (visit->home_fd < 0)
        return;
    /* Just tried in netns_enter(); a thread lost in a tenant's namespace must not go on. */
    if (setns(visit->home_fd, CLONE_NEWNET) < 0)
        abort();
    close(visit->home_fd);
    visit->home_fd = -1;
}

void netns_close(struct netns *ns)
{
    if (ns->fd >= 0)
        close(ns->fd);
    if (ns->pidfd >= 0)
        close(ns->pidfd);
    ns->fd = ns->pidfd = -1;
}
