/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The parts of the daemon in the order in which they start. Whatever can refuse for a reason of
 * the operator's comes before whatever is slow.
 */
#include "control/daemon.h"

#include "base/clock.h"
#include "base/log.h"
#include "control/capture.h"
#include "control/change.h"
#include "control/eal.h"
#include "control/handlers.h"
#include "control/harden.h"
#include "control/host.h"
#include "control/monitor.h"
#include "control/sampler.h"
#include "control/saver.h"
#include "control/stop.h"
#include "control/store.h"
#include "control/version.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

/* What a start needs besides the daemon itself. */
struct start {
    struct ctl ctl;
    struct store_loaded loaded;
    struct vsw_err failed; /* the first document could not be brought into force */
};

static struct start *start_of(struct ctl *ctl)
{
    return container_of(ctl, struct start, ctl);
}

/* ---- events ------------------------------------------------------------------------------ */
void ctl_event(struct ctl *ctl, const char *kind, const char *object, const char *fmt, ...)
{
    char text[256];
    va_list ap;

    if (ctl->monitor == NULL || !monitor_active(ctl->monitor))
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    monitor_emit(ctl->monitor, kind, object, text);
}

static const char *port_name(const struct ctl *ctl, uint16_t number)
{
    return number < ctl->live.max_ports && ctl->live.ports[number] != NULL
               ? ctl->live.ports[number]->name
               : "?";
}

static void on_notice(void *arg, const struct dp_notice *n)
{
    struct ctl *ctl = arg;
    const struct live_name *domain = n->domain <= ctl->live.max_domains && ctl->live.domains != NULL
                                         ? ctl->live.domains[n->domain]
                                         : NULL;
    char object[160], mac[MAC_TEXT_LEN];

    if (ctl->monitor == NULL || !monitor_active(ctl->monitor))
        return;
    mac_format(&n->mac, mac);
    snprintf(object, sizeof(object), "%s/%s/%s", domain == NULL ? "?" : domain->tenant,
             domain == NULL ? "?" : domain->name, mac);
    if (n->suppressed > 0)
        ctl_event(ctl, "fdb", domain == NULL ? "?" : domain->tenant,
                  "%" PRIu64 " more addresses were learned or moved", n->suppressed);
    switch (n->kind) {
    case DP_NOTICE_MAC_LEARNED:
        ctl_event(ctl, "fdb", object, "learned on port %s", port_name(ctl, n->port));
        break;
    case DP_NOTICE_MAC_MOVED:
        ctl_event(ctl, "fdb", object, "moved from port %s to port %s", port_name(ctl, n->port2),
                  port_name(ctl, n->port));
        break;
    case DP_NOTICE_MAC_EVICTED:
        ctl_event(ctl, "fdb", object, "evicted from port %s: a limit of addresses is reached",
                  port_name(ctl, n->port));
        break;
    case DP_NOTICE_MAC_LIMIT:
        ctl_event(ctl, "fdb", port_name(ctl, n->port), "the port is at its limit of addresses");
        break;
    }
}

/* ---- the document ------------------------------------------------------------------------ */
static int make_dir(const char *path, mode_t mode, const char *option, struct vsw_err *err)
{
    if (mkdir(path, mode) < 0 && errno != EEXIST) {
        vsw_err_set(err, -errno, option, "cannot make the folder %s: %s", path,
                    strerrordesc_np(errno));
        vsw_err_hint(err, "choose another with --%s", option);
        return err->code;
    }
    if (access(path, W_OK) < 0) {
        vsw_err_set(err, -errno, option, "cannot write to the folder %s: %s", path,
                    strerrordesc_np(errno));
        vsw_err_hint(err, "choose another with --%s", option);
        return err->code;
    }
    return 0;
}

static int open_folders(struct ctl *ctl, struct vsw_err *err)
{
    int rc = make_dir(ctl->options->run_dir, 0755, "run-dir", err);

    if (rc == 0 && ctl->options->save)
        rc = make_dir(ctl->options->state_dir, 0700, "state-dir", err);
    return rc;
}

