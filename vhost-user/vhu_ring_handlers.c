/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the messages about single rings do: size, addresses, base, event descriptors, enable. See
 * the table in vhu_messages.c for what is checked before, and vhu_queue.c for a ring's states.
 *
 * Control thread; never blocks.
 */
#include "vhost-user/vhu.h"

#include <errno.h>
#include <unistd.h>

#include "vhost-user/vring_call.h"

#define BIT(n) (1ull << (n))

/* ---- rings ------------------------------------------------------------------------------- */
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
    v->reply = (struct vhu_reply){
        .wanted = true, .size = 8, .payload = index | (uint64_t)v->state.ring[index].base << 32};
}

/* ---- event descriptors ------------------------------------------------------------------- */
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
