/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Bursts of a netdev port: which socket serves which queue. Workers; no call blocks.
 */
#include "netdev/netdev_port.h"

/* One loaded pointer per call: the device may go between two calls, not during one. */
static struct netdev_device *device_of(const struct port *port)
{
    return atomic_load_explicit(&netdev_port_of(port)->active, memory_order_acquire);
}

/* The socket of a receive queue; both NULL when the queue is out of service. */
struct source {
    struct netdev_xsk *xsk;
    struct netdev_packet *packet;
};

static struct source source_of(struct netdev_device *dev, const struct port_rxq *q)
{
    struct source s = {0};

    if (dev == NULL)
        return s;
    if (dev->way == NETDEV_WAY_PACKET) {
        if (q->index < dev->packets)
            s.packet = &dev->packet[q->index];
    } else if (q->index == q->port->queue_pairs - 1) {
        s.packet = &dev->packet[0];
    } else if (q->index < dev->queues) {
        s.xsk = &dev->xsk[q->index];
    }
    return s;
}

void netdev_rx(struct port_rxq *q, struct burst *b)
{
    struct source s = source_of(device_of(q->port), q);

    if (s.packet != NULL) {
        netdev_packet_rx(s.packet, b);
    } else if (s.xsk != NULL) {
        /* Nobody else looks after frames that are left in the transmit ring of a quiet queue. */
        if (unlikely(netdev_xsk_tx_stuck(s.xsk)))
            netdev_xsk_kick(s.xsk);
        netdev_xsk_rx(s.xsk, b);
    }
}

void netdev_rx_done(struct port_rxq *q, struct burst *b)
{
    struct source s = source_of(device_of(q->port), q);

    if (s.xsk != NULL)
        netdev_xsk_rx_done(s.xsk);
}

bool netdev_rx_arm(struct port_rxq *q)
{
    struct source s = source_of(device_of(q->port), q);

    if (s.packet != NULL)
        return !s.packet->drained || !event_gate_open(&s.packet->gate);
    return s.xsk != NULL && (netdev_xsk_rx_pending(s.xsk) || netdev_xsk_tx_stuck(s.xsk) ||
                             !event_gate_open(&s.xsk->gate));
}

void netdev_rx_disarm(struct port_rxq *q)
{
    struct source s = source_of(device_of(q->port), q);

    if (s.packet != NULL)
        event_gate_shut(&s.packet->gate);
    else if (s.xsk != NULL)
        event_gate_shut(&s.xsk->gate);
}

static void drop_all(struct tx_item *items, uint16_t count, enum drop_reason drop)
{
    for (uint16_t i = 0; i < count; i++)
        items[i].drop = drop;
}

static enum drop_reason put(struct netdev_xsk *x, const struct tx_item *item)
{
    uint8_t head[FRAME_COMPOSE_BYTES];
    struct frame_out out;

    frame_compose(item->frame, &item->op, head, &out);
    return netdev_xsk_put(x, &out);
}

/* Large packets go by the packet socket, whole; what came before them goes first. */
static void tx_xdp(struct netdev_device *dev, struct netdev_xsk *x, struct tx_item *items,
                   uint16_t count)
{
    bool full = false;

    for (uint16_t i = 0; i < count; i++) {
        const struct frame *f = items[i].frame;

        if (unlikely(f->offload.gso_type != OFFLOAD_GSO_NONE)) {
            netdev_xsk_flush(x);
            netdev_packet_tx(&dev->packet[0], &items[i], 1);
            continue;
        }
        items[i].drop = put(x, &items[i]);
        if (unlikely(items[i].drop == DROP_dst_full) && !full) {
            full = true;
            netdev_xsk_flush(x);
            items[i].drop = put(x, &items[i]);
        }
    }
    netdev_xsk_flush(x);
}

void netdev_tx(struct port_txq *q, struct tx_item *items, uint16_t count)
{
    struct netdev_device *dev = device_of(q->port);

    if (unlikely(dev == NULL || q->index >= dev->queues))
        drop_all(items, count, DROP_dst_down);
    else if (dev->way == NETDEV_WAY_PACKET)
        netdev_packet_tx(&dev->packet[q->index], items, count);
    else
        tx_xdp(dev, &dev->xsk[q->index], items, count);
}

bool netdev_tx_room(struct port_txq *q)
{
    struct netdev_device *dev = device_of(q->port);

    if (dev == NULL || q->index >= dev->queues)
        return false;
    return dev->way == NETDEV_WAY_PACKET || netdev_xsk_tx_room(&dev->xsk[q->index]);
}
