/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "tests/support/cmocka.h"

static struct json *parse(const char *text)
{
    const struct json_limits limits = {0};
    struct vsw_err err = {0};
    struct json *json = NULL;

    if (json_parse(text, strlen(text), &limits, &json, &err) != 0)
        fail_msg("%s: %s", text, err.msg);
    return json;
}

static int decode(const struct api_object *object, const char *text, enum api_decode_mode mode,
                  void *ret, struct vsw_err *err)
{
    struct json *json = parse(text);
    int rc = api_decode(object, json, mode, ret, err);

    json_free(json);
    return rc;
}

static char *encode(const struct api_object *object, const void *self, enum api_encode_mode mode)
{
    struct json *json = api_encode(object, self, mode);
    char *text = json_print(json, false);

    assert_non_null(text);
    json_free(json);
    return text;
}

#define PORT_TEXT                                                                                  \
    "{\"name\":\"vm1\",\"type\":\"vhost-user\",\"tenant\":\"red\",\"mode\":\"trunk\","             \
    "\"networks\":[\"web\",\"db\"],\"native\":\"web\",\"native_tagged\":true,"                     \
    "\"tpid\":\"dot1ad\",\"isolated\":true,\"up\":false,\"mtu\":9000,\"max_fdb\":16,"              \
    "\"limit_in_bps\":10000000,\"burst_in_bytes\":65536,"                                          \
    "\"options\":{\"path\":\"/run/x\",\"queues\":4}}"

static void test_round_trip(void **state)
{
    struct api_port port;
    char *text;

    assert_int_equal(decode(&api_port_object, PORT_TEXT, API_DECODE_PARAMS, &port, NULL), 0);
    assert_string_equal(port.name, "vm1");
    assert_int_equal(port.mode, API_PORT_TRUNK);
    assert_int_equal(port.networks.count, 2);
    assert_string_equal(port.networks.items[1], "db");
    assert_int_equal(port.tpid, API_TPID_DOT1AD);
    assert_false(port.up);
    assert_true(api_given(&port, api_port, up));
    assert_false(api_given(&port, api_port, limit_out_bps));
    text = encode(&api_port_object, &port, API_ENCODE_GIVEN);
    assert_string_equal(text, PORT_TEXT);
    free(text);
    api_free(&api_port_object, &port);
}

static void test_texts_with_units_stand_for_numbers(void **state)
{
    struct api_port port;
    char *text;

    assert_int_equal(
        decode(
            &api_port_object,
            "{\"name\":\"a\",\"type\":\"tap\",\"mtu\":\"9000\",\"limit_in_bps\":\"2.5G\","
            "\"networks\":\"x,y\",\"up\":\"no\",\"burst_in_bytes\":\"64K\",\"limit_in_pps\":1e3}",
            API_DECODE_PARAMS, &port, NULL),
        0);
    text = encode(&api_port_object, &port, API_ENCODE_GIVEN);
    assert_string_equal(
        text,
        "{\"name\":\"a\",\"type\":\"tap\",\"networks\":[\"x\",\"y\"],\"up\":false,\"mtu\":9000,"
        "\"limit_in_bps\":2500000000,\"limit_in_pps\":1000,\"burst_in_bytes\":65536}");
    free(text);
    api_free(&api_port_object, &port);
}

struct refusal {
    const char *text, *field, *hint;
    int rc;
};

static void refuse_all(const struct api_object *object, enum api_decode_mode mode,
                       const struct refusal *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct vsw_err err = {0};
        char storage[sizeof(struct api_port) + sizeof(struct api_config)];
        char before[sizeof(storage)];
        int rc;

        memset(storage, 0x5a, sizeof(storage));
        memcpy(before, storage, sizeof(storage));
        assert_true(object->size <= sizeof(storage));
        rc = decode(object, rows[i].text, mode, storage, &err);
        if (rc != rows[i].rc || strcmp(err.field, rows[i].field) != 0)
            fail_msg("%s: %d %s: %s", rows[i].text, rc, err.field, err.msg);
        if (rows[i].hint != NULL && strstr(err.hint, rows[i].hint) == NULL)
            fail_msg("%s: hint %s", rows[i].text, err.hint);
        assert_int_equal(err.code, rc);
        assert_memory_equal(storage, before, sizeof(storage));
    }
}

