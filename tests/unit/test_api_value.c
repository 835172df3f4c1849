/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "tests/support/cmocka.h"

#define VALUE_COLOURS(E)                                                                           \
    E(VALUE_RED, "red", "like blood")                                                              \
    E(VALUE_GREEN, "green", "like grass")
API_ENUM_DECLARE(value_colour, VALUE_COLOURS)
API_ENUM_DEFINE(value_colour, VALUE_COLOURS)

#define VALUE_FIELDS(F, S)                                                                         \
    F(S, flag, BOOL, (), API_OPTIONAL, "true", "flag")                                             \
    F(S, small, U32, (10, 20), API_OPTIONAL, "12", "small")                                        \
    F(S, large, U64, (0, UINT64_MAX), API_OPTIONAL, NULL, "large")                                 \
    F(S, colour, ENUM, (value_colour), API_OPTIONAL, "green", "colour")                            \
    F(S, name, NAME, (), API_OPTIONAL, NULL, "name")                                               \
    F(S, must, NAME, (), API_REQUIRED, NULL, "must")                                               \
    F(S, text, STR, (8), API_OPTIONAL, NULL, "text")                                               \
    F(S, prose, TEXT, (), API_OPTIONAL, NULL, "prose")                                             \
    F(S, mac, MAC, (), API_OPTIONAL, NULL, "mac")                                                  \
    F(S, bps, RATE_BPS, (), API_OPTIONAL, NULL, "bps")                                             \
    F(S, pps, RATE_PPS, (), API_OPTIONAL, NULL, "pps")                                             \
    F(S, measured, RATE_BPS, (), API_GAUGE, NULL, "measured")                                      \
    F(S, bytes, BYTES, (0, 1ull << 40), API_OPTIONAL, NULL, "bytes")                               \
    F(S, age, SECONDS, (1, 31536000, 1), API_OPTIONAL, "300", "age")                               \
    F(S, wait, SECONDS, (0, 100000, 0), API_OPTIONAL, NULL, "wait")                                \
    F(S, names, NAMES, (), API_OPTIONAL, NULL, "names")                                            \
    F(S, options, OBJECT, (), API_OPTIONAL, NULL, "options")
API_OBJECT_DECLARE(value_all, VALUE_FIELDS)
API_OBJECT_DEFINE(value_all, VALUE_FIELDS, "value", "all kinds")

/* Writes one field and reads it back as text. */
static int round_trip(const char *name, const char *text, char *ret_text, size_t size,
                      struct vsw_err *err)
{
    const struct api_field *field = api_field_find(&value_all_object, name);
    struct value_all v;
    int rc;

    assert_non_null(field);
    api_init(&value_all_object, &v);
    rc = api_field_parse(&value_all_object, field, text, &v, err);
    assert_int_equal(v.given, rc == 0 ? 1ull << (field - value_all_object.fields) : 0);
    api_field_format(field, &v, ret_text, size);
    api_free(&value_all_object, &v);
    return rc;
}

static void test_texts_are_read_and_written(void **state)
{
    static const struct {
        const char *field, *in, *out;
    } rows[] = {
        {"flag", "off", "false"},
        {"flag", "yes", "true"},
        {"small", "10", "10"},
        {"small", "20", "20"},
        {"large", "18446744073709551615", "18446744073709551615"},
        {"colour", "red", "red"},
        {"name", "a.b-c_9", "a.b-c_9"},
        {"name", "", ""},
        {"text", "1234567", "1234567"},
        {"text", "h\xc3\xa9", "h\xc3\xa9"},
        {"prose", "a b", "a b"},
        {"mac", "52:54:00:12:34:56", "52:54:00:12:34:56"},
        {"bps", "10M", "10M"},
        {"bps", "2.5G", "2.5G"},
        {"bps", "0", "unlimited"},
        {"bps", "unlimited", "unlimited"},
        {"bps", "1.5kbit/s", "1.5k"},
        {"bps", "999", "999"},
        {"bps", "10000000", "10M"},
        {"bps", "1234567890", "1.23G"},
        {"bps", "123456789", "123M"},
        {"pps", "10k", "10k"},
        {"pps", "10Kpps", "10k"},
        {"measured", "0", "0"},
        {"measured", "2345", "2.35k"},
        {"bps", "2345", "2.345k"},
        {"bytes", "64K", "64K"},
        {"bytes", "1MiB", "1M"},
        {"bytes", "65537", "65537"},
        {"bytes", "1.5K", "1536"},
        {"age", "never", "never"},
        {"age", "300", "5m"},
        {"age", "1h", "1h"},
        {"age", "90", "90s"},
        {"age", "1d", "1d"},
        {"wait", "0", "0s"},
        {"names", "a,b", "a,b"},
        {"names", "", ""},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct vsw_err err = {0};
        char text[64];

        if (round_trip(rows[i].field, rows[i].in, text, sizeof(text), &err) != 0)
            fail_msg("%s=%s: %s", rows[i].field, rows[i].in, err.msg);
        assert_string_equal(text, rows[i].out);
    }
}

