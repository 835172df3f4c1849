/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Uplinks: networks of several tenants on one wire, each with its own tags.
 */
#include "tests/support/cmocka.h"
#include "tests/support/lab.h"

#include <stdlib.h>
#include <string.h>

/* RED and BLUE use the same VLAN numbers and addresses. */
enum { RED_WEB = 1, BLUE_WEB, GREEN_LAB, RED_MGMT, BLUE_TUNNEL };
enum { RED, BLUE, GREEN };
enum { VM_RED, VM_BLUE, VM_GREEN, VM_MGMT, VM_TUNNEL, RED_TRUNK, UP, UP2, PORTS };

#define VLAN(n)    ((struct vlan_out){VLAN_TPID_DOT1Q, n, 0})
#define PAIR(s, n) ((struct vlan_out){VLAN_TPID_DOT1AD, s, n})
#define SERVICE(s) ((struct vlan_out){VLAN_TPID_DOT1AD, s, 0})
#define BARE       ((struct vlan_out){0, 0, 0})

static struct lab lab;

static int setup(void **state)
{
    const uint16_t red[] = {RED_WEB, RED_MGMT};

    lab_init(&lab, 1);
    lab_network(&lab, RED_WEB, RED, 5);
    lab_network(&lab, BLUE_WEB, BLUE, 5);
    lab_network(&lab, GREEN_LAB, GREEN, 0);
    lab_network(&lab, RED_MGMT, RED, 6);
    lab_network(&lab, BLUE_TUNNEL, BLUE, 0);
    lab_access(&lab, VM_RED, RED_WEB, 1);
    lab_access(&lab, VM_BLUE, BLUE_WEB, 1);
    lab_access(&lab, VM_GREEN, GREEN_LAB, 1);
    lab_access(&lab, VM_MGMT, RED_MGMT, 1);
    lab_qinq(&lab, VM_TUNNEL, BLUE_TUNNEL);
    lab_trunk(&lab, RED_TRUNK, red, 2, VLAN_DOMAIN_NONE);
    lab_uplink(&lab, UP);
    lab_map(&lab, UP, RED_WEB, VLAN(10));
    lab_map(&lab, UP, BLUE_WEB, VLAN(20));
    lab_map(&lab, UP, GREEN_LAB, PAIR(100, 10));
    lab_map(&lab, UP, RED_MGMT, BARE);
    lab_map(&lab, UP, BLUE_TUNNEL, SERVICE(200));
    lab_uplink(&lab, UP2);
    lab_map(&lab, UP2, RED_WEB, VLAN(30));
    lab_map(&lab, UP2, GREEN_LAB, VLAN(10));
    lab_publish(&lab);
    return 0;
}

static int teardown(void **state)
{
    lab_fini(&lab);
    return 0;
}

/* A frame with up to two tags in front: see lab_tags(). */
static uint32_t build(uint8_t *buf, uint8_t dst, uint8_t src, const uint16_t tag[4])
{
    return lab_tags(buf, lab_frame(buf, dst, src, 100), tag);
}

static void send(uint16_t port, uint8_t dst, uint8_t src, const uint16_t tag[4])
{
    uint8_t buf[200];
    uint32_t len = build(buf, dst, src, tag);

    fake_port_send(lab.port[port], 0, buf, len, NULL);
    lab_run(&lab);
}
#define SEND(port, dst, src, ...) send(port, dst, src, (const uint16_t[4]){__VA_ARGS__})

static void clear(void)
{
    for (uint16_t i = 0; i < PORTS; i++)
        fake_port_clear(lab.port[i]);
}

/* The one frame that a port got is this one. */
static void expect(uint16_t port, uint8_t dst, uint8_t src, const uint16_t tag[4])
{
    uint8_t buf[200];
    uint32_t len = build(buf, dst, src, tag);
    const struct fake_frame *got = fake_port_take(lab.port[port]);

    assert_non_null(got);
    assert_int_equal(got->len, len);
    assert_memory_equal(got->bytes, buf, len);
}
#define EXPECT(port, dst, src, ...) expect(port, dst, src, (const uint16_t[4]){__VA_ARGS__})

static void expect_nothing_more(void)
{
    for (uint16_t i = 0; i < PORTS; i++)
        assert_int_equal(fake_port_received(lab.port[i]), 0);
}

