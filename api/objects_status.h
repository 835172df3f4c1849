/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the daemon answers, and the small parameter objects of methods that do not take a
 * configuration object. "in" is what a VM or host sends into the switch, "out" what it receives.
 */
#ifndef API_OBJECTS_STATUS_H
#define API_OBJECTS_STATUS_H

#include "api/objects_config.h"

#define API_ANY32 (0, UINT32_MAX)
#define API_ANY64 (0, UINT64_MAX)

#define API_NOTHING_FIELDS(F, S)
struct api_nothing {
    uint64_t given;
};
extern const struct api_object api_nothing_object;

/* ---- keys and filters -------------------------------------------------------------------- */
#define API_TENANT_KEY_FIELDS(F, S) F(S, name, NAME, (), API_KEY, NULL, "name of the tenant")
API_OBJECT_DECLARE(api_tenant_key, API_TENANT_KEY_FIELDS)

#define API_TENANT_DEL_FIELDS(F, S)                                                                \
    API_TENANT_KEY_FIELDS(F, S)                                                                    \
    API_IF_EXISTS(F, S)
API_OBJECT_DECLARE(api_tenant_del, API_TENANT_DEL_FIELDS)

#define API_NETWORK_KEY_FIELDS(F, S)                                                               \
    F(S, tenant, NAME, (), API_KEY, NULL, "tenant it belongs to")                                  \
    F(S, name, NAME, (), API_KEY, NULL, "name of the network")
API_OBJECT_DECLARE(api_network_key, API_NETWORK_KEY_FIELDS)

#define API_NETWORK_DEL_FIELDS(F, S)                                                               \
    API_NETWORK_KEY_FIELDS(F, S)                                                                   \
    API_IF_EXISTS(F, S)
API_OBJECT_DECLARE(api_network_del, API_NETWORK_DEL_FIELDS)

#define API_PORT_KEY_FIELDS(F, S) F(S, name, NAME, (), API_KEY, NULL, "name of the port")
API_OBJECT_DECLARE(api_port_key, API_PORT_KEY_FIELDS)

#define API_PORT_DEL_FIELDS(F, S)                                                                  \
    API_PORT_KEY_FIELDS(F, S)                                                                      \
    API_IF_EXISTS(F, S)
API_OBJECT_DECLARE(api_port_del, API_PORT_DEL_FIELDS)

#define API_FDB_DEL_FIELDS(F, S)                                                                   \
    F(S, tenant, NAME, (), API_KEY, NULL, "tenant of the network")                                 \
    F(S, network, NAME, (), API_KEY, NULL, "network the address is in")                            \
    F(S, mac, MAC, (), API_KEY, NULL, "the address")                                               \
    API_IF_EXISTS(F, S)
API_OBJECT_DECLARE(api_fdb_del, API_FDB_DEL_FIELDS)

#define API_QUEUE_KEY_FIELDS(F, S)                                                                 \
    F(S, port, NAME, (), API_KEY, NULL, "port")                                                    \
    F(S, queue, U32, (0, 255), API_KEY, NULL, "queue pair of the port")
API_OBJECT_DECLARE(api_queue_key, API_QUEUE_KEY_FIELDS)

#define API_TENANT_FILTER_FIELDS(F, S)                                                             \
    F(S, tenant, NAME, (), API_OPTIONAL, NULL, "only of this tenant")
API_OBJECT_DECLARE(api_tenant_filter, API_TENANT_FILTER_FIELDS)

#define API_FDB_SCOPE_FIELDS(F, S)                                                                 \
    F(S, tenant, NAME, (), API_OPTIONAL, NULL, "only of this tenant")                              \
    F(S, network, NAME, (), API_OPTIONAL, NULL, "only of this network; needs tenant")              \
    F(S, port, NAME, (), API_OPTIONAL, NULL, "only behind this port")
API_OBJECT_DECLARE(api_fdb_scope, API_FDB_SCOPE_FIELDS)

#define API_FDB_FILTER_FIELDS(F, S)                                                                \
    API_FDB_SCOPE_FIELDS(F, S)                                                                     \
    F(S, mac, MAC, (), API_OPTIONAL, NULL, "only this address")                                    \
    F(S, max_rows, U32, (1, 16777216), API_OPTIONAL, "10000", "rows to answer at most")
