/* SPDX-License-Identifier: BSD-3-Clause
 *
 * vhost-user/: a front-end does what QEMU does, frames flow through real rings in real memfds, and
 * rings go in and out of service while workers use them.
 */
#include "tests/support/cmocka.h"
#include "tests/support/frontend.h"
#include "vhost-user/vhu.h"
#include "vhost-user/vring_call.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define TX_GPA (FRONTEND_GPA + 0x100000) /* frames that guests send */
#define RX_GPA (FRONTEND_GPA + 0x200000) /* buffers for what they receive */
#define BUF    2048

struct fixture {
    struct fake_host host;
    struct vhu_options options;
    struct port_config config;
    struct port *port;
    struct frontend f;
    unsigned fds;
    char dir[32];
};

static int setup(void **state)
{
    struct fixture *x = calloc(1, sizeof(*x));

    x->fds = frontend_count_fds();
    fake_host_init(&x->host);
    strcpy(x->dir, "/tmp/vhu-test-XXXXXX");
    assert_non_null(mkdtemp(x->dir));
    snprintf(x->options.path, sizeof(x->options.path), "%s/s", x->dir);
    strcpy(x->options.mode, "0600");
    x->options.queues = 4;
    x->config = (struct port_config){.name = "vm1", .up = true, .mtu = 1500};
    x->config.options = &x->options;
    x->port = fake_host_add(&x->host, &port_type_vhost_user, &x->config);
    frontend_init(&x->f, &x->host);
    *state = x;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *x = *state;

    frontend_fini(&x->f);
    if (x->port != NULL)
        fake_host_remove(&x->host, x->port);
    fake_host_fini(&x->host);
    assert_int_equal(rmdir(x->dir), 0); /* the socket file is gone */
    frontend_wait_fds(x->fds);
    free(x);
    return 0;
}

static void connect_and_shake(struct fixture *x, unsigned pairs)
{
    assert_true(frontend_connect(&x->f, x->options.path));
    frontend_handshake(&x->f, pairs);
}

/* ---- a worker ---------------------------------------------------------------------------- */
static struct burst burst;

static unsigned work_rx(struct port *p, unsigned q)
{
    burst_reset(&burst, BURST_FRAMES, INT64_MAX, INT64_MAX);
    p->type->rx(&p->rxq[q], &burst);
    return burst.count;
}

static void work_done(struct port *p, unsigned q)
{
    p->type->rx_done(&p->rxq[q], &burst);
}

static uint8_t work_tx(struct port *p, unsigned q, const struct frame *f)
{
    struct tx_item item = {.frame = f, .drop = DROP_COUNT};

    p->type->tx(&p->txq[q], &item, 1);
    return item.drop;
}

/* ---- a driver ---------------------------------------------------------------------------- */
static void guest_post(struct fixture *x, unsigned pair, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct driver_buf b = {RX_GPA + (uint64_t)BUF * i, BUF};

        driver_post(&x->f.ring[2 * pair].driver, &b, 1, true);
    }
}

static void guest_send(struct fixture *x, unsigned pair, unsigned seed)
{
    uint8_t bytes[12 + 100] = {0};
    struct driver_buf b = {TX_GPA, sizeof(bytes)};

    test_frame(bytes + 12, 100, seed);
    guest_fill(&x->f.guest, TX_GPA, bytes, sizeof(bytes));
    driver_post(&x->f.ring[2 * pair + 1].driver, &b, 1, false);
}

static bool guest_sent(struct fixture *x, unsigned pair)
{
    uint32_t id, len;

    return driver_used(&x->f.ring[2 * pair + 1].driver, &id, &len);
}

/* One frame from pair @pair to itself, checked to the byte. */
static void loop_one(struct fixture *x, unsigned pair, unsigned seed)
{
    uint8_t want[100], got[100];
    uint32_t id, len;
    eventfd_t v;

    test_frame(want, 100, seed);
    guest_post(x, pair, 1);
    guest_send(x, pair, seed);
    assert_int_equal(work_rx(x->port, pair), 1);
    assert_int_equal(burst.frame[0].drop, DROP_NONE);
    assert_int_equal(work_tx(x->port, pair, &burst.frame[0]), DROP_NONE);
    work_done(x->port, pair);
    assert_true(guest_sent(x, pair));
    assert_true(driver_used(&x->f.ring[2 * pair].driver, &id, &len));
    assert_int_equal(len, 112);
    guest_copy_out(&x->f.guest, RX_GPA + 12, got, sizeof(got));
    assert_memory_equal(got, want, sizeof(want));
    assert_int_equal(eventfd_read(x->f.ring[2 * pair].call_fd, &v), 0);
}

