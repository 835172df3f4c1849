/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The event loop over sd-event. A callback may free what it was called for: sd-event keeps a
 * source that is being dispatched, and nothing of ours is touched after the callback.
 */
#include "control/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>

#define TIMER_ACCURACY_US 500

struct loop {
    sd_event *event;
    sd_event_source *signals[3];
    void (*on_signal)(void *arg, int signo);
    void *arg;
};

struct loop_watch {
    sd_event_source *source;
    void (*cb)(void *arg, uint32_t events);
    void *arg;
};

struct loop_timer {
    sd_event_source *source;
    void (*cb)(void *arg);
    void *arg;
};

static int dispatch_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *arg)
{
    struct loop *loop = arg;

    if (loop->on_signal != NULL)
        loop->on_signal(loop->arg, (int)info->ssi_signo);
    return 0;
}

static int add_signals(struct loop *loop)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    int rc = 0;

    for (size_t i = 0; i < ARRAY_SIZE(numbers) && rc >= 0; i++)
        rc = sd_event_add_signal(loop->event, &loop->signals[i], numbers[i], dispatch_signal, loop);
    return rc;
}

int loop_new(void (*on_signal)(void *arg, int signo), void *arg, struct loop **ret_loop,
             struct vsw_err *err)
{
    struct loop *loop = calloc(1, sizeof(*loop));
    int rc;

    if (loop == NULL)
        return vsw_err_set(err, -ENOMEM, NULL, "no memory for the event loop");
    loop->on_signal = on_signal;
    loop->arg = arg;
    rc = sd_event_new(&loop->event);
    if (rc >= 0 && on_signal != NULL)
        rc = add_signals(loop);
    if (rc >= 0)
        rc = sd_event_set_watchdog(loop->event, true);
    if (rc < 0) {
        loop_free(loop);
        return vsw_err_set(err, rc, NULL, "cannot make the event loop: %s", strerrordesc_np(-rc));
    }
    *ret_loop = loop;
    return 0;
}

void loop_free(struct loop *loop)
{
    if (loop == NULL)
        return;
    for (size_t i = 0; i < ARRAY_SIZE(loop->signals); i++)
        sd_event_source_unref(loop->signals[i]);
    sd_event_unref(loop->event);
    free(loop);
}

int loop_run(struct loop *loop)
{
    return sd_event_loop(loop->event);
}

int loop_step(struct loop *loop, uint64_t timeout_us)
{
    return sd_event_run(loop->event, timeout_us);
}

void loop_exit(struct loop *loop, int status)
{
    sd_event_exit(loop->event, status);
}

static int dispatch_watch(sd_event_source *source, int fd, uint32_t events, void *arg)
{
    struct loop_watch *watch = arg;

    watch->cb(watch->arg, events);
    return 0;
}

int loop_watch_new(struct loop *loop, int fd, uint32_t events,
                   void (*cb)(void *arg, uint32_t events), void *arg, struct loop_watch **ret_watch)
{
    struct loop_watch *watch = calloc(1, sizeof(*watch));
    int rc;

    if (watch == NULL)
        return -ENOMEM;
    watch->cb = cb;
    watch->arg = arg;
    rc = sd_event_add_io(loop->event, &watch->source, fd, events, dispatch_watch, watch);
    if (rc < 0) {
        free(watch);
        return rc;
    }
    *ret_watch = watch;
    return 0;
}

void loop_watch_set(struct loop_watch *watch, uint32_t events)
{
    sd_event_source_set_io_events(watch->source, events);
}

void loop_watch_free(struct loop_watch *watch)
{
    if (watch == NULL)
        return;
    sd_event_source_disable_unref(watch->source);
    free(watch);
}

static int dispatch_timer(sd_event_source *source, uint64_t usec, void *arg)
{
    struct loop_timer *timer = arg;

    timer->cb(timer->arg);
    return 0;
}

/* Rounded up: a timer that fires early would find nothing due. */
static uint64_t timer_us(uint64_t at_ns)
{
    return at_ns == UINT64_MAX ? UINT64_MAX : at_ns / NS_PER_US + 1;
}

int loop_timer_new(struct loop *loop, uint64_t at_ns, void (*cb)(void *arg), void *arg,
                   struct loop_timer **ret_timer)
{
    struct loop_timer *timer = calloc(1, sizeof(*timer));
    int rc;

    if (timer == NULL)
        return -ENOMEM;
    timer->cb = cb;
    timer->arg = arg;
    rc = sd_event_add_time(loop->event, &timer->source, CLOCK_MONOTONIC, timer_us(at_ns),
                           TIMER_ACCURACY_US, dispatch_timer, timer);
    if (rc < 0) {
        free(timer);
        return rc;
    }
    *ret_timer = timer;
    return 0;
}

void loop_timer_set(struct loop_timer *timer, uint64_t at_ns)
{
    sd_event_source_set_time(timer->source, timer_us(at_ns));
    sd_event_source_set_enabled(timer->source, SD_EVENT_ONESHOT);
}

void loop_timer_free(struct loop_timer *timer)
{
    if (timer == NULL)
        return;
    sd_event_source_disable_unref(timer->source);
    free(timer);
}

struct deferred {
    void (*cb)(void *arg);
    void *arg;
};

static int dispatch_defer(sd_event_source *source, void *arg)
{
    struct deferred d = *(struct deferred *)arg;

    free(arg);
    sd_event_source_unref(source);
    d.cb(d.arg);
    return 0;
}

int loop_defer(struct loop *loop, void (*cb)(void *arg), void *arg)
{
    struct deferred *d = malloc(sizeof(*d));
    sd_event_source *source;
    int rc;

    if (d == NULL)
        return -ENOMEM;
    *d = (struct deferred){cb, arg};
    rc = sd_event_add_defer(loop->event, &source, dispatch_defer, d);
    if (rc < 0)
        free(d);
    return rc < 0 ? rc : 0;
}