API_OBJECT_DECLARE(api_fdb_filter, API_FDB_FILTER_FIELDS)

/* ---- what a change did ------------------------------------------------------------------- */
#define API_PLAN_ACTIONS(E)                                                                        \
    E(API_PLAN_ADD, "add", "a new object")                                                         \
    E(API_PLAN_CHANGE, "change", "changed in place, traffic goes on")                              \
    E(API_PLAN_RESTART, "restart", "the port is taken down and made again")                        \
    E(API_PLAN_REMOVE, "remove", "the object goes away")
API_ENUM_DECLARE(api_plan_action, API_PLAN_ACTIONS)

#define API_PLAN_ROW_FIELDS(F, S)                                                                  \
    F(S, action, ENUM, (api_plan_action), API_OPTIONAL, NULL, "what happens")                      \
    F(S, object, STR, (16), API_OPTIONAL, NULL, "kind of object: tenant, network, port, ...")      \
    F(S, name, STR, (160), API_OPTIONAL, NULL, "which one")                                        \
    F(S, text, STR, (256), API_OPTIONAL, NULL, "fields with old and new values")
API_OBJECT_DECLARE(api_plan_row, API_PLAN_ROW_FIELDS)

#define API_CHANGE_FIELDS(F, S)                                                                    \
    F(S, revision, U64, API_ANY64, API_OPTIONAL, NULL,                                             \
      "revision of the configuration now; grows with every change")                                \
    F(S, plan, ROWS, (api_plan_row), API_OPTIONAL, NULL, "what was, or would be, done")
API_OBJECT_DECLARE(api_change, API_CHANGE_FIELDS)

/* ---- counters ---------------------------------------------------------------------------- */
#define API_COUNTER_FIELDS(F, S)                                                                   \
    F(S, in_pkts, U64, API_ANY64, API_SHOWN, NULL, "frames received")                              \
    F(S, in_bytes, U64, API_ANY64, API_OPTIONAL, NULL, "bytes received, without FCS")              \
    F(S, in_segments, U64, API_ANY64, API_DETAIL, NULL, "frames received, counted as on a wire")   \
    F(S, in_wire_bytes, U64, API_ANY64, API_DETAIL, NULL, "bytes of these, as limits count them")  \
    F(S, unicast_pkts, U64, API_ANY64, API_DETAIL, NULL, "received and sent to one port")          \
    F(S, flooded_pkts, U64, API_ANY64, API_DETAIL, NULL, "received and flooded")                   \
    F(S, dropped_pkts, U64, API_ANY64, API_SHOWN, NULL, "received and dropped before look-up")     \
    F(S, copies_pkts, U64, API_ANY64, API_DETAIL, NULL, "copies meant for it")                     \
    F(S, out_pkts, U64, API_ANY64, API_SHOWN, NULL, "frames sent to it")                           \
    F(S, out_bytes, U64, API_ANY64, API_OPTIONAL, NULL, "bytes sent to it, without FCS")           \
    F(S, out_segments, U64, API_ANY64, API_DETAIL, NULL, "frames sent, counted as on a wire")      \
    F(S, out_wire_bytes, U64, API_ANY64, API_DETAIL, NULL, "bytes of these, as limits count them") \
    F(S, dropped_copies_pkts, U64, API_ANY64, API_SHOWN, NULL, "copies for it that were dropped")

#define API_MEASURED_FIELDS(F, S)                                                                  \
    F(S, in_bps, RATE_BPS, (), API_DETAIL | API_GAUGE, NULL, "received in the last second")        \
    F(S, in_pps, RATE_PPS, (), API_DETAIL | API_GAUGE, NULL,                                       \
      "packets received in the last second")                                                       \
    F(S, out_bps, RATE_BPS, (), API_DETAIL | API_GAUGE, NULL, "sent in the last second")           \
    F(S, out_pps, RATE_PPS, (), API_DETAIL | API_GAUGE, NULL, "packets sent in the last second")

