/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What may outlive what: queues that wait while the configuration changes, ports that go while
 * somebody waits for them, numbers that are given to something else. On a stepped clock.
 */
#include "base/clock.h"
#include "tests/support/cmocka.h"
#include "tests/support/lab.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static struct lab lab;

static int setup(void **state)
{
    lab_init(&lab, 1);
    lab_network(&lab, 1, 0, 10);
    lab_network(&lab, 2, 1, 10);
    for (uint16_t i = 0; i < 3; i++)
        lab_access(&lab, i, 1, 1);
    return 0;
}

static int teardown(void **state)
{
    lab_fini(&lab);
    return 0;
}

static void send_some(uint16_t port, uint8_t dst_host, uint8_t src_host, uint32_t count)
{
    uint8_t buf[64];

    lab_frame(buf, dst_host, src_host, sizeof(buf));
    for (uint32_t i = 0; i < count; i++)
        fake_port_send(lab.port[port], 0, buf, sizeof(buf), NULL);
}

/* Out of the description, out of the packet path, out of memory. */
static void remove_last_port(uint16_t port)
{
    struct fake_port *gone = lab.port[port];

    lab.port[port] = NULL;
    lab.domain_spec[1].member_count--;
    lab_publish(&lab);
    dp_port_detach(lab.dp, &gone->port);
    dp_service(lab.dp, lab.now_ns);
    fake_port_destroy(gone);
}

/* Port 0 is held back because port 2 has no room; then port 2 goes. */
static void nobody_waits_for_a_port_that_is_gone(void **state)
{
    lab_publish(&lab);
    lab_send(&lab, 2, 0xff, 2);
    lab.port[2]->queue[0].room = 0;
    send_some(0, 2, 7, 2 * BURST_FRAMES);
    lab_run(&lab);
    assert_int_equal(lab.port[0]->queue[0].in_count, BURST_FRAMES);
    remove_last_port(2);
    lab_run(&lab);
    assert_int_equal(lab.port[0]->queue[0].in_count, 0);
}

/* A queue whose limit said "in a minute" must not sit that out when the limit is lifted. */
static void a_lifted_limit_takes_effect_at_once(void **state)
{
    uint8_t big[1500];

    lab.port_spec[0].in = (struct dp_limit_spec){.bps = 8000, .burst_bytes = 64};
    lab_publish(&lab);
    lab_send(&lab, 2, 0xff, 2);
    fake_port_clear(lab.port[2]);
    lab_frame(big, 2, 7, sizeof(big)); /* a debt of more than a second */
    fake_port_send(lab.port[0], 0, big, sizeof(big), NULL);
    send_some(0, 2, 7, 39);
    lab_pass(&lab, NS_PER_MS, 50 * NS_PER_US);
    assert_in_range(fake_port_received(lab.port[2]), 1, 39);
    lab.port_spec[0].in = (struct dp_limit_spec){.bps = 10000000000, .burst_bytes = 100000};
    lab_publish(&lab);
    lab_pass(&lab, NS_PER_MS, 50 * NS_PER_US);
    assert_int_equal(fake_port_received(lab.port[2]), 40);
}

/* An announcement that waits for its worker is not made by the next owner of the port's number. */
static void an_injection_ends_with_its_port(void **state)
{
    uint8_t buf[64];
    struct fake_port *gone = lab.port[2];
    uint64_t before;

    lab_publish(&lab);
    before = lab_counters(&lab, 1).rx_pkts;
    lab_frame(buf, 0xff, 9, sizeof(buf));
    assert_int_equal(dp_inject(lab.dp, &gone->port, buf, sizeof(buf)), 0);
    lab.port[2] = NULL;
    lab.domain_spec[1].member_count--;
    {
        /* As lab_publish(), but the worker does not come to run. */
        const struct dp_spec nothing = {0};

        assert_int_equal(dp_publish(lab.dp, &nothing), 0);
    }
    dp_port_detach(lab.dp, &gone->port);
    dp_service(lab.dp, lab.now_ns);
    fake_port_destroy(gone);
    lab_access(&lab, 2, 2, 1); /* the same number in another tenant */
    lab_access(&lab, 3, 2, 1);
    lab_publish(&lab);
    lab_run(&lab);
    assert_int_equal(lab_counters(&lab, 2).rx_pkts, 0);
    assert_int_equal(fake_port_received(lab.port[3]), 0);
    assert_int_equal(lab_counters(&lab, 1).rx_pkts, before);
}

