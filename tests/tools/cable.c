/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A cable between two interfaces: whatever comes out of one goes into the other, VLAN tags and
 * offloads included.
 *
 *     cable INTERFACE INTERFACE
 *
 * Runs until it is killed. Both must be in its network namespace.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/base.h"

#define FRAME_BYTES 70000
#define ADDRS_BYTES 12
#define TAG_BYTES   4

static int end_open(const char *name)
{
    struct sockaddr_ll to = {
        .sll_family = AF_PACKET,
        .sll_protocol = htons(ETH_P_ALL),
        .sll_ifindex = (int)if_nametoindex(name),
    };
    const struct packet_mreq promiscuous = {.mr_ifindex = to.sll_ifindex,
                                            .mr_type = PACKET_MR_PROMISC};
    const int on = 1;
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));

    if (fd < 0 || to.sll_ifindex == 0 ||
        setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)) < 0 ||
        setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)) < 0 ||
        setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous, sizeof(promiscuous)) < 0 ||
        bind(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
        fprintf(stderr, "cable: %s: %s\n", name, strerror(errno));
        exit(1);
    }
    return fd;
}

/* The tag that the kernel took off and carries beside the frame. False: there is none. */
static bool tag_beside(struct msghdr *message, uint8_t *tag)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
        struct tpacket_auxdata aux;

        if (c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA)
            continue;
        memcpy(&aux, CMSG_DATA(c), sizeof(aux));
        if (!(aux.tp_status & TP_STATUS_VLAN_VALID))
            return false;
        store_be16(tag, aux.tp_status & TP_STATUS_VLAN_TPID_VALID ? aux.tp_vlan_tpid : 0x8100);
        store_be16(tag + 2, aux.tp_vlan_tci);
        return true;
    }
    return false;
}

/* One frame from @from to @to; what @to does not take is lost, as on a cable. */
static void pass(int from, int to)
{
    static uint8_t frame[FRAME_BYTES];
    struct virtio_net_hdr offload;
    uint8_t tag[TAG_BYTES];
    struct sockaddr_ll source;
    char control[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
    struct iovec in[] = {{&offload, sizeof(offload)}, {frame, sizeof(frame)}};
    struct msghdr message = {.msg_name = &source,
                             .msg_namelen = sizeof(source),
                             .msg_iov = in,
                             .msg_iovlen = 2,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};
    ssize_t bytes = recvmsg(from, &message, 0);
    size_t len = (size_t)bytes - sizeof(offload);
    struct iovec out[] = {{&offload, sizeof(offload)},
                          {frame, ADDRS_BYTES},
                          {tag, 0},
                          {frame + ADDRS_BYTES, len - ADDRS_BYTES}};

    if (bytes < (ssize_t)sizeof(offload) + ADDRS_BYTES || source.sll_pkttype == PACKET_OUTGOING)
        return;
    if (tag_beside(&message, tag)) {
        /* The kernel counts from the beginning of the frame without it. */
        out[2].iov_len = TAG_BYTES;
        offload.hdr_len += TAG_BYTES;
        if (offload.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
            offload.csum_start += TAG_BYTES;
    }
    if (writev(to, out, ARRAY_SIZE(out)) < 0 && errno != ENOBUFS && errno != ENETDOWN)
        fprintf(stderr, "cable: %zu bytes: %s\n", len, strerror(errno));
}

int main(int argc, char **argv)
{
    struct pollfd ends[2];

    if (argc != 3) {
        fprintf(stderr, "usage: cable INTERFACE INTERFACE\n");
        return 2;
    }
    for (int i = 0; i < 2; i++)
        ends[i] = (struct pollfd){.fd = end_open(argv[i + 1]), .events = POLLIN};
    puts("ready");
    fflush(stdout);
    while (poll(ends, 2, -1) > 0 || errno == EINTR) {
        for (int i = 0; i < 2; i++) {
            if (ends[i].revents != 0)
                pass(ends[i].fd, ends[!i].fd);
        }
    }
    return 1;
}