/* ---- tenant, network --------------------------------------------------------------------- */
#define API_TENANT_STATUS_FIELDS(F, S)                                                             \
    API_TENANT_FIELDS(F, S)                                                                        \
    F(S, networks, U32, API_ANY32, API_SHOWN, NULL, "networks it has")                             \
    F(S, ports, U32, API_ANY32, API_SHOWN, NULL, "ports it has")                                   \
    F(S, fdb_entries, U32, API_ANY32, API_SHOWN, NULL, "FDB entries it has")                       \
    API_MEASURED_FIELDS(F, S)
API_OBJECT_DECLARE(api_tenant_status, API_TENANT_STATUS_FIELDS)

#define API_TENANT_LIST_FIELDS(F, S)                                                               \
    F(S, rows, ROWS, (api_tenant_status), API_OPTIONAL, NULL, "tenants")
API_OBJECT_DECLARE(api_tenant_list, API_TENANT_LIST_FIELDS)

#define API_NETWORK_STATUS_FIELDS(F, S)                                                            \
    API_NETWORK_FIELDS(F, S)                                                                       \
    F(S, ports, U32, API_ANY32, API_SHOWN, NULL, "ports that are in it")                           \
    F(S, fdb_entries, U32, API_ANY32, API_SHOWN, NULL, "FDB entries in it")
API_OBJECT_DECLARE(api_network_status, API_NETWORK_STATUS_FIELDS)

#define API_NETWORK_LIST_FIELDS(F, S)                                                              \
    F(S, rows, ROWS, (api_network_status), API_OPTIONAL, NULL, "networks")
API_OBJECT_DECLARE(api_network_list, API_NETWORK_LIST_FIELDS)

/* ---- port -------------------------------------------------------------------------------- */
#define API_PORT_STATES(E)                                                                         \
    E(API_PORT_DOWN, "down", "taken down by the operator")                                         \
    E(API_PORT_WAITING, "waiting", "nobody is connected yet")                                      \
    E(API_PORT_CONNECTED, "connected", "the peer is there, its driver is not")                     \
    E(API_PORT_READY, "ready", "frames pass")                                                      \
    E(API_PORT_ERROR, "error", "out of service; `reason` says why")
API_ENUM_DECLARE(api_port_state, API_PORT_STATES)

#define API_DIRECTIONS(E)                                                                          \
    E(API_DIRECTION_IN, "in", "sent into the switch")                                              \
    E(API_DIRECTION_OUT, "out", "received from the switch")
API_ENUM_DECLARE(api_direction, API_DIRECTIONS)

#define API_QUEUE_ROW_FIELDS(F, S)                                                                 \
    F(S, port, NAME, (), API_OPTIONAL, NULL, "port")                                               \
    F(S, queue, U32, (0, 255), API_SHOWN, NULL, "queue pair")                                      \
    F(S, direction, ENUM, (api_direction), API_SHOWN, NULL, "in or out")                           \
    F(S, enabled, BOOL, (), API_SHOWN, NULL, "the peer uses it")                                   \
    F(S, worker, U32, (0, 255), API_OPTIONAL, NULL, "worker that serves it; in only")              \
    F(S, pinned, BOOL, (), API_OPTIONAL, NULL, "its worker was chosen by command")                 \
    F(S, pkts, U64, API_ANY64, API_SHOWN, NULL, "frames")                                          \
    F(S, bytes, U64, API_ANY64, API_OPTIONAL, NULL, "bytes")                                       \
    F(S, reason, STR, (160), API_OPTIONAL, NULL, "why it is out of service; empty = it is not")
API_OBJECT_DECLARE(api_queue_row, API_QUEUE_ROW_FIELDS)

#define API_TYPE_COUNTER_FIELDS(F, S)                                                              \
    F(S, name, NAME, (), API_OPTIONAL, NULL, "name of the counter")                                \
    F(S, count, U64, API_ANY64, API_SHOWN, NULL, "since the port was made")                        \
    F(S, help, STR, (128), API_OPTIONAL, NULL, "what it counts")
API_OBJECT_DECLARE(api_type_counter, API_TYPE_COUNTER_FIELDS)