static void an_injection_of_a_port_that_stays_is_made(void **state)
{
    uint8_t buf[64];

    lab_publish(&lab);
    lab_frame(buf, 0xff, 9, sizeof(buf));
    for (int i = 0; i < 3 * WORKER_INJECTIONS; i++) {
        assert_int_equal(dp_inject(lab.dp, &lab.port[0]->port, buf, sizeof(buf)), 0);
        lab_run(&lab);
    }
    assert_int_equal(fake_port_received(lab.port[1]), 3 * WORKER_INJECTIONS);
}

/* A port that leaves while callbacks wait: destroying all is enough to end them. */
static void destroy_ends_what_waits(void **state)
{
    const struct dp_params params = {
        .workers = 2, .max_ports = 2, .max_domains = 1, .max_tenants = 1, .fdb_max = 64};
    struct fake_port *p = fake_port_create("p", 1);
    struct datapath *dp;

    assert_int_equal(dp_create(&params, &dp, NULL), 0);
    assert_int_equal(dp_port_attach(dp, &p->port, 1), 0);
    dp_port_detach(dp, &p->port);
    dp_destroy(dp);
    fake_port_destroy(p);
}

#define NOISE_MAX 20000

static uint32_t noise;

/* While control enters one address, the workers offer the next. */
static void make_noise(void *arg, const struct dp_notice *notice)
{
    uint64_t wake_ns;

    if (noise++ >= NOISE_MAX)
        return;
    if (noise % 1024 == 0) /* room: each address is to be a new one */
        dp_fdb_flush(lab.dp, &(struct dp_fdb_filter){DP_NONE, DP_NONE, DP_NONE, false});
    for (uint16_t port = 0; port < 2; port++) {
        uint8_t buf[64];

        lab_frame(buf, 0xff, 1, sizeof(buf));
        store_be32(buf + 7, noise * 2 + port);
        fake_port_send(lab.port[port], 0, buf, sizeof(buf), NULL);
    }
    lab.dp->worker[0].next_epoll_ns = 0;
    worker_poll_once(&lab.dp->worker[0], lab.now_ns, &wake_ns);
    fake_port_clear(lab.port[0]);
    fake_port_clear(lab.port[1]);
}

/* Guests that make up addresses must not keep control busy for ever with the end of a port. */
static void a_port_ends_in_spite_of_noise(void **state)
{
    struct fake_port *gone = lab.port[2];
    uint32_t before;

    lab_publish(&lab);
    lab.port[2] = NULL;
    lab.domain_spec[1].member_count--;
    lab_publish(&lab);
    noise = 0;
    lab.dp->params.notice = make_noise;
    for (int i = 0; i < 2 * OFFERS_PER_PORT; i++)
        make_noise(NULL, NULL);
    dp_port_detach(lab.dp, &gone->port);
    before = noise;
    dp_service(lab.dp, lab.now_ns);
    assert_in_range(noise, before + 1, NOISE_MAX - 1);
    noise = NOISE_MAX;
    fake_port_destroy(gone);
}

/* ---- queues ---------------------------------------------------------------------------------- */

