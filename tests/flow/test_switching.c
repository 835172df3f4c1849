/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The learning switch: flood, learn, unicast, move, age, guards, full receivers.
 */
#include "tests/support/cmocka.h"
#include "tests/support/lab.h"

#include <string.h>

enum { RED = 1, BLUE = 2 };

static struct lab lab;

static int setup(void **state)
{
    lab_init(&lab, 1);
    lab_network(&lab, RED, 0, 10);
    lab_network(&lab, BLUE, 1, 10);
    for (uint16_t i = 0; i < 4; i++)
        lab_access(&lab, i, RED, 1);
    for (uint16_t i = 4; i < 6; i++)
        lab_access(&lab, i, BLUE, 1);
    lab_publish(&lab);
    return 0;
}

static int teardown(void **state)
{
    lab_fini(&lab);
    return 0;
}

static void unknown_destination_floods_its_network_only(void **state)
{
    lab_send(&lab, 0, 1, 100);
    for (uint16_t i = 1; i < 4; i++)
        assert_int_equal(fake_port_received(lab.port[i]), 1);
    assert_int_equal(fake_port_received(lab.port[0]), 0);
    assert_int_equal(fake_port_received(lab.port[4]), 0);
    assert_int_equal(fake_port_received(lab.port[5]), 0);
    assert_int_equal(lab_counters(&lab, 0).flooded, 1);
}

static void learned_destination_gets_unicast(void **state)
{
    lab_send(&lab, 1, 0xff, 1);
    lab_send(&lab, 0, 1, 100);
    assert_int_equal(fake_port_received(lab.port[1]), 1);
    assert_int_equal(fake_port_received(lab.port[2]), 1); /* the broadcast */
    assert_int_equal(lab_counters(&lab, 0).unicast, 1);
    assert_int_equal(lab.notices[DP_NOTICE_MAC_LEARNED], 2);
}

static void same_address_in_two_tenants(void **state)
{
    lab_send(&lab, 1, 0xff, 1);
    lab_send(&lab, 5, 0xff, 1);
    fake_port_clear(lab.port[1]);
    fake_port_clear(lab.port[5]);
    lab_send(&lab, 0, 1, 2);
    lab_send(&lab, 4, 1, 2);
    assert_int_equal(fake_port_received(lab.port[1]), 1);
    assert_int_equal(fake_port_received(lab.port[5]), 1);
    assert_int_equal(dp_fdb_count(lab.dp), 4);
}

static void frame_arrives_byte_for_byte(void **state)
{
    static const uint32_t lens[] = {14, 60, 127, 128, 129, 130, 131, 1514};
    uint8_t sent[1600];

    for (size_t i = 0; i < ARRAY_SIZE(lens); i++) {
        const struct fake_frame *got;

        lab_frame(sent, 0xff, 7, lens[i]);
        fake_port_send(lab.port[0], 0, sent, lens[i], NULL);
        lab_run(&lab);
        got = fake_port_take(lab.port[2]);
        assert_non_null(got);
        assert_int_equal(got->len, lens[i]);
        assert_memory_equal(got->bytes, sent, lens[i]);
    }
}

static void moved_address_is_followed(void **state)
{
    lab_send(&lab, 1, 0xff, 1);
    lab_send(&lab, 2, 0xff, 1);
    assert_int_equal(lab.notices[DP_NOTICE_MAC_MOVED], 1);
    fake_port_clear(lab.port[1]);
    fake_port_clear(lab.port[2]);
    lab_send(&lab, 0, 1, 100);
    assert_int_equal(fake_port_received(lab.port[1]), 0);
    assert_int_equal(fake_port_received(lab.port[2]), 1);

    /* Moving back is noticed although the first port remembers that it offered the address. */
    lab.now_ns += NS_PER_SEC;
    lab_send(&lab, 1, 0xff, 1);
    assert_int_equal(lab.notices[DP_NOTICE_MAC_MOVED], 2);
}

#define MANY 40

