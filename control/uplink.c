/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/uplink.h"

#include <errno.h>
#include <string.h>

/* A VLAN number; moves @text behind it. */
static bool vid_read(const char **text, uint16_t *ret_vid)
{
    const char *p = *text;
    uint32_t vid = 0;

    if (*p < '1' || *p > '9')
        return false;
    for (; *p >= '0' && *p <= '9' && vid < VLAN_VID_COUNT; p++)
        vid = vid * 10 + (uint32_t)(*p - '0');
    if (vid >= VLAN_VID_MASK)
        return false;
    *text = p;
    *ret_vid = (uint16_t)vid;
    return true;
}

int uplink_tag_parse(const char *text, struct uplink_tag *ret_tag)
{
    struct uplink_tag tag = {UPLINK_UNTAGGED, 0, 0};

    if (strcmp(text, "untagged") == 0) {
        *ret_tag = tag;
        return 0;
    }
    if (strncmp(text, "vlan", 4) == 0) {
        tag.kind = UPLINK_VLAN;
        text += 4;
    } else if (*text == 's') {
        tag.kind = UPLINK_SERVICE;
        text++;
    }
    if (tag.kind == UPLINK_UNTAGGED || !vid_read(&text, &tag.vid))
        return -EINVAL;
    if (tag.kind == UPLINK_SERVICE && *text == '.') {
        tag.kind = UPLINK_PAIR;
        text++;
        if (!vid_read(&text, &tag.inner))
            return -EINVAL;
    }
    if (*text != '\0')
        return -EINVAL;
    *ret_tag = tag;
    return 0;
}

struct uplink_limits uplink_limits(const struct api_port *port)
{
    struct uplink_limits l = {port->max_fdb, port->flood_broadcast_pps, port->flood_multicast_pps,
                              port->flood_unknown_pps};

    if (port->mode != API_PORT_UPLINK)
        return l;
    if (!api_given(port, api_port, max_fdb))
        l.max_fdb = UPLINK_MAX_FDB;
    if (!api_given(port, api_port, flood_broadcast_pps))
        l.flood_broadcast_pps = UPLINK_FLOOD_BROADCAST_PPS;
    if (!api_given(port, api_port, flood_unknown_pps))
        l.flood_unknown_pps = UPLINK_FLOOD_UNKNOWN_PPS;
    return l;
}

static int take_out(struct api_port *port, const char *tag, struct vsw_err *err)
{
    for (uint32_t i = 0; i < port->map.count; i++) {
        if (strcmp(port->map.items[i].tag, tag) != 0)
            continue;
        api_remove(&port->map, api_map_entry, i);
        return 0;
    }
    return vsw_err_set(err, -ENOENT, "map_del", "the map of port '%s' has no tag %s", port->name,
                       tag);
}

int uplink_edit_map(struct api_port *port, const struct api_port *in, struct vsw_err *err)
{
    int rc = 0;

    for (uint32_t i = 0; i < in->map_del.count && rc == 0; i++)
        rc = take_out(port, in->map_del.items[i], err);
    for (uint32_t i = 0; i < in->map_add.count && rc == 0; i++) {
        struct api_map_entry *entry = api_append(&port->map, api_map_entry);

        rc = entry == NULL ? -ENOMEM
                           : api_merge(&api_map_entry_object, &in->map_add.items[i], entry);
    }
    if (in->map_del.count + in->map_add.count > 0)
        api_give(port, api_port, map);
    return rc;
}
