/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Checksum and segmentation requests on their way to receivers that take them, take a part of them,
 * or take none: each gets what it negotiated, and every finished frame is right.
 */
#include "tests/support/cmocka.h"
#include "tests/support/lab.h"

#include <string.h>

#define ALL (PORT_OFFLOAD_CSUM | PORT_OFFLOAD_TSO4 | PORT_OFFLOAD_TSO6 | PORT_OFFLOAD_ECN)

/* Port 0 sends; 1 takes everything, 2 nothing, 3 checksums only, 4 is a trunk that takes nothing.
 */
enum { SENDER, TAKES_ALL, TAKES_NONE, TAKES_CSUM, TRUNK };

static struct lab lab;
static struct packet packet, finished;

static int setup(void **state)
{
    const uint16_t domain = 1;

    lab_init(&lab, 1);
    lab_network(&lab, 1, 0, 10);
    for (uint16_t i = 0; i < TRUNK; i++)
        lab_access(&lab, i, 1, 1);
    lab_trunk(&lab, TRUNK, &domain, 1, VLAN_DOMAIN_NONE);
    lab_publish(&lab);
    atomic_store(&lab.port[TAKES_NONE]->port.tx_offloads, 0);
    atomic_store(&lab.port[TAKES_CSUM]->port.tx_offloads, PORT_OFFLOAD_CSUM);
    atomic_store(&lab.port[TRUNK]->port.tx_offloads, 0);
    return 0;
}

static int teardown(void **state)
{
    lab_fini(&lab);
    return 0;
}

static void send_packet(const struct packet_spec *spec, uint16_t gso_size, uint8_t gso_type)
{
    packet_build(spec, &packet);
    lab_send_packet(&lab, SENDER, &packet, gso_size, gso_type);
}

/* Take all frames of a port, check each, and put their payloads together. */
static uint32_t reassemble(uint16_t port, uint32_t tag_bytes, bool partial, uint8_t *payload)
{
    const struct fake_frame *got;
    uint32_t bytes = 0;

    while ((got = fake_port_take(lab.port[port])) != NULL) {
        const char *wrong;

        assert_int_equal(got->offload.gso_type, OFFLOAD_GSO_NONE);
        assert_int_equal(got->offload.flags, partial ? OFFLOAD_NEEDS_CSUM : 0);
        assert_true(got->len <= 1514 + tag_bytes);
        wrong = packet_verify(got->bytes, got->len, &finished);
        if (wrong != NULL && !partial)
            fail_msg("port %u: %s", port, wrong);
        memcpy(payload + bytes, got->bytes + finished.payload_off, got->len - finished.payload_off);
        bytes += got->len - finished.payload_off;
    }
    return bytes;
}

static void checksum_alone(void **state)
{
    const struct packet_spec spec = {.l4 = PACKET_UDP, .payload_bytes = 777, .seed = 1};
    const struct fake_frame *got;

    send_packet(&spec, 0, OFFLOAD_GSO_NONE);
    got = fake_port_take(lab.port[TAKES_ALL]);
    assert_int_equal(got->offload.flags, OFFLOAD_NEEDS_CSUM);
    assert_memory_equal(got->bytes, packet.bytes, packet.len);
    got = fake_port_take(lab.port[TAKES_NONE]);
    assert_int_equal(got->offload.flags, 0);
    assert_null(packet_verify(got->bytes, got->len, &finished));
    got = fake_port_take(lab.port[TRUNK]);
    assert_int_equal(got->len, packet.len + 4);
    assert_null(packet_verify(got->bytes, got->len, &finished));
    assert_int_equal(lab_counters(&lab, TAKES_ALL).completed, 0);
    assert_int_equal(lab_counters(&lab, TAKES_NONE).completed, 1);
}

static void segmentation(void **state)
{
    static uint8_t payload[PACKET_MAX_BYTES];

    for (int ipv6 = 0; ipv6 < 2; ipv6++) {
        const struct packet_spec spec = {
            .ipv6 = ipv6,
            .l4 = PACKET_TCP,
            .tcp_option_bytes = 12,
            .payload_bytes = 50001,
            .seed = 7,
        };
        const uint16_t mss = ipv6 ? 1428 : 1448;
        const struct fake_frame *whole;
        uint64_t before = lab_counters(&lab, TAKES_NONE).tx_wire_pkts;

        send_packet(&spec, mss, ipv6 ? OFFLOAD_GSO_TCPV6 : OFFLOAD_GSO_TCPV4);
        whole = fake_port_take(lab.port[TAKES_ALL]);
        assert_int_equal(whole->len, packet.len);
        assert_int_equal(whole->offload.gso_size, mss);
        assert_int_equal(whole->offload.hdr_len, packet.payload_off);

        assert_int_equal(reassemble(TAKES_NONE, 0, false, payload), spec.payload_bytes);
        assert_memory_equal(payload, packet.bytes + packet.payload_off, spec.payload_bytes);
        assert_int_equal(reassemble(TRUNK, 4, false, payload), spec.payload_bytes);
        assert_memory_equal(payload, packet.bytes + packet.payload_off, spec.payload_bytes);
        assert_int_equal(lab_counters(&lab, TAKES_NONE).tx_wire_pkts - before, 50001 / mss + 1);
        assert_int_equal(lab_counters(&lab, SENDER).rx_pkts, ipv6 + 1);
        fake_port_clear(lab.port[TAKES_CSUM]);
    }
}

