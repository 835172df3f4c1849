/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The one list of methods: M(object, verb, params, result, role, flags, help, example). The
 * JSON-RPC name is "object.verb", the command line is `vswitchctl object verb`. api/handlers.h
 * makes the prototypes of the daemon's handlers from the same list.
 */
#ifndef API_METHODS_H
#define API_METHODS_H

#include "api/objects.h"

enum api_role {
    API_ROLE_READ,   /* may look */
    API_ROLE_CHANGE, /* may also change and capture */
};

/* Flags of a method, or-ed. */
enum {
    API_M_NONE = 0,
    API_M_EDIT = 1 << 0,    /* edits the configuration document: allowed in batch.run */
    API_M_PARTIAL = 1 << 1, /* only key fields of the parameters are required */
    API_M_GIVEN = 1 << 2,   /* the result shows only the fields that were given */
    API_M_STREAM = 1 << 3,  /* notifications follow the reply */
    API_M_FD = 1 << 4,      /* one file descriptor comes with the request */
    API_M_RPC = 1 << 5,     /* for programs: vswitchctl has another command for it, or none */
};

#define API_METHODS(M)                                                                             \
    M(tenant, add, api_tenant, api_change, CHANGE, API_M_EDIT, "Make a tenant",                    \
      "tenant add red limit_in_bps=2G")                                                            \
    M(tenant, set, api_tenant, api_change, CHANGE, API_M_EDIT | API_M_PARTIAL,                     \
      "Change fields of a tenant", "tenant set red max_ports=16")                                  \
    M(tenant, del, api_tenant_del, api_change, CHANGE, API_M_EDIT,                                 \
      "Remove a tenant that has neither networks nor ports", "tenant del red")                     \
    M(tenant, show, api_tenant_key, api_tenant_status, READ, API_M_NONE, "Show one tenant",        \
      "tenant show red")                                                                           \
    M(tenant, list, api_nothing, api_tenant_list, READ, API_M_NONE, "List the tenants",            \
      "tenant list")                                                                               \
                                                                                                   \
    M(network, add, api_network, api_change, CHANGE, API_M_EDIT, "Make a network of a tenant",     \
      "network add red/web vlan=10")                                                               \
    M(network, set, api_network, api_change, CHANGE, API_M_EDIT | API_M_PARTIAL,                   \
      "Change fields of a network", "network set red/web limit_bps=1G")                            \
    M(network, del, api_network_del, api_change, CHANGE, API_M_EDIT,                               \
      "Remove a network that no port is in", "network del red/web")                                \
    M(network, show, api_network_key, api_network_status, READ, API_M_NONE, "Show one network",    \
      "network show red/web")                                                                      \
    M(network, list, api_tenant_filter, api_network_list, READ, API_M_NONE, "List the networks",   \
      "network list tenant=red")                                                                   \
                                                                                                   \
    M(port, add, api_port, api_change, CHANGE, API_M_EDIT,                                         \
      "Make a port; keys that are not fields of a port are options of its type",                   \
      "port add vm1 type=vhost-user tenant=red networks=web")                                      \
    M(port, set, api_port, api_change, CHANGE, API_M_EDIT | API_M_PARTIAL,                         \
      "Change fields of a port", "port set vm1 limit_in_bps=100M")                                 \
    M(port, del, api_port_del, api_change, CHANGE, API_M_EDIT, "Remove a port", "port del vm1")    \
    M(port, show, api_port_key, api_port_status, READ, API_M_NONE,                                 \
      "Show one port: what is wanted, what is, and why they differ", "port show vm1")              \
    M(port, list, api_tenant_filter, api_port_list, READ, API_M_NONE,                              \
      "List the ports; of a tenant: its own and uplinks with its part of their maps",              \
      "port list tenant=red")                                                                      \
    M(port, types, api_nothing, api_type_list, READ, API_M_NONE,                                   \
      "List the types of port and their options", "port types")                                    \
    M(port, attach, api_port_key, api_attach, READ, API_M_NONE,                                    \
      "Show how a VM connects to a port: QEMU arguments, libvirt XML", "port attach vm1")          \
                                                                                                   \
    M(fdb, list, api_fdb_filter, api_fdb_list, READ, API_M_NONE, "List the FDB entries",           \
      "fdb list tenant=red port=vm1")                                                              \
    M(fdb, add, api_fdb_entry, api_change, CHANGE, API_M_EDIT, "Make a static FDB entry",          \
      "fdb add red/web/52:54:00:12:34:56 port=vm1")                                                \
    M(fdb, del, api_fdb_del, api_change, CHANGE, API_M_EDIT, "Remove a static FDB entry",          \
      "fdb del red/web/52:54:00:12:34:56")                                                         \
    M(fdb, flush, api_fdb_scope, api_fdb_flushed, CHANGE, API_M_NONE, "Forget learned addresses",  \
      "fdb flush tenant=red network=web")                                                          \
                                                                                                   \
    M(worker, list, api_nothing, api_worker_list, READ, API_M_NONE, "List the workers",            \
      "worker list")                                                                               \
    M(worker, move, api_placement, api_change, CHANGE, API_M_EDIT,                                 \
      "Pin a receive queue of a port to a worker", "worker move vm1/0 worker=1")                   \
    M(worker, release, api_queue_key, api_change, CHANGE, API_M_EDIT,                              \
      "Unpin a receive queue: the switch chooses its worker again", "worker release vm1/0")        \
    M(worker, set, api_worker, api_change, CHANGE, API_M_EDIT | API_M_PARTIAL,                     \
      "Change how a worker behaves", "worker set 0 idle=spin")                                     \
                                                                                                   \
    M(stats, show, api_stats_filter, api_stats, READ, API_M_NONE, "Show counters",                 \
      "stats show by=queue port=vm1")                                                              \
    M(stats, drops, api_drop_filter, api_drops, READ, API_M_NONE,                                  \
      "Show which frames were dropped, and why", "stats drops port=vm1")                           \
                                                                                                   \
    M(settings, show, api_nothing, api_settings, READ, API_M_NONE,                                 \
      "Show the settings of the whole switch", "settings show")                                    \
    M(settings, set, api_settings, api_change, CHANGE, API_M_EDIT | API_M_PARTIAL,                 \
      "Change settings of the whole switch", "settings set fdb_ageing_s=10m")                      \
                                                                                                   \
    M(config, show, api_nothing, api_config, READ, API_M_GIVEN,                                    \
      "Print the configuration as a document that `config apply` takes", "config show")            \
    M(config, apply, api_apply, api_change, CHANGE, API_M_NONE,                                    \
      "Make the switch match a document: all of it, or nothing",                                   \
      "config apply lab.json --dry-run")                                                           \
    M(config, save, api_nothing, api_saved, CHANGE, API_M_NONE,                                    \
      "Write the configuration to disk now", "config save")                                        \
    M(batch, run, api_batch, api_change, CHANGE, API_M_RPC,                                        \
      "Make several edits: all of them, or none", "-f lab.commands")                               \
                                                                                                   \
    M(monitor, subscribe, api_subscribe, api_subscribed, READ, API_M_STREAM | API_M_RPC,           \
      "Receive a notification `event` for all that happens", "monitor")                            \
    M(capture, start, api_capture_start, api_capture_status, CHANGE,                               \
      API_M_STREAM | API_M_FD | API_M_RPC,                                                         \
      "Write frames of a port to the descriptor sent along, as pcapng",                            \
      "capture vm1 drop -w - | tshark -r -")                                                       \
    M(capture, stop, api_capture_key, api_capture_status, CHANGE, API_M_RPC,                       \
      "End a capture of the same connection", "")                                                  \
    M(daemon, show, api_nothing, api_daemon, READ, API_M_NONE,                                     \
      "Show the daemon: version, memory, what it runs", "daemon show")                             \
    M(rpc, discover, api_nothing, api_discovery, READ, API_M_NONE,                                 \
      "List every method, object and field, for programs", "-j rpc discover")

#define API_METHOD_ID(object, verb, ...) API_METHOD_##object##_##verb,
enum api_method_id { API_METHODS(API_METHOD_ID) API_METHOD_COUNT };

struct api_method {
    const char *name;   /* "port.add" */
    const char *object; /* "port" */
    const char *verb;   /* "add" */
    const struct api_object *params;
    const struct api_object *result;
    enum api_role role;
    uint32_t flags; /* API_M_... */
    const char *help;
    const char *example; /* arguments of vswitchctl */
};

extern const struct api_method api_methods[API_METHOD_COUNT];

/**
 * api_method_find() - look a method up
 * @name: "object.verb", borrowed
 *
 * Return: the method, or NULL.
 * Context: any thread; does not block.
 * Source: none
 */
const struct api_method *api_method_find(const char *name);

#endif
