/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The table of all messages, and the three steps of each: check, wait for workers, apply. What a
 * message needs to be let in is data; the handlers see only what fits.
 *
 * A refusal changes nothing. It is counted, shown in `port show`, and answered with a non-zero
 * number when the front-end asked for an answer (REPLY_ACK). When it did not ask but will wait for
 * one all the same, or must not go on as if nothing had happened (features, numbers we do not
 * know), the connection is closed, which is the only answer left.
 *
 * Control thread; never blocks.
 */
#include "vhost-user/vhu.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MEM_TABLE_MAX ((uint16_t)sizeof(struct vhu_wire_memory))

/* What the specification knows and we do not offer: name, always answered. */
#define REFUSED(id, text, always)                                                                  \
    [id] = {.name = text,                                                                          \
            .size_max = VHU_PAYLOAD_BYTES,                                                         \
            .fds_max = VHU_FDS_MAX,                                                                \
            .needs = VHU_NOT_OFFERED,                                                              \
            .answers = always}

/* id, name, payload bytes, fds, protocol feature, always answered, handler */
#define SERVED(id, text, lo, hi, fd_lo, fd_hi, bit, always, h)                                     \
    [id] = {text, lo, hi, fd_lo, fd_hi, bit, always, vhu_check_##h, vhu_rings_##h, vhu_apply_##h}

static const struct vhu_handler handlers[VHU_REQUEST_COUNT] = {
    SERVED(VHU_GET_FEATURES, "GET_FEATURES", 0, 0, 0, 0, VHU_NEEDS_NONE, true, get_features),
    SERVED(VHU_SET_FEATURES, "SET_FEATURES", 8, 8, 0, 0, VHU_NEEDS_NONE, false, set_features),
    SERVED(VHU_SET_OWNER, "SET_OWNER", 0, 0, 0, 0, VHU_NEEDS_NONE, false, set_owner),
    SERVED(VHU_RESET_OWNER, "RESET_OWNER", 0, 0, 0, 0, VHU_NEEDS_NONE, false, reset_owner),
    SERVED(VHU_SET_MEM_TABLE, "SET_MEM_TABLE", 8, MEM_TABLE_MAX, 0, VHU_FDS_MAX, VHU_NEEDS_NONE,
           false, set_mem_table),
    REFUSED(VHU_SET_LOG_BASE, "SET_LOG_BASE", true),
    REFUSED(VHU_SET_LOG_FD, "SET_LOG_FD", false),
    SERVED(VHU_SET_VRING_NUM, "SET_VRING_NUM", 8, 8, 0, 0, VHU_NEEDS_NONE, false, vring_num),
    SERVED(VHU_SET_VRING_ADDR, "SET_VRING_ADDR", 40, 40, 0, 0, VHU_NEEDS_NONE, false, vring_addr),
    SERVED(VHU_SET_VRING_BASE, "SET_VRING_BASE", 8, 8, 0, 0, VHU_NEEDS_NONE, false, vring_base),
    SERVED(VHU_GET_VRING_BASE, "GET_VRING_BASE", 8, 8, 0, 0, VHU_NEEDS_NONE, true, get_vring_base),
    SERVED(VHU_SET_VRING_KICK, "SET_VRING_KICK", 8, 8, 0, 1, VHU_NEEDS_NONE, false, vring_kick),
    SERVED(VHU_SET_VRING_CALL, "SET_VRING_CALL", 8, 8, 0, 1, VHU_NEEDS_NONE, false, vring_call),
    SERVED(VHU_SET_VRING_ERR, "SET_VRING_ERR", 8, 8, 0, 1, VHU_NEEDS_NONE, false, vring_err),
    SERVED(VHU_GET_PROTOCOL_FEATURES, "GET_PROTOCOL_FEATURES", 0, 0, 0, 0, VHU_NEEDS_NONE, true,
           get_protocol),
    SERVED(VHU_SET_PROTOCOL_FEATURES, "SET_PROTOCOL_FEATURES", 8, 8, 0, 0, VHU_NEEDS_NONE, false,
           set_protocol),
    SERVED(VHU_GET_QUEUE_NUM, "GET_QUEUE_NUM", 0, 0, 0, 0, VHU_NEEDS_NONE, true, get_queue_num),
    SERVED(VHU_SET_VRING_ENABLE, "SET_VRING_ENABLE", 8, 8, 0, 0, VHU_NEEDS_NONE, false,
           vring_enable),
    SERVED(VHU_SEND_RARP, "SEND_RARP", 8, 8, 0, 0, VHU_P_RARP, false, send_rarp),
    SERVED(VHU_NET_SET_MTU, "NET_SET_MTU", 8, 8, 0, 0, VHU_P_MTU, false, set_mtu),
    SERVED(VHU_SET_BACKEND_REQ_FD, "SET_BACKEND_REQ_FD", 0, 8, 1, 1, VHU_P_BACKEND_REQ, false,
           backend_req_fd),
    REFUSED(VHU_IOTLB_MSG, "IOTLB_MSG", true),
    REFUSED(VHU_SET_VRING_ENDIAN, "SET_VRING_ENDIAN", false),
    REFUSED(VHU_GET_CONFIG, "GET_CONFIG", true),
    REFUSED(VHU_SET_CONFIG, "SET_CONFIG", false),
    REFUSED(VHU_CREATE_CRYPTO_SESSION, "CREATE_CRYPTO_SESSION", true),
    REFUSED(VHU_CLOSE_CRYPTO_SESSION, "CLOSE_CRYPTO_SESSION", false),
    REFUSED(VHU_POSTCOPY_ADVISE, "POSTCOPY_ADVISE", true),
    REFUSED(VHU_POSTCOPY_LISTEN, "POSTCOPY_LISTEN", false),
    REFUSED(VHU_POSTCOPY_END, "POSTCOPY_END", true),
    REFUSED(VHU_GET_INFLIGHT_FD, "GET_INFLIGHT_FD", true),
    REFUSED(VHU_SET_INFLIGHT_FD, "SET_INFLIGHT_FD", false),
    REFUSED(VHU_GPU_SET_SOCKET, "GPU_SET_SOCKET", false),
    REFUSED(VHU_RESET_DEVICE, "RESET_DEVICE", false),
    REFUSED(VHU_VRING_KICK, "VRING_KICK", false),
    SERVED(VHU_GET_MAX_MEM_SLOTS, "GET_MAX_MEM_SLOTS", 0, 0, 0, 0, VHU_P_MEM_SLOTS, true,
           get_mem_slots),
    SERVED(VHU_ADD_MEM_REG, "ADD_MEM_REG", 40, 40, 1, 1, VHU_P_MEM_SLOTS, false, add_mem_reg),
    /* Some front-ends pass a descriptor that the specification tells us to close. */
    SERVED(VHU_REM_MEM_REG, "REM_MEM_REG", 40, 40, 0, 1, VHU_P_MEM_SLOTS, false, rem_mem_reg),
    SERVED(VHU_SET_STATUS, "SET_STATUS", 8, 8, 0, 0, VHU_P_STATUS, false, set_status),
    SERVED(VHU_GET_STATUS, "GET_STATUS", 0, 0, 0, 0, VHU_P_STATUS, true, get_status),
    REFUSED(VHU_GET_SHARED_OBJECT, "GET_SHARED_OBJECT", true),
    REFUSED(VHU_SET_DEVICE_STATE_FD, "SET_DEVICE_STATE_FD", true),
    REFUSED(VHU_CHECK_DEVICE_STATE, "CHECK_DEVICE_STATE", true),
};

static const struct vhu_handler *handler_find(uint32_t request)
{
    if (request >= VHU_REQUEST_COUNT || handlers[request].name == NULL)
        return NULL;
    return &handlers[request];
}

const char *vhu_request_name(uint32_t request)
{
    const struct vhu_handler *h = handler_find(request);

    return h ? h->name : "unknown";
}

/* ---- check ------------------------------------------------------------------------------- */
static enum vhu_refusal check_form(const struct vhu *v, const struct vhu_handler *h,
                                   struct vsw_err *err)
{
    const struct vhu_conn *c = &v->conn;

    if (h == NULL) {
        vsw_err_set(err, -EOPNOTSUPP, NULL, "message number %u is not known", c->msg.request);
        return VHU_REFUSED_unknown_message;
    }
    if (h->needs == VHU_NOT_OFFERED ||
        (h->needs >= 0 && !vhu_bit(v->state.protocol, (unsigned)h->needs))) {
        vsw_err_set(err, -EOPNOTSUPP, NULL, "%s belongs to a feature that was not negotiated",
                    h->name);
        return VHU_REFUSED_not_offered;
    }
    if (c->msg.size < h->size_min || c->msg.size > h->size_max) {
        vsw_err_set(err, -EINVAL, NULL, "%s with %u bytes", h->name, c->msg.size);
        return VHU_REFUSED_bad_size;
    }
    if (c->lost_fds || c->extra_fds || c->fd_count < h->fds_min || c->fd_count > h->fds_max) {
        vsw_err_set(err, -EINVAL, NULL, "%s with %u file descriptors%s", h->name, c->fd_count,
                    c->lost_fds    ? ", and our own table of descriptors is full"
                    : c->extra_fds ? " and more"
                                   : "");
        return VHU_REFUSED_bad_fd_count;
    }
    return VHU_REFUSED_NOT;
}

/* ---- answer ------------------------------------------------------------------------------ */
static bool ack_wanted(const struct vhu *v)
{
    return (v->conn.msg.flags & VHU_FLAG_NEED_REPLY) && vhu_bit(v->state.protocol, VHU_P_REPLY_ACK);
}

static bool refusal_closes(const struct vhu *v, const struct vhu_handler *h)
{
    uint32_t request = v->conn.msg.request;

    return h == NULL || h->answers || request == VHU_SET_FEATURES ||
           request == VHU_SET_PROTOCOL_FEATURES;
}

static void refuse(struct vhu *v, const struct vhu_handler *h, enum vhu_refusal why,
                   const struct vsw_err *err)
{
    uint32_t request = v->conn.msg.request;

    v->counters.refused[why]++;
    v->counters.fds_lost += v->conn.lost_fds;
    vhu_trouble(v, err->hint, "refused %s: %s", vhu_request_name(request), err->msg);
    if (ack_wanted(v) &&
        (h == NULL || !h->answers || request == VHU_IOTLB_MSG || request == VHU_POSTCOPY_END)) {
        vhu_conn_reply(v, request, 1, 8);
        return;
    }
    if (refusal_closes(v, h))
        vhu_conn_error(v, "refused %s and closed the connection: %s", vhu_request_name(request),
                       err->msg);
}

static void message_finish(struct vhu *v)
{
    struct vhu_conn *c = &v->conn;
    const struct vhu_handler *h = &handlers[c->msg.request];

    v->reply = (struct vhu_reply){0};
    h->apply(v, &c->msg);
    vhu_rings_build(v);
    if (v->reply.wanted)
        vhu_conn_reply(v, c->msg.request, v->reply.payload, v->reply.size);
    else if (ack_wanted(v))
        vhu_conn_reply(v, c->msg.request, 0, 8);
    vhu_settle(v);
}

void vhu_message(struct vhu *v)
{
    const struct vhu_handler *h = handler_find(v->conn.msg.request);
    struct vsw_err err = {0};
    enum vhu_refusal why = check_form(v, h, &err);

    if (why == VHU_REFUSED_NOT)
        why = h->check(v, &v->conn.msg, &err);
    if (why != VHU_REFUSED_NOT) {
        refuse(v, h, why, &err);
        vhu_settle(v);
        return;
    }
    vhu_rings_change(v, h->rings(v, &v->conn.msg), message_finish);
}
