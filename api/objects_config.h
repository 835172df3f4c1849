/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What an operator can want: the objects of the configuration document. The same struct is the
 * parameter of `add` and `set`, the element of the document and the first part of a list's row.
 */
#ifndef API_OBJECTS_CONFIG_H
#define API_OBJECTS_CONFIG_H

#include "api/schema.h"

#define API_CONFIG_VERSION 1

/* ---- names of choices -------------------------------------------------------------------- */
#define API_PORT_MODES(E)                                                                          \
    E(API_PORT_ACCESS, "access", "one network, frames without its tag")                            \
    E(API_PORT_TRUNK, "trunk", "several networks, told apart by their VLAN tag")                   \
    E(API_PORT_QINQ, "qinq", "every frame, whatever its tags, goes into one outer network")        \
    E(API_PORT_UPLINK, "uplink", "networks of any tenants, told apart by the tags of `map`")
API_ENUM_DECLARE(api_port_mode, API_PORT_MODES)

#define API_TPIDS(E)                                                                               \
    E(API_TPID_DOT1Q, "dot1q", "IEEE 802.1Q tags, ethertype 0x8100")                               \
    E(API_TPID_DOT1AD, "dot1ad", "IEEE 802.1ad service tags, ethertype 0x88a8")
API_ENUM_DECLARE(api_tpid, API_TPIDS)

#define API_TRANSPARENCIES(E)                                                                      \
    E(API_TRANSPARENT_NONE, "none", "reserved 01:80:c2 addresses are dropped")                     \
    E(API_TRANSPARENT_LLDP, "lldp", "LLDP passes, the other reserved addresses are dropped")       \
    E(API_TRANSPARENT_ALL, "all", "all reserved addresses pass but PAUSE frames")
API_ENUM_DECLARE(api_transparency, API_TRANSPARENCIES)

#define API_IDLE_MODES(E)                                                                          \
    E(API_IDLE_SLEEP, "sleep", "a worker without work sleeps until something arrives")             \
    E(API_IDLE_SPIN, "spin", "a worker never sleeps: lowest delay, a whole CPU")
API_ENUM_DECLARE(api_idle_mode, API_IDLE_MODES)

/* ---- shared lists ------------------------------------------------------------------------ */
#define API_LIMIT_FIELDS(F, S)                                                                     \
    F(S, limit_in_bps, RATE_BPS, (), API_OPTIONAL, NULL, "most it may send into the switch")       \
    F(S, limit_in_pps, RATE_PPS, (), API_OPTIONAL, NULL, "most packets it may send")               \
    F(S, burst_in_bytes, BYTES, (0, 1ull << 30), API_OPTIONAL, NULL,                               \
      "burst above limit_in_bps; 0 = chosen from the rate")                                        \
    F(S, limit_out_bps, RATE_BPS, (), API_OPTIONAL, NULL, "most it may receive from the switch")   \
    F(S, limit_out_pps, RATE_PPS, (), API_OPTIONAL, NULL, "most packets it may receive")           \
    F(S, burst_out_bytes, BYTES, (0, 1ull << 30), API_OPTIONAL, NULL,                              \
      "burst above limit_out_bps; 0 = chosen from the rate")

#define API_MAY_EXIST(F, S)                                                                        \
    F(S, may_exist, BOOL, (), API_CALL, NULL,                                                      \
      "when it exists already, change the given fields instead of refusing")

#define API_IF_EXISTS(F, S)                                                                        \
    F(S, if_exists, BOOL, (), API_CALL, NULL, "when there is no such object, do nothing")

/* ---- tenant ------------------------------------------------------------------------------ */
#define API_TENANT_FIELDS(F, S)                                                                    \
    F(S, name, NAME, (), API_KEY, NULL, "name of the tenant")                                      \
    F(S, max_ports, U32, (0, 65535), API_OPTIONAL, NULL, "most ports; 0 = no limit")               \
    F(S, max_fdb, U32, (0, 16777216), API_OPTIONAL, NULL, "most FDB entries; 0 = no limit")        \
    API_LIMIT_FIELDS(F, S)                                                                         \
    API_MAY_EXIST(F, S)
API_OBJECT_DECLARE(api_tenant, API_TENANT_FIELDS)

