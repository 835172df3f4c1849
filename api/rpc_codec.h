/* SPDX-License-Identifier: BSD-3-Clause
 *
 * JSON-RPC 2.0 messages, for both ends of the control socket: one JSON value per line. Pure.
 */
#ifndef API_RPC_CODEC_H
#define API_RPC_CODEC_H

#include "api/json.h"

#define RPC_METHOD_SIZE 64

/* Codes of error replies, JSON-RPC 2.0 section 5.1; the last is ours: refused for `data.errno`. */
enum rpc_code {
    RPC_PARSE_ERROR = -32700,
    RPC_INVALID_REQUEST = -32600,
    RPC_METHOD_NOT_FOUND = -32601,
    RPC_INVALID_PARAMS = -32602,
    RPC_INTERNAL_ERROR = -32603,
    RPC_REFUSED = -32000,
};

enum rpc_kind {
    RPC_REQUEST,      /* method, params, id */
    RPC_NOTIFICATION, /* method, params */
    RPC_RESULT,       /* id, result */
    RPC_ERROR,        /* id (may be null), error */
};

struct rpc_message {
    enum rpc_kind kind;
    char method[RPC_METHOD_SIZE];
    const struct json *id;     /* borrowed from the message; NULL = none */
    const struct json *params; /* borrowed; NULL = none; of a request or notification */
    const struct json *result; /* borrowed */
    struct vsw_err error;      /* of RPC_ERROR: code is data.errno, negative, else -EREMOTEIO */
    int error_code;            /* of RPC_ERROR: its "code" */
};

/**
 * rpc_message_decode() - take one message (not a batch) apart
 * @json: borrowed; must outlive @ret_message
 * @ret_message: its parts
 * @err: why not
 *
 * Parameters must be an object: every method takes named ones.
 * Return: 0, or -EINVAL: an invalid request.
 * Context: any thread; does not block.
 * Source: JSON-RPC 2.0 sections 4 and 5
 */
int rpc_message_decode(const struct json *json, struct rpc_message *ret_message,
                       struct vsw_err *err);

/* Making messages; each takes `params` or `result` (also on failure), borrows the rest. NULL: no
 * memory. */
struct json *rpc_make_request(uint64_t id, const char *method, struct json *params);
struct json *rpc_make_notification(const char *method, struct json *params);
struct json *rpc_make_result(const struct json *id, struct json *result);

/**
 * rpc_make_error() - an error reply with data {errno, field, hint}
 * @id: borrowed; NULL becomes null
 * @code: of JSON-RPC
 * @err: borrowed
 *
 * Return: the message, owned by the caller; NULL without memory.
 * Context: any thread; does not block.
 * Source: JSON-RPC 2.0 section 5.1
 */
struct json *rpc_make_error(const struct json *id, enum rpc_code code, const struct vsw_err *err);

/* A message as one line: text and "\n", owned by the caller: free(). NULL without memory. */
char *rpc_line(const struct json *message);

#endif
