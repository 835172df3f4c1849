/* SPDX-License-Identifier: BSD-3-Clause
 *
 * control/edit.c and control/plan.c: single commands on a document, and the difference of two.
 */
#include "control/edit.h"
#include "control/plan.h"
#include "tests/support/cmocka.h"
#include "tests/support/fake_types.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DOC                                                                                        \
    "{'version':1,'tenants':[{'name':'t'},{'name':'u'}],"                                          \
    "'networks':[{'tenant':'t','name':'n','vlan':5}],"                                             \
    "'ports':[{'name':'a','type':'fake','tenant':'t','networks':['n']},"                           \
    "{'name':'b','type':'fake'},{'name':'c','type':'plain'}],"                                     \
    "'fdb':[{'tenant':'t','network':'n','mac':'02:00:00:00:00:01','port':'a'}],"                   \
    "'placements':[{'port':'a','queue':1,'worker':0},{'port':'b','queue':0,'worker':0}]}"

static void decode(const struct api_object *object, const char *text, enum api_decode_mode mode,
                   void *ret)
{
    const struct json_limits limits = {0};
    char *copy = strdup(text);
    struct json *json;
    struct vsw_err err = {0};

    for (char *c = copy; *c != '\0'; c++)
        *c = *c == '\'' ? '"' : *c;
    assert_int_equal(json_parse(copy, strlen(copy), &limits, &json, &err), 0);
    if (api_decode(object, json, mode, ret, &err) < 0)
        fail_msg("%s: %s", err.field, err.msg);
    json_free(json);
    free(copy);
}

/* Applies one command to a copy of DOC, as the daemon does. */
static int edit(enum api_method_id method, const char *params, struct api_config *ret_config,
                struct vsw_err *err)
{
    const struct api_method *m = &api_methods[method];
    struct api_config base;
    void *in = calloc(1, m->params->size);
    int rc;

    fake_config(DOC, &base);
    assert_int_equal(api_copy(&api_config_object, &base, ret_config), 0);
    decode(m->params, params, m->flags & API_M_PARTIAL ? API_DECODE_PARTIAL : API_DECODE_PARAMS,
           in);
    rc = edit_apply(method, ret_config, in, err);
    api_free(m->params, in);
    free(in);
    api_free(&api_config_object, &base);
    return rc;
}

/* The plan from DOC to what a command makes of it, as one text. */
static void plan_of(enum api_method_id method, const char *params, char *text, size_t size)
{
    struct api_config old, new;
    struct plan plan;
    struct vsw_err err = {0};

    fake_config(DOC, &old);
    if (edit(method, params, &new, &err) < 0)
        fail_msg("%s", err.msg);
    assert_int_equal(plan_make(&old, &new, NULL, NULL, &plan), 0);
    text[0] = '\0';
    for (uint32_t i = 0; i < plan.text.plan.count; i++) {
        const struct api_plan_row *r = &plan.text.plan.items[i];
        size_t len = strlen(text);

        snprintf(text + len, size - len, "%s %s %s [%s]\n",
                 api_enum_name(&api_plan_action_enum, r->action), r->object, r->name, r->text);
    }
    plan_free(&plan);
    api_free(&api_config_object, &old);
    api_free(&api_config_object, &new);
}

static void plans(void **state)
{
    char text[2048];

    plan_of(API_METHOD_port_set, "{'name':'a','mtu':9000,'limit_in_bps':'100M'}", text,
            sizeof(text));
    assert_string_equal(text,
                        "change port a [mtu: 1500 -> 9000; limit_in_bps: unlimited -> 100M]\n");
    plan_of(API_METHOD_port_set, "{'name':'a','mtu':1500}", text, sizeof(text));
    assert_string_equal(text, "");
    plan_of(API_METHOD_port_set, "{'name':'c','type':'fake'}", text, sizeof(text));
    assert_string_equal(text, "restart port c [type: plain -> fake]\n");
    plan_of(API_METHOD_port_add, "{'name':'d','type':'fake','tenant':'u'}", text, sizeof(text));
    assert_string_equal(text, "add port d [type=fake tenant=u]\n");
    plan_of(API_METHOD_port_del, "{'name':'a'}", text, sizeof(text));
    assert_string_equal(text, "remove placement a/1 []\n"
                              "remove fdb t/n/02:00:00:00:00:01 []\n"
                              "remove port a []\n");
    plan_of(API_METHOD_settings_set, "{'fdb_ageing_s':'never'}", text, sizeof(text));
    assert_non_null(strstr(text, "change settings"));
}

