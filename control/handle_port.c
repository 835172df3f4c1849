/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What ports are: the wanted row, what is there, and why the two differ.
 */
#include "control/handlers.h"
#include "control/uplink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- state ------------------------------------------------------------------------------- */
static void set_reason(struct api_port_status *row, const char *text, const char *hint,
                       bool retries)
{
    snprintf(row->reason, sizeof(row->reason), "%.150s%s%.100s%s", text,
             hint[0] != '\0' ? "; " : "", hint, retries ? "; tried again by itself" : "");
}

static void fill_out_of_service(const struct live_port *live, struct api_port_status *row)
{
    if (live != NULL && live->error.code != 0) {
        row->state = API_PORT_ERROR;
        set_reason(row, live->error.msg, live->error.hint, live->retry_at_ns != 0);
        return;
    }
    row->state = API_PORT_WAITING;
    set_reason(row, "it is being made", "", false);
}

static void fill_state(struct api_port_status *row, const struct port_info *info)
{
    row->connected = info->connected;
    row->driver_ready = info->driver_ready;
    row->queues_enabled = info->queue_pairs_enabled;
    snprintf(row->features, sizeof(row->features), "%s", info->features);
    set_reason(row, info->error, info->hint, info->retries);
    if (!row->up)
        row->state = API_PORT_DOWN;
    else if (info->error[0] != '\0')
        row->state = API_PORT_ERROR;
    else if (!info->connected)
        row->state = API_PORT_WAITING;
    else
        row->state = info->driver_ready ? API_PORT_READY : API_PORT_CONNECTED;
    row->link = row->state == API_PORT_READY;
    if (row->reason[0] == '\0' && row->state == API_PORT_WAITING)
        snprintf(row->reason, sizeof(row->reason), "nobody is connected to %.200s", info->where);
    if (row->reason[0] == '\0' && row->state == API_PORT_READY && row->tenant[0] == '\0' &&
        row->map.count == 0)
        set_reason(row, "it belongs to no network and carries nothing", "", false);
}

static void on_counter(void *arg, const char *name, uint64_t value, const char *help)
{
    struct api_port_status *row = arg;

    if (strcmp(name, "kernel_drops") == 0)
        row->kernel_drops = value;
    else if (strcmp(name, "connections") == 0)
        row->connections = value;
    else if (strncmp(name, "refused_", 8) == 0)
        row->refused_msgs += value;
}

static void on_type_counter(void *arg, const char *name, uint64_t value, const char *help)
{
    struct api_port_status *row = arg;
    struct api_type_counter *c = api_append(&row->type_counters, api_type_counter);

    if (c == NULL)
        return;
    snprintf(c->name, sizeof(c->name), "%s", name);
    c->count = value;
    snprintf(c->help, sizeof(c->help), "%s", help);
}

static void fill_live(const struct ctl *ctl, const struct live_port *live,
                      struct api_port_status *row)
{
    struct port_info info = {0};
    struct dp_counters c = port_counters(ctl, live);

    live->port->type->info(live->port, &info);
    fill_state(row, &info);
    row->queues = live->port->queue_pairs;
    row->connections = live->connection_count;
    if (live->port->type->counters != NULL)
        live->port->type->counters(live->port, on_counter, row);
    row->in_bps = live->rates.in_bps;
    row->in_pps = live->rates.in_pps;
    row->out_bps = live->rates.out_bps;
    row->out_pps = live->rates.out_pps;
    FILL_COUNTERS(&row->counters, &c);
}

/* ---- queues ------------------------------------------------------------------------------ */
static bool is_pinned(const struct ctl *ctl, const char *port, uint32_t queue)
{
    for (uint32_t i = 0; i < ctl->config.placements.count; i++) {
        const struct api_placement *p = &ctl->config.placements.items[i];

        if (p->queue == queue && strcmp(p->port, port) == 0)
            return true;
    }
    return false;
}

static int fill_queues(const struct ctl *ctl, const struct live_port *live,
                       struct api_port_status *row)
{
    uint16_t tx = atomic_load_explicit(&live->port->tx_queues, memory_order_relaxed);

    for (uint16_t q = 0; q < live->port->queue_pairs; q++) {
        struct api_queue_row *in = api_append(&row->queue_rows, api_queue_row);
        struct dp_queue_counters c;

        if (in == NULL)
            return -ENOMEM;
        dp_queue_counters(ctl->dp, live->port, q, &c);
        snprintf(in->port, sizeof(in->port), "%s", live->name);
        in->queue = q;
        in->direction = API_DIRECTION_IN;
        in->enabled = atomic_load_explicit(&live->port->rxq[q].live, memory_order_relaxed);
        in->worker = c.worker;
        in->pinned = is_pinned(ctl, live->name, q);
        in->pkts = c.pkts;
        in->bytes = c.bytes;
    }
    for (uint16_t q = 0; q < live->port->queue_pairs; q++) {
        struct api_queue_row *out = api_append(&row->queue_rows, api_queue_row);
        struct dp_queue_counters c;

        if (out == NULL)
            return -ENOMEM;
        dp_queue_counters(ctl->dp, live->port, q, &c);
        snprintf(out->port, sizeof(out->port), "%s", live->name);
        out->queue = q;
        out->direction = API_DIRECTION_OUT;
        out->enabled = q < tx;
        out->pkts = c.out_pkts;
        out->bytes = c.out_bytes;
    }
    return 0;
}

