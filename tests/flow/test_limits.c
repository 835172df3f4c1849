/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Rate limits in the packet path, on a stepped clock: shaping without loss, policing, tenants'
 * caps, flood control.
 */
#include "tests/support/cmocka.h"
#include "tests/support/lab.h"

#include <string.h>

#define STEP_NS (50 * NS_PER_US)

static struct lab lab;

static int setup(void **state)
{
    lab_init(&lab, 1);
    lab_network(&lab, 1, 0, 10);
    for (uint16_t i = 0; i < 4; i++)
        lab_access(&lab, i, 1, 1);
    return 0;
}

static int teardown(void **state)
{
    lab_fini(&lab);
    return 0;
}

/* Where everybody's traffic goes: known, so that nothing floods. */
static void learn_destination(void)
{
    lab_publish(&lab);
    lab_send(&lab, 3, 0xff, 3);
}

static void refill(uint16_t port, uint32_t len, const struct offload *offload)
{
    static uint8_t buf[FRAME_MAX_BYTES];
    struct fake_queue *q = &lab.port[port]->queue[0];

    lab_frame(buf, 3, (uint8_t)(100 + port), len);
    while (q->in_count < (len > 9000 ? 8 : 512))
        fake_port_send(lab.port[port], 0, buf, len, offload);
}

/* Keep ports 0..senders-1 busy with frames of their own length each (0: with none); return wire
 * bits per second that each got through. */
static void run_lens(uint16_t senders, const uint32_t *len, uint64_t ns, double *ret_bps)
{
    uint64_t before[4], end_ns = lab.now_ns + ns;

    for (uint16_t i = 0; i < senders; i++)
        before[i] = lab_counters(&lab, i).rx_wire_bytes;
    for (; lab.now_ns < end_ns; lab.now_ns += STEP_NS) {
        for (uint16_t i = 0; i < senders; i++) {
            if (len[i] > 0)
                refill(i, len[i], NULL);
        }
        lab_run(&lab);
        fake_port_clear(lab.port[3]);
    }
    for (uint16_t i = 0; i < senders; i++)
        ret_bps[i] = (double)(lab_counters(&lab, i).rx_wire_bytes - before[i]) * 8e9 / (double)ns;
}

static void run_for(uint16_t senders, uint32_t len, uint64_t ns, double *ret_bps)
{
    const uint32_t each[] = {len, len, len, len};

    run_lens(senders, each, ns, ret_bps);
}

static void assert_near(double value, double wanted, double tolerance)
{
    if (value < wanted * (1 - tolerance) || value > wanted * (1 + tolerance))
        fail_msg("%.4g, wanted %.4g +- %.1f %%", value, wanted, tolerance * 100);
}

static void shaping_keeps_the_rate_and_loses_nothing(void **state)
{
    static const struct {
        uint64_t bps;
        uint32_t len;
    } rows[] = {{10000000, 64}, {100000000, 64}, {10000000, 1514}, {1000000000, 1514}};

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        double bps;

        lab.port_spec[0].in.bps = rows[i].bps;
        learn_destination();
        run_for(1, rows[i].len, 20 * NS_PER_MS, &bps); /* settle: the burst is spent */
        run_for(1, rows[i].len, 200 * NS_PER_MS, &bps);
        assert_near(bps, (double)rows[i].bps, 0.02);
        assert_int_equal(lab_counters(&lab, 3).tx_pkts, lab_counters(&lab, 3).copies);
    }
}

static void shaping_packets(void **state)
{
    uint64_t before;
    double bps;

    lab.port_spec[0].in.pps = 100000;
    learn_destination();
    run_for(1, 64, 50 * NS_PER_MS, &bps);
    before = lab_counters(&lab, 0).rx_pkts;
    run_for(1, 64, 200 * NS_PER_MS, &bps);
    assert_near((double)(lab_counters(&lab, 0).rx_pkts - before), 20000, 0.02);
}

