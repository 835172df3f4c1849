/* SPDX-License-Identifier: BSD-3-Clause
 *
 * struct port_host. Watches and timers of ports are those of the loop.
 */
#include "control/host.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct host {
    struct port_host ports;
    struct ctl *ctl;
    int wake_fd; /* written by any thread and by signal handlers */
    struct loop_watch *wake_watch;
    struct loop_watch *dp_watch;
    struct loop_timer *dp_timer;
    struct log_limit events; /* a peer can provoke as many as it likes */
};

static struct host *host_of(struct port_host *ports)
{
    return container_of(ports, struct host, ports);
}

static int host_watch(struct port_host *ports, int fd, uint32_t events,
                      void (*cb)(void *arg, uint32_t events), void *arg,
                      struct port_watch **ret_watch)
{
    return loop_watch_new(host_of(ports)->ctl->loop, fd, events, cb, arg,
                          (struct loop_watch **)ret_watch);
}

static void host_watch_set(struct port_watch *watch, uint32_t events)
{
    loop_watch_set((struct loop_watch *)watch, events);
}

static void host_unwatch(struct port_watch *watch)
{
    loop_watch_free((struct loop_watch *)watch);
}

/* A port's timer ends by firing; the loop's are freed by hand. */
struct port_timer {
    struct loop_timer *timer;
    void (*cb)(void *arg);
    void *arg;
};

static void on_port_timer(void *arg)
{
    struct port_timer t = *(struct port_timer *)arg;

    loop_timer_free(t.timer);
    free(arg);
    t.cb(t.arg);
}

static int host_timer(struct port_host *ports, uint64_t at_ns, void (*cb)(void *arg), void *arg,
                      struct port_timer **ret_timer)
{
    struct port_timer *t = malloc(sizeof(*t));
    int rc;

    if (t == NULL)
        return -ENOMEM;
    *t = (struct port_timer){.cb = cb, .arg = arg};
    rc = loop_timer_new(host_of(ports)->ctl->loop, at_ns, on_port_timer, t, &t->timer);
    if (rc < 0) {
        free(t);
        return rc;
    }
    *ret_timer = t;
    return 0;
}

static void host_timer_cancel(struct port_timer *t)
{
    if (t == NULL)
        return;
    loop_timer_free(t->timer);
    free(t);
}

static void host_retire(struct port_host *ports, void (*done)(void *arg), void *arg)
{
    dp_retire(host_of(ports)->ctl->dp, done, arg);
}

static int host_run(struct port_host *ports, void (*work)(void *arg), void (*done)(void *arg),
                    void *arg)
{
    return helper_run(host_of(ports)->ctl->helper, work, done, arg);
}

static void count_event(struct ctl *ctl, const struct port *port, enum port_event event)
{
    struct live_port *live = live_port(&ctl->live, port->name);

    if (live == NULL || live->port != port)
        return;
    live->connection_count += event == PORT_EVENT_CONNECTED;
    live->error_count += event == PORT_EVENT_ERROR;
}

static void host_event(struct port_host *ports, struct port *port, enum port_event event,
                       const char *text)
{
    static const char *const words[] = {
        [PORT_EVENT_CONNECTED] = "connected", [PORT_EVENT_DISCONNECTED] = "disconnected",
        [PORT_EVENT_READY] = "ready",         [PORT_EVENT_ERROR] = "error",
        [PORT_EVENT_INFO] = "info",
    };
    struct host *host = host_of(ports);
    bool has_text = text != NULL && text[0] != '\0';
    uint64_t suppressed = 0;

    count_event(host->ctl, port, event);
    ctl_event(host->ctl, "port", port->name, "%s%s%s", words[event], has_text ? ": " : "",
              has_text ? text : "");
    if (!log_limit_pass(&host->events, clock_now_ns(), &suppressed))
        return;
    log_line(event == PORT_EVENT_ERROR ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, "port %s: %s%s%s",
             port->name, words[event], has_text ? ": " : "", has_text ? text : "");
    if (suppressed > 0)
        log_info("%llu events of ports were not logged", (unsigned long long)suppressed);
}

