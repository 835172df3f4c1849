/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Choosing the way frames go, opening and closing it. Helper thread.
 */
#include "netdev/netdev_device.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#define PACKET_OFFLOADS                                                                            \
    (PORT_OFFLOAD_CSUM | PORT_OFFLOAD_TSO4 | PORT_OFFLOAD_TSO6 | PORT_OFFLOAD_ECN)
/* Sockets that share the frames when there is no AF_XDP. */
#define PACKET_QUEUES_MAX 4

static const char *const way_names[] = {
    [NETDEV_WAY_NATIVE] = "native",
    [NETDEV_WAY_GENERIC] = "generic",
    [NETDEV_WAY_PACKET] = "off",
};

uint32_t netdev_xdp_mtu_max(void)
{
    return netdev_xsk_room_bytes(XSK_CHUNK_MAX_BYTES) - NETDEV_FRAME_EXTRA_BYTES;
}

static bool is_software(const struct netdev_link *link)
{
    return link->kind[0] != '\0';
}

/* ---- sockets ----------------------------------------------------------------------------- */
static int open_packets(struct netdev_device *dev, const struct netdev_config *config,
                        uint16_t count)
{
    int fanout_id = -1;
    struct netdev_packet_config pc = {
        .ifindex = dev->ifindex,
        .filter_fd = netdev_progs_socket_fd(&dev->progs),
        .fanout = count,
        .fanout_id = &fanout_id,
    };

    while (dev->packets < count) {
        int rc;

        pc.promisc = dev->packets == 0 && config->promisc;
        rc = netdev_packet_open(&dev->packet[dev->packets], &pc);
        if (rc < 0)
            return rc;
        dev->packets++;
    }
    dev->promisc = config->promisc;
    return 0;
}

static void close_packets(struct netdev_device *dev)
{
    while (dev->packets > 0)
        netdev_packet_close(&dev->packet[--dev->packets]);
}

static void close_xsks(struct netdev_device *dev)
{
    for (uint16_t i = 0; dev->xsk != NULL && i < dev->queues; i++)
        netdev_xsk_close(&dev->xsk[i]);
    free(dev->xsk);
    dev->xsk = NULL;
    dev->queues = 0;
}

static int open_xsks(struct netdev_device *dev, const struct netdev_link *link, uint16_t queues,
                     uint32_t chunk_bytes, uint16_t bind_flags)
{
    int rc = 0;

    dev->xsk = aligned_alloc(CACHE_LINE_BYTES, queues * sizeof(*dev->xsk));
    if (dev->xsk == NULL)
        return -ENOMEM;
    for (dev->queues = 0; dev->queues < queues && rc == 0; dev->queues++) {
        struct netdev_xsk *x = &dev->xsk[dev->queues];

        rc = netdev_xsk_open(x, dev->ifindex, dev->queues, chunk_bytes, bind_flags);
        if (rc < 0)
            break;
        /* A driver's own frames were summed by whoever sent them; all others may be half done. */
        x->partial_csum = is_software(link) || dev->way == NETDEV_WAY_GENERIC;
        rc = netdev_progs_set_xsk(&dev->progs, dev->queues, x->fd);
    }
    if (rc < 0)
        close_xsks(dev);
    return rc;
}

static uint16_t queues_for(const struct netdev_config *config, const struct netdev_link *link,
                           uint16_t queues_max)
{
    uint32_t n = config->queues != 0 ? config->queues : link->rx_queues;

    if (n > link->rx_queues)
        n = link->rx_queues;
    return n > queues_max ? queues_max : n == 0 ? 1 : (uint16_t)n;
}

/* ---- tags -------------------------------------------------------------------------------- */

/* In the driver's mode a tag that was taken out is lost, unless the program can ask for it. A NIC
 * can be told to leave tags alone. What a veth has beside a frame was put there by its peer. */
static int keep_tags(struct netdev_device *dev, const struct netdev_config *config,
                     const struct netdev_link *link)
{
    int rc;

    if (dev->way != NETDEV_WAY_NATIVE || dev->progs.xdp_tag != NULL)
        return 0;
    if (is_software(link))
        return -EPROTONOSUPPORT;
    rc = netdev_tags_keep(&dev->tags, dev->run_dir, config->netns, dev->ifindex);
    return rc < 0 && rc != -EOPNOTSUPP ? rc : 0;
}

/* ---- one way ----------------------------------------------------------------------------- */
static int open_xdp(struct netdev_device *dev, const struct netdev_config *config,
                    uint16_t queues_max, const struct netdev_link *link)
{
    bool native = dev->way == NETDEV_WAY_NATIVE;
    uint32_t chunk_bytes = netdev_chunk_bytes(config->mtu);
    uint16_t queues = queues_for(config, link, queues_max);
    int rc = netdev_progs_attach_xdp(&dev->progs, dev->ifindex, native);

    if (rc == 0)
        rc = keep_tags(dev, config, link);
    if (rc < 0)
        return rc;
    /* Longer frames than the port's MTU has are the packet socket's. */
    dev->room_bytes = netdev_xsk_room_bytes(chunk_bytes);
    rc = -EOPNOTSUPP;
    if (native)
        rc = open_xsks(dev, link, queues, chunk_bytes, XDP_ZEROCOPY);
    dev->zerocopy = rc == 0;
    if (rc < 0)
        rc = open_xsks(dev, link, queues, chunk_bytes, XDP_COPY);
    if (rc == 0)
        rc = open_packets(dev, config, 1);
    /* In copy mode both sockets send before they return, so the order of a flow is kept. */
    dev->tx_offloads = dev->zerocopy ? PORT_OFFLOAD_CSUM : PACKET_OFFLOADS;
    return rc;
}

