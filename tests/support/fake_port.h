/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A port without a wire: tests put frames in and look at what came out. Shaped like a real type:
 * the body of a frame is lent from memory of the port and given back by rx_done.
 */
#ifndef TESTS_SUPPORT_FAKE_PORT_H
#define TESTS_SUPPORT_FAKE_PORT_H

#include "port/port.h"

#define FAKE_PORT_FRAMES 4096

struct fake_frame {
    uint32_t len;
    struct offload offload;
    uint8_t *bytes; /* owned */
};

struct fake_queue {
    struct fake_frame in[FAKE_PORT_FRAMES]; /* waiting to be received */
    uint32_t in_head, in_count;
    uint32_t lent; /* given to the switch and not yet back */
    struct fake_frame out[FAKE_PORT_FRAMES];
    uint32_t out_count;
    uint32_t room; /* frames that tx takes before it says full */
    bool armed;
    int event_fd;
};

struct fake_port {
    struct port port;
    struct fake_queue *queue;
    uint32_t tx_calls;
};

extern const struct port_type fake_port_type;

/* A port that is up, with room for everything and all queues in service. */
struct fake_port *fake_port_create(const char *name, uint16_t queue_pairs);
void fake_port_destroy(struct fake_port *p);

/* Put a frame in front of the switch; copied. Signals the queue's eventfd when it is armed. */
void fake_port_send(struct fake_port *p, uint16_t queue, const void *bytes, uint32_t len,
                    const struct offload *offload);
/* Frames that came out of all queues. */
uint32_t fake_port_received(const struct fake_port *p);
/* The oldest frame of queue 0 that was not looked at; NULL when there is none. */
const struct fake_frame *fake_port_take(struct fake_port *p);
/* Forget what came out. */
void fake_port_clear(struct fake_port *p);

#endif
