/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Devices of DPDK made of port specs. A driver says little when it fails, so the reason is found
 * out afterwards: by looking at the socket or the interface, never before, because a switch would
 * see a visitor that is no VM.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <rte_bus_vdev.h>
#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_log.h>
#include <rte_mbuf.h>

#include "base/base.h"
#include "base/clock.h"
#include "pktgen/cable.h"
#include "pktgen/env.h"
#include "pktgen/port.h"

#define POOL_CACHE    256
#define RING_ENTRIES  1024
#define XDP_RINGS     4096 /* net_af_xdp fills its ring of 2048 at once, and sends from as many */
#define POOL_SPARE    768  /* in flight between the driver and us, and in the cache */
#define MBUF_OVERHEAD 384  /* struct rte_mbuf, headroom, header of the pool, rounding */
#define ARGS_SIZE     384
#define POLL_US       2000
#define VIRTIO_LOG    "pmd.net.virtio.init"

static unsigned pool_count(const struct pg_port_spec *spec)
{
    unsigned entries = spec->kind == PG_PORT_VHOST ? spec->entries
                       : spec->xdp                 ? XDP_RINGS
                                                   : RING_ENTRIES;

    return spec->queues * (entries + spec->lent) + POOL_SPARE;
}

uint64_t pg_port_mem_bytes(const struct pg_port_spec *spec)
{
    uint64_t rings = (uint64_t)spec->queues * spec->entries * 256 + (256u << 10);

    return (uint64_t)pool_count(spec) * (spec->rxbuf_bytes + MBUF_OVERHEAD) + PG_POOL_BYTES + rings;
}

/* ---- why it does not work -------------------------------------------------------------------- */

static int socket_why(const struct pg_port_spec *spec, struct vsw_err *err)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    struct stat st;
    int fd, rc = 0;

    if (spec->server)
        return vsw_err_set(err, -EIO, "port", "%s cannot be listened on: %s", spec->target,
                           access(spec->target, F_OK) == 0 ? "the file exists" : pg_env_said());
    if (stat(spec->target, &st) != 0) {
        rc = -errno;
        vsw_err_set(err, rc, "port", "no such socket: %s", spec->target);
        vsw_err_hint(err, "start the switch first, or let pktgen listen: vhost:PATH,server");
        return rc;
    }
    if (!S_ISSOCK(st.st_mode))
        return vsw_err_set(err, -ENOTSOCK, "port", "%s is no socket", spec->target);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(un.sun_path, sizeof(un.sun_path), "%s", spec->target);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&un, sizeof(un)) != 0)
        rc = -errno;
    if (fd >= 0)
        close(fd);
    if (rc == -ECONNREFUSED)
        return vsw_err_set(err, rc, "port", "nobody listens on %s", spec->target);
    if (rc != 0)
        return vsw_err_set(err, rc, "port", "%s: %s", spec->target, strerror(-rc));
    vsw_err_set(err, -EPROTO, "port", "the peer at %s broke off the negotiation", spec->target);
    vsw_err_hint(err, "%s", pg_env_said());
    return -EPROTO;
}

static int nobody_came(const struct pg_port_spec *spec, unsigned wait_ms, struct vsw_err *err)
{
    vsw_err_set(err, -ETIMEDOUT, "port", "%s within %u ms: %s",
                spec->server ? "nobody connected" : "the link did not come up", wait_ms,
                spec->target);
    vsw_err_hint(err, "--wait TIME waits longer");
    return -ETIMEDOUT;
}

static int device_why(const struct pg_port_spec *spec, int rc, struct vsw_err *err)
{
    if (spec->kind == PG_PORT_VHOST)
        return socket_why(spec, err);
    if (spec->kind == PG_PORT_IF && if_nametoindex(spec->target) == 0)
        return vsw_err_set(err, -ENOENT, "port", "no such interface: %s", spec->target);
    if (geteuid() != 0)
        return vsw_err_set(err, -EPERM, "port", "the interface %s needs root", spec->target);
    vsw_err_set(err, -EIO, "port", "%s cannot be opened: %s", spec->target, strerror(-rc));
    vsw_err_hint(err, "%s", pg_env_said());
    return -EIO;
}

/* ---- making the device ----------------------------------------------------------------------- */

