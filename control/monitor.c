/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Subscribers and their numbering. A subscriber lives as long as its connection.
 */
#include "control/monitor.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

struct subscriber {
    LIST_ENTRY(subscriber) link;
    struct rpc_hook hook;
    struct rpc_conn *conn;
    struct api_names kinds;
    uint64_t seq;
};

struct monitor {
    LIST_HEAD(, subscriber) subscribers;
};

struct monitor *monitor_new(void)
{
    return calloc(1, sizeof(struct monitor));
}

void monitor_free(struct monitor *m)
{
    assert(m == NULL || LIST_EMPTY(&m->subscribers));
    free(m);
}

static void subscriber_free(struct subscriber *s)
{
    LIST_REMOVE(s, link);
    free(s->kinds.items);
    free(s);
}

static void on_closed(struct rpc_hook *hook)
{
    subscriber_free(container_of(hook, struct subscriber, hook));
}

static void unsubscribe(struct monitor *m, struct rpc_conn *conn)
{
    struct subscriber *s;

    LIST_FOREACH (s, &m->subscribers, link) {
        if (s->conn == conn) {
            rpc_conn_unhook(conn, &s->hook);
            subscriber_free(s);
            return;
        }
    }
}

int monitor_subscribe(struct monitor *m, struct rpc_conn *conn, const struct api_names *kinds)
{
    struct subscriber *s = calloc(1, sizeof(*s));
    int rc = s == NULL ? -ENOMEM : 0;

    for (uint32_t i = 0; rc == 0 && i < kinds->count; i++)
        rc = api_names_append(&s->kinds, kinds->items[i]);
    if (rc < 0) {
        if (s != NULL)
            free(s->kinds.items);
        free(s);
        return rc;
    }
    unsubscribe(m, conn);
    s->conn = conn;
    s->hook.closed = on_closed;
    rpc_conn_hook(conn, &s->hook);
    LIST_INSERT_HEAD(&m->subscribers, s, link);
    return 0;
}

bool monitor_active(const struct monitor *m)
{
    return !LIST_EMPTY(&m->subscribers);
}

/* RFC 3339 with milliseconds, UTC. */
static void format_now(char *buf, size_t size)
{
    struct timespec ts;
    struct tm tm;
    char date[24];

    clock_gettime(CLOCK_REALTIME, &ts);
    gmtime_r(&ts.tv_sec, &tm);
    strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(buf, size, "%s.%03uZ", date, (unsigned)(ts.tv_nsec / 1000000) % 1000);
}

void monitor_emit(struct monitor *m, const char *kind, const char *object, const char *text)
{
    struct subscriber *s = LIST_FIRST(&m->subscribers), *next;
    struct api_event event;

    if (s == NULL)
        return;
    api_init(&api_event_object, &event);
    format_now(event.time, sizeof(event.time));
    snprintf(event.kind, sizeof(event.kind), "%s", kind);
    snprintf(event.object, sizeof(event.object), "%s", object);
    snprintf(event.text, sizeof(event.text), "%s", text);
    for (; s != NULL; s = next) {
        next = LIST_NEXT(s, link); /* sending may end the connection, and with it s */
        if (s->kinds.count > 0 && !api_names_has(&s->kinds, kind))
            continue;
        event.seq = ++s->seq;
        rpc_conn_notify(s->conn, "event", api_encode(&api_event_object, &event, API_ENCODE_ALL));
    }
}
