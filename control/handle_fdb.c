/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The FDB as people see it: names for numbers.
 */
#include "base/clock.h"
#include "control/handlers.h"

#include <errno.h>
#include <string.h>

/* ---- what to look at --------------------------------------------------------------------- */
static int scope_filter(const struct ctl *ctl, const char *tenant, const char *network,
                        const char *port, struct dp_fdb_filter *ret_filter, struct vsw_err *err)
{
    struct dp_fdb_filter f = {.domain = DP_NONE, .port = DP_NONE, .tenant = DP_NONE};

    if (network[0] != '\0' && tenant[0] == '\0')
        return vsw_err_set(err, -EINVAL, "tenant", "a network is named together with its tenant");
    if (network[0] != '\0') {
        if (find_network(ctl, tenant, "network", network, err) == NULL)
            return -ENOENT;
        f.domain = live_domain(&ctl->live, tenant, network)->number;
    } else if (tenant[0] != '\0') {
        if (find_tenant(ctl, "tenant", tenant, err) == NULL)
            return -ENOENT;
        f.tenant = live_tenant(&ctl->live, tenant)->number;
    }
    if (port[0] != '\0') {
        if (find_port(ctl, "port", port, err) == NULL)
            return -ENOENT;
        f.port = live_port(&ctl->live, port)->number;
    }
    *ret_filter = f;
    return 0;
}

int handle_fdb_flush(struct rpc_call *call, const struct api_fdb_scope *in,
                     struct api_fdb_flushed *out, struct vsw_err *err)
{
    struct ctl *ctl = call_ctl(call);
    struct dp_fdb_filter filter;
    int rc = scope_filter(ctl, in->tenant, in->network, in->port, &filter, err);

    if (rc < 0)
        return rc;
    out->flushed = dp_fdb_flush(ctl->dp, &filter);
    ctl_event(ctl, "fdb", in->port[0] != '\0' ? in->port : in->tenant, "%u entries flushed",
              out->flushed);
    return 0;
}

/* ---- list -------------------------------------------------------------------------------- */
struct listing {
    const struct live *live;
    const struct api_fdb_filter *in;
    struct dp_fdb_filter filter;
    const char *tenant;
    struct api_fdb_list *out;
    int rc;
};

static bool row_matches(const struct listing *l, const struct dp_fdb_row *row,
                        const struct live_name *domain)
{
    if (l->filter.domain != DP_NONE && row->domain != l->filter.domain)
        return false;
    if (l->filter.port != DP_NONE && row->port != l->filter.port)
        return false;
    if (l->tenant[0] != '\0' && strcmp(domain->tenant, l->tenant) != 0)
        return false;
    return !api_given(l->in, api_fdb_filter, mac) ||
           memcmp(&l->in->mac, &row->mac, sizeof(row->mac)) == 0;
}

static bool list_row(void *arg, const struct dp_fdb_row *row)
{
    struct listing *l = arg;
    const struct live_name *domain =
        row->domain <= l->live->max_domains ? l->live->domains[row->domain] : NULL;
    const struct live_port *port =
        row->port < l->live->max_ports ? l->live->ports[row->port] : NULL;
    struct api_fdb_row *to;

    if (domain == NULL || !row_matches(l, row, domain))
        return true;
    if (l->out->total++ >= l->in->max_rows)
        return true;
    to = api_append(&l->out->rows, api_fdb_row);
    if (to == NULL) {
        l->rc = -ENOMEM;
        return false;
    }
    memcpy(to->tenant, domain->tenant, sizeof(to->tenant));
    memcpy(to->network, domain->name, sizeof(to->network));
    if (port != NULL)
        memcpy(to->port, port->name, sizeof(to->port));
    to->mac = row->mac;
    to->kind = row->is_static ? API_FDB_STATIC : API_FDB_DYNAMIC;
    to->age_s = row->is_static ? 0 : row->age_s;
    return true;
}

int handle_fdb_list(struct rpc_call *call, const struct api_fdb_filter *in,
                    struct api_fdb_list *out, struct vsw_err *err)
{
    const struct ctl *ctl = call_ctl(call);
    struct listing l = {.live = &ctl->live, .in = in, .tenant = in->tenant, .out = out};
    int rc = scope_filter(ctl, in->tenant, in->network, in->port, &l.filter, err);

    if (rc < 0)
        return rc;
    dp_fdb_each(ctl->dp, clock_now_ns(), list_row, &l);
    return l.rc;
}