/* ---- network ----------------------------------------------------------------------------- */
#define API_NETWORK_FIELDS(F, S)                                                                   \
    F(S, tenant, NAME, (), API_KEY, NULL, "tenant it belongs to")                                  \
    F(S, name, NAME, (), API_KEY, NULL, "name of the network, unique in its tenant")               \
    F(S, vlan, U32, (0, 4094), API_SHOWN, NULL,                                                    \
      "VLAN number on trunk ports, unique in its tenant; 0 = has none, access ports only")         \
    F(S, transparent, ENUM, (api_transparency), API_OPTIONAL, "none",                              \
      "which reserved 01:80:c2 addresses pass")                                                    \
    F(S, limit_bps, RATE_BPS, (), API_OPTIONAL, NULL,                                              \
      "most that all ports together send into the network")                                        \
    F(S, limit_pps, RATE_PPS, (), API_OPTIONAL, NULL,                                              \
      "most packets that all ports together send into the network")                                \
    API_MAY_EXIST(F, S)
API_OBJECT_DECLARE(api_network, API_NETWORK_FIELDS)

/* ---- which tags on a wire are which network ---------------------------------------------- */
#define API_MAP_ENTRY_FIELDS(F, S)                                                                 \
    F(S, tag, STR, (16), API_KEY, NULL,                                                            \
      "vlan10; s100.10: 802.1Q tag 10 inside 802.1ad tag 100; s100: whatever is inside; untagged") \
    F(S, tenant, NAME, (), API_KEY, NULL, "tenant of the network")                                 \
    F(S, network, NAME, (), API_KEY, NULL, "the network")
API_OBJECT_DECLARE(api_map_entry, API_MAP_ENTRY_FIELDS)

/* ---- port -------------------------------------------------------------------------------- */
#define API_PORT_FIELDS(F, S)                                                                      \
    F(S, name, NAME, (), API_KEY, NULL, "name of the port, unique in the switch")                  \
    F(S, type, NAME, (), API_REQUIRED, NULL, "what it connects; `port types` lists the types")     \
    F(S, tenant, NAME, (), API_SHOWN, NULL,                                                        \
      "tenant it belongs to; a port without one, unless it is an uplink, carries nothing")         \
    F(S, mode, ENUM, (api_port_mode), API_OPTIONAL, "access", "how VLAN tags are used")            \
    F(S, networks, NAMES, (), API_SHOWN, NULL,                                                     \
      "networks of the tenant: one for access and qinq, any number for trunk")                     \
    F(S, native, NAME, (), API_DETAIL, NULL, "trunk: network of frames without a tag")             \
    F(S, native_tagged, BOOL, (), API_DETAIL, "false",                                             \
      "trunk: send frames of the native network with their tag")                                   \
    F(S, tpid, ENUM, (api_tpid), API_DETAIL, "dot1q",                                              \
      "kind of tag: of a trunk, or the outer one of qinq")                                         \
    F(S, map, ROWS, (api_map_entry), API_DETAIL, NULL,                                             \
      "uplink: the network of each tag, like vlan10:red/web,s100.20:blue/lab,untagged:red/mgmt")   \
    F(S, map_add, ROWS, (api_map_entry), API_CALL, NULL,                                           \
      "entries to add to the map; on the command line map+=")                                      \
    F(S, map_del, NAMES, (), API_CALL, NULL,                                                       \
      "tags to take out of the map, before any are added; on the command line map-=")              \
    F(S, transit, BOOL, (), API_DETAIL, "false",                                                   \
      "uplink: frames may go on to other uplinks; together they must not form a loop")             \
    F(S, isolated, BOOL, (), API_DETAIL, "false", "may not talk to other isolated ports")          \
    F(S, up, BOOL, (), API_OPTIONAL, "true", "false takes the port down")                          \
    F(S, mtu, U32, (68, 65535), API_OPTIONAL, "1500",                                              \
      "largest IP packet in bytes, without Ethernet header and tags")                              \
    F(S, max_fdb, U32, (0, 16777216), API_DETAIL, "1024",                                          \
      "most addresses learned on it; 0 = learns none; of an uplink by default 16384")              \
    API_LIMIT_FIELDS(F, S)                                                                         \
    F(S, flood_broadcast_pps, RATE_PPS, (), API_DETAIL, NULL,                                      \
      "most broadcasts it may send; an uplink for each tenant, by default 10k")                    \
    F(S, flood_multicast_pps, RATE_PPS, (), API_DETAIL, NULL,                                      \
      "most multicasts it may send; an uplink for each tenant")                                    \
    F(S, flood_unknown_pps, RATE_PPS, (), API_DETAIL, NULL,                                        \
      "most unicasts to unknown addresses it may send; an uplink for each tenant, by default "     \
      "100k")                                                                                      \
    F(S, options, OBJECT, (), API_DETAIL, NULL,                                                    \
      "options of its type; on the command line they are keys like any other")                     \
    API_MAY_EXIST(F, S)