static void test_wrong_texts_are_refused(void **state)
{
    static const struct {
        const char *field, *in;
        int rc;
    } rows[] = {
        {"flag", "maybe", -EINVAL},
        {"small", "9", -ERANGE},
        {"small", "21", -ERANGE},
        {"small", "4294967306", -ERANGE},
        {"small", "-1", -EINVAL},
        {"small", "", -EINVAL},
        {"small", "12x", -EINVAL},
        {"small", "12.5", -EINVAL},
        {"small", " 12", -EINVAL},
        {"large", "18446744073709551616", -EINVAL},
        {"colour", "blue", -EINVAL},
        {"name", ".a", -EINVAL},
        {"name", "-a", -EINVAL},
        {"name", "a/b", -EINVAL},
        {"name", "a b", -EINVAL},
        {"name", "0123456789012345678901234567890123456789012345678901234567890123", -EINVAL},
        {"must", "", -EINVAL},
        {"text", "12345678", -ERANGE},
        {"mac", "52:54", -EINVAL},
        {"bps", "10MB/s", -EINVAL},
        {"bps", "fast", -EINVAL},
        {"bps", "0.5", -EINVAL},
        {"bps", "1.", -EINVAL},
        {"bps", "99999999999T", -ERANGE},
        {"bps", "1e6", -EINVAL},
        {"bytes", "64 K", -EINVAL},
        {"bytes", "2000G", -ERANGE},
        {"age", "0", -ERANGE},
        {"wait", "never", -EINVAL},
        {"wait", "2d", -ERANGE},
        {"names", "a,,b", -EINVAL},
        {"names", "a,a", -EINVAL},
        {"options", "a=b", -EINVAL},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct vsw_err err = {0};
        char before[64], after[64];
        int rc;

        assert_true(round_trip("small", "12", before, sizeof(before), NULL) == 0);
        rc = round_trip(rows[i].field, rows[i].in, after, sizeof(after), &err);
        if (rc != rows[i].rc)
            fail_msg("%s=%s: %d", rows[i].field, rows[i].in, rc);
        assert_string_equal(err.field, rows[i].field);
        assert_true(err.msg[0] != '\0');
    }
}

static void test_ranges_are_told(void **state)
{
    struct vsw_err err = {0};
    char text[64];

    assert_int_equal(round_trip("small", "9", text, sizeof(text), &err), -ERANGE);
    assert_string_equal(err.msg, "9 is out of range");
    assert_string_equal(err.hint, "from 10 to 20");
    memset(&err, 0, sizeof(err));
    assert_int_equal(round_trip("colour", "blue", text, sizeof(text), &err), -EINVAL);
    assert_string_equal(err.hint, "one of: red, green");
    memset(&err, 0, sizeof(err));
    assert_int_equal(round_trip("age", "0", text, sizeof(text), &err), -ERANGE);
    assert_string_equal(err.hint, "from 1 to 31536000, or never");
}

static void test_defaults(void **state)
{
    struct value_all v;

    api_init(&value_all_object, &v);
    assert_true(v.flag);
    assert_int_equal(v.small, 12);
    assert_int_equal(v.colour, VALUE_GREEN);
    assert_int_equal(v.age, 300);
    assert_int_equal(v.given, 0);
    for (uint32_t i = 0; i < value_all_object.count; i++)
        assert_true(api_field_is_default(&value_all_object, &value_all_object.fields[i], &v));
    v.small = 13;
    v.flag = false;
    strcpy(v.name, "x");
    assert_false(
        api_field_is_default(&value_all_object, api_field_find(&value_all_object, "small"), &v));
    assert_false(
        api_field_is_default(&value_all_object, api_field_find(&value_all_object, "flag"), &v));
    assert_false(
        api_field_is_default(&value_all_object, api_field_find(&value_all_object, "name"), &v));
    api_free(&value_all_object, &v);
}

static void test_nearest_word(void **state)
{
    static const char *const words[] = {"mtu", "networks", "native", "type"};

    assert_string_equal(api_nearest("mut", words, 4), "mtu");
    assert_string_equal(api_nearest("netwroks", words, 4), "networks");
    assert_string_equal(api_nearest("tpye", words, 4), "type");
    assert_null(api_nearest("colour", words, 4));
    assert_null(api_nearest("x", words, 0));
    assert_null(api_nearest(
        "a-word-that-is-much-longer-than-anything-that-the-table-has-to-offer-for-it", words, 4));
}

/* Every object of the table must come out of api_init() with defaults that its own rules accept. */
static void test_every_default_of_the_table_is_valid(void **state)
{
    for (size_t i = 0; i < API_METHOD_COUNT; i++) {
        const struct api_object *objects[] = {api_methods[i].params, api_methods[i].result};

        for (size_t j = 0; j < 2; j++) {
            void *self = malloc(objects[j]->size);

            assert_non_null(self);
            api_init(objects[j], self);
            for (uint32_t f = 0; f < objects[j]->count; f++) {
                const struct api_field *field = &objects[j]->fields[f];

                assert_true(field->help != NULL && field->help[0] != '\0');
                if (field->fallback != NULL)
                    assert_int_equal(
                        api_field_parse(objects[j], field, field->fallback, self, NULL), 0);
            }
            api_free(objects[j], self);
            free(self);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts_are_read_and_written),
        cmocka_unit_test(test_wrong_texts_are_refused),
        cmocka_unit_test(test_ranges_are_told),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_nearest_word),
        cmocka_unit_test(test_every_default_of_the_table_is_valid),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