static uint64_t counter_value;
static void counter_pick(void *arg, const char *name, uint64_t value, const char *help)
{
    assert_true(help[0] != '\0');
    if (strcmp(name, arg) == 0)
        counter_value = value;
}

static uint64_t counter(struct fixture *x, const char *name)
{
    counter_value = UINT64_MAX;
    x->port->type->counters(x->port, counter_pick, (void *)name);
    assert_true(counter_value != UINT64_MAX);
    return counter_value;
}

static struct port_info info(struct fixture *x)
{
    struct port_info i;

    fake_host_settle(&x->host);
    x->port->type->info(x->port, &i);
    return i;
}

/* ---- tests ------------------------------------------------------------------------------- */
static void handshake_and_traffic(void **state)
{
    struct fixture *x = *state;

    assert_false(info(x).connected);
    connect_and_shake(x, 4);
    assert_true(info(x).connected);
    assert_true(info(x).driver_ready);
    assert_string_equal(info(x).error, "");
    assert_int_equal(info(x).queue_pairs_enabled, 4);
    assert_non_null(strstr(info(x).features, "virtio-1, mergeable buffers"));
    assert_int_equal(x->port->tx_offloads, PORT_OFFLOAD_CSUM | PORT_OFFLOAD_TSO4);
    assert_int_equal(x->port->rxq[3].event_fd, vhu_of(x->port)->ring[7].kick_fd);
    for (unsigned pair = 0; pair < 4; pair++)
        loop_one(x, pair, pair);
    assert_int_equal(counter(x, "protocol_errors"), 0);
    assert_int_equal(counter(x, "ring_resyncs"), 0);
    assert_int_equal(x->host.event_count[PORT_EVENT_READY], 1);
}

static void status_decides_driver_ready(void **state)
{
    struct fixture *x = *state;

    connect_and_shake(x, 1);
    frontend_set_u64(&x->f, VHU_SET_STATUS, 3);
    assert_false(info(x).driver_ready);
    frontend_set_u64(&x->f, VHU_SET_STATUS, 7);
    assert_true(info(x).driver_ready);
    assert_int_equal(frontend_get(&x->f, VHU_GET_STATUS), 7);
    frontend_set_u64(&x->f, VHU_SET_STATUS, 0); /* reset */
    assert_int_equal(x->port->tx_queues, 0);
    assert_false(x->port->rxq[0].live);
    assert_int_equal(frontend_ask(&x->f, VHU_SET_STATUS, &(uint64_t){0x100}, 8, NULL, 0), 1);
}

static void ring_starts_on_kick(void **state)
{
    struct fixture *x = *state;

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
    struct fixture *x = *state;

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
    loop_one(x, 0, 1);
}

static void disabled_transmit_ring_is_drained(void **state)
{
    struct fixture *x = *state;

    connect_and_shake(x, 2);
    frontend_enable(&x->f, 3, false);
    frontend_enable(&x->f, 2, false);
    assert_int_equal(x->port->tx_queues, 1);
    assert_true(x->port->rxq[1].live);
    guest_post(x, 1, 1);
    guest_send(x, 1, 1);
    assert_int_equal(work_rx(x->port, 1), 0);
    work_done(x->port, 1);
    assert_true(guest_sent(x, 1));
    assert_int_equal(driver_used_idx(&x->f.ring[2].driver), 0); /* receive ring not touched */
    frontend_enable(&x->f, 2, true);
    frontend_enable(&x->f, 3, true);
    assert_int_equal(x->port->tx_queues, 2);
    guest_send(x, 1, 2);
    assert_int_equal(work_rx(x->port, 1), 1);
    work_done(x->port, 1);
}

