/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The packet path as a whole: making and ending it, its ports, publishing, grace periods.
 */
#include "datapath/datapath.h"

#include "base/clock.h"
#include "base/mem.h"
#include "datapath/dp.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define LEARN_BUDGET 4096
/* The FDB is looked through once a second, in slices. */
#define AGE_SLICES   4
#define AGE_EVERY_NS (NS_PER_SEC / AGE_SLICES)
/* How soon to ask again whether workers have passed a quiescent state: a burst is shorter than
 * this. */
#define RETIRE_AGAIN_NS (50 * NS_PER_US)

/* ---- making and ending ------------------------------------------------------------------- */

static int allocate(struct datapath *dp)
{
    const struct fdb_params fdb = {
        .max_entries = dp->params.fdb_max,
        .max_ports = dp->params.max_ports,
        .max_tenants = dp->params.max_tenants,
        .key = siphash_key_random(),
    };

    dp->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (dp->event_fd < 0)
        return -errno;
    dp->port = mem_zalloc(dp->params.max_ports, sizeof(*dp->port));
    dp->tenant = mem_zalloc(dp->params.max_tenants, sizeof(*dp->tenant));
    dp->domain = mem_zalloc(dp->params.max_domains + 1ul, sizeof(*dp->domain));
    dp->captures = mem_zalloc(dp->params.max_ports, sizeof(*dp->captures));
    dp->fdb = fdb_create(&fdb);
    if (dp->captures == NULL || dp->port == NULL || dp->tenant == NULL || dp->domain == NULL ||
        dp->fdb == NULL)
        return -ENOMEM;
    for (uint16_t i = 0; i < dp->params.max_tenants; i++)
        dp->tenant[i].changes =
            (struct log_limit){.burst = DP_NOTICES_BURST, .per_s = DP_NOTICES_PER_S};
    return retire_init(&dp->retire, dp->params.workers);
}

static int publish_nothing(struct datapath *dp)
{
    const struct dp_spec nothing = {.fdb_ageing_s = 300};

    return dp_publish(dp, &nothing);
}

int dp_create(const struct dp_params *params, struct datapath **ret_dp, struct vsw_err *err)
{
    struct datapath *dp = mem_zalloc(1, sizeof(*dp));
    int result = -ENOMEM;

    assert(params->workers >= 1 && params->workers <= DP_WORKERS_MAX);
    if (dp == NULL)
        return vsw_err_set(err, -ENOMEM, NULL, "not enough memory for the packet path");
    dp->event_fd = -1;
    dp->params = *params;
    result = allocate(dp);
    for (uint16_t i = 0; result == 0 && i < params->workers; i++)
        result = worker_init(&dp->worker[i], dp, i);
    if (result == 0)
        result = publish_nothing(dp);
    if (result < 0) {
        dp_destroy(dp);
        return vsw_err_set(err, result, NULL, "cannot set up the packet path: %s",
                           strerror(-result));
    }
    *ret_dp = dp;
    return 0;
}

int dp_start(struct datapath *dp, int (*thread_init)(uint16_t worker), struct vsw_err *err)
{
    for (uint16_t i = 0; i < dp->params.workers; i++) {
        int result = worker_start(&dp->worker[i], thread_init);

        if (result < 0) {
            dp_stop(dp);
            return vsw_err_set(err, result, NULL, "cannot start worker %u: %s", i,
                               strerror(-result));
        }
    }
    return 0;
}

void dp_stop(struct datapath *dp)
{
    for (uint16_t i = 0; i < dp->params.workers; i++)
        worker_stop(&dp->worker[i]);
    retire_run(&dp->retire);
}

void dp_destroy(struct datapath *dp)
{
    if (dp == NULL)
        return;
    assert(dp->capture_count == 0);
    /* First: what is called back looks at the workers. */
    if (dp->retire.qsbr != NULL) {
        while (retire_run(&dp->retire))
            ;
    }
    for (uint16_t i = 0; i < dp->params.workers; i++)
        worker_fini(&dp->worker[i]);
    view_destroy(atomic_load_explicit(&dp->view, memory_order_relaxed));
    retire_fini(&dp->retire);
    fdb_destroy(dp->fdb);
    free(dp->captures);
    for (uint16_t i = 0; dp->port != NULL && i < dp->params.max_ports; i++)
        free(dp->port[i].flood_of_tenant);
    free(dp->port);
    free(dp->tenant);
    free(dp->domain);
    if (dp->event_fd >= 0)
        close(dp->event_fd);
    free(dp);
}

/* ---- events and grace periods ------------------------------------------------------------ */

int dp_event_fd(const struct datapath *dp)
{
    return dp->event_fd;
}

