/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Dense numbers with names: three tables and three maps, rebuilt when names come or go.
 */
#include "control/live.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int live_init(struct live *live, uint32_t max_ports, uint32_t max_tenants, uint32_t max_domains)
{
    *live = (struct live){
        .max_ports = max_ports, .max_tenants = max_tenants, .max_domains = max_domains};
    live->ports = calloc(max_ports, sizeof(*live->ports));
    live->attached = calloc(max_ports, sizeof(*live->attached));
    live->tenants = calloc(max_tenants, sizeof(*live->tenants));
    live->domains = calloc(max_domains + 1ul, sizeof(*live->domains));
    if (live->ports != NULL && live->attached != NULL && live->tenants != NULL &&
        live->domains != NULL && namemap_init(&live->port_index, max_ports) == 0 &&
        namemap_init(&live->tenant_index, max_tenants) == 0 &&
        namemap_init(&live->domain_index, max_domains) == 0)
        return 0;
    live_free(live);
    return -ENOMEM;
}

static void free_port(struct live_port *port)
{
    if (port != NULL)
        model_options_free(&port->options);
    free(port);
}

void live_free(struct live *live)
{
    for (uint32_t i = 0; live->ports != NULL && i < live->max_ports; i++)
        free_port(live->ports[i]);
    for (uint32_t i = 0; live->tenants != NULL && i < live->max_tenants; i++)
        free(live->tenants[i]);
    for (uint32_t i = 0; live->domains != NULL && i <= live->max_domains; i++)
        free(live->domains[i]);
    free(live->ports);
    free(live->attached);
    free(live->tenants);
    free(live->domains);
    namemap_free(&live->port_index);
    namemap_free(&live->tenant_index);
    namemap_free(&live->domain_index);
    *live = (struct live){0};
}

struct live_port *live_port(const struct live *live, const char *name)
{
    uint32_t i = namemap_get(&live->port_index, name, NULL, 0);

    return i == NAMEMAP_NONE ? NULL : live->ports[i];
}

struct live_name *live_tenant(const struct live *live, const char *name)
{
    uint32_t i = namemap_get(&live->tenant_index, name, NULL, 0);

    return i == NAMEMAP_NONE ? NULL : live->tenants[i];
}

struct live_name *live_domain(const struct live *live, const char *tenant, const char *name)
{
    uint32_t i = namemap_get(&live->domain_index, tenant, name, 0);

    return i == NAMEMAP_NONE ? NULL : live->domains[i];
}

/* ---- giving numbers ---------------------------------------------------------------------- */

/* The lowest free number from *@next on, so that a whole document is one pass. */
static int next_free(void *const *table, uint32_t from, uint32_t end, uint32_t *next)
{
    for (uint32_t i = *next < from ? from : *next; i < end; i++) {
        if (table[i] == NULL) {
            *next = i + 1;
            return (int)i;
        }
    }
    return -ENOSPC;
}

static int adopt_port(struct live *live, const char *name, uint32_t *next)
{
    struct live_port *port;
    int number;

    if (live_port(live, name) != NULL)
        return 0;
    number = next_free((void *const *)live->ports, 0, live->max_ports, next);
    port = number < 0 ? NULL : calloc(1, sizeof(*port));
    if (port == NULL)
        return number < 0 ? number : -ENOMEM;
    snprintf(port->name, sizeof(port->name), "%s", name);
    port->number = (uint16_t)number;
    live->ports[number] = port;
    namemap_put(&live->port_index, port->name, NULL, 0, (uint32_t)number);
    return 0;
}

static int adopt_name(struct live_name **table, struct namemap *index, uint32_t from, uint32_t end,
                      uint32_t *next, const char *tenant, const char *name)
{
    struct live_name *entry;
    int number;

    if (namemap_get(index, tenant, name, 0) != NAMEMAP_NONE)
        return 0;
    number = next_free((void *const *)table, from, end, next);
    entry = number < 0 ? NULL : calloc(1, sizeof(*entry));
    if (entry == NULL)
        return number < 0 ? number : -ENOMEM;
    snprintf(entry->tenant, sizeof(entry->tenant), "%s", tenant);
    snprintf(entry->name, sizeof(entry->name), "%s", name);
    entry->number = (uint16_t)number;
    table[number] = entry;
    namemap_put(index, entry->tenant, entry->name, 0, (uint32_t)number);
    return 0;
}

int live_adopt(struct live *live, const struct api_config *config)
{
    uint32_t next[3] = {0};
    int rc = 0;

    for (uint32_t i = 0; i < config->tenants.count && rc == 0; i++)
        rc = adopt_name(live->tenants, &live->tenant_index, 0, live->max_tenants, &next[0],
                        config->tenants.items[i].name, "");
    for (uint32_t i = 0; i < config->networks.count && rc == 0; i++)
        rc = adopt_name(live->domains, &live->domain_index, 1, live->max_domains + 1, &next[1],
                        config->networks.items[i].tenant, config->networks.items[i].name);
    for (uint32_t i = 0; i < config->ports.count && rc == 0; i++)
        rc = adopt_port(live, config->ports.items[i].name, &next[2]);
    return rc;
}

