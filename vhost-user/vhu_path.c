/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What workers call. Each call looks at its ring's pointer once; a ring taken away in the meantime
 * stays valid until the worker has come to rest.
 */
#include "vhost-user/vhu.h"

static struct vring *slot_load(struct vhu_slot *slot)
{
    return atomic_load_explicit(&slot->ring, memory_order_acquire);
}

void vhu_rx(struct port_rxq *q, struct burst *b)
{
    struct vhu_slot *slot = &vhu_of(q->port)->rx[q->index];

    slot->busy = slot_load(slot);
    if (likely(slot->busy != NULL))
        vring_rx(slot->busy, b);
}

/* The ring that rx took from, even if control has taken it away by now. */
void vhu_rx_done(struct port_rxq *q, struct burst *b)
{
    struct vhu_slot *slot = &vhu_of(q->port)->rx[q->index];

    if (likely(slot->busy != NULL))
        vring_rx_done(slot->busy);
    slot->busy = NULL;
}

bool vhu_rx_arm(struct port_rxq *q)
{
    struct vring *ring = slot_load(&vhu_of(q->port)->rx[q->index]);

    return ring != NULL && vring_arm(ring);
}

void vhu_rx_disarm(struct port_rxq *q)
{
    struct vring *ring = slot_load(&vhu_of(q->port)->rx[q->index]);

    if (ring != NULL)
        vring_disarm(ring);
}

void vhu_tx(struct port_txq *q, struct tx_item *items, uint16_t count)
{
    struct vhu_slot *slot = &vhu_of(q->port)->tx[q->index];
    struct vring *ring = slot_load(slot);
    uint8_t drop;

    if (likely(ring != NULL)) {
        vring_tx(ring, items, count);
        return;
    }
    drop = atomic_load_explicit(&slot->drop, memory_order_relaxed);
    for (uint16_t i = 0; i < count; i++)
        items[i].drop = drop;
}

bool vhu_tx_room(struct port_txq *q)
{
    struct vring *ring = slot_load(&vhu_of(q->port)->tx[q->index]);

    /* Without a ring there is nothing to wait for: the drop has its own reason. */
    return ring == NULL || vring_has_room(ring);
}
