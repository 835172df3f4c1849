/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/json.h"
#include "tests/support/cmocka.h"

static int scan(const char *text, bool comments, struct vsw_err *err)
{
    const struct json_limits limits = {.max_bytes = 4096, .comments = comments};
    struct json *json = NULL;
    int rc = json_parse(text, strlen(text), &limits, &json, err);

    json_free(json);
    return rc;
}

static void test_good_texts(void **state)
{
    static const char *const texts[] = {
        "{}",
        "[]",
        " null ",
        "0",
        "-0",
        "12",
        "-12.5e-3",
        "\"\"",
        "true",
        "[1,2,[3,{\"a\":null}]]",
        "{\"a\":{\"a\":1},\"b\":{\"a\":1}}",
        "\"\\u00e9\\ud83d\\ude00\\n\"",
        "\"\xf0\x9f\x98\x80\"",
        "18446744073709551615",
        "-9223372036854775808",
        "{\"\":1}",
        "1.5",
        "{\"a\" : [ ] }",
    };

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct vsw_err err = {0};

        if (scan(texts[i], false, &err) != 0)
            fail_msg("%s: %s", texts[i], err.msg);
    }
}

static void test_bad_texts_with_position(void **state)
{
    static const struct {
        const char *text, *msg;
    } rows[] = {
        {"", "line 1, column 1: the text ends too early"},
        {"{\"a\":1", "line 1, column 7: expected \",\" or \"}\""},
        {"{\"a\":1,}", "line 1, column 8: expected a key in quotes"},
        {"[1,]", "line 1, column 4: expected a value"},
        {"[1 2]", "line 1, column 4: expected \",\" or \"]\""},
        {"{\n  \"a\" 1\n}", "line 2, column 7: expected \":\""},
        {"{\n \"a\":1,\n \"b\":2,\n \"a\":3\n}", "line 4, column 2: the key is there twice"},
        {"{\"a\":1,\"\\u0061\":3}", "line 1, column 8: the key is there twice"},
        {"{\"\xc3\xa9\":1, x}", "line 1, column 9: expected a key in quotes"},
        {"1 2", "line 1, column 3: unexpected text behind the end"},
        {"01", "line 1, column 1: not a number"},
        {"1.", "line 1, column 1: not a number"},
        {"-", "line 1, column 1: not a number"},
        {"1e", "line 1, column 1: not a number"},
        {"1e999", "line 1, column 1: the number is too large"},
        {"18446744073709551616", "line 1, column 1: the number is too large"},
        {"-9223372036854775809", "line 1, column 1: the number is too large"},
        {"NaN", "line 1, column 1: expected a value"},
        {"'a'", "line 1, column 1: expected a value"},
        {"\"a", "line 1, column 1: the text has no closing quote"},
        {"\"a\nb\"", "line 1, column 3: not a valid character of a text"},
        {"\"\\x\"", "line 1, column 2: not a valid character of a text"},
        {"\"\\u12\"", "line 1, column 2: not a valid character of a text"},
        {"\"\\u0000\"", "line 1, column 2: not a valid character of a text"},
        {"\"\\ud800\"", "line 1, column 2: not a valid character of a text"},
        {"\"\\udc00\"", "line 1, column 2: not a valid character of a text"},
        {"\"\xff\"", "line 1, column 2: not a valid character of a text"},
        {"\"\xc0\x80\"", "line 1, column 2: not a valid character of a text"},
        {"\"\xed\xa0\x80\"", "line 1, column 2: not a valid character of a text"},
        {"\"\xe2\x82\"", "line 1, column 2: not a valid character of a text"},
        {"\"\xf4\x90\x80\x80\"", "line 1, column 2: not a valid character of a text"},
        {"// x\n1", "line 1, column 1: expected a value"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct vsw_err err = {0};

        assert_true(scan(rows[i].text, false, &err) < 0);
        assert_string_equal(err.msg, rows[i].msg);
    }
}

static void test_nul_bytes_are_refused(void **state)
{
    const struct json_limits limits = {0};
    struct json *json;

    assert_int_equal(json_parse("1\0", 2, &limits, &json, NULL), -EINVAL);
    assert_int_equal(json_parse("\"a\0b\"", 5, &limits, &json, NULL), -EINVAL);
    assert_int_equal(json_parse("[1\0]", 4, &limits, &json, NULL), -EINVAL);
}

static void test_comments_in_files_only(void **state)
{
    static const char text[] = "// head\n{ /* a */ \"a\": 1 // end\n}\n/* tail */";
    struct vsw_err err = {0};

    assert_int_equal(scan(text, true, NULL), 0);
    assert_int_equal(scan(text, false, NULL), -EINVAL);
    assert_int_equal(scan("{} /* open", true, &err), -EINVAL);
    assert_string_equal(err.msg, "line 1, column 4: the comment does not end");
    assert_int_equal(scan("{} /", true, NULL), -EINVAL);
    assert_int_equal(scan("1//x", true, NULL), 0);
    assert_int_equal(scan("/***/[/**/1/* ** */,2]//", true, NULL), 0);
    assert_int_equal(scan("\"// no comment\"", true, NULL), 0);
}

static void test_depth_and_length_are_bounded(void **state)
{
    char text[5000];
    struct vsw_err err = {0};

    memset(text, '[', JSON_DEPTH_MAX);
    memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
    text[2 * JSON_DEPTH_MAX] = '\0';
    assert_int_equal(scan(text, false, NULL), 0);
    memset(text, '[', JSON_DEPTH_MAX + 1);
    memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
    text[2 * JSON_DEPTH_MAX + 2] = '\0';
    assert_int_equal(scan(text, false, &err), -E2BIG);
    memset(text, ' ', sizeof(text));
    text[4096] = '\0';
    text[0] = '1';
    assert_int_equal(scan(text, false, NULL), 0);
    text[4096] = ' ';
    text[4097] = '\0';
    assert_int_equal(scan(text, false, NULL), -E2BIG);
}

static void test_places_are_found_by_path(void **state)
{
    static const char text[] = "{\"version\": 1,\n \"ports\": [\n  {\"name\": \"a\"},\n"
                               "  {\"name\": \"b\", \"mtu\": 5}\n ]}";
    const struct json_limits limits = {0};
    static const struct {
        const char *path;
        unsigned line, column;
    } rows[] = {
        {"version", 1, 13},      {"ports", 2, 11},    {"ports[0]", 3, 3}, {"ports[1].mtu", 4, 24},
        {"ports[1].type", 4, 3}, {"ports[7]", 2, 11}, {"nothing", 1, 1},  {"", 1, 1},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        unsigned line, column;
        size_t offset;

        assert_int_equal(json_scan(text, strlen(text), &limits, rows[i].path, &offset, NULL), 0);
        json_position(text, offset, &line, &column);
        if (line != rows[i].line || column != rows[i].column)
            fail_msg("%s: %u:%u", rows[i].path, line, column);
    }
}

static void test_numbers(void **state)
{
    static const struct {
        const char *text;
        int rc;
        uint64_t value;
    } rows[] = {
        {"0", 0, 0},          {"18446744073709551615", 0, UINT64_MAX},
        {"1e3", 0, 1000},     {"2.0", 0, 2},
        {"-1", -ERANGE, 0},   {"2.5", -ERANGE, 0},
        {"1e30", -ERANGE, 0}, {"\"1\"", -EINVAL, 0},
    };
    const struct json_limits limits = {0};

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct json *json = NULL;
        uint64_t value = 0;

        assert_int_equal(json_parse(rows[i].text, strlen(rows[i].text), &limits, &json, NULL), 0);
        assert_int_equal(json_u64(json, &value), rows[i].rc);
        assert_int_equal(value, rows[i].value);
        json_free(json);
    }
}

static void test_values_of_the_wrong_kind_read_as_nothing(void **state)
{
    struct json *text = json_new_text("x");
    struct json_iter it = {0};

    assert_string_equal(json_text(NULL), "");
    assert_int_equal(json_count(text), 0);
    assert_null(json_get(text, "a"));
    assert_null(json_at(text, 0));
    assert_false(json_is_true(text));
    assert_false(json_next(text, &it));
    json_free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_texts),
        cmocka_unit_test(test_bad_texts_with_position),
        cmocka_unit_test(test_nul_bytes_are_refused),
        cmocka_unit_test(test_comments_in_files_only),
        cmocka_unit_test(test_depth_and_length_are_bounded),
        cmocka_unit_test(test_places_are_found_by_path),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_values_of_the_wrong_kind_read_as_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
