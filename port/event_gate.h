/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Lets the events of a descriptor through only while its queue is armed.
 *
 * As long as anybody waits for a descriptor, the kernel wakes him at each frame, in the sender's
 * time. A worker that polls a queue need not be told, so the descriptor is in the gate's own epoll
 * set only while the gate is open; the worker has the set. Made and closed on the helper thread,
 * opened and shut by the worker of the queue.
 */
#ifndef PORT_EVENT_GATE_H
#define PORT_EVENT_GATE_H

#include <stdbool.h>

struct event_gate {
    int set_fd; /* what to wait for: readable when an event came through */
    int fd;     /* whose events; owned by the caller */
    bool is_open;
};

/**
 * event_gate_init() - make a gate, shut
 * @g: filled; set_fd is -1 on failure
 * @fd: borrowed until event_gate_fini()
 *
 * Return: 0 or the negative errno of epoll_create1(2).
 * Context: any; does not block.
 * Source: epoll(7)
 */
int event_gate_init(struct event_gate *g, int fd);

/* Before the descriptor is closed; a gate that failed is fine. */
void event_gate_fini(struct event_gate *g);

/**
 * event_gate_open() - let events through; what is readable already is an event
 * @g: made
 *
 * Return: false: the kernel refused, no event will come.
 * Context: the queue's worker; does not block.
 * Source: epoll_ctl(2)
 */
bool event_gate_open(struct event_gate *g);

/* Events are not wanted any more; one that came through may still be seen. */
void event_gate_shut(struct event_gate *g);

#endif