#define API_PORT_STATUS_FIELDS(F, S)                                                               \
    API_PORT_FIELDS(F, S)                                                                          \
    F(S, state, ENUM, (api_port_state), API_SHOWN, NULL, "what it is doing now")                   \
    F(S, reason, STR, (320), API_OPTIONAL, NULL,                                                   \
      "why it is not ready, in words, and whether it is tried again by itself")                    \
    F(S, link, BOOL, (), API_DETAIL, NULL, "frames can pass")                                      \
    F(S, connected, BOOL, (), API_DETAIL, NULL, "a peer holds the other end")                      \
    F(S, driver_ready, BOOL, (), API_DETAIL, NULL, "the guest's driver has started")               \
    F(S, queues, U32, API_ANY32, API_DETAIL, NULL, "queue pairs it offers")                        \
    F(S, queues_enabled, U32, API_ANY32, API_DETAIL, NULL, "queue pairs the peer uses")            \
    F(S, features, STR, (768), API_DETAIL, NULL, "what was negotiated with the peer")              \
    F(S, connections, U64, API_ANY64, API_DETAIL, NULL, "times a peer has connected")              \
    F(S, errors, U64, API_ANY64, API_DETAIL, NULL, "times it went into an error state")            \
    F(S, refused_msgs, U64, API_ANY64, API_DETAIL, NULL, "messages of the peer that were refused") \
    F(S, kernel_drops, U64, API_ANY64, API_DETAIL, NULL,                                           \
      "frames the kernel dropped before the switch saw them")                                      \
    F(S, fdb_entries, U32, API_ANY32, API_DETAIL, NULL, "FDB entries behind it")                   \
    API_MEASURED_FIELDS(F, S)                                                                      \
    F(S, counters, STRUCT, (api_counters), API_DETAIL, NULL, "frames since it was made")           \
    F(S, queue_rows, ROWS, (api_queue_row), API_DETAIL, NULL, "its queues")                        \
    F(S, type_counters, ROWS, (api_type_counter), API_DETAIL, NULL, "counters of its type")

#define API_COUNTERS_FIELDS(F, S) API_COUNTER_FIELDS(F, S)
API_OBJECT_DECLARE(api_counters, API_COUNTERS_FIELDS)
API_OBJECT_DECLARE(api_port_status, API_PORT_STATUS_FIELDS)

#define API_PORT_LIST_FIELDS(F, S) F(S, rows, ROWS, (api_port_status), API_OPTIONAL, NULL, "ports")
API_OBJECT_DECLARE(api_port_list, API_PORT_LIST_FIELDS)

#define API_ATTACH_FIELDS(F, S)                                                                    \
    F(S, qemu_args, TEXT, (), API_OPTIONAL, NULL, "arguments for qemu-system; may be empty")       \
    F(S, libvirt_xml, TEXT, (), API_OPTIONAL, NULL, "elements for a libvirt domain")               \
    F(S, note, TEXT, (), API_OPTIONAL, NULL, "what else the other end needs")
API_OBJECT_DECLARE(api_attach, API_ATTACH_FIELDS)

/* ---- FDB --------------------------------------------------------------------------------- */
#define API_FDB_KINDS(E)                                                                           \
    E(API_FDB_DYNAMIC, "dynamic", "learned from a frame")                                          \
    E(API_FDB_STATIC, "static", "configured")                                                      \
    E(API_FDB_EXTERNAL, "external", "told by another system")
API_ENUM_DECLARE(api_fdb_kind, API_FDB_KINDS)

#define API_FDB_ROW_FIELDS(F, S)                                                                   \
    F(S, tenant, NAME, (), API_SHOWN, NULL, "tenant")                                              \
    F(S, network, NAME, (), API_SHOWN, NULL, "network")                                            \
    F(S, mac, MAC, (), API_SHOWN, NULL, "address")                                                 \
    F(S, port, NAME, (), API_SHOWN, NULL, "port behind which it lives")                            \
    F(S, kind, ENUM, (api_fdb_kind), API_SHOWN, NULL, "where it comes from")                       \
    F(S, age_s, SECONDS, (0, UINT32_MAX - 1, 0), API_OPTIONAL, NULL, "since its last frame")
API_OBJECT_DECLARE(api_fdb_row, API_FDB_ROW_FIELDS)

#define API_FDB_LIST_FIELDS(F, S)                                                                  \
    F(S, total, U32, API_ANY32, API_OPTIONAL, NULL, "entries that match")                          \
    F(S, rows, ROWS, (api_fdb_row), API_OPTIONAL, NULL, "entries, at most max_rows")
API_OBJECT_DECLARE(api_fdb_list, API_FDB_LIST_FIELDS)