static int load_saved(struct start *s, struct vsw_err *err)
{
    const struct options *o = s->ctl.options;
    struct vsw_err why = {0};
    int rc = store_load(o->state_dir, &s->loaded, &why);

    if (rc < 0) {
        *err = why;
        return rc;
    }
    if (s->loaded.fell_back)
        log_error("%s; going on with the copy before it, revision %llu", why.msg,
                  (unsigned long long)s->loaded.revision);
    return 0;
}

/* The file decides, but revisions go on growing from the saved one. */
static int load_file(struct start *s, struct vsw_err *err)
{
    const struct options *o = s->ctl.options;
    struct store_loaded saved;
    struct vsw_err ignored = {0};
    int rc = store_read(o->config_file, &s->loaded, err);

    if (rc < 0)
        return rc;
    s->loaded.revision = 0;
    if (store_load(o->state_dir, &saved, &ignored) < 0)
        return 0;
    s->loaded.revision = saved.revision;
    if (saved.found && !api_equal(&api_config_object, &saved.config, &s->loaded.config))
        log_warn("%s differs from what was saved in %s, and wins", o->config_file, o->state_dir);
    api_free(&api_config_object, &saved.config);
    return 0;
}

/* Better to say at once that a type of port cannot work here than at each port of it. */
static int check_types(const struct api_config *config, struct vsw_err *err)
{
    for (uint32_t i = 0; i < config->ports.count; i++) {
        const struct port_type *type = port_type_find(config->ports.items[i].type);
        int rc = type == NULL || type->can_run == NULL ? 0 : type->can_run(err);

        if (rc < 0)
            return rc;
    }
    return 0;
}

static int open_document(struct ctl *ctl, struct vsw_err *err)
{
    struct start *s = start_of(ctl);
    struct model_env env = ctl->env;
    int rc = ctl->options->config_file != NULL ? load_file(s, err) : load_saved(s, err);

    if (rc < 0)
        return rc;
    env.workers = 0;
    rc = model_check(&s->loaded.config, &env, err);
    if (rc < 0 && ctl->options->config_file != NULL)
        store_locate(ctl->options->config_file, err);
    if (rc == 0)
        rc = check_types(&s->loaded.config, err);
    if (rc < 0)
        api_free(&api_config_object, &s->loaded.config);
    return rc;
}

static void close_document(struct ctl *ctl)
{
    api_free(&api_config_object, &start_of(ctl)->loaded.config);
}

/* ---- the loop, signals ------------------------------------------------------------------- */
struct reload {
    struct ctl *ctl;
    struct store_loaded loaded;
    struct vsw_err err;
};

static void on_reloaded(struct ctl *ctl, int rc, const struct vsw_err *err)
{
    if (rc == 0)
        log_info("%s is in force, revision %llu", ctl->options->config_file,
                 (unsigned long long)ctl->revision);
    else
        log_error("%s is refused: %s (%s)", ctl->options->config_file, err->msg, err->field);
}

static void reload_work(void *arg)
{
    struct reload *r = arg;

    store_read(r->ctl->options->config_file, &r->loaded, &r->err);
}

static void reload_done(void *arg)
{
    struct reload *r = arg;

    if (r->err.code != 0)
        on_reloaded(r->ctl, r->err.code, &r->err);
    else if (r->ctl->stopping)
        api_free(&api_config_object, &r->loaded.config);
    else
        change_restore(r->ctl, &r->loaded.config, 0, on_reloaded);
    free(r);
}

static void reload(struct ctl *ctl)
{
    struct reload *r;

    if (ctl->options->config_file == NULL || ctl->stopping) {
        log_info("SIGHUP: nothing to read again, vswitchd was started without --config");
        return;
    }
    r = ctl_alloc(1, sizeof(*r));
    r->ctl = ctl;
    if (helper_run(ctl->helper, reload_work, reload_done, r) < 0)
        free(r);
}

static void on_signal(void *arg, int signo)
{
    if (signo == SIGHUP)
        reload(arg);
    else
        stop_begin(arg);
}

static int open_loop(struct ctl *ctl, struct vsw_err *err)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return loop_new(on_signal, ctl, &ctl->loop, err);
}

static void close_loop(struct ctl *ctl)
{
    loop_free(ctl->loop);
}

