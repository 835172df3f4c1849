/* SPDX-License-Identifier: BSD-3-Clause */
#include "vlan/vlan.h"

const char *vlan_result_text(enum vlan_result result)
{
    switch (result) {
    case VLAN_OK: return "the frame belongs to a network of the port";
    case VLAN_UNTAGGED: return "untagged frame on a trunk without a native network";
    case VLAN_TAGGED: return "tagged frame on an access port";
    case VLAN_NOT_ALLOWED: return "VLAN that is no network of this trunk";
    case VLAN_RESERVED: return "VLAN 4095 is reserved";
    case VLAN_NO_NETWORK: return "the port belongs to no network";
    }
    return "unknown";
}
