/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Rings in and out of service.
 *
 * States of a ring (QEMU docs/interop/vhost-user.rst, "Ring states"), and what we do in each:
 *
 *   stopped             nothing is read or written, but for the two indexes looked at once to
 *                       recognise a ring that was in use before
 *   started, disabled   a guest's transmit ring is drained and its frames dropped;
 *                       a guest's receive ring is not touched
 *   started, enabled    frames flow
 *
 *   stopped -> started  the kick fd becomes readable; or the ring has been in use before (its used
 *                       or available index is not at the beginning): then the guest may believe
 *                       that it need not kick, since the back-end before us said so; or there is no
 *                       kick fd and the front-end wants us to poll (NOFD)
 *   started -> stopped  GET_VRING_BASE, RESET_OWNER, status 0, end of the connection
 *   disabled -> enabled SET_VRING_ENABLE; without VHOST_USER_F_PROTOCOL_FEATURES from the start
 *
 * In service = a struct vring exists and workers may use it. It never changes: any setting that
 * concerns it takes it out of service first, waits until workers have let go, and a new one is
 * made. A ring goes on where its used index stands, since nothing is ever in flight in between;
 * a front-end's base that differs is stale (its last back-end died) and only counted.
 *
 * A ring that is broken stays out of service until the front-end sets it up anew.
 *
 * Control thread; never blocks.
 */
#include "vhost-user/vhu.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "vhost-user/vring_call.h"

static struct vhu_slot *slot_of(struct vhu *v, unsigned index)
{
    return vhu_ring_is_rx(index) ? &v->rx[index / 2] : &v->tx[index / 2];
}

bool vhu_ring_enabled(const struct vhu *v, unsigned index)
{
    if (v->state.features_set && !vhu_bit(v->state.features, VHU_F_PROTOCOL_FEATURES))
        return true;
    return v->state.ring[index].enable;
}

/* ---- what the rest of the switch sees ---------------------------------------------------- */
static void rxq_show(struct vhu *v, unsigned index)
{
    struct port_rxq *q = &v->port.rxq[index / 2];
    bool live = v->ring[index].vring != NULL;
    int fd = live ? v->ring[index].kick_fd : -1;

    if (atomic_load_explicit(&q->live, memory_order_relaxed) == live &&
        atomic_load_explicit(&q->event_fd, memory_order_relaxed) == fd)
        return;
    atomic_store_explicit(&q->event_fd, fd, memory_order_relaxed);
    atomic_store_explicit(&q->live, live, memory_order_release);
    v->port.host->rxq_changed(v->port.host, q);
}

/* A broken ring keeps its place: what is sent to it is dropped for that reason. */
static void tx_show(struct vhu *v)
{
    uint16_t n = 0;

    while (n < v->port.queue_pairs && (v->ring[2 * n].vring != NULL || v->ring[2 * n].broken) &&
           vhu_ring_enabled(v, 2u * n))
        n++;
    atomic_store_explicit(&v->port.tx_queues, n, memory_order_relaxed);
}

static void offloads_show(struct vhu *v)
{
    uint64_t f = v->state.features;
    uint32_t bits = 0;

    if (vhu_bit(f, VHU_F_GUEST_CSUM))
        bits |= PORT_OFFLOAD_CSUM;
    if (vhu_bit(f, VHU_F_GUEST_TSO4))
        bits |= PORT_OFFLOAD_TSO4;
    if (vhu_bit(f, VHU_F_GUEST_TSO6))
        bits |= PORT_OFFLOAD_TSO6;
    if (vhu_bit(f, VHU_F_GUEST_ECN))
        bits |= PORT_OFFLOAD_ECN;
    atomic_store_explicit(&v->port.tx_offloads, bits, memory_order_relaxed);
}

static void ready_tell(struct vhu *v)
{
    bool ready = atomic_load_explicit(&v->port.tx_queues, memory_order_relaxed) > 0;

    if (ready && !v->ready_told)
        v->port.host->event(v->port.host, &v->port, PORT_EVENT_READY, "");
    v->ready_told = ready;
}

void vhu_rings_show(struct vhu *v)
{
    for (unsigned i = 0; i < v->rings; i++) {
        atomic_store_explicit(&slot_of(v, i)->drop,
                              v->ring[i].broken ? DROP_dst_error : DROP_dst_down,
                              memory_order_relaxed);
        if (vhu_ring_is_rx(i))
            rxq_show(v, i);
    }
    offloads_show(v);
    tx_show(v);
    ready_tell(v);
}

