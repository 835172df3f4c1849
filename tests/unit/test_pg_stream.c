/* SPDX-License-Identifier: BSD-3-Clause */
#include "pktgen/stream.h"

#include <errno.h>
#include <string.h>

#include "tests/support/cmocka.h"

static struct pg_stream parsed(const char *text)
{
    struct vsw_err err = {0};
    struct pg_stream s;

    if (pg_stream_parse(text, 3, &s, &err) != 0)
        fail_msg("%s: %s: %s", text, err.field, err.msg);
    return s;
}

static void test_defaults_meet_in_the_middle(void **state)
{
    struct pg_stream there = parsed("tx=0,rx=1"), back = parsed("tx=1,rx=0");

    assert_int_equal(there.id, 3);
    assert_int_equal(there.flows, 1);
    assert_int_equal(there.burst, 1);
    assert_int_equal(there.rate.unit, PG_RATE_MAX);
    assert_int_equal(there.sizes.item[0].bytes, 64);
    assert_memory_equal(there.smac.b, back.dmac.b, 6);
    assert_memory_equal(there.dmac.b, back.smac.b, 6);
    assert_memory_equal(&there.src, &back.dst, sizeof(there.src));
    assert_int_equal(parsed("tx=2").rx, PG_PORT_NONE);
}

static void test_every_key(void **state)
{
    struct pg_stream s =
        parsed("tx=2,rx=3,size=128,1518,rate=5Mpps,flows=1M,smac=02:00:00:00:00:10,"
               "smacs=1k,dmac=02:00:00:00:00:20,dmacs=64k,vlan=10-19,qinq=100,"
               "pcp=5,src=fd00::5,dst=fd00::6,l4=tcp,sport=7,dport=8,"
               "csum=offload,tso=1448,burst=32");

    assert_int_equal(s.tx, 2);
    assert_int_equal(s.rx, 3);
    assert_int_equal(s.sizes.count, 2);
    assert_int_equal(s.sizes.item[1].bytes, 1518);
    assert_float_equal(s.rate.value, 5e6, 0);
    assert_int_equal(s.flows, 1000000);
    assert_int_equal(s.smacs, 1000);
    assert_int_equal(s.dmacs, 64000);
    assert_int_equal(s.smac.b[5], 0x10);
    assert_int_equal(s.dmac.b[5], 0x20);
    assert_true(s.vlan.first == 10 && s.vlan.last == 19 && s.qinq.first == 100 && s.pcp == 5);
    assert_true(s.src.version == 6 && s.src.b[15] == 5 && s.dst.b[15] == 6);
    assert_int_equal(s.l4, PG_TCP);
    assert_true(s.sport == 7 && s.dport == 8);
    assert_int_equal(s.csum, PG_CSUM_OFFLOAD);
    assert_int_equal(s.tso_mss, 1448);
    assert_int_equal(s.burst, 32);
}

static void test_what_follows(void **state)
{
    struct pg_stream s = parsed("tx=0,rx=1,smacs=10,dmacs=64k,vlan=1-100");

    assert_int_equal(s.flows, 64000);
    s = parsed("tx=0,rx=1,tso=1448,size=65553");
    assert_true(s.l4 == PG_TCP && s.csum == PG_CSUM_OFFLOAD);
    s = parsed("tx=0,rx=1,src=fd00::9,size=100");
    assert_int_equal(s.dst.version, 6);
    s = parsed("tx=0,rx=1,ip=6,size=100");
    assert_true(s.src.version == 6 && s.dst.version == 6);
    s = parsed("tx=0,size=64:3,1518:1,rx=1");
    assert_true(s.sizes.count == 2 && s.rx == 1);
}

static void test_format_reads_back(void **state)
{
    static const char *const texts[] = {
        "tx=0,rx=1,size=64",
        "tx=0,size=imix",
        "tx=1,rx=0,size=64,128:2,rate=1.5Mpps,flows=1000,smacs=10,dmacs=20,burst=8",
        "tx=0,rx=1,size=128,flows=11,vlan=10-20,qinq=5,pcp=3,ip=6,l4=tcp,csum=offload,tso=1000",
        "tx=0,rx=1,size=64,smac=06:00:00:00:00:01,dmac=06:00:00:00:00:02,src=1.2.3.4,dst=5.6.7.8,"
        "sport=1,dport=2,csum=none",
    };

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct pg_stream s = parsed(texts[i]);
        char buf[1024];

        pg_stream_format(&s, buf, sizeof(buf));
        assert_string_equal(buf, texts[i]);
    }
}