void dp_signal(struct datapath *dp)
{
    const uint64_t one = 1;

    /* Always an exchange, a full fence: what was put on a ring before is seen by control, which
     * clears this and then looks at the rings. */
    if (atomic_exchange_explicit(&dp->event_pending, true, memory_order_seq_cst))
        return;
    if (write(dp->event_fd, &one, sizeof(one)) < 0)
        assert(errno == EAGAIN);
}

static void take_signal(struct datapath *dp)
{
    uint64_t count;

    if (read(dp->event_fd, &count, sizeof(count)) < 0)
        assert(errno == EAGAIN);
    /* Cleared before the work is looked for: what comes later signals again. */
    atomic_store_explicit(&dp->event_pending, false, memory_order_seq_cst);
}

static void age(struct datapath *dp, uint64_t now_ns)
{
    uint32_t ageing_s = dp->ageing_s == 0 ? FDB_AGEING_NEVER : dp->ageing_s;

    if (now_ns < dp->next_age_ns)
        return;
    dp->next_age_ns = now_ns + AGE_EVERY_NS;
    fdb_age(dp->fdb, (uint32_t)(now_ns / NS_PER_SEC), ageing_s, fdb_slots(dp->fdb) / AGE_SLICES);
}

uint64_t dp_service(struct datapath *dp, uint64_t now_ns)
{
    bool more;

    take_signal(dp);
    more = learn_service(dp, LEARN_BUDGET, now_ns);
    age(dp, now_ns);
    if (retire_run(&dp->retire))
        return now_ns + RETIRE_AGAIN_NS;
    if (more)
        return now_ns;
    return fdb_count(dp->fdb) > 0 ? dp->next_age_ns : UINT64_MAX;
}

void dp_retire(struct datapath *dp, void (*done)(void *arg), void *arg)
{
    retire_add(&dp->retire, done, arg);
    dp_signal(dp);
}

/* ---- ports ------------------------------------------------------------------------------- */

int dp_port_attach(struct datapath *dp, struct port *port, uint16_t index)
{
    struct port_state *ps;

    if (index >= dp->params.max_ports)
        return -ENOSPC;
    ps = &dp->port[index];
    if (ps->port != NULL)
        return -EBUSY;
    ps->rxq = mem_zalloc(port->queue_pairs, sizeof(*ps->rxq));
    if (ps->rxq == NULL)
        return -ENOMEM;
    port->index = index;
    ps->port = port;
    for (uint16_t i = 0; i < port->queue_pairs; i++) {
        ps->rxq[i].q = &port->rxq[i];
        atomic_init(&ps->rxq[i].watched_fd, -1);
    }
    place_queues(dp, ps);
    for (uint16_t i = 0; i < port->queue_pairs; i++)
        place_watch(dp, &ps->rxq[i]);
    return 0;
}

struct leaving_port {
    struct datapath *dp;
    struct rxq_state *rxq;
    uint16_t index;
};

static void keep_counters(struct datapath *dp, uint16_t index)
{
    struct dp_counters last;
    uint64_t *sum = (uint64_t *)&dp->removed;
    const uint64_t *add = (const uint64_t *)&last;

    dp_port_counters(dp, index, &last);
    for (size_t i = 0; i < sizeof(last) / sizeof(*add); i++)
        sum[i] += add[i];
    for (uint16_t i = 0; i < dp->params.workers; i++)
        memset(&dp->worker[i].port[index], 0, sizeof(last));
}

static void forget_port(void *arg)
{
    struct leaving_port *leaving = arg;

    /* Offers point to the queues. None can come any more. */
    learn_drain(leaving->dp, clock_now_ns());
    for (uint16_t i = 0; i < leaving->dp->params.workers; i++)
        worker_cancel_injections(&leaving->dp->worker[i], leaving->index);
    keep_counters(leaving->dp, leaving->index);
    free(leaving->dp->port[leaving->index].flood_of_tenant);
    memset(&leaving->dp->port[leaving->index], 0, sizeof(struct port_state));
    free(leaving->rxq);
    free(leaving);
}

void dp_port_detach(struct datapath *dp, struct port *port)
{
    struct port_state *ps = &dp->port[port->index];
    struct leaving_port *leaving = malloc(sizeof(*leaving));

    if (leaving == NULL)
        abort();
    for (uint16_t i = 0; i < port->queue_pairs; i++) {
        assert(!ps->rxq[i].moving);
        atomic_store_explicit(&ps->rxq[i].q->event_fd, -1, memory_order_release);
        place_watch(dp, &ps->rxq[i]);
        worker_unchange(&dp->worker[ps->rxq[i].worker], &ps->rxq[i]);
    }
    /* An event between the last publication and here may have put a queue on a worker's list again:
     * another view empties the lists. */
    dp_swap_services(dp);
    *leaving = (struct leaving_port){.dp = dp, .rxq = ps->rxq, .index = port->index};
    dp_retire(dp, forget_port, leaving);
}

