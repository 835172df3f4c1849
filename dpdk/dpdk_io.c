/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Bursts between a device and the switch. Workers only, but for the memory at the end.
 *
 * Idle: a device with receive interrupts wakes its worker. For the others each queue has a timer: a
 * quiet queue is looked at after 0.1 ms, then after twice as long each time, up to poll_us. The
 * timers fire at multiples of their wait, so that those of many quiet queues fire together and cost
 * one wake-up.
 */
#include "base/clock.h"
#include "base/counter.h"
#include "base/mem.h"
#include "dpdk/dpdk_map.h"
#include "dpdk/dpdk_port.h"

#include <errno.h>
#include <rte_eth_bond.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define WAIT_MIN_NS (DPDK_POLL_MIN_US * NS_PER_US)
/* Of the longest frame: 33 buffers of 2048 bytes; more than a device takes is never promised. */
#define TX_CHAIN_MAX 64

static struct dpdk_device *device_of(const struct dpdk_port *dpdk)
{
    return atomic_load_explicit(&dpdk->active, memory_order_acquire);
}

/* ---- from the device --------------------------------------------------------------------- */

/* What a backup leg hears is not for us, and must not be old news when it becomes the active one.
 */
static void drain_backups(struct dpdk_device *device, struct dpdk_queue *queue, uint16_t index)
{
    int primary = rte_eth_bond_primary_get(device->port_id);

    for (uint16_t i = 0; i < device->leg_count; i++) {
        struct rte_mbuf *mbuf[BURST_FRAMES];
        uint16_t n;

        if (!atomic_load_explicit(&device->leg[i].drained, memory_order_acquire) ||
            device->leg[i].port_id == primary)
            continue;
        n = rte_eth_rx_burst(device->leg[i].port_id, index, mbuf, BURST_FRAMES);
        rte_pktmbuf_free_bulk(mbuf, n);
        counter_add(&queue->backup_drops, n);
    }
}

/* LACP speaks from inside of the bond's transmit function. */
static void keep_alive(const struct dpdk_device *device, struct port_txq *q)
{
    if (!port_txq_trylock(q))
        return;
    rte_eth_tx_burst(device->port_id, q->index, NULL, 0);
    port_txq_unlock(q);
}

static void fetch(struct dpdk_device *device, struct dpdk_queue *queue, struct port_rxq *q,
                  uint16_t max_frames)
{
    queue->first = queue->next = 0;
    queue->count =
        rte_eth_rx_burst(device->port_id, q->index, queue->mbuf, RTE_MIN(max_frames, BURST_FRAMES));
    if (unlikely(device->active_backup))
        drain_backups(device, queue, q->index);
    if (unlikely(device->keep_alive))
        keep_alive(device, &q->port->txq[q->index]);
    if (queue->count > 0)
        queue->wait_ns = WAIT_MIN_NS;
}

void dpdk_rx(struct port_rxq *q, struct burst *b)
{
    struct dpdk_port *dpdk = dpdk_port_of(q->port);
    struct dpdk_queue *queue = &dpdk->queue[q->index];
    struct dpdk_device *device = device_of(dpdk);

    if (unlikely(device == NULL))
        return;
    if (queue->next == queue->count)
        fetch(device, queue, q, b->max_frames);
    while (queue->next < queue->count && burst_has_room(b)) {
        if (queue->next + 1 < queue->count)
            rte_prefetch0(rte_pktmbuf_mtod(queue->mbuf[queue->next + 1], const void *));
        dpdk_map_rx(b, queue->mbuf[queue->next++]);
    }
}

void dpdk_rx_done(struct port_rxq *q, struct burst *b)
{
    struct dpdk_queue *queue = &dpdk_port_of(q->port)->queue[q->index];

    rte_pktmbuf_free_bulk(&queue->mbuf[queue->first], (unsigned)(queue->next - queue->first));
    queue->first = queue->next;
}

