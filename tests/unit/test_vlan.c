/* SPDX-License-Identifier: BSD-3-Clause
 *
 * vlan/: every mode against every kind of tag.
 */
#include "tests/support/cmocka.h"
#include "vlan/vlan.h"

#include <string.h>

#define UNTAGGED 0xffff

/* A frame of 18 bytes: addresses, then a tag (tpid, tci) or just an IPv4 type. */
static void make_head(uint8_t *head, uint16_t tpid, uint16_t tci)
{
    memset(head, 0, 18);
    store_be16(head + 12, tpid == UNTAGGED ? 0x0800 : tpid);
    store_be16(head + 14, tpid == UNTAGGED ? 0x4500 : tci);
    store_be16(head + 16, 0x0800);
}

struct row {
    uint16_t tpid, tci;
    enum vlan_result result;
    uint16_t domain, pcp;
    uint8_t strip;
};

static void check_rows(const struct vlan_map *map, const struct row *rows, size_t count)
{
    uint8_t head[18];

    for (size_t i = 0; i < count; i++) {
        struct vlan_in in = {.domain = 0xdead};

        make_head(head, rows[i].tpid, rows[i].tci);
        assert_int_equal(vlan_classify(map, head, sizeof(head), &in), rows[i].result);
        if (rows[i].result != VLAN_OK) {
            assert_int_equal(in.domain, 0xdead);
            continue;
        }
        assert_int_equal(in.domain, rows[i].domain);
        assert_int_equal(in.pcp, rows[i].pcp);
        assert_int_equal(in.strip, rows[i].strip);
    }
}

static void access_port(void **state)
{
    const struct vlan_map map = {.mode = VLAN_MODE_ACCESS, .native = 7};
    const struct row rows[] = {
        {UNTAGGED, 0, VLAN_OK, 7, 0, 0},
        {VLAN_TPID_DOT1Q, 0x0000, VLAN_OK, 7, 0, 1},
        {VLAN_TPID_DOT1Q, 0xb000, VLAN_OK, 7, 0xb000, 1},
        {VLAN_TPID_DOT1AD, 0x0000, VLAN_OK, 7, 0, 1},
        {VLAN_TPID_DOT1Q, 0x0001, VLAN_TAGGED},
        {VLAN_TPID_DOT1AD, 0x0001, VLAN_TAGGED},
        {VLAN_TPID_DOT1Q, 0x0fff, VLAN_RESERVED},
    };

    check_rows(&map, rows, ARRAY_SIZE(rows));
}

static void trunk_port(void **state)
{
    static uint16_t domain_of_vid[VLAN_VID_COUNT];
    struct vlan_map map = {
        .mode = VLAN_MODE_TRUNK, .native = 3, .domain_of_vid = {[VLAN_KIND_DOT1Q] = domain_of_vid}};
    const struct row rows[] = {
        {VLAN_TPID_DOT1Q, 0x000a, VLAN_OK, 5, 0, 1},
        {VLAN_TPID_DOT1Q, 0xe00a, VLAN_OK, 5, 0xe000, 1},
        {VLAN_TPID_DOT1Q, 0x000b, VLAN_NOT_ALLOWED},
        {VLAN_TPID_DOT1Q, 0x0fff, VLAN_RESERVED},
        {VLAN_TPID_DOT1Q, 0x2000, VLAN_OK, 3, 0x2000, 1},
        {UNTAGGED, 0, VLAN_OK, 3, 0, 0},
        {VLAN_TPID_DOT1AD, 0x000a, VLAN_OK, 3, 0, 0},
    };

    domain_of_vid[10] = 5;
    domain_of_vid[4095] = 9; /* a wrong map must not open the reserved VID */
    check_rows(&map, rows, ARRAY_SIZE(rows));

    map.native = VLAN_DOMAIN_NONE;
    check_rows(&map, &(struct row){UNTAGGED, 0, VLAN_UNTAGGED}, 1);
    check_rows(&map, &(struct row){VLAN_TPID_DOT1Q, 0, VLAN_UNTAGGED}, 1);
    check_rows(&map, &rows[0], 1);
}

