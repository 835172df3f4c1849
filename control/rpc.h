/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The JSON-RPC server on a Unix socket. One thread, nothing blocks: half-sent lines wait in their
 * connection, slow readers fill a buffer of their own, and whoever goes over a limit is cut off and
 * counted.
 *
 * A connection's requests are answered in order: while a call is pending, and while its replies are
 * not read, nothing more is read from it. Other connections go on.
 */
#ifndef CONTROL_RPC_H
#define CONTROL_RPC_H

#include "api/api.h"
#include "api/handlers.h"
#include "control/loop.h"
#include "control/peer.h"

struct rpc_server;
struct rpc_conn;

struct rpc_params {
    const char *path;
    mode_t mode;   /* of the socket */
    int64_t group; /* of the socket; -1 = leave it */
    struct peer_policy policy;
    uint32_t max_clients;         /* 0 = 256 */
    uint32_t max_clients_per_uid; /* root is exempt; 0 = 64 */
    uint64_t stall_ns;            /* a reader that takes nothing for so long is cut off; 0 = 30 s */
    const struct api_handler *handlers; /* API_METHOD_COUNT of them */
    void *context;                      /* for rpc_call_context() */
};

/* Longest request of a line, without the line feed. Whoever may change may send whole documents. */
#define RPC_LINE_MAX_READ   (1u << 20)
#define RPC_LINE_MAX_CHANGE (16u << 20)
#define RPC_BATCH_MAX       1000

struct rpc_counters {
    uint64_t accepted, refused_full, refused_role, closed_stalled, closed_too_long;
    uint64_t requests, bad_requests, notifications_lost, stray_fds;
    uint32_t clients;
};

/**
 * rpc_server_new() - listen
 * @loop: where it runs
 * @params: copied, but path and handlers are borrowed
 * @ret_server: rpc_server_free()
 * @err: tells a running daemon from a socket file that was left behind (which is removed)
 *
 * Return: 0; -EADDRINUSE somebody answers there; another negative errno.
 * Context: control; connects once to see whether somebody answers, does not block.
 * Source: unix(7)
 */
int rpc_server_new(struct loop *loop, const struct rpc_params *params,
                   struct rpc_server **ret_server, struct vsw_err *err);
/* From now on connections are taken; those that came before have waited in the socket's queue. */
void rpc_server_serve(struct rpc_server *server);
/* Ends all connections and removes the socket file. Pending calls must be answered still. */
void rpc_server_close(struct rpc_server *server);
/* After rpc_server_close() and the answers. NULL is fine. */
void rpc_server_free(struct rpc_server *server);
const struct rpc_counters *rpc_server_counters(const struct rpc_server *server);

/* ---- for handlers ------------------------------------------------------------------------ */
void *rpc_call_context(const struct rpc_call *call);
enum api_role rpc_call_role(const struct rpc_call *call);
struct rpc_conn *rpc_call_conn(const struct rpc_call *call); /* NULL: it hung up meanwhile */

/**
 * rpc_call_fd() - take the descriptor that came with the request
 * @call: of a method with API_M_FD
 *
 * Return: a descriptor, now the caller's; -ENOENT when none came.
 * Context: control; does not block.
 * Source: unix(7) SCM_RIGHTS
 */
int rpc_call_fd(struct rpc_call *call);

/**
 * rpc_call_answer() - answer a call whose handler returned API_PENDING
 * @call: gone afterwards, with its parameters and result
 * @rc: 0 or negative errno
 * @err: why, when @rc is negative; may be NULL
 *
 * Context: control, not from inside the handler; does not block.
 * Source: none
 */
void rpc_call_answer(struct rpc_call *call, int rc, const struct vsw_err *err);

/**
 * rpc_conn_notify() - send a notification
 * @conn: a connection
 * @method: its name
 * @params: taken
 *
 * Return: 0, or -ENOBUFS: the reader is too slow, it was not sent.
 * Context: control; does not block.
 * Source: JSON-RPC 2.0 section 4.1
 */
int rpc_conn_notify(struct rpc_conn *conn, const char *method, struct json *params);

/* Call @cb when the connection ends. One per connection and caller, until rpc_conn_unhook(). */
struct rpc_hook {
    struct rpc_hook *next;
    void (*closed)(struct rpc_hook *hook);
};
void rpc_conn_hook(struct rpc_conn *conn, struct rpc_hook *hook);
void rpc_conn_unhook(struct rpc_conn *conn, struct rpc_hook *hook);

#endif