static void test_ports_that_are_refused(void **state)
{
    static const struct refusal rows[] = {
        {"{\"name\":\"a\",\"type\":\"tap\",\"mtuu\":1500}", "mtuu", "did you mean \"mtu\"?",
         -EINVAL},
        {"{\"type\":\"tap\"}", "name", "name of the port", -EINVAL},
        {"{\"name\":\"a\"}", "type", "port types", -EINVAL},
        {"{\"name\":\"a\",\"type\":null}", "type", NULL, -EINVAL},
        {"{\"name\":\"\",\"type\":\"tap\"}", "name", NULL, -EINVAL},
        {"{\"name\":5,\"type\":\"tap\"}", "name", NULL, -EINVAL},
        {"{\"name\":\"a\",\"type\":\"tap\",\"mtu\":67}", "mtu", "from 68 to 65535", -ERANGE},
        {"{\"name\":\"a\",\"type\":\"tap\",\"mtu\":-1}", "mtu", "68..65535", -ERANGE},
        {"{\"name\":\"a\",\"type\":\"tap\",\"mtu\":1500.5}", "mtu", NULL, -ERANGE},
        {"{\"name\":\"a\",\"type\":\"tap\",\"mtu\":true}", "mtu", NULL, -EINVAL},
        {"{\"name\":\"a\",\"type\":\"tap\",\"mtu\":[1]}", "mtu", NULL, -EINVAL},
        {"{\"name\":\"a\",\"type\":\"tap\",\"up\":1}", "up", NULL, -EINVAL},
        {"{\"name\":\"a\",\"type\":\"tap\",\"networks\":[\"a\",\"a\"]}", "networks", NULL, -EINVAL},
        {"{\"name\":\"a\",\"type\":\"tap\",\"networks\":[1]}", "networks", NULL, -EINVAL},
        {"{\"name\":\"a\",\"type\":\"tap\",\"networks\":{}}", "networks", NULL, -EINVAL},
        {"{\"name\":\"a\",\"type\":\"tap\",\"options\":[]}", "options", NULL, -EINVAL},
        {"{\"name\":\"a\",\"type\":\"tap\",\"options\":\"x\"}", "options", NULL, -EINVAL},
        {"[]", "", NULL, -EINVAL},
    };

    refuse_all(&api_port_object, API_DECODE_PARAMS, rows, ARRAY_SIZE(rows));
}

static void test_documents_that_are_refused(void **state)
{
    static const struct refusal rows[] = {
        {"{}", "version", NULL, -EINVAL},
        {"{\"version\":2}", "version", NULL, -ERANGE},
        {"{\"version\":1,\"ports\":{}}", "ports", NULL, -EINVAL},
        {"{\"version\":1,\"ports\":[{\"name\":\"a\",\"type\":\"tap\"},5]}", "ports[1]", NULL,
         -EINVAL},
        {"{\"version\":1,\"ports\":[{\"name\":\"a\",\"type\":\"tap\",\"mtu\":1}]}", "ports[0].mtu",
         NULL, -ERANGE},
        {"{\"version\":1,\"tenants\":[{\"name\":\"a\",\"may_exist\":true}]}",
         "tenants[0].may_exist", NULL, -EINVAL},
        {"{\"version\":1,\"settings\":{\"fdb_ageing_s\":0}}", "settings.fdb_ageing_s", "never",
         -ERANGE},
        {"{\"version\":1,\"setings\":{}}", "setings", "settings", -EINVAL},
    };

    refuse_all(&api_config_object, API_DECODE_DOCUMENT, rows, ARRAY_SIZE(rows));
}

