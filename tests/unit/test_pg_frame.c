/* SPDX-License-Identifier: BSD-3-Clause */
#include "pktgen/frame.h"

#include <errno.h>
#include <string.h>

#include "pktgen/tag.h"
#include "tests/support/cmocka.h"

#define FRAME_BYTES 65600

static uint8_t frame[FRAME_BYTES], other[FRAME_BYTES];

static struct pg_stream parsed(const char *text)
{
    struct vsw_err err = {0};
    struct pg_stream s;

    if (pg_stream_parse(text, 5, &s, &err) != 0)
        fail_msg("%s: %s: %s", text, err.field, err.msg);
    return s;
}

/* ---- an independent reader: walks the bytes, sums in its own way --------------------------- */

static uint32_t sum_bytes(uint32_t sum, const uint8_t *b, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++) {
        sum += i % 2 ? b[i] : (uint32_t)b[i] << 8;
        while (sum >> 16)
            sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum;
}

static uint32_t pseudo(const uint8_t *ip, bool v6, uint32_t l4_bytes)
{
    uint8_t tail[4] = {0, v6 ? ip[6] : ip[9], (uint8_t)(l4_bytes >> 8), (uint8_t)l4_bytes};

    assert_true(l4_bytes < 65536);
    return sum_bytes(sum_bytes(0, ip + (v6 ? 8 : 12), v6 ? 32 : 8), tail, 4);
}

struct expected {
    const struct pg_stream *s;
    uint32_t flow, len;
};

/* Layer 2: addresses and tags; returns the offset of IP. */
static uint32_t check_l2(const uint8_t *b, const struct expected *e)
{
    const struct pg_stream *s = e->s;
    uint64_t vlans = s->vlan.last - s->vlan.first + 1;
    uint32_t at = 12;

    assert_int_equal(mac_to_u64(b), mac_to_u64(s->dmac.b) + e->flow % s->dmacs);
    assert_int_equal(mac_to_u64(b + 6), mac_to_u64(s->smac.b) + e->flow % s->smacs);
    if (s->qinq.first) {
        assert_int_equal(load_be16(b + at), 0x88a8);
        assert_int_equal(load_be16(b + at + 2), s->pcp << 13 | s->qinq.first);
        at += 4;
    }
    if (s->vlan.first) {
        assert_int_equal(load_be16(b + at), 0x8100);
        assert_int_equal(load_be16(b + at + 2), s->pcp << 13 | (s->vlan.first + e->flow % vlans));
        at += 4;
    }
    assert_int_equal(load_be16(b + at), s->src.version == 6 ? 0x86dd : 0x0800);
    return at + 2;
}

/* Layer 3: lengths, addresses, header checksum; returns the length of the header. */
static uint32_t check_l3(const uint8_t *ip, uint32_t bytes, const struct expected *e)
{
    const struct pg_stream *s = e->s;
    uint32_t low = load_be32(s->src.b + 12) + e->flow;
    uint8_t protocol = s->l4 == PG_TCP ? 6 : 17;

    if (s->src.version == 6) {
        assert_int_equal(load_be32(ip), 0x60000000);
        assert_int_equal(load_be16(ip + 4), bytes - 40);
        assert_int_equal(ip[6], protocol);
        assert_memory_equal(ip + 8, s->src.b, 12);
        assert_int_equal(load_be32(ip + 20), low);
        assert_memory_equal(ip + 24, s->dst.b, 16);
        return 40;
    }
    assert_int_equal(load_be16(ip), 0x4500);
    assert_int_equal(load_be16(ip + 2), bytes);
    assert_int_equal(ip[9], protocol);
    assert_int_equal(load_be32(ip + 12), low);
    assert_memory_equal(ip + 16, s->dst.b + 12, 4);
    assert_int_equal(sum_bytes(0, ip, 20), 0xffff);
    return 20;
}