static void test_errors_say_what_and_how(void **state)
{
    static const struct {
        const char *text, *field, *msg, *hint;
    } rows[] = {
        {"rx=1", "tx", "the stream names no port that sends", "like tx=0,rx=1"},
        {"", "stream", "there is no key \"\"", "one of: tx, rx"},
        {"tx=0,zize=64", "stream", "there is no key \"zize\"", "one of: tx, rx"},
        {"tx=0,csum", "csum", "needs a value", "csum=...: full, none, or offload"},
        {"tx=0,size=", "size", "needs a value", "size=...: bytes with FCS"},
        {"tx=0,tx=1", "tx", "is there twice", ""},
        {"tx=a", "tx", "\"a\" is not a count", "a whole number"},
        {"tx=0,ip=5", "ip", "there is no choice \"5\"", "one of: 4, 6"},
        {"tx=0,l4=sctp", "l4", "there is no choice \"sctp\"", "one of: udp, tcp"},
        {"tx=0,vlan=0", "vlan", "0 is out of range", "from 1 to 4094"},
        {"tx=0,qinq=5", "qinq", "an outer tag needs an inner one", "like vlan=10,qinq=100"},
        {"tx=0,pcp=5", "pcp", "there is no VLAN tag to hold it", "like vlan=10,pcp=5"},
        {"tx=0,smacs=1k,flows=10", "flows", "10 flows cannot show 1000 MACs or VLANs",
         "flows=1000 or more"},
        {"tx=0,smac=01:00:00:00:00:01", "smac", "is a group address, which cannot send",
         "the first byte must be even"},
        {"tx=0,smac=fe:ff:ff:ff:ff:ff,dmac=ff:ff:ff:ff:ff:ff,dmacs=2", "dmacs",
         "there are not that many addresses above dmac", ""},
        {"tx=0,src=10.0.0.1,dst=fd00::1", "dst", "src and dst are not of the same IP version",
         "give both as IPv4 or both as IPv6"},
        {"tx=0,l4=tcp,csum=none", "csum", "only UDP over IPv4 goes without a checksum",
         "csum=full"},
        {"tx=0,l4=udp,tso=1000", "tso", "only TCP is cut into segments", "l4=tcp"},
        {"tx=0,csum=full,tso=1000", "tso", "segments get their checksums from the switch",
         "csum=offload"},
        {"tx=0,ip=6", "size", "64 bytes are too short for the headers",
         "these headers need size=66 or more"},
        {"tx=0,size=9221", "size", "9221 bytes are too long", "at most 9220; up to 65553 with tso"},
        {"tx=0,burst=0", "burst", "0 is out of range", "from 1 to 4096"},
        {"tx=0,rate=fast", "rate", "\"fast\" is not a rate", "like 10kpps"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct vsw_err err = {0};
        struct pg_stream s;

        if (pg_stream_parse(rows[i].text, 0, &s, &err) >= 0)
            fail_msg("%s was accepted", rows[i].text);
        assert_string_equal(err.field, rows[i].field);
        assert_string_equal(err.msg, rows[i].msg);
        assert_memory_equal(err.hint, rows[i].hint, strlen(rows[i].hint));
    }
}

static void test_signature_needs_room(void **state)
{
    struct pg_stream s = parsed("tx=0,rx=1,size=64,vlan=10"), tcp = parsed("tx=0,rx=1,l4=tcp");
    struct pg_stream tso = parsed("tx=0,rx=1,tso=1448,size=1518");
    struct vsw_err err = {0};

    assert_int_equal(pg_stream_check(&s, true, &err), 0);
    assert_int_equal(pg_stream_min_size(&tcp, true), 14 + 20 + 20 + 14 + 4);
    assert_int_equal(pg_stream_check(&tcp, true, &err), -EINVAL);
    assert_string_equal(err.msg, "64 bytes are too short for the headers and the signature");
    assert_string_equal(err.hint, "these headers need size=72 or more");
    assert_int_equal(pg_stream_check(&tso, true, NULL), -EINVAL);
    s.id = PG_STREAMS_MAX;
    assert_int_equal(pg_stream_check(&s, false, NULL), -EINVAL);
}

static void test_help_lists_all_keys(void **state)
{
    const char *key = NULL;
    unsigned count = 0;

    for (const char *help; (help = pg_stream_help(count, &key)) != NULL; count++)
        assert_true(strlen(key) > 0 && strlen(help) > 0);
    assert_int_equal(count, 21);
}

/* Any text is refused or read, and nothing is written beyond the buffer. */
static void test_odd_texts(void **state)
{
    char text[2000];
    struct pg_stream s;

    memset(text, ',', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(pg_stream_parse(text, 0, &s, NULL), -EINVAL);
    memset(text, '1', sizeof(text) - 1);
    assert_int_equal(pg_stream_parse(text, 0, &s, NULL), -EINVAL);
    assert_int_equal(pg_stream_parse("tx=0,,rx=1", 0, &s, NULL), -EINVAL);
    assert_int_equal(pg_stream_parse("=", 0, &s, NULL), -EINVAL);
    assert_int_equal(pg_stream_parse("1", 0, &s, NULL), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults_meet_in_the_middle),
        cmocka_unit_test(test_every_key),
        cmocka_unit_test(test_what_follows),
        cmocka_unit_test(test_format_reads_back),
        cmocka_unit_test(test_errors_say_what_and_how),
        cmocka_unit_test(test_signature_needs_room),
        cmocka_unit_test(test_help_lists_all_keys),
        cmocka_unit_test(test_odd_texts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
