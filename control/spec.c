/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A document becomes a dp_spec: tenants and domains as they stand, ports with their VLAN maps, and
 * the members of each domain, sorted by counting.
 */
#include "control/spec.h"

#include "control/uplink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* One membership of one port. */
struct member {
    uint16_t domain;
    struct dp_member_spec spec;
};

struct builder {
    const struct api_config *config;
    const struct live *live;
    struct dp_tenant_spec *tenants;
    struct dp_domain_spec *domains;
    struct dp_port_spec *ports;
    struct member *members;
    uint32_t member_count;
    uint16_t port_count;
    uint32_t vid_table_count;
    uint16_t *vid_tables;
    uint32_t pair_count;
    struct vlan_pair *pairs;
};

static uint16_t tpid_of(enum api_tpid tpid)
{
    return tpid == API_TPID_DOT1AD ? VLAN_TPID_DOT1AD : VLAN_TPID_DOT1Q;
}

static enum vlan_mode mode_of(enum api_port_mode mode)
{
    switch (mode) {
    case API_PORT_UPLINK:
    case API_PORT_TRUNK: return VLAN_MODE_TRUNK;
    case API_PORT_QINQ: return VLAN_MODE_QINQ;
    case API_PORT_ACCESS: break;
    }
    return VLAN_MODE_ACCESS;
}

static void add_tenant(struct builder *b, uint32_t i)
{
    const struct api_tenant *t = &b->config->tenants.items[i];

    b->tenants[i] = (struct dp_tenant_spec){
        .tenant = live_tenant(b->live, t->name)->number,
        .in = {t->limit_in_bps, t->limit_in_pps, t->burst_in_bytes},
        .out = {t->limit_out_bps, t->limit_out_pps, t->burst_out_bytes},
        .max_fdb = t->max_fdb,
    };
}

static void add_domain(struct builder *b, uint32_t i)
{
    static const enum dp_transparent transparent[] = {
        [API_TRANSPARENT_NONE] = DP_TRANSPARENT_NONE,
        [API_TRANSPARENT_LLDP] = DP_TRANSPARENT_LLDP,
        [API_TRANSPARENT_ALL] = DP_TRANSPARENT_ALL,
    };
    const struct api_network *n = &b->config->networks.items[i];

    b->domains[i] = (struct dp_domain_spec){
        .domain = live_domain(b->live, n->tenant, n->name)->number,
        .tenant = live_tenant(b->live, n->tenant)->number,
        .transparent = transparent[n->transparent],
        .limit = {n->limit_bps, n->limit_pps, 0},
    };
}

static void add_member(struct builder *b, uint16_t port, uint16_t domain,
                       const struct vlan_out *out)
{
    b->members[b->member_count++] = (struct member){domain, {port, *out}};
}

static uint16_t *new_vid_table(struct builder *b)
{
    return &b->vid_tables[(size_t)b->vid_table_count++ * VLAN_VID_COUNT];
}

/* `row` is the document's index of networks: the VLAN number is there. */
static void add_trunk_member(struct builder *b, const struct model_index *row,
                             const struct api_port *p, struct dp_port_spec *spec,
                             uint16_t *vid_table, const char *network)
{
    const struct api_network *n = model_network(b->config, row, p->tenant, network);
    uint16_t domain = live_domain(b->live, p->tenant, network)->number;
    bool native = strcmp(p->native, network) == 0;

    vid_table[n->vlan] = domain;
    if (!native)
        add_member(b, spec->port, domain, &(struct vlan_out){tpid_of(p->tpid), (uint16_t)n->vlan});
}

static void add_native(struct builder *b, const struct model_index *row, const struct api_port *p,
                       struct dp_port_spec *spec, uint16_t *vid_table)
{
    const struct api_network *n = model_network(b->config, row, p->tenant, p->native);
    struct vlan_out out = {0};

    spec->vlan.native = live_domain(b->live, p->tenant, p->native)->number;
    if (p->native_tagged) {
        vid_table[n->vlan] = spec->vlan.native;
        out = (struct vlan_out){tpid_of(p->tpid), (uint16_t)n->vlan};
    }
    add_member(b, spec->port, spec->vlan.native, &out);
}

static int compare_pairs(const void *a, const void *b)
{
    const struct vlan_pair *x = a, *y = b;

    return x->vids < y->vids ? -1 : x->vids > y->vids;
}

