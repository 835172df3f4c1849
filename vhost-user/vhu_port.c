/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Life of a vhost-user port.
 *
 *   made      sockets bound under a temporary name, nothing watched      prepare (helper)
 *   started   listening or looking for its peer, if administratively up  start
 *   stopped   no socket, no connection, no ring                          stop ... done
 *   gone                                                                 destroy (helper)
 *
 * A connection ends in two steps: vhu_disconnect() closes the socket at once, vhu_teardown()
 * forgets memory and rings when no worker uses them. Only then is the next connection accepted.
 */
#include "vhost-user/vhu.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vhost-user/vring_call.h"

static void vhu_init_fds(struct vhu *v)
{
    v->dir_fd = v->listen_fd = v->inotify_fd = v->conn.fd = v->request_fd = -1;
    for (unsigned i = 0; i < VHU_RINGS_MAX; i++) {
        v->ring[i].kick_fd = v->ring[i].call_fd = v->ring[i].err_fd = -1;
        v->kick[i] = (struct vhu_kick){.vhu = v, .index = i};
    }
    for (unsigned i = 0; i < PORT_QUEUES_MAX; i++)
        atomic_init(&v->tx[i].drop, DROP_dst_down);
    v->state.version = VHU_STATE_VERSION;
}

static void vhu_destroy(struct port *port, bool remove)
{
    struct vhu *v = vhu_of(port);

    vhu_socket_close(v);
    if (v->dir_fd >= 0)
        close(v->dir_fd);
    vhu_relay_put(v->relay);
    port_fini(port);
    free(v);
}

static int vhu_prepare(struct port_host *host, const struct port_config *config,
                       struct port **ret_port, struct vsw_err *err)
{
    const struct vhu_options *o = config->options;
    struct vhu *v;
    int rc = vhu_options_check(o, err);

    if (rc == 0)
        rc = vring_call_probe(err);
    if (rc < 0)
        return rc;
    v = aligned_alloc(_Alignof(struct vhu), sizeof(*v));
    if (v == NULL)
        return vsw_err_set(err, -ENOMEM, NULL, "out of memory");
    memset(v, 0, sizeof(*v));
    vhu_init_fds(v);
    v->options = *o;
    v->rings = (uint16_t)(2 * o->queues);
    v->up = config->up;
    v->port.host = host; /* for destroy, should the next line fail */
    rc = port_init(&v->port, &port_type_vhost_user, host, config, (uint16_t)o->queues);
    if (rc < 0)
        vsw_err_set(err, rc, NULL, "out of memory");
    if (rc == 0)
        rc = vhu_options_resolve(v, err);
    if (rc == 0 && v->up)
        rc = vhu_socket_prepare(v, err);
    if (rc < 0) {
        vhu_destroy(&v->port, true);
        return rc;
    }
    *ret_port = &v->port;
    return 0;
}

/* ---- connection -------------------------------------------------------------------------- */
void vhu_teardown(struct vhu *v)
{
    bool was_connected = v->was_connected;

    v->close_wanted = false;
    v->was_connected = false;
    for (unsigned i = 0; i < v->rings; i++)
        vhu_ring_reset(v, i);
    vhu_fd_discard(&v->relay, v->request_fd);
    v->request_fd = -1;
    vhu_memory_drop(v);
    v->state = (struct vhu_state){.version = VHU_STATE_VERSION};
    v->fault_told = false;
    vhu_rings_show(v);
    if (was_connected)
        v->port.host->event(v->port.host, &v->port, PORT_EVENT_DISCONNECTED, v->error);
    if (v->stop_done != NULL) {
        void (*done)(void *arg) = v->stop_done;

        /* Even without a ring a worker may be inside one of our functions. */
        v->stop_done = NULL;
        v->port.host->retire(v->port.host, done, v->stop_arg);
        return;
    }
    if (v->started && v->up)
        vhu_socket_rearm(v);
}

