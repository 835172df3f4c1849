/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Tags on the way through the switch: access, trunk, native, QinQ.
 */
#include "tests/support/cmocka.h"
#include "tests/support/lab.h"

#include <string.h>

enum { WEB = 1, DB = 2, OTHER = 3 };
enum { ACCESS_WEB, ACCESS_DB, TRUNK, TRUNK_NATIVE, QINQ_A, QINQ_B, STRANGER };

static struct lab lab;

static int setup(void **state)
{
    const uint16_t both[] = {WEB, DB};

    lab_init(&lab, 1);
    lab_network(&lab, WEB, 0, 10);
    lab_network(&lab, DB, 0, 20);
    lab_network(&lab, OTHER, 1, 10);
    lab_access(&lab, ACCESS_WEB, WEB, 1);
    lab_access(&lab, ACCESS_DB, DB, 1);
    lab_trunk(&lab, TRUNK, both, 2, VLAN_DOMAIN_NONE);
    lab_trunk(&lab, TRUNK_NATIVE, both, 2, DB);
    lab_qinq(&lab, QINQ_A, WEB);
    lab_qinq(&lab, QINQ_B, WEB);
    lab_access(&lab, STRANGER, OTHER, 1);
    lab_publish(&lab);
    return 0;
}

static int teardown(void **state)
{
    assert_int_equal(fake_port_received(lab.port[STRANGER]), 0);
    lab_fini(&lab);
    return 0;
}

/* Send a broadcast with up to two tags: see lab_tags(). */
static uint32_t send_tagged(uint16_t port, uint8_t *buf, uint16_t outer, uint16_t outer_tci,
                            uint16_t inner, uint16_t inner_tci)
{
    const uint16_t tags[4] = {outer, outer_tci, inner, inner_tci};
    uint32_t len = lab_tags(buf, lab_frame(buf, 0xff, (uint8_t)(port + 1), 200), tags);

    fake_port_send(lab.port[port], 0, buf, len, NULL);
    lab_run(&lab);
    return len;
}

/* The frame a port got, but for its tag, is the frame without tags that was sent. */
static void expect(uint16_t port, const uint8_t *plain, uint32_t plain_len, uint16_t tpid,
                   uint16_t tci)
{
    const struct fake_frame *got = fake_port_take(lab.port[port]);
    uint32_t tag = tpid != 0 ? 4 : 0;

    assert_non_null(got);
    assert_int_equal(got->len, plain_len + tag);
    assert_memory_equal(got->bytes, plain, 12);
    assert_memory_equal(got->bytes + 12 + tag, plain + 12, plain_len - 12);
    if (tag == 0)
        return;
    assert_int_equal(load_be16(got->bytes + 12), tpid);
    assert_int_equal(load_be16(got->bytes + 14), tci);
}

static void one_flood_leaves_untagged_and_tagged(void **state)
{
    uint8_t plain[300];

    send_tagged(ACCESS_WEB, plain, 0, 0, 0, 0);
    expect(TRUNK, plain, 200, VLAN_TPID_DOT1Q, 10);
    expect(TRUNK_NATIVE, plain, 200, VLAN_TPID_DOT1Q, 10);
    expect(QINQ_A, plain, 200, 0, 0);
    assert_int_equal(fake_port_received(lab.port[ACCESS_DB]), 0);

    send_tagged(ACCESS_DB, plain, 0, 0, 0, 0);
    expect(TRUNK, plain, 200, VLAN_TPID_DOT1Q, 20);
    expect(TRUNK_NATIVE, plain, 200, 0, 0);
    assert_int_equal(fake_port_received(lab.port[ACCESS_WEB]), 0);
}

static void trunk_to_access_keeps_priority_to_the_next_trunk(void **state)
{
    uint8_t plain[300], tagged[300];

    lab_frame(plain, 0xff, TRUNK + 1, 200);
    send_tagged(TRUNK, tagged, VLAN_TPID_DOT1Q, 0xa00a, 0, 0);
    expect(ACCESS_WEB, plain, 200, 0, 0);
    expect(TRUNK_NATIVE, plain, 200, VLAN_TPID_DOT1Q, 0xa00a);
}

static void priority_tag_on_access(void **state)
{
    uint8_t plain[300], tagged[300];

    lab_frame(plain, 0xff, ACCESS_WEB + 1, 200);
    send_tagged(ACCESS_WEB, tagged, VLAN_TPID_DOT1Q, 0xc000, 0, 0);
    expect(TRUNK, plain, 200, VLAN_TPID_DOT1Q, 0xc00a);
}

