/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The table of all handlers, and the methods that change the wanted state: each is an edit of the
 * document, queued behind the changes before it.
 */
#include "control/change.h"
#include "control/handlers.h"

API_HANDLER_TABLE(table)
const struct api_handler *const rpc_handlers = table;

#define HANDLE_EDIT(object, verb, params)                                                          \
    int handle_##object##_##verb(struct rpc_call *call, const struct params *in,                   \
                                 struct api_change *out, struct vsw_err *err)                      \
    {                                                                                              \
        return change_edit(call, API_METHOD_##object##_##verb, in, out, err);                      \
    }

HANDLE_EDIT(tenant, add, api_tenant)
HANDLE_EDIT(tenant, set, api_tenant)
HANDLE_EDIT(tenant, del, api_tenant_del)
HANDLE_EDIT(network, add, api_network)
HANDLE_EDIT(network, set, api_network)
HANDLE_EDIT(network, del, api_network_del)
HANDLE_EDIT(port, add, api_port)
HANDLE_EDIT(port, set, api_port)
HANDLE_EDIT(port, del, api_port_del)
HANDLE_EDIT(fdb, add, api_fdb_entry)
HANDLE_EDIT(fdb, del, api_fdb_del)
HANDLE_EDIT(worker, move, api_placement)
HANDLE_EDIT(worker, release, api_queue_key)
HANDLE_EDIT(worker, set, api_worker)
HANDLE_EDIT(settings, set, api_settings)

int handle_config_apply(struct rpc_call *call, const struct api_apply *in, struct api_change *out,
                        struct vsw_err *err)
{
    return change_document(call, in, out, err);
}

int handle_batch_run(struct rpc_call *call, const struct api_batch *in, struct api_change *out,
                     struct vsw_err *err)
{
    return change_batch(call, in, out, err);
}
