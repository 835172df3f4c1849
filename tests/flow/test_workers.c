/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Running workers: several into one port, queues moved and configuration published while frames
 * flow, ports that come and go, workers that sleep and are woken. Fit for the thread sanitizer.
 */
#include "base/clock.h"
#include "tests/support/busy_port.h"
#include "tests/support/cmocka.h"
#include "tests/support/lab.h"

#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define WORKERS 3
#define PORTS   4
#define QUEUES  4
#define FRAMES  200000

static struct datapath *dp;
static struct busy_port *ports[PORTS];
static struct dp_port_spec port_specs[PORTS];
static struct dp_member_spec members[PORTS];
static struct dp_domain_spec domain = {.domain = 1, .tenant = 0, .members = members};
static struct dp_tenant_spec tenant = {.tenant = 0};

static int setup(void **state)
{
    const struct dp_params params = {
        .workers = WORKERS,
        .max_ports = PORTS,
        .max_domains = 4,
        .max_tenants = 1,
        .fdb_max = 1024,
        .spin_us = 20,
    };

    assert_int_equal(dp_create(&params, &dp, NULL), 0);
    domain.member_count = 0;
    return 0;
}

static void add_port(uint16_t i, uint64_t frames, uint8_t dst_host)
{
    ports[i] = busy_port_create("busy", QUEUES, frames, dst_host, (uint8_t)(i + 1));
    assert_int_equal(dp_port_attach(dp, &ports[i]->port, i), 0);
    port_specs[i] = (struct dp_port_spec){
        .port = i,
        .up = true,
        .vlan = {.mode = VLAN_MODE_ACCESS, .native = 1},
        .max_fdb = 1024,
    };
    members[domain.member_count++] = (struct dp_member_spec){.port = i};
}

static void publish(uint16_t port_count)
{
    const struct dp_spec spec = {
        .tenants = &tenant,
        .tenant_count = 1,
        .domains = &domain,
        .domain_count = 1,
        .ports = port_specs,
        .port_count = port_count,
        .fdb_ageing_s = 300,
    };

    assert_int_equal(dp_publish(dp, &spec), 0);
}

/* Control's loop: wait for an event of the packet path, for a millisecond at most. */
static void serve(void)
{
    struct pollfd fd = {.fd = dp_event_fd(dp), .events = POLLIN};

    poll(&fd, 1, 1);
    dp_service(dp, clock_now_ns());
}

static uint64_t remaining(void)
{
    uint64_t sum = 0;

    for (int i = 0; i < PORTS; i++)
        sum += ports[i] == NULL ? 0 : atomic_load(&ports[i]->remaining);
    return sum;
}

static void set_flag(void *arg)
{
    *(bool *)arg = true;
}

static void wait_for_grace(void)
{
    bool done = false;

    dp_retire(dp, set_flag, &done);
    while (!done)
        serve();
}

static int teardown(void **state)
{
    domain.member_count = 0;
    publish(0);
    for (uint16_t i = 0; i < PORTS; i++) {
        if (ports[i] != NULL)
            dp_port_detach(dp, &ports[i]->port);
    }
    wait_for_grace();
    dp_stop(dp);
    for (uint16_t i = 0; i < PORTS; i++) {
        if (ports[i] != NULL)
            busy_port_destroy(ports[i]);
        ports[i] = NULL;
    }
    dp_destroy(dp);
    return 0;
}

static void check_sums(uint64_t sent_each)
{
    uint64_t rx = 0, copies = 0, tx = 0, dropped = 0, received = 0;

    for (uint16_t i = 0; i < PORTS; i++) {
        struct dp_counters c;

        dp_port_counters(dp, i, &c);
        assert_true(dp_counters_balanced(&c));
        rx += c.rx_pkts;
        copies += c.copies;
        tx += c.tx_pkts;
        dropped += c.drops[DROP_dst_busy];
        received += busy_port_received(ports[i]);
    }
    assert_int_equal(rx, PORTS * sent_each);
    assert_int_equal(tx, received);
    assert_int_equal(copies, tx + dropped);
}

/* Everybody sends to its neighbour while queues move from worker to worker. */
static void queues_move_under_load(void **state)
{
    uint32_t moves = 0, turn = 0;

    for (uint16_t i = 0; i < PORTS; i++)
        add_port(i, FRAMES, (uint8_t)((i + 1) % PORTS + 1));
    publish(PORTS);
    assert_int_equal(dp_start(dp, NULL, NULL), 0);
    while (remaining() > 0) {
        struct busy_port *p = ports[turn % PORTS];

        moves += dp_queue_move(dp, &p->port, (uint16_t)(turn / PORTS % QUEUES),
                               (uint16_t)(turn % WORKERS), NULL, NULL) == 0;
        turn++;
        if (turn % 7 == 0)
            publish(PORTS);
        serve();
    }
    wait_for_grace();
    dp_stop(dp);
    assert_true(moves > 3);
    check_sums(FRAMES);
}

/* A port that is taken away while others send to it. */
static void ports_come_and_go_under_load(void **state)
{
    for (uint16_t i = 0; i < PORTS; i++)
        add_port(i, i == 0 ? 0 : FRAMES, 1);
    publish(PORTS);
    assert_int_equal(dp_start(dp, NULL, NULL), 0);
    for (int round = 0; round < 20; round++) {
        struct busy_port *old = ports[0];

        /* Port 0 is the first member and the first spec: leave it out. */
        domain.members = members + 1;
        domain.member_count = PORTS - 1;
        {
            const struct dp_spec spec = {
                .tenants = &tenant,
                .tenant_count = 1,
                .domains = &domain,
                .domain_count = 1,
                .ports = port_specs + 1,
                .port_count = PORTS - 1,
            };

            assert_int_equal(dp_publish(dp, &spec), 0);
        }
        dp_port_detach(dp, &old->port);
        wait_for_grace();
        busy_port_destroy(old);
        domain.members = members;
        domain.member_count = 0;
        add_port(0, 0, 1);
        domain.member_count = PORTS;
        publish(PORTS);
        wait_for_grace();
    }
    while (remaining() > 0)
        serve();
}

/* With nothing to do workers sleep; an event of a queue wakes the one that serves it. */
static void idle_workers_sleep_and_are_woken(void **state)
{
    struct dp_worker_counters before, after;
    const uint64_t one = 1;
    uint64_t slept = 0;

    add_port(0, 0, 2);
    publish(1);
    assert_int_equal(dp_start(dp, NULL, NULL), 0);
    do {
        serve();
        slept = 0;
        for (uint16_t i = 0; i < WORKERS; i++) {
            dp_worker_counters(dp, i, &after);
            slept += after.sleeps > 0;
        }
    } while (slept < WORKERS);

    dp_worker_counters(dp, dp_queue_worker(dp, &ports[0]->port, 0), &before);
    assert_int_equal(write(ports[0]->queue[0].event_fd, &one, sizeof(one)), sizeof(one));
    do {
        serve();
        dp_worker_counters(dp, dp_queue_worker(dp, &ports[0]->port, 0), &after);
    } while (after.wakeups == before.wakeups);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(queues_move_under_load),
        T(ports_come_and_go_under_load),
        T(idle_workers_sleep_and_are_woken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