static void add_tag(struct builder *b, struct vlan_map *map, uint16_t *const *tables,
                    const struct uplink_tag *tag, uint16_t domain)
{
    switch (tag->kind) {
    case UPLINK_UNTAGGED: map->native = domain; break;
    case UPLINK_VLAN: tables[VLAN_KIND_DOT1Q][tag->vid] = domain; break;
    case UPLINK_SERVICE: tables[VLAN_KIND_DOT1AD][tag->vid] = domain; break;
    case UPLINK_PAIR:
        tables[VLAN_KIND_DOT1AD][tag->vid] = VLAN_DOMAIN_PAIR;
        b->pairs[b->pair_count++] =
            (struct vlan_pair){(uint32_t)tag->vid * VLAN_VID_COUNT + tag->inner, domain};
        map->pair_count++;
        break;
    }
}

/* An uplink is a trunk of both kinds of tag, filled from its map. */
static void add_map(struct builder *b, const struct api_port *p, struct dp_port_spec *spec)
{
    uint16_t *const tables[VLAN_KIND_COUNT] = {new_vid_table(b), new_vid_table(b)};
    struct vlan_pair *pairs = &b->pairs[b->pair_count];

    spec->vlan.uplink = true;
    spec->vlan.domain_of_vid[VLAN_KIND_DOT1Q] = tables[VLAN_KIND_DOT1Q];
    spec->vlan.domain_of_vid[VLAN_KIND_DOT1AD] = tables[VLAN_KIND_DOT1AD];
    spec->vlan.pairs = pairs;
    for (uint32_t i = 0; i < p->map.count; i++) {
        const struct api_map_entry *e = &p->map.items[i];
        uint16_t domain = live_domain(b->live, e->tenant, e->network)->number;
        struct uplink_tag tag = {0};
        struct vlan_out out;

        uplink_tag_parse(e->tag, &tag);
        out = uplink_tag_out(&tag);
        add_tag(b, &spec->vlan, tables, &tag, domain);
        add_member(b, spec->port, domain, &out);
    }
    qsort(pairs, spec->vlan.pair_count, sizeof(*pairs), compare_pairs);
}

static void add_vlans(struct builder *b, const struct model_index *row, const struct api_port *p,
                      struct dp_port_spec *spec)
{
    uint16_t *vid_table;

    spec->vlan.mode = mode_of(p->mode);
    if (p->mode == API_PORT_UPLINK) {
        add_map(b, p, spec);
        return;
    }
    if (p->mode != API_PORT_TRUNK) {
        if (p->networks.count == 0)
            return;
        spec->vlan.native = live_domain(b->live, p->tenant, p->networks.items[0])->number;
        add_member(b, spec->port, spec->vlan.native, &(struct vlan_out){0});
        return;
    }
    vid_table = new_vid_table(b);
    spec->vlan.domain_of_vid[p->tpid == API_TPID_DOT1AD] = vid_table;
    for (uint32_t i = 0; i < p->networks.count; i++)
        add_trunk_member(b, row, p, spec, vid_table, p->networks.items[i]);
    if (p->native[0] != '\0')
        add_native(b, row, p, spec, vid_table);
}

static void add_port(struct builder *b, const struct model_index *row, const struct api_port *p)
{
    const struct live_port *live = live_port(b->live, p->name);
    struct dp_port_spec *spec = &b->ports[b->port_count];
    struct uplink_limits limits = uplink_limits(p);

    if (live == NULL || live->port == NULL)
        return;
    b->port_count++;
    *spec = (struct dp_port_spec){
        .port = live->number,
        .tenant = p->tenant[0] == '\0' ? DP_NONE : live_tenant(b->live, p->tenant)->number,
        .isolated = p->isolated,
        .transit = p->transit,
        .up = p->up,
        .in = {p->limit_in_bps, p->limit_in_pps, p->burst_in_bytes},
        .out = {p->limit_out_bps, p->limit_out_pps, p->burst_out_bytes},
        .flood_pps = {[DP_FLOOD_BROADCAST] = limits.flood_broadcast_pps,
                      [DP_FLOOD_MULTICAST] = limits.flood_multicast_pps,
                      [DP_FLOOD_UNKNOWN] = limits.flood_unknown_pps},
        .max_fdb = limits.max_fdb,
    };
    add_vlans(b, row, p, spec);
}

