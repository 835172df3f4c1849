/* SPDX-License-Identifier: BSD-3-Clause
 *
 * See vhu_relay.h. Control and the thread share a list under a mutex which neither holds during a
 * call that could wait.
 */
#include "vhost-user/vhu_relay.h"

#include "base/base.h"
#include "vhost-user/vring_call.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct vhu_relay_pipe {
    struct vhu_relay_pipe *next;
    int event_fd; /* ours alone; -1: there is only pipe_fd to close */
    int pipe_fd;
    bool removed;
};

struct vhu_relay {
    pthread_mutex_t lock;
    struct vhu_relay_pipe *pipes;
    unsigned waiting; /* removed, not yet closed */
    bool quit;
    int wake_fd;
};

#define POLL_MAX 65 /* rings of a port and the wake-up */

static struct vhu_relay_pipe *removed_take(struct vhu_relay *r)
{
    struct vhu_relay_pipe *p, **at;

    pthread_mutex_lock(&r->lock);
    for (at = &r->pipes; *at != NULL && !(*at)->removed; at = &(*at)->next)
        ;
    p = *at;
    if (p != NULL)
        *at = p->next;
    pthread_mutex_unlock(&r->lock);
    return p;
}

/* Close what was removed; each close may take as long as the peer likes. */
static void removed_close(struct vhu_relay *r)
{
    struct vhu_relay_pipe *p;

    while ((p = removed_take(r)) != NULL) {
        if (p->event_fd >= 0)
            close(p->event_fd);
        close(p->pipe_fd);
        free(p);
        pthread_mutex_lock(&r->lock);
        r->waiting--;
        pthread_mutex_unlock(&r->lock);
    }
}

/* What to poll. The entries stay valid without the lock: only this thread frees them. */
static unsigned poll_set(struct vhu_relay *r, struct pollfd *set, struct vhu_relay_pipe **pipes,
                         bool *ret_quit)
{
    unsigned n = 1;

    pthread_mutex_lock(&r->lock);
    set[0] = (struct pollfd){.fd = r->wake_fd, .events = POLLIN};
    for (struct vhu_relay_pipe *p = r->pipes; p != NULL && n < POLL_MAX; p = p->next) {
        if (p->removed)
            continue;
        set[n] = (struct pollfd){.fd = p->event_fd, .events = POLLIN};
        pipes[n++] = p;
    }
    *ret_quit = r->quit && r->pipes == NULL;
    pthread_mutex_unlock(&r->lock);
    return n;
}

static void relay_one(struct vhu_relay_pipe *p)
{
    const uint64_t one = 1;
    eventfd_t v;

    /* A full pipe has a signal in it; a closed one is nobody's loss. */
    if (eventfd_read(p->event_fd, &v) == 0 && write(p->pipe_fd, &one, sizeof(one)) < 0)
        return;
}

static void relay_free(struct vhu_relay *r)
{
    close(r->wake_fd);
    pthread_mutex_destroy(&r->lock);
    free(r);
}

static void *relay_run(void *arg)
{
    struct vhu_relay *r = arg;
    struct pollfd set[POLL_MAX];
    struct vhu_relay_pipe *pipes[POLL_MAX];
    eventfd_t v;
    bool quit;

    for (;;) {
        unsigned n = poll_set(r, set, pipes, &quit);

        if (quit)
            break;
        poll(set, n, -1);
        for (unsigned i = 1; i < n; i++) {
            if (set[i].revents & POLLIN)
                relay_one(pipes[i]);
        }
        if (set[0].revents & POLLIN)
            eventfd_read(r->wake_fd, &v);
        removed_close(r);
    }
    relay_free(r);
    return NULL;
}

static int thread_start(struct vhu_relay *r)
{
    sigset_t all, old;
    pthread_attr_t attr;
    pthread_t thread;
    int rc;

    /* Its writes to a closed pipe must not raise SIGPIPE; SIGBUS and its like stay deliverable. */
    sigfillset(&all);
    sigdelset(&all, SIGBUS);
    sigdelset(&all, SIGSEGV);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    rc = pthread_create(&thread, &attr, relay_run, r);
    pthread_attr_destroy(&attr);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return -rc;
}

