/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the filter program of a TAP counts; it is told a `struct kern_guard`.
 */
#ifndef BPF_TAP_FILTER_H
#define BPF_TAP_FILTER_H

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
