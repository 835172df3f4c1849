/* SPDX-License-Identifier: BSD-3-Clause
 *
 * vhost-user/vhu_ring_handlers.c, vhu_queue.c: rings go in and out of service while workers use
 * them, are called and kicked by what the front-end passes, and break one by one.
 */
#include "tests/support/cmocka.h"
#include "tests/support/vhu_lab.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void ring_starts_on_kick(void **state)
{
    struct vhu_lab *x = *state;

    assert_true(frontend_connect(&x->f, x->options.path));
    frontend_region_add(&x->f, FRONTEND_GPA, FRONTEND_BYTES);
    frontend_features(&x->f, 1ull << VHU_F_VERSION_1 | 1ull << VHU_F_PROTOCOL_FEATURES);
    frontend_mem_table(&x->f);
    for (unsigned i = 0; i < 2; i++) {
        frontend_ring_layout(&x->f, i, 0);
        frontend_ring_start(&x->f, i, 0);
        frontend_enable(&x->f, i, true);
    }
    assert_false(x->port->rxq[0].live);
    assert_int_equal(x->port->tx_queues, 0);
    frontend_kick(&x->f, 1);
    assert_true(x->port->rxq[0].live);
    assert_int_equal(x->port->tx_queues, 0);
    frontend_kick(&x->f, 0);
    assert_int_equal(x->port->tx_queues, 1);
}

static void ring_without_protocol_features_is_enabled(void **state)
{
    struct vhu_lab *x = *state;

    assert_true(frontend_connect(&x->f, x->options.path));
    frontend_region_add(&x->f, FRONTEND_GPA, FRONTEND_BYTES);
    frontend_features(&x->f, 1ull << VHU_F_VERSION_1);
    frontend_mem_table(&x->f);
    for (unsigned i = 0; i < 2; i++) {
        frontend_ring_layout(&x->f, i, 0);
        frontend_ring_start(&x->f, i, 0);
        frontend_kick(&x->f, i);
    }
    assert_int_equal(x->port->tx_queues, 1);
    vhu_lab_loop(x, 0, 1);
}

static void disabled_transmit_ring_is_drained(void **state)
{
    struct vhu_lab *x = *state;

    vhu_lab_shake(x, 2);
    frontend_enable(&x->f, 3, false);
    frontend_enable(&x->f, 2, false);
    assert_int_equal(x->port->tx_queues, 1);
    assert_true(x->port->rxq[1].live);
    vhu_lab_post(x, 1);
    vhu_lab_send(x, 1, 1);
    assert_int_equal(vhu_lab_rx(x, 1), 0);
    vhu_lab_rx_done(x, 1);
    assert_true(vhu_lab_sent(x, 1));
    assert_int_equal(driver_used_idx(&x->f.ring[2].driver), 0); /* receive ring not touched */
    frontend_enable(&x->f, 2, true);
    frontend_enable(&x->f, 3, true);
    assert_int_equal(x->port->tx_queues, 2);
    vhu_lab_send(x, 1, 2);
    assert_int_equal(vhu_lab_rx(x, 1), 1);
    vhu_lab_rx_done(x, 1);
}

static void first_pair_disabled_means_no_queue(void **state)
{
    struct vhu_lab *x = *state;

    vhu_lab_shake(x, 4);
    frontend_enable(&x->f, 2, false);
    assert_int_equal(x->port->tx_queues, 1); /* pairs 2 and 3 do not lead */
    frontend_enable(&x->f, 0, false);
    assert_int_equal(x->port->tx_queues, 0);
    assert_int_equal(vhu_lab_info(x).queue_pairs_enabled, 0);
}

static void repeated_enable_disturbs_nobody(void **state)
{
    struct vhu_lab *x = *state;
    unsigned retires;

    vhu_lab_shake(x, 4);
    retires = x->host.retire_count;
    for (int i = 0; i < 50; i++)
        frontend_enable(&x->f, (unsigned)i % 8, true);
    assert_int_equal(x->host.retire_count, retires);
    vhu_lab_loop(x, 3, 1);
}

