/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "cli/print.h"
#include "tests/support/cmocka.h"

static void assert_printed(const char *method, const char *result, const char *wanted)
{
    const struct json_limits limits = {0};
    const struct api_method *m = api_method_find(method);
    void *decoded = malloc(m->result->size);
    struct json *json;
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    assert_int_equal(json_parse(result, strlen(result), &limits, &json, NULL), 0);
    assert_int_equal(api_decode(m->result, json, API_DECODE_REPLY, decoded, NULL), 0);
    print_result(out, m, decoded);
    fclose(out);
    assert_string_equal(text, wanted);
    free(text);
    json_free(json);
    api_free(m->result, decoded);
    free(decoded);
}

static void test_lists_show_columns_that_differ(void **state)
{
    assert_printed(
        "port.list",
        "{\"rows\":[{\"name\":\"vm1\",\"type\":\"tap\",\"mtu\":9000,\"state\":\"ready\"},"
        "{\"name\":\"a-long-name\",\"type\":\"vhost-user\",\"limit_in_bps\":2500000000,"
        "\"mtu\":1500,\"networks\":[\"a\",\"b\"],\"state\":\"waiting\",\"counters\":"
        "{\"in_pkts\":5}}]}",
        "name         type        tenant  networks   mtu  limit_in_bps  state\n"
        "vm1          tap         -       -         9000     unlimited  ready\n"
        "a-long-name  vhost-user  -       a,b       1500          2.5G  waiting\n");
}

static void test_an_empty_list_has_its_heading(void **state)
{
    assert_printed("tenant.list", "{\"rows\":[]}", "name  networks  ports  fdb_entries\n");
}

static void test_records_nest(void **state)
{
    assert_printed(
        "port.show",
        "{\"name\":\"vm1\",\"type\":\"tap\",\"state\":\"ready\",\"options\":{\"queues\":2},"
        "\"counters\":{\"in_pkts\":5},"
        "\"queue_rows\":[{\"port\":\"vm1\",\"queue\":1,\"direction\":\"out\",\"pkts\":7}]}",
        "name                   vm1\n"
        "type                   tap\n"
        "tenant                 -\n"
        "mode                   access\n"
        "networks               -\n"
        "tpid                   dot1q\n"
        "options                queues=2\n"
        "state                  ready\n"
        "counters\n"
        "  in_pkts              5\n"
        "  dropped_pkts         0\n"
        "  out_pkts             0\n"
        "  dropped_copies_pkts  0\n"
        "\n"
        "queue_rows\n"
        "port  queue  direction  enabled  pkts\n"
        "vm1       1  out        false       7\n");
}

static void test_changes(void **state)
{
    assert_printed("port.add", "{\"revision\":3,\"plan\":[{\"action\":\"add\"}]}", "");
    assert_printed("config.apply", "{\"revision\":3,\"plan\":[]}", "nothing to do\n");
    assert_printed("config.apply",
                   "{\"plan\":[{\"action\":\"change\",\"object\":\"port\",\"name\":\"vm1\","
                   "\"text\":\"mtu 1500 -> 9000\"},{\"action\":\"remove\",\"object\":\"tenant\","
                   "\"name\":\"red\"}]}",
                   "change  port vm1: mtu 1500 -> 9000\nremove  tenant red\n");
}

static void test_types_are_tables_of_options(void **state)
{
    assert_printed(
        "port.types",
        "{\"rows\":[{\"name\":\"tap\",\"help\":\"A TAP\",\"fields\":["
        "{\"name\":\"ifname\",\"kind\":\"text\",\"range\":\"at most 15 bytes\",\"help\":\"its "
        "name\"},"
        "{\"name\":\"role\",\"kind\":\"choice\",\"values\":[\"a\",\"b\"],\"required\":true,"
        "\"help\":\"who\"},"
        "{\"name\":\"queues\",\"kind\":\"number\",\"range\":\"1..32\",\"fallback\":\"8\","
        "\"help\":\"pairs\"}]}]}",
        "type=tap: A TAP\n"
        "name    value  default     what\n"
        "ifname  text   -           its name\n"
        "role    a|b    (required)  who\n"
        "queues  1..32  8           pairs\n");
}

/* What a peer says must not steer the operator's terminal. */
static void test_control_characters_are_not_printed(void **state)
{
    assert_printed("port.list",
                   "{\"rows\":[{\"name\":\"a\",\"type\":\"tap\",\"reason\":\"x\\u001b[2J\\ny\"}]}",
                   "name  type  tenant  networks  state  reason\n"
                   "a     tap   -       -         down   x [2J y\n");
}

static void test_width_is_counted_in_characters(void **state)
{
    assert_printed("stats.drops",
                   "{\"rows\":[{\"name\":\"\xc3\xa9\xc3\xa9\",\"reason\":\"x\",\"count\":1},"
                   "{\"name\":\"ab\",\"reason\":\"y\",\"count\":22}]}",
                   "name  reason  count\n\xc3\xa9\xc3\xa9    x           1\nab    y          22\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists_show_columns_that_differ),
        cmocka_unit_test(test_an_empty_list_has_its_heading),
        cmocka_unit_test(test_records_nest),
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_types_are_tables_of_options),
        cmocka_unit_test(test_control_characters_are_not_printed),
        cmocka_unit_test(test_width_is_counted_in_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
