/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What tenants and networks are: the wanted rows with what they hold now.
 */
#include "control/handlers.h"

#include <errno.h>
#include <string.h>

static void count_tenant(const struct ctl *ctl, struct api_tenant_status *row)
{
    for (uint32_t i = 0; i < ctl->config.networks.count; i++)
        row->networks += strcmp(ctl->config.networks.items[i].tenant, row->name) == 0;
    for (uint32_t i = 0; i < ctl->config.ports.count; i++) {
        const struct live_port *live;

        if (strcmp(ctl->config.ports.items[i].tenant, row->name) != 0)
            continue;
        row->ports++;
        live = live_port(&ctl->live, ctl->config.ports.items[i].name);
        if (live == NULL || live->port == NULL)
            continue;
        row->in_bps += live->rates.in_bps;
        row->in_pps += live->rates.in_pps;
        row->out_bps += live->rates.out_bps;
        row->out_pps += live->rates.out_pps;
    }
}

static int fill_tenant(const struct ctl *ctl, const struct api_tenant *tenant,
                       struct api_tenant_status *row)
{
    const struct live_name *live = live_tenant(&ctl->live, tenant->name);

    if (api_assign(&api_tenant_object, tenant, &api_tenant_status_object, row) < 0)
        return -ENOMEM;
    count_tenant(ctl, row);
    row->fdb_entries = live == NULL ? 0 : dp_fdb_tenant_count(ctl->dp, live->number);
    return 0;
}

int handle_tenant_show(struct rpc_call *call, const struct api_tenant_key *in,
                       struct api_tenant_status *out, struct vsw_err *err)
{
    const struct ctl *ctl = call_ctl(call);
    const struct api_tenant *tenant = find_tenant(ctl, "name", in->name, err);

    if (tenant == NULL)
        return -ENOENT;
    return fill_tenant(ctl, tenant, out);
}

int handle_tenant_list(struct rpc_call *call, const struct api_nothing *in,
                       struct api_tenant_list *out, struct vsw_err *err)
{
    const struct ctl *ctl = call_ctl(call);
    int rc = 0;

    for (uint32_t i = 0; i < ctl->config.tenants.count && rc == 0; i++) {
        struct api_tenant_status *row = api_append(&out->rows, api_tenant_status);

        rc = row == NULL ? -ENOMEM : fill_tenant(ctl, &ctl->config.tenants.items[i], row);
    }
    return rc;
}

/* ---- networks ---------------------------------------------------------------------------- */
static int fill_network(const struct ctl *ctl, const struct api_network *network,
                        struct api_network_status *row)
{
    const struct live_name *live = live_domain(&ctl->live, network->tenant, network->name);

    if (api_assign(&api_network_object, network, &api_network_status_object, row) < 0)
        return -ENOMEM;
    for (uint32_t i = 0; i < ctl->config.ports.count; i++)
        row->ports +=
            model_port_carries(&ctl->config.ports.items[i], network->tenant, network->name);
    row->fdb_entries = live == NULL ? 0 : dp_fdb_domain_count(ctl->dp, live->number);
    return 0;
}

int handle_network_show(struct rpc_call *call, const struct api_network_key *in,
                        struct api_network_status *out, struct vsw_err *err)
{
    const struct ctl *ctl = call_ctl(call);
    const struct api_network *network = find_network(ctl, in->tenant, "name", in->name, err);

    if (network == NULL)
        return -ENOENT;
    return fill_network(ctl, network, out);
}

static int list_networks(const struct ctl *ctl, const char *tenant, struct api_network_list *out)
{
    for (uint32_t i = 0; i < ctl->config.networks.count; i++) {
        const struct api_network *network = &ctl->config.networks.items[i];
        struct api_network_status *row;

        if (tenant[0] != '\0' && strcmp(network->tenant, tenant) != 0)
            continue;
        row = api_append(&out->rows, api_network_status);
        if (row == NULL || fill_network(ctl, network, row) < 0)
            return -ENOMEM;
    }
    return 0;
}

int handle_network_list(struct rpc_call *call, const struct api_tenant_filter *in,
                        struct api_network_list *out, struct vsw_err *err)
{
    const struct ctl *ctl = call_ctl(call);

    if (in->tenant[0] != '\0' && find_tenant(ctl, "tenant", in->tenant, err) == NULL)
        return -ENOENT;
    return list_networks(ctl, in->tenant, out);
}