static void first_pair_disabled_means_no_queue(void **state)
{
    struct fixture *x = *state;

    connect_and_shake(x, 4);
    frontend_enable(&x->f, 2, false);
    assert_int_equal(x->port->tx_queues, 1); /* pairs 2 and 3 do not lead */
    frontend_enable(&x->f, 0, false);
    assert_int_equal(x->port->tx_queues, 0);
    assert_int_equal(info(x).queue_pairs_enabled, 0);
}

static void repeated_enable_disturbs_nobody(void **state)
{
    struct fixture *x = *state;
    unsigned retires;

    connect_and_shake(x, 4);
    retires = x->host.retire_count;
    for (int i = 0; i < 50; i++)
        frontend_enable(&x->f, (unsigned)i % 8, true);
    assert_int_equal(x->host.retire_count, retires);
    loop_one(x, 3, 1);
}

static void get_vring_base_stops_and_goes_on(void **state)
{
    struct fixture *x = *state;
    struct vhu_wire_state s = {.index = 1};
    uint64_t base;

    connect_and_shake(x, 1);
    for (unsigned i = 0; i < 5; i++)
        loop_one(x, 0, i);
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
    loop_one(x, 0, 9);
    assert_int_equal(counter(x, "ring_resyncs"), 0);
}

static void stale_base_after_a_crash(void **state)
{
    struct fixture *x = *state;

    connect_and_shake(x, 1);
    for (unsigned i = 0; i < 3; i++)
        loop_one(x, 0, i);
    frontend_close(&x->f);
    fake_host_settle(&x->host);
    assert_false(info(x).connected);
    assert_true(frontend_connect(&x->f, x->options.path));
    frontend_features(&x->f, 1ull << VHU_F_VERSION_1 | 1ull << VHU_F_MRG_RXBUF |
                                 1ull << VHU_F_PROTOCOL_FEATURES);
    frontend_mem_table(&x->f);
    for (unsigned i = 0; i < 2; i++) {
        frontend_ring_start(&x->f, i, 1); /* wrong: 3 are used */
        frontend_enable(&x->f, i, true);
    }
    assert_int_equal(counter(x, "ring_resyncs"), 2);
    assert_int_equal(counter(x, "connections"), 2);
    loop_one(x, 0, 7);
}

static bool fd_is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

/* A message that concerns a ring in service is answered when the workers have let go, not before,
 * and the next message is not read. */
static void pending_waits_for_workers(void **state)
{
    struct fixture *x = *state;
    struct vhu_wire_state s = {.index = 1};
    uint64_t v;
    int old_kick;

    connect_and_shake(x, 1);
    guest_send(x, 0, 1);
    old_kick = x->port->rxq[0].event_fd;
    x->host.hold_retires = true;
    assert_int_equal(work_rx(x->port, 0), 1); /* a worker is in the middle of a burst */
    assert_true(frontend_send(&x->f, VHU_GET_VRING_BASE, 0, &s, sizeof(s), NULL, 0));
    assert_true(frontend_send(&x->f, VHU_GET_QUEUE_NUM, 0, NULL, 0, NULL, 0));
    assert_int_equal(frontend_recv(&x->f, VHU_GET_VRING_BASE, &v, 50), 0);
    assert_false(x->port->rxq[0].live);
    assert_int_equal(x->port->rxq[0].event_fd, -1);
    assert_true(fd_is_open(old_kick)); /* still in the worker's epoll set */
    work_done(x->port, 0);             /* the old ring, though control has taken it away */
    assert_true(guest_sent(x, 0));
    assert_int_equal(work_rx(x->port, 0), 0);
    x->host.hold_retires = false;
    assert_int_equal(frontend_recv(&x->f, VHU_GET_VRING_BASE, &v, 1000), 1);
    assert_int_equal(v >> 32, 1);
    assert_false(fd_is_open(old_kick));
    assert_int_equal(frontend_recv(&x->f, VHU_GET_QUEUE_NUM, &v, 1000), 1);
    assert_int_equal(v, 4);
}