/* A burst of broadcasts, each of another source than the one before it. */
static void send_many(uint16_t port)
{
    uint8_t buf[64];

    for (uint8_t host = 1; host <= MANY; host++)
        fake_port_send(lab.port[port], 0, buf, lab_frame(buf, 0xff, host, sizeof(buf)), NULL);
    lab_run(&lab);
}

/* Within one second: what a worker has just seen to be known is looked at anew once it moved. */
static void many_sources_move_at_once(void **state)
{
    for (unsigned moves = 0; moves < 4; moves++) {
        uint16_t port = (uint16_t)(1 + moves % 2);

        for (int again = 0; again < 3; again++)
            send_many(port);
        assert_int_equal(lab.notices[DP_NOTICE_MAC_LEARNED], MANY);
        assert_int_equal(lab.notices[DP_NOTICE_MAC_MOVED], moves * MANY);
    }
    assert_int_equal(dp_fdb_count(lab.dp), MANY);
}

/* Also when the FDB lost them on the way. */
static void many_sources_are_learned_again(void **state)
{
    const struct dp_fdb_filter all = {DP_NONE, DP_NONE, DP_NONE, false};

    for (unsigned i = 1; i <= 3; i++) {
        send_many(1);
        send_many(1);
        assert_int_equal(lab.notices[DP_NOTICE_MAC_LEARNED], i * MANY);
        dp_fdb_flush(lab.dp, &all);
        assert_int_equal(dp_fdb_count(lab.dp), 0);
    }
}

static void many_sources_stay_while_busy(void **state)
{
    send_many(1);
    for (int i = 0; i < 40; i++) {
        lab_pass(&lab, 10 * NS_PER_SEC, NS_PER_SEC / 4);
        send_many(1);
        send_many(1);
    }
    assert_int_equal(lab.notices[DP_NOTICE_MAC_LEARNED], MANY);
    lab_pass(&lab, 310 * NS_PER_SEC, NS_PER_SEC);
    assert_int_equal(dp_fdb_count(lab.dp), 0);
}

static void silent_address_ages_and_busy_one_stays(void **state)
{
    lab_send(&lab, 1, 0xff, 1);
    lab_send(&lab, 2, 0xff, 2);
    for (int i = 0; i < 40; i++) {
        lab_pass(&lab, 10 * NS_PER_SEC, NS_PER_SEC / 4);
        lab_send(&lab, 2, 0xff, 2);
    }
    assert_int_equal(dp_fdb_count(lab.dp), 1);
}

static void ageing_never(void **state)
{
    lab.fdb_ageing_s = 0;
    lab_publish(&lab);
    lab_send(&lab, 1, 0xff, 1);
    lab_pass(&lab, 10000 * NS_PER_SEC, 1000 * NS_PER_SEC);
    assert_int_equal(dp_fdb_count(lab.dp), 1);
}

static void static_entry_is_not_moved(void **state)
{
    const struct mac mac = {{2, 0, 0, 0, 0, 1}};

    assert_int_equal(dp_fdb_add(lab.dp, RED, &mac, 3), 0);
    lab_send(&lab, 1, 0xff, 1);
    fake_port_clear(lab.port[3]);
    lab_send(&lab, 0, 1, 100);
    assert_int_equal(fake_port_received(lab.port[3]), 1);
    assert_int_equal(fake_port_received(lab.port[1]), 0);
    assert_int_equal(dp_fdb_add(lab.dp, RED, &mac, 2), -EEXIST);
    assert_int_equal(dp_fdb_del(lab.dp, RED, &mac), 0);
    assert_int_equal(dp_fdb_del(lab.dp, RED, &mac), -ENOENT);
}

static void hairpin_is_dropped(void **state)
{
    lab_send(&lab, 1, 0xff, 1);
    lab_send(&lab, 1, 1, 2);
    assert_int_equal(lab_drops(&lab, 1, DROP_hairpin), 1);
}

