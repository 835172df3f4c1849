/* SPDX-License-Identifier: BSD-3-Clause */
#include "pktgen/text.h"

#include <errno.h>
#include <string.h>

#include "tests/support/cmocka.h"

static const struct pg_range any = {0, UINT64_MAX};

static void test_counts(void **state)
{
    static const struct {
        const char *text;
        uint64_t count;
    } rows[] = {{"0", 0},           {"32", 32},      {"1k", 1000},      {"64K", 64000},
                {"1.5M", 1500000},  {"64Ki", 65536}, {"1.1M", 1100000}, {"4.7k", 4700},
                {"2G", 2000000000}, {"0.5k", 500},   {"1Mi", 1048576},  {"123456789", 123456789}};

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct vsw_err err = {0};
        uint64_t count = 0;

        assert_int_equal(pg_text_count("flows", rows[i].text, any, &count, &err), 0);
        assert_int_equal(count, rows[i].count);
    }
}

static void test_bad_counts_say_why(void **state)
{
    static const struct {
        const char *text;
        int rc;
        const char *msg;
    } rows[] = {
        {"", -EINVAL, "\"\" is not a count"},
        {"x", -EINVAL, "\"x\" is not a count"},
        {"-1", -EINVAL, "\"-1\" is not a count"},
        {"1.", -EINVAL, "\"1.\" is not a count"},
        {".5k", -EINVAL, "\".5k\" is not a count"},
        {"1.5", -EINVAL, "\"1.5\" is not a whole number"},
        {"1kk", -EINVAL, "\"1kk\" is not a count"},
        {"1e3", -EINVAL, "\"1e3\" is not a count"},
        {"99999999999999999999", -EINVAL, "\"99999999999999999999\" is not a count"},
        {"0", -ERANGE, "0 is out of range"},
        {"2k", -ERANGE, "2k is out of range"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct vsw_err err = {0};
        uint64_t count = 77;

        assert_int_equal(
            pg_text_count("flows", rows[i].text, (struct pg_range){1, 1000}, &count, &err),
            rows[i].rc);
        assert_string_equal(err.msg, rows[i].msg);
        assert_string_equal(err.field, "flows");
        assert_string_not_equal(err.hint, "");
        assert_int_equal(count, 77);
    }
}

static void test_ranges(void **state)
{
    struct vsw_err err = {0};
    struct pg_range r;

    assert_int_equal(pg_text_range("vlan", "10-20", (struct pg_range){1, 4094}, &r, &err), 0);
    assert_int_equal(r.first, 10);
    assert_int_equal(r.last, 20);
    assert_int_equal(pg_text_range("vlan", "7", (struct pg_range){1, 4094}, &r, &err), 0);
    assert_true(r.first == 7 && r.last == 7);
    assert_int_equal(pg_text_range("vlan", "20-10", (struct pg_range){1, 4094}, &r, &err), -EINVAL);
    assert_string_equal(err.msg, "\"20-10\" is not a range that goes up");
    err = (struct vsw_err){0};
    assert_int_equal(pg_text_range("vlan", "1-4095", (struct pg_range){1, 4094}, &r, &err),
                     -ERANGE);
    assert_string_equal(err.hint, "from 1 to 4094");
    assert_int_equal(pg_text_range("vlan", "10-", (struct pg_range){1, 4094}, &r, NULL), -EINVAL);
    assert_int_equal(pg_text_range("vlan", "-10", (struct pg_range){1, 4094}, &r, NULL), -EINVAL);
}

static void test_durations(void **state)
{
    static const struct {
        const char *text;
        uint64_t ns;
    } rows[] = {{"10s", 10000000000}, {"1.5s", 1500000000}, {"500ms", 500000000},
                {"20us", 20000},      {"100ns", 100},       {"10", 10000000000},
                {"2m", 120000000000}, {"1h", 3600000000000}};
    struct vsw_err err = {0};
    uint64_t ns;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        assert_int_equal(pg_text_duration("time", rows[i].text, &ns, NULL), 0);
        assert_int_equal(ns, rows[i].ns);
    }
    assert_int_equal(pg_text_duration("time", "0s", &ns, &err), -ERANGE);
    assert_int_equal(pg_text_duration("time", "9999h", &ns, NULL), -ERANGE);
    err = (struct vsw_err){0};
    assert_int_equal(pg_text_duration("time", "10 parsec", &ns, &err), -EINVAL);
    assert_string_equal(err.msg, "\"10 parsec\" is not a time");
    assert_string_equal(err.hint, "a time, like 10s, 1.5s, 500ms or 20us");
}

