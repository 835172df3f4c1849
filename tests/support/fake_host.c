/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/support/fake_host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/support/cmocka.h"

struct port_watch {
    struct port_watch *next;
    struct fake_host *host;
    int fd;
    bool dead;
    void (*cb)(void *arg, uint32_t events);
    void *arg;
};

struct port_timer {
    struct port_timer *next;
    struct fake_host *host;
    uint64_t at_ns;
    void (*cb)(void *arg);
    void *arg;
};

struct fake_job {
    struct fake_job *next;
    void (*work)(void *arg);
    void (*done)(void *arg);
    void *arg;
};

static struct fake_host *of(struct port_host *host)
{
    return container_of(host, struct fake_host, host);
}

static int host_watch(struct port_host *host, int fd, uint32_t events,
                      void (*cb)(void *arg, uint32_t events), void *arg,
                      struct port_watch **ret_watch)
{
    struct fake_host *h = of(host);
    struct port_watch *w = calloc(1, sizeof(*w));
    struct epoll_event ev = {.events = events, .data.ptr = w};

    *w = (struct port_watch){.next = h->watches, .host = h, .fd = fd, .cb = cb, .arg = arg};
    if (epoll_ctl(h->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0) {
        free(w);
        return -errno;
    }
    h->watches = w;
    *ret_watch = w;
    return 0;
}

static void host_watch_set(struct port_watch *w, uint32_t events)
{
    struct epoll_event ev = {.events = events, .data.ptr = w};

    assert_int_equal(epoll_ctl(w->host->epoll_fd, EPOLL_CTL_MOD, w->fd, &ev), 0);
}

static void host_unwatch(struct port_watch *w)
{
    struct port_watch **at;

    if (w == NULL)
        return;
    assert_false(w->dead);
    /* The fd must still be open: the contract says unwatch before closing. */
    assert_int_equal(epoll_ctl(w->host->epoll_fd, EPOLL_CTL_DEL, w->fd, NULL), 0);
    for (at = &w->host->watches; *at != w; at = &(*at)->next)
        assert_non_null(*at);
    *at = w->next;
    w->dead = true; /* an event of this round may still name it */
    w->next = w->host->dead_watches;
    w->host->dead_watches = w;
}

static int host_timer(struct port_host *host, uint64_t at_ns, void (*cb)(void *arg), void *arg,
                      struct port_timer **ret_timer)
{
    struct fake_host *h = of(host);
    struct port_timer *t = calloc(1, sizeof(*t));

