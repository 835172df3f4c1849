/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The daemon about itself: its configuration, its state, its events, its methods.
 */
#include "base/clock.h"
#include "control/handlers.h"
#include "control/monitor.h"
#include "control/saver.h"
#include "control/store.h"
#include "control/version.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

int handle_settings_show(struct rpc_call *call, const struct api_nothing *in,
                         struct api_settings *out, struct vsw_err *err)
{
    return api_copy(&api_settings_object, &call_ctl(call)->config.settings, out);
}

int handle_config_show(struct rpc_call *call, const struct api_nothing *in, struct api_config *out,
                       struct vsw_err *err)
{
    return api_copy(&api_config_object, &call_ctl(call)->config, out);
}

/* ---- config save ------------------------------------------------------------------------- */
struct saving {
    struct rpc_call *call;
    struct ctl *ctl;
    struct api_saved *out;
};

static void on_saved(void *arg, int rc, const struct vsw_err *err)
{
    struct saving s = *(struct saving *)arg;

    free(arg);
    snprintf(s.out->path, sizeof(s.out->path), "%s/%s", s.ctl->options->state_dir, STORE_FILE);
    s.out->revision = saver_revision(s.ctl->saver);
    rpc_call_answer(s.call, rc, err);
}

int handle_config_save(struct rpc_call *call, const struct api_nothing *in, struct api_saved *out,
                       struct vsw_err *err)
{
    struct saving *s = malloc(sizeof(*s));

    if (s == NULL)
        return -ENOMEM;
    *s = (struct saving){call, call_ctl(call), out};
    saver_request(s->ctl->saver, on_saved, s);
    return API_PENDING;
}

/* ---- daemon show ------------------------------------------------------------------------- */
static void count_ports(const struct ctl *ctl, struct api_daemon *out)
{
    for (uint32_t i = 0; i < ctl->config.ports.count; i++) {
        const struct api_port *row = &ctl->config.ports.items[i];
        const struct live_port *live = live_port(&ctl->live, row->name);
        struct port_info info = {0};

        if (live != NULL && live->port != NULL)
            live->port->type->info(live->port, &info);
        if (live == NULL || live->error.code != 0 || info.error[0] != '\0')
            out->ports_error++;
        else if (row->up && info.connected && info.driver_ready)
            out->ports_ready++;
    }
}

int handle_daemon_show(struct rpc_call *call, const struct api_nothing *in, struct api_daemon *out,
                       struct vsw_err *err)
{
    const struct ctl *ctl = call_ctl(call);
    const struct options *o = ctl->options;

    snprintf(out->version, sizeof(out->version), "%s", VSWITCH_VERSION);
    out->pid = (uint32_t)getpid();
    out->uptime_s = (uint32_t)((clock_now_ns() - ctl->started_ns) / NS_PER_SEC);
    snprintf(out->role, sizeof(out->role), "%s",
             rpc_call_role(call) == API_ROLE_CHANGE ? "change" : "read");
    snprintf(out->socket, sizeof(out->socket), "%s", o->socket);
    if (o->save)
        snprintf(out->config_file, sizeof(out->config_file), "%s/%s", o->state_dir, STORE_FILE);
    out->revision = ctl->revision;
    out->saved_revision = saver_revision(ctl->saver);
    snprintf(out->save_error, sizeof(out->save_error), "%s", saver_error(ctl->saver));
    snprintf(out->memory, sizeof(out->memory), "%s", ctl->memory);
    out->workers = o->workers;
    out->tenants = ctl->config.tenants.count;
    out->networks = ctl->config.networks.count;
    out->ports = ctl->config.ports.count;
    count_ports(ctl, out);
    out->fdb_entries = dp_fdb_count(ctl->dp);
    out->fdb_events_suppressed = dp_notices_suppressed(ctl->dp);
    out->clients = rpc_server_counters(ctl->rpc)->clients;
    return 0;
}

/* ---- events, methods --------------------------------------------------------------------- */
int handle_monitor_subscribe(struct rpc_call *call, const struct api_subscribe *in,
                             struct api_subscribed *out, struct vsw_err *err)
{
    struct rpc_conn *conn = rpc_call_conn(call);

    out->seq = 0;
    return conn == NULL ? -EPIPE : monitor_subscribe(call_ctl(call)->monitor, conn, &in->kinds);
}

int handle_rpc_discover(struct rpc_call *call, const struct api_nothing *in,
                        struct api_discovery *out, struct vsw_err *err)
{
    return api_discover(out);
}
