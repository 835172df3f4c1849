/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Port type `vhost-user`: our own back-end. This header is for the files of this folder only; the
 * rest of the switch knows port/port.h.
 *
 *   vhu_port.c      life of a port, configuration
 *   vhu_options.c   option table
 *   vhu_socket.c    listen or connect
 *   vhu_conn.c      whole messages, limits
 *   vhu_messages.c  the table of messages and the order of their steps
 *   vhu_handlers.c  what each message does
 *   vhu_ring_handlers.c, vhu_memory.c   the same for rings and guest memory
 *   vhu_queue.c     rings in and out of service
 *   vhu_relay.c     descriptors that could block us
 *   vhu_path.c      what workers call
 *   vhu_info.c      state and counters
 *   vhu_attach.c    lines for the hypervisor
 *
 * Everything runs on the control thread and never blocks, but for prepare and destroy (helper) and
 * vhu_path.c (workers).
 *
 * A message goes through three steps. `check` looks at it and changes nothing that shows; `rings`
 * says which rings it concerns; those that are in service are taken away from the workers and the
 * port waits for the grace period, reading nothing further; `apply` makes the change, the rings
 * that can be are put into service, and the reply is written. Several reasons to wait never
 * overlap: there is one change at a time (struct vhu_change), and vhu_settle() starts the next.
 */
#ifndef VHOST_USER_VHU_H
#define VHOST_USER_VHU_H

#include "api/schema.h"
#include "port/gmem.h"
#include "port/port.h"
#include "vhost-user/vhu_proto.h"
#include "vhost-user/vhu_relay.h"
#include "vhost-user/vring.h"

#include <sys/types.h>

#define VHU_RINGS_MAX        (2 * PORT_QUEUES_MAX)
#define VHU_MESSAGE_NS       NS_PER_SEC /* from the first byte of a message to its last */
#define VHU_RATE_PER_S       100        /* messages, sustained; above it reading pauses */
#define VHU_RATE_BURST       500
#define VHU_RATE_PER_PAIR    64 /* a handshake and its repetitions take that many */
#define VHU_RETRY_NS         (400 * NS_PER_MS)
#define VHU_RETRY_SOON_NS    (20 * NS_PER_MS)
#define VHU_RETRY_SOON_TRIES 10

/* ---- options ----------------------------------------------------------------------------- */
#define VHU_ROLES(E)                                                                               \
    E(VHU_ROLE_SERVER, "server", "the switch listens, the VM connects")                            \
    E(VHU_ROLE_CLIENT, "client", "the VM listens, the switch connects and retries for ever")
API_ENUM_DECLARE(vhu_role, VHU_ROLES)

#define VHU_OPTIONS(F, S)                                                                          \
    F(S, path, STR, (108), API_OPTIONAL, NULL,                                                     \
      "path of the socket; default: NAME.sock in the run folder of vswitchd")                      \
    F(S, role, ENUM, (vhu_role), API_OPTIONAL, "server", "who listens on the socket")              \
    F(S, queues, U32, (1, PORT_QUEUES_MAX), API_OPTIONAL, "8",                                     \
      "queue pairs offered to the VM; 1 for user-mode-linux")                                      \
    F(S, owner, STR, (33), API_OPTIONAL, NULL, "user that owns the socket; server only")           \
    F(S, group, STR, (33), API_OPTIONAL, NULL, "group of the socket; server only")                 \
    F(S, mode, STR, (6), API_OPTIONAL, "0660", "permissions of the socket, octal; server only")    \
    F(S, mac, MAC, (), API_OPTIONAL, NULL, "address for the VM's network card, for `port show`")
API_OBJECT_DECLARE(vhu_options, VHU_OPTIONS)

/* ---- counters ---------------------------------------------------------------------------- */
/* Why a message was refused: R(name, help). */
#define VHU_REFUSALS(R)                                                                            \
    R(unknown_message, "messages refused: number that is not known")                               \
    R(not_offered, "messages refused: belongs to a feature that is not offered or negotiated")     \
    R(bad_size, "messages refused: wrong payload size")                                            \
    R(bad_fd_count, "messages refused: wrong number of file descriptors")                          \
    R(bad_fd, "messages refused: file descriptor of the wrong kind")                               \
    R(bad_features, "messages refused: features that were not offered")                            \
    R(bad_ring, "messages refused: ring index, size, address or base out of range")                \
    R(bad_memory, "messages refused: memory region that cannot be used")                           \
    R(bad_value, "messages refused: other value out of range")

