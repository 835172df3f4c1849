/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/support/busy_port.h"

#include "base/mem.h"
#include "tests/support/lab.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

static struct busy_port *busy_of(struct port *port)
{
    return container_of(port, struct busy_port, port);
}

static void busy_rx(struct port_rxq *rxq, struct burst *b)
{
    struct busy_port *p = busy_of(rxq->port);
    struct busy_queue *q = &p->queue[rxq->index];

    while (q->left > 0 && burst_has_room(b)) {
        struct frame *f = burst_next(b);

        f->len = f->head_len = (uint16_t)lab_frame(f->head, p->dst_host, p->src_host, 64);
        burst_commit(b, f);
        q->left--;
    }
}

static void busy_rx_done(struct port_rxq *rxq, struct burst *b)
{
    atomic_fetch_sub(&busy_of(rxq->port)->remaining, b->count);
}

static bool busy_rx_arm(struct port_rxq *rxq)
{
    return busy_of(rxq->port)->queue[rxq->index].left > 0;
}

static void busy_rx_disarm(struct port_rxq *rxq)
{
}

static void busy_tx(struct port_txq *txq, struct tx_item *items, uint16_t count)
{
    busy_of(txq->port)->queue[txq->index].received += count;
    for (uint16_t i = 0; i < count; i++)
        items[i].drop = DROP_NONE;
}

static bool busy_tx_room(struct port_txq *txq)
{
    return true;
}

static const struct port_type busy_port_type = {
    .name = "busy",
    .rx = busy_rx,
    .rx_done = busy_rx_done,
    .rx_arm = busy_rx_arm,
    .rx_disarm = busy_rx_disarm,
    .tx = busy_tx,
    .tx_room = busy_tx_room,
};

struct busy_port *busy_port_create(const char *name, uint16_t queue_pairs, uint64_t frames,
                                   uint8_t dst_host, uint8_t src_host)
{
    struct port_config config = {.up = true, .mtu = 1500};
    struct busy_port *p = mem_zalloc(1, sizeof(*p));

    strncpy(config.name, name, sizeof(config.name) - 1);
    if (p == NULL || port_init(&p->port, &busy_port_type, NULL, &config, queue_pairs) < 0)
        abort();
    p->queue = mem_zalloc(queue_pairs, sizeof(*p->queue));
    p->dst_host = dst_host;
    p->src_host = src_host;
    for (uint16_t i = 0; i < queue_pairs; i++) {
        p->queue[i].left = frames / queue_pairs;
        p->queue[i].event_fd = eventfd(0, EFD_NONBLOCK);
        atomic_fetch_add(&p->remaining, p->queue[i].left);
        atomic_store(&p->port.rxq[i].event_fd, p->queue[i].event_fd);
        atomic_store(&p->port.rxq[i].live, true);
    }
    atomic_store(&p->port.tx_queues, queue_pairs);
    return p;
}

void busy_port_destroy(struct busy_port *p)
{
    for (uint16_t i = 0; i < p->port.queue_pairs; i++)
        close(p->queue[i].event_fd);
    free(p->queue);
    port_fini(&p->port);
    free(p);
}

uint64_t busy_port_received(const struct busy_port *p)
{
    uint64_t sum = 0;

    for (uint16_t i = 0; i < p->port.queue_pairs; i++)
        sum += p->queue[i].received;
    return sum;
}
