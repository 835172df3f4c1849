/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the files of the JSON-RPC server share. Not for others.
 */
#ifndef CONTROL_RPC_CONN_H
#define CONTROL_RPC_CONN_H

#include "api/rpc_codec.h"
#include "control/rpc.h"

#include <sys/queue.h>

#define RPC_OUT_PAUSE_BYTES  (256u << 10) /* unread replies that stop the reading of requests */
#define RPC_OUT_NOTIFY_BYTES (1u << 20)   /* unread bytes from which on notifications are lost */
#define RPC_BATCH_OUT_BYTES  (16u << 20)  /* replies of one batch */

struct rpc_buffer {
    char *data;
    size_t start, end, size;
};

/* A line that is being served: one request, or a batch of them. */
struct rpc_work {
    struct json *root; /* NULL: no work */
    bool is_batch;
    size_t next, count;
    struct rpc_buffer replies; /* of a batch */
};

struct rpc_conn {
    TAILQ_ENTRY(rpc_conn) link;
    struct rpc_server *server;
    int fd; /* -1: closed, waits for its references to go */
    unsigned refs;
    struct peer peer;
    enum api_role role;
    struct loop_watch *watch;
    struct loop_timer *stall;
    struct rpc_buffer in, out;
    size_t scanned; /* bytes of `in` without a line feed */
    struct rpc_work work;
    struct rpc_call *call; /* pending */
    bool ended;            /* the peer sends no more */
    bool doomed;           /* close once the output is written */
    bool kicked;           /* rpc_conn_serve is on its way */
    bool stall_armed;
    int passed_fd; /* -1 = none */
    struct rpc_hook *hooks;
};

struct rpc_server {
    struct loop *loop;
    struct rpc_params params;
    int fd;
    struct loop_watch *watch;
    struct loop_timer *resume; /* listens again after descriptors ran out */
    TAILQ_HEAD(, rpc_conn) conns;
    struct rpc_counters counters;
    unsigned refs;
};

/* rpc_buffer.c */
int rpc_buffer_reserve(struct rpc_buffer *b, size_t bytes);
int rpc_buffer_add(struct rpc_buffer *b, const char *data, size_t len);
void rpc_buffer_consume(struct rpc_buffer *b, size_t len);
void rpc_buffer_free(struct rpc_buffer *b);
static inline size_t rpc_buffer_used(const struct rpc_buffer *b)
{
    return b->end - b->start;
}

/* rpc_conn.c */
void rpc_conn_open(struct rpc_server *server, int fd, const struct peer *peer, enum api_role role);
void rpc_conn_close(struct rpc_conn *conn);
void rpc_conn_unref(struct rpc_conn *conn);
/* Queue a whole line; closes the connection when there is no memory for it. */
void rpc_conn_send(struct rpc_conn *conn, const char *line, size_t len);
/* Serve what is buffered, soon. */
void rpc_conn_kick(struct rpc_conn *conn);

/* rpc_call.c */
/* Begin the work that one line asks for. */
void rpc_work_begin(struct rpc_conn *conn, const char *line, size_t len);
/* Do the next request of the work; ends the work after its last one. */
void rpc_work_step(struct rpc_conn *conn);
void rpc_work_drop(struct rpc_conn *conn);
void rpc_server_unref(struct rpc_server *server);

#endif