/* Each is still where the other is now, as far as the switch knows. */
static void addresses_that_changed_places_are_followed(void **state)
{
    lab_send(&lab, 1, 0xff, 1);
    lab_send(&lab, 2, 0xff, 2);
    lab_send(&lab, 2, 2, 1);
    assert_int_equal(lab_drops(&lab, 2, DROP_hairpin), 1);
    lab_send(&lab, 1, 1, 2);
    fake_port_clear(lab.port[2]);
    lab_send(&lab, 1, 1, 2);
    assert_int_equal(fake_port_received(lab.port[2]), 1);
}

static void group_or_zero_source_is_dropped(void **state)
{
    uint8_t buf[64];

    lab_send(&lab, 1, 1, 0xff);
    lab_send(&lab, 1, 1, 0xfe);
    lab_frame(buf, 1, 1, sizeof(buf));
    memset(buf + 6, 0, 6);
    fake_port_send(lab.port[1], 0, buf, sizeof(buf), NULL);
    lab_run(&lab);
    assert_int_equal(lab_drops(&lab, 1, DROP_src_group), 3);
    assert_int_equal(dp_fdb_count(lab.dp), 0);
}

static void send_reserved(uint8_t last, uint16_t ethertype)
{
    static const uint8_t group[5] = {0x01, 0x80, 0xc2, 0, 0};
    uint8_t buf[64];

    lab_frame(buf, 0xff, 9, sizeof(buf));
    memcpy(buf, group, 5);
    buf[5] = last;
    store_be16(buf + 12, ethertype);
    fake_port_send(lab.port[0], 0, buf, sizeof(buf), NULL);
    lab_run(&lab);
}

static void reserved_addresses(void **state)
{
    for (int last = 0; last < 16; last++)
        send_reserved((uint8_t)last, 0x88cc);
    assert_int_equal(lab_drops(&lab, 0, DROP_reserved_addr), 16);
    send_reserved(0x10, 0x88cc);
    assert_int_equal(fake_port_received(lab.port[1]), 1);

    lab.domain_spec[RED].transparent = DP_TRANSPARENT_LLDP;
    lab_publish(&lab);
    send_reserved(0x0e, 0x88cc);
    send_reserved(0x0e, 0x8809);
    send_reserved(0x01, 0x88cc); /* of MAC control (PAUSE), whatever its type says */
    assert_int_equal(fake_port_received(lab.port[1]), 2);

    lab.domain_spec[RED].transparent = DP_TRANSPARENT_ALL;
    lab_publish(&lab);
    send_reserved(0x00, 0x0026);
    send_reserved(0x02, 0x8809);
    assert_int_equal(fake_port_received(lab.port[1]), 4);
    send_reserved(0x01, 0x8808);
    assert_int_equal(fake_port_received(lab.port[1]), 4);
}

static void isolated_ports_only_talk_to_others(void **state)
{
    lab.port_spec[0].isolated = true;
    lab.port_spec[1].isolated = true;
    lab_publish(&lab);
    lab_send(&lab, 0, 0xff, 10);
    assert_int_equal(fake_port_received(lab.port[1]), 0);
    assert_int_equal(fake_port_received(lab.port[2]), 1);
    lab_send(&lab, 1, 10, 11);
    assert_int_equal(fake_port_received(lab.port[0]), 0);
    assert_int_equal(lab_drops(&lab, 0, DROP_isolated), 1);
    lab_send(&lab, 2, 10, 12);
    assert_int_equal(fake_port_received(lab.port[0]), 1);
}

static void port_without_tenant_carries_nothing(void **state)
{
    lab.port_spec[0].tenant = DP_NONE;
    lab.port_spec[0].vlan.native = VLAN_DOMAIN_NONE;
    lab_publish(&lab);
    lab_send(&lab, 0, 0xff, 10);
    assert_int_equal(lab_drops(&lab, 0, DROP_no_network), 1);
    assert_int_equal(fake_port_received(lab.port[1]), 0);
}

