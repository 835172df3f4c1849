/* SPDX-License-Identifier: BSD-3-Clause */
#include "pktgen/tag.h"

#include <stdlib.h>
#include <string.h>

#include "pktgen/frame.h"
#include "tests/support/cmocka.h"

static void test_round_trip(void **state)
{
    uint8_t b[PG_TAG_BYTES + 2] = {0};

    b[0] = b[15] = 0xa5;
    for (uint32_t i = 0; i < 200000; i++) {
        uint64_t time = i * 0x9e3779b97f4a7c15ull, sequence = i * 2654435761ull;
        uint16_t stream = i % 4096, magic = (uint16_t)(i * 31);
        struct pg_tag tag = {0};

        pg_tag_write(b + 1, magic, stream, sequence, time);
        assert_true(pg_tag_read(b + 1, magic, &tag));
        assert_int_equal(tag.stream, stream);
        assert_int_equal(tag.sequence, sequence & PG_TAG_SEQ_MASK);
        assert_int_equal(tag.time, time & PG_TAG_TIME_MASK);
        assert_int_equal(pg_tag_age(&tag, time + 12345), 12345);
        assert_false(pg_tag_read(b + 1, magic ^ 1, &tag));
    }
    assert_true(b[0] == 0xa5 && b[15] == 0xa5);
}

