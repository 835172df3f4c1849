/* SPDX-License-Identifier: BSD-3-Clause
 *
 * `struct port_guard` as the programs in the kernel read it. Included by them too, so it knows only
 * the kernel's types.
 */
#ifndef BPF_KERN_GUARD_H
#define BPF_KERN_GUARD_H

#include <linux/types.h>

/* How VLAN tags are judged; the values of enum vlan_mode, and "not at all". */
enum kern_guard_vlan {
    KERN_GUARD_ACCESS,
    KERN_GUARD_TRUNK,
    KERN_GUARD_QINQ,
    KERN_GUARD_ANY,
};

struct kern_guard {
    __u32 vlan;             /* enum kern_guard_vlan */
    __u32 untagged;         /* frames without a tag have a network */
    __u16 tpid;             /* trunk: the tag it understands, host order */
    __u16 reserved_allowed; /* bit x: 01:80:c2:00:00:0x has a network that wants it */
    __u32 uplink;           /* a trunk that reads tags of both kinds */
    /* Bit v % 64 of word v / 64. */
    __u64 vid[64];  /* trunk: of its tag; uplink: of 802.1Q tags */
    __u64 svid[64]; /* uplink: of 802.1ad tags, whatever is inside */
};

struct port_guard;

/**
 * kern_guard_of() - a guard for the kernel
 * @guard: borrowed; NULL: one that refuses nothing
 *
 * Return: the same rules.
 * Context: any.
 * Source: none
 */
struct kern_guard kern_guard_of(const struct port_guard *guard);

#endif
