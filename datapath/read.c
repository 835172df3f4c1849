/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What control reads from the packet path and asks of its FDB: counters and entries.
 */
#include "base/counter.h"
#include "datapath/dp.h"

#include <errno.h>

/* ---- counters ---------------------------------------------------------------------------- */

static_assert(sizeof(struct dp_counters) % sizeof(uint64_t) == 0, "counters are numbers only");

static void add_counters(struct dp_counters *sum, const struct dp_counters *c)
{
    uint64_t *to = (uint64_t *)sum;
    const uint64_t *from = (const uint64_t *)c;

    for (size_t i = 0; i < sizeof(*c) / sizeof(*from); i++)
        to[i] += counter_get(&from[i]);
}

void dp_port_counters(const struct datapath *dp, uint16_t port, struct dp_counters *ret)
{
    struct dp_counters sum = {0};

    if (port == DP_NONE)
        sum = dp->removed;
    for (uint16_t i = 0; port != DP_NONE && i < dp->params.workers; i++)
        add_counters(&sum, &dp->worker[i].port[port]);
    *ret = sum;
}

void dp_tenant_add_uplink_drops(const struct datapath *dp, uint16_t tenant, uint64_t *drops)
{
    for (uint16_t i = 0; i < dp->params.workers; i++) {
        for (int r = 0; r < DROP_COUNT; r++)
            drops[r] += counter_get(&dp->worker[i].tenant[tenant].drops[r]);
    }
}

void dp_worker_sums(const struct datapath *dp, uint16_t worker, struct dp_counters *ret)
{
    struct dp_counters sum = {0};

    for (uint16_t i = 0; i < dp->params.max_ports; i++)
        add_counters(&sum, &dp->worker[worker].port[i]);
    *ret = sum;
}

bool dp_counters_balanced(const struct dp_counters *c)
{
    uint64_t frames = c->unicast + c->flooded, copies = c->tx_pkts;

    for (int i = 0; i < DROP_COUNT; i++) {
        if (drop_is_copy(i))
            copies += c->drops[i];
        else
            frames += c->drops[i];
    }
    return frames == c->rx_pkts && copies == c->copies;
}

void dp_queue_counters(const struct datapath *dp, const struct port *port, uint16_t queue,
                       struct dp_queue_counters *ret)
{
    const struct rxq_state *rs = &dp->port[port->index].rxq[queue];

    *ret = (struct dp_queue_counters){
        .pkts = counter_get(&rs->pkts),
        .bytes = counter_get(&rs->bytes),
        .bursts = counter_get(&rs->bursts),
        .polls = counter_get(&rs->polls),
        .empty_polls = counter_get(&rs->empty_polls),
        .throttled = counter_get(&rs->throttled),
        .held_back = counter_get(&rs->held_back),
        .out_pkts = counter_get(&port->txq[queue].pkts),
        .out_bytes = counter_get(&port->txq[queue].bytes),
        .worker = rs->worker,
        .sleeping = counter_get(&rs->sleeping) != 0,
    };
}

static uint32_t served_queues(const struct datapath *dp, uint16_t worker)
{
    const struct view *view = atomic_load_explicit(&dp->view, memory_order_relaxed);

    return view->service[worker].count;
}

void dp_worker_counters(const struct datapath *dp, uint16_t worker, struct dp_worker_counters *ret)
{
    const struct worker *w = &dp->worker[worker];

    *ret = (struct dp_worker_counters){
        .pkts = counter_get(&w->pkts),
        .bursts = counter_get(&w->bursts),
        .cycles_busy = counter_get(&w->cycles_busy),
        .sleeps = counter_get(&w->sleeps),
        .wakeups = counter_get(&w->wakeups),
        .slept_ns = counter_get(&w->slept_ns),
        .queues = served_queues(dp, worker),
        .cpu = w->cpu,
        .never_sleep = atomic_load_explicit(&w->never_sleep, memory_order_relaxed),
    };
}

/* ---- FDB --------------------------------------------------------------------------------- */

int dp_fdb_add(struct datapath *dp, uint16_t domain, const struct mac *mac, uint16_t port)
{
    const struct fdb_entry entry = {
        .domain = domain,
        .mac = mac_to_u64(mac->b),
        .value = {.port = port, .kind = FDB_STATIC},
        .tenant = dp->domain[domain].tenant,
    };
    struct fdb_entry there;

    if (fdb_get(dp->fdb, domain, entry.mac, &there) == 0 && there.value.kind == FDB_STATIC)
        return -EEXIST;
    return fdb_add(dp->fdb, &entry);
}

int dp_fdb_del(struct datapath *dp, uint16_t domain, const struct mac *mac)
{
    return fdb_del(dp->fdb, domain, mac_to_u64(mac->b));
}

static int32_t any_or(uint16_t number)
{
    return number == DP_NONE ? FDB_ANY : number;
}

uint32_t dp_fdb_flush(struct datapath *dp, const struct dp_fdb_filter *filter)
{
    const struct fdb_filter f = {
        .port = any_or(filter->port),
        .domain = any_or(filter->domain),
        .tenant = any_or(filter->tenant),
        .also_static = filter->also_static,
    };

    return fdb_flush(dp->fdb, &f);
}

void dp_fdb_each(const struct datapath *dp, uint64_t now_ns,
                 bool (*cb)(void *arg, const struct dp_fdb_row *row), void *arg)
{
    uint32_t cursor = 0, now_s = (uint32_t)(now_ns / NS_PER_SEC);
    struct fdb_entry e;

    while (fdb_next(dp->fdb, &cursor, &e)) {
        const struct dp_fdb_row row = {
            .domain = e.domain,
            .port = e.value.port,
            .mac = mac_from_u64(e.mac),
            .is_static = e.value.kind == FDB_STATIC,
            .age_s = now_s > e.seen_s ? now_s - e.seen_s : 0,
        };

        if (!cb(arg, &row))
            return;
    }
}

uint32_t dp_fdb_count(const struct datapath *dp)
{
    return fdb_count(dp->fdb);
}

uint32_t dp_fdb_port_count(const struct datapath *dp, uint16_t port)
{
    return fdb_port_count(dp->fdb, port);
}

uint32_t dp_fdb_tenant_count(const struct datapath *dp, uint16_t tenant)
{
    return fdb_tenant_count(dp->fdb, tenant);
}

uint32_t dp_fdb_domain_count(const struct datapath *dp, uint16_t domain)
{
    return fdb_domain_count(dp->fdb, domain);
}

uint64_t dp_notices_suppressed(const struct datapath *dp)
{
    return dp->notices_suppressed;
}
