/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Where a vhost-user port stands, for people. Control thread.
 */
#include "vhost-user/vhu.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

/* A handshake is over by then. */
#define HANDSHAKE_NS NS_PER_SEC

void vhu_trouble(struct vhu *v, const char *hint, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(v->error, sizeof(v->error), fmt, ap);
    va_end(ap);
    snprintf(v->hint, sizeof(v->hint), "%s", hint);
}

struct bit_name {
    unsigned bit;
    const char *name;
};

static const struct bit_name feature_names[] = {
    {VHU_F_VERSION_1, "virtio-1"},
    {VHU_F_MRG_RXBUF, "mergeable buffers"},
    {VHU_F_INDIRECT_DESC, "indirect descriptors"},
    {VHU_F_EVENT_IDX, "event index"},
    {VHU_F_CSUM, "checksum out"},
    {VHU_F_GUEST_CSUM, "checksum in"},
    {VHU_F_HOST_TSO4, "TSO4 out"},
    {VHU_F_GUEST_TSO4, "TSO4 in"},
    {VHU_F_HOST_TSO6, "TSO6 out"},
    {VHU_F_GUEST_TSO6, "TSO6 in"},
    {VHU_F_HOST_ECN, "ECN out"},
    {VHU_F_GUEST_ECN, "ECN in"},
    {VHU_F_GUEST_ANNOUNCE, "announce"},
    {VHU_F_MQ, "multiqueue"},
    {VHU_F_MTU, "MTU"},
};

static void features_text(uint64_t features, char *buf, size_t size)
{
    size_t used = 0;

    buf[0] = '\0';
    for (size_t i = 0; i < ARRAY_SIZE(feature_names); i++) {
        if (!vhu_bit(features, feature_names[i].bit))
            continue;
        used += (size_t)snprintf(buf + used, size - used, "%s%s", used ? ", " : "",
                                 feature_names[i].name);
        if (used >= size)
            return;
    }
}

/* The first thing that keeps it from working, most telling first. */
static void trouble_text(const struct vhu *v, struct port_info *info)
{
    bool late = v->state.features_set && clock_now_ns() - v->features_at_ns > HANDSHAKE_NS;

    bool works = info->queue_pairs_enabled > 0 && !vhu_has_broken(v);

    /* A message refused in passing, while frames flow, is no trouble but worth knowing. */
    snprintf(info->error, sizeof(info->error), "%s", works ? "" : v->error);
    snprintf(info->hint, sizeof(info->hint), "%s", works ? v->error : v->hint);
    if (v->error[0] == '\0' && !info->connected && v->up)
        snprintf(info->hint, sizeof(info->hint), "waits for the VM to connect");
    if (v->error[0] != '\0' || !info->connected)
        return;
    for (unsigned i = 0; i < v->rings; i++) {
        if (!v->ring[i].broken)
            continue;
        snprintf(info->error, sizeof(info->error), "%s", v->ring[i].error);
        snprintf(info->hint, sizeof(info->hint),
                 "the ring works again when the VM's driver sets it up anew");
        return;
    }
    if (late && v->map == NULL) {
        snprintf(info->error, sizeof(info->error), "the VM has shared no memory");
        snprintf(info->hint, sizeof(info->hint),
                 "QEMU: -object memory-backend-memfd,id=mem,size=...,share=on -machine "
                 "memory-backend=mem; libvirt: <memoryBacking> with <source type='memfd'/> and "
                 "<access mode='shared'/>");
    } else if (v->state.protocol_set && !v->state.features_set && v->state.owner_first &&
               v->port.queue_pairs > 1) {
        snprintf(info->hint, sizeof(info->hint),
                 "a front-end without multiqueue (user-mode-linux) needs a port with queues=1");
    }
}

void vhu_info(const struct port *port, struct port_info *ret_info)
{
    const struct vhu *v = vhu_of(port);
    struct port_info info = {0};

    info.connected = vhu_conn_is_open(v);
    info.queue_pairs_enabled = atomic_load_explicit(&port->tx_queues, memory_order_relaxed);
    info.driver_ready = v->state.status_set ? (v->state.status & VHU_STATUS_DRIVER_OK) != 0
                                            : info.queue_pairs_enabled > 0;
    snprintf(info.where, sizeof(info.where), "%s", v->options.path);
    features_text(v->state.features, info.features, sizeof(info.features));
    trouble_text(v, &info);
    *ret_info = info;
}

/* What the rings in service have counted since they were made. */
static uint64_t live_bad_chains(const struct vhu *v)
{
    uint64_t sum = 0;
    struct vring_stats stats;

    for (unsigned i = 0; i < v->rings; i++) {
        if (v->ring[i].vring == NULL)
            continue;
        vring_stats(v->ring[i].vring, &stats);
        sum += stats.bad_chains;
    }
    return sum;
}

void vhu_count(const struct port *port, port_counter_cb *cb, void *arg)
{
    const struct vhu *v = vhu_of(port);
    struct vhu_counters c = v->counters;

    c.bad_chains += live_bad_chains(v);
#define VHU_C(name, help) cb(arg, #name, c.name, help);
    VHU_COUNTERS(VHU_C)
#undef VHU_C
#define VHU_R(name, help) cb(arg, "refused_" #name, c.refused[VHU_REFUSED_##name], help);
    VHU_REFUSALS(VHU_R)
#undef VHU_R
}
