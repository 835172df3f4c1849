/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/objects.h"

API_ENUM_DEFINE(api_port_mode, API_PORT_MODES)
API_ENUM_DEFINE(api_tpid, API_TPIDS)
API_ENUM_DEFINE(api_transparency, API_TRANSPARENCIES)
API_ENUM_DEFINE(api_idle_mode, API_IDLE_MODES)
API_ENUM_DEFINE(api_plan_action, API_PLAN_ACTIONS)
API_ENUM_DEFINE(api_port_state, API_PORT_STATES)
API_ENUM_DEFINE(api_direction, API_DIRECTIONS)
API_ENUM_DEFINE(api_fdb_kind, API_FDB_KINDS)
API_ENUM_DEFINE(api_stats_group, API_STATS_GROUPS)
API_ENUM_DEFINE(api_drop_group, API_DROP_GROUPS)
API_ENUM_DEFINE(api_capture_direction, API_CAPTURE_DIRECTIONS)

API_OBJECT_DEFINE(api_tenant, API_TENANT_FIELDS, "tenant",
                  "A group of networks and ports that can never see another group")
API_OBJECT_DEFINE(api_network, API_NETWORK_FIELDS, "network",
                  "A layer 2 network of a tenant: ports in it reach each other")
API_OBJECT_DEFINE(api_map_entry, API_MAP_ENTRY_FIELDS, "map entry",
                  "A tag on the wire and its network; as text tag:tenant/network")
API_OBJECT_DEFINE(
    api_port, API_PORT_FIELDS, "port",
    "What connects a VM, a namespace or the host. `in` is what it sends into the switch, `out` "
    "what it receives")
API_OBJECT_DEFINE(api_fdb_entry, API_FDB_ENTRY_FIELDS, "fdb entry",
                  "An address that is known without learning")
API_OBJECT_DEFINE(api_placement, API_PLACEMENT_FIELDS, "placement",
                  "A receive queue pinned to a worker")
API_OBJECT_DEFINE(api_worker, API_WORKER_FIELDS, "worker", "How a worker behaves")
API_OBJECT_DEFINE(api_settings, API_SETTINGS_FIELDS, "settings", "Settings of the whole switch")
API_OBJECT_DEFINE(api_config, API_CONFIG_FIELDS, "config",
                  "The document that `config show` prints and `config apply` takes")

const struct api_object api_nothing_object = {"nothing", "No fields", NULL, 0,
                                              sizeof(struct api_nothing)};

API_OBJECT_DEFINE(api_tenant_key, API_TENANT_KEY_FIELDS, "tenant key", "Names a tenant")
API_OBJECT_DEFINE(api_tenant_del, API_TENANT_DEL_FIELDS, "tenant removal", "Names a tenant")
API_OBJECT_DEFINE(api_network_key, API_NETWORK_KEY_FIELDS, "network key", "Names a network")
API_OBJECT_DEFINE(api_network_del, API_NETWORK_DEL_FIELDS, "network removal", "Names a network")
API_OBJECT_DEFINE(api_port_key, API_PORT_KEY_FIELDS, "port key", "Names a port")
API_OBJECT_DEFINE(api_port_del, API_PORT_DEL_FIELDS, "port removal", "Names a port")
API_OBJECT_DEFINE(api_fdb_del, API_FDB_DEL_FIELDS, "fdb removal", "Names an FDB entry")
API_OBJECT_DEFINE(api_queue_key, API_QUEUE_KEY_FIELDS, "queue key", "Names a queue of a port")
API_OBJECT_DEFINE(api_tenant_filter, API_TENANT_FILTER_FIELDS, "tenant filter", "Which rows")
API_OBJECT_DEFINE(api_fdb_scope, API_FDB_SCOPE_FIELDS, "fdb scope", "Which entries")
API_OBJECT_DEFINE(api_fdb_filter, API_FDB_FILTER_FIELDS, "fdb filter", "Which entries")
API_OBJECT_DEFINE(api_plan_row, API_PLAN_ROW_FIELDS, "plan row", "One step of a change")
API_OBJECT_DEFINE(api_change, API_CHANGE_FIELDS, "change", "What a change did")
API_OBJECT_DEFINE(api_counters, API_COUNTERS_FIELDS, "counters",
                  "Received = unicast + flooded + dropped; copies = sent + dropped copies")
API_OBJECT_DEFINE(api_tenant_status, API_TENANT_STATUS_FIELDS, "tenant status",
                  "A tenant and what it uses")