void dp_tenant_forget(struct datapath *dp, uint16_t tenant)
{
    for (uint16_t i = 0; i < dp->params.workers; i++)
        memset(&dp->worker[i].tenant[tenant], 0, sizeof(dp->worker[i].tenant[tenant]));
}

void dp_rxq_changed(struct datapath *dp, struct port_rxq *q)
{
    struct port_state *ps = &dp->port[q->port->index];
    struct rxq_state *rs = &ps->rxq[q->index];

    if (ps->port != q->port)
        return;
    place_watch(dp, rs);
    /* A queue that went out of service is found so at its next visit; one that is being moved gets
     * a visit when it has arrived. */
    if (atomic_load_explicit(&q->live, memory_order_relaxed) && !rs->moving)
        worker_change(&dp->worker[rs->worker], rs);
}

int dp_inject(struct datapath *dp, struct port *port, const void *frame, size_t bytes)
{
    struct worker *w = &dp->worker[dp->port[port->index].rxq[0].worker];

    if (bytes < VLAN_ETH_BYTES || bytes > FRAME_HEAD_BYTES)
        return -EINVAL;
    for (int i = 0; i < WORKER_INJECTIONS; i++) {
        struct injection *in = &w->injection[i];

        if (atomic_load_explicit(&in->state, memory_order_acquire) != INJECTION_FREE)
            continue;
        in->port = port->index;
        in->bytes = (uint16_t)bytes;
        memcpy(in->frame, frame, bytes);
        atomic_store_explicit(&in->state, INJECTION_READY, memory_order_release);
        worker_wake(w);
        return 0;
    }
    return -EAGAIN;
}

/* ---- publishing -------------------------------------------------------------------------- */

/* Largest frame in units of the bucket: a draw is never cut below it. */
static void set_bucket(struct bucket *b, uint64_t rate, uint64_t burst, uint64_t frame_max)
{
    const struct bucket_config config = {.rate = rate, .burst = burst, .frame_max = frame_max};

    bucket_configure(b, &config, clock_now_ns());
}

/* For the reasons given at bucket_default_burst_bytes(). */
static uint64_t burst_pkts(uint64_t pps, enum bucket_use use)
{
    return u64_max(2 * BURST_FRAMES, use == BUCKET_SHAPE ? pps / 1000 : pps / 4);
}

static void set_limit(struct limit *limit, const struct dp_limit_spec *spec, enum bucket_use use)
{
    /* Less than a byte in a second must not become no limit at all. */
    uint64_t rate = u64_max(spec->bps / 8, spec->bps != 0), burst = spec->burst_bytes;

    if (burst == 0)
        burst = bucket_default_burst_bytes(rate, FRAME_MAX_BYTES, use);
    set_bucket(&limit->bytes, rate, burst, FRAME_MAX_BYTES);
    set_bucket(&limit->pkts, spec->pps, burst_pkts(spec->pps, use), BURST_FRAMES);
}

static void set_flood(struct bucket *flood, const struct dp_port_spec *p)
{
    for (int f = 0; f < DP_FLOOD_COUNT; f++)
        set_bucket(&flood[f], p->flood_pps[f], burst_pkts(p->flood_pps[f], BUCKET_POLICE),
                   BURST_FRAMES);
}

/* Only of those that it carries. */
static void set_flood_of_tenants(struct port_state *ps, const struct dp_port_spec *p,
                                 const struct dp_spec *spec)
{
    for (uint16_t d = 0; d < spec->domain_count; d++) {
        const struct dp_domain_spec *domain = &spec->domains[d];

        for (uint16_t m = 0; m < domain->member_count; m++) {
            if (domain->members[m].port == p->port)
                set_flood(&ps->flood_of_tenant[(size_t)domain->tenant * DP_FLOOD_COUNT], p);
        }
    }
}

static int prepare_uplinks(struct datapath *dp, const struct dp_spec *spec)
{
    for (uint16_t i = 0; i < spec->port_count; i++) {
        struct port_state *ps = &dp->port[spec->ports[i].port];

        if (!spec->ports[i].vlan.uplink || ps->flood_of_tenant != NULL)
            continue;
        ps->flood_of_tenant =
            mem_zalloc(dp->params.max_tenants, DP_FLOOD_COUNT * sizeof(*ps->flood_of_tenant));
        if (ps->flood_of_tenant == NULL)
            return -ENOMEM;
    }
    return 0;
}

