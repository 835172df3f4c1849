/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Making, closing and reading about an AF_PACKET socket. Helper thread; netdev_packet_lost()
 * control.
 */
#include "netdev/netdev_packet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netdev/netdev_packet_rx.h"

/* Room for some dozens of the largest packets; a small frame is charged about 1 KiB. */
#define SOCKET_BYTES (8 * 1024 * 1024)

/* Newer than the headers of Debian 11. */
#ifndef PACKET_FANOUT_FLAG_IGNORE_OUTGOING
#define PACKET_FANOUT_FLAG_IGNORE_OUTGOING 0x4000
#endif

static int set(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

/* The filter comes before the socket is bound: no frame of the host gets in. */
static int set_options(const struct netdev_packet *p, const struct netdev_packet_config *c)
{
    int rc = set(p->fd, SOL_SOCKET, SO_ATTACH_BPF, c->filter_fd);

    if (rc == 0)
        rc = set(p->fd, SOL_PACKET, PACKET_VNET_HDR, 1);
    if (rc == 0)
        rc = set(p->fd, SOL_PACKET, PACKET_AUXDATA, 1);
    /* What is better with, and works without. */
    (void)set(p->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1);
    (void)set(p->fd, SOL_PACKET, PACKET_QDISC_BYPASS, 1);
    (void)set(p->fd, SOL_SOCKET, SO_RCVBUFFORCE, SOCKET_BYTES);
    (void)set(p->fd, SOL_SOCKET, SO_SNDBUFFORCE, SOCKET_BYTES);
    return rc;
}

static int join_fanout(const struct netdev_packet *p, const struct netdev_packet_config *c)
{
    unsigned flags = PACKET_FANOUT_HASH | PACKET_FANOUT_FLAG_IGNORE_OUTGOING;
    unsigned value;
    socklen_t size = sizeof(value);
    int rc;

    if (c->fanout <= 1)
        return 0;
    if (*c->fanout_id < 0)
        flags |= PACKET_FANOUT_FLAG_UNIQUEID;
    value = flags << 16 | (*c->fanout_id < 0 ? 0 : (unsigned)*c->fanout_id);
    rc = set(p->fd, SOL_PACKET, PACKET_FANOUT, (int)value);
    if (rc < 0 || *c->fanout_id >= 0)
        return rc;
    if (getsockopt(p->fd, SOL_PACKET, PACKET_FANOUT, &value, &size) < 0)
        return -errno;
    *c->fanout_id = (int)(value & 0xffff);
    return 0;
}

int netdev_packet_promisc(const struct netdev_packet *p, int ifindex, bool on)
{
    struct packet_mreq mreq = {.mr_ifindex = ifindex, .mr_type = PACKET_MR_PROMISC};

    if (setsockopt(p->fd, SOL_PACKET, on ? PACKET_ADD_MEMBERSHIP : PACKET_DROP_MEMBERSHIP, &mreq,
                   sizeof(mreq)) == 0)
        return 0;
    return !on && errno == EADDRNOTAVAIL ? 0 : -errno;
}

static int bind_to(const struct netdev_packet *p, int ifindex)
{
    struct sockaddr_ll to = {
        .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = ifindex};

    return bind(p->fd, (struct sockaddr *)&to, sizeof(to)) < 0 ? -errno : 0;
}

/* Pages come with first use: a queue that sees small frames only stays small. */
static int make_memory(struct netdev_packet *p)
{
    void *m = mmap(NULL, sizeof(*p->rx), PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (m == MAP_FAILED)
        return -errno;
    p->rx = m;
    return 0;
}

int netdev_packet_open(struct netdev_packet *p, const struct netdev_packet_config *config)
{
    int rc;

    *p =
        (struct netdev_packet){.fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (p->fd < 0)
        return -errno;
    rc = event_gate_init(&p->gate, p->fd);
    if (rc == 0)
        rc = make_memory(p);
    if (rc == 0)
        rc = set_options(p, config);
    if (rc == 0)
        rc = bind_to(p, config->ifindex);
    if (rc == 0)
        rc = join_fanout(p, config);
    if (rc == 0 && config->promisc)
        rc = netdev_packet_promisc(p, config->ifindex, true);
    if (rc < 0)
        netdev_packet_close(p);
    return rc;
}

void netdev_packet_close(struct netdev_packet *p)
{
    if (p->fd >= 0) {
        event_gate_fini(&p->gate);
        close(p->fd);
    }
    if (p->rx != NULL)
        munmap(p->rx, sizeof(*p->rx));
    *p = (struct netdev_packet){.fd = -1};
}

uint64_t netdev_packet_lost(struct netdev_packet *p)
{
    struct tpacket_stats stats;
    socklen_t size = sizeof(stats);
    uint64_t lost = atomic_load_explicit(&p->lost, memory_order_relaxed);

    /* Reading sets the kernel's count to zero. */
    if (p->fd < 0 || getsockopt(p->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &size) < 0)
        return lost;
    lost += stats.tp_drops;
    atomic_store_explicit(&p->lost, lost, memory_order_relaxed);
    return lost;
}