API_OBJECT_DECLARE(api_port, API_PORT_FIELDS)

/* ---- static FDB entry -------------------------------------------------------------------- */
#define API_FDB_ENTRY_FIELDS(F, S)                                                                 \
    F(S, tenant, NAME, (), API_KEY, NULL, "tenant of the network")                                 \
    F(S, network, NAME, (), API_KEY, NULL, "network the address is in")                            \
    F(S, mac, MAC, (), API_KEY, NULL, "the address")                                               \
    F(S, port, NAME, (), API_REQUIRED, NULL, "port behind which it lives")                         \
    API_MAY_EXIST(F, S)
API_OBJECT_DECLARE(api_fdb_entry, API_FDB_ENTRY_FIELDS)

/* ---- which worker serves a receive queue ------------------------------------------------- */
#define API_PLACEMENT_FIELDS(F, S)                                                                 \
    F(S, port, NAME, (), API_KEY, NULL, "port")                                                    \
    F(S, queue, U32, (0, 255), API_KEY, NULL, "queue pair of the port")                            \
    F(S, worker, U32, (0, 255), API_REQUIRED, NULL, "worker that receives from it")
API_OBJECT_DECLARE(api_placement, API_PLACEMENT_FIELDS)

/* ---- how a worker behaves ---------------------------------------------------------------- */
#define API_WORKER_FIELDS(F, S)                                                                    \
    F(S, worker, U32, (0, 255), API_KEY, NULL, "number of the worker")                             \
    F(S, idle, ENUM, (api_idle_mode), API_OPTIONAL, "sleep", "what it does without work")
API_OBJECT_DECLARE(api_worker, API_WORKER_FIELDS)

/* ---- settings of the whole switch -------------------------------------------------------- */
#define API_SETTINGS_FIELDS(F, S)                                                                  \
    F(S, fdb_ageing_s, SECONDS, (1, 31536000, 1), API_SHOWN, "300",                                \
      "learned addresses are forgotten after this long without a frame")                           \
    F(S, fdb_max, U32, (1, 16777216), API_SHOWN, "65536",                                          \
      "most FDB entries of all tenants; more than at the start of vswitchd holds from its next "   \
      "start")
API_OBJECT_DECLARE(api_settings, API_SETTINGS_FIELDS)

/* ---- the document ------------------------------------------------------------------------ */
#define API_CONFIG_FIELDS(F, S)                                                                    \
    F(S, version, U32, (API_CONFIG_VERSION, API_CONFIG_VERSION), API_REQUIRED, NULL,               \
      "version of this format")                                                                    \
    F(S, settings, STRUCT, (api_settings), API_OPTIONAL, NULL, "settings of the whole switch")     \
    F(S, tenants, ROWS, (api_tenant), API_OPTIONAL, NULL, "tenants")                               \
    F(S, networks, ROWS, (api_network), API_OPTIONAL, NULL, "networks")                            \
    F(S, ports, ROWS, (api_port), API_OPTIONAL, NULL, "ports")                                     \
    F(S, fdb, ROWS, (api_fdb_entry), API_OPTIONAL, NULL, "static FDB entries")                     \
    F(S, placements, ROWS, (api_placement), API_OPTIONAL, NULL, "queues pinned to workers")        \
    F(S, workers, ROWS, (api_worker), API_OPTIONAL, NULL, "workers with settings of their own")
API_OBJECT_DECLARE(api_config, API_CONFIG_FIELDS)

#endif