static void port_that_is_down(void **state)
{
    lab_send(&lab, 1, 0xff, 1);
    lab.port_spec[1].up = false;
    lab_publish(&lab);
    lab_send(&lab, 0, 1, 100);
    assert_int_equal(lab_drops(&lab, 1, DROP_dst_down), 1);
    lab_send(&lab, 1, 0xff, 1);
    assert_int_equal(lab_drops(&lab, 1, DROP_port_down), 1);

    lab.port_spec[1].up = true;
    lab_publish(&lab);
    atomic_store(&lab.port[1]->port.tx_queues, 0);
    lab_send(&lab, 0, 1, 100);
    assert_int_equal(lab_drops(&lab, 1, DROP_dst_down), 2);
}

static void mtu_of_the_receiver(void **state)
{
    uint8_t buf[1600];

    lab_frame(buf, 0xff, 1, sizeof(buf));
    fake_port_send(lab.port[0], 0, buf, 1514, NULL);
    lab_run(&lab);
    assert_int_equal(fake_port_received(lab.port[1]), 1);
    fake_port_send(lab.port[0], 0, buf, 1515, NULL);
    lab_run(&lab);
    assert_int_equal(fake_port_received(lab.port[1]), 1);
    assert_int_equal(lab_drops(&lab, 1, DROP_mtu), 1);
    atomic_store(&lab.port[1]->port.mtu, 1501);
    fake_port_send(lab.port[0], 0, buf, 1515, NULL);
    lab_run(&lab);
    assert_int_equal(fake_port_received(lab.port[1]), 2);
}

static void runts_are_counted(void **state)
{
    uint8_t buf[64];

    lab_frame(buf, 0xff, 1, sizeof(buf));
    for (uint32_t len = 0; len < 14; len++)
        fake_port_send(lab.port[0], 0, buf, len, NULL);
    store_be16(buf + 12, VLAN_TPID_DOT1Q);
    for (uint32_t len = 14; len < 18; len++)
        fake_port_send(lab.port[0], 0, buf, len, NULL);
    lab_run(&lab);
    assert_int_equal(lab_drops(&lab, 0, DROP_runt), 18);
}

static void full_receiver_holds_its_sender_back(void **state)
{
    uint8_t buf[64];

    lab_send(&lab, 1, 0xff, 1);
    lab_send(&lab, 2, 0xff, 2);
    fake_port_clear(lab.port[2]);
    lab.port[1]->queue[0].room = 3;
    lab_frame(buf, 1, 100, sizeof(buf));
    for (int i = 0; i < 200; i++)
        fake_port_send(lab.port[0], 0, buf, sizeof(buf), NULL);
    lab_run(&lab);
    /* One burst meets the full ring; the rest waits instead of being dropped. */
    assert_int_equal(lab_drops(&lab, 1, DROP_dst_full), BURST_FRAMES - 3);
    assert_int_equal(lab.port[0]->queue[0].in_count, 200 - BURST_FRAMES);

    /* Somebody else's traffic is not held. */
    lab_send(&lab, 3, 2, 3);
    assert_int_equal(fake_port_received(lab.port[2]), 1);

    lab.port[1]->queue[0].room = UINT32_MAX;
    lab_run(&lab);
    assert_int_equal(lab.port[0]->queue[0].in_count, 0);
    assert_int_equal(lab_drops(&lab, 1, DROP_dst_full), BURST_FRAMES - 3);
}

static void full_receiver_does_not_hold_for_long(void **state)
{
    uint8_t buf[64];

    lab_send(&lab, 1, 0xff, 1);
    lab.port[1]->queue[0].room = 0;
    lab_frame(buf, 1, 100, sizeof(buf));
    for (int i = 0; i < 2 * BURST_FRAMES; i++)
        fake_port_send(lab.port[0], 0, buf, sizeof(buf), NULL);
    lab_run(&lab);
    assert_int_equal(lab.port[0]->queue[0].in_count, BURST_FRAMES);
    lab_pass(&lab, FORWARD_FULL_WAIT_NS, FORWARD_FULL_WAIT_NS);
    assert_int_equal(lab.port[0]->queue[0].in_count, 0);
    assert_int_equal(lab_drops(&lab, 1, DROP_dst_full), 2 * BURST_FRAMES);
}

