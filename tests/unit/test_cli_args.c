/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/complete.h"
#include "tests/support/cmocka.h"

static int parse(const char *line, char **ret_text, struct vsw_err *err)
{
    char copy[512], *words[CLI_WORDS_MAX];
    struct cli_request request;
    size_t count;
    int rc;

    snprintf(copy, sizeof(copy), "%s", line);
    assert_int_equal(cli_words_split(copy, words, &count, err), 0);
    rc = cli_request_parse(words, count, &request, err);
    if (rc == 0) {
        char *params = json_print(request.params, false);

        assert_true(asprintf(ret_text, "%s %s", request.method->name, params) > 0);
        free(params);
        json_free(request.params);
    }
    return rc;
}

static void test_commands(void **state)
{
    static const struct {
        const char *line, *wanted;
    } rows[] = {
        {"port list", "port.list {}"},
        {"network add red/web vlan=10",
         "network.add {\"tenant\":\"red\",\"name\":\"web\",\"vlan\":10}"},
        {"network add web tenant=red", "network.add {\"tenant\":\"red\",\"name\":\"web\"}"},
        {"tenant add red --may-exist", "tenant.add {\"name\":\"red\",\"may_exist\":true}"},
        {"tenant del red --if-exists", "tenant.del {\"name\":\"red\",\"if_exists\":true}"},
        {"port add vm1 type=vhost-user networks=a,b limit_in_bps=2.5G path=/run/x queues=4",
         "port.add {\"name\":\"vm1\",\"type\":\"vhost-user\",\"networks\":[\"a\",\"b\"],"
         "\"limit_in_bps\":2500000000,\"options\":{\"path\":\"/run/x\",\"queues\":\"4\"}}"},
        {"port set vm1 mtu= path=",
         "port.set {\"name\":\"vm1\",\"mtu\":1500,\"options\":{\"path\":null}}"},
        {"port set up0 map=vlan10:red/web,s100.20:blue/lab",
         "port.set {\"name\":\"up0\",\"map\":[{\"tag\":\"vlan10\",\"tenant\":\"red\","
         "\"network\":\"web\"},{\"tag\":\"s100.20\",\"tenant\":\"blue\",\"network\":\"lab\"}]}"},
        {"port set up0 map+=untagged:red/web map-=vlan10,s100",
         "port.set {\"name\":\"up0\",\"map_add\":[{\"tag\":\"untagged\",\"tenant\":\"red\","
         "\"network\":\"web\"}],\"map_del\":[\"vlan10\",\"s100\"]}"},
        {"port set up0 map=", "port.set {\"name\":\"up0\",\"map\":[]}"},
        {"fdb add red/web/52:54:00:00:00:01 port=vm1",
         "fdb.add {\"tenant\":\"red\",\"network\":\"web\",\"mac\":\"52:54:00:00:00:01\","
         "\"port\":\"vm1\"}"},
        {"worker move vm1/0 worker=1", "worker.move {\"port\":\"vm1\",\"queue\":0,\"worker\":1}"},
        {"worker move vm1 queue=0 worker=1",
         "worker.move {\"port\":\"vm1\",\"queue\":0,\"worker\":1}"},
        {"settings set fdb_ageing_s=never", "settings.set {\"fdb_ageing_s\":\"never\"}"},
        {"settings set fdb_ageing_s=5m", "settings.set {\"fdb_ageing_s\":300}"},
        {"tenant set 'red' max_ports=\"4\" # why", "tenant.set {\"name\":\"red\",\"max_ports\":4}"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct vsw_err err = {0};
        char *text;

        if (parse(rows[i].line, &text, &err) != 0)
            fail_msg("%s: %s %s", rows[i].line, err.field, err.msg);
        assert_string_equal(text, rows[i].wanted);
        free(text);
    }
}

static void test_wrong_commands(void **state)
{
    static const struct {
        const char *line, *field, *hint;
    } rows[] = {
        {"", "", ""},
        {"port set up0 map=vlan10", "map", "written tag:tenant/network,..."},
        {"port set up0 map=vlan10:red", "map", "written tag:tenant/network,..."},
        {"port set up0 map=vlan10:red/web/x", "map[0].network",
         "1 to 63 of A-Z a-z 0-9 _ . -, with neither . nor - in front"},
        {"port set up0 map=a:b/c,:red/web", "map[1].tag", ""},
        {"prot list", "", "did you mean \"port\"?"},
        {"port lst", "", "did you mean \"list\"?"},
        {"port", "", "see: vswitchctl help port"},
        {"network add web", "name", "name of the network, unique in its tenant"},
        {"network add red/web/x", "", "settings are written key=value"},
        {"network add red/web vlann=1", "vlann", "did you mean vlan=?"},
        {"network add red/web vlan=4095", "vlan", "from 0 to 4094"},
        {"network add red/web vlan=1 vlan=2", "vlan", ""},
        {"network add red/web --if-exists", "", ""},
        {"network add red/web =5", "", ""},
        {"port add vm1", "type", "what it connects; `port types` lists the types"},
        {"port add vm1 typ=tap", "type", "did you mean type= where you wrote typ=?"},
        {"port list name=x", "name", ""},
        {"tenant add .red", "name", NULL},
        {"fdb add red/web/zz port=x", "mac", "like 52:54:00:12:34:56"},
        {"worker list now", "", NULL},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct vsw_err err = {0};
        char *text;

        if (parse(rows[i].line, &text, &err) == 0)
            fail_msg("%s: %s", rows[i].line, text);
        assert_string_equal(err.field, rows[i].field);
        assert_true(err.msg[0] != '\0');
        if (rows[i].hint != NULL)
            assert_string_equal(err.hint, rows[i].hint);
    }
}

/* Every example of the table that is a plain method call must be understood by its own parser. */
static void test_examples_of_the_table(void **state)
{
    unsigned tried = 0;

    for (size_t i = 0; i < API_METHOD_COUNT; i++) {
        const struct api_method *method = &api_methods[i];
        struct vsw_err err = {0};
        char start[80], *text;

        snprintf(start, sizeof(start), "%s %s", method->object, method->verb);
        if (strncmp(method->example, start, strlen(start)) != 0 ||
            strcmp(method->name, "config.apply") == 0)
            continue;
        if (parse(method->example, &text, &err) != 0)
            fail_msg("%s: %s", method->example, err.msg);
        assert_int_equal(strncmp(text, method->name, strlen(method->name)), 0);
        free(text);
        tried++;
    }
    assert_true(tried > 25);
}

static void test_words(void **state)
{
    char line[] = "  a 'b c'  d\\ e \"f'g\" h=\"i j\" # k";
    char open_end[] = "a 'b", many[CLI_WORDS_MAX * 2 + 4];
    char *words[CLI_WORDS_MAX];
    size_t count;

    assert_int_equal(cli_words_split(line, words, &count, NULL), 0);
    assert_int_equal(count, 5);
    assert_string_equal(words[1], "b c");
    assert_string_equal(words[2], "d e");
    assert_string_equal(words[3], "f'g");
    assert_string_equal(words[4], "h=i j");
    assert_int_equal(cli_words_split(open_end, words, &count, NULL), -EINVAL);
    for (size_t i = 0; i < sizeof(many); i++)
        many[i] = i % 2 ? ' ' : 'x';
    many[sizeof(many) - 1] = '\0';
    assert_int_equal(cli_words_split(many, words, &count, NULL), -EINVAL);
}

/* ---- completion -------------------------------------------------------------------------- */
static void fake_names(void *ctx, const char *object, struct api_names *names)
{
    if (strcmp(object, "port") == 0) {
        api_names_append(names, "vm1");
        api_names_append(names, "vm2");
    } else if (strcmp(object, "network") == 0) {
        api_names_append(names, "red/web");
        api_names_append(names, "red/db");
        api_names_append(names, "blue/office");
    } else if (strcmp(object, "tenant") == 0) {
        api_names_append(names, "red");
    } else if (strcmp(object, "type") == 0) {
        api_names_append(names, "tap");
        api_names_append(names, "vhost-user");
    }
}

static void fake_options(void *ctx, const char *type, struct api_names *names)
{
    api_names_append(names, strcmp(type, "tap") == 0 ? "ifname" : "path");
}

/* The line's last word is what is being typed; "|" stands for nothing. Answers "a b c". */
static void complete(const char *line, char *ret_text, size_t size)
{
    const struct complete_source source = {fake_names, fake_options, NULL};
    char copy[256], empty[1] = "", *words[CLI_WORDS_MAX];
    struct api_names names = {0};
    size_t count, used = 0;

    snprintf(copy, sizeof(copy), "%s", line);
    assert_int_equal(cli_words_split(copy, words, &count, NULL), 0);
    if (strcmp(words[count - 1], "|") == 0)
        words[count - 1] = empty;
    complete_words(&source, words, count, &names);
    ret_text[0] = '\0';
    for (uint32_t i = 0; i < names.count; i++)
        used +=
            (size_t)snprintf(ret_text + used, size - used, "%s%s", i ? " " : "", names.items[i]);
    free(names.items);
}

static void test_completion(void **state)
{
    static const struct {
        const char *line, *wanted;
    } rows[] = {
        {"po", "port"},
        {"t", "top tenant"},
        {"port s", "set show"},
        {"port set |", "vm1 vm2"},
        {"port set vm1 mt", "mtu="},
        {"port set vm1 mode=", "mode=access mode=trunk mode=qinq mode=uplink"},
        {"port set vm1 up=", "up=true up=false"},
        {"port add x type=t", "type=tap"},
        {"port add x type=tap if", "ifname="},
        {"port add x type=vhost-user pa", "path="},
        {"port add x tenant=red networks=", "networks=web networks=db"},
        {"port add x tenant=red networks=web,d", "networks=web,db"},
        {"port add x tenant=blue native=", "native=office"},
        {"port add x mtu=9000 mtu", ""},
        {"port add x --", "--may-exist"},
        {"port set up0 m", "mode= map= mtu= max_fdb="},
        {"network del |", "red/web red/db blue/office"},
        {"network list tenant=", "tenant=red"},
        {"capture |", "vm1 vm2"},
        {"capture vm1 d", "drop"},
        {"help po", "port"},
        {"help port a", "add attach"},
        {"port show vm1 --q", "--qemu-args"},
        {"worker move v", "vm1 vm2"},
        {"nothing at all", ""},
        {"fdb flush port=v", "port=vm1 port=vm2"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char text[1024];

        complete(rows[i].line, text, sizeof(text));
        if (strcmp(text, rows[i].wanted) != 0)
            fail_msg("%s: \"%s\", not \"%s\"", rows[i].line, text, rows[i].wanted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commands),
        cmocka_unit_test(test_wrong_commands),
        cmocka_unit_test(test_examples_of_the_table),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_completion),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