static void tenant_cap_is_shared(void **state)
{
    double bps[2];

    lab.tenant_spec[0].in.bps = 200000000;
    learn_destination();
    run_for(2, 1514, 20 * NS_PER_MS, bps);
    run_for(2, 1514, 200 * NS_PER_MS, bps);
    assert_near(bps[0] + bps[1], 2e8, 0.02);
    assert_near(bps[0], 1e8, 0.25);
}

/* By bytes, however long the frames are. */
static void a_shared_cap_is_shared_by_bytes(void **state)
{
    static const uint32_t rows[][3] = {
        {64, 1514, 0}, {64, 65000, 0}, {1514, 65000, 0}, {64, 1514, 65000}};
    static const uint64_t rates[] = {40000000, 1000000000};

    for (size_t i = 0; i < ARRAY_SIZE(rows) * ARRAY_SIZE(rates); i++) {
        const uint32_t *len = rows[i / ARRAY_SIZE(rates)];
        uint64_t rate = rates[i % ARRAY_SIZE(rates)];
        int senders = len[2] == 0 ? 2 : 3;
        double bps[3];

        lab.tenant_spec[0].in.bps = rate;
        learn_destination();
        run_lens(3, len, 100 * NS_PER_MS, bps);
        run_lens(3, len, rate == rates[0] ? 2 * NS_PER_SEC : NS_PER_SEC / 4, bps);
        assert_near(bps[0] + bps[1] + bps[2], (double)rate, 0.02);
        for (int p = 0; p < senders; p++)
            assert_near(bps[p], (double)rate / senders, 0.05);
    }
}

/* And one of a network, and by packets where packets are limited. */
static void a_network_is_shared_by_packets(void **state)
{
    static const uint32_t len[] = {64, 1514};
    uint64_t before[2];
    double bps[2];

    lab.domain_spec[1].limit.pps = 100000;
    learn_destination();
    run_lens(2, len, NS_PER_SEC / 2, bps);
    for (uint16_t i = 0; i < 2; i++)
        before[i] = lab_counters(&lab, i).rx_pkts;
    run_lens(2, len, NS_PER_SEC / 2, bps);
    for (uint16_t i = 0; i < 2; i++)
        assert_near((double)(lab_counters(&lab, i).rx_pkts - before[i]), 25000, 0.03);
}

/* Also over queues: a port with several, served by several workers, is one port. */
static void a_share_is_a_port_s(void **state)
{
    static uint8_t buf[1514];
    static const uint32_t len[] = {64, 65000};
    double bps[2], queues = 0;

    lab_fini(&lab);
    lab_init(&lab, 2);
    lab_network(&lab, 1, 0, 10);
    for (uint16_t i = 0; i < 4; i++)
        lab_access(&lab, i, 1, i == 2 ? 4 : 1);
    lab.tenant_spec[0].in.bps = 300000000;
    learn_destination();
    lab_frame(buf, 3, 102, sizeof(buf));
    for (int i = 0; i < 500; i++) {
        uint64_t before = lab_counters(&lab, 2).rx_wire_bytes;

        for (uint16_t q = 0; q < 4; q++) {
            while (lab.port[2]->queue[q].in_count < 64)
                fake_port_send(lab.port[2], q, buf, sizeof(buf), NULL);
        }
        run_lens(2, len, NS_PER_MS, bps);
        queues += (double)(lab_counters(&lab, 2).rx_wire_bytes - before);
    }
    assert_near(queues * 16, 1e8, 0.05);
}

/* Who wants less than his share leaves the rest to the others; who comes back has it at once. */
static void what_one_leaves_is_the_others(void **state)
{
    static const uint32_t two[] = {0, 1514, 64}, three[] = {1514, 1514, 64};
    uint64_t before;
    double bps[3];

    lab.tenant_spec[0].in.bps = 300000000;
    lab.port_spec[0].in.bps = 20000000;
    learn_destination();
    run_lens(3, three, 100 * NS_PER_MS, bps);
    run_lens(3, three, NS_PER_SEC / 2, bps);
    assert_near(bps[0], 2e7, 0.02);
    assert_near(bps[1], 1.4e8, 0.03);
    assert_near(bps[2], 1.4e8, 0.03);
    lab.port_spec[0].in.bps = 0;
    learn_destination();
    run_lens(3, two, 100 * NS_PER_MS, bps);
    run_lens(3, two, NS_PER_SEC / 2, bps);
    assert_near(bps[1], 1.5e8, 0.03);
    assert_near(bps[2], 1.5e8, 0.03);
    while (lab.port[0]->queue[0].in_count > 0)
        lab_pass(&lab, NS_PER_MS, STEP_NS);
    run_lens(3, two, NS_PER_SEC, bps);
    before = lab_counters(&lab, 0).rx_wire_bytes;
    run_lens(3, three, 50 * NS_PER_MS, bps);
    /* A third of 50 ms, and of what it did not have before a quantum. */
    assert_in_range(lab_counters(&lab, 0).rx_wire_bytes - before, 600000, 650000 + 70000);
}

