/* SPDX-License-Identifier: BSD-3-Clause
 *
 * rtnetlink with libnl-3. Helper thread.
 */
#include "tap/tap_netlink.h"

#include <errno.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

/* libnl's own error numbers are fewer than the kernel's: what the kernel said is kept here. */
struct exchange {
    bool finished;
    int error; /* negative errno */
    struct tap_link *link;
};

static int on_error(struct sockaddr_nl *who, struct nlmsgerr *e, void *arg)
{
    struct exchange *x = arg;

    x->finished = true;
    x->error = e->error;
    return NL_STOP;
}

static int on_ack(struct nl_msg *msg, void *arg)
{
    struct exchange *x = arg;

    x->finished = true;
    return NL_STOP;
}

static void parse_tun(struct nlattr *info, struct tap_link *link)
{
    struct nlattr *tb[IFLA_INFO_MAX + 1], *tun[IFLA_TUN_MAX + 1];

    if (nla_parse_nested(tb, IFLA_INFO_MAX, info, NULL) < 0 || tb[IFLA_INFO_KIND] == NULL ||
        strcmp(nla_get_string(tb[IFLA_INFO_KIND]), "tun") != 0)
        return;
    link->is_tap = true;
    if (tb[IFLA_INFO_DATA] == NULL ||
        nla_parse_nested(tun, IFLA_TUN_MAX, tb[IFLA_INFO_DATA], NULL) < 0)
        return;
    if (tun[IFLA_TUN_MULTI_QUEUE] != NULL)
        link->multi_queue = nla_get_u8(tun[IFLA_TUN_MULTI_QUEUE]) != 0;
    if (tun[IFLA_TUN_NUM_QUEUES] != NULL)
        link->tap_queues = nla_get_u32(tun[IFLA_TUN_NUM_QUEUES]);
}

static void parse_attrs(struct nlattr **tb, struct tap_link *link)
{
    if (tb[IFLA_MTU] != NULL)
        link->mtu = nla_get_u32(tb[IFLA_MTU]);
    if (tb[IFLA_TXQLEN] != NULL)
        link->txqueuelen = nla_get_u32(tb[IFLA_TXQLEN]);
    if (tb[IFLA_ADDRESS] != NULL && nla_len(tb[IFLA_ADDRESS]) == sizeof(link->mac.b))
        memcpy(link->mac.b, nla_data(tb[IFLA_ADDRESS]), sizeof(link->mac.b));
    if (tb[IFLA_IFNAME] != NULL)
        nla_strlcpy(link->name, tb[IFLA_IFNAME], sizeof(link->name));
    if (tb[IFLA_IFALIAS] != NULL)
        nla_strlcpy(link->alias, tb[IFLA_IFALIAS], sizeof(link->alias));
    if (tb[IFLA_LINKINFO] != NULL)
        parse_tun(tb[IFLA_LINKINFO], link);
    if (tb[IFLA_STATS64] != NULL) {
        struct rtnl_link_stats64 s = {0};

        nla_memcpy(&s, tb[IFLA_STATS64], sizeof(s));
        link->tx_dropped = s.tx_dropped;
    }
}

static int on_link(struct nl_msg *msg, void *arg)
{
    struct exchange *x = arg;
    struct nlmsghdr *h = nlmsg_hdr(msg);
    struct ifinfomsg *ifi = nlmsg_data(h);
    struct nlattr *tb[IFLA_MAX + 1];

    if (x->link == NULL || h->nlmsg_type != RTM_NEWLINK ||
        nlmsg_parse(h, sizeof(*ifi), tb, IFLA_MAX, NULL) < 0)
        return NL_OK;
    *x->link = (struct tap_link){.ifindex = ifi->ifi_index, .flags = ifi->ifi_flags};
    parse_attrs(tb, x->link);
    x->link->is_tap = x->link->is_tap && ifi->ifi_type == ARPHRD_ETHER;
    return NL_OK;
}

/* Send @msg, which is freed, and read until the kernel has answered. */
static int exchange(struct nl_sock *sock, struct nl_msg *msg, struct tap_link *ret_link)
{
    struct exchange x = {.link = ret_link};
    struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);
    int rc = cb == NULL ? -NLE_NOMEM : nl_send_auto(sock, msg);

    nlmsg_free(msg);
    if (rc >= 0) {
        nl_cb_err(cb, NL_CB_CUSTOM, on_error, &x);
        nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, on_ack, &x);
        nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_link, &x);
    }
    while (rc >= 0 && !x.finished)
        rc = nl_recvmsgs(sock, cb);
    if (cb != NULL)
        nl_cb_put(cb);
    return x.finished ? x.error : rc == -NLE_NOMEM ? -ENOMEM : -EIO;
}