/* epoll refuses such a file: the queue must be looked at all the same. */
static void a_queue_that_cannot_be_watched_is_served(void **state)
{
    int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    struct port_rxq *q = &lab.port[0]->port.rxq[0];

    assert_true(fd >= 0);
    lab_publish(&lab);
    atomic_store(&q->event_fd, fd);
    dp_rxq_changed(lab.dp, q);
    lab_pass(&lab, NS_PER_MS, 50 * NS_PER_US);
    send_some(0, 0xff, 7, 1);
    lab_pass(&lab, NS_PER_MS, 50 * NS_PER_US);
    assert_int_equal(fake_port_received(lab.port[1]), 1);
    atomic_store(&q->event_fd, -1);
    dp_rxq_changed(lab.dp, q);
    close(fd);
}

static uint64_t polls_of(uint16_t port)
{
    struct dp_queue_counters c;

    dp_queue_counters(lab.dp, &lab.port[port]->port, 0, &c);
    return c.polls;
}

/* One guest's storm of changes is not work for the queues of all others. */
static void a_change_of_one_queue_leaves_others_alone(void **state)
{
    struct port_rxq *q = &lab.port[0]->port.rxq[0];
    uint64_t before;

    lab_publish(&lab);
    lab_run(&lab);
    before = polls_of(1);
    for (int i = 0; i < 100; i++) {
        atomic_store(&q->live, false);
        dp_rxq_changed(lab.dp, q);
        atomic_store(&q->live, true);
        dp_rxq_changed(lab.dp, q);
        lab_run(&lab);
    }
    assert_int_equal(polls_of(1), before);
    lab.port[0]->queue[0].armed = false;
    send_some(0, 0xff, 7, 1);
    atomic_store(&q->live, false);
    dp_rxq_changed(lab.dp, q);
    atomic_store(&q->live, true);
    dp_rxq_changed(lab.dp, q); /* without an event: the change alone brings the visit */
    lab_run(&lab);
    assert_int_equal(fake_port_received(lab.port[1]), 1);
}

/* More changes than are remembered one by one: then all are looked at, none is forgotten. */
static void many_changes_at_once_are_all_seen(void **state)
{
    for (uint16_t i = 3; i < 6; i++)
        lab_access(&lab, i, 1, PORT_QUEUES_MAX);
    lab_publish(&lab);
    lab_run(&lab);
    for (uint16_t i = 3; i < 6; i++) {
        for (uint16_t n = 0; n < PORT_QUEUES_MAX; n++) {
            uint8_t buf[64];

            lab.port[i]->queue[n].armed = false;
            lab_frame(buf, 0xff, (uint8_t)i, sizeof(buf));
            fake_port_send(lab.port[i], n, buf, sizeof(buf), NULL);
            dp_rxq_changed(lab.dp, &lab.port[i]->port.rxq[n]);
        }
    }
    lab_run(&lab);
    assert_int_equal(fake_port_received(lab.port[0]), 3 * PORT_QUEUES_MAX);
}

static uint32_t rx_calls, rx_done_calls;

static void rx_of_nothing(struct port_rxq *q, struct burst *b)
{
    rx_calls++;
}

static void rx_done_of_nothing(struct port_rxq *q, struct burst *b)
{
    rx_done_calls++;
}

/* A disabled ring is drained: buffers are taken and no frame comes of it. They go back. */
static void a_visit_without_frames_ends_like_any_other(void **state)
{
    struct port_type type = fake_port_type;
    struct port *port = &lab.port[0]->port;

    type.rx = rx_of_nothing;
    type.rx_done = rx_done_of_nothing;
    port->type = &type;
    lab_publish(&lab);
    lab_run(&lab);
    assert_true(rx_calls > 0);
    assert_int_equal(rx_done_calls, rx_calls);
    port->type = &fake_port_type;
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(nobody_waits_for_a_port_that_is_gone),
        T(a_lifted_limit_takes_effect_at_once),
        T(an_injection_ends_with_its_port),
        T(an_injection_of_a_port_that_stays_is_made),
        T(destroy_ends_what_waits),
        T(a_port_ends_in_spite_of_noise),
        T(a_queue_that_cannot_be_watched_is_served),
        T(a_change_of_one_queue_leaves_others_alone),
        T(many_changes_at_once_are_all_seen),
        T(a_visit_without_frames_ends_like_any_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