#define API_FDB_FLUSHED_FIELDS(F, S)                                                               \
    F(S, flushed, U32, API_ANY32, API_SHOWN, NULL, "learned entries removed")
API_OBJECT_DECLARE(api_fdb_flushed, API_FDB_FLUSHED_FIELDS)

/* ---- workers ----------------------------------------------------------------------------- */
#define API_WORKER_ROW_FIELDS(F, S)                                                                \
    F(S, worker, U32, (0, 255), API_SHOWN, NULL, "number")                                         \
    F(S, cpus, STR, (64), API_SHOWN, NULL, "CPUs it may run on")                                   \
    F(S, idle, ENUM, (api_idle_mode), API_SHOWN, NULL, "what it does without work")                \
    F(S, queues, U32, API_ANY32, API_SHOWN, NULL, "receive queues it serves")                      \
    F(S, busy_percent, U32, (0, 100), API_SHOWN, NULL, "part of the last second with frames")      \
    F(S, sleep_percent, U32, (0, 100), API_OPTIONAL, NULL, "part of the last second asleep")       \
    F(S, pkts, U64, API_ANY64, API_SHOWN, NULL, "frames received")                                 \
    F(S, bursts, U64, API_ANY64, API_OPTIONAL, NULL, "bursts with frames")                         \
    F(S, busy_cycles, U64, API_ANY64, API_OPTIONAL, NULL, "CPU cycles of bursts with frames")      \
    F(S, wakeups, U64, API_ANY64, API_OPTIONAL, NULL, "times it was woken")                        \
    F(S, cycles_per_pkt, U64, API_ANY64, API_OPTIONAL, NULL, "CPU cycles per frame")
API_OBJECT_DECLARE(api_worker_row, API_WORKER_ROW_FIELDS)

#define API_WORKER_LIST_FIELDS(F, S)                                                               \
    F(S, rows, ROWS, (api_worker_row), API_OPTIONAL, NULL, "workers")
API_OBJECT_DECLARE(api_worker_list, API_WORKER_LIST_FIELDS)

/* ---- statistics -------------------------------------------------------------------------- */
#define API_STATS_GROUPS(E)                                                                        \
    E(API_STATS_PORT, "port", "one row per port")                                                  \
    E(API_STATS_QUEUE, "queue", "one row per queue and direction")                                 \
    E(API_STATS_WORKER, "worker", "one row per worker")                                            \
    E(API_STATS_TENANT, "tenant", "one row per tenant")                                            \
    E(API_STATS_TOTAL, "total", "one row for the switch")
API_ENUM_DECLARE(api_stats_group, API_STATS_GROUPS)

#define API_STATS_FILTER_FIELDS(F, S)                                                              \
    F(S, by, ENUM, (api_stats_group), API_OPTIONAL, "port", "what a row stands for")               \
    F(S, tenant, NAME, (), API_OPTIONAL, NULL, "only of this tenant")                              \
    F(S, port, NAME, (), API_OPTIONAL, NULL, "only of this port")
API_OBJECT_DECLARE(api_stats_filter, API_STATS_FILTER_FIELDS)

/* `name` is the port, the tenant, "port/queue/direction", the worker's number or "total". */
#define API_STATS_ROW_FIELDS(F, S)                                                                 \
    F(S, name, STR, (96), API_SHOWN, NULL, "what the row stands for")                              \
    F(S, tenant, NAME, (), API_OPTIONAL, NULL, "tenant, where the row has one")                    \
    F(S, time_ns, U64, API_ANY64, API_DETAIL, NULL, "when it was read; differences only")          \
    API_COUNTER_FIELDS(F, S)
API_OBJECT_DECLARE(api_stats_row, API_STATS_ROW_FIELDS)

#define API_STATS_FIELDS(F, S) F(S, rows, ROWS, (api_stats_row), API_OPTIONAL, NULL, "counters")
API_OBJECT_DECLARE(api_stats, API_STATS_FIELDS)

#define API_DROP_GROUPS(E)                                                                         \
    E(API_DROPS_PORT, "port", "one row per port and reason")                                       \
    E(API_DROPS_WORKER, "worker", "one row per worker and reason")                                 \
    E(API_DROPS_TENANT, "tenant", "one row per tenant and reason")                                 \
    E(API_DROPS_TOTAL, "total", "one row per reason; of the kernel's those of the ports there are")