/* The peer goes, and the port too, while a grace period is under way. */
static void gone_while_pending(void **state)
{
    struct fixture *x = *state;
    struct vhu_wire_state s = {.index = 1};

    connect_and_shake(x, 1);
    x->host.hold_retires = true;
    assert_true(frontend_send(&x->f, VHU_GET_VRING_BASE, 0, &s, sizeof(s), NULL, 0));
    fake_host_settle(&x->host);
    frontend_close(&x->f);
    fake_host_settle(&x->host);
    x->host.hold_retires = false;
    fake_host_remove(&x->host, x->port);
    x->port = NULL;
}

/* A new connection comes while the last one is still being forgotten. */
static void connect_while_forgetting(void **state)
{
    struct fixture *x = *state;

    connect_and_shake(x, 1);
    x->host.hold_retires = true;
    frontend_close(&x->f);
    fake_host_settle(&x->host);
    assert_true(frontend_connect(&x->f, x->options.path));
    for (int i = 0; i < 20; i++)
        fake_host_poll(&x->host, 0);
    x->host.hold_retires = false;
    frontend_handshake(&x->f, 2);
    loop_one(x, 1, 1);
    assert_int_equal(counter(x, "connections"), 2);
    assert_int_equal(counter(x, "refused_connections"), 0);
}

static void call_and_kick_change_while_running(void **state)
{
    struct fixture *x = *state;
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    uint64_t v;

    connect_and_shake(x, 1);
    loop_one(x, 0, 1);
    assert_int_equal(frontend_ask(&x->f, VHU_SET_VRING_CALL, &(uint64_t){0}, 8, &fd, 1), 0);
    guest_post(x, 0, 1);
    guest_send(x, 0, 2);
    assert_int_equal(work_rx(x->port, 0), 1);
    assert_int_equal(work_tx(x->port, 0, &burst.frame[0]), DROP_NONE);
    work_done(x->port, 0);
    assert_int_equal(eventfd_read(fd, &v), 0); /* the new one is called */
    assert_int_not_equal(eventfd_read(x->f.ring[0].call_fd, &v), 0);
    assert_int_equal(frontend_ask(&x->f, VHU_SET_VRING_KICK, &(uint64_t){1}, 8, &fd, 1), 0);
    assert_true(x->port->rxq[0].live); /* started already: no new kick needed */
    close(fd);
}

/* user-mode-linux takes its interrupts from a pipe. */
static void pipe_is_called_through_a_thread(void **state)
{
    struct fixture *x = *state;
    struct pollfd p = {.events = POLLIN};
    uint64_t v = 0;
    int pipes[2];

    connect_and_shake(x, 1);
    assert_int_equal(pipe2(pipes, O_CLOEXEC | O_NONBLOCK), 0);
    assert_int_equal(frontend_ask(&x->f, VHU_SET_VRING_CALL, &(uint64_t){1}, 8, &pipes[1], 1), 0);
    assert_int_equal(frontend_ask(&x->f, VHU_SET_VRING_KICK, &(uint64_t){1}, 8, &pipes[0], 1), 1);
    guest_send(x, 0, 2);
    assert_int_equal(work_rx(x->port, 0), 1);
    work_done(x->port, 0);
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
    struct fixture *x = *state;
    uint8_t junk[4096] = {0};
    int pipes[2];

    connect_and_shake(x, 2);
    assert_int_equal(pipe2(pipes, O_CLOEXEC | O_NONBLOCK), 0);
    while (write(pipes[1], junk, sizeof(junk)) > 0)
        ;
    assert_int_equal(fcntl(pipes[1], F_SETFL, 0), 0);
    assert_int_equal(frontend_ask(&x->f, VHU_SET_VRING_CALL, &(uint64_t){1}, 8, &pipes[1], 1), 0);
    for (unsigned i = 0; i < 50; i++)
        loop_one(x, 0, i);
    loop_one(x, 1, 1);
    frontend_close(&x->f);
    fake_host_settle(&x->host);
    connect_and_shake(x, 1);
    loop_one(x, 0, 1);
    fake_host_remove(&x->host, x->port);
    x->port = NULL;
    close(pipes[0]); /* now the thread can go */
    close(pipes[1]);
}