/* What was not given is by default what the mode makes it. */
static void fill_limits(const struct api_port *port, struct api_port_status *row)
{
    struct uplink_limits limits = uplink_limits(port);

    row->max_fdb = limits.max_fdb;
    row->flood_broadcast_pps = limits.flood_broadcast_pps;
    row->flood_multicast_pps = limits.flood_multicast_pps;
    row->flood_unknown_pps = limits.flood_unknown_pps;
}

static int fill_port(const struct ctl *ctl, const struct api_port *port,
                     struct api_port_status *row)
{
    const struct live_port *live = live_port(&ctl->live, port->name);

    if (api_assign(&api_port_object, port, &api_port_status_object, row) < 0)
        return -ENOMEM;
    fill_limits(port, row);
    if (live != NULL && live->port != NULL)
        fill_live(ctl, live, row);
    else
        fill_out_of_service(live, row);
    row->errors = live == NULL ? 0 : live->error_count;
    row->fdb_entries = live == NULL ? 0 : dp_fdb_port_count(ctl->dp, live->number);
    return 0;
}

int handle_port_show(struct rpc_call *call, const struct api_port_key *in,
                     struct api_port_status *out, struct vsw_err *err)
{
    const struct ctl *ctl = call_ctl(call);
    const struct api_port *port = find_port(ctl, "name", in->name, err);
    const struct live_port *live = port == NULL ? NULL : live_port(&ctl->live, port->name);
    int rc;

    if (port == NULL)
        return -ENOENT;
    rc = fill_port(ctl, port, out);
    if (rc == 0 && live != NULL && live->port != NULL)
        rc = fill_queues(ctl, live, out);
    if (rc == 0 && live != NULL && live->port != NULL && live->port->type->counters != NULL)
        live->port->type->counters(live->port, on_type_counter, out);
    return rc;
}

/* A tenant's view of a wire that it shares. */
static void keep_map_of(const char *tenant, struct api_port_status *row)
{
    for (uint32_t i = row->map.count; i-- > 0;) {
        if (strcmp(row->map.items[i].tenant, tenant) != 0)
            api_remove(&row->map, api_map_entry, i);
    }
}

static int list_ports(const struct ctl *ctl, const char *tenant, struct api_port_list *out)
{
    for (uint32_t i = 0; i < ctl->config.ports.count; i++) {
        const struct api_port *port = &ctl->config.ports.items[i];
        struct api_port_status *row;

        if (tenant[0] != '\0' && !model_port_serves(port, tenant))
            continue;
        row = api_append(&out->rows, api_port_status);
        if (row == NULL || fill_port(ctl, port, row) < 0)
            return -ENOMEM;
        if (tenant[0] != '\0')
            keep_map_of(tenant, row);
    }
    return 0;
}

int handle_port_list(struct rpc_call *call, const struct api_tenant_filter *in,
                     struct api_port_list *out, struct vsw_err *err)
{
    const struct ctl *ctl = call_ctl(call);

    if (in->tenant[0] != '\0' && find_tenant(ctl, "tenant", in->tenant, err) == NULL)
        return -ENOENT;
    return list_ports(ctl, in->tenant, out);
}

/* ---- types, lines for the hypervisor ----------------------------------------------------- */
int handle_port_types(struct rpc_call *call, const struct api_nothing *in,
                      struct api_type_list *out, struct vsw_err *err)
{
    const struct ctl *ctl = call_ctl(call);
    const struct port_type *type;

    for (size_t i = 0; (type = ctl->env.type_at(i)) != NULL; i++) {
        struct api_object_row *row = api_append(&out->rows, api_object_row);

        if (row == NULL)
            return -ENOMEM;
        snprintf(row->name, sizeof(row->name), "%s", type->name);
        snprintf(row->help, sizeof(row->help), "%s", type->help);
        if (api_describe_fields(type->options, (struct api_rows *)(void *)&row->fields) < 0)
            return -ENOMEM;
    }
    return 0;
}

static int attach_text(const struct port *port, enum port_attach_format format, char **ret_text)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    int rc;

    if (out == NULL)
        return -ENOMEM;
    rc = port->type->attach(port, format, out);
    if (fclose(out) != 0 && rc == 0)
        rc = -ENOMEM;
    if (rc < 0)
        free(text);
    else
        *ret_text = text;
    return rc;
}

int handle_port_attach(struct rpc_call *call, const struct api_port_key *in, struct api_attach *out,
                       struct vsw_err *err)
{
    const struct ctl *ctl = call_ctl(call);
    const struct api_port *port = find_port(ctl, "name", in->name, err);
    const struct live_port *live = port == NULL ? NULL : live_port(&ctl->live, port->name);

    if (port == NULL)
        return -ENOENT;
    if (live == NULL || live->port == NULL)
        return vsw_err_set(err, -EAGAIN, "name", "port '%s' is not in service: %s", in->name,
                           live == NULL ? "it is being made" : live->error.msg);
    if (live->port->type->attach == NULL)
        return vsw_err_set(err, -ENOTSUP, "name", "a %s port is not for a VM", port->type);
    /* A format that the type does not have stays empty. */
    attach_text(live->port, PORT_ATTACH_QEMU, &out->qemu_args);
    attach_text(live->port, PORT_ATTACH_LIBVIRT, &out->libvirt_xml);
    return 0;
}