static int open_packet_way(struct netdev_device *dev, const struct netdev_config *config,
                           uint16_t queues_max)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    uint16_t queues = config->queues != 0        ? config->queues
                      : cpus > PACKET_QUEUES_MAX ? PACKET_QUEUES_MAX
                                                 : (uint16_t)cpus;
    int rc = open_packets(dev, config, queues > queues_max ? queues_max : queues);

    dev->queues = rc == 0 ? dev->packets : 0;
    dev->tx_offloads = PACKET_OFFLOADS;
    return rc;
}

static void undo(struct netdev_device *dev)
{
    close_xsks(dev);
    close_packets(dev);
    netdev_tags_release(&dev->tags);
    netdev_progs_detach_xdp(&dev->progs);
}

static int try_way(struct netdev_device *dev, enum netdev_way way,
                   const struct netdev_config *config, uint16_t queues_max,
                   const struct netdev_link *link)
{
    int rc;

    dev->way = way;
    if (way == NETDEV_WAY_PACKET)
        rc = open_packet_way(dev, config, queues_max);
    else
        rc = open_xdp(dev, config, queues_max, link);
    if (rc < 0)
        undo(dev);
    return rc;
}

/* ---- which way --------------------------------------------------------------------------- */
static int foreign_error(const struct netdev_link *link, struct vsw_err *err)
{
    vsw_err_set(err, -EBUSY, "iface",
                "an XDP program of somebody else (id %u, %s) is attached to %s, and stays",
                link->xdp_id, link->xdp_how, link->name);
    vsw_err_hint(err, "xdp=off works beside it; `bpftool prog show id %u` tells what it is",
                 link->xdp_id);
    return -EBUSY;
}

static int mtu_error(const char *way, uint16_t mtu, struct vsw_err *err)
{
    vsw_err_set(err, -ERANGE, "mtu", "xdp=%s carries an MTU of at most %u, the port has %u", way,
                netdev_xdp_mtu_max(), mtu);
    vsw_err_hint(err, "xdp=auto or xdp=off, or a smaller mtu=");
    return -ERANGE;
}

static const char *refusal_text(int rc)
{
    return rc == -EPROTONOSUPPORT ? "before Linux 6.8 its VLAN tags are hidden from XDP"
                                  : strerror(-rc);
}

static int refused_error(enum netdev_way way, const struct netdev_link *link, int rc,
                         struct vsw_err *err)
{
    vsw_err_set(err, rc, "xdp", "%s refuses xdp=%s: %s", link->name, way_names[way], strerror(-rc));
    if (rc == -EPERM || rc == -EACCES)
        vsw_err_hint(err, "the switch needs CAP_NET_ADMIN, CAP_NET_RAW and CAP_BPF");
    else if (rc == -ENOBUFS || rc == -ENOMEM)
        vsw_err_hint(err, "more locked memory (ulimit -l), or fewer queues=");
    else if (way == NETDEV_WAY_NATIVE)
        vsw_err_hint(err, "its driver has no XDP, or not for an MTU of %u; xdp=auto finds a way",
                     link->mtu);
    return rc;
}

/* Why @link does not go by XDP at all, or not natively; NULL when it may. */
static const char *why_not(enum netdev_way way, const struct netdev_config *config,
                           const struct netdev_link *link)
{
    if (config->mtu > netdev_xdp_mtu_max())
        return "the MTU is more than AF_XDP carries";
    if (strcmp(link->kind, "tun") == 0)
        return "a TAP hands over large packets, which AF_XDP does not carry";
    if (way == NETDEV_WAY_GENERIC && is_software(link))
        return "generic XDP would take apart what a software interface hands over whole";
    return NULL;
}

__attribute__((format(printf, 2, 3))) static void because(struct netdev_device *dev,
                                                          const char *fmt, ...)
{
    size_t used = strlen(dev->why);
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(dev->why + used, sizeof(dev->why) - used, fmt, ap);
    va_end(ap);
}

