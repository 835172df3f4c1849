/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/support/vhu_lab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "tests/support/cmocka.h"
#include "vhost-user/vring_call.h"

#define RX_BUF_BYTES 2048
#define FRAME_BYTES  100
#define HDR_BYTES    12

int vhu_lab_warm_up(void **state)
{
    int fd = eventfd(0, EFD_CLOEXEC);

    assert_int_equal(vring_call(fd), 0);
    close(fd);
    return 0;
}

struct vhu_lab *vhu_lab_create(const char *mode, uint16_t queues)
{
    struct vhu_lab *x = calloc(1, sizeof(*x));

    assert_non_null(x);
    x->fds = frontend_count_fds();
    fake_host_init(&x->host);
    strcpy(x->dir, "/tmp/vhu-test-XXXXXX");
    assert_non_null(mkdtemp(x->dir));
    snprintf(x->options.path, sizeof(x->options.path), "%s/s", x->dir);
    snprintf(x->options.mode, sizeof(x->options.mode), "%s", mode);
    x->options.queues = queues;
    x->config = (struct port_config){.name = "vm1", .up = true, .mtu = 1500};
    x->config.options = &x->options;
    frontend_init(&x->f, &x->host);
    return x;
}

void vhu_lab_destroy(struct vhu_lab *x)
{
    frontend_fini(&x->f);
    if (x->port != NULL)
        fake_host_remove(&x->host, x->port);
    fake_host_fini(&x->host);
    assert_int_equal(rmdir(x->dir), 0); /* the socket file is gone, and any temporary name */
    frontend_wait_fds(x->fds);
    free(x);
}

int vhu_lab_setup(void **state)
{
    struct vhu_lab *x = vhu_lab_create("0600", 4);

    x->port = fake_host_add(&x->host, &port_type_vhost_user, &x->config);
    *state = x;
    return 0;
}

int vhu_lab_teardown(void **state)
{
    vhu_lab_destroy(*state);
    return 0;
}

void vhu_lab_shake(struct vhu_lab *x, unsigned pairs)
{
    assert_true(frontend_connect(&x->f, x->options.path));
    frontend_handshake(&x->f, pairs);
}

/* ---- a worker ---------------------------------------------------------------------------- */
unsigned vhu_lab_rx(struct vhu_lab *x, unsigned queue)
{
    burst_reset(&x->burst, BURST_FRAMES, INT64_MAX, INT64_MAX);
    x->port->type->rx(&x->port->rxq[queue], &x->burst);
    return x->burst.count;
}

void vhu_lab_rx_done(struct vhu_lab *x, unsigned queue)
{
    x->port->type->rx_done(&x->port->rxq[queue], &x->burst);
}

uint8_t vhu_lab_tx(struct vhu_lab *x, unsigned queue, const struct frame *f)
{
    struct tx_item item = {.frame = f, .drop = DROP_COUNT};

    x->port->type->tx(&x->port->txq[queue], &item, 1);
    return item.drop;
}

/* ---- a driver ---------------------------------------------------------------------------- */
void vhu_lab_post(struct vhu_lab *x, unsigned pair)
{
    struct driver_buf b = {VHU_LAB_RX_GPA, RX_BUF_BYTES};

    driver_post(&x->f.ring[2 * pair].driver, &b, 1, true);
}

void vhu_lab_send(struct vhu_lab *x, unsigned pair, unsigned seed)
{
    uint8_t bytes[HDR_BYTES + FRAME_BYTES] = {0};
    struct driver_buf b = {VHU_LAB_TX_GPA, sizeof(bytes)};

    test_frame(bytes + HDR_BYTES, FRAME_BYTES, seed);
    guest_fill(&x->f.guest, VHU_LAB_TX_GPA, bytes, sizeof(bytes));
    driver_post(&x->f.ring[2 * pair + 1].driver, &b, 1, false);
}

bool vhu_lab_sent(struct vhu_lab *x, unsigned pair)
{
    uint32_t id, len;

    return driver_used(&x->f.ring[2 * pair + 1].driver, &id, &len);
}

void vhu_lab_loop(struct vhu_lab *x, unsigned pair, unsigned seed)
{
    uint8_t want[FRAME_BYTES], got[FRAME_BYTES];
    uint32_t id, len;
    eventfd_t v;

    test_frame(want, sizeof(want), seed);
    vhu_lab_post(x, pair);
    vhu_lab_send(x, pair, seed);
    assert_int_equal(vhu_lab_rx(x, pair), 1);
    assert_int_equal(x->burst.frame[0].drop, DROP_NONE);
    assert_int_equal(vhu_lab_tx(x, pair, &x->burst.frame[0]), DROP_NONE);
    vhu_lab_rx_done(x, pair);
    assert_true(vhu_lab_sent(x, pair));
    assert_true(driver_used(&x->f.ring[2 * pair].driver, &id, &len));
    assert_int_equal(len, HDR_BYTES + FRAME_BYTES);
    guest_copy_out(&x->f.guest, VHU_LAB_RX_GPA + HDR_BYTES, got, sizeof(got));
    assert_memory_equal(got, want, sizeof(want));
    assert_int_equal(eventfd_read(x->f.ring[2 * pair].call_fd, &v), 0);
}

/* ---- an operator ------------------------------------------------------------------------- */
struct wanted_counter {
    const char *name;
    uint64_t value;
    bool found;
};

static void counter_pick(void *arg, const char *name, uint64_t value, const char *help)
{
    struct wanted_counter *wanted = arg;

    assert_true(help[0] != '\0');
    if (strcmp(name, wanted->name) == 0) {
        wanted->value = value;
        wanted->found = true;
    }
}

uint64_t vhu_lab_counter(struct vhu_lab *x, const char *name)
{
    struct wanted_counter wanted = {.name = name};

    x->port->type->counters(x->port, counter_pick, &wanted);
    assert_true(wanted.found);
    return wanted.value;
}

struct port_info vhu_lab_info(struct vhu_lab *x)
{
    struct port_info i;

    fake_host_settle(&x->host);
    x->port->type->info(x->port, &i);
    return i;
}