static int alloc_builder(struct builder *b)
{
    const struct api_config *config = b->config;
    size_t tables = 0, members = 0, pairs = 0;

    for (uint32_t i = 0; i < config->ports.count; i++) {
        const struct api_port *p = &config->ports.items[i];

        tables += (p->mode == API_PORT_TRUNK) + 2 * (p->mode == API_PORT_UPLINK);
        members += p->networks.count + p->map.count + 1;
        pairs += p->map.count;
    }
    b->tenants = calloc(config->tenants.count + 1ul, sizeof(*b->tenants));
    b->domains = calloc(config->networks.count + 1ul, sizeof(*b->domains));
    b->ports = calloc(config->ports.count + 1ul, sizeof(*b->ports));
    b->members = calloc(members + 1, sizeof(*b->members));
    b->vid_tables = calloc(tables * VLAN_VID_COUNT + 1, sizeof(*b->vid_tables));
    b->pairs = calloc(pairs + 1, sizeof(*b->pairs));
    return b->tenants && b->domains && b->ports && b->members && b->vid_tables && b->pairs
               ? 0
               : -ENOMEM;
}

/* Members come port by port; domains want them domain by domain. */
static int sort_members(struct builder *b, struct dp_member_spec **ret_members)
{
    struct dp_member_spec *sorted = calloc(b->member_count + 1ul, sizeof(*sorted));
    uint32_t *start = calloc(b->live->max_domains + 2ul, sizeof(*start));

    if (sorted == NULL || start == NULL) {
        free(sorted);
        free(start);
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < b->member_count; i++)
        start[b->members[i].domain + 1]++;
    for (uint32_t d = 0; d <= b->live->max_domains; d++)
        start[d + 1] += start[d];
    for (uint32_t n = 0; n < b->config->networks.count; n++) {
        struct dp_domain_spec *domain = &b->domains[n];

        domain->members = &sorted[start[domain->domain]];
        domain->member_count = (uint16_t)(start[domain->domain + 1] - start[domain->domain]);
    }
    for (uint32_t i = 0; i < b->member_count; i++)
        sorted[start[b->members[i].domain]++] = b->members[i].spec;
    free(start);
    *ret_members = sorted;
    return 0;
}

static uint64_t spinning_workers(const struct api_config *config)
{
    uint64_t mask = 0;

    for (uint32_t i = 0; i < config->workers.count; i++) {
        if (config->workers.items[i].idle == API_IDLE_SPIN)
            mask |= 1ull << config->workers.items[i].worker;
    }
    return mask;
}

static int build(struct builder *b, struct spec *ret_spec)
{
    struct model_index row;
    struct dp_member_spec *members;
    int rc = model_index_build(b->config, &row);

    if (rc < 0)
        return rc;
    for (uint32_t i = 0; i < b->config->tenants.count; i++)
        add_tenant(b, i);
    for (uint32_t i = 0; i < b->config->networks.count; i++)
        add_domain(b, i);
    for (uint32_t i = 0; i < b->config->ports.count; i++)
        add_port(b, &row, &b->config->ports.items[i]);
    model_index_free(&row);
    rc = sort_members(b, &members);
    if (rc < 0)
        return rc;
    *ret_spec = (struct spec){
        .dp = {.tenants = b->tenants,
               .domains = b->domains,
               .ports = b->ports,
               .tenant_count = (uint16_t)b->config->tenants.count,
               .domain_count = (uint16_t)b->config->networks.count,
               .port_count = b->port_count,
               .fdb_max = b->config->settings.fdb_max,
               .fdb_ageing_s = b->config->settings.fdb_ageing_s == API_SECONDS_NEVER
                                   ? 0
                                   : b->config->settings.fdb_ageing_s,
               .spinning_workers = spinning_workers(b->config)},
        .members = members,
        .vid_tables = b->vid_tables,
        .pairs = b->pairs,
    };
    return 0;
}

int spec_make(const struct api_config *config, const struct live *live, struct spec *ret_spec)
{
    struct builder b = {.config = config, .live = live};
    int rc = alloc_builder(&b);

    if (rc == 0)
        rc = build(&b, ret_spec);
    free(b.members);
    if (rc == 0)
        return 0;
    free(b.tenants);
    free(b.domains);
    free(b.ports);
    free(b.vid_tables);
    free(b.pairs);
    return rc;
}

void spec_free(struct spec *spec)
{
    free((void *)(uintptr_t)spec->dp.tenants);
    free((void *)(uintptr_t)spec->dp.domains);
    free((void *)(uintptr_t)spec->dp.ports);
    free(spec->members);
    free(spec->vid_tables);
    free(spec->pairs);
    *spec = (struct spec){0};
}