API_OBJECT_DEFINE(api_tenant_list, API_TENANT_LIST_FIELDS, "tenant list", "Tenants")
API_OBJECT_DEFINE(api_network_status, API_NETWORK_STATUS_FIELDS, "network status",
                  "A network and what it holds")
API_OBJECT_DEFINE(api_network_list, API_NETWORK_LIST_FIELDS, "network list", "Networks")
API_OBJECT_DEFINE(api_type_counter, API_TYPE_COUNTER_FIELDS, "type counter",
                  "A counter that only ports of this type have")
API_OBJECT_DEFINE(api_queue_row, API_QUEUE_ROW_FIELDS, "queue row", "One direction of a queue")
API_OBJECT_DEFINE(api_port_status, API_PORT_STATUS_FIELDS, "port status",
                  "A port: what is wanted and what is")
API_OBJECT_DEFINE(api_port_list, API_PORT_LIST_FIELDS, "port list", "Ports")
API_OBJECT_DEFINE(api_attach, API_ATTACH_FIELDS, "attachment", "How a VM connects to a port")
API_OBJECT_DEFINE(api_fdb_row, API_FDB_ROW_FIELDS, "fdb row", "An FDB entry")
API_OBJECT_DEFINE(api_fdb_list, API_FDB_LIST_FIELDS, "fdb list", "FDB entries")
API_OBJECT_DEFINE(api_fdb_flushed, API_FDB_FLUSHED_FIELDS, "fdb flushed", "What a flush did")
API_OBJECT_DEFINE(api_worker_row, API_WORKER_ROW_FIELDS, "worker row", "A worker")
API_OBJECT_DEFINE(api_worker_list, API_WORKER_LIST_FIELDS, "worker list", "Workers")
API_OBJECT_DEFINE(api_stats_filter, API_STATS_FILTER_FIELDS, "stats filter", "Which counters")
API_OBJECT_DEFINE(api_stats_row, API_STATS_ROW_FIELDS, "stats row",
                  "Received = unicast + flooded + dropped; copies = sent + dropped copies")
API_OBJECT_DEFINE(api_stats, API_STATS_FIELDS, "stats", "Counters")
API_OBJECT_DEFINE(api_drop_filter, API_DROP_FILTER_FIELDS, "drop filter", "Which reasons")
API_OBJECT_DEFINE(api_drop_row, API_DROP_ROW_FIELDS, "drop row", "How often, and why")
API_OBJECT_DEFINE(api_drops, API_DROPS_FIELDS, "drops", "Reasons for which frames were dropped")
API_OBJECT_DEFINE(api_apply, API_APPLY_FIELDS, "application", "A document to apply")
API_OBJECT_DEFINE(api_saved, API_SAVED_FIELDS, "saved", "What a save did")
API_OBJECT_DEFINE(api_batch_item, API_BATCH_ITEM_FIELDS, "batch item", "One edit")
API_OBJECT_DEFINE(api_batch, API_BATCH_FIELDS, "batch", "Edits made together or not at all")
API_OBJECT_DEFINE(api_subscribe, API_SUBSCRIBE_FIELDS, "subscription", "Which events")
API_OBJECT_DEFINE(api_subscribed, API_SUBSCRIBED_FIELDS, "subscribed", "Where the events start")
API_OBJECT_DEFINE(api_event, API_EVENT_FIELDS, "event", "Parameters of the notification `event`")
API_OBJECT_DEFINE(api_capture_start, API_CAPTURE_START_FIELDS, "capture", "What to capture")
API_OBJECT_DEFINE(api_capture_key, API_CAPTURE_KEY_FIELDS, "capture key", "Names a capture")
API_OBJECT_DEFINE(api_capture_status, API_CAPTURE_STATUS_FIELDS, "capture status",
                  "A capture; also the parameters of the notification `capture.end`")
API_OBJECT_DEFINE(api_daemon, API_DAEMON_FIELDS, "daemon", "The daemon")
API_OBJECT_DEFINE(api_field_row, API_FIELD_ROW_FIELDS, "field", "A field of an object")
API_OBJECT_DEFINE(api_object_row, API_OBJECT_ROW_FIELDS, "object", "An object and its fields")
API_OBJECT_DEFINE(api_type_list, API_TYPE_LIST_FIELDS, "type list", "Port types")
API_OBJECT_DEFINE(api_method_row, API_METHOD_ROW_FIELDS, "method", "A method")
API_OBJECT_DEFINE(api_discovery, API_DISCOVERY_FIELDS, "discovery", "The whole table")
