/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The event loop of the control thread: descriptors, timers, signals and the service manager, over
 * sd-event. One thread; everything here is for the control thread unless it says otherwise.
 */
#ifndef CONTROL_LOOP_H
#define CONTROL_LOOP_H

#include "base/base.h"
#include "base/err.h"

struct loop;
struct loop_watch;
struct loop_timer;

/**
 * loop_new() - make a loop; SIGTERM, SIGINT and SIGHUP must be blocked in every thread already
 * @on_signal: called with the number of one of the three; may be NULL
 * @arg: handed to @on_signal
 * @ret_loop: owned by the caller, loop_free()
 * @err: filled on failure
 *
 * Return: 0 or negative errno.
 * Context: control; does not block.
 * Source: sd-event(3)
 */
int loop_new(void (*on_signal)(void *arg, int signo), void *arg, struct loop **ret_loop,
             struct vsw_err *err);
void loop_free(struct loop *loop);

/**
 * loop_run() - serve events until loop_exit()
 * @loop: the loop
 *
 * Return: the number given to loop_exit(), or negative errno.
 * Context: control; blocks while there is nothing to do.
 * Source: none
 */
int loop_run(struct loop *loop);

/**
 * loop_step() - serve at most one event
 * @loop: the loop
 * @timeout_us: longest wait; UINT64_MAX = for ever
 *
 * Return: 1 when something was served, 0 on timeout, negative errno.
 * Context: control; waits. For tests and for the orderly stop.
 * Source: none
 */
int loop_step(struct loop *loop, uint64_t timeout_us);
void loop_exit(struct loop *loop, int status);

/**
 * loop_watch_new() - call back when a descriptor has events
 * @loop: the loop
 * @fd: stays the caller's; unwatch before closing it
 * @events: EPOLLIN, EPOLLOUT, ...; level-triggered
 * @cb: told which events
 * @arg: handed to @cb
 * @ret_watch: freed by loop_watch_free(), also from inside @cb
 *
 * Return: 0, -ENOMEM, or what epoll_ctl(2) says of the descriptor.
 * Context: control; does not block.
 * Source: sd_event_add_io(3)
 */
int loop_watch_new(struct loop *loop, int fd, uint32_t events,
                   void (*cb)(void *arg, uint32_t events), void *arg,
                   struct loop_watch **ret_watch);
void loop_watch_set(struct loop_watch *watch, uint32_t events);
void loop_watch_free(struct loop_watch *watch); /* NULL is fine */

/**
 * loop_timer_new() - call back once at a time of clock_now_ns()
 * @loop: the loop
 * @at_ns: when; UINT64_MAX = not before loop_timer_set()
 * @cb: may set or free the timer
 * @arg: handed to @cb
 * @ret_timer: freed by loop_timer_free()
 *
 * Return: 0 or -ENOMEM.
 * Context: control; does not block.
 * Source: sd_event_add_time(3)
 */
int loop_timer_new(struct loop *loop, uint64_t at_ns, void (*cb)(void *arg), void *arg,
                   struct loop_timer **ret_timer);
void loop_timer_set(struct loop_timer *timer, uint64_t at_ns);
void loop_timer_free(struct loop_timer *timer); /* NULL is fine */

/**
 * loop_defer() - call back once, soon, and never from inside this call
 * @loop: the loop
 * @cb: called
 * @arg: handed to @cb
 *
 * Return: 0 or -ENOMEM.
 * Context: control; does not block.
 * Source: sd_event_add_defer(3)
 */
int loop_defer(struct loop *loop, void (*cb)(void *arg), void *arg);

#endif