static bool always(void *arg, const struct api_port *old, const struct api_port *new)
{
    return true;
}

static void restart_is_asked_for(void **state)
{
    struct api_config old, new;
    struct plan plan;
    struct vsw_err err = {0};

    fake_config(DOC, &old);
    assert_int_equal(edit(API_METHOD_port_set, "{'name':'b','mtu':100}", &new, &err), 0);
    assert_int_equal(plan_make(&old, &new, always, NULL, &plan), 0);
    assert_int_equal(plan.port_count, 1);
    assert_int_equal(plan.ports[0].action, API_PLAN_RESTART);
    assert_int_equal(plan.ports[0].old_row, 1);
    assert_int_equal(plan.ports[0].new_row, 1);
    plan_free(&plan);
    api_free(&api_config_object, &old);
    api_free(&api_config_object, &new);
}

/* Rows in another order are the same document. */
static void order_plays_no_role(void **state)
{
    struct api_config old, new;
    struct plan plan;

    fake_config("{'version':1,'tenants':[{'name':'a'},{'name':'b','max_fdb':3}]}", &old);
    fake_config("{'version':1,'tenants':[{'name':'b','max_fdb':3},{'name':'a','max_fdb':0}]}",
                &new);
    assert_int_equal(plan_make(&old, &new, NULL, NULL, &plan), 0);
    assert_true(plan_is_empty(&plan));
    plan_free(&plan);
    api_free(&api_config_object, &old);
    api_free(&api_config_object, &new);
}

static void refused(enum api_method_id method, const char *params, int code, const char *msg)
{
    struct api_config config;
    struct vsw_err err = {0};

    assert_int_equal(edit(method, params, &config, &err), code);
    if (strstr(err.msg, msg) == NULL)
        fail_msg("'%s' does not say '%s'", err.msg, msg);
    api_free(&api_config_object, &config);
}

static void refusals(void **state)
{
    refused(API_METHOD_tenant_add, "{'name':'t'}", -EEXIST, "already");
    refused(API_METHOD_tenant_set, "{'name':'x'}", -ENOENT, "no tenant 'x'");
    refused(API_METHOD_tenant_del, "{'name':'t'}", -EBUSY, "used by ports a");
    refused(API_METHOD_network_del, "{'tenant':'t','name':'n'}", -EBUSY, "used by ports a");
    refused(API_METHOD_network_add, "{'tenant':'x','name':'n'}", -ENOENT, "no tenant 'x'");
    refused(API_METHOD_port_set, "{'name':'x'}", -ENOENT, "no port 'x'");
    refused(API_METHOD_port_del, "{'name':'x'}", -ENOENT, "no port 'x'");
    refused(API_METHOD_worker_release, "{'port':'c','queue':0}", -ENOENT, "not pinned");
    refused(API_METHOD_fdb_del, "{'tenant':'t','network':'n','mac':'02:00:00:00:00:09'}", -ENOENT,
            "no static entry");
}

static void tolerant_forms(void **state)
{
    struct api_config config;
    struct vsw_err err = {0};

    assert_int_equal(
        edit(API_METHOD_tenant_add, "{'name':'t','max_fdb':9,'may_exist':true}", &config, &err), 0);
    assert_int_equal(config.tenants.count, 2);
    assert_int_equal(config.tenants.items[0].max_fdb, 9);
    api_free(&api_config_object, &config);
    assert_int_equal(edit(API_METHOD_port_del, "{'name':'x','if_exists':true}", &config, &err), 0);
    assert_int_equal(config.ports.count, 3);
    api_free(&api_config_object, &config);
}

/* A copy of three rows has room for a fourth (a sanitizer sees it when it has not). */
static void adding_to_a_copy(void **state)
{
    struct api_config config;
    struct vsw_err err = {0};

    assert_int_equal(edit(API_METHOD_port_add, "{'name':'d','type':'fake'}", &config, &err), 0);
    assert_int_equal(config.ports.count, 4);
    assert_string_equal(config.ports.items[3].name, "d");
    assert_true(api_given(&config, api_config, ports));
    api_free(&api_config_object, &config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plans),
        cmocka_unit_test(restart_is_asked_for),
        cmocka_unit_test(order_plays_no_role),
        cmocka_unit_test(refusals),
        cmocka_unit_test(tolerant_forms),
        cmocka_unit_test(adding_to_a_copy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