enum vhu_refusal {
    VHU_REFUSED_NOT,
#define VHU_R(name, help) VHU_REFUSED_##name,
    VHU_REFUSALS(VHU_R)
#undef VHU_R
        VHU_REFUSAL_COUNT
};

/* The rest: C(name, help). */
#define VHU_COUNTERS(C)                                                                            \
    C(messages, "messages read")                                                                   \
    C(connections, "connections taken, the first included")                                        \
    C(refused_connections, "second connections refused while one was open")                        \
    C(protocol_errors, "connections closed because of a malformed message")                        \
    C(timeouts, "connections closed because a message took longer than 1 s")                       \
    C(throttled, "pauses in reading because of too many messages")                                 \
    C(fds_lost, "messages whose file descriptors did not all arrive")                              \
    C(ring_errors, "rings taken out of service because of an error")                               \
    C(ring_resyncs, "rings whose base was not their used index; the used index was taken")         \
    C(repeated_regions, "memory regions added or removed again by the front-end")                  \
    C(memory_faults, "times that the VM's memory was found truncated")                             \
    C(bad_chains, "descriptor chains that could not be used")

struct vhu_counters {
#define VHU_C(name, help) uint64_t name;
    VHU_COUNTERS(VHU_C)
#undef VHU_C
    uint64_t refused[VHU_REFUSAL_COUNT];
};

/* ---- state ------------------------------------------------------------------------------- */
/* What the front-end told us of one ring. Plain data: no pointer, no fd. */
struct vhu_ring_state {
    uint32_t num;
    uint16_t base;
    bool has_addr, has_base, has_kick, has_call;
    bool enable;  /* last SET_VRING_ENABLE */
    bool started; /* see vhu_queue.c */
    uint64_t desc_uva, avail_uva, used_uva;
};

/* What the front-end told us, all of it but fds and memory. Lives as long as a connection. */
struct vhu_state {
    uint32_t version; /* of this struct's layout: VHU_STATE_VERSION */
    bool owner_set, owner_first, features_asked, features_set, protocol_set, status_set;
    uint8_t status;
    uint16_t mtu; /* NET_SET_MTU; 0 = none */
    uint64_t features;
    uint64_t protocol;
    struct vhu_ring_state ring[VHU_RINGS_MAX];
};
#define VHU_STATE_VERSION 1

/* Control's view of one ring: its fds and the object that workers use. */
struct vhu_ring {
    int kick_fd, call_fd, err_fd;     /* -1 = none */
    struct vhu_relay_pipe *call_pipe; /* call_fd stands for it; NULL: a real eventfd */
    struct port_watch *kick_watch;    /* until the ring is started */
    struct vring *vring;              /* owned; NULL when not in service */
    bool broken;                      /* not put into service until the front-end sets it up anew */
    char error[PORT_ERROR_BYTES];
};

/* What a worker reads of one ring. */
struct vhu_slot {
    _Atomic(struct vring *) ring;
    struct vring *busy;   /* of the worker: taken by rx, given back by rx_done */
    _Atomic uint8_t drop; /* why tx fails while ring is NULL */
} cache_aligned;

struct vhu;
typedef void vhu_then(struct vhu *v);

/* Argument of a kick watch. */
struct vhu_kick {
    struct vhu *vhu;
    unsigned index;
};

struct vhu_change {
    vhu_then *then;   /* NULL = no change under way */
    uint64_t retired; /* rings whose vring waits for the grace period */
};

struct vhu_conn {
    int fd; /* -1 = none */
    struct port_watch *watch;
    uint32_t watch_events;
    struct port_timer *deadline;
    struct port_timer *throttle;
    bool have_msg; /* msg is whole and being handled */
    bool lost_fds, extra_fds;
    uint32_t got; /* bytes of msg */
    uint32_t fd_count;
    int fds[VHU_FDS_MAX];
    struct vhu_msg msg;
    uint32_t out_bytes, out_done;
    uint8_t out[VHU_HEADER_BYTES + 8];
};