static void every_network_leaves_with_its_tags(void **state)
{
    SEND(VM_RED, 0xff, 1, 0);
    EXPECT(UP, 0xff, 1, 0x8100, 10);
    EXPECT(UP2, 0xff, 1, 0x8100, 30);
    EXPECT(RED_TRUNK, 0xff, 1, 0x8100, 5);
    SEND(VM_BLUE, 0xff, 1, 0);
    EXPECT(UP, 0xff, 1, 0x8100, 20);
    SEND(VM_GREEN, 0xff, 1, 0);
    EXPECT(UP, 0xff, 1, 0x88a8, 100, 0x8100, 10);
    EXPECT(UP2, 0xff, 1, 0x8100, 10);
    SEND(VM_MGMT, 0xff, 1, 0);
    EXPECT(UP, 0xff, 1, 0);
    EXPECT(RED_TRUNK, 0xff, 1, 0x8100, 6);
    SEND(VM_TUNNEL, 0xff, 1, 0x8100, 10);
    EXPECT(UP, 0xff, 1, 0x88a8, 200, 0x8100, 10);
    expect_nothing_more();
}

static void every_tag_arrives_in_its_network(void **state)
{
    SEND(UP, 0xff, 1, 0x8100, 10);
    EXPECT(VM_RED, 0xff, 1, 0);
    EXPECT(RED_TRUNK, 0xff, 1, 0x8100, 5);
    SEND(UP, 0xff, 1, 0x8100, 20);
    EXPECT(VM_BLUE, 0xff, 1, 0);
    SEND(UP, 0xff, 1, 0x88a8, 100, 0x8100, 10);
    EXPECT(VM_GREEN, 0xff, 1, 0);
    SEND(UP, 0xff, 1, 0);
    EXPECT(VM_MGMT, 0xff, 1, 0);
    EXPECT(RED_TRUNK, 0xff, 1, 0x8100, 6);
    SEND(UP, 0xff, 1, 0x8100, 0);
    EXPECT(VM_MGMT, 0xff, 1, 0);
    EXPECT(RED_TRUNK, 0xff, 1, 0x8100, 6);
    /* What is inside a whole service tag is the tenant's own. */
    SEND(UP, 0xff, 1, 0x88a8, 200, 0x8100, 10);
    EXPECT(VM_TUNNEL, 0xff, 1, 0x8100, 10);
    SEND(UP2, 0xff, 1, 0x8100, 10);
    EXPECT(VM_GREEN, 0xff, 1, 0);
    expect_nothing_more();
}

static void what_the_map_does_not_name_is_dropped(void **state)
{
    SEND(UP, 0xff, 1, 0x8100, 30);
    SEND(UP, 0xff, 1, 0x8100, 5); /* the tenant's own number means nothing here */
    SEND(UP, 0xff, 1, 0x88a8, 10);
    SEND(UP, 0xff, 1, 0x88a8, 100, 0x8100, 20);
    SEND(UP, 0xff, 1, 0x88a8, 100);
    assert_int_equal(lab_drops(&lab, UP, DROP_vlan_unmapped), 5);
    SEND(UP, 0xff, 1, 0x8100, 4095);
    SEND(UP, 0xff, 1, 0x88a8, 100, 0x8100, 4095);
    assert_int_equal(lab_drops(&lab, UP, DROP_vlan_reserved), 2);
    SEND(UP2, 0xff, 1, 0);
    assert_int_equal(lab_drops(&lab, UP2, DROP_vlan_untagged), 1);
    expect_nothing_more();
}

static void priorities_are_kept(void **state)
{
    SEND(UP, 0xff, 1, 0x8100, 0xb00a);
    EXPECT(RED_TRUNK, 0xff, 1, 0x8100, 0xb005);
    clear();
    SEND(RED_TRUNK, 0xff, 2, 0x8100, 0x7005);
    EXPECT(UP, 0xff, 2, 0x8100, 0x700a);
    clear();
    SEND(VM_GREEN, 0xff, 2, 0x8100, 0xe000);
    EXPECT(UP, 0xff, 2, 0x88a8, 0xe064, 0x8100, 0xe00a);
    clear();
    /* Where frames may go from uplink to uplink, the inner tag's is the tenant's. */
    lab.port_spec[UP].transit = true;
    lab_publish(&lab);
    SEND(UP, 0xff, 3, 0x88a8, 0x2064, 0x8100, 0xa00a);
    EXPECT(UP2, 0xff, 3, 0x8100, 0xa00a);
}

