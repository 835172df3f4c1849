/* SPDX-License-Identifier: BSD-3-Clause */
#include "datapath/view.h"

#include "base/mem.h"
#include "datapath/dp.h"

#include <stdlib.h>
#include <string.h>

struct sizes {
    uint32_t members; /* over all domains */
    uint32_t span;    /* sum of the domains' port spans */
    uint32_t tables;  /* of VLAN numbers */
    uint32_t pairs;
    uint32_t shares; /* of limits that several ports have */
};

static bool limit_is_unlimited(const struct limit *limit)
{
    return bucket_is_unlimited(&limit->bytes) && bucket_is_unlimited(&limit->pkts);
}

/* A port with one network is shaped by the network's limit; others are policed, see view_domain. */
static struct limit *shaping_network_limit(struct datapath *dp, const struct dp_port_spec *spec)
{
    bool single = spec->vlan.mode != VLAN_MODE_TRUNK && spec->vlan.native != VLAN_DOMAIN_NONE;

    return single ? &dp->domain[spec->vlan.native].limit : NULL;
}

static void port_range(const struct dp_domain_spec *d, uint16_t *ret_first, uint16_t *ret_span)
{
    uint16_t low = DP_NONE, high = 0;

    for (uint16_t i = 0; i < d->member_count; i++) {
        if (d->members[i].port < low)
            low = d->members[i].port;
        if (d->members[i].port > high)
            high = d->members[i].port;
    }
    *ret_first = low;
    *ret_span = d->member_count == 0 ? 0 : (uint16_t)(high - low + 1);
}

static uint32_t shares_of(struct datapath *dp, const struct dp_port_spec *spec)
{
    struct limit *network = shaping_network_limit(dp, spec);
    uint32_t count = network != NULL && !limit_is_unlimited(network);

    if (spec->tenant == DP_NONE)
        return count;
    return count + !limit_is_unlimited(&dp->tenant[spec->tenant].in) +
           !limit_is_unlimited(&dp->tenant[spec->tenant].out);
}

static struct sizes measure(struct datapath *dp, const struct dp_spec *spec)
{
    struct sizes s = {0};
    uint16_t first, span;

    for (uint16_t i = 0; i < spec->domain_count; i++) {
        port_range(&spec->domains[i], &first, &span);
        s.members += spec->domains[i].member_count;
        s.span += span;
        s.shares += !limit_is_unlimited(&dp->domain[spec->domains[i].domain].limit);
    }
    for (uint16_t i = 0; i < spec->port_count; i++) {
        s.pairs += spec->ports[i].vlan.pair_count;
        s.shares += shares_of(dp, &spec->ports[i]);
        for (int k = 0; k < VLAN_KIND_COUNT; k++)
            s.tables += spec->ports[i].vlan.domain_of_vid[k] != NULL;
    }
    return s;
}

void topology_destroy(struct topology *t)
{
    if (t == NULL)
        return;
    free(t->port);
    free(t->domain);
    free(t->members);
    free(t->member_of);
    free(t->vids);
    free(t->pairs);
    free(t->shares);
    free(t);
}

/* Arrays of at least one element, so that NULL always means no memory. */
static struct topology *topology_alloc(const struct datapath *dp, const struct sizes *s)
{
    struct topology *t = calloc(1, sizeof(*t));

    if (t == NULL)
        return NULL;
    t->port_count = dp->params.max_ports;
    t->domain_count = (uint16_t)(dp->params.max_domains + 1);
    t->port = calloc(t->port_count, sizeof(*t->port));
    t->domain = calloc(t->domain_count, sizeof(*t->domain));
    t->members = calloc(s->members + 1ul, sizeof(*t->members));
    t->member_of = calloc(s->span + 1ul, sizeof(*t->member_of));
    t->vids = calloc(s->tables * (size_t)VLAN_VID_COUNT + 1, sizeof(*t->vids));
    t->pairs = calloc(s->pairs + 1ul, sizeof(*t->pairs));
    t->shares = mem_zalloc(s->shares + 1ul, sizeof(*t->shares));
    if (t->port && t->domain && t->members && t->member_of && t->vids && t->pairs && t->shares)
        return t;
    topology_destroy(t);
    return NULL;
}

static void add_limit(struct limit *limit, struct claim *list, uint8_t *count)
{
    if (!limit_is_unlimited(limit))
        list[(*count)++] = (struct claim){.limit = limit};
}