static void check_l4(const uint8_t *ip, const uint8_t *l4, uint32_t bytes, const struct expected *e)
{
    const struct pg_stream *s = e->s;
    uint32_t sum = pseudo(ip, s->src.version == 6, bytes);
    uint16_t field = load_be16(l4 + (s->l4 == PG_TCP ? 16 : 6));

    assert_int_equal(load_be16(l4), s->sport);
    assert_int_equal(load_be16(l4 + 2), s->dport);
    if (s->l4 == PG_UDP)
        assert_int_equal(load_be16(l4 + 4), bytes);
    else
        assert_int_equal(l4[12] >> 4, 5);
    switch (s->csum) {
    case PG_CSUM_NONE: assert_int_equal(field, 0); break;
    case PG_CSUM_OFFLOAD: assert_int_equal(field, sum); break;
    case PG_CSUM_FULL:
        assert_int_equal(sum_bytes(sum, l4, bytes), 0xffff);
        if (s->l4 == PG_UDP)
            assert_int_not_equal(field, 0);
        break;
    }
}

static void check_frame(const uint8_t *b, const struct pg_stream *s, uint32_t flow, uint32_t len)
{
    struct expected e = {s, flow, len};
    uint32_t l3 = check_l2(b, &e), header = check_l3(b + l3, len - l3, &e);

    check_l4(b + l3, b + l3 + header, len - l3 - header, &e);
}

/* ---- tests --------------------------------------------------------------------------------- */

static void test_known_bytes(void **state)
{
    /* 60 bytes without FCS; checksums computed by hand from RFC 1071 */
    static const uint8_t want[42] = {
        0x02, 0x00, 0x01, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x08, 0x00,
        0x45, 0x00, 0x00, 0x2e, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11, 0x25, 0xbe, 0x0a, 0x00,
        0x00, 0x01, 0x0b, 0x00, 0x00, 0x01, 0xc0, 0x00, 0x00, 0x09, 0x00, 0x1a, 0x00, 0x00};
    struct pg_stream s = parsed("tx=0,rx=1,csum=none");
    struct pg_layout l;

    pg_frame_layout(&s, 64, false, &l);
    assert_int_equal(l.len, 60);
    assert_true(l.l2_len == 14 && l.l3_len == 20 && l.l4_len == 8 && l.payload == 42);
    pg_frame_build(&s, &l, 0, false, frame);
    assert_memory_equal(frame, want, sizeof(want));
}

static const char *const kinds[] = {
    "tx=0,rx=1",
    "tx=0,rx=1,csum=none",
    "tx=0,rx=1,csum=offload",
    "tx=0,rx=1,l4=tcp",
    "tx=0,rx=1,l4=tcp,csum=offload",
    "tx=0,rx=1,vlan=10",
    "tx=0,rx=1,vlan=10-19,pcp=5,smacs=3,flows=100",
    "tx=0,rx=1,vlan=4090-4094,qinq=100,pcp=7,l4=tcp,size=128,dmacs=7,flows=1000",
    "tx=0,rx=1,ip=6,size=128",
    "tx=0,rx=1,ip=6,size=128,l4=tcp,vlan=5,qinq=6,flows=77",
    "tx=0,rx=1,ip=6,size=128,csum=offload",
    "tx=3,rx=9,smacs=64k,dmacs=1k,flows=1M,src=255.255.255.250,dst=255.255.255.255",
    "tx=0,rx=1,src=fd00::ffff:fff0,dst=fd00::2,size=128,flows=1000",
};

static void test_every_size(void **state)
{
    for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
        struct pg_stream s = parsed(kinds[k]);

        for (int tag = 0; tag < 2; tag++) {
            for (uint32_t bytes = pg_stream_min_size(&s, tag); bytes <= PG_SIZE_MAX; bytes++) {
                struct pg_layout l;

                pg_frame_layout(&s, bytes, tag, &l);
                assert_int_equal(l.len, bytes - 4);
                memset(frame, 0xee, 16);
                frame[l.len] = 0xa5;
                pg_frame_build(&s, &l, bytes % s.flows, tag, frame);
                assert_int_equal(frame[l.len], 0xa5);
                check_frame(frame, &s, bytes % s.flows, l.len);
            }
        }
    }
}

