/* SPDX-License-Identifier: BSD-3-Clause
 *
 * control/change*.c: transactions against the real packet path, with a port type whose resources
 * are names that one port at a time can hold, and which fails when it is told to.
 */
#include "control/change.h"
#include "control/handlers.h"
#include "control/host.h"
#include "control/monitor.h"
#include "control/saver.h"
#include "tests/support/cmocka.h"
#include "tests/support/fake_types.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TRIAL_OPTIONS(F, S)                                                                        \
    F(S, device, STR, (16), API_REQUIRED, NULL, "what it holds")                                   \
    F(S, fails, BOOL, (), API_OPTIONAL, "false", "cannot be made")                                 \
    F(S, start_fails, BOOL, (), API_OPTIONAL, "false", "cannot be started")
API_OBJECT_DECLARE(trial_options, TRIAL_OPTIONS)
API_OBJECT_DEFINE(trial_options, TRIAL_OPTIONS, "trial options", "options of the trial type")

struct trial {
    struct port port;
    char device[16];
    bool start_fails;
};

/* Devices that are held; the helper thread alone touches them while a change runs. */
static char held[16][16];
static unsigned made, ended, removed, configured;
static bool broken;   /* nothing can be made */
static bool accepted; /* what the last one was told */

static char *find_held(const char *device)
{
    for (size_t i = 0; i < ARRAY_SIZE(held); i++) {
        if (strcmp(held[i], device) == 0)
            return held[i];
    }
    return NULL;
}

static const struct port_type trial_type;

static int trial_prepare(struct port_host *host, const struct port_config *config,
                         struct port **ret_port, struct vsw_err *err)
{
    const struct trial_options *o = config->options;
    struct trial *t;

    accepted = config->accepted;
    if (o->fails || broken)
        return vsw_err_set(err, -EIO, "fails", "it was told to fail");
    if (find_held(o->device) != NULL)
        return vsw_err_set(err, -EBUSY, "device", "somebody holds %s", o->device);
    t = aligned_alloc(CACHE_LINE_BYTES, (sizeof(*t) + 63) / 64 * 64);
    memset(t, 0, sizeof(*t));
    port_init(&t->port, &trial_type, host, config, 1);
    strcpy(t->device, o->device);
    strcpy(find_held(""), o->device);
    t->start_fails = o->start_fails;
    made++;
    *ret_port = &t->port;
    return 0;
}

static void trial_destroy(struct port *port, bool remove)
{
    struct trial *t = container_of(port, struct trial, port);

    find_held(t->device)[0] = '\0';
    ended++;
    removed += remove;
    port_fini(port);
    free(t);
}

static int trial_start(struct port *port, struct vsw_err *err)
{
    struct trial *t = container_of(port, struct trial, port);

    return t->start_fails ? vsw_err_set(err, -EIO, NULL, "it does not start") : 0;
}

static void trial_stop(struct port *port, void (*done)(void *arg), void *arg)
{
    port->host->retire(port->host, done, arg);
}

static int trial_can_configure(const struct port *port, const struct port_config *config)
{
    const struct trial *t = container_of(port, struct trial, port);

    return strcmp(t->device, ((const struct trial_options *)config->options)->device) == 0 &&
                   !((const struct trial_options *)config->options)->fails
               ? 0
               : -EBUSY;
}

static int trial_configure(struct port *port, const struct port_config *config, struct vsw_err *err)
{
    if (config->mtu == 666)
        return vsw_err_set(err, -EINVAL, "mtu", "not this one");
    configured++;
    atomic_store(&port->mtu, config->mtu);
    return 0;
}

static void trial_info(const struct port *port, struct port_info *ret_info)
{
    *ret_info = (struct port_info){.connected = true, .driver_ready = true};
}

static const struct port_type trial_type = {
    .name = "trial",
    .help = "for tests",
    .options = &trial_options_object,
    .options_bytes = sizeof(struct trial_options),
    .prepare = trial_prepare,
    .destroy = trial_destroy,
    .start = trial_start,
    .stop = trial_stop,
    .can_configure = trial_can_configure,
    .configure = trial_configure,
    .info = trial_info,
};

static const struct port_type *type_at(size_t i)
{
    return i == 0 ? &trial_type : NULL;
}

static const struct port_type *type_find(const char *name)
{
    return strcmp(name, "trial") == 0 ? &trial_type : NULL;
}

