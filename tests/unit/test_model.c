/* SPDX-License-Identifier: BSD-3-Clause
 *
 * control/model*.c: what makes a document valid, and what the refusal says.
 */
#include "control/model.h"
#include "tests/support/cmocka.h"
#include "tests/support/cpu.h"
#include "tests/support/fake_types.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BASE                                                                                       \
    "'version':1,"                                                                                 \
    "'tenants':[{'name':'red','max_ports':3},{'name':'blue'}],"                                    \
    "'networks':[{'tenant':'red','name':'web','vlan':10},{'tenant':'red','name':'db','vlan':20},"  \
    "{'tenant':'red','name':'flat'},{'tenant':'blue','name':'web','vlan':10}]"

#define PORTS(ports)      "{" BASE ",'ports':[" ports "]}"
#define PORT(name, more)  "{'name':'" name "','type':'fake'" more "}"
#define RED               ",'tenant':'red'"
#define WITH(ports, more) "{" BASE ",'ports':[" ports "]," more "}"
#define A_RED             PORT("a", RED ",'networks':['web']")

static void check(const char *text, int code, const char *field, const char *msg, const char *hint)
{
    struct model_env env = fake_env();
    struct api_config config;
    struct vsw_err err = {0};
    int rc;

    fake_config(text, &config);
    rc = model_check(&config, &env, &err);
    if (rc != code)
        fail_msg("%d (%s) instead of %d for %s", rc, err.msg, code, text);
    if (code != 0) {
        assert_int_equal(err.code, code);
        assert_string_equal(err.field, field);
        if (strstr(err.msg, msg) == NULL)
            fail_msg("'%s' does not say '%s'", err.msg, msg);
        if (hint != NULL && strstr(err.hint, hint) == NULL)
            fail_msg("hint '%s' does not say '%s'", err.hint, hint);
    }
    api_free(&api_config_object, &config);
}

static void valid_documents(void **state)
{
    check("{'version':1}", 0, NULL, NULL, NULL);
    check("{" BASE "}", 0, NULL, NULL, NULL);
    check(PORTS(A_RED), 0, NULL, NULL, NULL);
    check(PORTS(PORT("a", "")), 0, NULL, NULL, NULL);
    check(PORTS(PORT("a", RED ",'mode':'trunk','networks':['web','db'],'native':'flat'")), 0, NULL,
          NULL, NULL);
    check(PORTS(PORT("a", RED ",'mode':'trunk','networks':['web'],'native':'web',"
                              "'native_tagged':true")),
          0, NULL, NULL, NULL);
    check(PORTS(PORT("a", RED ",'mode':'qinq','networks':['web'],'tpid':'dot1ad'")), 0, NULL, NULL,
          NULL);
    check(WITH(A_RED, "'fdb':[{'tenant':'red','network':'web','mac':'02:00:00:00:00:01',"
                      "'port':'a'}],'placements':[{'port':'a','queue':0,'worker':1}]"),
          0, NULL, NULL, NULL);
}

static void names(void **state)
{
    check("{'version':1,'tenants':[{'name':'a'},{'name':'a'}]}", -EEXIST, "tenants[1].name",
          "two tenants 'a'", NULL);
    check("{'version':1,'tenants':[{'name':'red'}],'networks':[{'tenant':'rad','name':'n'}]}",
          -ENOENT, "networks[0].tenant", "no tenant 'rad'", "'red'");
    check("{'version':1,'tenants':[{'name':'t'}],'networks':[{'tenant':'t','name':'n'},"
          "{'tenant':'t','name':'n'}]}",
          -EEXIST, "networks[1].name", "two networks 'n'", NULL);
    check("{'version':1,'tenants':[{'name':'t'}],'networks':[{'tenant':'t','name':'n','vlan':7},"
          "{'tenant':'t','name':'m','vlan':7}]}",
          -EEXIST, "networks[1].vlan", "belongs to network 'n' already", NULL);
    check(PORTS(PORT("a", "") "," PORT("a", "")), -EEXIST, "ports[1].name", "two ports 'a'", NULL);
    check(PORTS("{'name':'a','type':'fakee'}"), -ENOENT, "ports[0].type", "no port type 'fakee'",
          "'fake'");
}