/* ---- the control socket ------------------------------------------------------------------ */
static int open_rpc(struct ctl *ctl, struct vsw_err *err)
{
    const struct options *o = ctl->options;
    const struct rpc_params params = {
        .path = o->socket,
        .mode = o->socket_mode,
        .group = o->group,
        .policy = {.own_uid = geteuid(),
                   .has_group = o->group >= 0,
                   .group = (gid_t)o->group,
                   .has_read_group = o->read_group >= 0,
                   .read_group = (gid_t)o->read_group},
        .handlers = rpc_handlers,
        .context = ctl,
    };

    return rpc_server_new(ctl->loop, &params, &ctl->rpc, err);
}

static void close_rpc(struct ctl *ctl)
{
    rpc_server_close(ctl->rpc);
    rpc_server_free(ctl->rpc);
}

/* ---- memory, threads --------------------------------------------------------------------- */
static int open_dpdk(struct ctl *ctl, struct vsw_err *err)
{
    int rc = ctl->options->harden ? harden_capabilities(err) : 0;

    return rc < 0 ? rc : eal_start(ctl->options->memory_mib, ctl->memory, sizeof(ctl->memory), err);
}

static int open_helper(struct ctl *ctl, struct vsw_err *err)
{
    return helper_new(ctl->loop, &ctl->helper, err);
}

static void close_helper(struct ctl *ctl)
{
    helper_free(ctl->helper);
}

static int open_live(struct ctl *ctl, struct vsw_err *err)
{
    const struct options *o = ctl->options;

    if (live_init(&ctl->live, o->max_ports, o->max_tenants, o->max_networks) < 0)
        return vsw_err_set(err, -ENOMEM, NULL, "no memory for %u ports", o->max_ports);
    return 0;
}

static void close_live(struct ctl *ctl)
{
    live_free(&ctl->live);
    api_free(&api_config_object, &ctl->config);
}

static int open_datapath(struct ctl *ctl, struct vsw_err *err)
{
    const struct options *o = ctl->options;
    const struct dp_params params = {
        .workers = o->workers,
        .cpus = o->pinned ? o->cpus : NULL,
        .max_ports = (uint16_t)o->max_ports,
        .max_domains = (uint16_t)o->max_networks,
        .max_tenants = (uint16_t)o->max_tenants,
        .fdb_max = start_of(ctl)->loaded.config.settings.fdb_max,
        .spin_us = o->spin_us,
        .never_sleep = o->never_sleep,
        .notice = on_notice,
        .notice_arg = ctl,
    };
    int rc = dp_create(&params, &ctl->dp, err);

    if (rc == 0)
        rc = dp_start(ctl->dp, eal_thread_init, err);
    if (rc == 0)
        rc = host_new(ctl, &ctl->host, err);
    if (rc == 0)
        rc = host_serve_datapath(ctl->host, err);
    if (rc < 0 && ctl->dp != NULL) {
        host_free(ctl->host);
        dp_stop(ctl->dp);
        dp_destroy(ctl->dp);
    }
    return rc;
}

static void close_datapath(struct ctl *ctl)
{
    dp_stop(ctl->dp);
    host_free(ctl->host);
    dp_destroy(ctl->dp);
}

static int open_services(struct ctl *ctl, struct vsw_err *err)
{
    ctl->saver = saver_new(ctl);
    ctl->monitor = monitor_new();
    ctl->sampler = sampler_new(ctl);
    ctl->captures = captures_new(ctl);
    if (ctl->captures == NULL || ctl->saver == NULL || ctl->monitor == NULL ||
        ctl->sampler == NULL ||
        loop_timer_new(ctl->loop, UINT64_MAX, change_retry, ctl, &ctl->retry) < 0)
        return vsw_err_set(err, -ENOMEM, NULL, "no memory for the daemon's services");
    return 0;
}

static void close_services(struct ctl *ctl)
{
    rpc_server_close(ctl->rpc); /* subscribers end with their connections */
    loop_timer_free(ctl->retry);
    captures_free(ctl->captures);
    sampler_free(ctl->sampler);
    monitor_free(ctl->monitor);
    saver_free(ctl->saver);
}

/* ---- the first document ------------------------------------------------------------------ */
static bool out_of_service(const struct live_port *live)
{
    struct port_info info = {0};

    if (live->port != NULL)
        live->port->type->info(live->port, &info);
    return live->port == NULL || info.error[0] != '\0';
}