struct vhu_reply {
    bool wanted;
    uint32_t size;
    uint64_t payload;
};

struct vhu {
    struct port port;
    struct vhu_options options;
    uid_t uid;
    gid_t gid;
    mode_t mode;
    bool up;        /* wanted */
    bool started;   /* between start and stop */
    uint16_t rings; /* 2 * queue_pairs */

    /* socket */
    int dir_fd; /* folder of the path, O_PATH */
    char base[108];
    int listen_fd;   /* -1 = none */
    bool bound_temp; /* under its temporary name */
    char temp[32];
    dev_t sock_dev;
    ino_t sock_ino;
    struct port_watch *listen_watch;
    int inotify_fd;
    struct port_watch *inotify_watch;
    struct port_timer *retry;
    uint32_t soon_tries;
    struct port_timer *accept_pause;

    struct vhu_conn conn;
    int request_fd;          /* SET_BACKEND_REQ_FD; held, never used */
    struct vhu_relay *relay; /* NULL until somebody needs it */
    uint64_t rate_at_ns;     /* token bucket as a virtual time */
    struct vhu_state state;
    struct vhu_ring ring[VHU_RINGS_MAX];
    struct vhu_kick kick[VHU_RINGS_MAX];
    struct gmem_map *map;        /* NULL = none */
    struct gmem_map *staged_map; /* built by check, taken by apply */
    struct vhu_reply reply;

    struct vhu_change change;
    bool close_wanted;    /* connection is to go; its socket is closed already */
    uint64_t break_rings; /* rings to take out of service as broken */
    bool ready_told;
    bool fault_told;         /* of the present memory map */
    bool was_connected;      /* until the end of the connection was told */
    uint64_t features_at_ns; /* when SET_FEATURES came */
    void (*stop_done)(void *arg);
    void *stop_arg;

    char error[PORT_ERROR_BYTES]; /* of the connection; rings have their own */
    char hint[256];
    struct vhu_counters counters;

    struct vhu_slot rx[PORT_QUEUES_MAX];
    struct vhu_slot tx[PORT_QUEUES_MAX];
};

static inline struct vhu *vhu_of(const struct port *port)
{
    return container_of(port, struct vhu, port);
}

static inline bool vhu_bit(uint64_t bits, unsigned bit)
{
    return bits >> bit & 1;
}

#define VHU_ALL_RINGS UINT64_MAX

/* vhu_options.c */
int vhu_options_check(const struct vhu_options *o, struct vsw_err *err);
/* helper: may ask the name service */
int vhu_options_resolve(struct vhu *v, struct vsw_err *err);

/* vhu_socket.c */
int vhu_socket_prepare(struct vhu *v, struct vsw_err *err);
int vhu_socket_open(struct vhu *v, struct vsw_err *err);
void vhu_socket_close(struct vhu *v); /* the path; the connection stays */
void vhu_socket_rearm(struct vhu *v); /* after a connection ended */

/* vhu_conn.c */
bool vhu_conn_is_open(const struct vhu *v);
int vhu_conn_start(struct vhu *v, int fd); /* takes fd */
void vhu_conn_close(struct vhu *v);        /* socket and half message only */
void vhu_conn_resume(struct vhu *v);       /* read on, if nothing is in the way */
void vhu_conn_reply(struct vhu *v, uint32_t request, uint64_t payload, uint32_t size);
int vhu_conn_take_fd(struct vhu_conn *c, unsigned i);
/* May one more message (or connection) pass now? Sets *ret_at_ns when not. */
bool vhu_rate_take(struct vhu *v, uint64_t *ret_at_ns);
void vhu_conn_error(struct vhu *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* vhu_messages.c */
void vhu_message(struct vhu *v);
const char *vhu_request_name(uint32_t request);

/* vhu_handlers.c, vhu_ring_handlers.c, vhu_memory.c */
struct vhu_handler {
    const char *name;
    uint16_t size_min, size_max;
    uint8_t fds_min, fds_max;
    int8_t needs; /* VHU_P_ bit that must be negotiated; -1 none, -2 never offered */
    bool answers; /* the specification wants an answer always */
    /* Refuse, or nothing. @err says why, its code is not looked at. */
    enum vhu_refusal (*check)(struct vhu *v, const struct vhu_msg *m, struct vsw_err *err);
    uint64_t (*rings)(const struct vhu *v, const struct vhu_msg *m);
    /* Fills v->reply when `answers`. */
    void (*apply)(struct vhu *v, const struct vhu_msg *m);
};
#define VHU_NEEDS_NONE  (-1)
#define VHU_NOT_OFFERED (-2)

#define VHU_HANDLER(name)                                                                          \
    enum vhu_refusal vhu_check_##name(struct vhu *v, const struct vhu_msg *m,                      \
                                      struct vsw_err *err);                                        \
    uint64_t vhu_rings_##name(const struct vhu *v, const struct vhu_msg *m);                       \
    void vhu_apply_##name(struct vhu *v, const struct vhu_msg *m);