/* ---- idle -------------------------------------------------------------------------------- */
static void set_timer(struct dpdk_queue *queue, uint64_t max_ns)
{
    uint64_t wait_ns = u64_min(queue->wait_ns, max_ns);
    uint64_t at_ns = (clock_now_ns() / wait_ns + 1) * wait_ns;
    struct itimerspec when = {.it_value = {.tv_sec = (time_t)(at_ns / NS_PER_SEC),
                                           .tv_nsec = (long)(at_ns % NS_PER_SEC)}};

    queue->wait_ns = u64_min(wait_ns * 2, max_ns);
    timerfd_settime(queue->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

static void set_interrupt(struct dpdk_device *device, uint16_t index, bool on)
{
    rte_spinlock_lock(&device->interrupt_lock);
    (void)(on ? rte_eth_dev_rx_intr_enable(device->port_id, index)
              : rte_eth_dev_rx_intr_disable(device->port_id, index));
    rte_spinlock_unlock(&device->interrupt_lock);
}

bool dpdk_rx_arm(struct port_rxq *q)
{
    struct dpdk_port *dpdk = dpdk_port_of(q->port);
    struct dpdk_queue *queue = &dpdk->queue[q->index];
    struct dpdk_device *device = device_of(dpdk);

    if (device == NULL)
        return false;
    if (queue->next < queue->count)
        return true;
    if (!device->rx_interrupts) {
        set_timer(queue, atomic_load_explicit(&dpdk->poll_max_ns, memory_order_relaxed));
        return false;
    }
    set_interrupt(device, q->index, true);
    /* What came before it was on raises none. */
    fetch(device, queue, q, BURST_FRAMES);
    if (queue->count > 0)
        set_interrupt(device, q->index, false);
    return queue->count > 0;
}

void dpdk_rx_disarm(struct port_rxq *q)
{
    struct dpdk_device *device = device_of(dpdk_port_of(q->port));

    if (device != NULL && device->rx_interrupts)
        set_interrupt(device, q->index, false);
}

/* ---- to the device ----------------------------------------------------------------------- */

/* A burst on its way out. */
struct sending {
    struct rte_mbuf *mbuf[BURST_FRAMES];
    struct tx_item *item[BURST_FRAMES]; /* whose mbuf it is */
    uint16_t count;
    bool requests; /* at least one asks for something */
};

static void write_one(const struct dpdk_device *device, struct tx_item *item, struct sending *s)
{
    uint8_t scratch[FRAME_COMPOSE_BYTES];
    struct rte_mbuf *chain[TX_CHAIN_MAX];
    struct frame_out out;
    uint32_t segs;

    frame_compose(item->frame, &item->op, scratch, &out);
    segs = dpdk_map_segs(out.len, device->room_bytes);
    if (unlikely(segs > TX_CHAIN_MAX)) {
        item->drop = DROP_no_offload;
        return;
    }
    if (unlikely(rte_pktmbuf_alloc_bulk(device->pool, chain, segs) != 0)) {
        item->drop = DROP_no_mbuf;
        return;
    }
    item->drop = (uint8_t)dpdk_map_tx(item->frame, &out, chain, device->room_bytes);
    for (uint32_t i = chain[0]->nb_segs; i < segs; i++)
        rte_pktmbuf_free_seg(chain[i]);
    if (unlikely(item->drop != DROP_NONE)) {
        rte_pktmbuf_free(chain[0]);
        return;
    }
    s->requests |= chain[0]->ol_flags != 0;
    s->item[s->count] = item;
    s->mbuf[s->count++] = chain[0];
}

/* The driver may refuse one that it cannot send: it is taken out, the others go on. */
static void prepare_all(const struct dpdk_device *device, uint16_t queue, struct sending *s)
{
    uint16_t at = 0;

    while (at < s->count) {
        at = (uint16_t)(at + rte_eth_tx_prepare(device->port_id, queue, s->mbuf + at,
                                                (uint16_t)(s->count - at)));
        if (at == s->count)
            return;
        s->item[at]->drop = DROP_no_offload;
        rte_pktmbuf_free(s->mbuf[at]);
        s->count--;
        memmove(&s->mbuf[at], &s->mbuf[at + 1], (size_t)(s->count - at) * sizeof(s->mbuf[0]));
        memmove(&s->item[at], &s->item[at + 1], (size_t)(s->count - at) * sizeof(s->item[0]));
    }
}

static void send_all(const struct dpdk_device *device, uint16_t queue, struct sending *s)
{
    uint16_t sent;

    if (s->requests && device->prepares)
        prepare_all(device, queue, s);
    sent = rte_eth_tx_burst(device->port_id, queue, s->mbuf, s->count);
    for (uint16_t i = sent; i < s->count; i++) {
        s->item[i]->drop = DROP_dst_full;
        rte_pktmbuf_free(s->mbuf[i]);
    }
}

void dpdk_tx(struct port_txq *q, struct tx_item *items, uint16_t count)
{
    struct dpdk_device *device = device_of(dpdk_port_of(q->port));
    struct sending s = {.count = 0};

    if (unlikely(device == NULL)) {
        for (uint16_t i = 0; i < count; i++)
            items[i].drop = DROP_dst_down;
        return;
    }
    for (uint16_t i = 0; i < count; i++)
        write_one(device, &items[i], &s);
    if (s.count > 0)
        send_all(device, q->index, &s);
}

bool dpdk_tx_room(struct port_txq *q)
{
    const struct dpdk_device *device = device_of(dpdk_port_of(q->port));

    /* Without a device there is nothing to wait for: the drop has its own reason. */
    return device == NULL || !device->tells_tx_room ||
           rte_eth_tx_descriptor_status(device->port_id, q->index, BURST_FRAMES) ==
               RTE_ETH_TX_DESC_DONE;
}

/* ---- memory ------------------------------------------------------------------------------ */
int dpdk_queues_init(struct dpdk_port *dpdk)
{
    dpdk->queue = mem_zalloc(dpdk->port.queue_pairs, sizeof(*dpdk->queue));
    if (dpdk->queue == NULL)
        return -ENOMEM;
    for (uint16_t i = 0; i < dpdk->port.queue_pairs; i++) {
        dpdk->queue[i].wait_ns = WAIT_MIN_NS;
        dpdk->queue[i].timer_fd = -1;
    }
    for (uint16_t i = 0; i < dpdk->port.queue_pairs; i++) {
        dpdk->queue[i].timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
        if (dpdk->queue[i].timer_fd < 0)
            return -errno;
    }
    return 0;
}

void dpdk_queues_flush(struct dpdk_port *dpdk)
{
    for (uint16_t i = 0; i < dpdk->port.queue_pairs; i++) {
        struct dpdk_queue *queue = &dpdk->queue[i];

        rte_pktmbuf_free_bulk(&queue->mbuf[queue->first], (unsigned)(queue->count - queue->first));
        queue->first = queue->next = queue->count = 0;
    }
}

void dpdk_queues_fini(struct dpdk_port *dpdk)
{
    for (uint16_t i = 0; dpdk->queue != NULL && i < dpdk->port.queue_pairs; i++) {
        if (dpdk->queue[i].timer_fd >= 0)
            close(dpdk->queue[i].timer_fd);
    }
    free(dpdk->queue);
    dpdk->queue = NULL;
}