static void refused_tags(void **state)
{
    uint8_t buf[300];

    send_tagged(ACCESS_WEB, buf, VLAN_TPID_DOT1Q, 10, 0, 0);
    send_tagged(ACCESS_WEB, buf, VLAN_TPID_DOT1AD, 20, 0, 0);
    send_tagged(ACCESS_WEB, buf, VLAN_TPID_DOT1Q, 0xfff, 0, 0);
    assert_int_equal(lab_drops(&lab, ACCESS_WEB, DROP_vlan_tagged), 2);
    assert_int_equal(lab_drops(&lab, ACCESS_WEB, DROP_vlan_reserved), 1);
    send_tagged(TRUNK, buf, VLAN_TPID_DOT1Q, 30, 0, 0);
    send_tagged(TRUNK, buf, VLAN_TPID_DOT1Q, 0xfff, 0, 0);
    send_tagged(TRUNK, buf, 0, 0, 0, 0);
    send_tagged(TRUNK, buf, VLAN_TPID_DOT1Q, 0, 0, 0);
    assert_int_equal(lab_drops(&lab, TRUNK, DROP_vlan_not_allowed), 1);
    assert_int_equal(lab_drops(&lab, TRUNK, DROP_vlan_reserved), 1);
    assert_int_equal(lab_drops(&lab, TRUNK, DROP_vlan_untagged), 2);
    for (uint16_t i = 0; i <= STRANGER; i++)
        assert_int_equal(fake_port_received(lab.port[i]), 0);
}

static void double_tag_does_not_hop(void **state)
{
    uint8_t buf[300], inner[300];
    uint32_t len;

    /* The inner tag names the other network; it stays payload of the outer one. */
    send_tagged(TRUNK, buf, VLAN_TPID_DOT1Q, 10, VLAN_TPID_DOT1Q, 20);
    len = lab_frame(inner, 0xff, TRUNK + 1, 200);
    len = lab_tag(inner, len, VLAN_TPID_DOT1Q, 20);
    expect(ACCESS_WEB, inner, len, 0, 0);
    assert_int_equal(fake_port_received(lab.port[ACCESS_DB]), 0);
}

/* Where a network leaves untagged on a trunk, a tag further in would come to the front there and
 * name another network. */
static void nothing_hops_over_a_native_network(void **state)
{
    uint8_t buf[300];

    send_tagged(ACCESS_DB, buf, VLAN_TPID_DOT1Q, 0, VLAN_TPID_DOT1Q, 10);
    send_tagged(TRUNK, buf, VLAN_TPID_DOT1Q, 20, VLAN_TPID_DOT1Q, 10);
    assert_int_equal(fake_port_received(lab.port[TRUNK_NATIVE]), 0);
    assert_int_equal(lab_drops(&lab, TRUNK_NATIVE, DROP_vlan_hop), 2);
    assert_int_equal(fake_port_received(lab.port[ACCESS_DB]), 1);

    /* A unicast frame neither. */
    lab_send(&lab, TRUNK_NATIVE, 0xff, 50);
    fake_port_clear(lab.port[ACCESS_DB]);
    lab_frame(buf, 50, 51, 100);
    lab_tag(buf, 100, VLAN_TPID_DOT1Q, 10);
    lab_tag(buf, 104, VLAN_TPID_DOT1Q, 0);
    fake_port_send(lab.port[ACCESS_DB], 0, buf, 108, NULL);
    lab_run(&lab);
    assert_int_equal(lab_drops(&lab, TRUNK_NATIVE, DROP_vlan_hop), 3);

    /* The other kind of tag is payload to this trunk. */
    send_tagged(ACCESS_DB, buf, VLAN_TPID_DOT1Q, 0, VLAN_TPID_DOT1AD, 10);
    assert_int_equal(fake_port_received(lab.port[TRUNK_NATIVE]), 1);
}

static void qinq_carries_all_inner_tags(void **state)
{
    uint8_t inner[300];
    uint32_t len;

    len = send_tagged(QINQ_A, inner, 0, 0, VLAN_TPID_DOT1Q, 77);
    expect(QINQ_B, inner, len, 0, 0);
    expect(TRUNK, inner, len, VLAN_TPID_DOT1Q, 10);
    len = send_tagged(QINQ_A, inner, VLAN_TPID_DOT1AD, 5, VLAN_TPID_DOT1Q, 4095);
    expect(QINQ_B, inner, len, 0, 0);
    len = send_tagged(QINQ_A, inner, 0, 0, 0, 0);
    expect(QINQ_B, inner, len, 0, 0);

    /* And back: the trunk's outer tag comes off, the inner one stays. */
    fake_port_clear(lab.port[QINQ_A]);
    send_tagged(TRUNK, inner, VLAN_TPID_DOT1Q, 10, VLAN_TPID_DOT1Q, 77);
    len = lab_frame(inner, 0xff, TRUNK + 1, 200);
    len = lab_tag(inner, len, VLAN_TPID_DOT1Q, 77);
    expect(QINQ_A, inner, len, 0, 0);
}