static void test_rates(void **state)
{
    static const struct {
        const char *text;
        enum pg_rate_unit unit;
        double value;
        const char *back;
    } rows[] = {
        {"max", PG_RATE_MAX, 0, "max"},
        {"5000", PG_RATE_PPS, 5000, "5kpps"},
        {"10kpps", PG_RATE_PPS, 1e4, "10kpps"},
        {"1.5Mpps", PG_RATE_PPS, 1.5e6, "1.5Mpps"},
        {"14.88Mpps", PG_RATE_PPS, 14.88e6, "14.88Mpps"},
        {"10Gbps", PG_RATE_BPS, 1e10, "10Gbps"},
        {"2.5Gbit/s", PG_RATE_BPS, 2.5e9, "2.5Gbps"},
        {"50%", PG_RATE_PERCENT, 50, "50%"},
        {"0.1%", PG_RATE_PERCENT, 0.1, "0.1%"},
    };
    struct pg_rate rate;
    struct vsw_err err = {0};
    char buf[PG_TEXT_MAX];

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        assert_int_equal(pg_text_rate("rate", rows[i].text, &rate, NULL), 0);
        assert_int_equal(rate.unit, rows[i].unit);
        assert_float_equal(rate.value, rows[i].value, 1e-6);
        assert_string_equal(pg_text_rate_format(&rate, buf, sizeof(buf)), rows[i].back);
    }
    assert_int_equal(pg_text_rate("rate", "fast", &rate, &err), -EINVAL);
    assert_string_equal(err.msg, "\"fast\" is not a rate");
    assert_string_equal(err.hint, "like 10kpps, 1.5Mpps, 10Gbps, 50% or max");
    assert_int_equal(pg_text_rate("rate", "0", &rate, NULL), -ERANGE);
    assert_int_equal(pg_text_rate("rate", "5mpps", &rate, NULL), -EINVAL);
}

static void test_rates_as_pps(void **state)
{
    struct pg_rate bps = {PG_RATE_BPS, 512e6}, percent = {PG_RATE_PERCENT, 50}, none = {0};

    assert_float_equal(pg_rate_pps(&bps, 64, 0), 1e6, 1e-6);
    assert_float_equal(pg_rate_pps(&percent, 64, 20e6), 10e6, 1e-6);
    assert_float_equal(pg_rate_pps(&none, 64, 20e6), 0, 0);
}

static void test_sizes(void **state)
{
    struct pg_sizes sizes;
    uint32_t seen[3] = {0};
    char buf[64];

    assert_int_equal(pg_text_sizes("size", "64,128,1518", &sizes, NULL), 0);
    assert_int_equal(sizes.count, 3);
    assert_int_equal(sizes.item[2].bytes, 1518);
    assert_int_equal(sizes.order_count, 3);
    pg_text_sizes_format(&sizes, buf, sizeof(buf));
    assert_string_equal(buf, "64,128,1518");
    assert_int_equal(pg_text_sizes("size", "imix", &sizes, NULL), 0);
    assert_int_equal(sizes.order_count, 12);
    for (uint32_t i = 0; i < sizes.order_count; i++)
        seen[sizes.order[i]]++;
    assert_true(seen[0] == 7 && seen[1] == 4 && seen[2] == 1);
    /* spread: of the small ones no more than two follow each other */
    for (uint32_t i = 0; i + 2 < sizes.order_count; i++)
        assert_false(sizes.order[i] == 0 && sizes.order[i + 1] == 0 && sizes.order[i + 2] == 0);
    assert_float_equal(pg_text_sizes_mean(&sizes), (7 * 64 + 4 * 570 + 1518) / 12.0, 1e-9);
    pg_text_sizes_format(&sizes, buf, sizeof(buf));
    assert_string_equal(buf, "imix");
    assert_int_equal(pg_text_sizes("size", "64:3,9220", &sizes, NULL), 0);
    pg_text_sizes_format(&sizes, buf, sizeof(buf));
    assert_string_equal(buf, "64:3,9220");
}