static void polling_without_kick_fd(void **state)
{
    struct fixture *x = *state;

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
    guest_post(x, 0, 1);
    guest_send(x, 0, 2);
    assert_int_equal(work_rx(x->port, 0), 1);
    assert_int_equal(work_tx(x->port, 0, &burst.frame[0]), DROP_NONE);
    work_done(x->port, 0);
    assert_true(guest_sent(x, 0));
}

/* A region comes and goes under traffic, 200 times. */
static void region_storm_under_traffic(void **state)
{
    struct fixture *x = *state;
    struct vhu_wire_slot slot = {0};
    struct frontend_region *r;
    unsigned fds;

    connect_and_shake(x, 1);
    assert_int_equal(frontend_get(&x->f, VHU_GET_MAX_MEM_SLOTS), GMEM_REGIONS_MAX);
    r = frontend_region_add(&x->f, FRONTEND_GPA + (1ull << 32), 1 << 20);
    slot.region = (struct vhu_wire_region){
        .gpa = r->gpa, .size_bytes = r->size_bytes, .uva = (uint64_t)(uintptr_t)r->host};
    fds = frontend_count_fds();
    for (unsigned i = 0; i < 200; i++) {
        vhu_of(x->port)->rate_at_ns = 0;
        assert_int_equal(frontend_ask(&x->f, VHU_ADD_MEM_REG, &slot, sizeof(slot), &r->fd, 1), 0);
        loop_one(x, 0, i);
        /* QEMU before 8.0 says it once for each queue pair. */
        assert_int_equal(frontend_ask(&x->f, VHU_ADD_MEM_REG, &slot, sizeof(slot), &r->fd, 1), 0);
        /* Some front-ends pass a descriptor when they remove a region. */
        assert_int_equal(frontend_ask(&x->f, VHU_REM_MEM_REG, &slot, sizeof(slot), &r->fd, i & 1),
                         0);
        loop_one(x, 0, i);
    }
    assert_int_equal(frontend_ask(&x->f, VHU_REM_MEM_REG, &slot, sizeof(slot), NULL, 0), 0);
    assert_int_equal(counter(x, "repeated_regions"), 201);
    slot.region.gpa = FRONTEND_GPA + 4096; /* overlaps */
    assert_int_equal(frontend_ask(&x->f, VHU_ADD_MEM_REG, &slot, sizeof(slot), &r->fd, 1), 1);
    fake_host_settle(&x->host);
    assert_int_equal(frontend_count_fds(), fds);
    assert_int_equal(counter(x, "refused_bad_memory"), 1);
    loop_one(x, 0, 1);
}

/* The region with the rings is taken away: an error that shows, and traffic again afterwards. */
static void region_of_the_rings_removed(void **state)
{
    struct fixture *x = *state;
    struct vhu_wire_slot slot = {0};

    connect_and_shake(x, 1);
    slot.region = (struct vhu_wire_region){.gpa = x->f.region[0].gpa,
                                           .size_bytes = x->f.region[0].size_bytes,
                                           .uva = (uint64_t)(uintptr_t)x->f.region[0].host};
    assert_int_equal(frontend_ask(&x->f, VHU_REM_MEM_REG, &slot, sizeof(slot), NULL, 0), 0);
    assert_non_null(strstr(info(x).error, "not in the VM's shared memory"));
    assert_int_equal(counter(x, "ring_errors"), 2);
    assert_int_equal(
        frontend_ask(&x->f, VHU_ADD_MEM_REG, &slot, sizeof(slot), &x->f.region[0].fd, 1), 0);
    assert_string_equal(info(x).error, "");
    loop_one(x, 0, 1);
}