static void offload_fields_move_with_the_tag(void **state)
{
    const struct fake_frame *got;

    lab_send_csum(&lab, ACCESS_WEB, 1);
    got = fake_port_take(lab.port[TRUNK]);
    assert_int_equal(got->offload.csum_start, 38);
    got = fake_port_take(lab.port[QINQ_A]);
    assert_int_equal(got->offload.csum_start, 34);
}

static void mtu_does_not_count_tags(void **state)
{
    uint8_t buf[1600];
    uint32_t len = lab_frame(buf, 0xff, 1, 1514);

    fake_port_send(lab.port[ACCESS_WEB], 0, buf, len, NULL);
    lab_run(&lab);
    assert_int_equal(fake_port_received(lab.port[TRUNK]), 1);
}

static void trunk_limit_of_a_network_is_policed(void **state)
{
    uint8_t buf[300];

    lab.domain_spec[WEB].limit.pps = 1000;
    lab_publish(&lab);
    for (int i = 0; i < 500; i++)
        send_tagged(TRUNK, buf, VLAN_TPID_DOT1Q, 10, 0, 0);
    assert_in_range(lab_drops(&lab, TRUNK, DROP_limit_network), 200, 499);
    send_tagged(TRUNK, buf, VLAN_TPID_DOT1Q, 20, 0, 0);
    assert_int_equal(fake_port_received(lab.port[ACCESS_DB]), 1);
}

/* Put a frame from host 0x99 to host 7 into the trunk, marked by its length. */
static void queue_tagged(uint16_t len, uint16_t tci)
{
    uint8_t buf[300];
    uint32_t all = lab_tag(buf, lab_frame(buf, 7, 0x99, len), VLAN_TPID_DOT1Q, tci);

    fake_port_send(lab.port[TRUNK], 0, buf, all, NULL);
}

static void expect_lengths(uint16_t port, const uint32_t *len, uint32_t count)
{
    assert_int_equal(fake_port_received(lab.port[port]), count);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(fake_port_take(lab.port[port])->len, len[i]);
}

/* In one burst: the same addresses in two networks, other priorities, a refused tag, a frame that
 * ends inside of its tag. Each is what it would be alone. */
static void a_burst_of_equal_addresses_is_of_several_networks(void **state)
{
    const uint32_t web[] = {100, 101, 104}, db[] = {102, 105};
    uint8_t cut[16];

    lab_send(&lab, ACCESS_WEB, 0xff, 7);
    lab_send(&lab, ACCESS_DB, 0xff, 7);
    fake_port_clear(lab.port[ACCESS_WEB]);
    fake_port_clear(lab.port[ACCESS_DB]);
    for (int round = 0; round < 3; round++) {
        queue_tagged(100, 10);
        queue_tagged(101, 5 << 13 | 10);
        queue_tagged(102, 20);
        queue_tagged(103, 30);
        queue_tagged(104, 10);
        queue_tagged(105, 20);
        lab_frame(cut, 7, 0x99, sizeof(cut));
        store_be16(cut + 12, VLAN_TPID_DOT1Q);
        fake_port_send(lab.port[TRUNK], 0, cut, sizeof(cut), NULL);
        lab_run(&lab);
        expect_lengths(ACCESS_WEB, web, 3);
        expect_lengths(ACCESS_DB, db, 2);
        fake_port_clear(lab.port[ACCESS_WEB]);
        fake_port_clear(lab.port[ACCESS_DB]);
    }
    assert_int_equal(lab_drops(&lab, TRUNK, DROP_vlan_not_allowed), 3);
    assert_int_equal(lab_drops(&lab, TRUNK, DROP_runt), 3);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(one_flood_leaves_untagged_and_tagged),
        T(trunk_to_access_keeps_priority_to_the_next_trunk),
        T(priority_tag_on_access),
        T(refused_tags),
        T(double_tag_does_not_hop),
        T(nothing_hops_over_a_native_network),
        T(qinq_carries_all_inner_tags),
        T(offload_fields_move_with_the_tag),
        T(mtu_does_not_count_tags),
        T(a_burst_of_equal_addresses_is_of_several_networks),
        T(trunk_limit_of_a_network_is_policed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