/* ---- the daemon, without its sockets ----------------------------------------------------- */
static struct ctl ctl;
static struct options options;
static int last_rc;
static struct vsw_err last_err;
static bool answered;

static int thread_init(uint16_t worker)
{
    return 0;
}

static int setup(void **state)
{
    struct dp_params dp = {
        .workers = 1, .max_ports = 16, .max_domains = 16, .max_tenants = 8, .fdb_max = 1024};
    struct vsw_err err = {0};

    memset(held, 0, sizeof(held));
    made = ended = removed = configured = 0;
    broken = false;
    options = (struct options){.workers = 1, .max_ports = 16};
    ctl = (struct ctl){.options = &options};
    TAILQ_INIT(&ctl.changes);
    api_init(&api_config_object, &ctl.config);
    ctl.config.version = API_CONFIG_VERSION;
    ctl.env = (struct model_env){.type_find = type_find,
                                 .type_at = type_at,
                                 .run_dir = "/tmp",
                                 .max_ports = 16,
                                 .max_tenants = 8,
                                 .max_networks = 16,
                                 .workers = 1};
    if (loop_new(NULL, NULL, &ctl.loop, &err) < 0 || helper_new(ctl.loop, &ctl.helper, &err) < 0 ||
        live_init(&ctl.live, 16, 8, 16) < 0 || dp_create(&dp, &ctl.dp, &err) < 0 ||
        dp_start(ctl.dp, thread_init, &err) < 0 || host_new(&ctl, &ctl.host, &err) < 0 ||
        host_serve_datapath(ctl.host, &err) < 0 ||
        loop_timer_new(ctl.loop, UINT64_MAX, change_retry, &ctl, &ctl.retry) < 0)
        return -1;
    ctl.monitor = monitor_new();
    ctl.saver = saver_new(&ctl);
    return 0;
}

static void on_done(struct ctl *c, int rc, const struct vsw_err *err)
{
    answered = true;
    last_rc = rc;
    last_err = rc < 0 ? *err : (struct vsw_err){0};
}

static void apply(const char *text, unsigned flags)
{
    struct api_config config;

    fake_config(text, &config);
    answered = false;
    assert_int_equal(change_restore(&ctl, &config, flags, on_done), 0);
    while (!answered)
        assert_true(loop_step(ctl.loop, 10000000) > 0);
}

static int teardown(void **state)
{
    bool whole;

    apply("{'version':1}", 0);
    whole = last_rc == 0 && made == ended && removed > 0;
    dp_stop(ctl.dp);
    host_free(ctl.host);
    dp_destroy(ctl.dp);
    helper_free(ctl.helper);
    loop_timer_free(ctl.retry);
    monitor_free(ctl.monitor);
    saver_free(ctl.saver);
    live_free(&ctl.live);
    api_free(&api_config_object, &ctl.config);
    loop_free(ctl.loop);
    return !whole;
}

#define HEAD                                                                                       \
    "{'version':1,'tenants':[{'name':'t'}],'networks':[{'tenant':'t','name':'n'}],'ports':["
#define PORT(name, device, more)                                                                   \
    "{'name':'" name "','type':'trial','tenant':'t','networks':['n'],'options':{'device':'" device \
    "'" more "}}"
#define MTU(name, device, mtu)                                                                     \
    "{'name':'" name "','type':'trial','mtu':" mtu ",'options':{'device':'" device "'}}"

static bool in_service(const char *name)
{
    const struct live_port *live = live_port(&ctl.live, name);

    return live != NULL && live->port != NULL;
}

static void added_changed_removed(void **state)
{
    apply(HEAD PORT("a", "d1", "") "," PORT("b", "d2", "") "]}", 0);
    assert_int_equal(last_rc, 0);
    assert_int_equal(ctl.revision, 1);
    assert_true(in_service("a") && in_service("b"));
    apply(HEAD PORT("a", "d1", "") "," PORT("b", "d2", "") "]}", 0);
    assert_int_equal(ctl.revision, 1);
    apply(HEAD MTU("a", "d1", "9000") "]}", 0);
    assert_int_equal(last_rc, 0);
    assert_int_equal(configured, 1);
    assert_int_equal(atomic_load(&live_port(&ctl.live, "a")->port->mtu), 9000);
    assert_null(live_port(&ctl.live, "b"));
    assert_null(find_held("d2"));
}

