/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The switch as a port type sees it, in one thread and under the test's control: struct port_host
 * over plain epoll. Time is clock_now_ns(), so a test clock moves the timers. A retire completes
 * in the next round, or when the test says so.
 */
#ifndef TESTS_SUPPORT_FAKE_HOST_H
#define TESTS_SUPPORT_FAKE_HOST_H

#include "port/port.h"

#define FAKE_HOST_LOG   64
#define FAKE_HOST_PORTS 8

struct fake_event {
    enum port_event event;
    char text[160];
};

struct fake_host {
    struct port_host host;
    int epoll_fd;
    struct port_watch *watches, *dead_watches;
    struct port_timer *timers;
    struct fake_job *retires, *jobs;
    bool hold_retires; /* grace periods do not end */
    bool fail_run;     /* the helper thread takes no jobs */
    unsigned retire_count, rxq_changes, wakes;
    struct port *ports[FAKE_HOST_PORTS]; /* get their attention */
    struct fake_event log[FAKE_HOST_LOG];
    unsigned events; /* ever, by kind below */
    unsigned event_count[5];
    uint8_t injected[64]; /* the last frame */
    size_t injected_bytes;
    unsigned injects;
};

void fake_host_init(struct fake_host *h);
/* Asserts that every watch, timer, retire and job is gone. */
void fake_host_fini(struct fake_host *h);

/* One round: due timers, fds (waiting @timeout_ms at most for the first), grace periods, jobs. */
void fake_host_poll(struct fake_host *h, int timeout_ms);

/* End the grace periods that have begun so far. */
void fake_host_end_grace(struct fake_host *h);

/* Rounds until @done says true. Return false after @rounds that waited a millisecond at most: time
 * in which the machine was not there for us is not counted. */
bool fake_host_until(struct fake_host *h, bool (*done)(void *arg), void *arg, unsigned rounds);

/* Rounds until nothing at all happens in one. */
void fake_host_settle(struct fake_host *h);

unsigned fake_host_watches(const struct fake_host *h);
unsigned fake_host_timers(const struct fake_host *h);

/* prepare + start, stop + destroy, with asserts. */
struct port *fake_host_add(struct fake_host *h, const struct port_type *type,
                           const struct port_config *config);
void fake_host_remove(struct fake_host *h, struct port *port);

#endif