API_ENUM_DECLARE(api_drop_group, API_DROP_GROUPS)

#define API_DROP_FILTER_FIELDS(F, S)                                                               \
    F(S, by, ENUM, (api_drop_group), API_OPTIONAL, "port", "what a row stands for")                \
    F(S, tenant, NAME, (), API_OPTIONAL, NULL, "only of this tenant")                              \
    F(S, port, NAME, (), API_OPTIONAL, NULL, "only of this port")                                  \
    F(S, all, BOOL, (), API_OPTIONAL, "false", "also reasons that never happened")
API_OBJECT_DECLARE(api_drop_filter, API_DROP_FILTER_FIELDS)

#define API_DROP_ROW_FIELDS(F, S)                                                                  \
    F(S, name, STR, (96), API_SHOWN, NULL, "port, port/queue, worker or total")                    \
    F(S, reason, STR, (40), API_SHOWN, NULL, "name of the reason")                                 \
    F(S, count, U64, API_ANY64, API_SHOWN, NULL, "frames, or copies of frames")                    \
    F(S, help, STR, (192), API_OPTIONAL, NULL, "what it means and what to do")
API_OBJECT_DECLARE(api_drop_row, API_DROP_ROW_FIELDS)

#define API_DROPS_FIELDS(F, S) F(S, rows, ROWS, (api_drop_row), API_OPTIONAL, NULL, "reasons")
API_OBJECT_DECLARE(api_drops, API_DROPS_FIELDS)

/* ---- configuration ----------------------------------------------------------------------- */
#define API_APPLY_FIELDS(F, S)                                                                     \
    F(S, config, STRUCT, (api_config), API_REQUIRED, NULL, "the whole wanted configuration")       \
    F(S, dry_run, BOOL, (), API_OPTIONAL, "false", "only check it and show the plan")
API_OBJECT_DECLARE(api_apply, API_APPLY_FIELDS)

#define API_SAVED_FIELDS(F, S)                                                                     \
    F(S, path, STR, (256), API_OPTIONAL, NULL, "file it was written to")                           \
    F(S, revision, U64, API_ANY64, API_OPTIONAL, NULL, "revision that was written")
API_OBJECT_DECLARE(api_saved, API_SAVED_FIELDS)

#define API_BATCH_ITEM_FIELDS(F, S)                                                                \
    F(S, method, STR, (64), API_REQUIRED, NULL, "a method that edits the configuration")           \
    F(S, params, OBJECT, (), API_OPTIONAL, NULL, "its parameters")
API_OBJECT_DECLARE(api_batch_item, API_BATCH_ITEM_FIELDS)

/* A refusal names the edit: its field starts with "requests[2]". */
#define API_BATCH_FIELDS(F, S)                                                                     \
    F(S, requests, ROWS, (api_batch_item), API_REQUIRED, NULL, "edits, made in this order")        \
    F(S, dry_run, BOOL, (), API_OPTIONAL, "false", "only check them and show the plan")
API_OBJECT_DECLARE(api_batch, API_BATCH_FIELDS)

/* ---- events ------------------------------------------------------------------------------ */
#define API_SUBSCRIBE_FIELDS(F, S)                                                                 \
    F(S, kinds, NAMES, (), API_OPTIONAL, NULL, "only events of these kinds")
API_OBJECT_DECLARE(api_subscribe, API_SUBSCRIBE_FIELDS)

#define API_SUBSCRIBED_FIELDS(F, S)                                                                \
    F(S, seq, U64, API_ANY64, API_OPTIONAL, NULL,                                                  \
      "number of the last event before the first one sent")
API_OBJECT_DECLARE(api_subscribed, API_SUBSCRIBED_FIELDS)

/* Parameters of the notification "event". A gap in seq = events were lost to a slow reader. */
#define API_EVENT_FIELDS(F, S)                                                                     \
    F(S, seq, U64, API_ANY64, API_OPTIONAL, NULL, "number of the event")                           \
    F(S, time, STR, (40), API_OPTIONAL, NULL, "when, RFC 3339 with milliseconds")                  \
    F(S, kind, STR, (32), API_OPTIONAL, NULL, "kind of object: port, fdb, network, ...")           \
    F(S, object, STR, (160), API_OPTIONAL, NULL, "which one")                                      \
    F(S, text, STR, (256), API_OPTIONAL, NULL, "what happened")