static void host_rxq_changed(struct port_host *ports, struct port_rxq *q)
{
    struct ctl *ctl = host_of(ports)->ctl;

    /* Before it is attached there is nobody to tell: attaching looks at the queues itself. */
    if (live_is_attached(&ctl->live, q->port))
        dp_rxq_changed(ctl->dp, q);
}

static int host_inject(struct port_host *ports, struct port *port, const void *frame, size_t bytes)
{
    struct ctl *ctl = host_of(ports)->ctl;

    return live_is_attached(&ctl->live, port) ? dp_inject(ctl->dp, port, frame, bytes) : -EAGAIN;
}

static void host_wake(struct port_host *ports)
{
    uint64_t one = 1;
    int saved = errno;

    /* Fails only when the counter is full, and then control is being woken already. */
    if (write(host_of(ports)->wake_fd, &one, sizeof(one)) < 0)
        errno = saved;
}

static void on_wake(void *arg, uint32_t events)
{
    struct host *host = arg;
    struct ctl *ctl = host->ctl;
    uint64_t count;

    if (read(host->wake_fd, &count, sizeof(count)) < 0)
        return;
    for (uint32_t i = 0; i < ctl->live.max_ports; i++) {
        struct live_port *live = ctl->live.ports[i];

        if (live == NULL || live->port == NULL)
            continue;
        if (atomic_exchange_explicit(&live->port->attention, false, memory_order_acq_rel))
            live->port->type->attention(live->port);
    }
}

/* ---- the packet path --------------------------------------------------------------------- */
static void serve_datapath(void *arg)
{
    struct host *host = arg;

    loop_timer_set(host->dp_timer, dp_service(host->ctl->dp, clock_now_ns()));
}

static void on_dp_event(void *arg, uint32_t events)
{
    serve_datapath(arg);
}

int host_serve_datapath(struct host *host, struct vsw_err *err)
{
    struct loop *loop = host->ctl->loop;
    int rc = loop_timer_new(loop, 0, serve_datapath, host, &host->dp_timer);

    if (rc == 0)
        rc = loop_watch_new(loop, dp_event_fd(host->ctl->dp), EPOLLIN, on_dp_event, host,
                            &host->dp_watch);
    if (rc < 0)
        return vsw_err_set(err, rc, NULL, "cannot watch the packet path: %s", strerrordesc_np(-rc));
    return 0;
}

/* ---- life -------------------------------------------------------------------------------- */
static int host_open(struct host *host)
{
    host->ports = (struct port_host){
        .run_dir = host->ctl->options->run_dir,
        .watch = host_watch,
        .watch_set = host_watch_set,
        .unwatch = host_unwatch,
        .timer = host_timer,
        .timer_cancel = host_timer_cancel,
        .retire = host_retire,
        .run = host_run,
        .event = host_event,
        .rxq_changed = host_rxq_changed,
        .inject = host_inject,
        .wake = host_wake,
    };
    host->events = (struct log_limit){.burst = 200, .per_s = 20};
    host->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (host->wake_fd < 0)
        return -errno;
    return loop_watch_new(host->ctl->loop, host->wake_fd, EPOLLIN, on_wake, host,
                          &host->wake_watch);
}

int host_new(struct ctl *ctl, struct host **ret_host, struct vsw_err *err)
{
    struct host *host = calloc(1, sizeof(*host));
    int rc = -ENOMEM;

    if (host != NULL) {
        host->ctl = ctl;
        rc = host_open(host);
    }
    if (rc < 0) {
        free(host);
        return vsw_err_set(err, rc, NULL, "cannot prepare for ports: %s", strerrordesc_np(-rc));
    }
    *ret_host = host;
    return 0;
}

void host_free(struct host *host)
{
    if (host == NULL)
        return;
    loop_watch_free(host->wake_watch);
    loop_watch_free(host->dp_watch);
    loop_timer_free(host->dp_timer);
    close(host->wake_fd);
    free(host);
}

struct port_host *host_of_ports(struct host *host)
{
    return &host->ports;
}