static void ports(void **state)
{
    check(PORTS(PORT("a", ",'networks':['web']")), -EINVAL, "ports[0].tenant", "no tenant", NULL);
    check(PORTS(PORT("a", ",'tenant':'rde'")), -ENOENT, "ports[0].tenant", "'rde'", "'red'");
    check(PORTS(PORT("a", RED ",'networks':['wbe']")), -ENOENT, "ports[0].networks[0]", "red/wbe",
          "'web'");
    check(PORTS(PORT("a", RED ",'networks':['web','db']")), -EINVAL, "ports[0].networks",
          "takes one", "trunk");
    check(PORTS(PORT("a", RED ",'native':'web'")), -EINVAL, "ports[0].native", "no trunk", NULL);
    check(PORTS(PORT("a", RED ",'mode':'trunk','networks':['flat']")), -EINVAL,
          "ports[0].networks[0]", "no VLAN number", "vlan=");
    check(PORTS(PORT("a", RED ",'mode':'trunk','native':'flat','native_tagged':true")), -EINVAL,
          "ports[0].native", "no VLAN number", NULL);
    check(PORTS(PORT("a", RED ",'mode':'trunk','native_tagged':true")), -EINVAL,
          "ports[0].native_tagged", "no native", NULL);
    check(PORTS(PORT("a", RED) "," PORT("b", RED) "," PORT("c", RED) "," PORT("d", RED)), -EDQUOT,
          "ports[3].tenant", "may have 3 ports", NULL);
}

#define UPLINK(name, map) PORT(name, ",'mode':'uplink','map':'" map "'")

static void uplinks(void **state)
{
    check(PORTS(UPLINK("u", "")), 0, NULL, NULL, NULL);
    check(PORTS(UPLINK("u", "vlan10:red/web,vlan20:blue/web,s100.10:red/db,s100.11:red/flat")), 0,
          NULL, NULL, NULL);
    check(PORTS(PORT("u", ",'mode':'uplink','transit':true,'map':[{'tag':'untagged',"
                          "'tenant':'red','network':'flat'}]")),
          0, NULL, NULL, NULL);
    /* Another wire is another map. */
    check(PORTS(UPLINK("u", "vlan10:red/web") "," UPLINK("v", "vlan10:blue/web,s1:red/web")), 0,
          NULL, NULL, NULL);
    /* It counts for no tenant's quota. */
    check(PORTS(PORT("a", RED) "," PORT("b", RED) "," PORT("c", RED) "," UPLINK("u", "s1:red/db")),
          0, NULL, NULL, NULL);
    check(PORTS(UPLINK("u", "vlan10:red/web,10:blue/web")), -EINVAL, "ports[0].map[1].tag",
          "\"10\" is no tag", "vlan10");
    check(PORTS(UPLINK("u", "vlan10:red/wbe")), -ENOENT, "ports[0].map[0].network", "red/wbe",
          "'web'");
    check(PORTS(UPLINK("u", "vlan10:green/web")), -ENOENT, "ports[0].map[0].network", "green/web",
          NULL);
    check(PORTS("{'name':'a','type':'fake'}," UPLINK("u", "vlan10:red/web,vlan10:blue/web")),
          -EEXIST, "ports[1].map[1].tag", "is 'red/web' already, it cannot be 'blue/web' too",
          "map-=vlan10");
    check(PORTS(UPLINK("u", "untagged:red/web,vlan7:red/db,untagged:blue/web")), -EEXIST,
          "ports[0].map[2].tag", "'red/web' already, it cannot be 'blue/web'", NULL);
    check(PORTS(UPLINK("u", "vlan10:red/web,untagged:red/web")), -EEXIST, "ports[0].map[1].network",
          "'red/web' leaves port 'u' as vlan10 already", NULL);
    check(PORTS(UPLINK("u", "s100.10:red/web,s100:blue/web")), -EEXIST, "ports[0].map[0].tag",
          "'red/web' is part of s100, which is 'blue/web'", NULL);
    check(PORTS(PORT("u", RED ",'mode':'uplink','map':'vlan10:red/web'")), -EINVAL,
          "ports[0].tenant", "only its map", "map=");
    check(PORTS(PORT("u", ",'mode':'uplink','networks':['web']")), -EINVAL, "ports[0].networks",
          "only its map", NULL);
    check(PORTS(PORT("u", ",'mode':'uplink','native':'web'")), -EINVAL, "ports[0].native",
          "only its map", NULL);
    check(PORTS(PORT("u", ",'mode':'uplink','tpid':'dot1ad'")), -EINVAL, "ports[0].tpid",
          "only its map", NULL);
    check(PORTS(PORT("a", RED ",'networks':['web'],'map':'vlan10:red/web'")), -EINVAL,
          "ports[0].map", "no uplink", "mode=uplink");
    check(PORTS(PORT("a", RED ",'networks':['web'],'transit':true")), -EINVAL, "ports[0].transit",
          "no uplink", NULL);
    check(WITH(UPLINK("u", "vlan10:red/web"),
               "'fdb':[{'tenant':'red','network':'web','mac':'02:00:00:00:00:01','port':'u'}]"),
          0, NULL, NULL, NULL);
    check(WITH(UPLINK("u", "vlan10:red/web"),
               "'fdb':[{'tenant':'blue','network':'web','mac':'02:00:00:00:00:01','port':'u'}]"),
          -EINVAL, "fdb[0].port", "not in network", NULL);
}

static void options(void **state)
{
    check(PORTS(PORT("a", ",'options':{'queues':9}")), -ERANGE, "ports[0].options.queues", "",
          NULL);
    check(PORTS(PORT("a", ",'options':{'queue':2}")), -EINVAL, "ports[0].options.queue", "queue",
          "queues");
}

