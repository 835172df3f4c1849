/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Checks of a document: tenants, networks and what hangs on ports. Ports are in model_port.c.
 */
#include "control/model.h"

#include "control/model_check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

int model_index_build(const struct api_config *config, struct model_index *ret_index)
{
    struct model_index index = {0};

    if (namemap_init(&index.tenants, config->tenants.count) < 0 ||
        namemap_init(&index.networks, config->networks.count) < 0 ||
        namemap_init(&index.ports, config->ports.count) < 0) {
        model_index_free(&index);
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < config->tenants.count; i++)
        namemap_put(&index.tenants, config->tenants.items[i].name, NULL, 0, i);
    for (uint32_t i = 0; i < config->networks.count; i++)
        namemap_put(&index.networks, config->networks.items[i].tenant,
                    config->networks.items[i].name, 0, i);
    for (uint32_t i = 0; i < config->ports.count; i++)
        namemap_put(&index.ports, config->ports.items[i].name, NULL, 0, i);
    *ret_index = index;
    return 0;
}

void model_index_free(struct model_index *index)
{
    namemap_free(&index->tenants);
    namemap_free(&index->networks);
    namemap_free(&index->ports);
}

const struct api_tenant *model_tenant(const struct api_config *config,
                                      const struct model_index *index, const char *name)
{
    uint32_t i = namemap_get(&index->tenants, name, NULL, 0);

    return i == NAMEMAP_NONE ? NULL : &config->tenants.items[i];
}

const struct api_network *model_network(const struct api_config *config,
                                        const struct model_index *index, const char *tenant,
                                        const char *name)
{
    uint32_t i = namemap_get(&index->networks, tenant, name, 0);

    return i == NAMEMAP_NONE ? NULL : &config->networks.items[i];
}

const struct api_port *model_port(const struct api_config *config, const struct model_index *index,
                                  const char *name)
{
    uint32_t i = namemap_get(&index->ports, name, NULL, 0);

    return i == NAMEMAP_NONE ? NULL : &config->ports.items[i];
}

int model_fail(struct vsw_err *err, int code, const char *path, const char *fmt, ...)
{
    char text[sizeof(err->msg)];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    return vsw_err_set(err, code, path, "%s", text);
}

int model_fail_unknown(const struct model_check *check, const char *path, const char *what,
                       const char *name, const char *const *known, size_t count)
{
    const char *nearest = api_nearest(name, known, count);
    int rc = model_fail(check->err, -ENOENT, path, "there is no %s '%s'", what, name);

    if (nearest != NULL)
        vsw_err_hint(check->err, "did you mean '%s'?", nearest);
    else
        vsw_err_hint(check->err, "make it first: vswitchctl %s add", what);
    return rc;
}

int model_fail_tenant(const struct model_check *check, const char *path, const char *name)
{
    uint32_t count = check->config->tenants.count;
    const char **known = calloc(count + 1, sizeof(*known));
    int rc;

    for (uint32_t i = 0; known != NULL && i < count; i++)
        known[i] = check->config->tenants.items[i].name;
    rc = model_fail_unknown(check, path, "tenant", name, known, known == NULL ? 0 : count);
    free(known);
    return rc;
}

int model_fail_network(const struct model_check *check, const char *path, const char *tenant,
                       const char *name)
{
    const struct api_config *config = check->config;
    const char **known = calloc(config->networks.count + 1, sizeof(*known));
    char full[2 * API_NAME_SIZE];
    size_t count = 0;
    const char *nearest;
    int rc;

    for (uint32_t i = 0; known != NULL && i < config->networks.count; i++) {
        if (strcmp(config->networks.items[i].tenant, tenant) == 0)
            known[count++] = config->networks.items[i].name;
    }
    snprintf(full, sizeof(full), "%s/%s", tenant, name);
    nearest = api_nearest(name, known, count);
    rc = model_fail_unknown(check, path, "network", full, NULL, 0);
    if (nearest != NULL)
        vsw_err_hint(check->err, "did you mean '%s'?", nearest);
    free(known);
    return rc;
}

static int check_tenants(const struct model_check *check)
{
    const struct api_config *config = check->config;

    if (config->tenants.count > check->env->max_tenants)
        return model_fail(check->err, -E2BIG, "tenants", "%u tenants, the limit is %u",
                          config->tenants.count, check->env->max_tenants);
    for (uint32_t i = 0; i < config->tenants.count; i++) {
        const char *name = config->tenants.items[i].name;

        if (namemap_get(&check->index.tenants, name, NULL, 0) != i)
            return model_fail_at(check->err, -EEXIST, "tenants", i, "name",
                                 "there are two tenants '%s'", name);
    }
    return 0;
}

static int check_network(const struct model_check *check, struct namemap *vlans, uint32_t i)
{
    const struct api_network *net = &check->config->networks.items[i];
    char path[MODEL_PATH_BYTES];
    uint32_t other;

    if (namemap_get(&check->index.tenants, net->tenant, NULL, 0) == NAMEMAP_NONE) {
        snprintf(path, sizeof(path), "networks[%u].tenant", i);
        return model_fail_tenant(check, path, net->tenant);
    }
    if (namemap_get(&check->index.networks, net->tenant, net->name, 0) != i)
        return model_fail_at(check->err, -EEXIST, "networks", i, "name",
                             "tenant '%s' has two networks '%s'", net->tenant, net->name);
    if (net->vlan == 0)
        return 0;
    other = namemap_put(vlans, net->tenant, NULL, net->vlan, i);
    if (other != NAMEMAP_NONE)
        return model_fail_at(check->err, -EEXIST, "networks", i, "vlan",
                             "VLAN %u of tenant '%s' belongs to network '%s' already", net->vlan,
                             net->tenant, check->config->networks.items[other].name);
    return 0;
}