static void copy_share(struct limit_share *to, const struct limit_share *from)
{
    atomic_init(&to->bytes.had, atomic_load_explicit(&from->bytes.had, memory_order_relaxed));
    atomic_init(&to->pkts.had, atomic_load_explicit(&from->pkts.had, memory_order_relaxed));
}

/* What a port has had stays known from one topology to the next, and is forgotten with the limit.
 */
static struct claim shared_claim(struct topology *t, struct limit *limit,
                                 const struct claim *before, uint8_t before_count)
{
    struct limit_share *share = &t->shares[t->share_count++];

    for (uint8_t i = 0; i < before_count; i++) {
        if (before[i].limit == limit && before[i].share != NULL)
            copy_share(share, before[i].share);
    }
    return (struct claim){limit, share};
}

static void add_shared(struct topology *t, struct limit *limit, const struct claim *before,
                       uint8_t before_count, struct claim *list, uint8_t *count)
{
    if (!limit_is_unlimited(limit))
        list[(*count)++] = shared_claim(t, limit, before, before_count);
}

/* Of an uplink each tenant has buckets of his own, so that one's storm on the wire takes nothing
 * from another. */
static void fill_flood(struct view_port *vp, struct port_state *ps, const struct dp_port_spec *spec)
{
    struct bucket *first = spec->vlan.uplink ? ps->flood_of_tenant : ps->flood;

    vp->flood_step = spec->vlan.uplink ? DP_FLOOD_COUNT : 0;
    for (int i = 0; i < DP_FLOOD_COUNT; i++)
        vp->flood[i] = spec->flood_pps[i] == 0 ? NULL : &first[i];
}

static uint8_t sets_of(const struct dp_port_spec *spec)
{
    return (spec->isolated ? VIEW_ISOLATED : 0) |
           (spec->vlan.uplink && !spec->transit ? VIEW_UPLINK : 0);
}

static void fill_limits(struct datapath *dp, struct topology *t, struct view_port *vp,
                        const struct dp_port_spec *spec)
{
    static const struct view_port no_port;
    const struct view *view = atomic_load_explicit(&dp->view, memory_order_relaxed);
    const struct view_port *before = view == NULL ? &no_port : &view->topology->port[spec->port];
    struct port_state *ps = &dp->port[spec->port];
    struct limit *network = shaping_network_limit(dp, spec);

    add_limit(&ps->in, vp->in, &vp->in_count);
    add_limit(&ps->out, vp->out, &vp->out_count);
    if (spec->tenant != DP_NONE) {
        struct tenant_state *tenant = &dp->tenant[spec->tenant];

        add_shared(t, &tenant->in, before->in, before->in_count, vp->in, &vp->in_count);
        add_shared(t, &tenant->out, before->out, before->out_count, vp->out, &vp->out_count);
    }
    if (network != NULL)
        add_shared(t, network, before->in, before->in_count, vp->in, &vp->in_count);
}

static void fill_port(struct datapath *dp, struct topology *t, struct view_port *vp,
                      const struct dp_port_spec *spec)
{
    struct port_state *ps = &dp->port[spec->port];

    vp->port = ps->port;
    /* Without a tenant it is left with no network at all. */
    if (spec->tenant != DP_NONE || spec->vlan.uplink)
        vp->vlan = spec->vlan;
    vp->up = spec->up;
    vp->apart = sets_of(spec);
    fill_limits(dp, t, vp, spec);
    fill_flood(vp, ps, spec);
}

/* What the map points to is the caller's; the view keeps its own. */
static void own_map(struct vlan_map *map, uint16_t **vids, struct vlan_pair **pairs)
{
    for (int k = 0; k < VLAN_KIND_COUNT; k++) {
        if (map->domain_of_vid[k] == NULL)
            continue;
        memcpy(*vids, map->domain_of_vid[k], VLAN_VID_COUNT * sizeof(**vids));
        map->domain_of_vid[k] = *vids;
        *vids += VLAN_VID_COUNT;
    }
    if (map->pair_count > 0)
        memcpy(*pairs, map->pairs, map->pair_count * sizeof(**pairs));
    map->pairs = *pairs;
    *pairs += map->pair_count;
}

static void fill_ports(struct datapath *dp, struct topology *t, const struct dp_spec *spec)
{
    uint16_t *vids = t->vids;
    struct vlan_pair *pairs = t->pairs;

    for (uint16_t i = 0; i < spec->port_count; i++) {
        const struct dp_port_spec *ps = &spec->ports[i];
        struct view_port *vp = &t->port[ps->port];

        fill_port(dp, t, vp, ps);
        own_map(&vp->vlan, &vids, &pairs);
    }
}

