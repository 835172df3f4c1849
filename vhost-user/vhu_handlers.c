/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What each message does, but for memory and rings. See the table in vhu_messages.c for what is
 * checked before, and vhu.h for the three steps.
 *
 * Control thread; never blocks.
 */
#include "vhost-user/vhu.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mac.h"

#define BIT(n) (1ull << (n))

static void answer(struct vhu *v, uint64_t payload)
{
    v->reply = (struct vhu_reply){.wanted = true, .size = 8, .payload = payload};
}

/* ---- features ---------------------------------------------------------------------------- */
/* What QEMU leaves to the back-end. MAC, STATUS, control queue: QEMU offers them on its own.
 *
 * A front-end that drives the device itself (user-mode-linux, virtio-user) makes itself known by
 * SET_OWNER before anything else. Linux refuses a device with MQ or GUEST_ANNOUNCE and no control
 * queue, which is what user-mode-linux would see; virtio-user adds the control queue by itself and
 * wants MQ when it has several queues. */
uint64_t vhu_features_offered(const struct vhu *v)
{
    uint64_t f = BIT(VHU_F_CSUM) | BIT(VHU_F_GUEST_CSUM) | BIT(VHU_F_MTU) | BIT(VHU_F_GUEST_TSO4) |
                 BIT(VHU_F_GUEST_TSO6) | BIT(VHU_F_GUEST_ECN) | BIT(VHU_F_HOST_TSO4) |
                 BIT(VHU_F_HOST_TSO6) | BIT(VHU_F_HOST_ECN) | BIT(VHU_F_MRG_RXBUF) |
                 BIT(VHU_F_ANY_LAYOUT) | BIT(VHU_F_INDIRECT_DESC) | BIT(VHU_F_EVENT_IDX) |
                 BIT(VHU_F_PROTOCOL_FEATURES) | BIT(VHU_F_VERSION_1);

    if (!v->state.owner_first)
        f |= BIT(VHU_F_GUEST_ANNOUNCE);
    if (!v->state.owner_first || v->port.queue_pairs > 1)
        f |= BIT(VHU_F_MQ);
    return f;
}

uint64_t vhu_protocol_offered(const struct vhu *v)
{
    uint64_t f = BIT(VHU_P_MQ) | BIT(VHU_P_RARP) | BIT(VHU_P_REPLY_ACK) | BIT(VHU_P_MTU) |
                 BIT(VHU_P_MEM_SLOTS) | BIT(VHU_P_STATUS);

    /* We have no requests of our own; but user-mode-linux gets its interrupt number only when it
     * makes a channel for them. */
    if (v->state.owner_first)
        f |= BIT(VHU_P_BACKEND_REQ);
    return f;
}

enum vhu_refusal vhu_check_get_features(struct vhu *v, const struct vhu_msg *m, struct vsw_err *err)
{
    return VHU_REFUSED_NOT;
}

uint64_t vhu_rings_get_features(const struct vhu *v, const struct vhu_msg *m)
{
    return 0;
}

void vhu_apply_get_features(struct vhu *v, const struct vhu_msg *m)
{
    v->state.features_asked = true;
    answer(v, vhu_features_offered(v));
}

enum vhu_refusal vhu_check_set_features(struct vhu *v, const struct vhu_msg *m, struct vsw_err *err)
{
    uint64_t extra = m->payload.u64 & ~vhu_features_offered(v);

    if (extra == 0)
        return VHU_REFUSED_NOT;
    vsw_err_set(err, -EINVAL, NULL, "features 0x%llx were not offered", (unsigned long long)extra);
    return VHU_REFUSED_bad_features;
}

/* The same again is common and changes nothing. */
uint64_t vhu_rings_set_features(const struct vhu *v, const struct vhu_msg *m)
{
    return v->state.features_set && v->state.features == m->payload.u64 ? 0 : VHU_ALL_RINGS;
}