static void bad_memory_is_refused_with_a_hint(void **state)
{
    struct fixture *x = *state;
    struct vhu_wire_memory m = {.count = 1};
    int pipes[2], fd;

    assert_true(frontend_connect(&x->f, x->options.path));
    frontend_features(&x->f, 1ull << VHU_F_VERSION_1 | 1ull << VHU_F_PROTOCOL_FEATURES);
    frontend_region_add(&x->f, FRONTEND_GPA, FRONTEND_BYTES);
    fd = x->f.region[0].fd;
    m.region[0] = (struct vhu_wire_region){.gpa = 0, .size_bytes = FRONTEND_BYTES * 2, .uva = 4096};
    assert_int_equal(frontend_ask(&x->f, VHU_SET_MEM_TABLE, &m, 40, &fd, 1), 1); /* too short */
    assert_non_null(strstr(info(x).error, "refused SET_MEM_TABLE"));
    assert_non_null(strstr(info(x).hint, "share=on"));
    m.region[0] = (struct vhu_wire_region){.size_bytes = UINT64_MAX - 4095, .mmap_offset = 8192};
    assert_int_equal(frontend_ask(&x->f, VHU_SET_MEM_TABLE, &m, 40, &fd, 1), 1);
    m.region[0] = (struct vhu_wire_region){.size_bytes = 4096};
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(frontend_ask(&x->f, VHU_SET_MEM_TABLE, &m, 40, pipes, 1), 1);
    close(pipes[0]);
    close(pipes[1]);
    m.count = 2;
    assert_int_equal(frontend_ask(&x->f, VHU_SET_MEM_TABLE, &m, 72, &fd, 1), 1);
    m.count = UINT32_MAX;
    assert_int_equal(frontend_ask(&x->f, VHU_SET_MEM_TABLE, &m, 72, &fd, 1), 1);
    assert_int_equal(counter(x, "refused_bad_memory") + counter(x, "refused_bad_fd_count"), 5);
    frontend_mem_table(&x->f);
    assert_string_equal(info(x).error, "");
}

/* The owner truncates the file under traffic: this port stops with a reason, the process lives,
 * and a new connection works. */
static void truncated_memory(void **state)
{
    struct fixture *x = *state;

    connect_and_shake(x, 1);
    loop_one(x, 0, 1);
    /* The region was read before, so that only its pages past the cut are lost. */
    assert_int_equal(ftruncate(x->f.region[0].fd, 0), 0);
    work_rx(x->port, 0);
    work_done(x->port, 0);
    fake_host_settle(&x->host);
    assert_non_null(strstr(info(x).error, "truncated by its owner"));
    assert_int_equal(counter(x, "memory_faults"), 1);
    assert_false(x->port->rxq[0].live);
    assert_int_equal(ftruncate(x->f.region[0].fd, (off_t)x->f.region[0].size_bytes), 0);
    frontend_close(&x->f);
    fake_host_settle(&x->host);
    connect_and_shake(x, 1);
    loop_one(x, 0, 2);
    assert_string_equal(info(x).error, "");
}

/* A driver gone mad breaks its ring, not the others, and can set it up anew. */
static void broken_ring(void **state)
{
    struct fixture *x = *state;
    struct vhu_wire_state s = {.index = 3};
    eventfd_t v;

    connect_and_shake(x, 2);
    driver_set_avail_idx(&x->f.ring[3].driver, 9999);
    assert_int_equal(work_rx(x->port, 1), 0);
    work_done(x->port, 1);
    fake_host_settle(&x->host);
    assert_non_null(strstr(info(x).error, "transmit ring of queue pair 1"));
    assert_int_equal(counter(x, "ring_errors"), 1);
    assert_false(x->port->rxq[1].live);
    assert_int_equal(eventfd_read(x->f.ring[3].err_fd, &v), 0);
    loop_one(x, 0, 1);
    assert_true(frontend_send(&x->f, VHU_GET_VRING_BASE, 0, &s, sizeof(s), NULL, 0));
    assert_int_equal(frontend_recv(&x->f, VHU_GET_VRING_BASE, NULL, 1000), 1);
    frontend_ring_layout(&x->f, 3, 0);
    frontend_ring_start(&x->f, 3, 0);
    frontend_kick(&x->f, 3);
    assert_string_equal(info(x).error, "");
    loop_one(x, 1, 1);
}

static void broken_receive_ring_names_the_drop(void **state)
{
    struct fixture *x = *state;

    connect_and_shake(x, 2);
    guest_send(x, 0, 1);
    assert_int_equal(work_rx(x->port, 0), 1);
    driver_set_avail_idx(&x->f.ring[2].driver, 9999);
    assert_int_equal(work_tx(x->port, 1, &burst.frame[0]), DROP_dst_error);
    fake_host_settle(&x->host);
    assert_int_equal(work_tx(x->port, 1, &burst.frame[0]), DROP_dst_error);
    assert_int_equal(x->port->tx_queues, 2);
    work_done(x->port, 0);
    frontend_close(&x->f);
    fake_host_settle(&x->host);
    assert_int_equal(work_tx(x->port, 1, &burst.frame[0]), DROP_dst_down);
}