static int choose(struct netdev_device *dev, const struct netdev_config *config,
                  uint16_t queues_max, const struct netdev_link *link, struct vsw_err *err)
{
    int rc = -EOPNOTSUPP;

    for (enum netdev_way way = NETDEV_WAY_NATIVE; way <= NETDEV_WAY_GENERIC; way++) {
        const char *reason = why_not(way, config, link);

        if (reason == NULL)
            rc = try_way(dev, way, config, queues_max, link);
        if (reason == NULL && rc == 0)
            return 0;
        if (reason == NULL && rc == -EBUSY)
            return refused_error(way, link, rc, err);
        if (dev->why[0] == '\0' || reason == NULL)
            because(dev, "%sno %s XDP: %s", dev->why[0] != '\0' ? "; " : "", way_names[way],
                    reason != NULL ? reason : refusal_text(rc));
    }
    rc = try_way(dev, NETDEV_WAY_PACKET, config, queues_max, link);
    return rc < 0 ? refused_error(NETDEV_WAY_PACKET, link, rc, err) : 0;
}

static int follow_wish(struct netdev_device *dev, const struct netdev_config *config,
                       uint16_t queues_max, const struct netdev_link *link, struct vsw_err *err)
{
    static const enum netdev_way ways[] = {
        [NETDEV_XDP_NATIVE] = NETDEV_WAY_NATIVE,
        [NETDEV_XDP_GENERIC] = NETDEV_WAY_GENERIC,
        [NETDEV_XDP_OFF] = NETDEV_WAY_PACKET,
    };
    enum netdev_way way = ways[config->xdp];
    int rc;

    because(dev, "asked for");
    if (way != NETDEV_WAY_PACKET && config->mtu > netdev_xdp_mtu_max())
        return mtu_error(way_names[way], config->mtu, err);
    rc = try_way(dev, way, config, queues_max, link);
    return rc < 0 ? refused_error(way, link, rc, err) : 0;
}

/* ---- open and close ---------------------------------------------------------------------- */
static int open_inside(struct netdev_device *dev, const struct netdev_config *config,
                       uint16_t queues_max, const struct netdev_link *link, struct vsw_err *err)
{
    int rc = netdev_progs_load(&dev->progs);

    if (rc < 0)
        return refused_error(NETDEV_WAY_PACKET, link, rc, err);
    if (config->xdp == NETDEV_XDP_AUTO)
        rc = choose(dev, config, queues_max, link, err);
    else
        rc = follow_wish(dev, config, queues_max, link, err);
    if (rc < 0)
        return rc;
    /* Before Linux 6.6 the host sees what the packet socket takes. */
    (void)netdev_progs_attach_ingress(&dev->progs, dev->ifindex);
    return netdev_device_apply(dev, config, err);
}

int netdev_device_open(const struct netdev_config *config, uint16_t queues_max,
                       const struct netdev_link *link, const char *run_dir,
                       struct netdev_device **ret, struct vsw_err *err)
{
    struct netdev_device *dev;
    int rc;

    if (link->xdp_id != 0 && config->xdp != NETDEV_XDP_OFF)
        return foreign_error(link, err);
    dev = calloc(1, sizeof(*dev));
    if (dev == NULL)
        return vsw_err_set(err, -ENOMEM, NULL, "out of memory");
    dev->ifindex = link->ifindex;
    dev->run_dir = run_dir;
    dev->progs.xdp_link_fd = dev->progs.ingress_link_fd = -1;
    rc = open_inside(dev, config, queues_max, link, err);
    if (rc < 0)
        netdev_device_close(dev);
    else
        *ret = dev;
    return rc;
}

int netdev_device_apply(struct netdev_device *dev, const struct netdev_config *config,
                        struct vsw_err *err)
{
    int rc = netdev_progs_configure(&dev->progs, config, dev->room_bytes);

    if (rc < 0)
        return vsw_err_set(err, rc, NULL, "cannot configure the programs of %s: %s", config->iface,
                           strerror(-rc));
    if (dev->promisc == config->promisc)
        return 0;
    rc = netdev_packet_promisc(&dev->packet[0], dev->ifindex, config->promisc);
    if (rc < 0)
        return vsw_err_set(err, rc, "promisc", "cannot set promiscuous mode of %s: %s",
                           config->iface, strerror(-rc));
    dev->promisc = config->promisc;
    return 0;
}

void netdev_device_close(struct netdev_device *dev)
{
    if (dev == NULL)
        return;
    undo(dev);
    netdev_progs_unload(&dev->progs);
    free(dev);
}

void netdev_device_describe(const struct netdev_device *dev, char *buf, size_t size)
{
    const char *reason = dev->why[0] != '\0' ? dev->why : "the best there is";

    if (dev->way == NETDEV_WAY_PACKET)
        snprintf(buf, size, "AF_PACKET (%s), queues %u, csum, tso4, tso6, ecn%s", reason,
                 dev->queues,
                 dev->progs.ingress_link_fd < 0 ? ", the host's stack sees the frames, too" : "");
    else
        snprintf(buf, size, "AF_XDP, %s XDP (%s), %s, queues %u, csum%s, VLAN tags %s",
                 way_names[dev->way], reason, dev->zerocopy ? "zero-copy" : "copy mode",
                 dev->queues, dev->zerocopy ? "" : ", tso4, tso6 and ecn by AF_PACKET",
                 dev->progs.xdp_tag != NULL ? "the driver took out are put back"
                 : dev->tags.kept           ? "stay in by our setting of the driver"
                                            : "stay in");
}