static void get_vring_base_stops_and_goes_on(void **state)
{
    struct vhu_lab *x = *state;
    struct vhu_wire_state s = {.index = 1};
    uint64_t base;

    vhu_lab_shake(x, 1);
    for (unsigned i = 0; i < 5; i++)
        vhu_lab_loop(x, 0, i);
    for (s.index = 0; s.index < 2; s.index++) {
        assert_true(frontend_send(&x->f, VHU_GET_VRING_BASE, 0, &s, sizeof(s), NULL, 0));
        assert_int_equal(frontend_recv(&x->f, VHU_GET_VRING_BASE, &base, 1000), 1);
        assert_int_equal(base & UINT32_MAX, s.index);
        assert_int_equal(base >> 32, 5);
    }
    assert_int_equal(x->port->tx_queues, 0);
    assert_false(x->port->rxq[0].live);
    assert_int_equal(x->port->rxq[0].event_fd, -1);
    /* In use before: it starts without a kick, where it was. */
    frontend_ring_start(&x->f, 0, 5);
    frontend_ring_start(&x->f, 1, 5);
    assert_int_equal(x->port->tx_queues, 1);
    vhu_lab_loop(x, 0, 9);
    assert_int_equal(vhu_lab_counter(x, "ring_resyncs"), 0);
}

static void stale_base_after_a_crash(void **state)
{
    struct vhu_lab *x = *state;

    vhu_lab_shake(x, 1);
    for (unsigned i = 0; i < 3; i++)
        vhu_lab_loop(x, 0, i);
    frontend_close(&x->f);
    fake_host_settle(&x->host);
    assert_false(vhu_lab_info(x).connected);
    assert_true(frontend_connect(&x->f, x->options.path));
    frontend_features(&x->f, 1ull << VHU_F_VERSION_1 | 1ull << VHU_F_MRG_RXBUF |
                                 1ull << VHU_F_PROTOCOL_FEATURES);
    frontend_mem_table(&x->f);
    for (unsigned i = 0; i < 2; i++) {
        frontend_ring_start(&x->f, i, 1); /* wrong: 3 are used */
        frontend_enable(&x->f, i, true);
    }
    assert_int_equal(vhu_lab_counter(x, "ring_resyncs"), 2);
    assert_int_equal(vhu_lab_counter(x, "connections"), 2);
    vhu_lab_loop(x, 0, 7);
}

static bool fd_is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

/* A message that concerns a ring in service is answered when the workers have let go, not before,
 * and the next message is not read. */
static void pending_waits_for_workers(void **state)
{
    struct vhu_lab *x = *state;
    struct vhu_wire_state s = {.index = 1};
    uint64_t v;
    int old_kick;

    vhu_lab_shake(x, 1);
    vhu_lab_send(x, 0, 1);
    old_kick = x->port->rxq[0].event_fd;
    x->host.hold_retires = true;
    assert_int_equal(vhu_lab_rx(x, 0), 1); /* a worker is in the middle of a burst */
    assert_true(frontend_send(&x->f, VHU_GET_VRING_BASE, 0, &s, sizeof(s), NULL, 0));
    assert_true(frontend_send(&x->f, VHU_GET_QUEUE_NUM, 0, NULL, 0, NULL, 0));
    assert_int_equal(frontend_recv(&x->f, VHU_GET_VRING_BASE, &v, 50), 0);
    assert_false(x->port->rxq[0].live);
    assert_int_equal(x->port->rxq[0].event_fd, -1);
    assert_true(fd_is_open(old_kick)); /* still in the worker's epoll set */
    vhu_lab_rx_done(x, 0);             /* the old ring, though control has taken it away */
    assert_true(vhu_lab_sent(x, 0));
    assert_int_equal(vhu_lab_rx(x, 0), 0);
    x->host.hold_retires = false;
    assert_int_equal(frontend_recv(&x->f, VHU_GET_VRING_BASE, &v, 1000), 1);
    assert_int_equal(v >> 32, 1);
    assert_false(fd_is_open(old_kick));
    assert_int_equal(frontend_recv(&x->f, VHU_GET_QUEUE_NUM, &v, 1000), 1);
    assert_int_equal(v, 4);
}

static void call_and_kick_change_while_running(void **state)
{
    struct vhu_lab *x = *state;
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    uint64_t v;

    vhu_lab_shake(x, 1);
    vhu_lab_loop(x, 0, 1);
    assert_int_equal(frontend_ask(&x->f, VHU_SET_VRING_CALL, &(uint64_t){0}, 8, &fd, 1), 0);
    vhu_lab_post(x, 0);
    vhu_lab_send(x, 0, 2);
    assert_int_equal(vhu_lab_rx(x, 0), 1);
    assert_int_equal(vhu_lab_tx(x, 0, &x->burst.frame[0]), DROP_NONE);
    vhu_lab_rx_done(x, 0);
    assert_int_equal(eventfd_read(fd, &v), 0); /* the new one is called */
    assert_int_not_equal(eventfd_read(x->f.ring[0].call_fd, &v), 0);
    assert_int_equal(frontend_ask(&x->f, VHU_SET_VRING_KICK, &(uint64_t){1}, 8, &fd, 1), 0);
    assert_true(x->port->rxq[0].live); /* started already: no new kick needed */
    close(fd);
}

