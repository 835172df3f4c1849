/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Edits of a document, one function per method. Rows are looked for one by one: a command edits
 * one row, and a scan of some thousand names is cheaper than an index.
 */
#include "control/edit.h"

#include "control/model.h"
#include "control/uplink.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ROW_NONE UINT32_MAX

static bool same(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* ---- finding rows ------------------------------------------------------------------------ */
static uint32_t find_tenant(const struct api_config *config, const char *name)
{
    for (uint32_t i = 0; i < config->tenants.count; i++) {
        if (same(config->tenants.items[i].name, name))
            return i;
    }
    return ROW_NONE;
}

static uint32_t find_network(const struct api_config *config, const char *tenant, const char *name)
{
    for (uint32_t i = 0; i < config->networks.count; i++) {
        const struct api_network *row = &config->networks.items[i];

        if (same(row->name, name) && same(row->tenant, tenant))
            return i;
    }
    return ROW_NONE;
}

static uint32_t find_port(const struct api_config *config, const char *name)
{
    for (uint32_t i = 0; i < config->ports.count; i++) {
        if (same(config->ports.items[i].name, name))
            return i;
    }
    return ROW_NONE;
}

static uint32_t find_fdb(const struct api_config *config, const char *tenant, const char *network,
                         const struct mac *mac)
{
    for (uint32_t i = 0; i < config->fdb.count; i++) {
        const struct api_fdb_entry *row = &config->fdb.items[i];

        if (memcmp(&row->mac, mac, sizeof(*mac)) == 0 && same(row->network, network) &&
            same(row->tenant, tenant))
            return i;
    }
    return ROW_NONE;
}

static uint32_t find_placement(const struct api_config *config, const char *port, uint32_t queue)
{
    for (uint32_t i = 0; i < config->placements.count; i++) {
        const struct api_placement *row = &config->placements.items[i];

        if (row->queue == queue && same(row->port, port))
            return i;
    }
    return ROW_NONE;
}

static int fail_missing(struct vsw_err *err, const char *field, const char *what, const char *name,
                        const void *names, uint32_t count, size_t stride)
{
    const char *nearest = NULL;

    vsw_err_set(err, -ENOENT, field, "there is no %s '%s'", what, name);
    for (uint32_t i = 0; i < count && nearest == NULL; i++) {
        const char *known = (const char *)names + i * stride;

        nearest = api_nearest(name, &known, 1);
    }
    if (nearest != NULL)
        vsw_err_hint(err, "did you mean '%s'?", nearest);
    return -ENOENT;
}

static int no_tenant(const struct api_config *config, const char *name, struct vsw_err *err)
{
    const struct api_tenant *rows = config->tenants.items;

    return fail_missing(err, "name", "tenant", name, rows == NULL ? NULL : rows->name,
                        config->tenants.count, sizeof(*rows));
}

static int no_network(const struct api_config *config, const char *tenant, const char *name,
                      struct vsw_err *err)
{
    if (find_tenant(config, tenant) == ROW_NONE) {
        no_tenant(config, tenant, err);
        snprintf(err->field, sizeof(err->field), "tenant");
        return -ENOENT;
    }
    vsw_err_set(err, -ENOENT, "name", "there is no network '%s/%s'", tenant, name);
    for (uint32_t i = 0; i < config->networks.count; i++) {
        const char *known = config->networks.items[i].name;

        if (same(config->networks.items[i].tenant, tenant) && api_nearest(name, &known, 1) != NULL)
            vsw_err_hint(err, "did you mean '%s/%s'?", tenant, known);
    }
    return -ENOENT;
}

static int no_port(const struct api_config *config, const char *field, const char *name,
                   struct vsw_err *err)
{
    const struct api_port *rows = config->ports.items;

    return fail_missing(err, field, "port", name, rows == NULL ? NULL : rows->name,
                        config->ports.count, sizeof(*rows));
}

/* ---- adding and setting ------------------------------------------------------------------ */

/* Merging into a fresh row also leaves out the fields that belong to the call. */
#define APPEND(config, list, tag, in)                                                              \
    ({                                                                                             \
        struct tag *row_ = api_append(&(config)->list, tag);                                       \
                                                                                                   \
        api_give(config, api_config, list);                                                        \
        row_ == NULL ? -ENOMEM : api_merge(&tag##_object, in, row_);                               \
    })

static int fail_exists(struct vsw_err *err, const char *what, const char *name)
{
    vsw_err_set(err, -EEXIST, "name", "there is a %s '%s' already", what, name);
    vsw_err_hint(err, "change it with `%s set`, or add with may_exist=true", what);
    return -EEXIST;
}

static int edit_tenant_add(struct api_config *config, const struct api_tenant *in,
                           struct vsw_err *err)
{
    uint32_t i = find_tenant(config, in->name);

    if (i == ROW_NONE)
        return APPEND(config, tenants, api_tenant, in);
    if (!in->may_exist)
        return fail_exists(err, "tenant", in->name);
    return api_merge(&api_tenant_object, in, &config->tenants.items[i]);
}

static int edit_tenant_set(struct api_config *config, const struct api_tenant *in,
                           struct vsw_err *err)
{
    uint32_t i = find_tenant(config, in->name);

    if (i == ROW_NONE)
        return no_tenant(config, in->name, err);
    return api_merge(&api_tenant_object, in, &config->tenants.items[i]);
}

static int edit_network_add(struct api_config *config, const struct api_network *in,
                            struct vsw_err *err)
{
    uint32_t i = find_network(config, in->tenant, in->name);

    if (find_tenant(config, in->tenant) == ROW_NONE)
        return no_network(config, in->tenant, in->name, err);
    if (i == ROW_NONE)
        return APPEND(config, networks, api_network, in);
    if (!in->may_exist)
        return fail_exists(err, "network", in->name);
    return api_merge(&api_network_object, in, &config->networks.items[i]);
}

static int edit_network_set(struct api_config *config, const struct api_network *in,
                            struct vsw_err *err)
{
    uint32_t i = find_network(config, in->tenant, in->name);

    if (i == ROW_NONE)
        return no_network(config, in->tenant, in->name, err);
    return api_merge(&api_network_object, in, &config->networks.items[i]);
}

static int change_port(struct api_port *port, const struct api_port *in, struct vsw_err *err)
{
    int rc = api_merge(&api_port_object, in, port);

    return rc == 0 ? uplink_edit_map(port, in, err) : rc;
}

static int edit_port_add(struct api_config *config, const struct api_port *in, struct vsw_err *err)
{
    uint32_t i = find_port(config, in->name);
    int rc;

    if (i == ROW_NONE) {
        rc = APPEND(config, ports, api_port, in);
        return rc == 0 ? uplink_edit_map(&config->ports.items[config->ports.count - 1], in, err)
                       : rc;
    }
    if (!in->may_exist)
        return fail_exists(err, "port", in->name);
    return change_port(&config->ports.items[i], in, err);
}

static int edit_port_set(struct api_config *config, const struct api_port *in, struct vsw_err *err)
{
    uint32_t i = find_port(config, in->name);

    if (i == ROW_NONE)
        return no_port(config, "name", in->name, err);
    return change_port(&config->ports.items[i], in, err);
}

static int edit_fdb_add(struct api_config *config, const struct api_fdb_entry *in,
                        struct vsw_err *err)
{
    uint32_t i = find_fdb(config, in->tenant, in->network, &in->mac);

    if (i == ROW_NONE)
        return APPEND(config, fdb, api_fdb_entry, in);
    if (in->may_exist)
        return api_merge(&api_fdb_entry_object, in, &config->fdb.items[i]);
    return vsw_err_set(err, -EEXIST, "mac", "there is a static entry for it, behind port '%s'",
                       config->fdb.items[i].port);
}

static int edit_worker_move(struct api_config *config, const struct api_placement *in,
                            struct vsw_err *err)
{
    uint32_t i = find_placement(config, in->port, in->queue);

    if (find_port(config, in->port) == ROW_NONE)
        return no_port(config, "port", in->port, err);
    if (i == ROW_NONE)
        return APPEND(config, placements, api_placement, in);
    return api_merge(&api_placement_object, in, &config->placements.items[i]);
}

static int edit_worker_set(struct api_config *config, const struct api_worker *in,
                           struct vsw_err *err)
{
    for (uint32_t i = 0; i < config->workers.count; i++) {
        if (config->workers.items[i].worker == in->worker)
            return api_merge(&api_worker_object, in, &config->workers.items[i]);
    }
    return APPEND(config, workers, api_worker, in);
}

static int edit_settings_set(struct api_config *config, const struct api_settings *in,
                             struct vsw_err *err)
{
    api_give(config, api_config, settings);
    return api_merge(&api_settings_object, in, &config->settings);
}

/* ---- removing ---------------------------------------------------------------------------- */

/* "a, b, c and 4 more" */
struct user_list {
    char text[160];
    uint32_t named, count;
};

static void user_list_add(struct user_list *list, const char *name)
{
    size_t len = strlen(list->text);

    list->count++;
    if (list->count > 5)
        return;
    snprintf(list->text + len, sizeof(list->text) - len, "%s%s", len > 0 ? ", " : "", name);
    list->named++;
}

static int fail_in_use(struct vsw_err *err, const char *what, const char *name,
                       const struct user_list *users, const char *user_kind)
{
    char more[32] = "";

    if (users->count > users->named)
        snprintf(more, sizeof(more), " and %u more", users->count - users->named);
    vsw_err_set(err, -EBUSY, "name", "%s '%s' is used by %s %s%s", what, name, user_kind,
                users->text, more);
    vsw_err_hint(err, "remove or change these first");
    return -EBUSY;
}

static int edit_tenant_del(struct api_config *config, const struct api_tenant_del *in,
                           struct vsw_err *err)
{
    struct user_list users = {{0}};
    uint32_t i = find_tenant(config, in->name);

    if (i == ROW_NONE)
        return in->if_exists ? 0 : no_tenant(config, in->name, err);
    for (uint32_t p = 0; p < config->ports.count; p++) {
        if (same(config->ports.items[p].tenant, in->name))
            user_list_add(&users, config->ports.items[p].name);
    }
    if (users.count > 0)
        return fail_in_use(err, "tenant", in->name, &users, "ports");
    for (uint32_t n = 0; n < config->networks.count; n++) {
        if (same(config->networks.items[n].tenant, in->name))
            user_list_add(&users, config->networks.items[n].name);
    }
    if (users.count > 0)
        return fail_in_use(err, "tenant", in->name, &users, "networks");
    api_remove(&config->tenants, api_tenant, i);
    return 0;
}

static int edit_network_del(struct api_config *config, const struct api_network_del *in,
                            struct vsw_err *err)
{
    struct user_list users = {{0}};
    uint32_t i = find_network(config, in->tenant, in->name);

    if (i == ROW_NONE)
        return in->if_exists ? 0 : no_network(config, in->tenant, in->name, err);
    for (uint32_t p = 0; p < config->ports.count; p++) {
        const struct api_port *port = &config->ports.items[p];

        if (model_port_carries(port, in->tenant, in->name))
            user_list_add(&users, port->name);
    }
    if (users.count > 0)
        return fail_in_use(err, "network", in->name, &users, "ports");
    api_remove(&config->networks, api_network, i);
    return 0;
}

static int edit_port_del(struct api_config *config, const struct api_port_del *in,
                         struct vsw_err *err)
{
    uint32_t i = find_port(config, in->name);

    if (i == ROW_NONE)
        return in->if_exists ? 0 : no_port(config, "name", in->name, err);
    api_remove(&config->ports, api_port, i);
    /* What names the port goes with it. */
    for (uint32_t f = config->fdb.count; f-- > 0;) {
        if (same(config->fdb.items[f].port, in->name))
            api_remove(&config->fdb, api_fdb_entry, f);
    }
    for (uint32_t p = config->placements.count; p-- > 0;) {
        if (same(config->placements.items[p].port, in->name))
            api_remove(&config->placements, api_placement, p);
    }
    return 0;
}

static int edit_fdb_del(struct api_config *config, const struct api_fdb_del *in,
                        struct vsw_err *err)
{
    uint32_t i = find_fdb(config, in->tenant, in->network, &in->mac);
    char text[MAC_TEXT_LEN];

    if (i != ROW_NONE)
        api_remove(&config->fdb, api_fdb_entry, i);
    if (i != ROW_NONE || in->if_exists)
        return 0;
    vsw_err_set(err, -ENOENT, "mac", "network '%s/%s' has no static entry for %s", in->tenant,
                in->network, mac_format(&in->mac, text));
    vsw_err_hint(err, "learned entries go with `fdb flush`");
    return -ENOENT;
}

static int edit_worker_release(struct api_config *config, const struct api_queue_key *in,
                               struct vsw_err *err)
{
    uint32_t i = find_placement(config, in->port, in->queue);

    if (i == ROW_NONE)
        return vsw_err_set(err, -ENOENT, "queue", "queue %u of port '%s' is not pinned", in->queue,
                           in->port);
    api_remove(&config->placements, api_placement, i);
    return 0;
}

/* ---- the list of edits ------------------------------------------------------------------- */
#define EDITS(E)                                                                                   \
    E(tenant, add)                                                                                 \
    E(tenant, set)                                                                                 \
    E(tenant, del)                                                                                 \
    E(network, add)                                                                                \
    E(network, set)                                                                                \
    E(network, del)                                                                                \
    E(port, add)                                                                                   \
    E(port, set)                                                                                   \
    E(port, del)                                                                                   \
    E(fdb, add)                                                                                    \
    E(fdb, del)                                                                                    \
    E(worker, move)                                                                                \
    E(worker, release)                                                                             \
    E(worker, set)                                                                                 \
    E(settings, set)

#define EDIT_CASE(object, verb)                                                                    \
    case API_METHOD_##object##_##verb: rc = edit_##object##_##verb(config, in, err); break;

int edit_apply(enum api_method_id method, struct api_config *config, const void *in,
               struct vsw_err *err)
{
    int rc;

    switch (method) {
        EDITS(EDIT_CASE)
    default:
        return vsw_err_set(err, -EINVAL, "method", "%s does not edit the configuration",
                           api_methods[method].name);
    }
    return rc == -ENOMEM ? vsw_err_set(err, rc, NULL, "no memory for the change") : rc;
}
