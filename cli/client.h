/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The connection to the daemon: lines of JSON-RPC over a Unix socket. Opens itself when needed.
 */
#ifndef CLI_CLIENT_H
#define CLI_CLIENT_H

#include "api/rpc_codec.h"

struct client {
    const char *path; /* borrowed */
    int fd;           /* -1: not connected */
    char *buf;        /* owned; what was received and not yet used */
    size_t len, room;
    uint64_t next_id;
    int timeout_ms; /* longest wait for an answer; -1: for ever */
};

/**
 * client_init() - a client that is not connected yet
 * @client: filled
 * @path: of the socket, borrowed for the client's life
 *
 * Context: any thread; does not block.
 * Source: none
 */
void client_init(struct client *client, const char *path);
void client_close(struct client *client);

/**
 * client_send() - send a request
 * @client: connected when it is not
 * @method: borrowed
 * @params: taken; NULL stands for {}
 * @fd: sent along unless negative; stays open here
 * @ret_id: of the request
 * @err: why not
 *
 * Return: 0 or a negative errno: nobody listens, no permission, connection lost.
 * Context: any thread; blocks.
 * Source: unix(7), SCM_RIGHTS
 */
int client_send(struct client *client, const char *method, struct json *params, int fd,
                uint64_t *ret_id, struct vsw_err *err);

/**
 * client_receive() - the next message
 * @client: connected
 * @timeout_ms: how long to wait; -1 for ever
 * @ret_json: owned by the caller; @ret_message borrows from it
 * @ret_message: its parts
 * @err: why not
 *
 * Return: 0; -EAGAIN nothing came in time or a signal arrived, @err untouched; -ECONNRESET the
 * daemon is gone; -EPROTO what came makes no sense.
 * Context: any thread; blocks up to the time given.
 * Source: none
 */
int client_receive(struct client *client, int timeout_ms, struct json **ret_json,
                   struct rpc_message *ret_message, struct vsw_err *err);

/**
 * client_wait() - the answer to one request; notifications meanwhile are dropped
 * @client: connected
 * @id: of the request
 * @ret_result: owned by the caller; NULL when refused
 * @err: the refusal, or why there is no answer
 *
 * Return: 0; 1 when refused; a negative errno when there is no answer.
 * Context: any thread; blocks up to client->timeout_ms.
 * Source: none
 */
int client_wait(struct client *client, uint64_t id, struct json **ret_result, struct vsw_err *err);

/* client_send() and client_wait(). */
int client_call(struct client *client, const char *method, struct json *params,
                struct json **ret_result, struct vsw_err *err);

#endif
