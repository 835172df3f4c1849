/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The port type "netdev": making and ending a port (helper thread), what it says about itself
 * (control thread), and the table of its functions.
 */
#include <cap-ng.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "netdev/netdev_port.h"

extern const struct port_type port_type_netdev;

/* For an interface that is not there yet. */
#define QUEUES_UNKNOWN 4

static void netdev_free(struct netdev_port *nd)
{
    netdev_place_close(nd->place);
    port_fini(&nd->port);
    free(nd);
}

/* One queue more than the interface has: that of the packet socket. */
static uint16_t count_pairs(const struct netdev_config *config, const struct netdev_job *job)
{
    uint32_t n = config->queues;

    if (n == 0)
        n = job->link.rx_queues > QUEUES_UNKNOWN ? job->link.rx_queues : QUEUES_UNKNOWN;
    if (config->queues == 0 && job->device != NULL)
        n = job->device->queues;
    return (uint16_t)((n > NETDEV_QUEUES_MAX ? NETDEV_QUEUES_MAX : n) + 1);
}

static int make_port(struct port_host *host, const struct port_config *config,
                     const struct netdev_job *job, struct netdev_port **ret)
{
    struct netdev_port *nd = aligned_alloc(CACHE_LINE_BYTES, sizeof(*nd));
    int rc;

    static_assert(sizeof(*nd) % CACHE_LINE_BYTES == 0, "aligned_alloc wants a multiple");
    if (nd == NULL)
        return -ENOMEM;
    memset(nd, 0, sizeof(*nd));
    rc = port_init(&nd->port, &port_type_netdev, host, config, count_pairs(&job->config, job));
    if (rc < 0) {
        netdev_free(nd);
        return rc;
    }
    *ret = nd;
    return 0;
}

/* What is wrong now is an error of the command, later it is a state of the port, which tries again.
 * An interface that is not there is no error: a TAP comes with its VM, a namespace with its
 * container. */
static int netdev_prepare(struct port_host *host, const struct port_config *config,
                          struct port **ret_port, struct vsw_err *err)
{
    struct netdev_job *job = calloc(1, sizeof(*job));
    struct netdev_port *nd = NULL;
    int rc;

    if (job == NULL)
        return vsw_err_set(err, -ENOMEM, NULL, "out of memory");
    job->queues_max = NETDEV_QUEUES_MAX;
    job->run_dir = host->run_dir;
    rc = netdev_config_parse(config, &job->config, err);
    if (rc == 0)
        netdev_job_run(job);
    if (rc == 0 && job->device == NULL && (!job->gone || job->final) && !config->accepted) {
        if (err != NULL)
            *err = job->err;
        rc = job->err.code;
    }
    if (rc == 0)
        rc = make_port(host, config, job, &nd);
    if (rc < 0) {
        netdev_device_close_in(job->device, job->place);
        netdev_place_close(job->place);
        vsw_err_set(err, rc, NULL, "cannot make the port: %s", strerror(-rc));
    } else {
        nd->want = job->config;
        nd->place = job->place;
        nd->device = job->device;
        nd->hopeless = job->final;
        nd->link = job->link;
        nd->error = job->err;
        *ret_port = &nd->port;
    }
    free(job);
    return rc;
}

static void netdev_destroy(struct port *port, bool remove)
{
    struct netdev_port *nd = netdev_port_of(port);

    netdev_device_close_in(nd->device, nd->place);
    netdev_free(nd);
}

/* ---- what it says ------------------------------------------------------------------------ */
static void netdev_info(const struct port *port, struct port_info *ret_info)
{
    const struct netdev_port *nd = netdev_port_of(port);
    struct port_info info = {.connected = nd->device != NULL};

    snprintf(info.where, sizeof(info.where), "%s%s%.*s",
             info.connected ? nd->link.name : nd->want.iface, nd->want.netns[0] != '\0' ? "@" : "",
             (int)sizeof(info.where) - IFNAMSIZ - 1, nd->want.netns);
    if (info.connected) {
        info.driver_ready = (nd->link.flags & IFF_UP) && (nd->link.flags & IFF_RUNNING);
        info.queue_pairs_enabled = atomic_load(&port->tx_queues);
        netdev_device_describe(nd->device, info.features, sizeof(info.features));
    }
    if (nd->error.code != 0) {
        snprintf(info.error, sizeof(info.error), "%.*s", PORT_ERROR_BYTES - 1, nd->error.msg);
        snprintf(info.hint, sizeof(info.hint), "%s", nd->error.hint);
        info.retries = !nd->hopeless || info.connected;
    }
    *ret_info = info;
}