static void hanging_rows(void **state)
{
    check(WITH(A_RED, "'fdb':[{'tenant':'red','network':'db','mac':'02:00:00:00:00:01',"
                      "'port':'a'}]"),
          -EINVAL, "fdb[0].port", "not in network", NULL);
    check(WITH(A_RED, "'fdb':[{'tenant':'red','network':'web','mac':'03:00:00:00:00:01',"
                      "'port':'a'}]"),
          -EINVAL, "fdb[0].mac", "one station", NULL);
    check(WITH(A_RED, "'placements':[{'port':'b','queue':0,'worker':0}]"), -ENOENT,
          "placements[0].port", "'b'", NULL);
    check(WITH(A_RED, "'placements':[{'port':'a','queue':0,'worker':2}]"), -ERANGE,
          "placements[0].worker", "no worker 2", "0 to 1");
    check("{'version':1,'workers':[{'worker':1},{'worker':1}]}", -EEXIST, "workers[1].worker",
          "twice", NULL);
}

static void default_path(void **state)
{
    struct model_env env = fake_env();
    struct model_options o;
    struct api_config config;
    struct vsw_err err = {0};

    fake_config(PORTS(PORT("a", "") "," PORT("b", ",'options':{'path':'/x'}")), &config);
    assert_int_equal(model_options_decode(&config.ports.items[0], &env, &o, &err), 0);
    assert_string_equal((char *)o.values + o.type->options->fields[0].offset, "/run/test/a.sock");
    model_options_free(&o);
    assert_int_equal(model_options_decode(&config.ports.items[1], &env, &o, &err), 0);
    assert_string_equal((char *)o.values + o.type->options->fields[0].offset, "/x");
    model_options_free(&o);
    api_free(&api_config_object, &config);
}

static void guards(void **state)
{
    struct api_config config;
    struct model_index index;
    struct port_guard g, again;

    fake_config(
        PORTS(PORT("a", RED ",'mode':'trunk','networks':['web','db'],'native':'flat'") "," A_RED),
        &config);
    assert_int_equal(model_index_build(&config, &index), 0);
    g = model_port_guard(&config, &index, &config.ports.items[0]);
    assert_true(g.untagged);
    assert_int_equal(g.vid_allowed[0], 1ull << 10 | 1ull << 20);
    again = model_port_guard(&config, &index, &config.ports.items[0]);
    assert_memory_equal(&g, &again, sizeof(g));
    model_index_free(&index);
    api_free(&api_config_object, &config);

    fake_config(PORTS(UPLINK("u", "vlan70:red/web,s100.5:blue/web,s100.6:red/db,s3:red/flat")),
                &config);
    assert_int_equal(model_index_build(&config, &index), 0);
    g = model_port_guard(&config, &index, &config.ports.items[0]);
    assert_true(g.uplink);
    assert_false(g.untagged);
    assert_int_equal(g.vid_allowed[1], 1ull << 6);
    assert_int_equal(g.svid_allowed[0], 1ull << 3);
    assert_int_equal(g.svid_allowed[1], 1ull << 36);
    model_index_free(&index);
    api_free(&api_config_object, &config);
}

/* CPU time to check a document of @ports, the best of several: others on this host only add. */
static double check_s(uint32_t ports)
{
    struct model_env env = fake_env();
    struct api_config config;
    struct vsw_err err = {0};
    double best_s = 1e9;

    fake_config("{'version':1,'tenants':[{'name':'t'}],'networks':[{'tenant':'t','name':'n'}]}",
                &config);
    for (uint32_t i = 0; i < ports; i++) {
        struct api_port *p = api_append(&config.ports, api_port);

        snprintf(p->name, sizeof(p->name), "port%u", i);
        strcpy(p->type, "fake");
        strcpy(p->tenant, "t");
        api_names_append(&p->networks, "n");
    }
    for (int round = 0; round < 5; round++) {
        double start_s = cpu_s();

        assert_int_equal(model_check(&config, &env, &err), 0);
        best_s = fmin(best_s, cpu_s() - start_s);
    }
    api_free(&api_config_object, &config);
    return best_s;
}

/* Eight times the rows may take eight times as long and a little, not 64 times. */
static void many_ports(void **state)
{
    double small_s = check_s(1000), large_s = check_s(8000);

    print_message("1000 ports %.1f ms, 8000 ports %.1f ms\n", small_s * 1e3, large_s * 1e3);
    assert_true(large_s < 20 * small_s);
    assert_true(large_s < 1.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid_documents), cmocka_unit_test(names),
        cmocka_unit_test(ports),           cmocka_unit_test(options),
        cmocka_unit_test(hanging_rows),    cmocka_unit_test(default_path),
        cmocka_unit_test(uplinks),         cmocka_unit_test(guards),
        cmocka_unit_test(many_ports),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