static void on_restored(struct ctl *ctl, int rc, const struct vsw_err *err)
{
    uint32_t failed = 0;

    if (rc < 0) {
        start_of(ctl)->failed = *err;
        loop_exit(ctl->loop, 1);
        return;
    }
    rpc_server_serve(ctl->rpc); /* nobody shall see, or edit, half a configuration */
    for (uint32_t i = 0; i < ctl->live.max_ports; i++)
        failed += ctl->live.ports[i] != NULL && out_of_service(ctl->live.ports[i]);
    log_info("vswitchd " VSWITCH_VERSION " is ready: %u workers, %u ports%s, %s; socket %s",
             ctl->options->workers, ctl->config.ports.count,
             failed > 0 ? " (some out of service)" : "", ctl->memory, ctl->options->socket);
    sd_notifyf(0, "READY=1\nSTATUS=%u ports, %u out of service", ctl->config.ports.count, failed);
}

static int open_restore(struct ctl *ctl, struct vsw_err *err)
{
    struct start *s = start_of(ctl);
    bool from_file = ctl->options->config_file != NULL;
    unsigned flags = CHANGE_BEST_EFFORT | (from_file ? 0u : CHANGE_LOADED);
    int rc = ctl->options->harden ? harden_syscalls(err) : 0;
    const struct port_type *type;

    if (rc < 0)
        return rc;
    for (size_t i = 0; (type = ctl->env.type_at(i)) != NULL; i++) {
        if (type->recover != NULL)
            type->recover(ctl->options->run_dir);
    }
    ctl->revision = s->loaded.revision;
    saver_loaded(ctl->saver, s->loaded.revision);
    rc = change_restore(ctl, &s->loaded.config, flags, on_restored);
    s->loaded.config = (struct api_config){0};
    return rc < 0 ? vsw_err_set(err, rc, NULL, "no memory for the configuration") : 0;
}

/* ---- all together ------------------------------------------------------------------------ */
static const struct {
    int (*open)(struct ctl *ctl, struct vsw_err *err);
    void (*close)(struct ctl *ctl);
} parts[] = {
    {open_folders, NULL},
    {open_document, close_document},
    {open_loop, close_loop},
    {open_rpc, close_rpc},
    {open_dpdk, NULL},
    {open_helper, close_helper},
    {open_live, close_live},
    {open_datapath, close_datapath},
    {open_services, close_services},
    {open_restore, NULL},
};

static void init(struct ctl *ctl, const struct options *options)
{
    ctl->options = options;
    ctl->started_ns = clock_now_ns();
    TAILQ_INIT(&ctl->changes);
    api_init(&api_config_object, &ctl->config);
    ctl->config.version = API_CONFIG_VERSION;
    api_give(&ctl->config, api_config, version);
    ctl->env = (struct model_env){
        .type_find = port_type_find,
        .type_at = port_type_at,
        .run_dir = options->run_dir,
        .max_ports = options->max_ports,
        .max_tenants = options->max_tenants,
        .max_networks = options->max_networks,
        .workers = options->workers,
    };
}

static int serve(struct start *s, struct vsw_err *err)
{
    int status = loop_run(s->ctl.loop);

    if (s->failed.code != 0) {
        *err = s->failed;
        return err->code;
    }
    sd_notify(0, "STOPPING=1");
    /* Ports that would not end hold what the parts would free. */
    if (status != 0)
        _exit(EXIT_FAILURE);
    return 0;
}

int daemon_run(const struct options *options, struct vsw_err *err)
{
    struct start *s = calloc(1, sizeof(*s));
    size_t opened = 0;
    int rc = 0;

    if (s == NULL)
        return vsw_err_set(err, -ENOMEM, NULL, "out of memory");
    harden_limits();
    init(&s->ctl, options);
    while (opened < ARRAY_SIZE(parts) && rc == 0) {
        rc = parts[opened].open(&s->ctl, err);
        opened += rc == 0;
    }
    if (rc == 0)
        rc = serve(s, err);
    while (opened-- > 0) {
        if (parts[opened].close != NULL)
            parts[opened].close(&s->ctl);
    }
    free(s);
    return rc;
}