static void test_document_round_trip(void **state)
{
    static const char text[] =
        "{\"version\":1,\"settings\":{\"fdb_ageing_s\":\"never\"},"
        "\"tenants\":[{\"name\":\"red\"},{\"name\":\"blue\",\"max_ports\":4}],"
        "\"networks\":[{\"tenant\":\"red\",\"name\":\"web\",\"vlan\":10}],"
        "\"ports\":[" PORT_TEXT "],"
        "\"fdb\":[{\"tenant\":\"red\",\"network\":\"web\",\"mac\":\"52:54:00:00:00:01\","
        "\"port\":\"vm1\"}],"
        "\"placements\":[{\"port\":\"vm1\",\"queue\":0,\"worker\":1}],"
        "\"workers\":[{\"worker\":1,\"idle\":\"spin\"}]}";
    struct api_config config, copy;
    char *again;

    assert_int_equal(decode(&api_config_object, text, API_DECODE_DOCUMENT, &config, NULL), 0);
    assert_int_equal(config.settings.fdb_ageing_s, API_SECONDS_NEVER);
    assert_int_equal(api_copy(&api_config_object, &config, &copy), 0);
    assert_true(api_equal(&api_config_object, &config, &copy));
    api_free(&api_config_object, &config);
    again = encode(&api_config_object, &copy, API_ENCODE_GIVEN);
    assert_string_equal(again, text);
    free(again);
    api_free(&api_config_object, &copy);
}

static void test_null_is_the_default_and_is_given(void **state)
{
    struct api_port port;

    assert_int_equal(
        decode(&api_port_object, "{\"name\":\"a\",\"mtu\":null}", API_DECODE_PARTIAL, &port, NULL),
        0);
    assert_int_equal(port.mtu, 1500);
    assert_true(api_given(&port, api_port, mtu));
    api_free(&api_port_object, &port);
}

static void test_partial_update(void **state)
{
    struct api_port port, patch;
    char *text;

    assert_int_equal(decode(&api_port_object, PORT_TEXT, API_DECODE_PARAMS, &port, NULL), 0);
    assert_int_equal(decode(&api_port_object,
                            "{\"name\":\"vm1\",\"mtu\":1400,\"networks\":[],\"options\":"
                            "{\"queues\":null,\"owner\":\"me\"},\"may_exist\":true}",
                            API_DECODE_PARTIAL, &patch, NULL),
                     0);
    assert_int_equal(api_merge(&api_port_object, &patch, &port), 0);
    assert_int_equal(port.mtu, 1400);
    assert_int_equal(port.networks.count, 0);
    assert_int_equal(port.mode, API_PORT_TRUNK);
    assert_false(port.may_exist);
    text = json_print(port.options, false);
    assert_string_equal(text, "{\"path\":\"/run/x\",\"owner\":\"me\"}");
    free(text);
    api_free(&api_port_object, &patch);
    api_free(&api_port_object, &port);
}

static void test_equal_looks_at_values_only(void **state)
{
    struct api_port a, b;

    api_init(&api_port_object, &a);
    api_init(&api_port_object, &b);
    assert_true(api_equal(&api_port_object, &a, &b));
    api_give(&b, api_port, mtu);
    b.may_exist = true;
    b.options = json_new_object();
    assert_true(api_equal(&api_port_object, &a, &b));
    b.mtu = 1501;
    assert_false(api_equal(&api_port_object, &a, &b));
    b.mtu = 1500;
    json_set(b.options, "x", json_new_u64(1));
    assert_false(api_equal(&api_port_object, &a, &b));
    api_free(&api_port_object, &a);
    api_free(&api_port_object, &b);
}

static void test_status_row_from_configuration(void **state)
{
    struct api_port port;
    struct api_port_status status;
    char *text;

    assert_int_equal(decode(&api_port_object, PORT_TEXT, API_DECODE_PARAMS, &port, NULL), 0);
    api_init(&api_port_status_object, &status);
    assert_int_equal(api_assign(&api_port_object, &port, &api_port_status_object, &status), 0);
    api_free(&api_port_object, &port);
    assert_string_equal(status.name, "vm1");
    assert_int_equal(status.networks.count, 2);
    assert_true(api_given(&status, api_port_status, mtu));
    text = encode(&api_port_status_object, &status, API_ENCODE_ALL);
    assert_non_null(strstr(text, "\"counters\":{\"in_pkts\":0"));
    assert_non_null(strstr(text, "\"limit_out_bps\":0"));
    assert_null(strstr(text, "may_exist"));
    free(text);
    api_free(&api_port_status_object, &status);
}