static void vhost_args(const struct pg_port_spec *spec, char *ret_args)
{
    int len = snprintf(ret_args, ARGS_SIZE,
                       "path=%s,queues=%u,queue_size=%u,server=%d,packed_vq=%d,mrg_rxbuf=%d,"
                       "in_order=%d,vectorized=%d",
                       spec->target, spec->queues, spec->entries, spec->server, spec->packed,
                       spec->mergeable, spec->in_order, spec->vectors);

    if (spec->has_mac)
        snprintf(ret_args + len, ARGS_SIZE - (size_t)len, ",mac=%02x:%02x:%02x:%02x:%02x:%02x",
                 spec->mac[0], spec->mac[1], spec->mac[2], spec->mac[3], spec->mac[4],
                 spec->mac[5]);
}

static void if_args(const struct pg_port_spec *spec, char *ret_args)
{
    bool jumbo = spec->rxbuf_bytes > 2048;

    if (spec->xdp)
        snprintf(ret_args, ARGS_SIZE, "iface=%s", spec->target);
    else
        snprintf(ret_args, ARGS_SIZE, "iface=%s,qpairs=1,blocksz=%u,framesz=%u,framecnt=%u",
                 spec->target, jumbo ? 131072 : 4096, jumbo ? 65536 : 2048, jumbo ? 256 : 1024);
}

static void on_alarm(int signal_number)
{
    (void)signal_number;
}

/* A server's driver waits in accept(2) without end: a signal ends that wait. */
static int vdev_init(const char *name, const char *args, bool waits, unsigned wait_ms)
{
    struct sigaction action = {.sa_handler = on_alarm}, before;
    struct itimerval timer = {.it_value = {wait_ms / 1000, wait_ms % 1000 * 1000}}, off = {0};
    int rc;

    if (!waits)
        return rte_vdev_init(name, args);
    sigaction(SIGALRM, &action, &before);
    setitimer(ITIMER_REAL, &timer, NULL);
    rc = rte_vdev_init(name, args);
    getitimer(ITIMER_REAL, &timer);
    setitimer(ITIMER_REAL, &off, NULL);
    sigaction(SIGALRM, &before, NULL);
    if (rc != 0 && timer.it_value.tv_sec == 0 && timer.it_value.tv_usec == 0)
        return -ETIMEDOUT;
    return rc;
}

static int vdev_make(const struct pg_port_spec *spec, unsigned number, unsigned wait_ms,
                     uint16_t *ret_id)
{
    char name[32], args[ARGS_SIZE];
    const char *driver = "net_tap";
    int rc;

    if (spec->kind == PG_PORT_VHOST) {
        driver = "net_virtio_user";
        vhost_args(spec, args);
    } else if (spec->kind == PG_PORT_IF) {
        driver = spec->xdp ? "net_af_xdp" : "net_af_packet";
        /* One program, ours, not several behind one that is kept in a file system. */
        (void)setenv("LIBXDP_SKIP_DISPATCHER", "1", 0);
        if_args(spec, args);
    } else {
        snprintf(args, sizeof(args), "iface=%s", spec->target);
    }
    snprintf(name, sizeof(name), "%s%u", driver, number);
    rc = vdev_init(name, args, spec->server, wait_ms);
    if (rc != 0)
        return rc < 0 ? rc : -EIO;
    return rte_eth_dev_get_port_by_name(name, ret_id);
}

static uint64_t offloads_rx(const struct pg_port_spec *spec)
{
    uint64_t flags = spec->mergeable ? RTE_ETH_RX_OFFLOAD_SCATTER : 0;

    if (spec->csum)
        flags |= RTE_ETH_RX_OFFLOAD_UDP_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_CKSUM;
    return spec->tso ? flags | RTE_ETH_RX_OFFLOAD_TCP_LRO : flags;
}

static uint64_t offloads_tx(const struct pg_port_spec *spec)
{
    uint64_t flags = 0;

    if (spec->csum)
        flags |= RTE_ETH_TX_OFFLOAD_UDP_CKSUM | RTE_ETH_TX_OFFLOAD_TCP_CKSUM;
    return spec->tso ? flags | RTE_ETH_TX_OFFLOAD_TCP_TSO | RTE_ETH_TX_OFFLOAD_MULTI_SEGS : flags;
}

/* Buffers come back as soon as the peer has taken that many, while they are in the cache still; the
 * driver's own choice lets them go once around the ring first. */
static uint16_t tx_free_thresh(const struct pg_port_spec *spec)
{
    uint16_t used = spec->entries >= 256 ? 64 : spec->entries / 4;

    return spec->entries - used;
}