/* However many take, and however they share: the burst and a frame. */
static void a_shared_cap_is_kept(void **state)
{
    static const uint32_t len[] = {64, 1514, 65000};
    const uint64_t burst = 200000, rate = 100000000 / 8;
    uint64_t start_ns, sum, before = 0;
    double bps[3];

    lab.tenant_spec[0].in.bps = rate * 8;
    lab.tenant_spec[0].in.burst_bytes = burst;
    learn_destination();
    lab_pass(&lab, 100 * NS_PER_MS, NS_PER_MS);
    start_ns = lab.now_ns;
    for (uint16_t p = 0; p < 3; p++)
        before += lab_counters(&lab, p).rx_wire_bytes;
    for (int i = 0; i < 1000; i++) {
        run_lens(3, len, 100 * NS_PER_US, bps);
        sum = 0;
        for (uint16_t p = 0; p < 3; p++)
            sum += lab_counters(&lab, p).rx_wire_bytes;
        assert_true(sum - before <= burst + 65000 + (lab.now_ns - start_ns) * rate / NS_PER_SEC);
    }
    assert_true(sum - before >= (lab.now_ns - start_ns) * rate / NS_PER_SEC);
}

/* Send for 200 ms 64 bytes to port 2, 5.1 Gb/s, and 1514 to port 3, 242 Mb/s; return what passed.
 */
static void offer_for_policing(double *ret_bps)
{
    static const uint32_t len[] = {64, 1514};
    static const int count[] = {500, 1};
    uint64_t before[2];
    uint8_t buf[1514];

    for (uint16_t p = 0; p < 2; p++)
        before[p] = lab_counters(&lab, (uint16_t)(2 + p)).tx_wire_bytes;
    for (int i = 0; i < 4000; i++) {
        for (uint16_t p = 0; p < 2; p++) {
            lab_frame(buf, (uint8_t)(2 + p), (uint8_t)(100 + p), len[p]);
            for (int n = 0; n < count[p]; n++)
                fake_port_send(lab.port[p], 0, buf, len[p], NULL);
        }
        lab_pass(&lab, STEP_NS, STEP_NS);
        fake_port_clear(lab.port[2]);
        fake_port_clear(lab.port[3]);
    }
    for (uint16_t p = 0; p < 2; p++)
        ret_bps[p] = (double)(lab_counters(&lab, (uint16_t)(2 + p)).tx_wire_bytes - before[p]) * 40;
}

/* What a tenant's ports receive is shared, too: by dropping what is too much of one. */
static void a_policed_cap_is_shared_by_bytes(void **state)
{
    uint64_t drops;
    double bps[2];

    lab.tenant_spec[0].out.bps = 300000000;
    learn_destination();
    lab_send(&lab, 2, 0xff, 2);
    offer_for_policing(bps);
    offer_for_policing(bps);
    assert_near(bps[0], 1.5e8, 0.05);
    assert_near(bps[1], 1.5e8, 0.05);
    /* Now what port 3 is offered is less than its share: it loses nothing. */
    lab.tenant_spec[0].out.bps = 600000000;
    lab_publish(&lab);
    offer_for_policing(bps);
    drops = lab_drops(&lab, 3, DROP_limit_out);
    offer_for_policing(bps);
    assert_int_equal(lab_drops(&lab, 3, DROP_limit_out), drops);
    assert_near(bps[0] + bps[1], 6e8, 0.02);
}

