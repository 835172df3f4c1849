/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The daemon's side of the method list: one prototype per method, and a table that calls them, so
 * that a forgotten handler does not link. Included by control/ only.
 *
 *     int handle_port_add(struct rpc_call *call, const struct api_port *in, struct api_change *out,
 *         struct vsw_err *err);
 *
 * @in is decoded and checked, @out is initialised by api_init(); both belong to the caller, who
 * frees them with api_free() once the reply is written. Dynamic members put into @out are taken.
 * Return: 0, a negative errno with @err filled, or API_PENDING: the handler keeps @call, and @in
 * and @out stay valid until it answers through the server.
 * Context: control; does not block.
 */
#ifndef API_HANDLERS_H
#define API_HANDLERS_H

#include "api/methods.h"
#include "base/err.h"

#define API_PENDING 1

struct rpc_call; /* the server's; opaque here */

struct api_handler {
    int (*call)(struct rpc_call *call, const void *in, void *out, struct vsw_err *err);
};

#define API_HANDLER_PROTOTYPE(object, verb, params, result, ...)                                   \
    int handle_##object##_##verb(struct rpc_call *call, const struct params *in,                   \
                                 struct result *out, struct vsw_err *err);
API_METHODS(API_HANDLER_PROTOTYPE)

#define API_HANDLER_THUNK(object, verb, ...)                                                       \
    static int thunk_##object##_##verb(struct rpc_call *call, const void *in, void *out,           \
                                       struct vsw_err *err)                                        \
    {                                                                                              \
        return handle_##object##_##verb(call, in, out, err);                                       \
    }
#define API_HANDLER_ROW(object, verb, ...) {thunk_##object##_##verb},

/* Once, in control/: `API_HANDLER_TABLE(rpc_handlers)` defines rpc_handlers[API_METHOD_COUNT]. */
#define API_HANDLER_TABLE(table)                                                                   \
    API_METHODS(API_HANDLER_THUNK)                                                                 \
    static const struct api_handler table[API_METHOD_COUNT] = {API_METHODS(API_HANDLER_ROW)};

#endif
