/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/support/fake_port.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

static struct fake_port *fake_of(struct port *port)
{
    return container_of(port, struct fake_port, port);
}

static void fake_rx(struct port_rxq *rxq, struct burst *b)
{
    struct fake_queue *q = &fake_of(rxq->port)->queue[rxq->index];

    while (q->lent < q->in_count && burst_has_room(b)) {
        struct fake_frame *from = &q->in[(q->in_head + q->lent) % FAKE_PORT_FRAMES];
        struct frame *f = burst_next(b);

        f->len = from->len;
        f->head_len = (uint16_t)u64_min(from->len, FRAME_HEAD_BYTES);
        memcpy(f->head, from->bytes, f->head_len);
        if (f->len > f->head_len) {
            /* Two segments where there is enough: a body is seldom in one piece. */
            uint32_t rest = f->len - f->head_len, first = rest > 1 ? rest / 3 + 1 : rest;

            burst_segs(b)[0] = (struct frame_seg){from->bytes + f->head_len, first};
            burst_segs(b)[1] = (struct frame_seg){from->bytes + f->head_len + first, rest - first};
            f->seg_count = rest > first ? 2 : 1;
        }
        f->offload = from->offload;
        burst_commit(b, f);
        q->lent++;
    }
}

static void fake_rx_done(struct port_rxq *rxq, struct burst *b)
{
    struct fake_queue *q = &fake_of(rxq->port)->queue[rxq->index];

    assert(q->lent == b->count);
    for (; q->lent > 0; q->lent--) {
        /* Whoever kept a borrowed body would now read this. */
        memset(q->in[q->in_head].bytes, 0xdb, q->in[q->in_head].len);
        free(q->in[q->in_head].bytes);
        q->in_head = (q->in_head + 1) % FAKE_PORT_FRAMES;
        q->in_count--;
    }
}

static bool fake_rx_arm(struct port_rxq *rxq)
{
    struct fake_queue *q = &fake_of(rxq->port)->queue[rxq->index];

    q->armed = true;
    return q->in_count > 0;
}

static void fake_rx_disarm(struct port_rxq *rxq)
{
    fake_of(rxq->port)->queue[rxq->index].armed = false;
}

static void keep_frame(struct fake_frame *to, const struct frame_out *out)
{
    uint8_t *p = malloc(out->len + 1);

    assert(p != NULL);
    to->bytes = p;
    to->len = out->len;
    to->offload = out->offload;
    memcpy(p, out->head, out->head_len);
    p += out->head_len;
    for (uint16_t i = 0; i < out->seg_count; p += out->seg[i++].len)
        memcpy(p, out->seg[i].base, out->seg[i].len);
    assert((uint32_t)(p - to->bytes) == out->len);
}

static void fake_tx(struct port_txq *txq, struct tx_item *items, uint16_t count)
{
    struct fake_port *p = fake_of(txq->port);
    struct fake_queue *q = &p->queue[txq->index];
    uint8_t scratch[FRAME_COMPOSE_BYTES];

    p->tx_calls++;
    for (uint16_t i = 0; i < count; i++) {
        struct frame_out out;

        if (q->room == 0 || q->out_count == FAKE_PORT_FRAMES) {
            items[i].drop = DROP_dst_full;
            continue;
        }
        frame_compose(items[i].frame, &items[i].op, scratch, &out);
        keep_frame(&q->out[q->out_count++], &out);
        items[i].drop = DROP_NONE;
        q->room--;
    }
}

static bool fake_tx_room(struct port_txq *txq)
{
    return fake_of(txq->port)->queue[txq->index].room > 0;
}

const struct port_type fake_port_type = {
    .name = "fake",
    .rx = fake_rx,
    .rx_done = fake_rx_done,
    .rx_arm = fake_rx_arm,
    .rx_disarm = fake_rx_disarm,
    .tx = fake_tx,
    .tx_room = fake_tx_room,
};

struct fake_port *fake_port_create(const char *name, uint16_t queue_pairs)
{
    struct port_config config = {.up = true, .mtu = 1500};
    struct fake_port *p = calloc(1, sizeof(*p));

    assert(p != NULL);
    strncpy(config.name, name, sizeof(config.name) - 1);
    if (port_init(&p->port, &fake_port_type, NULL, &config, queue_pairs) < 0)
        abort();
    p->queue = calloc(queue_pairs, sizeof(*p->queue));
    assert(p->queue != NULL);
    for (uint16_t i = 0; i < queue_pairs; i++) {
        p->queue[i].room = UINT32_MAX;
        p->queue[i].event_fd = eventfd(0, EFD_NONBLOCK);
        atomic_store(&p->port.rxq[i].event_fd, p->queue[i].event_fd);
        atomic_store(&p->port.rxq[i].live, true);
    }
    atomic_store(&p->port.tx_queues, queue_pairs);
    atomic_store(&p->port.tx_offloads,
                 PORT_OFFLOAD_CSUM | PORT_OFFLOAD_TSO4 | PORT_OFFLOAD_TSO6 | PORT_OFFLOAD_ECN);
    return p;
}

void fake_port_clear(struct fake_port *p)
{
    for (uint16_t i = 0; i < p->port.queue_pairs; i++) {
        struct fake_queue *q = &p->queue[i];

        for (uint32_t j = 0; j < q->out_count; j++)
            free(q->out[j].bytes);
        q->out_count = 0;
    }
}

void fake_port_destroy(struct fake_port *p)
{
    fake_port_clear(p);
    for (uint16_t i = 0; i < p->port.queue_pairs; i++) {
        struct fake_queue *q = &p->queue[i];

        for (; q->in_count > 0; q->in_count--) {
            free(q->in[q->in_head].bytes);
            q->in_head = (q->in_head + 1) % FAKE_PORT_FRAMES;
        }
        close(q->event_fd);
    }
    free(p->queue);
    port_fini(&p->port);
    free(p);
}

void fake_port_send(struct fake_port *p, uint16_t queue, const void *bytes, uint32_t len,
                    const struct offload *offload)
{
    struct fake_queue *q = &p->queue[queue];
    struct fake_frame *f = &q->in[(q->in_head + q->in_count) % FAKE_PORT_FRAMES];
    const uint64_t one = 1;

    assert(q->in_count < FAKE_PORT_FRAMES);
    f->bytes = malloc(len + 1);
    assert(f->bytes != NULL);
    memcpy(f->bytes, bytes, len);
    f->len = len;
    f->offload = offload != NULL ? *offload : (struct offload){0};
    q->in_count++;
    if (q->armed && write(q->event_fd, &one, sizeof(one)) < 0)
        abort();
}

uint32_t fake_port_received(const struct fake_port *p)
{
    uint32_t sum = 0;

    for (uint16_t i = 0; i < p->port.queue_pairs; i++)
        sum += p->queue[i].out_count;
    return sum;
}

const struct fake_frame *fake_port_take(struct fake_port *p)
{
    struct fake_queue *q = &p->queue[0];
    static struct fake_frame taken;

    if (q->out_count == 0)
        return NULL;
    free(taken.bytes);
    taken = q->out[0];
    memmove(&q->out[0], &q->out[1], --q->out_count * sizeof(q->out[0]));
    return &taken;
}
