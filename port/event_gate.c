/* SPDX-License-Identifier: BSD-3-Clause */
#include "port/event_gate.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

int event_gate_init(struct event_gate *g, int fd)
{
    *g = (struct event_gate){.set_fd = epoll_create1(EPOLL_CLOEXEC), .fd = fd};
    return g->set_fd < 0 ? -errno : 0;
}

void event_gate_fini(struct event_gate *g)
{
    if (g->set_fd >= 0)
        close(g->set_fd);
    g->set_fd = -1;
}

bool event_gate_open(struct event_gate *g)
{
    struct epoll_event event = {.events = EPOLLIN};

    if (!g->is_open)
        g->is_open = epoll_ctl(g->set_fd, EPOLL_CTL_ADD, g->fd, &event) == 0;
    return g->is_open;
}

void event_gate_shut(struct event_gate *g)
{
    if (g->is_open)
        (void)epoll_ctl(g->set_fd, EPOLL_CTL_DEL, g->fd, NULL);
    g->is_open = false;
}