/* One flipped bit never passes. */
static void test_damage_is_seen(void **state)
{
    uint8_t b[PG_TAG_BYTES];
    struct pg_tag tag;

    for (uint32_t i = 0; i < 1000; i++) {
        pg_tag_write(b, 0x1234, i % 4096, i * 77777, i * 1234567ull);
        for (uint32_t bit = 0; bit < 8 * PG_TAG_BYTES; bit++) {
            b[bit / 8] ^= (uint8_t)(1 << bit % 8);
            assert_false(pg_tag_read(b, 0x1234, &tag));
            b[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        assert_true(pg_tag_read(b, 0x1234, &tag));
    }
}

static void test_trials_differ(void **state)
{
    for (uint32_t trial = 0; trial < 1000; trial++)
        for (uint32_t later = trial + 1; later < trial + 50; later++)
            assert_int_not_equal(pg_tag_magic(42, trial), pg_tag_magic(42, later));
    assert_int_not_equal(pg_tag_magic(1, 0), pg_tag_magic(2, 0));
}

static const char *const texts[] = {
    "tx=0,rx=1",
    "tx=0,rx=1,vlan=10",
    "tx=0,rx=1,vlan=10,qinq=20,size=100",
    "tx=0,rx=1,ip=6,size=100,l4=tcp",
    "tx=0,rx=1,size=1518,csum=none",
    "tx=0,rx=1,size=72,l4=tcp,vlan=1,size=76",
};

static struct pg_layout build(const char *text, uint16_t id, uint8_t *b)
{
    struct vsw_err err = {0};
    struct pg_stream s;
    struct pg_layout l;

    if (pg_stream_parse(text, id, &s, &err) != 0)
        fail_msg("%s: %s", text, err.msg);
    pg_frame_layout(&s, s.sizes.item[0].bytes, true, &l);
    pg_frame_build(&s, &l, 0, true, b);
    return l;
}

static void test_find_and_check(void **state)
{
    uint8_t b[2048];

    for (size_t k = 0; k + 1 < ARRAY_SIZE(texts); k++) {
        struct pg_layout l = build(texts[k], 9, b);

        assert_int_equal(pg_tag_find(b, l.len), l.payload);
        assert_int_equal(pg_tag_check(b, l.len, l.payload, 9), PG_INTACT);
        for (uint32_t len = 0; len < l.payload + (uint32_t)PG_TAG_BYTES; len++)
            assert_int_equal(pg_tag_find(b, len), 0);
        if (l.len > l.payload + (uint32_t)PG_TAG_BYTES) /* another stream's payload */
            assert_int_equal(pg_tag_check(b, l.len, l.payload, 10), PG_BAD_PAYLOAD);
    }
}

/* A switch may take a tag away or put one on. */
static void test_vlan_tag_may_change(void **state)
{
    uint8_t b[2048], moved[2048];
    struct pg_layout l = build("tx=0,rx=1,vlan=10,size=128", 9, b);

    memcpy(moved, b, 12);
    memcpy(moved + 12, b + 16, l.len - 16);
    assert_int_equal(pg_tag_find(moved, l.len - 4), l.payload - 4);
    assert_int_equal(pg_tag_check(moved, l.len - 4, l.payload - 4, 9), PG_INTACT);
    memcpy(moved, b, 12);
    memcpy(moved + 12, "\x88\xa8\x00\x05", 4);
    memcpy(moved + 16, b + 12, l.len - 12);
    assert_int_equal(pg_tag_find(moved, l.len + 4), l.payload + 4);
    assert_int_equal(pg_tag_check(moved, l.len + 4, l.payload + 4, 9), PG_INTACT);
}

static void test_every_damage(void **state)
{
    uint8_t b[2048];
    struct pg_layout l = build("tx=0,rx=1,size=512", 9, b);

    for (uint32_t at = l.payload + PG_TAG_BYTES; at < l.len; at++) {
        b[at] ^= 0x40;
        assert_int_equal(pg_tag_check(b, l.len, l.payload, 9), PG_BAD_PAYLOAD);
        b[at] ^= 0x40;
    }
    for (uint32_t at = 14; at < 34; at++) { /* any byte of the IPv4 header */
        b[at] ^= 0x01;
        assert_int_not_equal(pg_tag_check(b, l.len, l.payload, 9), PG_INTACT);
        b[at] ^= 0x01;
    }
    assert_int_equal(pg_tag_check(b, l.len - 1, l.payload, 9), PG_BAD_LENGTH);
    assert_int_equal(pg_tag_check(b, l.len + 1, l.payload, 9), PG_BAD_LENGTH);
    b[39] ^= 1; /* length of UDP */
    assert_int_equal(pg_tag_check(b, l.len, l.payload, 9), PG_BAD_LENGTH);
    b[39] ^= 1;
    assert_int_equal(pg_tag_check(b, l.len, l.payload, 9), PG_INTACT);
}

/* A frame that lost its tag and was padded to 60 again is whole. */
static void test_padding(void **state)
{
    uint8_t b[2048], moved[64] = {0};
    struct pg_layout l = build("tx=0,rx=1,vlan=10", 9, b);

    memcpy(moved, b, 12);
    memcpy(moved + 12, b + 16, l.len - 16);
    assert_int_equal(pg_tag_check(moved, 60, l.payload - 4, 9), PG_INTACT);
}

/* Anything may come: nothing is read behind the end (the sanitizer looks). */
static void test_junk(void **state)
{
    srand(1);
    for (uint32_t i = 0; i < 200000; i++) {
        uint32_t len = (uint32_t)rand() % 90;
        uint8_t *b = malloc(len ? len : 1);
        uint32_t at;

        for (uint32_t k = 0; k < len; k++)
            b[k] = (uint8_t)rand();
        if (len > 20) {
            static const uint8_t types[][2] = {{0x81, 0}, {0x08, 0}, {0x86, 0xdd}, {0x88, 0xa8}};

            memcpy(b + 12, types[i % 4], 2);
            b[14] = i % 8 == 1 ? 0x45 : i % 4 == 2 ? 0x60 : b[14];
        }
        at = pg_tag_find(b, len);
        assert_true(at == 0 || at + PG_TAG_BYTES <= len);
        pg_tag_check(b, len, at, (uint16_t)i);
        free(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_damage_is_seen),
        cmocka_unit_test(test_trials_differ),
        cmocka_unit_test(test_find_and_check),
        cmocka_unit_test(test_vlan_tag_may_change),
        cmocka_unit_test(test_every_damage),
        cmocka_unit_test(test_padding),
        cmocka_unit_test(test_junk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
