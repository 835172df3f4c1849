/* SPDX-License-Identifier: BSD-3-Clause
 *
 * vhost-user/: a front-end does what QEMU does and frames flow through real rings in real memfds;
 * it comes, goes and asks for what a port can do.
 */
#include "tests/support/cmocka.h"
#include "tests/support/vhu_lab.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void handshake_and_traffic(void **state)
{
    struct vhu_lab *x = *state;

    assert_false(vhu_lab_info(x).connected);
    vhu_lab_shake(x, 4);
    assert_true(vhu_lab_info(x).connected);
    assert_true(vhu_lab_info(x).driver_ready);
    assert_string_equal(vhu_lab_info(x).error, "");
    assert_int_equal(vhu_lab_info(x).queue_pairs_enabled, 4);
    assert_non_null(strstr(vhu_lab_info(x).features, "virtio-1, mergeable buffers"));
    assert_int_equal(x->port->tx_offloads, PORT_OFFLOAD_CSUM | PORT_OFFLOAD_TSO4);
    assert_int_equal(x->port->rxq[3].event_fd, vhu_of(x->port)->ring[7].kick_fd);
    for (unsigned pair = 0; pair < 4; pair++)
        vhu_lab_loop(x, pair, pair);
    assert_int_equal(vhu_lab_counter(x, "protocol_errors"), 0);
    assert_int_equal(vhu_lab_counter(x, "ring_resyncs"), 0);
    assert_int_equal(x->host.event_count[PORT_EVENT_READY], 1);
}

static void status_decides_driver_ready(void **state)
{
    struct vhu_lab *x = *state;

    vhu_lab_shake(x, 1);
    frontend_set_u64(&x->f, VHU_SET_STATUS, 3);
    assert_false(vhu_lab_info(x).driver_ready);
    frontend_set_u64(&x->f, VHU_SET_STATUS, 7);
    assert_true(vhu_lab_info(x).driver_ready);
    assert_int_equal(frontend_get(&x->f, VHU_GET_STATUS), 7);
    frontend_set_u64(&x->f, VHU_SET_STATUS, 0); /* reset */
    assert_int_equal(x->port->tx_queues, 0);
    assert_false(x->port->rxq[0].live);
    assert_int_equal(frontend_ask(&x->f, VHU_SET_STATUS, &(uint64_t){0x100}, 8, NULL, 0), 1);
}

/* The peer goes, and the port too, while a grace period is under way. */
static void gone_while_pending(void **state)
{
    struct vhu_lab *x = *state;
    struct vhu_wire_state s = {.index = 1};

    vhu_lab_shake(x, 1);
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
    struct vhu_lab *x = *state;

    vhu_lab_shake(x, 1);
    x->host.hold_retires = true;
    frontend_close(&x->f);
    fake_host_settle(&x->host);
    assert_true(frontend_connect(&x->f, x->options.path));
    for (int i = 0; i < 20; i++)
        fake_host_poll(&x->host, 0);
    x->host.hold_retires = false;
    frontend_handshake(&x->f, 2);
    vhu_lab_loop(x, 1, 1);
    assert_int_equal(vhu_lab_counter(x, "connections"), 2);
    assert_int_equal(vhu_lab_counter(x, "refused_connections"), 0);
}

static void rarp_is_injected(void **state)
{
    struct vhu_lab *x = *state;
    uint8_t mac[8] = {0x52, 0x54, 0, 1, 2, 3};

    vhu_lab_shake(x, 1);
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
    struct vhu_lab *x = *state;

    vhu_lab_shake(x, 1);
    frontend_set_u64(&x->f, VHU_NET_SET_MTU, 1500);
    frontend_set_u64(&x->f, VHU_NET_SET_MTU, 1400);
    assert_int_equal(frontend_ask(&x->f, VHU_NET_SET_MTU, &(uint64_t){1501}, 8, NULL, 0), 1);
    assert_int_equal(frontend_ask(&x->f, VHU_NET_SET_MTU, &(uint64_t){0}, 8, NULL, 0), 1);
    assert_int_equal(vhu_lab_counter(x, "refused_bad_value"), 2);
}

static void reset_owner_disables(void **state)
{
    struct vhu_lab *x = *state;

    vhu_lab_shake(x, 2);
    frontend_set(&x->f, VHU_RESET_OWNER, NULL, 0, NULL, 0);
    assert_int_equal(x->port->tx_queues, 0);
    assert_false(x->port->rxq[0].live);
}

static char attach_text[2048];

static const char *attach(struct vhu_lab *x, enum port_attach_format format)
{
    FILE *out = fmemopen(attach_text, sizeof(attach_text), "w");

    assert_int_equal(x->port->type->attach(x->port, format, out), 0);
    fclose(out);
    return attach_text;
}

static void attach_lines(void **state)
{
    struct vhu_lab *x = *state;

    assert_non_null(strstr(attach(x, PORT_ATTACH_QEMU), ",reconnect=1\n"));
    assert_non_null(strstr(attach_text, "queues=4\n"));
    assert_non_null(strstr(attach_text, "mq=on,vectors=10,host_mtu=1500"));
    assert_non_null(strstr(attach_text, "share=on"));
    assert_non_null(strstr(attach(x, PORT_ATTACH_LIBVIRT), "mode='client'>"));
    assert_non_null(strstr(attach_text, "<driver queues='4'/>"));
}

static void features_follow_the_kind_of_front_end(void **state)
{
    struct vhu_lab *x = *state;
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
    struct vhu_lab *x = *state;
    struct vsw_err err = {0};

    vhu_lab_shake(x, 1);
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
    vhu_lab_shake(x, 2);
    vhu_lab_loop(x, 1, 1);
    x->options.queues = 2;
    assert_int_equal(x->port->type->can_configure(x->port, &x->config), -EBUSY);
}

/* Down and up again before the workers have let go. */
static void down_and_up_while_pending(void **state)
{
    struct vhu_lab *x = *state;
    struct vsw_err err = {0};

    vhu_lab_shake(x, 1);
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
    vhu_lab_loop(x, 0, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        VHU_LAB_TEST(handshake_and_traffic),
        VHU_LAB_TEST(status_decides_driver_ready),
        VHU_LAB_TEST(gone_while_pending),
        VHU_LAB_TEST(connect_while_forgetting),
        VHU_LAB_TEST(rarp_is_injected),
        VHU_LAB_TEST(mtu_above_the_ports_is_refused),
        VHU_LAB_TEST(reset_owner_disables),
        VHU_LAB_TEST(attach_lines),
        VHU_LAB_TEST(features_follow_the_kind_of_front_end),
        VHU_LAB_TEST(down_closes_and_up_opens),
        VHU_LAB_TEST(down_and_up_while_pending),
    };

    return cmocka_run_group_tests(tests, vhu_lab_warm_up, NULL);
}