/* ---- taking them back -------------------------------------------------------------------- */
static int make_maps(const struct live *live, struct namemap *maps)
{
    if (namemap_init(&maps[0], live->max_ports) == 0 &&
        namemap_init(&maps[1], live->max_tenants) == 0 &&
        namemap_init(&maps[2], live->max_domains) == 0)
        return 0;
    return -ENOMEM;
}

static void reindex_names(struct live_name *const *table, uint32_t end, struct namemap *map)
{
    for (uint32_t i = 0; i < end; i++) {
        if (table[i] != NULL && !table[i]->dying)
            namemap_put(map, table[i]->tenant, table[i]->name, 0, i);
    }
}

/* Names disappear from a map only by making it anew. */
static void reindex(struct live *live, struct namemap *maps)
{
    for (uint32_t i = 0; i < live->max_ports; i++) {
        if (live->ports[i] != NULL && !live->ports[i]->dying)
            namemap_put(&maps[0], live->ports[i]->name, NULL, 0, i);
    }
    reindex_names(live->tenants, live->max_tenants, &maps[1]);
    reindex_names(live->domains, live->max_domains + 1, &maps[2]);
    namemap_free(&live->port_index);
    namemap_free(&live->tenant_index);
    namemap_free(&live->domain_index);
    live->port_index = maps[0];
    live->tenant_index = maps[1];
    live->domain_index = maps[2];
}

static int dead_alloc(const struct live *live, struct live_dead *dead)
{
    *dead = (struct live_dead){
        .ports = calloc(live->max_ports, sizeof(*dead->ports)),
        .tenants = calloc(live->max_tenants, sizeof(*dead->tenants)),
        .domains = calloc(live->max_domains + 1ul, sizeof(*dead->domains)),
    };
    return dead->ports != NULL && dead->tenants != NULL && dead->domains != NULL ? 0 : -ENOMEM;
}

static void dead_free(struct live_dead *dead)
{
    free(dead->ports);
    free(dead->tenants);
    free(dead->domains);
    *dead = (struct live_dead){0};
}

static void collect(struct live *live, const struct api_config *config,
                    const struct model_index *index, struct live_dead *dead)
{
    for (uint32_t i = 0; i < live->max_ports; i++) {
        struct live_port *p = live->ports[i];

        if (p != NULL && !p->dying && model_port(config, index, p->name) == NULL)
            dead->ports[dead->port_count++] = p;
    }
    for (uint32_t i = 0; i < live->max_tenants; i++) {
        struct live_name *t = live->tenants[i];

        if (t != NULL && !t->dying && model_tenant(config, index, t->tenant) == NULL)
            dead->tenants[dead->tenant_count++] = t;
    }
    for (uint32_t i = 1; i <= live->max_domains; i++) {
        struct live_name *d = live->domains[i];

        if (d != NULL && !d->dying && model_network(config, index, d->tenant, d->name) == NULL)
            dead->domains[dead->domain_count++] = d;
    }
}

static void mark(struct live_dead *dead)
{
    for (uint32_t i = 0; i < dead->port_count; i++)
        dead->ports[i]->dying = true;
    for (uint32_t i = 0; i < dead->tenant_count; i++)
        dead->tenants[i]->dying = true;
    for (uint32_t i = 0; i < dead->domain_count; i++)
        dead->domains[i]->dying = true;
}

int live_forget(struct live *live, const struct api_config *config, struct live_dead *ret_dead)
{
    struct namemap maps[3] = {0};
    struct model_index index;
    struct live_dead dead;
    int rc = model_index_build(config, &index);

    if (rc < 0)
        return rc;
    if (dead_alloc(live, &dead) < 0 || make_maps(live, maps) < 0) {
        for (size_t i = 0; i < ARRAY_SIZE(maps); i++)
            namemap_free(&maps[i]);
        dead_free(&dead);
        model_index_free(&index);
        return -ENOMEM;
    }
    collect(live, config, &index, &dead);
    model_index_free(&index);
    mark(&dead);
    reindex(live, maps);
    *ret_dead = dead;
    return 0;
}

void live_release(struct live *live, struct live_dead *dead)
{
    for (uint32_t i = 0; i < dead->port_count; i++) {
        live->ports[dead->ports[i]->number] = NULL;
        free_port(dead->ports[i]);
    }
    for (uint32_t i = 0; i < dead->tenant_count; i++) {
        live->tenants[dead->tenants[i]->number] = NULL;
        free(dead->tenants[i]);
    }
    for (uint32_t i = 0; i < dead->domain_count; i++) {
        live->domains[dead->domains[i]->number] = NULL;
        free(dead->domains[i]);
    }
    dead_free(dead);
}
