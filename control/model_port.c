/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Checks of the ports of a document, and their options.
 */
#include "control/model.h"

#include "control/model_check.h"
#include "control/uplink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int fail_type(const struct api_port *port, const struct model_env *env, struct vsw_err *err)
{
    const char *known[32];
    const char *nearest;
    size_t count = 0;

    while (count < ARRAY_SIZE(known) && env->type_at(count) != NULL) {
        known[count] = env->type_at(count)->name;
        count++;
    }
    nearest = api_nearest(port->type, known, count);
    model_fail(err, -ENOENT, "type", "there is no port type '%s'", port->type);
    if (nearest != NULL)
        vsw_err_hint(err, "did you mean '%s'?", nearest);
    else
        vsw_err_hint(err, "`vswitchctl port types` lists them");
    return -ENOENT;
}

/* A type with an option `path` finds its socket in the run folder, named after the port. */
static struct json *with_default_path(const struct api_port *port, const struct model_env *env,
                                      const struct api_object *object)
{
    struct json *options = port->options == NULL ? json_new_object() : json_dup(port->options);
    const struct api_field *field = api_field_find(object, "path");
    char path[256];

    if (options == NULL || field == NULL || field->kind != API_STR || env->run_dir == NULL ||
        json_has(options, "path"))
        return options;
    snprintf(path, sizeof(path), "%s/%s.sock", env->run_dir, port->name);
    if (json_set(options, "path", json_new_text(path)) == 0)
        return options;
    json_free(options);
    return NULL;
}

static int decode_options(const struct api_port *port, const struct model_env *env,
                          const struct api_object *object, void *values, struct vsw_err *err)
{
    struct json *options = with_default_path(port, env, object);
    struct vsw_err inner = {0};
    char path[MODEL_PATH_BYTES];
    int rc;

    if (options == NULL)
        return vsw_err_set(err, -ENOMEM, "options", "no memory");
    rc = api_decode(object, options, API_DECODE_DOCUMENT, values, &inner);
    json_free(options);
    if (rc == 0)
        return 0;
    snprintf(path, sizeof(path), "options%s%.80s", inner.field[0] != '\0' ? "." : "", inner.field);
    model_fail(err, rc, path, "%s", inner.msg);
    if (inner.hint[0] != '\0')
        vsw_err_hint(err, "%s", inner.hint);
    return rc;
}

int model_options_decode(const struct api_port *port, const struct model_env *env,
                         struct model_options *ret_options, struct vsw_err *err)
{
    const struct port_type *type = env->type_find(port->type);
    void *values;
    int rc;

    if (type == NULL)
        return fail_type(port, env, err);
    assert(type->options->size == type->options_bytes);
    values = calloc(1, type->options_bytes);
    if (values == NULL)
        return vsw_err_set(err, -ENOMEM, "options", "no memory");
    rc = decode_options(port, env, type->options, values, err);
    if (rc < 0) {
        free(values);
        return rc;
    }
    *ret_options = (struct model_options){type, values};
    return 0;
}

void model_options_free(struct model_options *options)
{
    if (options->values != NULL)
        api_free(options->type->options, options->values);
    free(options->values);
    *options = (struct model_options){0};
}

struct port_config model_port_config(const struct api_port *port,
                                     const struct model_options *options,
                                     const struct port_guard *guard)
{
    struct port_config config = {
        .up = port->up, .mtu = (uint16_t)port->mtu, .guard = guard, .options = options->values};

    static_assert(PORT_NAME_BYTES >= API_NAME_SIZE, "a port's name fits");
    memcpy(config.name, port->name, API_NAME_SIZE);
    return config;
}

static uint16_t reserved_allowed(enum api_transparency transparent)
{
    /* LLDP uses :0e, :03 and :00; PAUSE frames (:01) never pass. */
    switch (transparent) {
    case API_TRANSPARENT_LLDP: return 1 << 0x0e | 1 << 0x03 | 1 << 0x00;
    case API_TRANSPARENT_ALL: return 0xffff & ~(1 << 0x01);
    case API_TRANSPARENT_NONE: break;
    }
    return 0;
}

static void allow_vid(uint64_t *allowed, uint32_t vid)
{
    allowed[vid / 64] |= 1ull << vid % 64;
}

static void guard_network(const struct api_config *config, const struct model_index *index,
                          const struct api_port *port, const char *name, bool tagged,
                          struct port_guard *guard)
{
    const struct api_network *net = model_network(config, index, port->tenant, name);

