/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Looking things up for the handlers, with errors that help.
 */
#include "control/handlers.h"

#include <errno.h>
#include <string.h>

static bool is_near(const char *name, const char *known, struct vsw_err *err)
{
    if (err == NULL || err->hint[0] != '\0' || api_nearest(name, &known, 1) == NULL)
        return false;
    vsw_err_hint(err, "did you mean '%s'?", known);
    return true;
}

const struct api_tenant *find_tenant(const struct ctl *ctl, const char *field, const char *name,
                                     struct vsw_err *err)
{
    const struct api_config *config = &ctl->config;

    for (uint32_t i = 0; i < config->tenants.count; i++) {
        if (strcmp(config->tenants.items[i].name, name) == 0)
            return &config->tenants.items[i];
    }
    vsw_err_set(err, -ENOENT, field, "there is no tenant '%s'", name);
    for (uint32_t i = 0; i < config->tenants.count; i++) {
        if (is_near(name, config->tenants.items[i].name, err))
            break;
    }
    return NULL;
}

const struct api_network *find_network(const struct ctl *ctl, const char *tenant, const char *field,
                                       const char *name, struct vsw_err *err)
{
    const struct api_config *config = &ctl->config;

    if (find_tenant(ctl, "tenant", tenant, err) == NULL)
        return NULL;
    for (uint32_t i = 0; i < config->networks.count; i++) {
        const struct api_network *row = &config->networks.items[i];

        if (strcmp(row->name, name) == 0 && strcmp(row->tenant, tenant) == 0)
            return row;
    }
    vsw_err_set(err, -ENOENT, field, "there is no network '%s/%s'", tenant, name);
    for (uint32_t i = 0; i < config->networks.count; i++) {
        if (strcmp(config->networks.items[i].tenant, tenant) == 0 &&
            is_near(name, config->networks.items[i].name, err))
            break;
    }
    return NULL;
}

const struct api_port *find_port(const struct ctl *ctl, const char *field, const char *name,
                                 struct vsw_err *err)
{
    const struct api_config *config = &ctl->config;

    for (uint32_t i = 0; i < config->ports.count; i++) {
        if (strcmp(config->ports.items[i].name, name) == 0)
            return &config->ports.items[i];
    }
    vsw_err_set(err, -ENOENT, field, "there is no port '%s'", name);
    for (uint32_t i = 0; i < config->ports.count; i++) {
        if (is_near(name, config->ports.items[i].name, err))
            break;
    }
    return NULL;
}

/* ---- counters ---------------------------------------------------------------------------- */
struct dp_counters port_counters(const struct ctl *ctl, const struct live_port *live)
{
    struct dp_counters c = {0};

    if (live != NULL && live->port != NULL)
        dp_port_counters(ctl->dp, live->number, &c);
    return c;
}

uint64_t counters_dropped(const struct dp_counters *c, bool copies)
{
    uint64_t sum = 0;

    for (int i = DROP_NONE + 1; i < DROP_COUNT; i++) {
        if (drop_is_copy((enum drop_reason)i) == copies)
            sum += c->drops[i];
    }
    return sum;
}

/* dp_counters is nothing but 64-bit counters. */
void counters_add(struct dp_counters *sum, const struct dp_counters *c)
{
    uint64_t *to = (uint64_t *)sum;
    const uint64_t *from = (const uint64_t *)c;

    static_assert(sizeof(*sum) % sizeof(uint64_t) == 0, "counters only");
    for (size_t i = 0; i < sizeof(*sum) / sizeof(uint64_t); i++)
        to[i] += from[i];
}