void vhu_apply_set_features(struct vhu *v, const struct vhu_msg *m)
{
    if (!v->state.features_set)
        v->features_at_ns = clock_now_ns();
    v->state.features = m->payload.u64;
    v->state.features_set = true;
}

enum vhu_refusal vhu_check_get_protocol(struct vhu *v, const struct vhu_msg *m, struct vsw_err *err)
{
    return VHU_REFUSED_NOT;
}

uint64_t vhu_rings_get_protocol(const struct vhu *v, const struct vhu_msg *m)
{
    return 0;
}

void vhu_apply_get_protocol(struct vhu *v, const struct vhu_msg *m)
{
    answer(v, vhu_protocol_offered(v));
}

enum vhu_refusal vhu_check_set_protocol(struct vhu *v, const struct vhu_msg *m, struct vsw_err *err)
{
    uint64_t extra = m->payload.u64 & ~vhu_protocol_offered(v);

    if (extra == 0)
        return VHU_REFUSED_NOT;
    vsw_err_set(err, -EINVAL, NULL, "protocol features 0x%llx were not offered",
                (unsigned long long)extra);
    return VHU_REFUSED_bad_features;
}

uint64_t vhu_rings_set_protocol(const struct vhu *v, const struct vhu_msg *m)
{
    return 0;
}

void vhu_apply_set_protocol(struct vhu *v, const struct vhu_msg *m)
{
    v->state.protocol = m->payload.u64;
    v->state.protocol_set = true;
}

enum vhu_refusal vhu_check_get_queue_num(struct vhu *v, const struct vhu_msg *m,
                                         struct vsw_err *err)
{
    return VHU_REFUSED_NOT;
}

uint64_t vhu_rings_get_queue_num(const struct vhu *v, const struct vhu_msg *m)
{
    return 0;
}

void vhu_apply_get_queue_num(struct vhu *v, const struct vhu_msg *m)
{
    answer(v, v->port.queue_pairs);
}

/* ---- owner, status, MTU, announcement ---------------------------------------------------- */
enum vhu_refusal vhu_check_set_owner(struct vhu *v, const struct vhu_msg *m, struct vsw_err *err)
{
    return VHU_REFUSED_NOT;
}

uint64_t vhu_rings_set_owner(const struct vhu *v, const struct vhu_msg *m)
{
    return 0;
}

void vhu_apply_set_owner(struct vhu *v, const struct vhu_msg *m)
{
    v->state.owner_set = true;
    if (!v->state.features_asked)
        v->state.owner_first = true;
}

enum vhu_refusal vhu_check_reset_owner(struct vhu *v, const struct vhu_msg *m, struct vsw_err *err)
{
    return VHU_REFUSED_NOT;
}

uint64_t vhu_rings_reset_owner(const struct vhu *v, const struct vhu_msg *m)
{
    return VHU_ALL_RINGS;
}

/* Deprecated: a back-end may ignore it or disable all rings. */
void vhu_apply_reset_owner(struct vhu *v, const struct vhu_msg *m)
{
    v->state.owner_set = false;
    for (unsigned i = 0; i < v->rings; i++) {
        vhu_ring_stop(v, i);
        v->state.ring[i].enable = false;
    }
}

enum vhu_refusal vhu_check_get_status(struct vhu *v, const struct vhu_msg *m, struct vsw_err *err)
{
    return VHU_REFUSED_NOT;
}

uint64_t vhu_rings_get_status(const struct vhu *v, const struct vhu_msg *m)
{
    return 0;
}

void vhu_apply_get_status(struct vhu *v, const struct vhu_msg *m)
{
    answer(v, v->state.status);
}

enum vhu_refusal vhu_check_set_status(struct vhu *v, const struct vhu_msg *m, struct vsw_err *err)
{
    if (m->payload.u64 <= VHU_STATUS_MASK)
        return VHU_REFUSED_NOT;
    vsw_err_set(err, -ERANGE, NULL, "device status 0x%llx has more than 8 bits",
                (unsigned long long)m->payload.u64);
    return VHU_REFUSED_bad_value;
}

