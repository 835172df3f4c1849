/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A port whose receive queues always have frames, for tests with running workers. What it receives
 * is counted without atomics, under the lock of the transmit queue: the thread sanitizer sees if
 * that fails.
 */
#ifndef TESTS_SUPPORT_BUSY_PORT_H
#define TESTS_SUPPORT_BUSY_PORT_H

#include "port/port.h"

struct busy_queue {
    uint64_t left;     /* frames still to be received from here; its worker only */
    uint64_t received; /* frames sent to here; under the lock */
    int event_fd;
} cache_aligned;

struct busy_port {
    struct port port;
    struct busy_queue *queue;
    _Atomic uint64_t remaining; /* over all queues */
    uint8_t dst_host, src_host;
};

/* Sends @frames in all, split over its queues, from host @src to host @dst. */
struct busy_port *busy_port_create(const char *name, uint16_t queue_pairs, uint64_t frames,
                                   uint8_t dst_host, uint8_t src_host);
void busy_port_destroy(struct busy_port *p);
uint64_t busy_port_received(const struct busy_port *p);

#endif
