/* SPDX-License-Identifier: BSD-3-Clause
 *
 * rtnetlink with libnl-3, and the number of queues by ethtool's ioctl.
 */
#include "netdev/netdev_link.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- asking ------------------------------------------------------------------------------ */

static int ethtool(const char *name, void *command)
{
    struct ifreq ifr = {.ifr_data = command};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int rc;

    if (fd < 0)
        return -errno;
    snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
    rc = ioctl(fd, SIOCETHTOOL, &ifr) < 0 ? -errno : 0;
    close(fd);
    return rc;
}

/* Where a driver has no such call, there is one queue as far as anybody can tell. */
static uint32_t queues_of(const char *name)
{
    struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};

    if (ethtool(name, &channels) < 0 || channels.rx_count + channels.combined_count == 0)
        return 1;
    return channels.rx_count + channels.combined_count;
}

int netdev_link_takes_tags(const char *name)
{
    struct ethtool_value value = {.cmd = ETHTOOL_GFLAGS};
    int rc = ethtool(name, &value);

    return rc < 0 ? rc : (value.data & ETH_FLAG_RXVLAN) != 0;
}

int netdev_link_take_tags(const char *name, bool take)
{
    struct ethtool_value value = {.cmd = ETHTOOL_GFLAGS};
    int rc = ethtool(name, &value);

    if (rc < 0)
        return rc;
    value.cmd = ETHTOOL_SFLAGS;
    value.data = take ? value.data | ETH_FLAG_RXVLAN : value.data & ~(uint32_t)ETH_FLAG_RXVLAN;
    return ethtool(name, &value);
}

static void ask_xdp(struct netdev_link *link)
{
    LIBBPF_OPTS(bpf_xdp_query_opts, query);

    link->xdp_how = "";
    if (bpf_xdp_query(link->ifindex, 0, &query) < 0)
        return;
    link->xdp_id = query.prog_id != 0       ? query.prog_id
                   : query.drv_prog_id != 0 ? query.drv_prog_id
                   : query.hw_prog_id != 0  ? query.hw_prog_id
                                            : query.skb_prog_id;
    link->xdp_how = query.drv_prog_id != 0  ? "native"
                    : query.hw_prog_id != 0 ? "offloaded"
                                            : "generic";
}

static int ask(struct nl_sock *sock, int ifindex, const char *name, struct netdev_link *ret)
{
    struct netdev_link link = {0};
    struct rtnl_link *nl = NULL;
    const char *kind;
    int rc = rtnl_link_get_kernel(sock, ifindex, ifindex == 0 ? name : NULL, &nl);

    if (rc < 0)
        return rc == -NLE_NODEV || rc == -NLE_OBJ_NOTFOUND ? -ENODEV
               : rc == -NLE_NOMEM                          ? -ENOMEM
                                                           : -EIO;
    link.ifindex = rtnl_link_get_ifindex(nl);
    link.mtu = rtnl_link_get_mtu(nl);
    link.flags = rtnl_link_get_flags(nl);
    snprintf(link.name, sizeof(link.name), "%s", rtnl_link_get_name(nl));
    kind = rtnl_link_get_type(nl);
    snprintf(link.kind, sizeof(link.kind), "%s", kind == NULL ? "" : kind);
    rtnl_link_put(nl);
    link.rx_queues = queues_of(link.name);
    ask_xdp(&link);
    *ret = link;
    return 0;
}

int netdev_link_get(int ifindex, const char *name, struct netdev_link *ret)
{
    struct nl_sock *sock = nl_socket_alloc();
    int rc;

    if (sock == NULL)
        return -ENOMEM;
    rc = nl_connect(sock, NETLINK_ROUTE) < 0 ? -EIO : ask(sock, ifindex, name, ret);
    nl_socket_free(sock);
    return rc;
}

/* ---- being told -------------------------------------------------------------------------- */
struct telling {
    int ifindex;
    const char *name;
    bool concerns;
};

static int on_message(struct nl_msg *msg, void *arg)
{
    struct telling *t = arg;
    struct nlmsghdr *h = nlmsg_hdr(msg);
    struct nlattr *name;

    if (h->nlmsg_type != RTM_NEWLINK && h->nlmsg_type != RTM_DELLINK)
        return NL_OK;
    if (!nlmsg_valid_hdr(h, sizeof(struct ifinfomsg)))
        return NL_OK;
    if (t->ifindex != 0 && ((struct ifinfomsg *)nlmsg_data(h))->ifi_index == t->ifindex)
        t->concerns = true;
    name = nlmsg_find_attr(h, sizeof(struct ifinfomsg), IFLA_IFNAME);
    if (name != NULL && nla_strcmp(name, t->name) == 0)
        t->concerns = true;
    return NL_OK;
}

int netdev_link_watch(struct nl_sock **ret)
{
    struct nl_sock *sock = nl_socket_alloc();

    if (sock == NULL)
        return -ENOMEM;
    nl_socket_disable_seq_check(sock);
    if (nl_connect(sock, NETLINK_ROUTE) < 0 || nl_socket_add_membership(sock, RTNLGRP_LINK) < 0 ||
        nl_socket_set_nonblocking(sock) < 0) {
        nl_socket_free(sock);
        return -EIO;
    }
    *ret = sock;
    return 0;
}

bool netdev_link_changed(struct nl_sock *sock, int ifindex, const char *name)
{
    enum { MESSAGES = 64 }; /* at once; level-triggered, the rest comes in the next round */
    struct telling t = {.ifindex = ifindex, .name = name};

    nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, on_message, &t);
    for (int i = 0; i < MESSAGES; i++) {
        int rc = nl_recvmsgs_default(sock);

        if (rc == -NLE_AGAIN)
            break;
        t.concerns |= rc < 0;
        if (rc < 0)
            break;
    }
    return t.concerns;
}