/* Where a network leaves untagged, none of its frames may look like another's. */
static void nothing_hops_by_the_untagged_network(void **state)
{
    SEND(VM_MGMT, 0xff, 1, 0x8100, 0, 0x8100, 20);
    SEND(VM_MGMT, 0xff, 1, 0x8100, 0, 0x88a8, 200);
    SEND(UP, 0xff, 1, 0x8100, 0, 0x8100, 20);
    SEND(RED_TRUNK, 0xff, 1, 0x8100, 6, 0x9100, 20);
    assert_int_equal(lab_drops(&lab, UP, DROP_vlan_hop), 3);
    assert_int_equal(fake_port_received(lab.port[UP]), 0);
    assert_int_equal(fake_port_received(lab.port[VM_BLUE]), 0);
    assert_int_equal(fake_port_received(lab.port[VM_TUNNEL]), 0);
}

static void same_address_in_every_tenant(void **state)
{
    SEND(UP, 0xff, 7, 0x8100, 10);
    SEND(UP, 0xff, 7, 0x8100, 20);
    SEND(UP, 0xff, 7, 0x88a8, 100, 0x8100, 10);
    clear();
    assert_int_equal(dp_fdb_count(lab.dp), 3);
    SEND(VM_RED, 7, 1, 0);
    EXPECT(UP, 7, 1, 0x8100, 10);
    SEND(VM_BLUE, 7, 1, 0);
    EXPECT(UP, 7, 1, 0x8100, 20);
    SEND(VM_GREEN, 7, 1, 0);
    EXPECT(UP, 7, 1, 0x88a8, 100, 0x8100, 10);
    expect_nothing_more();
    /* And back, each to its own. */
    SEND(UP, 1, 7, 0x8100, 20);
    EXPECT(VM_BLUE, 1, 7, 0);
    expect_nothing_more();
}

static void uplinks_are_no_bridge(void **state)
{
    SEND(UP, 0xff, 7, 0x8100, 10);
    SEND(UP2, 0xff, 8, 0x8100, 30);
    assert_int_equal(fake_port_received(lab.port[UP]), 0);
    assert_int_equal(fake_port_received(lab.port[UP2]), 0);
    SEND(UP, 8, 7, 0x8100, 10); /* to an address behind the other */
    assert_int_equal(lab_drops(&lab, UP2, DROP_split_horizon), 1);
    assert_int_equal(fake_port_received(lab.port[UP2]), 0);
    clear();
    SEND(VM_RED, 8, 1, 0);
    EXPECT(UP2, 8, 1, 0x8100, 30);
    expect_nothing_more();

    lab.port_spec[UP2].transit = true;
    lab_publish(&lab);
    SEND(UP, 8, 7, 0x8100, 10);
    EXPECT(UP2, 8, 7, 0x8100, 30);
    SEND(UP2, 0xff, 8, 0x8100, 30);
    EXPECT(UP, 0xff, 8, 0x8100, 10);
}

/* Red's storm on the wire takes nothing from blue. */
static void flood_limits_are_for_each_tenant(void **state)
{
    lab.port_spec[UP].flood_pps[DP_FLOOD_BROADCAST] = 1000;
    lab_publish(&lab);
    for (int i = 0; i < 1000; i++)
        SEND(UP, 0xff, 7, 0x8100, 10);
    assert_in_range(lab_drops(&lab, UP, DROP_flood_broadcast), 500, 999);
    clear();
    SEND(UP, 0xff, 7, 0x8100, 20);
    EXPECT(VM_BLUE, 0xff, 7, 0);
    SEND(UP, 0xff, 7, 0x88a8, 100, 0x8100, 10);
    EXPECT(VM_GREEN, 0xff, 7, 0);
    /* Both of red's networks draw on the same. */
    SEND(UP, 0xff, 7, 0);
    assert_int_equal(fake_port_received(lab.port[VM_MGMT]), 0);
}