static void test_bad_sizes(void **state)
{
    static const struct {
        const char *text, *msg;
    } rows[] = {
        {"", "\"\" is not a list of sizes"},
        {"64,", "\"\" is not a list of sizes"},
        {"64,,128", "\",128\" is not a list of sizes"},
        {"small", "\"small\" is not a size in bytes"},
        {"1k", "\"1k\" is not a size in bytes"},
        {"63", "63 is out of range"},
        {"65554", "65554 is out of range"},
        {"64:0", "0 is out of range"},
        {"64:65", "65 is out of range"},
        {"64:40,128:40", "the list of sizes is too long"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct vsw_err err = {0};
        struct pg_sizes sizes;

        assert_true(pg_text_sizes("size", rows[i].text, &sizes, &err) < 0);
        assert_string_equal(err.msg, rows[i].msg);
        assert_string_not_equal(err.hint, "");
    }
}

static void test_addresses(void **state)
{
    static const uint8_t v4[4] = {10, 1, 2, 3};
    struct vsw_err err = {0};
    struct pg_addr addr;
    struct mac mac;

    assert_int_equal(pg_text_addr("src", "10.1.2.3", &addr, NULL), 0);
    assert_int_equal(addr.version, 4);
    assert_memory_equal(addr.b + 12, v4, 4);
    assert_int_equal(pg_text_addr("src", "fd00::1", &addr, NULL), 0);
    assert_true(addr.version == 6 && addr.b[0] == 0xfd && addr.b[15] == 1);
    assert_int_equal(pg_text_addr("src", "10.1.2", &addr, &err), -EINVAL);
    assert_string_equal(err.hint, "like 10.0.0.1 or fd00::1");
    assert_int_equal(pg_text_mac("smac", "02:00:00:00:00:01", &mac, NULL), 0);
    err = (struct vsw_err){0};
    assert_int_equal(pg_text_mac("smac", "02:00", &mac, &err), -EINVAL);
    assert_string_equal(err.msg, "\"02:00\" is not a MAC address");
}

static void test_numbers_for_people(void **state)
{
    char buf[PG_TEXT_MAX];

    assert_string_equal(pg_text_pps(21437512, buf, sizeof(buf)), "21.4 Mpps");
    assert_string_equal(pg_text_pps(999600, buf, sizeof(buf)), "1.00 Mpps");
    assert_string_equal(pg_text_pps(999499, buf, sizeof(buf)), "999 kpps");
    assert_string_equal(pg_text_pps(0, buf, sizeof(buf)), "0 pps");
    assert_string_equal(pg_text_pps(512, buf, sizeof(buf)), "512 pps");
    assert_string_equal(pg_text_bps(9.9999e9, buf, sizeof(buf)), "10.0 Gb/s");
    assert_string_equal(pg_text_ns(870, buf, sizeof(buf)), "870 ns");
    assert_string_equal(pg_text_ns(1034, buf, sizeof(buf)), "1.03 us");
    assert_string_equal(pg_text_ns(2.5e9, buf, sizeof(buf)), "2.50 s");
    assert_string_equal(pg_text_short(1234567, buf, sizeof(buf)), "1.23M");
    assert_string_equal(pg_text_short(999, buf, sizeof(buf)), "999");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),    cmocka_unit_test(test_bad_counts_say_why),
        cmocka_unit_test(test_ranges),    cmocka_unit_test(test_durations),
        cmocka_unit_test(test_rates),     cmocka_unit_test(test_rates_as_pps),
        cmocka_unit_test(test_sizes),     cmocka_unit_test(test_bad_sizes),
        cmocka_unit_test(test_addresses), cmocka_unit_test(test_numbers_for_people),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