static bool status_resets(const struct vhu *v, const struct vhu_msg *m)
{
    return m->payload.u64 == 0 && v->state.status != 0;
}

uint64_t vhu_rings_set_status(const struct vhu *v, const struct vhu_msg *m)
{
    return status_resets(v, m) ? VHU_ALL_RINGS : 0;
}

/* Status 0 is a reset of the device: rings stop, their errors are forgotten. */
void vhu_apply_set_status(struct vhu *v, const struct vhu_msg *m)
{
    if (status_resets(v, m)) {
        for (unsigned i = 0; i < v->rings; i++)
            vhu_ring_stop(v, i);
    }
    v->state.status = (uint8_t)m->payload.u64;
    v->state.status_set = true;
}

/* IP over Ethernet needs 68 bytes. Source: RFC 791 */
#define MTU_MIN 68

enum vhu_refusal vhu_check_set_mtu(struct vhu *v, const struct vhu_msg *m, struct vsw_err *err)
{
    uint16_t mtu = atomic_load_explicit(&v->port.mtu, memory_order_relaxed);

    if (m->payload.u64 >= MTU_MIN && m->payload.u64 <= mtu)
        return VHU_REFUSED_NOT;
    vsw_err_set(err, -ERANGE, NULL, "the VM wants an MTU of %llu, the port has %u",
                (unsigned long long)m->payload.u64, mtu);
    vsw_err_hint(err, "make the port's mtu larger, or QEMU's host_mtu smaller");
    return VHU_REFUSED_bad_value;
}

uint64_t vhu_rings_set_mtu(const struct vhu *v, const struct vhu_msg *m)
{
    return 0;
}

void vhu_apply_set_mtu(struct vhu *v, const struct vhu_msg *m)
{
    v->state.mtu = (uint16_t)m->payload.u64;
}

static void rarp_mac(const struct vhu_msg *m, uint8_t *ret_mac)
{
    memcpy(ret_mac, m->payload.bytes, MAC_BYTES);
}

enum vhu_refusal vhu_check_send_rarp(struct vhu *v, const struct vhu_msg *m, struct vsw_err *err)
{
    uint8_t mac[MAC_BYTES];

    rarp_mac(m, mac);
    if (!mac_is_group(mac) && !mac_is_zero(mac))
        return VHU_REFUSED_NOT;
    vsw_err_set(err, -EINVAL, NULL, "an announcement of a group address or of none");
    return VHU_REFUSED_bad_value;
}

uint64_t vhu_rings_send_rarp(const struct vhu *v, const struct vhu_msg *m)
{
    return 0;
}

/* A reverse ARP request for its own address, as a guest would send it. Source: RFC 903 */
void vhu_apply_send_rarp(struct vhu *v, const struct vhu_msg *m)
{
    uint8_t frame[60] = {0};
    uint8_t *arp = frame + 14;

    memset(frame, 0xff, MAC_BYTES);
    rarp_mac(m, frame + 6);
    store_be16(frame + 12, 0x8035);
    store_be16(arp, 1);
    store_be16(arp + 2, 0x0800);
    arp[4] = MAC_BYTES;
    arp[5] = 4;
    store_be16(arp + 6, 3);
    rarp_mac(m, arp + 8);
    rarp_mac(m, arp + 18);
    v->port.host->inject(v->port.host, &v->port, frame, sizeof(frame));
}

enum vhu_refusal vhu_check_backend_req_fd(struct vhu *v, const struct vhu_msg *m,
                                          struct vsw_err *err)
{
    return VHU_REFUSED_NOT;
}

uint64_t vhu_rings_backend_req_fd(const struct vhu *v, const struct vhu_msg *m)
{
    return 0;
}

void vhu_apply_backend_req_fd(struct vhu *v, const struct vhu_msg *m)
{
    vhu_fd_discard(&v->relay, v->request_fd);
    v->request_fd = vhu_conn_take_fd(&v->conn, 0);
}