/* user-mode-linux takes its interrupts from a pipe. */
static void pipe_is_called_through_a_thread(void **state)
{
    struct vhu_lab *x = *state;
    struct pollfd p = {.events = POLLIN};
    uint64_t v = 0;
    int pipes[2];

    vhu_lab_shake(x, 1);
    assert_int_equal(pipe2(pipes, O_CLOEXEC | O_NONBLOCK), 0);
    assert_int_equal(frontend_ask(&x->f, VHU_SET_VRING_CALL, &(uint64_t){1}, 8, &pipes[1], 1), 0);
    assert_int_equal(frontend_ask(&x->f, VHU_SET_VRING_KICK, &(uint64_t){1}, 8, &pipes[0], 1), 1);
    vhu_lab_send(x, 0, 2);
    assert_int_equal(vhu_lab_rx(x, 0), 1);
    vhu_lab_rx_done(x, 0);
    p.fd = pipes[0];
    assert_int_equal(poll(&p, 1, 5000), 1);
    assert_int_equal(read(pipes[0], &v, sizeof(v)), 8);
    assert_int_equal(v, 1);
    close(pipes[0]);
    close(pipes[1]);
}

/* A pipe that is full and blocks: its thread waits, nobody else does, and the port can be taken
 * away under it. */
static void full_pipe_blocks_nobody(void **state)
{
    struct vhu_lab *x = *state;
    uint8_t junk[4096] = {0};
    int pipes[2];

    vhu_lab_shake(x, 2);
    assert_int_equal(pipe2(pipes, O_CLOEXEC | O_NONBLOCK), 0);
    while (write(pipes[1], junk, sizeof(junk)) > 0)
        ;
    assert_int_equal(fcntl(pipes[1], F_SETFL, 0), 0);
    assert_int_equal(frontend_ask(&x->f, VHU_SET_VRING_CALL, &(uint64_t){1}, 8, &pipes[1], 1), 0);
    for (unsigned i = 0; i < 50; i++)
        vhu_lab_loop(x, 0, i);
    vhu_lab_loop(x, 1, 1);
    frontend_close(&x->f);
    fake_host_settle(&x->host);
    vhu_lab_shake(x, 1);
    vhu_lab_loop(x, 0, 1);
    fake_host_remove(&x->host, x->port);
    x->port = NULL;
    close(pipes[0]); /* now the thread can go */
    close(pipes[1]);
}

static void polling_without_kick_fd(void **state)
{
    struct vhu_lab *x = *state;

    assert_true(frontend_connect(&x->f, x->options.path));
    frontend_region_add(&x->f, FRONTEND_GPA, FRONTEND_BYTES);
    frontend_features(&x->f, 1ull << VHU_F_VERSION_1 | 1ull << VHU_F_MRG_RXBUF |
                                 1ull << VHU_F_PROTOCOL_FEATURES);
    frontend_mem_table(&x->f);
    for (unsigned i = 0; i < 2; i++) {
        frontend_ring_layout(&x->f, i, 0);
        frontend_set_state(&x->f, VHU_SET_VRING_NUM, i, x->f.num);
        frontend_set_state(&x->f, VHU_SET_VRING_BASE, i, 0);
        frontend_ring_addr(&x->f, i);
        frontend_set_u64(&x->f, VHU_SET_VRING_CALL, i | VHU_VRING_NOFD);
        frontend_set_u64(&x->f, VHU_SET_VRING_KICK, i | VHU_VRING_NOFD);
        frontend_enable(&x->f, i, true);
    }
    assert_true(x->port->rxq[0].live);
    assert_int_equal(x->port->rxq[0].event_fd, -1);
    assert_int_equal(x->port->tx_queues, 1);
    vhu_lab_post(x, 0);
    vhu_lab_send(x, 0, 2);
    assert_int_equal(vhu_lab_rx(x, 0), 1);
    assert_int_equal(vhu_lab_tx(x, 0, &x->burst.frame[0]), DROP_NONE);
    vhu_lab_rx_done(x, 0);
    assert_true(vhu_lab_sent(x, 0));
}

