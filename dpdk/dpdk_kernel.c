/* SPDX-License-Identifier: BSD-3-Clause */
#include "dpdk/dpdk_kernel.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static int ask(int fd, unsigned if_index, struct dpdk_kernel_link *link)
{
    struct ifreq ifr = {.ifr_ifindex = (int)if_index};

    if (ioctl(fd, SIOCGIFNAME, &ifr) < 0)
        return -ENODEV;
    memcpy(link->name, ifr.ifr_name, sizeof(link->name));
    if (ioctl(fd, SIOCGIFFLAGS, &ifr) < 0)
        return -ENODEV;
    link->carrier = (ifr.ifr_flags & IFF_UP) != 0 && (ifr.ifr_flags & IFF_RUNNING) != 0;
    if (ioctl(fd, SIOCGIFMTU, &ifr) < 0)
        return -ENODEV;
    link->mtu = (uint32_t)ifr.ifr_mtu;
    return 0;
}

int dpdk_kernel_look(unsigned if_index, struct dpdk_kernel_link *ret)
{
    struct dpdk_kernel_link link = {0};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int rc = fd < 0 ? -ENODEV : ask(fd, if_index, &link);

    if (fd >= 0)
        close(fd);
    if (rc == 0)
        *ret = link;
    return rc;
}

int dpdk_kernel_watch(void)
{
    struct sockaddr_nl addr = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

    if (fd < 0)
        return -errno;
    if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
        return fd;
    close(fd);
    return -EACCES;
}

/* What exactly has changed is looked up; a message that was lost is a change, too. */
void dpdk_kernel_drain(int fd)
{
    char buffer[8192];

    for (int i = 0; i < 1000; i++) {
        if (recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT) < 0 && errno != ENOBUFS)
            return;
    }
}