static uint64_t tenant_drops(uint16_t tenant, enum drop_reason reason)
{
    uint64_t drops[DROP_COUNT] = {0};

    dp_tenant_add_uplink_drops(lab.dp, tenant, drops);
    return drops[reason];
}

static void drops_are_counted_for_the_tenant_too(void **state)
{
    lab.port[UP]->queue[0].room = 0;
    SEND(VM_BLUE, 0xff, 1, 0);
    SEND(UP, 0xff, 1, 0x8100, 99); /* nobody's */
    SEND(UP, 0xff, 7, 0x8100, 20);
    SEND(UP, 7, 8, 0x8100, 20); /* on that wire already */
    assert_int_equal(tenant_drops(BLUE, DROP_dst_full), 1);
    assert_int_equal(tenant_drops(BLUE, DROP_hairpin), 1);
    assert_int_equal(tenant_drops(RED, DROP_dst_full), 0);
    for (uint16_t t = 0; t < LAB_TENANTS; t++)
        assert_int_equal(tenant_drops(t, DROP_vlan_unmapped), 0);
    /* On ports that are somebody's they are his without that. */
    SEND(VM_BLUE, 0xff, 1, 0x8100, 5);
    assert_int_equal(tenant_drops(BLUE, DROP_vlan_tagged), 0);
    dp_tenant_forget(lab.dp, BLUE);
    assert_int_equal(tenant_drops(BLUE, DROP_dst_full), 0);
}

/* A change of one entry leaves the others, and what was learned in them, as they are. */
static void other_entries_live_through_a_change(void **state)
{
    SEND(UP, 0xff, 7, 0x8100, 10);
    SEND(UP, 0xff, 7, 0x8100, 20);
    clear();
    for (uint16_t d = 1; d < LAB_DOMAINS; d++) {
        if (lab.domain_spec[d].tenant != DP_NONE)
            lab.domain_spec[d].member_count = 0;
    }
    lab_access(&lab, VM_RED, RED_WEB, 1);
    lab_access(&lab, VM_BLUE, BLUE_WEB, 1);
    lab_access(&lab, VM_GREEN, GREEN_LAB, 1);
    lab_uplink(&lab, UP);
    lab_map(&lab, UP, RED_WEB, VLAN(10));
    lab_map(&lab, UP, GREEN_LAB, VLAN(20)); /* blue's tag is now green's */
    lab_publish(&lab);
    assert_int_equal(dp_fdb_count(lab.dp), 1);
    SEND(VM_RED, 7, 1, 0);
    EXPECT(UP, 7, 1, 0x8100, 10);
    SEND(VM_BLUE, 7, 1, 0);
    assert_int_equal(fake_port_received(lab.port[UP]), 0);
    SEND(UP, 0xff, 7, 0x8100, 20);
    EXPECT(VM_GREEN, 0xff, 7, 0);
    expect_nothing_more();
}

static void offloads_move_with_two_tags(void **state)
{
    const struct fake_frame *got;

    lab_send_csum(&lab, VM_GREEN, 1);
    got = fake_port_take(lab.port[UP]);
    assert_int_equal(got->len, 108);
    assert_int_equal(got->offload.csum_start, 42);
}

static void network_limit_is_policed(void **state)
{
    lab.domain_spec[RED_WEB].limit.pps = 1000;
    lab_publish(&lab);
    for (int i = 0; i < 500; i++)
        SEND(UP, 0xff, 7, 0x8100, 10);
    assert_in_range(lab_drops(&lab, UP, DROP_limit_network), 200, 499);
    assert_true(tenant_drops(RED, DROP_limit_network) > 0);
    clear();
    SEND(UP, 0xff, 7, 0x8100, 20);
    EXPECT(VM_BLUE, 0xff, 7, 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(every_network_leaves_with_its_tags),
        T(every_tag_arrives_in_its_network),
        T(what_the_map_does_not_name_is_dropped),
        T(priorities_are_kept),
        T(nothing_hops_by_the_untagged_network),
        T(same_address_in_every_tenant),
        T(uplinks_are_no_bridge),
        T(flood_limits_are_for_each_tenant),
        T(drops_are_counted_for_the_tenant_too),
        T(other_entries_live_through_a_change),
        T(offloads_move_with_two_tags),
        T(network_limit_is_policed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
