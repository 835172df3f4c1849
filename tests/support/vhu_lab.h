/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A vhost-user port, the front-end of a VM and a worker's calls, in one thread: frames flow through
 * real rings in real memfds. When it ends, no descriptor and no file may be left.
 */
#ifndef TESTS_SUPPORT_VHU_LAB_H
#define TESTS_SUPPORT_VHU_LAB_H

#include "tests/support/frontend.h"
#include "vhost-user/vhu.h"

#define VHU_LAB_TX_GPA (FRONTEND_GPA + 0x100000) /* frames that guests send */
#define VHU_LAB_RX_GPA (FRONTEND_GPA + 0x200000) /* buffers for what they receive */

struct vhu_lab {
    struct fake_host host;
    struct vhu_options options; /* its path is in @dir */
    struct port_config config;
    struct port *port; /* NULL = none; else the lab removes it */
    struct frontend f;
    struct burst burst; /* of the last vhu_lab_rx() */
    unsigned fds;
    char dir[32];
};

/* For a group: what the process opens once and keeps does not count as a leak. */
int vhu_lab_warm_up(void **state);
/* For a test: a port of 4 queue pairs, nobody connected. */
int vhu_lab_setup(void **state);
int vhu_lab_teardown(void **state);
#define VHU_LAB_TEST(f) cmocka_unit_test_setup_teardown(f, vhu_lab_setup, vhu_lab_teardown)

/* The same without a port, and the end of it. */
struct vhu_lab *vhu_lab_create(const char *mode, uint16_t queues);
void vhu_lab_destroy(struct vhu_lab *x);

/* Connect and shake hands for @pairs queue pairs. */
void vhu_lab_shake(struct vhu_lab *x, unsigned pairs);

/* ---- a worker */
/* Return: how many frames came. */
unsigned vhu_lab_rx(struct vhu_lab *x, unsigned queue);
void vhu_lab_rx_done(struct vhu_lab *x, unsigned queue);
/* Return: why it was dropped, or DROP_NONE. */
uint8_t vhu_lab_tx(struct vhu_lab *x, unsigned queue, const struct frame *f);

/* ---- a driver */
void vhu_lab_post(struct vhu_lab *x, unsigned pair);
/* A frame of 100 bytes made from @seed. */
void vhu_lab_send(struct vhu_lab *x, unsigned pair, unsigned seed);
bool vhu_lab_sent(struct vhu_lab *x, unsigned pair);
/* One frame from @pair to itself, checked to the byte. */
void vhu_lab_loop(struct vhu_lab *x, unsigned pair, unsigned seed);

/* ---- an operator */
uint64_t vhu_lab_counter(struct vhu_lab *x, const char *name);
struct port_info vhu_lab_info(struct vhu_lab *x);

#endif
