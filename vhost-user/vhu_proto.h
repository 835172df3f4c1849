/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The vhost-user protocol on the wire: messages, sizes and feature bits. Numbers are in host byte
 * order. Only what a network back-end with split rings needs; messages we never serve have a row
 * in the table of vhu_messages.c all the same.
 * Source: QEMU docs/interop/vhost-user.rst; virtio 1.2 clauses 5.1.3 and 6
 */
#ifndef VHOST_USER_VHU_PROTO_H
#define VHOST_USER_VHU_PROTO_H

#include "base/base.h"

#define VHU_HEADER_BYTES  12
#define VHU_PAYLOAD_BYTES 4096 /* longest payload we read */
#define VHU_FDS_MAX       8    /* file descriptors with one message */

enum vhu_request {
    VHU_GET_FEATURES = 1,
    VHU_SET_FEATURES = 2,
    VHU_SET_OWNER = 3,
    VHU_RESET_OWNER = 4,
    VHU_SET_MEM_TABLE = 5,
    VHU_SET_LOG_BASE = 6,
    VHU_SET_LOG_FD = 7,
    VHU_SET_VRING_NUM = 8,
    VHU_SET_VRING_ADDR = 9,
    VHU_SET_VRING_BASE = 10,
    VHU_GET_VRING_BASE = 11,
    VHU_SET_VRING_KICK = 12,
    VHU_SET_VRING_CALL = 13,
    VHU_SET_VRING_ERR = 14,
    VHU_GET_PROTOCOL_FEATURES = 15,
    VHU_SET_PROTOCOL_FEATURES = 16,
    VHU_GET_QUEUE_NUM = 17,
    VHU_SET_VRING_ENABLE = 18,
    VHU_SEND_RARP = 19,
    VHU_NET_SET_MTU = 20,
    VHU_SET_BACKEND_REQ_FD = 21,
    VHU_IOTLB_MSG = 22,
    VHU_SET_VRING_ENDIAN = 23,
    VHU_GET_CONFIG = 24,
    VHU_SET_CONFIG = 25,
    VHU_CREATE_CRYPTO_SESSION = 26,
    VHU_CLOSE_CRYPTO_SESSION = 27,
    VHU_POSTCOPY_ADVISE = 28,
    VHU_POSTCOPY_LISTEN = 29,
    VHU_POSTCOPY_END = 30,
    VHU_GET_INFLIGHT_FD = 31,
    VHU_SET_INFLIGHT_FD = 32,
    VHU_GPU_SET_SOCKET = 33,
    VHU_RESET_DEVICE = 34,
    VHU_VRING_KICK = 35,
    VHU_GET_MAX_MEM_SLOTS = 36,
    VHU_ADD_MEM_REG = 37,
    VHU_REM_MEM_REG = 38,
    VHU_SET_STATUS = 39,
    VHU_GET_STATUS = 40,
    VHU_GET_SHARED_OBJECT = 41,
    VHU_SET_DEVICE_STATE_FD = 42,
    VHU_CHECK_DEVICE_STATE = 43,
    VHU_REQUEST_COUNT
};

#define VHU_FLAG_VERSION_MASK 0x3u
#define VHU_FLAG_VERSION      0x1u
#define VHU_FLAG_REPLY        0x4u
#define VHU_FLAG_NEED_REPLY   0x8u

#define VHU_VRING_INDEX_MASK 0xffull
#define VHU_VRING_NOFD       0x100ull

/* Protocol features. */
enum {
    VHU_P_MQ = 0,
    VHU_P_RARP = 2,
    VHU_P_REPLY_ACK = 3,
    VHU_P_MTU = 4,
    VHU_P_BACKEND_REQ = 5,
    VHU_P_MEM_SLOTS = 15,
    VHU_P_STATUS = 16,
};

/* Virtio features. */
enum {
    VHU_F_CSUM = 0,
    VHU_F_GUEST_CSUM = 1,
    VHU_F_MTU = 3,
    VHU_F_GUEST_TSO4 = 7,
    VHU_F_GUEST_TSO6 = 8,
    VHU_F_GUEST_ECN = 9,
    VHU_F_HOST_TSO4 = 11,
    VHU_F_HOST_TSO6 = 12,
    VHU_F_HOST_ECN = 13,
    VHU_F_MRG_RXBUF = 15,
    VHU_F_STATUS = 16,
    VHU_F_GUEST_ANNOUNCE = 21,
    VHU_F_MQ = 22,
    VHU_F_NOTIFY_ON_EMPTY = 24,
    VHU_F_ANY_LAYOUT = 27,
    VHU_F_INDIRECT_DESC = 28,
    VHU_F_EVENT_IDX = 29,
    VHU_F_PROTOCOL_FEATURES = 30,
    VHU_F_VERSION_1 = 32,
};

/* Device status, virtio 1.2 clause 2.1. */
#define VHU_STATUS_DRIVER_OK 4
#define VHU_STATUS_MASK      0xff

struct vhu_wire_state {
    uint32_t index;
    uint32_t num;
};

struct vhu_wire_addr {
    uint32_t index;
    uint32_t flags;
    uint64_t desc_uva;
    uint64_t used_uva;
    uint64_t avail_uva;
    uint64_t log_gpa;
};

struct vhu_wire_region {
    uint64_t gpa;
    uint64_t size_bytes;
    uint64_t uva;
    uint64_t mmap_offset;
};

struct vhu_wire_memory {
    uint32_t count;
    uint32_t padding;
    struct vhu_wire_region region[VHU_FDS_MAX];
};

struct vhu_wire_slot {
    uint64_t padding;
    struct vhu_wire_region region;
};

/* One message as it was read. The payload starts right behind the header, as on the wire. */
struct vhu_msg {
    uint32_t request;
    uint32_t flags;
    uint32_t size;
    union {
        uint64_t u64;
        struct vhu_wire_state state;
        struct vhu_wire_addr addr;
        struct vhu_wire_memory memory;
        struct vhu_wire_slot slot;
        uint8_t bytes[VHU_PAYLOAD_BYTES];
    } __attribute__((packed)) payload;
} __attribute__((packed, aligned(8)));

static_assert(offsetof(struct vhu_msg, payload) == VHU_HEADER_BYTES, "header");
static_assert(sizeof(struct vhu_wire_addr) == 40, "vring address");
static_assert(sizeof(struct vhu_wire_memory) == 8 + 8 * 32, "memory table");
static_assert(sizeof(struct vhu_wire_slot) == 40, "memory slot");

#endif