/* Tags that the other end would take for ours. Where the network is tagged ours is in front; what
 * reads the tags behind an uplink is not known, so none may come to the front there. */
static uint8_t bare_kinds(const struct view_port *vp, const struct vlan_out *out)
{
    if (out->tpid != 0)
        return 0;
    return (uint8_t)(vp->vlan.uplink ? VLAN_KINDS_ALL : vlan_map_kinds(&vp->vlan));
}

static void fill_domain(struct datapath *dp, struct topology *t, const struct dp_domain_spec *spec,
                        struct view_member *member, uint16_t *member_of)
{
    struct view_domain *d = &t->domain[spec->domain];
    struct limit *limit = &dp->domain[spec->domain].limit;
    const struct view *view = atomic_load_explicit(&dp->view, memory_order_relaxed);
    const struct claim *before =
        view == NULL ? &d->police : &view->topology->domain[spec->domain].police;

    d->tenant = spec->tenant;
    d->transparent = (uint8_t)spec->transparent;
    if (!limit_is_unlimited(limit))
        d->police = shared_claim(t, limit, before, 1);
    d->member_count = spec->member_count;
    d->member = member;
    d->member_of = member_of;
    port_range(spec, &d->first_port, &d->port_span);
    for (uint16_t i = 0; i < d->port_span; i++)
        member_of[i] = DP_NONE;
    for (uint16_t i = 0; i < spec->member_count; i++) {
        const struct dp_member_spec *m = &spec->members[i];

        member[i] = (struct view_member){
            .port = m->port,
            .apart = t->port[m->port].apart,
            .bare = bare_kinds(&t->port[m->port], &m->out),
            .out = m->out,
        };
        member_of[m->port - d->first_port] = i;
    }
}

struct topology *topology_create(struct datapath *dp, const struct dp_spec *spec)
{
    struct sizes s = measure(dp, spec);
    struct topology *t = topology_alloc(dp, &s);
    struct view_member *member;
    uint16_t *member_of;

    if (t == NULL)
        return NULL;
    for (uint32_t i = 0; i < t->domain_count; i++)
        t->domain[i].tenant = DP_NONE;
    fill_ports(dp, t, spec);
    member = t->members;
    member_of = t->member_of;
    for (uint16_t i = 0; i < spec->domain_count; i++) {
        const struct dp_domain_spec *d = &spec->domains[i];

        fill_domain(dp, t, d, member, member_of);
        member += d->member_count;
        member_of += t->domain[d->domain].port_span;
    }
    return t;
}

static uint32_t count_queues(const struct datapath *dp, const struct topology *t)
{
    uint32_t count = 0;

    for (uint16_t i = 0; i < t->port_count; i++)
        count += t->port[i].port == NULL ? 0 : dp->port[i].port->queue_pairs;
    return count;
}

static void fill_services(struct datapath *dp, const struct topology *t, struct view *v)
{
    for (uint16_t i = 0; i < t->port_count; i++) {
        if (t->port[i].port == NULL)
            continue;
        for (uint16_t q = 0; q < t->port[i].port->queue_pairs; q++) {
            struct rxq_state *rs = &dp->port[i].rxq[q];
            struct service_list *list = &v->service[rs->worker];

            if (!rs->moving)
                list->rxq[list->count++] = rs;
        }
    }
}

struct view *view_create(struct datapath *dp, struct topology *topology)
{
    uint16_t workers = dp->params.workers;
    uint32_t queues = count_queues(dp, topology);
    size_t lists = sizeof(struct service_list) * workers;
    struct view *v = calloc(1, sizeof(*v) + lists + sizeof(struct rxq_state *) * workers * queues);
    struct rxq_state **slots;

    if (v == NULL)
        return NULL;
    v->topology = topology;
    v->workers = workers;
    slots = (struct rxq_state **)&v->service[workers];
    for (uint16_t i = 0; i < workers; i++)
        v->service[i].rxq = slots + (size_t)i * queues;
    fill_services(dp, topology, v);
    topology->users++;
    return v;
}

void view_destroy(struct view *view)
{
    struct topology *t;

    if (view == NULL)
        return;
    t = (struct topology *)view->topology;
    if (--t->users == 0)
        topology_destroy(t);
    free(view);
}
