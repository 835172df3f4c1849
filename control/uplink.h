/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Uplinks in the wanted state: the tags of a map, what makes a map valid, and what an uplink has by
 * default. Pure.
 */
#ifndef CONTROL_UPLINK_H
#define CONTROL_UPLINK_H

#include "api/api.h"
#include "vlan/vlan.h"

/* A tag as the map names it. */
enum uplink_tag_kind {
    UPLINK_UNTAGGED, /* untagged */
    UPLINK_VLAN,     /* vlan10 */
    UPLINK_SERVICE,  /* s100, whatever is inside */
    UPLINK_PAIR,     /* s100.10 */
};

struct uplink_tag {
    enum uplink_tag_kind kind;
    uint16_t vid;   /* of the first tag; 0 without one */
    uint16_t inner; /* UPLINK_PAIR: of the 802.1Q tag inside; else 0 */
};

/**
 * uplink_tag_parse() - read the tag of a map entry
 * @text: borrowed
 * @ret_tag: untouched on failure
 *
 * One tag has one spelling: no leading zeros.
 * Return: 0 or -EINVAL.
 * Context: any thread; does not block.
 * Source: IEEE 802.1Q-2022 table 9-2 (VIDs 0 and 4095 are no VLANs)
 */
int uplink_tag_parse(const char *text, struct uplink_tag *ret_tag);

/* How frames of the tag's network leave the uplink. */
static inline struct vlan_out uplink_tag_out(const struct uplink_tag *tag)
{
    static const uint16_t tpids[] = {
        [UPLINK_UNTAGGED] = 0,
        [UPLINK_VLAN] = VLAN_TPID_DOT1Q,
        [UPLINK_SERVICE] = VLAN_TPID_DOT1AD,
        [UPLINK_PAIR] = VLAN_TPID_DOT1AD,
    };

    return (struct vlan_out){tpids[tag->kind], tag->vid, tag->inner};
}

/* Limits that apply where the configuration gives none: an uplink has a network behind it. */
#define UPLINK_MAX_FDB             16384
#define UPLINK_FLOOD_BROADCAST_PPS 10000
#define UPLINK_FLOOD_UNKNOWN_PPS   100000

struct uplink_limits {
    uint32_t max_fdb;
    uint64_t flood_broadcast_pps, flood_multicast_pps, flood_unknown_pps;
};

/**
 * uplink_limits() - the limits that depend on what a port is
 * @port: of any mode
 *
 * Return: what was given, else the default of its mode.
 * Context: any thread; does not block.
 * Source: none
 */
struct uplink_limits uplink_limits(const struct api_port *port);

/**
 * uplink_edit_map() - take tags out of a port's map and put entries in
 * @port: of the document; changed
 * @in: its map_del and map_add count, where they are given
 * @err: names the tag that is not there
 *
 * Return: 0; -ENOENT; -ENOMEM.
 * Context: control; does not block.
 * Source: none
 */
int uplink_edit_map(struct api_port *port, const struct api_port *in, struct vsw_err *err);

#endif