    guard->reserved_allowed |= reserved_allowed(net->transparent);
    if (tagged)
        allow_vid(guard->vid_allowed, net->vlan);
    else
        guard->untagged = true;
}

static void guard_map(const struct api_config *config, const struct model_index *index,
                      const struct api_port *port, struct port_guard *guard)
{
    for (uint32_t i = 0; i < port->map.count; i++) {
        const struct api_map_entry *e = &port->map.items[i];
        const struct api_network *net = model_network(config, index, e->tenant, e->network);
        struct uplink_tag tag = {0};

        uplink_tag_parse(e->tag, &tag);
        guard->reserved_allowed |= reserved_allowed(net->transparent);
        if (tag.kind == UPLINK_UNTAGGED)
            guard->untagged = true;
        else if (tag.kind == UPLINK_VLAN)
            allow_vid(guard->vid_allowed, tag.vid);
        else
            allow_vid(guard->svid_allowed, tag.vid);
    }
}

struct port_guard model_port_guard(const struct api_config *config, const struct model_index *index,
                                   const struct api_port *port)
{
    static const enum vlan_mode modes[] = {
        [API_PORT_ACCESS] = VLAN_MODE_ACCESS,
        [API_PORT_TRUNK] = VLAN_MODE_TRUNK,
        [API_PORT_QINQ] = VLAN_MODE_QINQ,
        [API_PORT_UPLINK] = VLAN_MODE_TRUNK,
    };
    bool trunk = port->mode == API_PORT_TRUNK;
    struct port_guard guard;

    memset(&guard, 0, sizeof(guard)); /* guards are compared byte by byte */
    guard.vlan_mode = modes[port->mode];
    guard.uplink = port->mode == API_PORT_UPLINK;
    guard.tpid = port->tpid == API_TPID_DOT1AD ? VLAN_TPID_DOT1AD : VLAN_TPID_DOT1Q;
    guard_map(config, index, port, &guard);
    for (uint32_t i = 0; i < port->networks.count; i++)
        guard_network(config, index, port, port->networks.items[i], trunk, &guard);
    if (port->native[0] != '\0') {
        guard_network(config, index, port, port->native, false, &guard);
        if (port->native_tagged)
            guard_network(config, index, port, port->native, true, &guard);
    }
    return guard;
}

bool model_port_carries(const struct api_port *port, const char *tenant, const char *network)
{
    for (uint32_t i = 0; i < port->map.count; i++) {
        if (strcmp(port->map.items[i].network, network) == 0 &&
            strcmp(port->map.items[i].tenant, tenant) == 0)
            return true;
    }
    return strcmp(port->tenant, tenant) == 0 &&
           (api_names_has(&port->networks, network) || strcmp(port->native, network) == 0);
}

bool model_port_serves(const struct api_port *port, const char *tenant)
{
    for (uint32_t i = 0; i < port->map.count; i++) {
        if (strcmp(port->map.items[i].tenant, tenant) == 0)
            return true;
    }
    return strcmp(port->tenant, tenant) == 0;
}

/* Errors of one port come with the field alone; the document's path goes in front. */
static int add_row_path(struct vsw_err *err, const struct vsw_err *inner, uint32_t row)
{
    char path[MODEL_PATH_BYTES];

    snprintf(path, sizeof(path), "ports[%u].%.72s", row, inner->field);
    model_fail(err, inner->code, path, "%s", inner->msg);
    if (inner->hint[0] != '\0')
        vsw_err_hint(err, "%s", inner->hint);
    return inner->code;
}

static int check_type(const struct model_check *check, uint32_t row)
{
    struct model_options options;
    struct vsw_err inner = {0};

    if (model_options_decode(&check->config->ports.items[row], check->env, &options, &inner) < 0)
        return add_row_path(check->err, &inner, row);
    model_options_free(&options);
    return 0;
}

static int check_member(const struct model_check *check, uint32_t row, const char *field,
                        const char *name, bool needs_vlan)
{
    const struct api_port *port = &check->config->ports.items[row];
    const struct api_network *net = model_network(check->config, &check->index, port->tenant, name);
    char path[MODEL_PATH_BYTES];

    if (net == NULL) {
        snprintf(path, sizeof(path), "ports[%u].%s", row, field);
        return model_fail_network(check, path, port->tenant, name);
    }
    if (!needs_vlan || net->vlan != 0)
        return 0;
    model_fail_at(check->err, -EINVAL, "ports", row, field,
                  "network '%s/%s' has no VLAN number, so a trunk cannot tag it", port->tenant,
                  name);
    vsw_err_hint(check->err, "give it one: vswitchctl network set %s/%s vlan=10", port->tenant,
                 name);
    return -EINVAL;
}