static void test_replies_may_have_more(void **state)
{
    struct api_change change;

    assert_int_equal(decode(&api_change_object,
                            "{\"revision\":7,\"news\":[1],\"plan\":[{\"action\":\"add\",\"x\":1}]}",
                            API_DECODE_REPLY, &change, NULL),
                     0);
    assert_int_equal(change.revision, 7);
    assert_int_equal(change.plan.count, 1);
    api_free(&api_change_object, &change);
}

static void test_rows_append_and_remove(void **state)
{
    struct api_config config;
    uint32_t next = 0;

    api_init(&api_config_object, &config);
    for (unsigned round = 0; round < 500; round++) {
        struct api_tenant *t = api_append(&config.tenants, api_tenant);

        assert_non_null(t);
        snprintf(t->name, sizeof(t->name), "t%u", next++);
        if (round % 3 == 2)
            api_remove(&config.tenants, api_tenant, round % config.tenants.count);
    }
    assert_int_equal(config.tenants.count, 500 - 166);
    for (uint32_t i = 1; i < config.tenants.count; i++) /* order is kept */
        assert_true(atoi(config.tenants.items[i - 1].name + 1) <
                    atoi(config.tenants.items[i].name + 1));
    while (config.tenants.count > 0)
        api_remove(&config.tenants, api_tenant, 0);
    api_free(&api_config_object, &config);
}

/* What rpc.discover answers must itself pass through the codec. */
static void test_discovery_round_trip(void **state)
{
    struct api_discovery all, again;
    struct json *json;

    api_init(&api_discovery_object, &all);
    assert_int_equal(api_discover(&all), 0);
    assert_int_equal(all.methods.count, API_METHOD_COUNT);
    json = api_encode(&api_discovery_object, &all, API_ENCODE_ALL);
    assert_int_equal(api_decode(&api_discovery_object, json, API_DECODE_REPLY, &again, NULL), 0);
    assert_true(api_equal(&api_discovery_object, &all, &again));
    json_free(json);
    api_free(&api_discovery_object, &all);
    api_free(&api_discovery_object, &again);
}

static void test_manual_names_everything(void **state)
{
    char *text = NULL, wanted[128];
    size_t len;
    FILE *out = open_memstream(&text, &len);
    const struct api_type types[] = {{"odd", "an odd one", &api_settings_object}};

    api_describe(out, types, 1);
    fclose(out);
    for (size_t i = 0; i < API_METHOD_COUNT; i++) {
        snprintf(wanted, sizeof(wanted), "### %s %s\n", api_methods[i].object, api_methods[i].verb);
        assert_non_null(strstr(text, wanted));
        for (uint32_t f = 0; f < api_methods[i].params->count; f++) {
            bool in_sentence = api_methods[i].params->fields[f].flags & (API_KEY | API_CALL);

            snprintf(wanted, sizeof(wanted), in_sentence ? "`%s`" : "| `%s` |",
                     api_methods[i].params->fields[f].name);
            assert_non_null(strstr(text, wanted));
        }
    }
    assert_non_null(strstr(text, "### type odd\n\nAn odd one.\n"));
    assert_non_null(strstr(text, "All fields of [port](#fields-port), and:"));
    assert_null(strstr(text, "All fields of [stats filter]")); /* `by` has other choices there */
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_texts_with_units_stand_for_numbers),
        cmocka_unit_test(test_ports_that_are_refused),
        cmocka_unit_test(test_documents_that_are_refused),
        cmocka_unit_test(test_document_round_trip),
        cmocka_unit_test(test_null_is_the_default_and_is_given),
        cmocka_unit_test(test_partial_update),
        cmocka_unit_test(test_equal_looks_at_values_only),
        cmocka_unit_test(test_status_row_from_configuration),
        cmocka_unit_test(test_replies_may_have_more),
        cmocka_unit_test(test_rows_append_and_remove),
        cmocka_unit_test(test_discovery_round_trip),
        cmocka_unit_test(test_manual_names_everything),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