static void one_that_fails_undoes_all(void **state)
{
    apply(HEAD PORT("a", "d1", "") "]}", 0);
    apply(
        HEAD PORT("a", "d1", "") "," PORT("b", "d2", "") "," PORT("c", "d3", ",'fails':true") "]}",
        0);
    assert_int_equal(last_rc, -EIO);
    assert_non_null(strstr(last_err.msg, "port 'c'"));
    assert_int_equal(ctl.revision, 1);
    assert_int_equal(ctl.config.ports.count, 1);
    assert_null(find_held("d2"));
    apply(HEAD PORT("a", "d1", "") "," PORT("b", "d2", ",'start_fails':true") "]}", 0);
    assert_int_equal(last_rc, -EIO);
    assert_null(find_held("d2"));
    assert_true(in_service("a"));
}

static void failed_restart_brings_the_old_back(void **state)
{
    apply(HEAD PORT("a", "d1", "") "]}", 0);
    assert_false(accepted);
    apply(HEAD PORT("a", "d2", ",'fails':true") "]}", 0);
    assert_int_equal(last_rc, -EIO);
    assert_true(in_service("a"));
    assert_true(accepted);
    assert_non_null(find_held("d1"));
    assert_int_equal(removed, 0);
    apply(HEAD PORT("a", "d2", "") "]}", 0);
    assert_int_equal(last_rc, 0);
    assert_true(in_service("a"));
    assert_null(find_held("d1"));
}

static void refused_setting_undoes_the_others(void **state)
{
    apply(HEAD MTU("a", "d1", "1500") "," MTU("b", "d2", "1500") "]}", 0);
    apply(HEAD MTU("a", "d1", "9000") "," MTU("b", "d2", "666") "]}", 0);
    assert_int_equal(last_rc, -EINVAL);
    assert_int_equal(atomic_load(&live_port(&ctl.live, "a")->port->mtu), 1500);
    assert_int_equal(ctl.config.ports.items[0].mtu, 1500);
}

/* The device of a removed port may go to an added one, and two ports may exchange theirs. */
static void devices_change_hands(void **state)
{
    apply(HEAD PORT("a", "d1", "") "," PORT("b", "d2", "") "]}", 0);
    apply(HEAD PORT("a", "d2", "") "," PORT("b", "d1", "") "]}", 0);
    assert_int_equal(last_rc, 0);
    apply(HEAD PORT("c", "d2", "") "," PORT("b", "d1", "") "]}", 0);
    assert_int_equal(last_rc, 0);
    assert_true(in_service("c") && in_service("b"));
    assert_null(live_port(&ctl.live, "a"));
}

static void restore_goes_on_without_one(void **state)
{
    broken = true;
    apply(HEAD PORT("a", "d1", "") "]}", CHANGE_BEST_EFFORT | CHANGE_LOADED);
    assert_int_equal(last_rc, 0);
    assert_int_equal(ctl.revision, 0);
    assert_true(accepted);
    assert_false(in_service("a"));
    assert_string_equal(live_port(&ctl.live, "a")->error.msg, "it was told to fail");
    /* Other changes are not held up by it. */
    broken = false;
    apply(HEAD PORT("a", "d1", "") "," PORT("b", "d2", "") "]}", 0);
    assert_int_equal(last_rc, 0);
    assert_true(in_service("b"));
    assert_false(accepted);
    /* It is tried again by itself. */
    while (!in_service("a"))
        assert_true(loop_step(ctl.loop, 10000000) > 0);
    assert_true(accepted);
    assert_int_equal(live_port(&ctl.live, "a")->error.code, 0);
}

/* Numbers come back: many more ports in a row than there are numbers. */
static void numbers_are_given_again(void **state)
{
    for (int i = 0; i < 40; i++) {
        char text[512];

        snprintf(text, sizeof(text), HEAD PORT("p%d", "d%d", "") "," PORT("q%d", "e%d", "") "]}", i,
                 i, i, i);
        apply(text, 0);
        if (last_rc != 0)
            fail_msg("%d: %s", i, last_err.msg);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(added_changed_removed),
        CASE(one_that_fails_undoes_all),
        CASE(failed_restart_brings_the_old_back),
        CASE(refused_setting_undoes_the_others),
        CASE(devices_change_hands),
        CASE(restore_goes_on_without_one),
        CASE(numbers_are_given_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
