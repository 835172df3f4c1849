/* SPDX-License-Identifier: BSD-3-Clause */
#include "bpf/kern_guard.h"

#include <string.h>

#include "port/port.h"

static_assert((int)KERN_GUARD_ACCESS == VLAN_MODE_ACCESS &&
                  (int)KERN_GUARD_TRUNK == VLAN_MODE_TRUNK &&
                  (int)KERN_GUARD_QINQ == VLAN_MODE_QINQ,
              "the programs use the values of enum vlan_mode");
static_assert(sizeof(((struct kern_guard *)0)->vid) ==
                  sizeof(((struct port_guard *)0)->vid_allowed),
              "a bit for each VLAN");

struct kern_guard kern_guard_of(const struct port_guard *guard)
{
    struct kern_guard k = {.vlan = KERN_GUARD_ANY, .reserved_allowed = 0xffff};

    if (guard == NULL)
        return k;
    k.vlan = (uint32_t)guard->vlan_mode;
    k.untagged = guard->untagged;
    k.tpid = guard->tpid;
    k.reserved_allowed = guard->reserved_allowed;
    k.uplink = guard->uplink;
    memcpy(k.vid, guard->vid_allowed, sizeof(k.vid));
    memcpy(k.svid, guard->svid_allowed, sizeof(k.svid));
    return k;
}