/* ---- out of service ---------------------------------------------------------------------- */
static void ring_harvest(struct vhu *v, unsigned index)
{
    struct vhu_ring *r = &v->ring[index];
    struct vring_stats stats;

    v->state.ring[index].base = vring_next_avail(r->vring);
    vring_stats(r->vring, &stats);
    v->counters.bad_chains += stats.bad_chains;
    free(r->vring);
    r->vring = NULL;
}

static void change_done(void *arg)
{
    struct vhu *v = arg;
    vhu_then *then = v->change.then;

    for (unsigned i = 0; i < v->rings; i++) {
        if (vhu_bit(v->change.retired, i))
            ring_harvest(v, i);
    }
    v->change.retired = 0;
    v->change.then = NULL;
    if (v->close_wanted)
        then = then == vhu_teardown ? then : vhu_settle; /* its message went with the connection */
    then(v);
}

void vhu_rings_change(struct vhu *v, uint64_t mask, vhu_then *then)
{
    assert(v->change.then == NULL);
    v->change.then = then;
    for (unsigned i = 0; i < v->rings; i++) {
        struct port_rxq *q = &v->port.rxq[i / 2];

        if (!vhu_bit(mask, i) || v->ring[i].vring == NULL)
            continue;
        v->change.retired |= 1ull << i;
        atomic_store_explicit(&slot_of(v, i)->ring, NULL, memory_order_release);
        if (!vhu_ring_is_rx(i))
            continue;
        atomic_store_explicit(&q->live, false, memory_order_relaxed);
        atomic_store_explicit(&q->event_fd, -1, memory_order_relaxed);
        v->port.host->rxq_changed(v->port.host, q);
    }
    if (v->change.retired != 0)
        v->port.host->retire(v->port.host, change_done, v);
    else
        change_done(v);
}

/* ---- broken ------------------------------------------------------------------------------ */
void vhu_ring_break(struct vhu *v, unsigned index, const char *why)
{
    struct vhu_ring *r = &v->ring[index];

    if (r->broken)
        return;
    r->broken = true;
    v->counters.ring_errors++;
    snprintf(r->error, sizeof(r->error), "%s ring of queue pair %u: %.100s",
             vhu_ring_is_rx(index) ? "transmit" : "receive", index / 2, why);
    v->port.host->event(v->port.host, &v->port, PORT_EVENT_ERROR, r->error);
    if (r->err_fd >= 0)
        vring_call(r->err_fd);
}

bool vhu_has_broken(const struct vhu *v)
{
    for (unsigned i = 0; i < v->rings; i++) {
        if (v->ring[i].broken)
            return true;
    }
    return false;
}

/* ---- into service ------------------------------------------------------------------------ */
static void on_first_kick(void *arg, uint32_t events);

static struct vring_config ring_config(const struct vhu *v, unsigned index)
{
    const struct vhu_ring_state *s = &v->state.ring[index];
    uint64_t f = v->state.features;

    return (struct vring_config){
        .num = (uint16_t)s->num,
        .desc_uva = s->desc_uva,
        .avail_uva = s->avail_uva,
        .used_uva = s->used_uva,
        .call_fd = v->ring[index].call_fd,
        .event_idx = vhu_bit(f, VHU_F_EVENT_IDX),
        .indirect = vhu_bit(f, VHU_F_INDIRECT_DESC),
        .mergeable = vhu_bit(f, VHU_F_MRG_RXBUF),
        .version_1 = vhu_bit(f, VHU_F_VERSION_1),
        .enabled = vhu_ring_enabled(v, index),
        .port = (struct port *)&v->port,
    };
}

static bool ring_is_set_up(const struct vhu *v, unsigned index)
{
    const struct vhu_ring_state *s = &v->state.ring[index];

    return v->map != NULL && !v->fault_told && v->state.features_set && s->num > 0 && s->has_addr &&
           s->has_kick && !v->ring[index].broken;
}

/* Look at a stopped ring's indexes. Return false when it cannot be used. */
static bool ring_look(struct vhu *v, unsigned index, uint16_t *ret_used, bool *ret_in_use)
{
    struct vring_config config = ring_config(v, index);
    const uint8_t *avail = gmem_at_uva(v->map, config.avail_uva, 4, NULL);

    if (avail == NULL || vring_used_index(&config, v->map, ret_used) < 0) {
        vhu_ring_break(v, index, "its address is not in the VM's shared memory");
        return false;
    }
    *ret_in_use = *ret_used != 0 || gmem_load_u16(avail + 2) != 0;
    return true;
}

