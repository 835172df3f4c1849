/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Counters: per port, queue, worker, tenant, or all together; and why frames were dropped.
 */
#include "base/clock.h"
#include "control/handlers.h"
#include "control/sampler.h"

#include <errno.h>
#include <string.h>

/* ---- which ports ------------------------------------------------------------------------- */
static bool port_is_wanted(const struct api_port *port, const char *tenant, const char *name)
{
    return (tenant[0] == '\0' || strcmp(port->tenant, tenant) == 0) &&
           (name[0] == '\0' || strcmp(port->name, name) == 0);
}

static int check_filter(const struct ctl *ctl, const char *tenant, const char *port,
                        struct vsw_err *err)
{
    if (tenant[0] != '\0' && find_tenant(ctl, "tenant", tenant, err) == NULL)
        return -ENOENT;
    return port[0] != '\0' && find_port(ctl, "port", port, err) == NULL ? -ENOENT : 0;
}

/* Sum of the ports that match; of all ports, also of those that were removed. */
static struct dp_counters sum_ports(const struct ctl *ctl, const char *tenant, const char *name)
{
    struct dp_counters sum = {0};

    if (tenant[0] == '\0' && name[0] == '\0')
        dp_port_counters(ctl->dp, DP_NONE, &sum);
    for (uint32_t i = 0; i < ctl->config.ports.count; i++) {
        const struct api_port *port = &ctl->config.ports.items[i];
        struct dp_counters c;

        if (!port_is_wanted(port, tenant, name))
            continue;
        c = port_counters(ctl, live_port(&ctl->live, port->name));
        counters_add(&sum, &c);
    }
    return sum;
}

/* ---- stats show -------------------------------------------------------------------------- */
static int add_row(struct api_stats *out, const char *name, const char *tenant,
                   const struct dp_counters *c)
{
    struct api_stats_row *row = api_append(&out->rows, api_stats_row);

    if (row == NULL)
        return -ENOMEM;
    snprintf(row->name, sizeof(row->name), "%s", name);
    snprintf(row->tenant, sizeof(row->tenant), "%s", tenant);
    FILL_COUNTERS(row, c);
    return 0;
}

static int show_ports(const struct ctl *ctl, const struct api_stats_filter *in,
                      struct api_stats *out)
{
    int rc = 0;

    for (uint32_t i = 0; i < ctl->config.ports.count && rc == 0; i++) {
        const struct api_port *port = &ctl->config.ports.items[i];
        struct dp_counters c;

        if (!port_is_wanted(port, in->tenant, in->port))
            continue;
        c = port_counters(ctl, live_port(&ctl->live, port->name));
        rc = add_row(out, port->name, port->tenant, &c);
    }
    return rc;
}

static int show_queues_of(const struct ctl *ctl, const struct api_port *port, struct api_stats *out)
{
    const struct live_port *live = live_port(&ctl->live, port->name);
    int rc = 0;

    for (uint16_t q = 0; live != NULL && live->port != NULL && q < live->port->queue_pairs; q++) {
        struct dp_queue_counters qc;
        struct dp_counters c = {0};
        char name[96];

        dp_queue_counters(ctl->dp, live->port, q, &qc);
        c.rx_pkts = qc.pkts;
        c.rx_bytes = qc.bytes;
        c.tx_pkts = qc.out_pkts;
        c.tx_bytes = qc.out_bytes;
        snprintf(name, sizeof(name), "%s/%u", port->name, q);
        rc = add_row(out, name, port->tenant, &c);
        if (rc < 0)
            break;
    }
    return rc;
}

static int show_queues(const struct ctl *ctl, const struct api_stats_filter *in,
                       struct api_stats *out)
{
    int rc = 0;

    for (uint32_t i = 0; i < ctl->config.ports.count && rc == 0; i++) {
        if (port_is_wanted(&ctl->config.ports.items[i], in->tenant, in->port))
            rc = show_queues_of(ctl, &ctl->config.ports.items[i], out);
    }
    return rc;
}

static int show_workers(const struct ctl *ctl, const struct api_stats_filter *in,
                        struct api_stats *out)
{
    int rc = 0;

    for (uint16_t i = 0; i < ctl->options->workers && rc == 0; i++) {
        struct dp_counters c;
        char name[8];

        dp_worker_sums(ctl->dp, i, &c);
        snprintf(name, sizeof(name), "%u", i);
        rc = add_row(out, name, "", &c);
    }
    return rc;
}

static int show_tenants(const struct ctl *ctl, const struct api_stats_filter *in,
                        struct api_stats *out)
{
    int rc = 0;