static void flood_to_a_full_port_holds_nobody(void **state)
{
    uint8_t buf[64];

    lab.port[1]->queue[0].room = 0;
    lab_frame(buf, 0xff, 100, sizeof(buf));
    for (int i = 0; i < 100; i++)
        fake_port_send(lab.port[0], 0, buf, sizeof(buf), NULL);
    lab_run(&lab);
    assert_int_equal(fake_port_received(lab.port[2]), 100);
    assert_int_equal(lab_drops(&lab, 1, DROP_dst_full), 100);
}

/* Large frames to everybody: the visit shrinks, so that the worker's other queues get their turn.
 */
static void a_flood_gets_shorter_visits(void **state)
{
    static uint8_t buf[65000];
    uint64_t wake_ns;
    uint32_t taken;

    for (uint16_t i = 6; i < LAB_PORTS; i++)
        lab_access(&lab, i, RED, 1);
    for (uint16_t i = 0; i < LAB_PORTS; i++)
        atomic_store(&lab.port[i]->port.mtu, 65535);
    lab_publish(&lab);
    lab_frame(buf, 0xff, 1, sizeof(buf));
    for (int i = 0; i < 20; i++)
        fake_port_send(lab.port[0], 0, buf, sizeof(buf), NULL);
    lab.dp->worker[0].next_epoll_ns = 0;
    taken = worker_poll_once(&lab.dp->worker[0], lab.now_ns, &wake_ns);
    assert_true(taken > 1); /* nobody knows yet */
    for (int i = 0; i < 3; i++)
        worker_poll_once(&lab.dp->worker[0], lab.now_ns, &wake_ns);
    for (int i = 0; i < 3; i++)
        assert_int_equal(worker_poll_once(&lab.dp->worker[0], lab.now_ns, &wake_ns), 1);
    lab_run(&lab);
    assert_int_equal(fake_port_received(lab.port[2]), 20); /* nothing is lost */

    /* Traffic to one port has its whole visit back. */
    lab_send(&lab, 1, 0xff, 2);
    lab_frame(buf, 2, 1, 64);
    for (int i = 0; i < 300; i++)
        fake_port_send(lab.port[0], 0, buf, 64, NULL);
    lab.dp->worker[0].next_epoll_ns = 0;
    for (int i = 0; i < 5; i++)
        worker_poll_once(&lab.dp->worker[0], lab.now_ns, &wake_ns);
    assert_int_equal(worker_poll_once(&lab.dp->worker[0], lab.now_ns, &wake_ns), BURST_FRAMES);
}

static void quiet_queue_is_armed_and_its_event_brings_it_back(void **state)
{
    struct dp_queue_counters c;
    uint64_t wake_ns;

    lab_run(&lab);
    worker_poll_once(&lab.dp->worker[0], lab.now_ns, &wake_ns);
    assert_int_equal(wake_ns, UINT64_MAX);
    assert_true(lab.port[0]->queue[0].armed);
    dp_queue_counters(lab.dp, &lab.port[0]->port, 0, &c);
    assert_true(c.sleeping);
    lab_send(&lab, 0, 0xff, 1);
    assert_int_equal(fake_port_received(lab.port[1]), 1);
}

static void injected_frame_counts_as_received(void **state)
{
    uint8_t buf[60];

    lab_frame(buf, 0xff, 33, sizeof(buf));
    assert_int_equal(dp_inject(lab.dp, &lab.port[0]->port, buf, sizeof(buf)), 0);
    assert_int_equal(dp_inject(lab.dp, &lab.port[0]->port, buf, 13), -EINVAL);
    lab_run(&lab);
    lab_run(&lab);
    assert_int_equal(fake_port_received(lab.port[1]), 1);
    assert_int_equal(fake_port_received(lab.port[4]), 0);
    assert_int_equal(lab_counters(&lab, 0).rx_pkts, 1);
    assert_int_equal(dp_fdb_count(lab.dp), 1);
}