static int check_members(const struct model_check *check, uint32_t row)
{
    const struct api_port *port = &check->config->ports.items[row];
    bool trunk = port->mode == API_PORT_TRUNK;
    int rc = 0;

    for (uint32_t i = 0; i < port->networks.count && rc == 0; i++) {
        char field[32];

        snprintf(field, sizeof(field), "networks[%u]", i);
        rc = check_member(check, row, field, port->networks.items[i], trunk);
    }
    if (rc == 0 && port->native[0] != '\0')
        rc = check_member(check, row, "native", port->native, port->native_tagged);
    return rc;
}

static int check_mode(const struct model_check *check, uint32_t row)
{
    const struct api_port *port = &check->config->ports.items[row];
    bool trunk = port->mode == API_PORT_TRUNK;

    if (!trunk && port->networks.count > 1) {
        model_fail_at(check->err, -EINVAL, "ports", row, "networks",
                      "port '%s' lists %u networks, mode %s takes one", port->name,
                      port->networks.count, api_enum_name(&api_port_mode_enum, port->mode));
        vsw_err_hint(check->err, "mode=trunk takes several");
        return -EINVAL;
    }
    if (!trunk && port->native[0] != '\0')
        return model_fail_at(check->err, -EINVAL, "ports", row, "native",
                             "port '%s' is no trunk, only a trunk has a native network",
                             port->name);
    if (port->native_tagged && port->native[0] == '\0')
        return model_fail_at(check->err, -EINVAL, "ports", row, "native_tagged",
                             "port '%s' has no native network", port->name);
    return 0;
}

static int check_owner(const struct model_check *check, uint32_t row, uint32_t *ports_of_tenant)
{
    const struct api_port *port = &check->config->ports.items[row];
    uint32_t tenant = namemap_get(&check->index.tenants, port->tenant, NULL, 0);
    const struct api_tenant *owner;
    char path[MODEL_PATH_BYTES];

    if (port->tenant[0] == '\0') {
        if (port->networks.count == 0 && port->native[0] == '\0')
            return 0;
        return model_fail_at(check->err, -EINVAL, "ports", row, "tenant",
                             "port '%s' lists networks but no tenant", port->name);
    }
    if (tenant == NAMEMAP_NONE) {
        snprintf(path, sizeof(path), "ports[%u].tenant", row);
        return model_fail_tenant(check, path, port->tenant);
    }
    owner = &check->config->tenants.items[tenant];
    if (++ports_of_tenant[tenant] <= owner->max_ports || owner->max_ports == 0)
        return 0;
    return model_fail_at(check->err, -EDQUOT, "ports", row, "tenant",
                         "port '%s' is one too many: tenant '%s' may have %u ports (max_ports)",
                         port->name, owner->name, owner->max_ports);
}

static int check_port(const struct model_check *check, uint32_t row, uint32_t *ports_of_tenant)
{
    const struct api_port *port = &check->config->ports.items[row];
    int rc;

    if (namemap_get(&check->index.ports, port->name, NULL, 0) != row)
        return model_fail_at(check->err, -EEXIST, "ports", row, "name", "there are two ports '%s'",
                             port->name);
    rc = check_type(check, row);
    if (rc == 0 && port->mode == API_PORT_UPLINK)
        return model_check_uplink(check, row);
    if (rc == 0)
        rc = check_owner(check, row, ports_of_tenant);
    if (rc == 0)
        rc = check_mode(check, row);
    if (rc == 0)
        rc = model_check_uplink(check, row);
    return rc == 0 ? check_members(check, row) : rc;
}

int model_check_ports(const struct model_check *check)
{
    uint32_t *ports_of_tenant = calloc(check->config->tenants.count + 1, sizeof(uint32_t));
    int rc = 0;

    if (ports_of_tenant == NULL)
        return vsw_err_set(check->err, -ENOMEM, "ports", "no memory");
    if (check->config->ports.count > check->env->max_ports) {
        rc = model_fail(check->err, -E2BIG, "ports", "%u ports, the limit is %u",
                        check->config->ports.count, check->env->max_ports);
        vsw_err_hint(check->err, "start vswitchd with a larger --max-ports");
    }
    for (uint32_t i = 0; i < check->config->ports.count && rc == 0; i++)
        rc = check_port(check, i, ports_of_tenant);
    free(ports_of_tenant);
    return rc;
}
