/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What each message does, but for memory. See the table in vhu_messages.c for what is checked
 * before, and vhu.h for the three steps.
 *
 * Control thread; never blocks.
 */
#include "vhost-user/vhu.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mac.h"
#include "vhost-user/vring_call.h"

#define BIT(n) (1ull << (n))

static void answer(struct vhu *v, uint64_t payload)
{
    v->reply = (struct vhu_reply){.wanted = true, .size = 8, .payload = payload};
}

/* ---- features -------------------------------------------------------------------------------- */
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

/* ---- owner, status, MTU, announcement -------------------------------------------------------- */
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

/* ---- rings ----------------------------------------------------------------------------------- */
static enum vhu_refusal check_index(const struct vhu *v, uint64_t index, struct vsw_err *err)
{
    if (index < v->rings)
        return VHU_REFUSED_NOT;
    vsw_err_set(err, -ERANGE, NULL, "ring %llu, the port has %u", (unsigned long long)index,
                v->rings);
    vsw_err_hint(err, "give the port as many queues as the VM has");
    return VHU_REFUSED_bad_ring;
}

static uint64_t ring_of_state(const struct vhu_msg *m)
{
    return BIT(m->payload.state.index);
}

/* A new setting is a new chance. */
static void ring_mend(struct vhu *v, unsigned index)
{
    v->ring[index].broken = false;
    v->ring[index].error[0] = '\0';
}

enum vhu_refusal vhu_check_vring_num(struct vhu *v, const struct vhu_msg *m, struct vsw_err *err)
{
    uint32_t num = m->payload.state.num;
    enum vhu_refusal why = check_index(v, m->payload.state.index, err);

    if (why == VHU_REFUSED_NOT && (num == 0 || num > VRING_NUM_MAX || (num & (num - 1)) != 0)) {
        vsw_err_set(err, -EINVAL, NULL, "a ring of %u entries, not a power of two up to %d", num,
                    VRING_NUM_MAX);
        why = VHU_REFUSED_bad_ring;
    }
    return why;
}

uint64_t vhu_rings_vring_num(const struct vhu *v, const struct vhu_msg *m)
{
    return ring_of_state(m);
}

void vhu_apply_vring_num(struct vhu *v, const struct vhu_msg *m)
{
    v->state.ring[m->payload.state.index].num = m->payload.state.num;
    ring_mend(v, m->payload.state.index);
}

enum vhu_refusal vhu_check_vring_addr(struct vhu *v, const struct vhu_msg *m, struct vsw_err *err)
{
    struct vhu_wire_addr a = m->payload.addr;
    enum vhu_refusal why = check_index(v, a.index, err);

    if (why == VHU_REFUSED_NOT &&
        (a.desc_uva % 16 != 0 || a.avail_uva % 2 != 0 || a.used_uva % 4 != 0)) {
        vsw_err_set(err, -EINVAL, NULL, "addresses of ring %u are not aligned", a.index);
        why = VHU_REFUSED_bad_ring;
    }
    /* Flag 0 asks to log writes: that needs LOG_SHMFD, which is not offered. */
    if (why == VHU_REFUSED_NOT && a.flags != 0) {
        vsw_err_set(err, -EOPNOTSUPP, NULL, "logging of writes was not offered");
        why = VHU_REFUSED_bad_ring;
    }
    return why;
}

uint64_t vhu_rings_vring_addr(const struct vhu *v, const struct vhu_msg *m)
{
    return BIT(m->payload.addr.index);
}

void vhu_apply_vring_addr(struct vhu *v, const struct vhu_msg *m)
{
    struct vhu_wire_addr a = m->payload.addr;
    struct vhu_ring_state *s = &v->state.ring[a.index];

    s->desc_uva = a.desc_uva;
    s->avail_uva = a.avail_uva;
    s->used_uva = a.used_uva;
    s->has_addr = true;
    ring_mend(v, a.index);
}

enum vhu_refusal vhu_check_vring_base(struct vhu *v, const struct vhu_msg *m, struct vsw_err *err)
{
    enum vhu_refusal why = check_index(v, m->payload.state.index, err);

    if (why == VHU_REFUSED_NOT && m->payload.state.num > UINT16_MAX) {
        vsw_err_set(err, -ERANGE, NULL, "base %u of a split ring", m->payload.state.num);
        why = VHU_REFUSED_bad_ring;
    }
    return why;
}

uint64_t vhu_rings_vring_base(const struct vhu *v, const struct vhu_msg *m)
{
    return ring_of_state(m);
}

void vhu_apply_vring_base(struct vhu *v, const struct vhu_msg *m)
{
    struct vhu_ring_state *s = &v->state.ring[m->payload.state.index];

    s->base = (uint16_t)m->payload.state.num;
    s->has_base = true;
}

enum vhu_refusal vhu_check_get_vring_base(struct vhu *v, const struct vhu_msg *m,
                                          struct vsw_err *err)
{
    return check_index(v, m->payload.state.index, err);
}