/* virtio tells which of its paths it takes in its log alone; see pg_port_paths(). */
static int device_start(const struct pg_port *port)
{
    int rc;

    (void)rte_log_set_level_pattern(VIRTIO_LOG, RTE_LOG_INFO);
    rc = rte_eth_dev_start(port->id);
    (void)rte_log_set_level_pattern(VIRTIO_LOG, RTE_LOG_ERR);
    return rc;
}

static int queues_set_up(const struct pg_port *port, const struct rte_eth_txconf *tx)
{
    const struct pg_port_spec *spec = &port->spec;
    int rc = 0;

    pg_env_listen(spec->xdp);
    for (uint16_t q = 0; rc == 0 && q < spec->queues; q++) {
        rc = rte_eth_rx_queue_setup(port->id, q, spec->entries, 0, NULL, port->rx_pool);
        if (rc == 0)
            rc = rte_eth_tx_queue_setup(port->id, q, spec->entries, 0, tx);
    }
    pg_env_listen(false);
    return rc;
}

static int device_configure(struct pg_port *port, struct vsw_err *err)
{
    const struct pg_port_spec *spec = &port->spec;
    struct rte_eth_dev_info info;
    struct rte_eth_conf conf = {.rxmode.offloads = offloads_rx(spec),
                                .txmode.offloads = offloads_tx(spec)};
    struct rte_eth_txconf tx = {.offloads = conf.txmode.offloads};
    int rc = rte_eth_dev_info_get(port->id, &info);

    if (spec->kind == PG_PORT_VHOST)
        tx.tx_free_thresh = tx_free_thresh(spec);

    if (rc == 0 && spec->rxbuf_bytes > 2048)
        conf.rxmode.mtu = (uint32_t)u64_min(info.max_mtu, spec->rxbuf_bytes - 18);
    if (rc == 0 && (conf.rxmode.offloads & ~info.rx_offload_capa ||
                    conf.txmode.offloads & ~info.tx_offload_capa)) {
        vsw_err_set(err, -ENOTSUP, "port", "the peer at %s does not offer %s", spec->target,
                    spec->tso ? "TCP segmentation" : "checksums");
        vsw_err_hint(err, "leave %s out", spec->tso ? "tso" : "csum");
        return -ENOTSUP;
    }
    if (rc == 0)
        rc = rte_eth_dev_configure(port->id, spec->queues, spec->queues, &conf);
    if (rc == 0)
        rc = queues_set_up(port, &tx);
    if (rc == 0 && spec->kind == PG_PORT_RING)
        rc = pg_cable_faults(spec, port->id, port->rx_pool);
    if (rc == 0)
        rc = device_start(port);
    if (rc == 0)
        return 0;
    vsw_err_set(err, rc, "port", "%s cannot be set up: %s", spec->target, strerror(-rc));
    vsw_err_hint(err, "%s", pg_env_said());
    return rc;
}

static int link_wait(const struct pg_port *port, unsigned wait_ms, struct vsw_err *err)
{
    const struct pg_port_spec *spec = &port->spec;
    uint64_t end = clock_now_ns() + wait_ms * NS_PER_MS;
    struct rte_eth_link link = {0};

    while (rte_eth_link_get_nowait(port->id, &link) == 0 && !link.link_status) {
        if (clock_now_ns() > end)
            return nobody_came(spec, wait_ms, err);
        usleep(POLL_US);
    }
    return 0;
}

/* A buffer is a chunk of AF_XDP, head and all, and a chunk is in a page. When it fails or ends, the
 * driver takes away whatever program is there. */
static int xdp_check(const struct pg_port_spec *spec, struct vsw_err *err)
{
    uint32_t elt = (uint32_t)sizeof(struct rte_mbuf) + RTE_PKTMBUF_HEADROOM + spec->rxbuf_bytes;
    uint32_t id = 0;

    if (!spec->xdp)
        return 0;
    if (bpf_xdp_query_id((int)if_nametoindex(spec->target), 0, &id) == 0 && id != 0) {
        vsw_err_set(err, -EBUSY, "port", "%s has an XDP program already (id %u)", spec->target, id);
        vsw_err_hint(err,
                     "leave xdp out, or `ip link set %s xdp off`: a pktgen that was killed has "
                     "left it, or it is somebody else's",
                     spec->target);
        return -EBUSY;
    }
    if (rte_mempool_calc_obj_size(elt, 0, NULL) <= (uint32_t)getpagesize())
        return 0;
    vsw_err_set(err, -EMSGSIZE, "port", "AF_XDP does not carry frames of %u bytes",
                spec->rxbuf_bytes);
    vsw_err_hint(err, "leave xdp out: if:%s", spec->target);
    return -EMSGSIZE;
}