static void set_limits(struct datapath *dp, const struct dp_spec *spec)
{
    for (uint16_t i = 0; i < spec->tenant_count; i++) {
        const struct dp_tenant_spec *t = &spec->tenants[i];

        set_limit(&dp->tenant[t->tenant].in, &t->in, BUCKET_SHAPE);
        set_limit(&dp->tenant[t->tenant].out, &t->out, BUCKET_POLICE);
    }
    for (uint16_t i = 0; i < spec->domain_count; i++)
        set_limit(&dp->domain[spec->domains[i].domain].limit, &spec->domains[i].limit,
                  BUCKET_POLICE);
    for (uint16_t i = 0; i < spec->port_count; i++) {
        const struct dp_port_spec *p = &spec->ports[i];
        struct port_state *ps = &dp->port[p->port];

        set_limit(&ps->in, &p->in, BUCKET_SHAPE);
        set_limit(&ps->out, &p->out, BUCKET_POLICE);
        set_flood(ps->flood, p);
        if (p->vlan.uplink)
            set_flood_of_tenants(ps, p, spec);
    }
}

static void set_fdb_limits(struct datapath *dp, const struct dp_spec *spec)
{
    fdb_set_limit(dp->fdb, spec->fdb_max == 0 ? dp->params.fdb_max : spec->fdb_max);
    for (uint16_t i = 0; i < spec->tenant_count; i++)
        fdb_set_tenant_limit(dp->fdb, spec->tenants[i].tenant,
                             spec->tenants[i].max_fdb == 0 ? dp->params.fdb_max
                                                           : spec->tenants[i].max_fdb);
    for (uint16_t i = 0; i < spec->port_count; i++) {
        fdb_set_port_limit(dp->fdb, spec->ports[i].port, spec->ports[i].max_fdb);
        fdb_set_port_yields(dp->fdb, spec->ports[i].port, spec->ports[i].vlan.uplink);
    }
    for (uint16_t i = 0; i < spec->domain_count; i++)
        dp->domain[spec->domains[i].domain].tenant = spec->domains[i].tenant;
}

static void set_idle(struct datapath *dp, uint64_t spinning)
{
    for (uint16_t i = 0; i < dp->params.workers; i++)
        atomic_store_explicit(&dp->worker[i].never_sleep,
                              dp->params.never_sleep || (spinning >> i & 1) != 0,
                              memory_order_relaxed);
}

static bool is_member(const struct topology *t, uint16_t domain, uint16_t port)
{
    return t->port[port].port != NULL && view_member_find(&t->domain[domain], port) != NULL;
}

static bool has_lost_members(const struct topology *old, const struct topology *now)
{
    for (uint16_t d = 1; d < old->domain_count; d++) {
        for (uint16_t i = 0; i < old->domain[d].member_count; i++) {
            if (!is_member(now, d, old->domain[d].member[i].port))
                return true;
        }
    }
    return false;
}

/* Addresses that were learned on a port are nothing without its membership: who moves on would be
 * cut off from his network until they age. Offers under way are checked as they arrive. */
static void forget_lost_members(struct datapath *dp, const struct topology *now)
{
    uint32_t cursor = 0;
    struct fdb_entry e;

    while (fdb_next(dp->fdb, &cursor, &e)) {
        if (e.value.kind == FDB_LOCAL && !is_member(now, e.domain, e.value.port))
            fdb_del(dp->fdb, e.domain, e.mac);
    }
}

static void retire_view(void *view)
{
    view_destroy(view);
}

void dp_swap_view(struct datapath *dp, struct view *view)
{
    struct view *old = atomic_load_explicit(&dp->view, memory_order_relaxed);

    view->number = ++dp->view_number;
    atomic_store_explicit(&dp->view, view, memory_order_release);
    for (uint16_t i = 0; i < dp->params.workers; i++)
        worker_wake(&dp->worker[i]);
    if (old != NULL)
        dp_retire(dp, retire_view, old);
}

void dp_swap_services(struct datapath *dp)
{
    const struct view *old = atomic_load_explicit(&dp->view, memory_order_relaxed);
    struct view *view = view_create(dp, (struct topology *)old->topology);

    if (view == NULL)
        abort();
    dp_swap_view(dp, view);
}

int dp_publish(struct datapath *dp, const struct dp_spec *spec)
{
    const struct view *old = atomic_load_explicit(&dp->view, memory_order_relaxed);
    bool lost;
    struct topology *t;
    struct view *view;

    if (prepare_uplinks(dp, spec) < 0)
        return -ENOMEM;
    set_limits(dp, spec);
    t = topology_create(dp, spec);
    if (t == NULL)
        return -ENOMEM;
    view = view_create(dp, t);
    if (view == NULL) {
        topology_destroy(t);
        return -ENOMEM;
    }
    set_fdb_limits(dp, spec);
    set_idle(dp, spec->spinning_workers);
    dp->ageing_s = spec->fdb_ageing_s;
    lost = old != NULL && has_lost_members(old->topology, t);
    dp_swap_view(dp, view);
    if (lost)
        forget_lost_members(dp, t);
    return 0;
}