static void legacy_header(void **state)
{
    struct fixture *x = *state;
    uint8_t bytes[10 + 100] = {0};
    struct driver_buf b = {TX_GPA, sizeof(bytes)};

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
    guest_fill(&x->f.guest, TX_GPA, bytes, sizeof(bytes));
    driver_post(&x->f.ring[1].driver, &b, 1, false);
    assert_int_equal(work_rx(x->port, 0), 1);
    assert_int_equal(burst.frame[0].len, 100);
    assert_memory_equal(burst.frame[0].head, bytes + 10, 64);
    work_done(x->port, 0);
}

static void rarp_is_injected(void **state)
{
    struct fixture *x = *state;
    uint8_t mac[8] = {0x52, 0x54, 0, 1, 2, 3};

    connect_and_shake(x, 1);
    frontend_set(&x->f, VHU_SEND_RARP, mac, 8, NULL, 0);
    assert_int_equal(x->host.injects, 1);
    assert_int_equal(x->host.injected_bytes, 60);
    assert_memory_equal(x->host.injected + 6, mac, 6);
    assert_int_equal(load_be16(x->host.injected + 12), 0x8035);
    assert_int_equal(load_be16(x->host.injected + 20), 3);
    mac[0] = 1;
    assert_int_equal(frontend_ask(&x->f, VHU_SEND_RARP, mac, 8, NULL, 0), 1);
    assert_int_equal(x->host.injects, 1);
}

static void mtu_above_the_ports_is_refused(void **state)
{
    struct fixture *x = *state;

    connect_and_shake(x, 1);
    frontend_set_u64(&x->f, VHU_NET_SET_MTU, 1500);
    frontend_set_u64(&x->f, VHU_NET_SET_MTU, 1400);
    assert_int_equal(frontend_ask(&x->f, VHU_NET_SET_MTU, &(uint64_t){1501}, 8, NULL, 0), 1);
    assert_int_equal(frontend_ask(&x->f, VHU_NET_SET_MTU, &(uint64_t){0}, 8, NULL, 0), 1);
    assert_int_equal(counter(x, "refused_bad_value"), 2);
}

static void reset_owner_disables(void **state)
{
    struct fixture *x = *state;

    connect_and_shake(x, 2);
    frontend_set(&x->f, VHU_RESET_OWNER, NULL, 0, NULL, 0);
    assert_int_equal(x->port->tx_queues, 0);
    assert_false(x->port->rxq[0].live);
}

static char attach_text[2048];

static const char *attach(struct fixture *x, enum port_attach_format format)
{
    FILE *out = fmemopen(attach_text, sizeof(attach_text), "w");

    assert_int_equal(x->port->type->attach(x->port, format, out), 0);
    fclose(out);
    return attach_text;
}

static void attach_lines(void **state)
{
    struct fixture *x = *state;

    assert_non_null(strstr(attach(x, PORT_ATTACH_QEMU), ",reconnect=1\n"));
    assert_non_null(strstr(attach_text, "queues=4\n"));
    assert_non_null(strstr(attach_text, "mq=on,vectors=10,host_mtu=1500"));
    assert_non_null(strstr(attach_text, "share=on"));
    assert_non_null(strstr(attach(x, PORT_ATTACH_LIBVIRT), "mode='client'>"));
    assert_non_null(strstr(attach_text, "<driver queues='4'/>"));
}