API_OBJECT_DECLARE(api_event, API_EVENT_FIELDS)

/* ---- capture ----------------------------------------------------------------------------- */
#define API_CAPTURE_DIRECTIONS(E)                                                                  \
    E(API_CAPTURE_BOTH, "both", "what it sends and what it receives")                              \
    E(API_CAPTURE_IN, "in", "what it sends into the switch")                                       \
    E(API_CAPTURE_OUT, "out", "what it receives from the switch")                                  \
    E(API_CAPTURE_DROP, "drop", "what is dropped, with the reason as comment")
API_ENUM_DECLARE(api_capture_direction, API_CAPTURE_DIRECTIONS)

/* The pcapng output comes as one descriptor with the request (SCM_RIGHTS). */
#define API_CAPTURE_START_FIELDS(F, S)                                                             \
    F(S, port, NAME, (), API_KEY, NULL, "port to watch")                                           \
    F(S, direction, ENUM, (api_capture_direction), API_OPTIONAL, "both", "which frames")           \
    F(S, filter, STR, (1024), API_OPTIONAL, NULL,                                                  \
      "pcap filter expression; of a frame it sees the first 128 bytes")                            \
    F(S, snaplen, U32, (64, 65549), API_OPTIONAL, "65549", "bytes kept of each frame")             \
    F(S, count, U64, API_ANY64, API_OPTIONAL, NULL, "stop after this many frames; 0 = never")
API_OBJECT_DECLARE(api_capture_start, API_CAPTURE_START_FIELDS)

#define API_CAPTURE_KEY_FIELDS(F, S)                                                               \
    F(S, id, U32, API_ANY32, API_KEY, NULL, "number that capture.start answered")
API_OBJECT_DECLARE(api_capture_key, API_CAPTURE_KEY_FIELDS)

/* Also the parameters of the notification "capture.end". */
#define API_CAPTURE_STATUS_FIELDS(F, S)                                                            \
    F(S, id, U32, API_ANY32, API_OPTIONAL, NULL, "number of the capture")                          \
    F(S, port, NAME, (), API_OPTIONAL, NULL, "port it watches")                                    \
    F(S, captured_pkts, U64, API_ANY64, API_OPTIONAL, NULL, "frames written")                      \
    F(S, missed_pkts, U64, API_ANY64, API_OPTIONAL, NULL, "frames lost: the reader was too slow")  \
    F(S, reason, STR, (160), API_OPTIONAL, NULL, "why it ended; empty while it runs")
API_OBJECT_DECLARE(api_capture_status, API_CAPTURE_STATUS_FIELDS)

/* ---- daemon ------------------------------------------------------------------------------ */
#define API_DAEMON_FIELDS(F, S)                                                                    \
    F(S, version, STR, (40), API_OPTIONAL, NULL, "version of vswitchd")                            \
    F(S, pid, U32, API_ANY32, API_OPTIONAL, NULL, "process id")                                    \
    F(S, uptime_s, SECONDS, (0, UINT32_MAX - 1, 0), API_OPTIONAL, NULL, "since it started")        \
    F(S, role, STR, (16), API_OPTIONAL, NULL, "what you may do: read or change")                   \
    F(S, socket, STR, (108), API_OPTIONAL, NULL, "its control socket")                             \
    F(S, config_file, STR, (256), API_OPTIONAL, NULL, "file of the configuration; empty = none")   \
    F(S, revision, U64, API_ANY64, API_SHOWN, NULL, "revision of the configuration")               \
    F(S, saved_revision, U64, API_ANY64, API_SHOWN, NULL, "revision in the file")                  \
    F(S, save_error, STR, (256), API_OPTIONAL, NULL,                                               \
      "why the last save failed; empty = it did not")                                              \
    F(S, memory, STR, (96), API_OPTIONAL, NULL, "kind and size of the packet memory")              \
    F(S, workers, U32, API_ANY32, API_OPTIONAL, NULL, "workers")                                   \
    F(S, tenants, U32, API_ANY32, API_SHOWN, NULL, "tenants")                                      \
    F(S, networks, U32, API_ANY32, API_SHOWN, NULL, "networks")                                    \
    F(S, ports, U32, API_ANY32, API_SHOWN, NULL, "ports")                                          \
    F(S, ports_ready, U32, API_ANY32, API_SHOWN, NULL, "ports that pass frames")                   \
    F(S, ports_error, U32, API_ANY32, API_SHOWN, NULL, "ports out of service")                     \
    F(S, fdb_entries, U32, API_ANY32, API_SHOWN, NULL, "FDB entries")                              \
    F(S, fdb_events_suppressed, U64, API_ANY64, API_OPTIONAL, NULL,                                \
      "events about addresses that were too many to be sent")                                      \
    F(S, clients, U32, API_ANY32, API_OPTIONAL, NULL, "connections to the control socket")