static void mac_limit_of_a_port(void **state)
{
    lab.port_spec[0].max_fdb = 8;
    lab_publish(&lab);
    lab_send(&lab, 1, 0xff, 200);
    for (int i = 1; i <= 100; i++) {
        lab.now_ns += 2 * NS_PER_MS;
        lab_send(&lab, 0, 0xff, (uint8_t)i);
    }
    assert_int_equal(dp_fdb_count(lab.dp), 9);
    fake_port_clear(lab.port[1]);
    fake_port_clear(lab.port[2]);
    lab_send(&lab, 0, 200, 100);
    assert_int_equal(fake_port_received(lab.port[1]), 1);
    assert_int_equal(fake_port_received(lab.port[2]), 0);
}

static void port_that_learns_none(void **state)
{
    lab.port_spec[0].max_fdb = 0;
    lab_publish(&lab);
    lab_send(&lab, 0, 0xff, 1);
    assert_int_equal(dp_fdb_count(lab.dp), 0);
    lab_send(&lab, 1, 0xff, 2);
    assert_int_equal(dp_fdb_count(lab.dp), 1);
}

static void flush_makes_ports_learn_anew(void **state)
{
    const struct dp_fdb_filter red = {.domain = RED, .port = DP_NONE, .tenant = DP_NONE};

    lab_send(&lab, 1, 0xff, 1);
    lab_send(&lab, 5, 0xff, 1);
    assert_int_equal(dp_fdb_flush(lab.dp, &red), 1);
    assert_int_equal(dp_fdb_count(lab.dp), 1);
    lab.now_ns += 2 * NS_PER_MS;
    lab_send(&lab, 1, 0xff, 1);
    assert_int_equal(dp_fdb_count(lab.dp), 2);
}

static void detached_port_keeps_sums_exact(void **state)
{
    struct dp_counters removed;

    lab_send(&lab, 0, 0xff, 1);
    lab_fini(&lab); /* detaches all */
    setup(state);
    lab_send(&lab, 0, 0xff, 1);
    lab.domain_spec[BLUE].member_count = 0;
    lab_network(&lab, RED, 0, 10);
    for (uint16_t i = 1; i < 4; i++)
        lab_access(&lab, i, RED, 1);
    dp_port_detach(lab.dp, &lab.port[0]->port);
    fake_port_destroy(lab.port[0]);
    lab.port[0] = NULL;
    lab_publish(&lab);
    dp_port_counters(lab.dp, DP_NONE, &removed);
    assert_int_equal(removed.rx_pkts, 1);
    assert_true(dp_counters_balanced(&removed));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(unknown_destination_floods_its_network_only),
        T(learned_destination_gets_unicast),
        T(same_address_in_two_tenants),
        T(frame_arrives_byte_for_byte),
        T(moved_address_is_followed),
        T(silent_address_ages_and_busy_one_stays),
        T(many_sources_move_at_once),
        T(many_sources_are_learned_again),
        T(many_sources_stay_while_busy),
        T(ageing_never),
        T(static_entry_is_not_moved),
        T(hairpin_is_dropped),
        T(addresses_that_changed_places_are_followed),
        T(group_or_zero_source_is_dropped),
        T(reserved_addresses),
        T(isolated_ports_only_talk_to_others),
        T(port_without_tenant_carries_nothing),
        T(port_that_is_down),
        T(mtu_of_the_receiver),
        T(runts_are_counted),
        T(full_receiver_holds_its_sender_back),
        T(full_receiver_does_not_hold_for_long),
        T(a_flood_gets_shorter_visits),
        T(flood_to_a_full_port_holds_nobody),
        T(quiet_queue_is_armed_and_its_event_brings_it_back),
        T(injected_frame_counts_as_received),
        T(mac_limit_of_a_port),
        T(port_that_learns_none),
        T(flush_makes_ports_learn_anew),
        T(detached_port_keeps_sums_exact),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