int tap_netlink_open(struct nl_sock **ret)
{
    struct nl_sock *sock = nl_socket_alloc();

    if (sock == NULL)
        return -ENOMEM;
    if (nl_connect(sock, NETLINK_ROUTE) < 0) {
        nl_socket_free(sock);
        return -EIO;
    }
    *ret = sock;
    return 0;
}

int tap_netlink_get(struct nl_sock *sock, int ifindex, const char *name, struct tap_link *ret)
{
    struct ifinfomsg ifi = {.ifi_index = ifindex};
    struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETLINK, NLM_F_REQUEST);
    struct tap_link link = {0};
    int rc;

    if (msg == NULL || nlmsg_append(msg, &ifi, sizeof(ifi), NLMSG_ALIGNTO) < 0 ||
        (ifindex == 0 && nla_put_string(msg, IFLA_IFNAME, name) < 0)) {
        nlmsg_free(msg);
        return -ENOMEM;
    }
    rc = exchange(sock, msg, &link);
    if (rc == 0 && link.ifindex == 0)
        rc = -ENODEV;
    if (rc == 0)
        *ret = link;
    return rc;
}

/* Source: Linux inet_set_link_af(), ip-sysctl promote_secondaries */
static int put_promote(struct nl_msg *msg)
{
    struct nlattr *spec = nla_nest_start(msg, IFLA_AF_SPEC);
    struct nlattr *inet = spec == NULL ? NULL : nla_nest_start(msg, AF_INET);
    struct nlattr *conf = inet == NULL ? NULL : nla_nest_start(msg, IFLA_INET_CONF);

    if (conf == NULL || nla_put_u32(msg, IPV4_DEVCONF_PROMOTE_SECONDARIES, 1) < 0)
        return -ENOMEM;
    nla_nest_end(msg, conf);
    nla_nest_end(msg, inet);
    nla_nest_end(msg, spec);
    return 0;
}

static int put_link(struct nl_msg *msg, const struct tap_link *link, uint32_t what)
{
    struct ifinfomsg ifi = {.ifi_index = link->ifindex};

    if (what & TAP_LINK_UP) {
        ifi.ifi_change = IFF_UP;
        ifi.ifi_flags = link->flags & IFF_UP;
    }
    if (nlmsg_append(msg, &ifi, sizeof(ifi), NLMSG_ALIGNTO) < 0)
        return -ENOMEM;
    if ((what & TAP_LINK_MTU) && nla_put_u32(msg, IFLA_MTU, link->mtu) < 0)
        return -ENOMEM;
    if ((what & TAP_LINK_QLEN) && nla_put_u32(msg, IFLA_TXQLEN, link->txqueuelen) < 0)
        return -ENOMEM;
    if ((what & TAP_LINK_MAC) && nla_put(msg, IFLA_ADDRESS, sizeof(link->mac.b), link->mac.b) < 0)
        return -ENOMEM;
    if ((what & TAP_LINK_ALIAS) && nla_put_string(msg, IFLA_IFALIAS, link->alias) < 0)
        return -ENOMEM;
    return what & TAP_LINK_PROMOTE ? put_promote(msg) : 0;
}

int tap_netlink_set(struct nl_sock *sock, const struct tap_link *link, uint32_t what)
{
    struct nl_msg *msg = nlmsg_alloc_simple(RTM_SETLINK, NLM_F_REQUEST);

    if (msg == NULL || put_link(msg, link, what) < 0) {
        nlmsg_free(msg);
        return -ENOMEM;
    }
    return exchange(sock, msg, NULL);
}

int tap_netlink_address(struct nl_sock *sock, int ifindex, const struct tap_address *address,
                        bool add)
{
    struct ifaddrmsg ifa = {
        .ifa_family = address->family,
        .ifa_prefixlen = address->prefix,
        .ifa_index = (uint32_t)ifindex,
    };
    int bytes = address->family == AF_INET ? 4 : 16;
    struct nl_msg *msg = nlmsg_alloc_simple(add ? RTM_NEWADDR : RTM_DELADDR,
                                            NLM_F_REQUEST | (add ? NLM_F_CREATE | NLM_F_EXCL : 0));
    int rc;

    if (msg == NULL || nlmsg_append(msg, &ifa, sizeof(ifa), NLMSG_ALIGNTO) < 0 ||
        nla_put(msg, IFA_LOCAL, bytes, address->bytes) < 0 ||
        nla_put(msg, IFA_ADDRESS, bytes, address->bytes) < 0) {
        nlmsg_free(msg);
        return -ENOMEM;
    }
    rc = exchange(sock, msg, NULL);
    return rc == (add ? -EEXIST : -EADDRNOTAVAIL) ? 0 : rc;
}
