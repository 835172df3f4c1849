/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What is too seldom to be in line. Pure.
 */
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
    case VLAN_UNMAPPED: return "tags that the map of this uplink does not name";
    }
    return "unknown";
}

static uint16_t pair_domain(const struct vlan_map *map, uint32_t vids)
{
    uint32_t low = 0, high = map->pair_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (map->pairs[middle].vids == vids)
            return map->pairs[middle].domain;
        if (map->pairs[middle].vids < vids)
            low = middle + 1;
        else
            high = middle;
    }
    return VLAN_DOMAIN_NONE;
}

enum vlan_result vlan_classify_pair(const struct vlan_map *map, const uint8_t *head,
                                    uint32_t head_len, struct vlan_in *ret_in)
{
    const uint8_t *tag = head + VLAN_ETH_BYTES; /* the TCI of the first, and on */
    uint16_t outer, inner, domain;

    if (head_len < VLAN_ETH_BYTES + 2 * VLAN_TAG_BYTES || load_be16(tag + 2) != VLAN_TPID_DOT1Q)
        return vlan_unknown(map);
    outer = load_be16(tag);
    inner = load_be16(tag + VLAN_TAG_BYTES);
    if ((inner & VLAN_VID_MASK) == VLAN_VID_MASK)
        return VLAN_RESERVED;
    domain = pair_domain(map, (outer & VLAN_VID_MASK) * VLAN_VID_COUNT + (inner & VLAN_VID_MASK));
    if (domain == VLAN_DOMAIN_NONE)
        return vlan_unknown(map);
    *ret_in = (struct vlan_in){.domain = domain,
                               .pcp = inner & VLAN_PCP_MASK,
                               .pcp_outer = outer & VLAN_PCP_MASK,
                               .strip = 2};
    return VLAN_OK;
}