static int pool_make(struct pg_port *port, unsigned number, struct vsw_err *err)
{
    const struct pg_port_spec *spec = &port->spec;
    char name[32];

    snprintf(name, sizeof(name), "rx%u", number);
    port->rx_pool = rte_pktmbuf_pool_create_by_ops(
        name, pool_count(spec), POOL_CACHE, 0, (uint16_t)(spec->rxbuf_bytes + RTE_PKTMBUF_HEADROOM),
        0, "ring_sp_sc");
    if (port->rx_pool != NULL)
        return 0;
    return vsw_err_set(err, -ENOMEM, "port", "no memory for the buffers of %s: %s", spec->target,
                       rte_strerror(rte_errno));
}

/* Drivers set the flag of the interface, where it stays; so it is taken back if it was not there.
 */
static void promisc_set(struct pg_port *port)
{
    struct ifreq ifr = {0};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%.15s", port->spec.target);
    port->promisc =
        fd >= 0 && ioctl(fd, SIOCGIFFLAGS, &ifr) == 0 && (ifr.ifr_flags & IFF_PROMISC) == 0;
    if (fd >= 0)
        close(fd);
    (void)rte_eth_promiscuous_enable(port->id);
}

int pg_port_open(struct pg_port *port, const struct pg_port_spec *spec, unsigned number,
                 unsigned wait_ms, struct vsw_err *err)
{
    int rc;

    port->spec = *spec;
    port->foreign = spec->kind == PG_PORT_RING;
    pg_env_hush();
    rc = xdp_check(spec, err);
    if (rc == 0)
        rc = pool_make(port, number, err);
    if (rc != 0)
        return rc;
    if (spec->kind == PG_PORT_RING)
        rc = pg_cable_plug(spec, number, &port->id);
    else
        rc = vdev_make(spec, number, wait_ms, &port->id);
    if (rc == -EEXIST)
        return vsw_err_set(err, rc, "port", "ring:%s has two ends already", spec->target);
    if (rc == -ETIMEDOUT) {
        (void)unlink(spec->target);
        return nobody_came(spec, wait_ms, err);
    }
    if (rc != 0)
        return device_why(spec, rc, err);
    port->open = true;
    rc = device_configure(port, err);
    if (rc == 0)
        rc = link_wait(port, wait_ms, err);
    if (rc == 0 && spec->kind != PG_PORT_VHOST && spec->kind != PG_PORT_RING)
        promisc_set(port);
    return rc;
}

void pg_port_close(struct pg_port *port)
{
    if (!port->open)
        return;
    if (port->promisc)
        (void)rte_eth_promiscuous_disable(port->id);
    (void)rte_eth_dev_stop(port->id);
    pg_env_listen(port->spec.xdp);
    (void)rte_eth_dev_close(port->id);
    pg_env_listen(false);
    if (port->spec.server)
        (void)unlink(port->spec.target);
    port->open = false;
}

void pg_port_paths(const struct pg_port *port, char *ret_text, size_t size)
{
    struct rte_eth_burst_mode rx_mode = {0}, tx_mode = {0};
    struct rte_eth_dev_info info = {0};
    const char *driver;
    char rx[40], tx[40];

    (void)rte_eth_dev_info_get(port->id, &info);
    (void)rte_eth_rx_burst_mode_get(port->id, 0, &rx_mode);
    (void)rte_eth_tx_burst_mode_get(port->id, 0, &tx_mode);
    driver = info.driver_name != NULL ? info.driver_name : "unknown";
    pg_env_find("using ", " Rx path", rx, sizeof(rx));
    pg_env_find("using ", " Tx path", tx, sizeof(tx));
    if (rx[0] == '\0')
        snprintf(rx, sizeof(rx), "%.30s", rx_mode.info[0] != '\0' ? rx_mode.info : "only one");
    if (tx[0] == '\0')
        snprintf(tx, sizeof(tx), "%.30s", tx_mode.info[0] != '\0' ? tx_mode.info : "only one");
    snprintf(ret_text, size, "%.20s, rx %s, tx %s", driver, rx, tx);
}