/* A driver gone mad breaks its ring, not the others, and can set it up anew. */
static void broken_ring(void **state)
{
    struct vhu_lab *x = *state;
    struct vhu_wire_state s = {.index = 3};
    eventfd_t v;

    vhu_lab_shake(x, 2);
    driver_set_avail_idx(&x->f.ring[3].driver, 9999);
    assert_int_equal(vhu_lab_rx(x, 1), 0);
    vhu_lab_rx_done(x, 1);
    fake_host_settle(&x->host);
    assert_non_null(strstr(vhu_lab_info(x).error, "transmit ring of queue pair 1"));
    assert_int_equal(vhu_lab_counter(x, "ring_errors"), 1);
    assert_false(x->port->rxq[1].live);
    assert_int_equal(eventfd_read(x->f.ring[3].err_fd, &v), 0);
    vhu_lab_loop(x, 0, 1);
    assert_true(frontend_send(&x->f, VHU_GET_VRING_BASE, 0, &s, sizeof(s), NULL, 0));
    assert_int_equal(frontend_recv(&x->f, VHU_GET_VRING_BASE, NULL, 1000), 1);
    frontend_ring_layout(&x->f, 3, 0);
    frontend_ring_start(&x->f, 3, 0);
    frontend_kick(&x->f, 3);
    assert_string_equal(vhu_lab_info(x).error, "");
    vhu_lab_loop(x, 1, 1);
}

static void broken_receive_ring_names_the_drop(void **state)
{
    struct vhu_lab *x = *state;

    vhu_lab_shake(x, 2);
    vhu_lab_send(x, 0, 1);
    assert_int_equal(vhu_lab_rx(x, 0), 1);
    driver_set_avail_idx(&x->f.ring[2].driver, 9999);
    assert_int_equal(vhu_lab_tx(x, 1, &x->burst.frame[0]), DROP_dst_error);
    fake_host_settle(&x->host);
    assert_int_equal(vhu_lab_tx(x, 1, &x->burst.frame[0]), DROP_dst_error);
    assert_int_equal(x->port->tx_queues, 2);
    vhu_lab_rx_done(x, 0);
    frontend_close(&x->f);
    fake_host_settle(&x->host);
    assert_int_equal(vhu_lab_tx(x, 1, &x->burst.frame[0]), DROP_dst_down);
}

static void legacy_header(void **state)
{
    struct vhu_lab *x = *state;
    uint8_t bytes[10 + 100] = {0};
    struct driver_buf b = {VHU_LAB_TX_GPA, sizeof(bytes)};

    assert_true(frontend_connect(&x->f, x->options.path));
    frontend_region_add(&x->f, FRONTEND_GPA, FRONTEND_BYTES);
    frontend_features(&x->f, 1ull << VHU_F_PROTOCOL_FEATURES);
    frontend_mem_table(&x->f);
    for (unsigned i = 0; i < 2; i++) {
        frontend_ring_layout(&x->f, i, 0);
        frontend_ring_start(&x->f, i, 0);
        frontend_enable(&x->f, i, true);
        frontend_kick(&x->f, i);
    }
    test_frame(bytes + 10, 100, 1);
    guest_fill(&x->f.guest, VHU_LAB_TX_GPA, bytes, sizeof(bytes));
    driver_post(&x->f.ring[1].driver, &b, 1, false);
    assert_int_equal(vhu_lab_rx(x, 0), 1);
    assert_int_equal(x->burst.frame[0].len, 100);
    assert_memory_equal(x->burst.frame[0].head, bytes + 10, 64);
    vhu_lab_rx_done(x, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        VHU_LAB_TEST(ring_starts_on_kick),
        VHU_LAB_TEST(ring_without_protocol_features_is_enabled),
        VHU_LAB_TEST(disabled_transmit_ring_is_drained),
        VHU_LAB_TEST(first_pair_disabled_means_no_queue),
        VHU_LAB_TEST(repeated_enable_disturbs_nobody),
        VHU_LAB_TEST(get_vring_base_stops_and_goes_on),
        VHU_LAB_TEST(stale_base_after_a_crash),
        VHU_LAB_TEST(pending_waits_for_workers),
        VHU_LAB_TEST(call_and_kick_change_while_running),
        VHU_LAB_TEST(pipe_is_called_through_a_thread),
        VHU_LAB_TEST(full_pipe_blocks_nobody),
        VHU_LAB_TEST(polling_without_kick_fd),
        VHU_LAB_TEST(broken_ring),
        VHU_LAB_TEST(broken_receive_ring_names_the_drop),
        VHU_LAB_TEST(legacy_header),
    };

    return cmocka_run_group_tests(tests, vhu_lab_warm_up, NULL);
}
