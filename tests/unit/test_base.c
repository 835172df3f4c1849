/* SPDX-License-Identifier: BSD-3-Clause
 *
 * base/: addresses, hash, errors and the limit on log lines.
 */
#include "base/err.h"
#include "base/log.h"
#include "base/mac.h"
#include "base/siphash.h"
#include "tests/support/cmocka.h"

#include <errno.h>
#include <string.h>

static void mac_round_trip(void **state)
{
    struct mac m;
    char text[MAC_TEXT_LEN];

    assert_int_equal(mac_parse("02:aB:00-ff:10:7f", &m), 0);
    assert_string_equal(mac_format(&m, text), "02:ab:00:ff:10:7f");
    assert_int_equal(mac_to_u64(m.b), 0x02ab00ff107full);
    m = mac_from_u64(0x010203040506ull);
    assert_string_equal(mac_format(&m, text), "01:02:03:04:05:06");
}

static void mac_refuses(void **state)
{
    static const char *const bad[] = {"",
                                      "02:00:00:00:00",
                                      "02:00:00:00:00:0g",
                                      "02:00:00:00:00:001",
                                      "02.00.00.00.00.00",
                                      "0200:00:00:00:000"};
    struct mac m = {{9, 9, 9, 9, 9, 9}};

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_int_equal(mac_parse(bad[i], &m), -EINVAL);
    assert_int_equal(m.b[0], 9);
}

static void siphash_depends_on_key(void **state)
{
    struct siphash_key a = {1, 2}, b = {1, 3};

    assert_int_equal(siphash13_u64(&a, 42), siphash13_u64(&a, 42));
    assert_int_not_equal(siphash13_u64(&a, 42), siphash13_u64(&b, 42));
    assert_int_not_equal(siphash13_u64(&a, 42), siphash13_u64(&a, 43));
}

static void siphash_is_not_linear(void **state)
{
    struct siphash_key key = siphash_key_random();
    uint64_t x = 0x1234, y = 0x5678, z = 0x9abc;

    /* For a linear hash h(x^y^z) == h(x)^h(y)^h(z) under every key. */
    assert_int_not_equal(siphash13_u64(&key, x ^ y ^ z),
                         siphash13_u64(&key, x) ^ siphash13_u64(&key, y) ^ siphash13_u64(&key, z));
}

static void err_first_wins(void **state)
{
    struct vsw_err err = {0};

    assert_int_equal(vsw_err_set(&err, -EINVAL, "vlan", "%d is too large", 5000), -EINVAL);
    vsw_err_hint(&err, "use 0 to %d", 4094);
    vsw_err_set(&err, -EIO, "other", "later");
    assert_int_equal(err.code, -EINVAL);
    assert_string_equal(err.field, "vlan");
    assert_string_equal(err.msg, "5000 is too large");
    assert_string_equal(err.hint, "use 0 to 4094");
    assert_int_equal(vsw_err_set(NULL, -EIO, NULL, "nobody listens"), -EIO);
}

static void log_limit_counts_what_it_held_back(void **state)
{
    struct log_limit limit = {.burst = 3, .per_s = 1};
    uint64_t now = NS_PER_SEC, suppressed = 99;

    for (int i = 0; i < 3; i++)
        assert_true(log_limit_pass(&limit, now, NULL));
    for (int i = 0; i < 5; i++)
        assert_false(log_limit_pass(&limit, now, NULL));
    assert_true(log_limit_pass(&limit, now + NS_PER_SEC, &suppressed));
    assert_int_equal(suppressed, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mac_round_trip),
        cmocka_unit_test(mac_refuses),
        cmocka_unit_test(siphash_depends_on_key),
        cmocka_unit_test(siphash_is_not_linear),
        cmocka_unit_test(err_first_wins),
        cmocka_unit_test(log_limit_counts_what_it_held_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