API_OBJECT_DECLARE(api_daemon, API_DAEMON_FIELDS)

/* ---- the table itself -------------------------------------------------------------------- */
#define API_FIELD_ROW_FIELDS(F, S)                                                                 \
    F(S, name, STR, (64), API_OPTIONAL, NULL, "name of the field")                                 \
    F(S, kind, STR, (16), API_OPTIONAL, NULL, "kind of value")                                     \
    F(S, required, BOOL, (), API_OPTIONAL, NULL, "must be given")                                  \
    F(S, key, BOOL, (), API_OPTIONAL, NULL, "part of the object's name")                           \
    F(S, call, BOOL, (), API_OPTIONAL, NULL, "belongs to the call, not to the object")             \
    F(S, range, STR, (64), API_OPTIONAL, NULL, "smallest and largest value")                       \
    F(S, values, NAMES, (), API_OPTIONAL, NULL, "choices")                                         \
    F(S, fallback, STR, (64), API_OPTIONAL, NULL, "default")                                       \
    F(S, object, STR, (64), API_OPTIONAL, NULL, "object of a nested value")                        \
    F(S, help, STR, (192), API_OPTIONAL, NULL, "meaning")
API_OBJECT_DECLARE(api_field_row, API_FIELD_ROW_FIELDS)

#define API_OBJECT_ROW_FIELDS(F, S)                                                                \
    F(S, name, STR, (64), API_OPTIONAL, NULL, "name of the object")                                \
    F(S, help, STR, (256), API_OPTIONAL, NULL, "meaning")                                          \
    F(S, fields, ROWS, (api_field_row), API_OPTIONAL, NULL, "its fields")
API_OBJECT_DECLARE(api_object_row, API_OBJECT_ROW_FIELDS)

/* One row per port type: name, help and the fields of `options`. */
#define API_TYPE_LIST_FIELDS(F, S)                                                                 \
    F(S, rows, ROWS, (api_object_row), API_OPTIONAL, NULL, "port types and their options")
API_OBJECT_DECLARE(api_type_list, API_TYPE_LIST_FIELDS)

#define API_METHOD_ROW_FIELDS(F, S)                                                                \
    F(S, name, STR, (64), API_OPTIONAL, NULL, "name of the method")                                \
    F(S, role, STR, (16), API_OPTIONAL, NULL, "who may call it: read or change")                   \
    F(S, params, STR, (64), API_OPTIONAL, NULL, "object of the parameters")                        \
    F(S, result, STR, (64), API_OPTIONAL, NULL, "object of the result")                            \
    F(S, stream, BOOL, (), API_OPTIONAL, NULL, "notifications follow the reply")                   \
    F(S, partial, BOOL, (), API_OPTIONAL, NULL, "only key fields are required")                    \
    F(S, help, STR, (256), API_OPTIONAL, NULL, "what it does")                                     \
    F(S, example, STR, (256), API_OPTIONAL, NULL, "a command line")
API_OBJECT_DECLARE(api_method_row, API_METHOD_ROW_FIELDS)

#define API_DISCOVERY_FIELDS(F, S)                                                                 \
    F(S, methods, ROWS, (api_method_row), API_OPTIONAL, NULL, "methods")                           \
    F(S, objects, ROWS, (api_object_row), API_OPTIONAL, NULL, "objects they take and answer")
API_OBJECT_DECLARE(api_discovery, API_DISCOVERY_FIELDS)

#endif