    for (uint32_t i = 0; i < ctl->config.tenants.count && rc == 0; i++) {
        const char *name = ctl->config.tenants.items[i].name;
        struct dp_counters c;

        if (in->tenant[0] != '\0' && strcmp(in->tenant, name) != 0)
            continue;
        c = sum_ports(ctl, name, in->port);
        rc = add_row(out, name, name, &c);
    }
    return rc;
}

static int show_total(const struct ctl *ctl, const struct api_stats_filter *in,
                      struct api_stats *out)
{
    struct dp_counters c = sum_ports(ctl, in->tenant, in->port);

    return add_row(out, "total", in->tenant, &c);
}

int handle_stats_show(struct rpc_call *call, const struct api_stats_filter *in,
                      struct api_stats *out, struct vsw_err *err)
{
    static int (*const shows[])(const struct ctl *, const struct api_stats_filter *,
                                struct api_stats *) = {
        [API_STATS_PORT] = show_ports,     [API_STATS_QUEUE] = show_queues,
        [API_STATS_WORKER] = show_workers, [API_STATS_TENANT] = show_tenants,
        [API_STATS_TOTAL] = show_total,
    };
    const struct ctl *ctl = call_ctl(call);
    uint64_t time_ns = clock_now_ns();
    int rc = check_filter(ctl, in->tenant, in->port, err);

    if (rc < 0)
        return rc;
    rc = shows[in->by](ctl, in, out);
    for (uint32_t i = 0; i < out->rows.count; i++)
        out->rows.items[i].time_ns = time_ns;
    return rc;
}

/* ---- stats drops ------------------------------------------------------------------------- */
static int add_drop(struct api_drops *out, const char *name, const char *reason, uint64_t count,
                    const char *help)
{
    struct api_drop_row *row = api_append(&out->rows, api_drop_row);

    if (row == NULL)
        return -ENOMEM;
    snprintf(row->name, sizeof(row->name), "%s", name);
    snprintf(row->reason, sizeof(row->reason), "%s", reason);
    snprintf(row->help, sizeof(row->help), "%s", help);
    row->count = count;
    return 0;
}

static int add_drops(struct api_drops *out, const char *name, const struct dp_counters *c, bool all)
{
    int rc = 0;

    for (int i = DROP_NONE + 1; i < DROP_COUNT && rc == 0; i++) {
        enum drop_reason reason = (enum drop_reason)i;

        if (all || c->drops[i] > 0)
            rc = add_drop(out, name, drop_name(reason), c->drops[i], drop_help(reason));
    }
    return rc;
}

struct type_drops {
    struct api_drops *out;
    const char *name;
    bool all;
    uint32_t first; /* row of out: from here on they have this name */
    int rc;
};

static struct api_drop_row *drop_find(const struct type_drops *t, const char *reason)
{
    for (uint32_t i = t->first; i < t->out->rows.count; i++) {
        if (strcmp(t->out->rows.items[i].reason, reason) == 0)
            return &t->out->rows.items[i];
    }
    return NULL;
}

/* What the kernel drops for a port before the switch sees it has names of its own. */
static void on_type_counter(void *arg, const char *name, uint64_t value, const char *help)
{
    struct type_drops *t = arg;
    struct api_drop_row *row;

    if (strncmp(name, "kernel_", 7) != 0 && strncmp(name, "filter_", 7) != 0)
        return;
    row = drop_find(t, name);
    if (row != NULL)
        row->count += value;
    else if (t->rc == 0 && (t->all || value > 0))
        t->rc = add_drop(t->out, t->name, name, value, help);
}

static void add_type_drops(const struct live_port *live, struct type_drops *t)
{
    if (live != NULL && live->port != NULL && live->port->type->counters != NULL)
        live->port->type->counters(live->port, on_type_counter, t);
}

/* Those of the switch and, below, of the kernel for the ports that match. */
static int add_all_drops(const struct ctl *ctl, const char *name, const struct dp_counters *c,
                         const char *tenant, const struct api_drop_filter *in,
                         struct api_drops *out)
{
    struct type_drops t = {out, name, in->all, out->rows.count, 0};

    t.rc = add_drops(out, name, c, in->all);
    for (uint32_t i = 0; i < ctl->config.ports.count && t.rc == 0; i++) {
        const struct api_port *port = &ctl->config.ports.items[i];

        if (port_is_wanted(port, tenant, in->port))
            add_type_drops(live_port(&ctl->live, port->name), &t);
    }
    return t.rc;
}