static void qinq_port_takes_everything(void **state)
{
    const struct vlan_map map = {.mode = VLAN_MODE_QINQ, .native = 4};
    const struct row rows[] = {
        {UNTAGGED, 0, VLAN_OK, 4, 0, 0},
        {VLAN_TPID_DOT1Q, 0x0005, VLAN_OK, 4, 0, 0},
        {VLAN_TPID_DOT1AD, 0x0fff, VLAN_OK, 4, 0, 0},
    };

    check_rows(&map, rows, ARRAY_SIZE(rows));
}

static void port_without_network_takes_nothing(void **state)
{
    const struct vlan_map access = {.mode = VLAN_MODE_ACCESS};
    const struct vlan_map qinq = {.mode = VLAN_MODE_QINQ};

    check_rows(&access, &(struct row){UNTAGGED, 0, VLAN_NO_NETWORK}, 1);
    check_rows(&qinq, &(struct row){VLAN_TPID_DOT1Q, 5, VLAN_NO_NETWORK}, 1);
}

/* What an uplink makes of up to two tags. */
static void uplink_port(void **state)
{
    static uint16_t vlans[VLAN_VID_COUNT], services[VLAN_VID_COUNT];
    const struct vlan_pair pairs[] = {
        {100u << 12 | 5, 11}, {100u << 12 | 4094, 12}, {101u << 12 | 5, 13}};
    struct vlan_map map = {.mode = VLAN_MODE_TRUNK,
                           .uplink = true,
                           .domain_of_vid = {vlans, services},
                           .pairs = pairs,
                           .pair_count = ARRAY_SIZE(pairs)};
    const struct {
        uint16_t tag[4];
        enum vlan_result result;
        uint16_t domain, pcp, pcp_outer;
        uint8_t strip;
    } rows[] = {
        {{UNTAGGED}, VLAN_UNTAGGED},
        {{0x8100, 0}, VLAN_UNTAGGED},
        {{0x88a8, 0}, VLAN_UNTAGGED},
        {{0x8100, 0xa00a}, VLAN_OK, 5, 0xa000, 0xa000, 1},
        {{0x8100, 0x000a, 0x8100, 11}, VLAN_OK, 5, 0, 0, 1},
        {{0x8100, 11}, VLAN_UNMAPPED},
        {{0x8100, 100, 0x8100, 5}, VLAN_UNMAPPED},
        {{0x8100, 4095}, VLAN_RESERVED},
        {{0x88a8, 10}, VLAN_UNMAPPED},
        {{0x88a8, 4095}, VLAN_RESERVED},
        {{0x88a8, 0x2007, 0x8100, 5}, VLAN_OK, 6, 0x2000, 0x2000, 1},
        {{0x88a8, 7}, VLAN_OK, 6, 0, 0, 1},
        {{0x88a8, 0x6064, 0x8100, 0xe005}, VLAN_OK, 11, 0xe000, 0x6000, 2},
        {{0x88a8, 100, 0x8100, 4094}, VLAN_OK, 12, 0, 0, 2},
        {{0x88a8, 101, 0x8100, 5}, VLAN_OK, 13, 0, 0, 2},
        {{0x88a8, 101, 0x8100, 6}, VLAN_UNMAPPED},
        {{0x88a8, 100, 0x8100, 0}, VLAN_UNMAPPED},
        {{0x88a8, 100, 0x8100, 4095}, VLAN_RESERVED},
        {{0x88a8, 100, 0x88a8, 5}, VLAN_UNMAPPED},
        {{0x88a8, 100}, VLAN_UNMAPPED},
        {{0x9100, 10}, VLAN_UNTAGGED},
    };

    vlans[10] = 5;
    vlans[4095] = 9;
    services[7] = 6;
    services[100] = services[101] = VLAN_DOMAIN_PAIR;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct vlan_in in = {.domain = 0xdead};
        uint8_t head[24];

        memset(head, 0, sizeof(head));
        for (int w = 0; w < 4; w++)
            store_be16(head + 12 + 2 * w, rows[i].tag[w]);
        assert_int_equal(vlan_classify(&map, head, sizeof(head), &in), rows[i].result);
        assert_int_equal(in.domain, rows[i].result == VLAN_OK ? rows[i].domain : 0xdead);
        if (rows[i].result != VLAN_OK)
            continue;
        assert_int_equal(in.pcp, rows[i].pcp);
        assert_int_equal(in.pcp_outer, rows[i].pcp_outer);
        assert_int_equal(in.strip, rows[i].strip);
        /* One that ends inside the second tag is not read beyond its end. */
        if (in.strip == 2)
            assert_int_equal(vlan_classify(&map, head, 21, &in), VLAN_UNMAPPED);
    }
    map.native = 3;
    for (size_t i = 0; i < 3; i++) {
        struct vlan_in in;
        uint8_t head[24] = {0};

        store_be16(head + 12, rows[i].tag[0]);
        assert_int_equal(vlan_classify(&map, head, sizeof(head), &in), VLAN_OK);
        assert_int_equal(in.domain, 3);
    }
}

