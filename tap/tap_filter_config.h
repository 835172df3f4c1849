/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the filter program in the kernel is told, and what it counts. Included by the program too,
 * so it knows only the kernel's types. Fields are added behind the last.
 */
#ifndef TAP_TAP_FILTER_CONFIG_H
#define TAP_TAP_FILTER_CONFIG_H

#include <linux/types.h>

/* How VLAN tags are judged; the values of enum vlan_mode, and "not at all". */
enum tap_filter_vlan {
    TAP_FILTER_VLAN_ACCESS,
    TAP_FILTER_VLAN_TRUNK,
    TAP_FILTER_VLAN_QINQ,
    TAP_FILTER_VLAN_ANY,
};

struct tap_filter_config {
    __u32 vlan;             /* enum tap_filter_vlan */
    __u16 tpid;             /* trunk: the tag it understands, host order */
    __u16 reserved_allowed; /* bit x: 01:80:c2:00:00:0x passes */
    __u32 untagged;         /* untagged frames pass */
    __u32 pad;
    __u64 vid_allowed[64]; /* trunk: bit v % 64 of word v / 64 */
    __u32 uplink;          /* a trunk that reads both kinds of tag */
    __u32 pad2;
    __u64 svid_allowed[64]; /* uplink: 802.1ad tags */
};

/* Index of the map of counters. The names say what the drop reason of the switch would be. */
enum tap_filter_verdict {
    TAP_FILTER_PASS,
    TAP_FILTER_SRC_GROUP,
    TAP_FILTER_RESERVED_ADDR,
    TAP_FILTER_UNTAGGED,
    TAP_FILTER_TAGGED,
    TAP_FILTER_NOT_ALLOWED,
    TAP_FILTER_VLAN_RESERVED,
    TAP_FILTER_UNMAPPED,
    TAP_FILTER_VERDICTS
};

#endif
