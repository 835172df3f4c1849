/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Many new addresses: what room there is for offers while control is late, and whose it is; how
 * many of them control is told of.
 */
#include "tests/support/cmocka.h"
#include "tests/support/lab.h"

#include <rte_ring.h>

#define PORTS     31
#define MANY      4000
#define PER_MS    20 /* frames, at 20 kpps */
#define LATE_MS   50 /* control, on a host that has better to do */
#define NOBODY    0xfd
#define SLOW_PORT (PORTS - 1)

static struct lab lab;

static int setup(void **state)
{
    lab_init(&lab, 1);
    lab_network(&lab, 1, 0, 10);
    lab_network(&lab, 2, 1, 11);
    for (uint16_t i = 0; i < PORTS; i++)
        lab_access(&lab, i, i == SLOW_PORT ? 2 : 1, 1);
    lab_publish(&lab);
    return 0;
}

static int teardown(void **state)
{
    lab_fini(&lab);
    return 0;
}

/* Frames of new addresses to one that is known to be where they come from: they go no further. */
static void send_new(uint16_t port, uint32_t count, uint32_t *serial)
{
    uint8_t buf[64];

    for (uint32_t i = 0; i < count; i++) {
        lab_frame(buf, (uint8_t)(100 + port), 1, sizeof(buf));
        buf[7] = 1;
        store_be16(buf + 8, (uint16_t)(++*serial >> 16));
        store_be16(buf + 10, (uint16_t)*serial);
        fake_port_send(lab.port[port], 0, buf, sizeof(buf), NULL);
    }
}

static void know(uint16_t port)
{
    lab_send(&lab, port, NOBODY, (uint8_t)(100 + port));
}

/* Workers go on, control does not. */
static void work(void)
{
    uint64_t wake_ns;

    lab.dp->worker[0].next_epoll_ns = 0;
    while (worker_poll_once(&lab.dp->worker[0], lab.now_ns, &wake_ns) > 0)
        ;
}

static void a_late_control_learns_all_in_one_pass(void **state)
{
    uint32_t serial = 0;

    know(0);
    for (int ms = 1; serial < MANY; ms++) {
        send_new(0, PER_MS, &serial);
        work();
        lab.now_ns += NS_PER_MS;
        if (ms % LATE_MS == 0)
            dp_service(lab.dp, lab.now_ns);
    }
    lab_run(&lab);
    assert_int_equal(dp_fdb_count(lab.dp), MANY + 1);
}

/* However many ports of a tenant shout, another's addresses find room beside them, and the work
 * that control finds has a bound. */
static void a_flood_leaves_room_for_others(void **state)
{
    static const uint16_t rows[] = {1, 2, 4, 8};
    uint32_t serial = 0, before, room;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct dp_fdb_filter all = {DP_NONE, DP_NONE, DP_NONE, false};

        dp_fdb_flush(lab.dp, &all);
        know(SLOW_PORT);
        for (uint16_t p = 0; p < rows[i]; p++) {
            know(p);
            send_new(p, 3000, &serial);
        }
        work();
        before = rte_ring_count(lab.dp->worker[0].offers.ring);
        assert_in_range(before, 1, OFFERS_SHARED);
        room = OFFERS_SHARED - before;
        send_new(SLOW_PORT, 3000, &serial);
        work();
        assert_in_range(rte_ring_count(lab.dp->worker[0].offers.ring) - before,
                        OFFERS_PER_PORT + room / (OFFERS_SHARED_PART + 2), OFFERS_PER_PORT + room);
        /* Each noisy one has left four fifths of what it found, or nearly so. */
        assert_in_range(room, OFFERS_SHARED >> (rows[i] + 2) / 3, OFFERS_SHARED);
        lab_run(&lab);
    }
}

/* All of them at once and for ever: each still has what is its own. */
static void what_is_a_port_s_own_is_never_taken(void **state)
{
    struct worker *w = &lab.dp->worker[0];
    uint32_t serial = 0, before;

    for (uint16_t i = 0; i < PORTS; i++)
        know(i);
    for (int again = 0; again < 40; again++) {
        for (uint16_t i = 0; i < SLOW_PORT; i++)
            send_new(i, 200, &serial);
        work();
    }
    before = rte_ring_count(w->offers.ring);
    send_new(SLOW_PORT, OFFERS_PER_PORT, &serial);
    work();
    assert_int_equal(rte_ring_count(w->offers.ring), before + OFFERS_PER_PORT);
    lab_run(&lab);
}

/* Addresses of one tenant that nobody wants to read about, and one of another. */
static void notices_are_limited_by_tenant(void **state)
{
    uint64_t start_ns = lab.now_ns, suppressed;
    uint32_t serial = 0, told;

    know(0);
    while (serial < MANY) {
        send_new(0, PER_MS, &serial);
        lab_pass(&lab, NS_PER_MS, NS_PER_MS);
    }
    told = lab.notices[DP_NOTICE_MAC_LEARNED];
    suppressed = lab.suppressed;
    assert_in_range(told, DP_NOTICES_BURST,
                    DP_NOTICES_BURST + 1 + DP_NOTICES_PER_S * (lab.now_ns - start_ns) / NS_PER_SEC);
    assert_int_equal(told + dp_notices_suppressed(lab.dp), MANY + 1);
    assert_int_equal(dp_fdb_count(lab.dp), MANY + 1);
    know(SLOW_PORT);
    assert_int_equal(lab.notices[DP_NOTICE_MAC_LEARNED], told + 1);
    assert_int_equal(lab.suppressed, suppressed);
    /* The next that is told says how many were not. */
    lab_pass(&lab, NS_PER_SEC, NS_PER_SEC);
    know(1);
    assert_int_equal(lab.suppressed, dp_notices_suppressed(lab.dp));
}

/* An address that jumps to and fro, and a port at its limit. */
static void neither_moves_nor_limits_are_told_without_end(void **state)
{
    const uint32_t *told = lab.notices;
    uint32_t serial = 0;

    for (int i = 0; i < 3000; i++, lab.now_ns += NS_PER_MS)
        lab_send(&lab, (uint16_t)(i % 2), NOBODY, 200);
    assert_in_range(told[DP_NOTICE_MAC_MOVED], DP_NOTICES_BURST - 1,
                    DP_NOTICES_BURST + 3 * DP_NOTICES_PER_S);
    assert_int_equal(1 + told[DP_NOTICE_MAC_MOVED] + dp_notices_suppressed(lab.dp), 3000);
    lab.port_spec[SLOW_PORT].max_fdb = 10;
    lab_publish(&lab);
    know(SLOW_PORT);
    send_new(SLOW_PORT, 1000, &serial);
    lab_run(&lab);
    assert_int_equal(told[DP_NOTICE_MAC_EVICTED], 1);
    assert_int_equal(told[DP_NOTICE_MAC_LEARNED], 1 + 10);
    assert_int_equal(told[DP_NOTICE_MAC_MOVED] + dp_notices_suppressed(lab.dp),
                     2999 + 1000 - 9 - 1);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_late_control_learns_all_in_one_pass),         T(a_flood_leaves_room_for_others),
        T(what_is_a_port_s_own_is_never_taken),           T(notices_are_limited_by_tenant),
        T(neither_moves_nor_limits_are_told_without_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