static void smallest_of_nested_limits_holds(void **state)
{
    double bps[2];

    lab.tenant_spec[0].in.bps = 300000000;
    lab.domain_spec[1].limit.bps = 200000000;
    lab.domain_spec[1].limit.burst_bytes = 200000;
    lab.port_spec[0].in.bps = 50000000;
    learn_destination();
    run_for(2, 1514, 50 * NS_PER_MS, bps);
    run_for(2, 1514, 200 * NS_PER_MS, bps);
    assert_near(bps[0], 5e7, 0.03);
    assert_near(bps[0] + bps[1], 2e8, 0.03);
}

static void what_a_port_receives_is_policed(void **state)
{
    uint64_t before;
    double bps;

    lab.port_spec[3].out.bps = 100000000;
    lab.port_spec[3].out.burst_bytes = 100000;
    learn_destination();
    run_for(1, 1514, 100 * NS_PER_MS, &bps);
    before = lab_counters(&lab, 3).tx_wire_bytes;
    run_for(1, 1514, 200 * NS_PER_MS, &bps);
    assert_near((double)(lab_counters(&lab, 3).tx_wire_bytes - before) * 40, 1e8, 0.02);
    assert_true(lab_drops(&lab, 3, DROP_limit_out) > 0);
}

static void limit_changes_without_a_new_burst(void **state)
{
    uint64_t before;
    double bps;

    lab.port_spec[0].in.bps = 100000000;
    learn_destination();
    run_for(1, 1514, 50 * NS_PER_MS, &bps);
    before = lab_counters(&lab, 0).rx_wire_bytes;
    for (int i = 0; i < 100; i++) {
        lab.port_spec[0].in.bps = i % 2 ? 100000000 : 99000000;
        lab_publish(&lab);
        run_for(1, 1514, NS_PER_MS, &bps);
    }
    assert_near((double)(lab_counters(&lab, 0).rx_wire_bytes - before) * 80, 1e8, 0.03);
}

static void flood_control(void **state)
{
    static const enum drop_reason reasons[] = {DROP_flood_broadcast, DROP_flood_multicast,
                                               DROP_flood_unknown};
    static const uint8_t hosts[] = {0xff, 0xfe, 77};

    for (int i = 0; i < DP_FLOOD_COUNT; i++)
        lab.port_spec[0].flood_pps[i] = 1000;
    learn_destination();
    for (int i = 0; i < DP_FLOOD_COUNT; i++) {
        for (int n = 0; n < 1000; n++)
            lab_send(&lab, 0, hosts[i], 50);
        assert_in_range(lab_drops(&lab, 0, reasons[i]), 700, 999);
        fake_port_clear(lab.port[1]);
        fake_port_clear(lab.port[2]);
    }
    /* Unicast to a known address is none of its business, nor are other ports. */
    lab_send(&lab, 0, 3, 50);
    lab_send(&lab, 1, 0xff, 51);
    assert_int_equal(fake_port_received(lab.port[2]), 1);
}

/* Less than a byte in a second is a limit, too, and not none. */
static void the_smallest_limit_is_one(void **state)
{
    lab.port_spec[0].in = (struct dp_limit_spec){.bps = 7, .burst_bytes = 64};
    learn_destination();
    refill(0, 64, NULL);
    lab_pass(&lab, NS_PER_MS, STEP_NS);
    assert_in_range(lab_counters(&lab, 0).rx_pkts, 1, 10);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(shaping_keeps_the_rate_and_loses_nothing),
        T(shaping_packets),
        T(tenant_cap_is_shared),
        T(a_shared_cap_is_shared_by_bytes),
        T(a_network_is_shared_by_packets),
        T(a_share_is_a_port_s),
        T(what_one_leaves_is_the_others),
        T(a_shared_cap_is_kept),
        T(a_policed_cap_is_shared_by_bytes),
        T(smallest_of_nested_limits_holds),
        T(what_a_port_receives_is_policed),
        T(limit_changes_without_a_new_burst),
        T(flood_control),
        T(the_smallest_limit_is_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