/* Two tags go in and out as one rewrite, each with its own priority. */
static void two_tags(void **state)
{
    const struct vlan_in in = {.domain = 1, .pcp = 0xe000, .pcp_outer = 0x6000, .strip = 2};
    const struct vlan_out pair = {VLAN_TPID_DOT1AD, 100, 7}, one = {VLAN_TPID_DOT1Q, 9};
    struct tag_op op = vlan_tag_op(&in, &pair);

    assert_int_equal(op.strip, 2);
    assert_int_equal(op.push, 2);
    assert_int_equal(tag_op_growth_bytes(&op), 0);
    assert_int_equal(op.tag[0].tpid, VLAN_TPID_DOT1AD);
    assert_int_equal(op.tag[0].tci, 0x6064);
    assert_int_equal(op.tag[1].tpid, VLAN_TPID_DOT1Q);
    assert_int_equal(op.tag[1].tci, 0xe007);
    op = vlan_tag_op(&in, &one);
    assert_int_equal(op.push, 1);
    assert_int_equal(op.tag[0].tci, 0xe009);
    assert_int_equal(tag_op_growth_bytes(&op), -4);
}

static void tag_ops(void **state)
{
    const struct vlan_in tagged = {.domain = 1, .pcp = 0xa000, .strip = 1};
    const struct vlan_in untagged = {.domain = 1};
    const struct vlan_out access = {0};
    const struct vlan_out trunk = {.tpid = VLAN_TPID_DOT1AD, .vid = 100};
    struct tag_op op;

    op = vlan_tag_op(&untagged, &access);
    assert_true(tag_op_is_none(&op));
    op = vlan_tag_op(&tagged, &access);
    assert_int_equal(tag_op_growth_bytes(&op), -4);
    op = vlan_tag_op(&tagged, &trunk);
    assert_int_equal(tag_op_growth_bytes(&op), 0);
    assert_false(tag_op_is_none(&op));
    assert_int_equal(op.tag[0].tpid, VLAN_TPID_DOT1AD);
    assert_int_equal(op.tag[0].tci, 0xa064);
    op = vlan_tag_op(&untagged, &trunk);
    assert_int_equal(tag_op_growth_bytes(&op), 4);
}

static void l3_offset_skips_tags_inside_the_head(void **state)
{
    uint8_t head[64] = {0};

    store_be16(head + 12, 0x0800);
    assert_int_equal(vlan_l3_offset(head, 14), 14);
    store_be16(head + 12, VLAN_TPID_DOT1AD);
    assert_int_equal(vlan_l3_offset(head, 17), 0);
    store_be16(head + 16, VLAN_TPID_DOT1Q);
    assert_int_equal(vlan_l3_offset(head, 18), 0);
    assert_int_equal(vlan_l3_offset(head, 22), 22);
    for (int off = 12; off < 60; off += 4)
        store_be16(head + off, VLAN_TPID_DOT1Q);
    assert_int_equal(vlan_l3_offset(head, 40), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(access_port),
        cmocka_unit_test(trunk_port),
        cmocka_unit_test(qinq_port_takes_everything),
        cmocka_unit_test(port_without_network_takes_nothing),
        cmocka_unit_test(uplink_port),
        cmocka_unit_test(two_tags),
        cmocka_unit_test(tag_ops),
        cmocka_unit_test(l3_offset_skips_tags_inside_the_head),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