/* The loop of a sender: one buffer becomes every flow's frame, in turn. */
static void walk_flows(const char *text, bool tag)
{
    struct pg_stream s = parsed(text);
    uint32_t bytes = pg_stream_min_size(&s, tag) + 7;
    struct pg_layout l;
    struct pg_flows f;

    pg_frame_layout(&s, bytes, tag, &l);
    pg_frame_build(&s, &l, s.flows / 2, tag, frame);
    pg_flows_init(&f, &s);
    for (uint32_t i = 0; i < s.flows + 3; i++, pg_flows_next(&f)) {
        assert_int_equal(f.flow, i % s.flows);
        pg_flows_apply(&f, &l, frame);
        if (i % 997 != 0 && i % s.flows != s.flows - 1)
            continue;
        pg_frame_build(&s, &l, i % s.flows, tag, other);
        assert_memory_equal(frame, other, l.len);
        check_frame(frame, &s, i % s.flows, l.len);
    }
}

static void test_patch_is_a_fresh_frame(void **state)
{
    for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
        walk_flows(kinds[k], false);
        walk_flows(kinds[k], true);
    }
    walk_flows("tx=0,rx=1,vlan=1-4094,qinq=7,smacs=1001,dmacs=64k,flows=1M,l4=tcp,size=80", true);
    walk_flows("tx=0,rx=1,ip=6,size=128,flows=1M,smacs=1k", true);
}

static void test_seek(void **state)
{
    struct pg_stream s = parsed("tx=0,rx=1,vlan=5-9,smacs=3,dmacs=7,flows=1000");
    struct pg_flows walked, jumped;

    pg_flows_init(&walked, &s);
    for (uint32_t i = 0; i < 2500; i++, pg_flows_next(&walked)) {
        pg_flows_init(&jumped, &s);
        pg_flows_seek(&jumped, i);
        assert_memory_equal(&walked, &jumped, sizeof(walked));
    }
}

/* A signature changes the bytes of a frame but not its checksum. */
static void test_signature_is_neutral(void **state)
{
    static const char *const texts[] = {"tx=0,rx=1,vlan=10", "tx=0,rx=1,l4=tcp,size=72",
                                        "tx=0,rx=1,ip=6,size=100", "tx=0,rx=1,size=1518"};

    for (size_t k = 0; k < ARRAY_SIZE(texts); k++) {
        struct pg_stream s = parsed(texts[k]);
        struct pg_layout l;

        pg_frame_layout(&s, s.sizes.item[0].bytes, true, &l);
        pg_frame_build(&s, &l, 0, true, frame);
        for (uint64_t i = 0; i < 10000; i++) {
            pg_tag_write(frame + l.payload, (uint16_t)(i * 7), s.id, i * 2654435761u,
                         i * 0x9e3779b97f4a7c15ull);
            check_frame(frame, &s, 0, l.len);
        }
    }
}

static void test_tso_frame(void **state)
{
    struct pg_stream s = parsed("tx=0,rx=1,tso=1448,size=65553");
    struct pg_layout l;

    pg_frame_layout(&s, 65553, false, &l);
    assert_int_equal(l.len, 65549);
    pg_frame_build(&s, &l, 0, false, frame);
    check_frame(frame, &s, 0, l.len);
    assert_int_equal(load_be16(frame + 16), 65535);
}

static void test_reverse_teaches(void **state)
{
    struct pg_stream s = parsed("tx=0,rx=1,vlan=5-7,dmacs=4,smacs=2,flows=12,size=128,ip=6");

    for (uint32_t i = 0; i < 4; i++) {
        uint32_t len = pg_frame_reverse(&s, i, frame);

        assert_true(len >= 60 && len <= 128);
        assert_int_equal(mac_to_u64(frame + 6), mac_to_u64(s.dmac.b) + i);
        assert_int_equal(mac_to_u64(frame), mac_to_u64(s.smac.b));
        assert_int_equal(load_be16(frame + 14), 5 + i % 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_bytes),
        cmocka_unit_test(test_every_size),
        cmocka_unit_test(test_patch_is_a_fresh_frame),
        cmocka_unit_test(test_seek),
        cmocka_unit_test(test_signature_is_neutral),
        cmocka_unit_test(test_tso_frame),
        cmocka_unit_test(test_reverse_teaches),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