static void features_follow_the_kind_of_front_end(void **state)
{
    struct fixture *x = *state;
    int pipes[2];
    uint64_t f;

    assert_true(frontend_connect(&x->f, x->options.path));
    f = frontend_get(&x->f, VHU_GET_FEATURES);
    assert_true(frontend_bit(f, VHU_F_GUEST_ANNOUNCE) && frontend_bit(f, VHU_F_MQ));
    assert_false(f & (1ull << 26 | 1ull << 34 | 1ull << 33 | 1ull << 10 | 1ull << 14));
    frontend_close(&x->f);
    fake_host_settle(&x->host);
    assert_true(frontend_connect(&x->f, x->options.path));
    frontend_set(&x->f, VHU_SET_OWNER, NULL, 0, NULL, 0);
    f = frontend_get(&x->f, VHU_GET_FEATURES);
    assert_false(frontend_bit(f, VHU_F_GUEST_ANNOUNCE));
    f = frontend_get(&x->f, VHU_GET_PROTOCOL_FEATURES);
    assert_true(frontend_bit(f, VHU_P_BACKEND_REQ));
    frontend_set_u64(&x->f, VHU_SET_PROTOCOL_FEATURES, f);
    x->f.protocol = f;
    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    for (int i = 0; i < 3; i++)
        frontend_set(&x->f, VHU_SET_BACKEND_REQ_FD, NULL, 0, &pipes[1], 1);
    close(pipes[0]);
    close(pipes[1]);
}

static void down_closes_and_up_opens(void **state)
{
    struct fixture *x = *state;
    struct vsw_err err = {0};

    connect_and_shake(x, 1);
    x->config.up = false;
    assert_int_equal(x->port->type->can_configure(x->port, &x->config), 0);
    assert_int_equal(x->port->type->configure(x->port, &x->config, &err), 0);
    assert_true(frontend_is_closed(&x->f));
    assert_int_equal(access(x->options.path, F_OK), -1);
    assert_int_equal(x->port->tx_queues, 0);
    frontend_close(&x->f);
    x->config.up = true;
    x->config.mtu = 9000;
    assert_int_equal(x->port->type->configure(x->port, &x->config, &err), 0);
    assert_int_equal(x->port->mtu, 9000);
    connect_and_shake(x, 2);
    loop_one(x, 1, 1);
    x->options.queues = 2;
    assert_int_equal(x->port->type->can_configure(x->port, &x->config), -EBUSY);
}

/* Down and up again before the workers have let go. */
static void down_and_up_while_pending(void **state)
{
    struct fixture *x = *state;
    struct vsw_err err = {0};

    connect_and_shake(x, 1);
    x->host.hold_retires = true;
    x->config.up = false;
    assert_int_equal(x->port->type->configure(x->port, &x->config, &err), 0);
    frontend_close(&x->f);
    x->config.up = true;
    assert_int_equal(x->port->type->configure(x->port, &x->config, &err), 0);
    assert_true(frontend_connect(&x->f, x->options.path));
    fake_host_settle(&x->host);
    x->host.hold_retires = false;
    frontend_handshake(&x->f, 1);
    loop_one(x, 0, 1);
}

/* What the process opens once and keeps does not count as a leak. */
static int warm_up(void **state)
{
    int fd = eventfd(0, EFD_CLOEXEC);

    assert_int_equal(vring_call(fd), 0);
    close(fd);
    return 0;
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(handshake_and_traffic),
        T(status_decides_driver_ready),
        T(ring_starts_on_kick),
        T(ring_without_protocol_features_is_enabled),
        T(disabled_transmit_ring_is_drained),
        T(first_pair_disabled_means_no_queue),
        T(repeated_enable_disturbs_nobody),
        T(get_vring_base_stops_and_goes_on),
        T(stale_base_after_a_crash),
        T(pending_waits_for_workers),
        T(gone_while_pending),
        T(connect_while_forgetting),
        T(call_and_kick_change_while_running),
        T(pipe_is_called_through_a_thread),
        T(full_pipe_blocks_nobody),
        T(polling_without_kick_fd),
        T(region_storm_under_traffic),
        T(region_of_the_rings_removed),
        T(bad_memory_is_refused_with_a_hint),
        T(truncated_memory),
        T(broken_ring),
        T(broken_receive_ring_names_the_drop),
        T(legacy_header),
        T(rarp_is_injected),
        T(mtu_above_the_ports_is_refused),
        T(reset_owner_disables),
        T(attach_lines),
        T(features_follow_the_kind_of_front_end),
        T(down_closes_and_up_opens),
        T(down_and_up_while_pending),
    };

    return cmocka_run_group_tests(tests, warm_up, NULL);
}