static void kick_unwatch(struct vhu *v, unsigned index)
{
    v->port.host->unwatch(v->ring[index].kick_watch);
    v->ring[index].kick_watch = NULL;
}

static void kick_watch(struct vhu *v, unsigned index)
{
    struct vhu_ring *r = &v->ring[index];
    struct vhu_kick *arg = &v->kick[index];

    if (r->kick_watch != NULL || r->kick_fd < 0)
        return;
    if (v->port.host->watch(v->port.host, r->kick_fd, EPOLLIN, on_first_kick, arg, &r->kick_watch) <
        0)
        vhu_ring_break(v, index, "its kick fd cannot be watched");
}

static void ring_serve(struct vhu *v, unsigned index, uint16_t used)
{
    struct vring_config config = ring_config(v, index);
    struct vhu_ring_state *s = &v->state.ring[index];
    struct vring *ring = aligned_alloc(_Alignof(struct vring), sizeof(*ring));
    struct vsw_err err = {0};

    config.last_avail = used;
    if (ring == NULL || vring_init(ring, &config, v->map, &err) < 0) {
        free(ring);
        vhu_ring_break(v, index, ring ? err.msg : "out of memory");
        return;
    }
    if (s->has_base && s->base != used)
        v->counters.ring_resyncs++;
    s->base = used;
    v->ring[index].vring = ring;
    atomic_store_explicit(&slot_of(v, index)->ring, ring, memory_order_release);
}

static void ring_build(struct vhu *v, unsigned index)
{
    struct vhu_ring_state *s = &v->state.ring[index];
    bool in_use;
    uint16_t used;

    if (v->ring[index].vring != NULL || !ring_is_set_up(v, index) ||
        !ring_look(v, index, &used, &in_use))
        return;
    if (!s->started && (in_use || v->ring[index].kick_fd < 0))
        s->started = true;
    if (!s->started) {
        kick_watch(v, index);
        return;
    }
    kick_unwatch(v, index);
    if (vhu_ring_is_rx(index) || vhu_ring_enabled(v, index))
        ring_serve(v, index, used);
}

void vhu_rings_build(struct vhu *v)
{
    if (v->close_wanted || v->conn.fd < 0)
        return;
    for (unsigned i = 0; i < v->rings; i++)
        ring_build(v, i);
    vhu_rings_show(v);
}

/* The fd stays readable: nobody ever reads it, since its other owner could empty it in between and
 * make us wait. The worker that gets it sees the same kick. */
static void on_first_kick(void *arg, uint32_t events)
{
    struct vhu_kick *k = arg;
    struct vhu *v = k->vhu;

    kick_unwatch(v, k->index);
    v->state.ring[k->index].started = true;
    if (v->change.then == NULL)
        vhu_rings_build(v); /* else at its end */
}

/* ---- stop -------------------------------------------------------------------------------- */
static void fd_drop(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void vhu_ring_stop(struct vhu *v, unsigned index)
{
    struct vhu_ring *r = &v->ring[index];
    struct vhu_ring_state *s = &v->state.ring[index];

    assert(r->vring == NULL);
    kick_unwatch(v, index);
    fd_drop(&r->kick_fd);
    s->has_kick = false;
    s->started = false;
    r->broken = false;
    r->error[0] = '\0';
}

void vhu_ring_drop_call(struct vhu *v, unsigned index)
{
    struct vhu_ring *r = &v->ring[index];

    vhu_relay_remove(v->relay, r->call_pipe);
    if (r->call_pipe == NULL)
        fd_drop(&r->call_fd);
    r->call_pipe = NULL;
    r->call_fd = -1;
}

void vhu_ring_reset(struct vhu *v, unsigned index)
{
    struct vhu_ring *r = &v->ring[index];

    vhu_ring_stop(v, index);
    vhu_ring_drop_call(v, index);
    fd_drop(&r->err_fd);
    v->state.ring[index] = (struct vhu_ring_state){0};
}

/* ---- one change at a time ---------------------------------------------------------------- */
static void broken_retired(struct vhu *v)
{
    vhu_rings_build(v);
    vhu_rings_show(v);
    vhu_settle(v);
}

void vhu_settle(struct vhu *v)
{
    uint64_t mask = v->break_rings;

    if (v->change.then != NULL)
        return;
    if (v->close_wanted) {
        v->break_rings = 0;
        vhu_rings_change(v, VHU_ALL_RINGS, vhu_teardown);
    } else if (mask != 0) {
        v->break_rings = 0;
        vhu_rings_change(v, mask, broken_retired);
    } else {
        vhu_conn_resume(v);
    }
}