uint64_t vhu_rings_get_vring_base(const struct vhu *v, const struct vhu_msg *m)
{
    return ring_of_state(m);
}

void vhu_apply_get_vring_base(struct vhu *v, const struct vhu_msg *m)
{
    uint32_t index = m->payload.state.index;

    vhu_ring_stop(v, index);
    answer(v, index | (uint64_t)v->state.ring[index].base << 32);
}

/* ---- event descriptors ----------------------------------------------------------------------- */
static unsigned fd_ring(const struct vhu_msg *m)
{
    return (unsigned)(m->payload.u64 & VHU_VRING_INDEX_MASK);
}

/* A descriptor comes unless the flag says that none does; only a real eventfd will do, or a pipe
 * where vhu_relay.c can stand between. */
static enum vhu_refusal check_ring_fd(struct vhu *v, const struct vhu_msg *m, bool pipe_will_do,
                                      struct vsw_err *err)
{
    bool none = m->payload.u64 & VHU_VRING_NOFD;
    enum vhu_refusal why = check_index(v, fd_ring(m), err);

    if (why != VHU_REFUSED_NOT)
        return why;
    if (none != (v->conn.fd_count == 0)) {
        vsw_err_set(err, -EINVAL, NULL, "%s %s a file descriptor", vhu_request_name(m->request),
                    none ? "says it has no descriptor, with" : "without");
        return VHU_REFUSED_bad_fd_count;
    }
    if (none || (pipe_will_do && vhu_relay_is_pipe(v->conn.fds[0])))
        return VHU_REFUSED_NOT;
    return vring_fd_check(v->conn.fds[0], err) < 0 ? VHU_REFUSED_bad_fd : VHU_REFUSED_NOT;
}

static void fd_replace(struct vhu *v, int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = vhu_conn_take_fd(&v->conn, 0);
}

enum vhu_refusal vhu_check_vring_kick(struct vhu *v, const struct vhu_msg *m, struct vsw_err *err)
{
    return check_ring_fd(v, m, false, err);
}

uint64_t vhu_rings_vring_kick(const struct vhu *v, const struct vhu_msg *m)
{
    return BIT(fd_ring(m));
}

void vhu_apply_vring_kick(struct vhu *v, const struct vhu_msg *m)
{
    struct vhu_ring *r = &v->ring[fd_ring(m)];

    v->port.host->unwatch(r->kick_watch);
    r->kick_watch = NULL;
    fd_replace(v, &r->kick_fd);
    v->state.ring[fd_ring(m)].has_kick = true;
    ring_mend(v, fd_ring(m));
}

enum vhu_refusal vhu_check_vring_call(struct vhu *v, const struct vhu_msg *m, struct vsw_err *err)
{
    return check_ring_fd(v, m, true, err);
}

uint64_t vhu_rings_vring_call(const struct vhu *v, const struct vhu_msg *m)
{
    return BIT(fd_ring(m));
}

void vhu_apply_vring_call(struct vhu *v, const struct vhu_msg *m)
{
    struct vhu_ring *r = &v->ring[fd_ring(m)];
    int fd;

    vhu_ring_drop_call(v, fd_ring(m));
    fd = vhu_conn_take_fd(&v->conn, 0);
    if (fd < 0 || !vhu_relay_is_pipe(fd))
        r->call_fd = fd;
    else if (vhu_relay_add(&v->relay, fd, &r->call_pipe, &r->call_fd) < 0)
        vhu_ring_break(v, fd_ring(m), "no thread for the pipe that takes its interrupts");
    v->state.ring[fd_ring(m)].has_call = true;
}

enum vhu_refusal vhu_check_vring_err(struct vhu *v, const struct vhu_msg *m, struct vsw_err *err)
{
    return check_ring_fd(v, m, false, err);
}

/* Workers do not know this one. */
uint64_t vhu_rings_vring_err(const struct vhu *v, const struct vhu_msg *m)
{
    return 0;
}

void vhu_apply_vring_err(struct vhu *v, const struct vhu_msg *m)
{
    fd_replace(v, &v->ring[fd_ring(m)].err_fd);
}

enum vhu_refusal vhu_check_vring_enable(struct vhu *v, const struct vhu_msg *m, struct vsw_err *err)
{
    enum vhu_refusal why = check_index(v, m->payload.state.index, err);

    if (why == VHU_REFUSED_NOT && m->payload.state.num > 1) {
        vsw_err_set(err, -ERANGE, NULL, "SET_VRING_ENABLE to %u", m->payload.state.num);
        why = VHU_REFUSED_bad_value;
    }
    return why;
}

/* Front-ends repeat themselves here; only a change costs anything. */
uint64_t vhu_rings_vring_enable(const struct vhu *v, const struct vhu_msg *m)
{
    bool same = v->state.ring[m->payload.state.index].enable == (m->payload.state.num != 0);

    return same ? 0 : ring_of_state(m);
}

void vhu_apply_vring_enable(struct vhu *v, const struct vhu_msg *m)
{
    v->state.ring[m->payload.state.index].enable = m->payload.state.num != 0;
}