static int relay_make(struct vhu_relay **relay)
{
    struct vhu_relay *r;
    int rc;

    if (*relay != NULL)
        return 0;
    r = calloc(1, sizeof(*r));
    if (r == NULL)
        return -ENOMEM;
    pthread_mutex_init(&r->lock, NULL);
    r->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    rc = r->wake_fd < 0 ? -errno : thread_start(r);
    if (rc < 0) {
        relay_free(r);
        return rc;
    }
    *relay = r;
    return 0;
}

static void relay_wake(struct vhu_relay *r)
{
    eventfd_write(r->wake_fd, 1); /* ours alone, and far from full */
}

static void relay_insert(struct vhu_relay *r, struct vhu_relay_pipe *p)
{
    pthread_mutex_lock(&r->lock);
    p->next = r->pipes;
    r->pipes = p;
    r->waiting += p->removed;
    relay_wake(r);
    pthread_mutex_unlock(&r->lock);
}

bool vhu_relay_is_pipe(int fd)
{
    char path[64], name[16] = {0};
    int flags = fcntl(fd, F_GETFL);

    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    return flags >= 0 && (flags & O_ACCMODE) != O_RDONLY &&
           readlink(path, name, sizeof(name) - 1) > 0 &&
           (strncmp(name, "pipe:[", 6) == 0 || strncmp(name, "socket:[", 8) == 0);
}

int vhu_relay_add(struct vhu_relay **relay, int pipe_fd, struct vhu_relay_pipe **ret_pipe,
                  int *ret_event_fd)
{
    struct vhu_relay_pipe *p = calloc(1, sizeof(*p));
    int event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int rc = p == NULL || event_fd < 0 ? -ENOMEM : relay_make(relay);

    if (rc < 0) {
        free(p);
        if (event_fd >= 0)
            close(event_fd);
        vhu_fd_discard(relay, pipe_fd);
        return rc;
    }
    *p = (struct vhu_relay_pipe){.event_fd = event_fd, .pipe_fd = pipe_fd};
    *ret_pipe = p;
    *ret_event_fd = event_fd;
    relay_insert(*relay, p);
    return 0;
}

void vhu_relay_remove(struct vhu_relay *r, struct vhu_relay_pipe *pipe)
{
    if (pipe == NULL)
        return;
    pthread_mutex_lock(&r->lock);
    pipe->removed = true;
    r->waiting++;
    relay_wake(r);
    pthread_mutex_unlock(&r->lock);
}

static bool close_is_harmless(int fd)
{
    return fcntl(fd, F_GET_SEALS) >= 0 || vring_fd_check(fd, NULL) == 0;
}

void vhu_fd_discard(struct vhu_relay **relay, int fd)
{
    struct vhu_relay_pipe *p;

    if (fd < 0)
        return;
    p = close_is_harmless(fd) || relay_make(relay) < 0 ? NULL : calloc(1, sizeof(*p));
    if (p == NULL) {
        close(fd);
        return;
    }
    *p = (struct vhu_relay_pipe){.event_fd = -1, .pipe_fd = fd, .removed = true};
    relay_insert(*relay, p);
}

bool vhu_relay_is_stuck(struct vhu_relay *r)
{
    bool stuck;

    if (r == NULL)
        return false;
    pthread_mutex_lock(&r->lock);
    stuck = r->waiting > VHU_RELAY_WAITING_MAX;
    pthread_mutex_unlock(&r->lock);
    return stuck;
}

void vhu_relay_put(struct vhu_relay *r)
{
    if (r == NULL)
        return;
    pthread_mutex_lock(&r->lock);
    r->quit = true;
    relay_wake(r);
    pthread_mutex_unlock(&r->lock);
}