static int drops_of_ports(const struct ctl *ctl, const struct api_drop_filter *in,
                          struct api_drops *out)
{
    int rc = 0;

    for (uint32_t i = 0; i < ctl->config.ports.count && rc == 0; i++) {
        const struct api_port *port = &ctl->config.ports.items[i];
        const struct live_port *live = live_port(&ctl->live, port->name);
        struct type_drops t = {out, port->name, in->all, out->rows.count, 0};
        struct dp_counters c = port_counters(ctl, live);

        if (!port_is_wanted(port, in->tenant, in->port))
            continue;
        rc = add_drops(out, port->name, &c, in->all);
        add_type_drops(live, &t);
        if (rc == 0)
            rc = t.rc;
    }
    return rc;
}

static int drops_of_tenants(const struct ctl *ctl, const struct api_drop_filter *in,
                            struct api_drops *out)
{
    int rc = 0;

    for (uint32_t i = 0; i < ctl->config.tenants.count && rc == 0; i++) {
        const char *name = ctl->config.tenants.items[i].name;
        struct dp_counters c;

        if (in->tenant[0] != '\0' && strcmp(in->tenant, name) != 0)
            continue;
        c = sum_ports(ctl, name, in->port);
        if (in->port[0] == '\0')
            dp_tenant_add_uplink_drops(ctl->dp, live_tenant(&ctl->live, name)->number, c.drops);
        rc = add_all_drops(ctl, name, &c, name, in, out);
    }
    return rc;
}

/* Of all ports: a worker does not know tenants. */
static int drops_of_workers(const struct ctl *ctl, const struct api_drop_filter *in,
                            struct api_drops *out)
{
    int rc = 0;

    for (uint16_t i = 0; i < ctl->options->workers && rc == 0; i++) {
        struct dp_counters c;
        char name[8];

        dp_worker_sums(ctl->dp, i, &c);
        snprintf(name, sizeof(name), "%u", i);
        rc = add_drops(out, name, &c, in->all);
    }
    return rc;
}

static int drops_in_total(const struct ctl *ctl, const struct api_drop_filter *in,
                          struct api_drops *out)
{
    struct dp_counters c = sum_ports(ctl, in->tenant, in->port);

    return add_all_drops(ctl, "total", &c, in->tenant, in, out);
}

int handle_stats_drops(struct rpc_call *call, const struct api_drop_filter *in,
                       struct api_drops *out, struct vsw_err *err)
{
    static int (*const lists[])(const struct ctl *, const struct api_drop_filter *,
                                struct api_drops *) = {
        [API_DROPS_PORT] = drops_of_ports,
        [API_DROPS_WORKER] = drops_of_workers,
        [API_DROPS_TENANT] = drops_of_tenants,
        [API_DROPS_TOTAL] = drops_in_total,
    };
    const struct ctl *ctl = call_ctl(call);
    int rc = check_filter(ctl, in->tenant, in->port, err);

    if (rc < 0)
        return rc;
    return lists[in->by](ctl, in, out);
}

/* ---- workers ----------------------------------------------------------------------------- */
static void fill_worker(const struct ctl *ctl, uint16_t i, struct api_worker_row *row)
{
    struct sampler_worker now = sampler_worker(ctl->sampler, i);
    struct dp_worker_counters c;

    dp_worker_counters(ctl->dp, i, &c);
    row->worker = i;
    if (c.cpu >= 0)
        snprintf(row->cpus, sizeof(row->cpus), "%d", c.cpu);
    else
        snprintf(row->cpus, sizeof(row->cpus), "any");
    row->idle = c.never_sleep ? API_IDLE_SPIN : API_IDLE_SLEEP;
    row->queues = c.queues;
    row->busy_percent = now.busy_percent;
    row->sleep_percent = now.sleep_percent;
    row->pkts = c.pkts;
    row->bursts = c.bursts;
    row->busy_cycles = c.cycles_busy;
    row->wakeups = c.wakeups;
    row->cycles_per_pkt = c.pkts == 0 ? 0 : c.cycles_busy / c.pkts;
}

int handle_worker_list(struct rpc_call *call, const struct api_nothing *in,
                       struct api_worker_list *out, struct vsw_err *err)
{
    const struct ctl *ctl = call_ctl(call);

    for (uint16_t i = 0; i < ctl->options->workers; i++) {
        struct api_worker_row *row = api_append(&out->rows, api_worker_row);

        if (row == NULL)
            return -ENOMEM;
        fill_worker(ctl, i, row);
    }
    return 0;
}