VHU_HANDLER(get_features)
VHU_HANDLER(set_features)
VHU_HANDLER(set_owner)
VHU_HANDLER(reset_owner)
VHU_HANDLER(get_protocol)
VHU_HANDLER(set_protocol)
VHU_HANDLER(get_queue_num)
VHU_HANDLER(set_mem_table)
VHU_HANDLER(get_mem_slots)
VHU_HANDLER(add_mem_reg)
VHU_HANDLER(rem_mem_reg)
VHU_HANDLER(vring_num)
VHU_HANDLER(vring_addr)
VHU_HANDLER(vring_base)
VHU_HANDLER(get_vring_base)
VHU_HANDLER(vring_kick)
VHU_HANDLER(vring_call)
VHU_HANDLER(vring_err)
VHU_HANDLER(vring_enable)
VHU_HANDLER(send_rarp)
VHU_HANDLER(backend_req_fd)
VHU_HANDLER(set_mtu)
VHU_HANDLER(get_status)
VHU_HANDLER(set_status)

/* Feature bits of virtio, and of the protocol, that this port offers to a front-end. */
uint64_t vhu_features_offered(const struct vhu *v);
uint64_t vhu_protocol_offered(const struct vhu *v);

/* vhu_queue.c */
/* Take @mask out of service, then call @then; at once when none was in service. */
void vhu_rings_change(struct vhu *v, uint64_t mask, vhu_then *then);
void vhu_rings_show(struct vhu *v);  /* what workers and the switch see of all rings */
void vhu_rings_build(struct vhu *v); /* put into service what can be */
void vhu_ring_stop(struct vhu *v, unsigned index);  /* not in service: forget that it was started */
void vhu_ring_reset(struct vhu *v, unsigned index); /* not in service: close its fds as well */
bool vhu_ring_enabled(const struct vhu *v, unsigned index);
void vhu_ring_drop_call(struct vhu *v, unsigned index);
void vhu_ring_break(struct vhu *v, unsigned index, const char *why);
void vhu_settle(struct vhu *v); /* start the next change that waits, or read on */
bool vhu_has_broken(const struct vhu *v);
/* A guest transmits on odd rings. */
static inline bool vhu_ring_is_rx(unsigned index)
{
    return index & 1;
}

/* vhu_memory.c */
void vhu_memory_drop(struct vhu *v);

/* vhu_port.c */
void vhu_disconnect(struct vhu *v); /* close the connection; the rest follows when workers let go */
void vhu_teardown(struct vhu *v);   /* no ring is in service: forget the front-end */

/* vhu_path.c */
void vhu_rx(struct port_rxq *q, struct burst *b);
void vhu_rx_done(struct port_rxq *q, struct burst *b);
bool vhu_rx_arm(struct port_rxq *q);
void vhu_rx_disarm(struct port_rxq *q);
void vhu_tx(struct port_txq *q, struct tx_item *items, uint16_t count);
bool vhu_tx_room(struct port_txq *q);

/* vhu_info.c, vhu_attach.c */
/* What is wrong with the connection, and what to do about it. */
void vhu_trouble(struct vhu *v, const char *hint, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void vhu_info(const struct port *port, struct port_info *ret_info);
void vhu_count(const struct port *port, port_counter_cb *cb, void *arg);
int vhu_attach(const struct port *port, enum port_attach_format format, FILE *out);

extern const struct port_type port_type_vhost_user;

#endif
