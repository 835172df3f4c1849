/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Checks of uplinks: each tag is one network's and each network has one tag, or a frame could leave
 * as somebody else's.
 */
#include "control/model_check.h"
#include "control/uplink.h"

#include <errno.h>

/* One port under check. */
struct uplink_check {
    const struct model_check *check;
    const struct api_port *port;
    uint32_t row;
    struct namemap tags;     /* text of the tag: its place in the map */
    struct namemap networks; /* tenant, network: the same */
};

#define fail_entry(u, code, i, member, ...)                                                        \
    ({                                                                                             \
        char path_[MODEL_PATH_BYTES];                                                              \
                                                                                                   \
        snprintf(path_, sizeof(path_), "ports[%u].map[%u].%s", (u)->row, i, member);               \
        model_fail((u)->check->err, code, path_, __VA_ARGS__);                                     \
    })

static int fail_tag(const struct uplink_check *u, uint32_t i)
{
    fail_entry(u, -EINVAL, i, "tag", "\"%s\" is no tag", u->port->map.items[i].tag);
    vsw_err_hint(u->check->err, "vlan10, s100.10 (802.1Q inside 802.1ad), s100 or untagged; "
                                "numbers are 1 to 4094");
    return -EINVAL;
}

static int fail_tag_twice(const struct uplink_check *u, uint32_t i, uint32_t other)
{
    const struct api_map_entry *a = &u->port->map.items[other], *b = &u->port->map.items[i];

    fail_entry(u, -EEXIST, i, "tag", "%s of port '%s' is '%s/%s' already, it cannot be '%s/%s' too",
               b->tag, u->port->name, a->tenant, a->network, b->tenant, b->network);
    vsw_err_hint(u->check->err, "map-=%s takes it out first", a->tag);
    return -EEXIST;
}

static int check_entry(struct uplink_check *u, uint32_t i)
{
    const struct api_map_entry *e = &u->port->map.items[i];
    struct uplink_tag tag;
    char path[MODEL_PATH_BYTES];
    uint32_t other;

    if (uplink_tag_parse(e->tag, &tag) < 0)
        return fail_tag(u, i);
    if (model_network(u->check->config, &u->check->index, e->tenant, e->network) == NULL) {
        snprintf(path, sizeof(path), "ports[%u].map[%u].network", u->row, i);
        return model_fail_network(u->check, path, e->tenant, e->network);
    }
    other = namemap_put(&u->tags, e->tag, NULL, 0, i);
    if (other != NAMEMAP_NONE)
        return fail_tag_twice(u, i, other);
    other = namemap_put(&u->networks, e->tenant, e->network, 0, i);
    if (other == NAMEMAP_NONE)
        return 0;
    return fail_entry(u, -EEXIST, i, "network",
                      "network '%s/%s' leaves port '%s' as %s already, it cannot leave as %s too",
                      e->tenant, e->network, u->port->name, u->port->map.items[other].tag, e->tag);
}

/* Who has an outer tag whatever is inside has all that may be inside. */
static int check_pair(const struct uplink_check *u, uint32_t i)
{
    const struct api_map_entry *e = &u->port->map.items[i], *whole;
    struct uplink_tag tag;
    char outer[16];
    uint32_t other;

    if (uplink_tag_parse(e->tag, &tag) < 0 || tag.kind != UPLINK_PAIR)
        return 0;
    snprintf(outer, sizeof(outer), "s%u", tag.vid);
    other = namemap_get(&u->tags, outer, NULL, 0);
    if (other == NAMEMAP_NONE)
        return 0;
    whole = &u->port->map.items[other];
    return fail_entry(u, -EEXIST, i, "tag",
                      "%s of port '%s' to '%s/%s' is part of %s, which is '%s/%s'", e->tag,
                      u->port->name, e->tenant, e->network, outer, whole->tenant, whole->network);
}

static int check_map(const struct model_check *check, uint32_t row)
{
    struct uplink_check u = {.check = check, .port = &check->config->ports.items[row], .row = row};
    int rc = 0;

    if (namemap_init(&u.tags, u.port->map.count) < 0 ||
        namemap_init(&u.networks, u.port->map.count) < 0)
        rc = vsw_err_set(check->err, -ENOMEM, "ports", "no memory");
    for (uint32_t i = 0; i < u.port->map.count && rc == 0; i++)
        rc = check_entry(&u, i);
    for (uint32_t i = 0; i < u.port->map.count && rc == 0; i++)
        rc = check_pair(&u, i);
    namemap_free(&u.tags);
    namemap_free(&u.networks);
    return rc;
}

/* What else says who a port belongs to says nothing of an uplink. */
static int check_owners(const struct model_check *check, uint32_t row)
{
    const struct api_port *port = &check->config->ports.items[row];
    const struct {
        const char *field;
        bool used;
    } fields[] = {
        {"tenant", port->tenant[0] != '\0'}, {"networks", port->networks.count > 0},
        {"native", port->native[0] != '\0'}, {"native_tagged", port->native_tagged},
        {"tpid", port->tpid != 0},
    };

    for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
        if (!fields[i].used)
            continue;
        model_fail_at(check->err, -EINVAL, "ports", row, fields[i].field,
                      "port '%s' is an uplink: only its map says what it carries", port->name);
        vsw_err_hint(check->err, "map=vlan10:red/web,untagged:red/mgmt");
        return -EINVAL;
    }
    return 0;
}

int model_check_uplink(const struct model_check *check, uint32_t row)
{
    const struct api_port *port = &check->config->ports.items[row];
    int rc;

    if (port->mode == API_PORT_UPLINK) {
        rc = check_owners(check, row);
        return rc == 0 ? check_map(check, row) : rc;
    }
    if (port->map.count == 0 && !port->transit)
        return 0;
    model_fail_at(check->err, -EINVAL, "ports", row, port->transit ? "transit" : "map",
                  "port '%s' is no uplink", port->name);
    vsw_err_hint(check->err, "mode=uplink makes it one");
    return -EINVAL;
}