void vhu_disconnect(struct vhu *v)
{
    v->was_connected |= v->conn.fd >= 0;
    vhu_conn_close(v);
    v->close_wanted = true;
    vhu_settle(v);
}

static int vhu_start(struct port *port, struct vsw_err *err)
{
    struct vhu *v = vhu_of(port);
    int rc = v->up ? vhu_socket_open(v, err) : 0;

    v->started = rc == 0;
    return rc;
}

static void vhu_stop(struct port *port, void (*done)(void *arg), void *arg)
{
    struct vhu *v = vhu_of(port);

    v->started = false;
    v->stop_done = done;
    v->stop_arg = arg;
    vhu_socket_close(v);
    vhu_disconnect(v);
}

/* ---- configuration ----------------------------------------------------------------------- */
static int vhu_can_configure(const struct port *port, const struct port_config *config)
{
    const struct vhu_options *a = &vhu_of(port)->options;
    const struct vhu_options *b = config->options;
    bool same = strcmp(a->path, b->path) == 0 && a->role == b->role && a->queues == b->queues &&
                strcmp(a->owner, b->owner) == 0 && strcmp(a->group, b->group) == 0 &&
                strcmp(a->mode, b->mode) == 0;

    return same ? 0 : -EBUSY;
}

/* Down closes the socket: that is how QEMU learns that the link is down. */
static int vhu_configure(struct port *port, const struct port_config *config, struct vsw_err *err)
{
    struct vhu *v = vhu_of(port);
    bool was_up = v->up;

    memcpy(port->name, config->name, sizeof(port->name));
    atomic_store_explicit(&port->mtu, config->mtu, memory_order_relaxed);
    v->options.mac = ((const struct vhu_options *)config->options)->mac;
    if (!v->started || config->up == was_up)
        return 0;
    if (config->up) {
        int rc = vhu_socket_open(v, err);

        v->up = rc == 0;
        return rc;
    }
    v->up = false;
    v->error[0] = v->hint[0] = '\0';
    vhu_socket_close(v);
    vhu_disconnect(v);
    return 0;
}

/* ---- trouble that workers found ---------------------------------------------------------- */
static void memory_fault(struct vhu *v)
{
    v->fault_told = true;
    v->counters.memory_faults++;
    v->break_rings = VHU_ALL_RINGS;
    vhu_trouble(v,
                "the VM process is faulty or hostile; the port works again when it connects anew",
                "the VM's memory file was truncated by its owner");
    v->port.host->event(v->port.host, &v->port, PORT_EVENT_ERROR, v->error);
}

static void vhu_attention(struct port *port)
{
    struct vhu *v = vhu_of(port);

    if (v->map != NULL && !v->fault_told && gmem_map_faulted(v->map))
        memory_fault(v);
    for (unsigned i = 0; i < v->rings; i++) {
        enum vring_error e = v->ring[i].vring ? vring_error(v->ring[i].vring) : VRING_OK;

        if (e == VRING_OK)
            continue;
        vhu_ring_break(v, i, vring_error_text(e));
        v->break_rings |= 1ull << i;
    }
    if (v->break_rings != 0)
        vhu_settle(v);
}

const struct port_type port_type_vhost_user = {
    .name = "vhost-user",
    .help = "network card of a virtual machine (QEMU, user-mode-linux, DPDK virtio-user)",
    .options = &vhu_options_object,
    .options_bytes = sizeof(struct vhu_options),
    .prepare = vhu_prepare,
    .destroy = vhu_destroy,
    .start = vhu_start,
    .stop = vhu_stop,
    .can_configure = vhu_can_configure,
    .configure = vhu_configure,
    .attention = vhu_attention,
    .info = vhu_info,
    .counters = vhu_count,
    .attach = vhu_attach,
    .rx = vhu_rx,
    .rx_done = vhu_rx_done,
    .rx_arm = vhu_rx_arm,
    .rx_disarm = vhu_rx_disarm,
    .tx = vhu_tx,
    .tx_room = vhu_tx_room,
};
