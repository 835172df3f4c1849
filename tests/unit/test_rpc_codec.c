/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/rpc_codec.h"
#include "tests/support/cmocka.h"

static struct json *parse(const char *text)
{
    const struct json_limits limits = {0};
    struct json *json = NULL;

    assert_int_equal(json_parse(text, strlen(text), &limits, &json, NULL), 0);
    return json;
}

static void assert_line(struct json *message, const char *wanted)
{
    char *line;

    assert_non_null(message);
    line = rpc_line(message);
    assert_string_equal(line, wanted);
    free(line);
    json_free(message);
}

static void test_messages_are_made(void **state)
{
    struct json *id = parse("\"x1\"");
    struct vsw_err err = {-ENOENT, "name", "no such port", "see port list"};

    assert_line(rpc_make_request(7, "port.list", json_new_object()),
                "{\"jsonrpc\":\"2.0\",\"method\":\"port.list\",\"params\":{},\"id\":7}\n");
    assert_line(rpc_make_notification("event", json_new_object()),
                "{\"jsonrpc\":\"2.0\",\"method\":\"event\",\"params\":{}}\n");
    assert_line(rpc_make_result(id, json_new_object()),
                "{\"jsonrpc\":\"2.0\",\"id\":\"x1\",\"result\":{}}\n");
    assert_line(
        rpc_make_error(NULL, RPC_REFUSED, &err),
        "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32000,\"message\":\"no such port\","
        "\"data\":{\"errno\":2,\"field\":\"name\",\"hint\":\"see port list\"}}}\n");
    assert_null(rpc_make_result(id, NULL));
    json_free(id);
}

static void test_messages_are_taken_apart(void **state)
{
    struct json *json = parse("{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"a.b\",\"params\":{}}");
    struct rpc_message m;

    assert_int_equal(rpc_message_decode(json, &m, NULL), 0);
    assert_int_equal(m.kind, RPC_REQUEST);
    assert_string_equal(m.method, "a.b");
    json_free(json);
    json = parse("{\"jsonrpc\":\"2.0\",\"method\":\"a.b\"}");
    assert_int_equal(rpc_message_decode(json, &m, NULL), 0);
    assert_int_equal(m.kind, RPC_NOTIFICATION);
    json_free(json);
    json = parse("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":null}");
    assert_int_equal(rpc_message_decode(json, &m, NULL), 0);
    assert_int_equal(m.kind, RPC_RESULT);
    json_free(json);
    json = parse("{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32602,\"message\":\"no\","
                 "\"data\":{\"errno\":34,\"field\":\"mtu\",\"hint\":\"less\"}}}");
    assert_int_equal(rpc_message_decode(json, &m, NULL), 0);
    assert_int_equal(m.kind, RPC_ERROR);
    assert_int_equal(m.error_code, -32602);
    assert_int_equal(m.error.code, -ERANGE);
    assert_string_equal(m.error.field, "mtu");
    assert_string_equal(m.error.msg, "no");
    assert_string_equal(m.error.hint, "less");
    json_free(json);
}

static void test_invalid_requests(void **state)
{
    static const char *const texts[] = {
        "[]",
        "{}",
        "{\"jsonrpc\":\"1.0\",\"method\":\"a\"}",
        "{\"jsonrpc\":\"2.0\"}",
        "{\"jsonrpc\":\"2.0\",\"method\":5}",
        "{\"jsonrpc\":\"2.0\",\"method\":\"a\",\"params\":[1]}",
        "{\"jsonrpc\":\"2.0\",\"method\":\"a\",\"id\":{}}",
        "{\"jsonrpc\":\"2.0\",\"method\":"
        "\"0123456789012345678901234567890123456789012345678901234567890123456789\"}",
    };

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct json *json = parse(texts[i]);
        struct vsw_err err = {0};
        struct rpc_message m;

        if (rpc_message_decode(json, &m, &err) != -EINVAL)
            fail_msg("%s", texts[i]);
        assert_true(err.msg[0] != '\0');
        json_free(json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages_are_made),
        cmocka_unit_test(test_messages_are_taken_apart),
        cmocka_unit_test(test_invalid_requests),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