static void receiver_with_checksums_gets_partial_segments(void **state)
{
    const struct packet_spec spec = {.l4 = PACKET_TCP, .payload_bytes = 10000, .seed = 3};
    uint8_t payload[10000];

    send_packet(&spec, 1400, OFFLOAD_GSO_TCPV4);
    assert_int_equal(reassemble(TAKES_CSUM, 0, true, payload), spec.payload_bytes);
    assert_memory_equal(payload, packet.bytes + packet.payload_off, spec.payload_bytes);
}

static void segments_that_meet_a_full_ring_count_as_one_dropped_copy(void **state)
{
    const struct packet_spec spec = {.l4 = PACKET_TCP, .payload_bytes = 20000, .seed = 4};

    lab.port[TAKES_NONE]->queue[0].room = 5;
    send_packet(&spec, 1000, OFFLOAD_GSO_TCPV4);
    assert_int_equal(lab_drops(&lab, TAKES_NONE, DROP_dst_full), 1);
    assert_int_equal(lab_counters(&lab, TAKES_NONE).tx_wire_pkts, 5);
}

static void mtu_counts_segments(void **state)
{
    const struct packet_spec spec = {.l4 = PACKET_TCP, .payload_bytes = 20000, .seed = 5};

    send_packet(&spec, 1460, OFFLOAD_GSO_TCPV4);
    assert_int_equal(fake_port_received(lab.port[TAKES_ALL]), 1);
    send_packet(&spec, 1461, OFFLOAD_GSO_TCPV4);
    assert_int_equal(fake_port_received(lab.port[TAKES_ALL]), 1);
    assert_int_equal(lab_drops(&lab, TAKES_ALL, DROP_mtu), 1);
}

static void lies_are_dropped_and_counted(void **state)
{
    const struct packet_spec spec = {.l4 = PACKET_TCP, .payload_bytes = 3000, .seed = 6};

    send_packet(&spec, 0, OFFLOAD_GSO_TCPV4);    /* no segment size */
    send_packet(&spec, 1000, OFFLOAD_GSO_TCPV6); /* it is IPv4 */
    send_packet(&spec, 1000, 3);                 /* UDP fragmentation was not offered */
    send_packet(&spec, 1000, 77);
    assert_int_equal(lab_drops(&lab, SENDER, DROP_bad_offload), 4);
    assert_int_equal(fake_port_received(lab.port[TAKES_ALL]), 0);
}

static void gso_is_charged_as_its_segments(void **state)
{
    const struct packet_spec spec = {.l4 = PACKET_TCP, .payload_bytes = 14000, .seed = 8};

    send_packet(&spec, 1400, OFFLOAD_GSO_TCPV4);
    assert_int_equal(lab_counters(&lab, SENDER).rx_wire_pkts, 10);
    assert_int_equal(lab_counters(&lab, SENDER).rx_wire_bytes, 14000 + 10 * packet.payload_off);
}

static void completion_budget_is_bounded(void **state)
{
    const struct packet_spec spec = {.l4 = PACKET_TCP, .payload_bytes = 60000, .seed = 9};
    struct offload offload;

    packet_build(&spec, &packet);
    packet.bytes[0] = packet.bytes[6] = 0x02;
    offload = packet_request(&packet, 1400, OFFLOAD_GSO_TCPV4);
    for (int i = 0; i < 16; i++)
        fake_port_send(lab.port[SENDER], 0, packet.bytes, packet.len, &offload);
    lab_run(&lab);
    assert_true(lab_drops(&lab, TRUNK, DROP_completion_budget) +
                    lab_drops(&lab, TAKES_NONE, DROP_completion_budget) >
                0);
    assert_int_equal(fake_port_received(lab.port[TAKES_ALL]), 16);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(checksum_alone),
        T(segmentation),
        T(receiver_with_checksums_gets_partial_segments),
        T(segments_that_meet_a_full_ring_count_as_one_dropped_copy),
        T(mtu_counts_segments),
        T(lies_are_dropped_and_counted),
        T(gso_is_charged_as_its_segments),
        T(completion_budget_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