    *t = (struct port_timer){.next = h->timers, .host = h, .at_ns = at_ns, .cb = cb, .arg = arg};
    h->timers = t;
    *ret_timer = t;
    return 0;
}

static void host_timer_cancel(struct port_timer *t)
{
    struct port_timer **at;

    if (t == NULL)
        return;
    for (at = &t->host->timers; *at != t; at = &(*at)->next)
        assert_non_null(*at); /* else it has fired or was cancelled before */
    *at = t->next;
    free(t);
}

static void job_append(struct fake_job **list, void (*work)(void *arg), void (*done)(void *arg),
                       void *arg)
{
    struct fake_job *j = calloc(1, sizeof(*j));

    *j = (struct fake_job){.work = work, .done = done, .arg = arg};
    while (*list != NULL)
        list = &(*list)->next;
    *list = j;
}

static void host_retire(struct port_host *host, void (*done)(void *arg), void *arg)
{
    of(host)->retire_count++;
    job_append(&of(host)->retires, NULL, done, arg);
}

static int host_run(struct port_host *host, void (*work)(void *arg), void (*done)(void *arg),
                    void *arg)
{
    if (of(host)->fail_run)
        return -EAGAIN;
    job_append(&of(host)->jobs, work, done, arg);
    return 0;
}

static void host_event(struct port_host *host, struct port *port, enum port_event event,
                       const char *text)
{
    struct fake_host *h = of(host);
    struct fake_event *e = &h->log[h->events++ % FAKE_HOST_LOG];

    e->event = event;
    h->event_count[event]++;
    snprintf(e->text, sizeof(e->text), "%s", text);
    if (getenv("FAKE_HOST_VERBOSE") != NULL)
        fprintf(stderr, "%s: event %d %s\n", port->name, event, text);
}

static void host_rxq_changed(struct port_host *host, struct port_rxq *q)
{
    of(host)->rxq_changes++;
}

static int host_inject(struct port_host *host, struct port *port, const void *frame, size_t bytes)
{
    struct fake_host *h = of(host);

    h->injects++;
    h->injected_bytes = bytes;
    memcpy(h->injected, frame, bytes < sizeof(h->injected) ? bytes : sizeof(h->injected));
    return 0;
}

static void host_wake(struct port_host *host)
{
    of(host)->wakes++;
}

void fake_host_init(struct fake_host *h)
{
    *h = (struct fake_host){.host = {.watch = host_watch,
                                     .watch_set = host_watch_set,
                                     .unwatch = host_unwatch,
                                     .timer = host_timer,
                                     .timer_cancel = host_timer_cancel,
                                     .retire = host_retire,
                                     .run = host_run,
                                     .event = host_event,
                                     .rxq_changed = host_rxq_changed,
                                     .inject = host_inject,
                                     .wake = host_wake}};
    h->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    assert_true(h->epoll_fd >= 0);
}

static void dead_free(struct fake_host *h)
{
    while (h->dead_watches != NULL) {
        struct port_watch *w = h->dead_watches;

        h->dead_watches = w->next;
        free(w);
    }
}

void fake_host_fini(struct fake_host *h)
{
    assert_null(h->watches);
    assert_null(h->timers);
    assert_null(h->retires);
    assert_null(h->jobs);
    dead_free(h);
    close(h->epoll_fd);
}

static bool jobs_run(struct fake_job **list)
{
    struct fake_job *j = *list, *next;

    *list = NULL;
    if (j == NULL)
        return false;
    for (; j != NULL; j = next) {
        next = j->next;
        if (j->work != NULL)
            j->work(j->arg);
        j->done(j->arg);
        free(j);
    }
    return true;
}

static bool timers_run(struct fake_host *h)
{
    uint64_t now_ns = clock_now_ns();
    bool any = false;

    for (;;) {
        struct port_timer *t = h->timers;

        while (t != NULL && t->at_ns > now_ns)
            t = t->next;
        if (t == NULL)
            return any;
        any = true;
        void (*cb)(void *) = t->cb;
        void *arg = t->arg;

        host_timer_cancel(t);
        cb(arg);
    }
}

static bool attention_run(struct fake_host *h)
{
    bool any = false;

    for (int i = 0; i < FAKE_HOST_PORTS; i++) {
        if (h->ports[i] == NULL || !atomic_exchange(&h->ports[i]->attention, false))
            continue;
        any = true;
        h->ports[i]->type->attention(h->ports[i]);
    }
    return any;
}

static bool round_run(struct fake_host *h, int timeout_ms)
{
    struct epoll_event ev[16];
    bool any = timers_run(h);
    int n = epoll_wait(h->epoll_fd, ev, 16, any || h->retires || h->jobs ? 0 : timeout_ms);

    for (int i = 0; i < n; i++) {
        struct port_watch *w = ev[i].data.ptr;

        if (!w->dead)
            w->cb(w->arg, ev[i].events);
    }
    any |= n > 0;
    any |= attention_run(h);
    if (!h->hold_retires)
        any |= jobs_run(&h->retires);
    any |= jobs_run(&h->jobs);
    dead_free(h);
    return any;
}

void fake_host_end_grace(struct fake_host *h)
{
    jobs_run(&h->retires);
}

void fake_host_poll(struct fake_host *h, int timeout_ms)
{
    round_run(h, timeout_ms);
}

void fake_host_settle(struct fake_host *h)
{
    for (int i = 0; i < 100000; i++) {
        if (!round_run(h, 0))
            return;
    }
    fail_msg("the host never comes to rest");
}

bool fake_host_until(struct fake_host *h, bool (*done)(void *arg), void *arg, unsigned rounds)
{
    while (!done(arg)) {
        if (rounds-- == 0)
            return false;
        fake_host_poll(h, 1);
    }
    return true;
}

unsigned fake_host_watches(const struct fake_host *h)
{
    unsigned n = 0;

    for (const struct port_watch *w = h->watches; w != NULL; w = w->next)
        n++;
    return n;
}

unsigned fake_host_timers(const struct fake_host *h)
{
    unsigned n = 0;

    for (const struct port_timer *t = h->timers; t != NULL; t = t->next)
        n++;
    return n;
}

struct port *fake_host_add(struct fake_host *h, const struct port_type *type,
                           const struct port_config *config)
{
    struct vsw_err err = {0};
    struct port *port = NULL;
    int i = 0;

    if (type->prepare(&h->host, config, &port, &err) < 0)
        fail_msg("prepare: %s: %s", err.field, err.msg);
    while (h->ports[i] != NULL)
        i++;
    h->ports[i] = port;
    if (type->start(port, &err) < 0)
        fail_msg("start: %s: %s", err.field, err.msg);
    return port;
}

static void set_true(void *arg)
{
    *(bool *)arg = true;
}

static bool is_true(void *arg)
{
    return *(bool *)arg;
}

void fake_host_remove(struct fake_host *h, struct port *port)
{
    bool done = false;

    for (int i = 0; i < FAKE_HOST_PORTS; i++) {
        if (h->ports[i] == port)
            h->ports[i] = NULL;
    }
    port->type->stop(port, set_true, &done);
    assert_true(fake_host_until(h, is_true, &done, 5000));
    fake_host_settle(h);
    port->type->destroy(port, true);
}