static void add_socket(struct netdev_totals *totals, int fd)
{
    struct xdp_statistics stats;
    socklen_t size = sizeof(stats);

    if (getsockopt(fd, SOL_XDP, XDP_STATISTICS, &stats, &size) < 0 || size < sizeof(stats))
        return;
    totals->kernel_drops += stats.rx_dropped + stats.rx_ring_full;
    totals->bad_descs += stats.tx_invalid_descs + stats.rx_invalid_descs;
}

static void add_xsk(struct netdev_totals *totals, const struct netdev_xsk *x)
{
    totals->bad_descs += atomic_load_explicit(&x->bad_descs, memory_order_relaxed);
    totals->kick_errors += atomic_load_explicit(&x->kick_errors, memory_order_relaxed);
    add_socket(totals, x->fd);
    add_socket(totals, x->tx_fd);
}

void netdev_totals_add(struct netdev_totals *totals, struct netdev_device *dev)
{
    uint64_t count[NETDEV_COUNTS];

    netdev_progs_counts(&dev->progs, count);
    for (int i = 0; i < NETDEV_COUNTS; i++)
        totals->count[i] += count[i];
    for (uint16_t i = 0; dev->xsk != NULL && i < dev->queues; i++)
        add_xsk(totals, &dev->xsk[i]);
    for (uint16_t i = 0; i < dev->packets; i++)
        totals->kernel_drops += netdev_packet_lost(&dev->packet[i]);
}

static void netdev_counters(const struct port *port, port_counter_cb *cb, void *arg)
{
    const struct netdev_port *nd = netdev_port_of(port);
    struct netdev_totals t = nd->before;

    if (nd->device != NULL)
        netdev_totals_add(&t, nd->device);
    cb(arg, "kernel_drops", t.kernel_drops,
       "frames the kernel dropped before the switch took them: queue full");
    cb(arg, "xdp_taken", t.count[NETDEV_COUNT_TAKEN], "frames the XDP program gave to the switch");
    cb(arg, "xdp_host", t.count[NETDEV_COUNT_HOST], "frames it left to the host");
    cb(arg, "xdp_shared", t.count[NETDEV_COUNT_SHARED],
       "group frames for both, to the switch by the packet socket");
    cb(arg, "xdp_packet", t.count[NETDEV_COUNT_LONG],
       "frames AF_XDP cannot carry, to the switch by the packet socket");
    cb(arg, "tx_refused", t.kick_errors, "frames lost because the interface was full");
    cb(arg, "bad_descs", t.bad_descs, "ring entries that cannot be true");
}

/* CAP_NET_RAW for the sockets, CAP_NET_ADMIN and CAP_BPF for the programs. */
static int netdev_can_run(struct vsw_err *err)
{
    capng_get_caps_process();
    if (capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_RAW) &&
        capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_ADMIN) &&
        (capng_have_capability(CAPNG_EFFECTIVE, CAP_BPF) ||
         capng_have_capability(CAPNG_EFFECTIVE, CAP_SYS_ADMIN)))
        return 0;
    vsw_err_set(err, -EPERM, NULL, "a netdev port is wanted, but there is no permission for it");
    vsw_err_hint(err, "start vswitchd as root (CAP_NET_ADMIN, CAP_NET_RAW, CAP_BPF), or remove "
                      "the netdev ports");
    return -EPERM;
}

const struct port_type port_type_netdev = {
    .name = "netdev",
    .help = "a network interface that exists already: a NIC, a veth, a TAP of QEMU",
    .options = &netdev_options_object,
    .options_bytes = sizeof(struct netdev_options),
    .can_run = netdev_can_run,
    .recover = netdev_tags_recover,
    .prepare = netdev_prepare,
    .destroy = netdev_destroy,
    .start = netdev_life_start,
    .stop = netdev_life_stop,
    .can_configure = netdev_life_can_configure,
    .configure = netdev_life_configure,
    .info = netdev_info,
    .counters = netdev_counters,
    .rx = netdev_rx,
    .rx_done = netdev_rx_done,
    .rx_arm = netdev_rx_arm,
    .rx_disarm = netdev_rx_disarm,
    .tx = netdev_tx,
    .tx_room = netdev_tx_room,
};