static int check_networks(const struct model_check *check)
{
    const struct api_config *config = check->config;
    struct namemap vlans;
    int rc = 0;

    if (config->networks.count > check->env->max_networks)
        return model_fail(check->err, -E2BIG, "networks", "%u networks, the limit is %u",
                          config->networks.count, check->env->max_networks);
    if (namemap_init(&vlans, config->networks.count) < 0)
        return vsw_err_set(check->err, -ENOMEM, "networks", "no memory");
    for (uint32_t i = 0; i < config->networks.count && rc == 0; i++)
        rc = check_network(check, &vlans, i);
    namemap_free(&vlans);
    return rc;
}

static int check_fdb_entry(const struct model_check *check, struct namemap *seen, uint32_t i)
{
    const struct api_fdb_entry *entry = &check->config->fdb.items[i];
    const struct api_port *port = model_port(check->config, &check->index, entry->port);
    uint32_t net = namemap_get(&check->index.networks, entry->tenant, entry->network, 0);
    char path[MODEL_PATH_BYTES];

    snprintf(path, sizeof(path), "fdb[%u].network", i);
    if (net == NAMEMAP_NONE)
        return model_fail_network(check, path, entry->tenant, entry->network);
    if (mac_is_group(entry->mac.b) || mac_is_zero(entry->mac.b))
        return model_fail_at(check->err, -EINVAL, "fdb", i, "mac",
                             "a static entry needs an address of one station");
    if (port == NULL)
        return model_fail_at(check->err, -ENOENT, "fdb", i, "port", "there is no port '%s'",
                             entry->port);
    if (!model_port_carries(port, entry->tenant, entry->network))
        return model_fail_at(check->err, -EINVAL, "fdb", i, "port",
                             "port '%s' is not in network '%s/%s'", entry->port, entry->tenant,
                             entry->network);
    if (namemap_put(seen, entry->tenant, entry->network, mac_to_u64(entry->mac.b), i) !=
        NAMEMAP_NONE)
        return model_fail_at(check->err, -EEXIST, "fdb", i, "mac",
                             "the network has a static entry for this address already");
    return 0;
}

static int check_fdb(const struct model_check *check)
{
    struct namemap seen;
    int rc = 0;

    if (check->config->fdb.count > check->config->settings.fdb_max)
        return model_fail(check->err, -E2BIG, "fdb", "%u static entries, settings.fdb_max is %u",
                          check->config->fdb.count, check->config->settings.fdb_max);
    if (namemap_init(&seen, check->config->fdb.count) < 0)
        return vsw_err_set(check->err, -ENOMEM, "fdb", "no memory");
    for (uint32_t i = 0; i < check->config->fdb.count && rc == 0; i++)
        rc = check_fdb_entry(check, &seen, i);
    namemap_free(&seen);
    return rc;
}

static int check_worker_number(const struct model_check *check, const char *list, uint32_t i,
                               uint32_t worker)
{
    if (check->env->workers == 0 || worker < check->env->workers)
        return 0;
    model_fail_at(check->err, -ERANGE, list, i, "worker", "there is no worker %u", worker);
    vsw_err_hint(check->err, "workers are 0 to %u; start vswitchd with more --workers",
                 check->env->workers - 1);
    return -ERANGE;
}

static int check_placements(const struct model_check *check)
{
    const struct api_config *config = check->config;
    struct namemap seen;
    int rc = 0;

    if (namemap_init(&seen, config->placements.count) < 0)
        return vsw_err_set(check->err, -ENOMEM, "placements", "no memory");
    for (uint32_t i = 0; i < config->placements.count && rc == 0; i++) {
        const struct api_placement *row = &config->placements.items[i];

        if (model_port(config, &check->index, row->port) == NULL)
            rc = model_fail_at(check->err, -ENOENT, "placements", i, "port",
                               "there is no port '%s'", row->port);
        else if (namemap_put(&seen, row->port, NULL, row->queue, i) != NAMEMAP_NONE)
            rc = model_fail_at(check->err, -EEXIST, "placements", i, "queue",
                               "queue %u of port '%s' is placed twice", row->queue, row->port);
        else
            rc = check_worker_number(check, "placements", i, row->worker);
    }
    namemap_free(&seen);
    return rc;
}

static int check_workers(const struct model_check *check)
{
    const struct api_config *config = check->config;
    bool seen[256] = {false};

    for (uint32_t i = 0; i < config->workers.count; i++) {
        uint32_t worker = config->workers.items[i].worker;
        int rc = check_worker_number(check, "workers", i, worker);

        if (rc < 0)
            return rc;
        if (seen[worker & 255])
            return model_fail_at(check->err, -EEXIST, "workers", i, "worker",
                                 "worker %u is set twice", worker);
        seen[worker & 255] = true;
    }
    return 0;
}

static int run_checks(const struct model_check *check)
{
    int (*const checks[])(const struct model_check *) = {
        check_tenants, check_networks,   model_check_ports,
        check_fdb,     check_placements, check_workers,
    };
    int rc = 0;

    for (size_t i = 0; i < ARRAY_SIZE(checks) && rc == 0; i++)
        rc = checks[i](check);
    return rc;
}

int model_check(const struct api_config *config, const struct model_env *env, struct vsw_err *err)
{
    struct model_check check = {.config = config, .env = env, .err = err};
    int rc;

    if (model_index_build(config, &check.index) < 0)
        return vsw_err_set(err, -ENOMEM, NULL, "no memory to check the configuration");
    rc = run_checks(&check);
    model_index_free(&check.index);
    return rc;
}
