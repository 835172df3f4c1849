/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Opening, settings and end of one TAP device. Helper thread.
 */
#include "tap/tap_kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <netlink/netlink.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* TUNSETCARRIER is newer than some libc headers. */
#ifndef TUNSETCARRIER
#define TUNSETCARRIER _IOW('T', 226, int)
#endif

#define TUN_FLAGS    (IFF_TAP | IFF_NO_PI | IFF_VNET_HDR)
#define TUN_OFFLOADS (TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN)
#define ALIAS_PREFIX "vswitchd port "
#define HINT_NET_ADMIN                                                                             \
    "run the switch with CAP_NET_ADMIN, or make the device for its user: "                         \
    "ip tuntap add %s mode tap multi_queue user USER"

/* ---- queues ------------------------------------------------------------------------------ */
static int open_error(const struct tap_config *c, int rc, struct vsw_err *err)
{
    switch (rc) {
    case -EPERM:
        vsw_err_set(err, rc, "ifname", "no permission to use interface %s", c->ifname);
        vsw_err_hint(err, HINT_NET_ADMIN, c->ifname);
        break;
    case -EBUSY:
        vsw_err_set(err, rc, "ifname", "interface %s is in use by another program", c->ifname);
        break;
    case -EINVAL:
        vsw_err_set(err, rc, "ifname", "interface %s exists and is no TAP device", c->ifname);
        vsw_err_hint(err, "give another ifname=");
        break;
    default:
        vsw_err_set(err, rc, "ifname", "cannot open interface %s: %s", c->ifname, strerror(-rc));
    }
    return rc;
}

static int open_tun(struct vsw_err *err)
{
    int fd = open(TAP_TUN_PATH, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    int rc = -errno;

    if (fd >= 0)
        return fd;
    vsw_err_set(err, rc, NULL, "cannot open %s: %s", TAP_TUN_PATH, strerror(-rc));
    if (rc == -EACCES || rc == -EPERM)
        vsw_err_hint(err, "the switch's user needs read and write permission for it");
    else
        vsw_err_hint(err, "load the kernel's tun module: modprobe tun");
    return rc;
}

static int set_iff(int fd, const char *ifname, int flags)
{
    struct ifreq ifr = {.ifr_flags = (short)(TUN_FLAGS | flags)};

    memcpy(ifr.ifr_name, ifname, IFNAMSIZ);
    return ioctl(fd, TUNSETIFF, &ifr) < 0 ? -errno : 0;
}

/* An existing device has one queue or many, as whoever made it wanted; attaching must say which. */
static int attach_first(struct tap_device *dev, const struct tap_config *c, struct vsw_err *err)
{
    int rc = set_iff(dev->fd[0], c->ifname, IFF_MULTI_QUEUE);

    dev->multi_queue = rc == 0;
    if (rc != -EINVAL)
        return rc < 0 ? open_error(c, rc, err) : 0;
    rc = set_iff(dev->fd[0], c->ifname, 0);
    if (rc < 0)
        return open_error(c, rc, err);
    if (c->queues <= 1)
        return 0;
    vsw_err_set(err, -EINVAL, "queues", "interface %s was made with a single queue", c->ifname);
    vsw_err_hint(err, "queues=1, or make it with: ip tuntap add %s mode tap multi_queue",
                 c->ifname);
    return -EINVAL;
}

static int open_first(struct tap_device *dev, const struct tap_config *c, bool may_create,
                      struct vsw_err *err)
{
    struct tap_link link;
    int rc = tap_netlink_get(dev->nl, 0, c->ifname, &link);

    dev->fd[0] = open_tun(err);
    if (dev->fd[0] < 0)
        return dev->fd[0];
    dev->queues = 1;
    if (rc == 0)
        return attach_first(dev, c, err);
    if (rc != -ENODEV)
        return open_error(c, rc, err);
    if (!may_create) {
        vsw_err_set(err, -ENODEV, "ifname", "interface %s is gone", c->ifname);
        vsw_err_hint(err, "it was not made by this port, which waits for it to come back");
        return -ENODEV;
    }
    rc = set_iff(dev->fd[0], c->ifname, IFF_MULTI_QUEUE | IFF_TUN_EXCL);
    if (rc < 0)
        return open_error(c, rc, err);
    dev->multi_queue = dev->created = true;
    return 0;
}

static int open_more(struct tap_device *dev, const struct tap_config *c, struct vsw_err *err)
{
    while (dev->multi_queue && dev->queues < c->queues_want) {
        int fd = open_tun(err);
        int rc = fd < 0 ? fd : set_iff(fd, c->ifname, IFF_MULTI_QUEUE);

        if (fd < 0)
            return rc;
        dev->fd[dev->queues++] = fd;
        if (rc < 0)
            return open_error(c, rc, err);
    }
    return 0;
}

static int set_header(const struct tap_device *dev, struct vsw_err *err)
{
    const int bytes = VNET_HDR_BYTES, little_endian = 1;

    if (ioctl(dev->fd[0], TUNSETVNETHDRSZ, &bytes) < 0 ||
        ioctl(dev->fd[0], TUNSETVNETLE, &little_endian) < 0 ||
        ioctl(dev->fd[0], TUNSETOFFLOAD, (unsigned long)TUN_OFFLOADS) < 0)
        return vsw_err_set(err, -errno, NULL, "the kernel's tun driver refuses offloads: %s",
                           strerror(errno));
    return 0;
}

static void set_carrier(const struct tap_device *dev, bool on)
{
    const int carrier = on;

    /* Kernels before 4.20 have no such switch; their link is simply always up. */
    (void)ioctl(dev->fd[0], TUNSETCARRIER, &carrier);
}

/* ---- whose device it is -----------------------------------------------------------------------
 */
static void alias_of(const struct tap_config *c, char *buf)
{
    snprintf(buf, TAP_ALIAS_BYTES, ALIAS_PREFIX "%s", c->port_name);
}

/* The alias tells a later life of the daemon that the device may go with its port. */
static int claim(struct tap_device *dev, const struct tap_config *c, struct vsw_err *err)
{
    struct tap_link link = {.ifindex = dev->ifindex};
    int rc;

    if (ioctl(dev->fd[0], TUNSETPERSIST, 1) < 0)
        return open_error(c, -errno, err);
    dev->owned = true;
    alias_of(c, link.alias);
    rc = tap_netlink_set(dev->nl, &link, TAP_LINK_ALIAS);
    return rc < 0 ? open_error(c, rc, err) : 0;
}

static int identify(struct tap_device *dev, const struct tap_config *c, struct vsw_err *err)
{
    char alias[TAP_ALIAS_BYTES];
    struct tap_link link;
    int rc = tap_netlink_get(dev->nl, 0, c->ifname, &link);

    if (rc < 0)
        return open_error(c, rc, err);
    dev->ifindex = link.ifindex;
    dev->tx_dropped_before = link.tx_dropped;
    if (dev->created)
        return claim(dev, c, err);
    alias_of(c, alias);
    dev->owned = strcmp(link.alias, alias) == 0;
    /* Frames of one flow would go to us, those of another to them. */
    return link.tap_queues > dev->queues ? open_error(c, -EBUSY, err) : 0;
}

/* ---- open and close ---------------------------------------------------------------------------
 */
static int open_inside(struct tap_device *dev, const struct tap_config *c, bool may_create,
                       struct vsw_err *err)
{
    int rc = tap_netlink_open(&dev->nl);

    if (rc < 0)
        return vsw_err_set(err, rc, NULL, "cannot talk to the kernel's network configuration: %s",
                           strerror(-rc));
    rc = open_first(dev, c, may_create, err);
    if (rc == 0)
        rc = open_more(dev, c, err);
    if (rc == 0)
        rc = identify(dev, c, err);
    if (rc == 0)
        rc = set_header(dev, err);
    if (rc == 0) {
        set_carrier(dev, false);
        tap_progs_load(dev->fd[0], dev->queues, &c->guard, &dev->progs);
    }
    return rc;
}

static int open_in_netns(struct tap_device *dev, const struct tap_config *c, bool may_create,
                         struct vsw_err *err)
{
    struct netns_visit visit;
    int rc = netns_open(c->netns, &dev->netns, err);

    if (rc < 0)
        return rc;
    rc = netns_enter(&dev->netns, &visit, err);
    if (rc < 0)
        return rc;
    rc = open_inside(dev, c, may_create, err);
    netns_leave(&visit);
    return rc;
}

int tap_device_open(const struct tap_config *config, bool may_create, struct tap_device **ret,
                    struct vsw_err *err)
{
    struct tap_device *dev = calloc(1, sizeof(*dev));
    int rc;

    if (dev == NULL)
        return vsw_err_set(err, -ENOMEM, NULL, "out of memory");
    dev->netns.fd = dev->netns.pidfd = -1;
    rc = open_in_netns(dev, config, may_create, err);
    if (rc < 0)
        tap_device_close(dev, dev->created);
    else
        *ret = dev;
    return rc;
}

void tap_device_close(struct tap_device *dev, bool remove)
{
    if (dev == NULL)
        return;
    tap_progs_unload(&dev->progs, dev->queues > 0 ? dev->fd[0] : -1);
    /* Without the flag, the device ends with its last queue. */
    if (remove && dev->owned && dev->queues > 0)
        (void)ioctl(dev->fd[0], TUNSETPERSIST, 0);
    for (uint16_t i = 0; i < dev->queues; i++)
        close(dev->fd[i]);
    if (dev->nl != NULL)
        nl_socket_free(dev->nl);
    netns_close(&dev->netns);
    free(dev);
}

/* ---- settings ----------------------------------------------------------------------------------
 */
static int setting_error(int rc, const char *field, const char *ifname, struct vsw_err *err)
{
    vsw_err_set(err, rc, field, "cannot set %s of interface %s: %s", field, ifname, strerror(-rc));
    if (rc == -EPERM)
        vsw_err_hint(err, "run the switch with CAP_NET_ADMIN, or set it beforehand with ip(8)");
    return rc;
}

static int set_if_other(struct tap_device *dev, const struct tap_link *want, uint32_t what,
                        bool other, const char *field, struct vsw_err *err)
{
    int rc = other ? tap_netlink_set(dev->nl, want, what) : 0;

    return rc < 0 ? setting_error(rc, field, want->name, err) : 0;
}

static int apply_link(struct tap_device *dev, const struct tap_config *c, const struct tap_link *is,
                      struct vsw_err *err)
{
    struct tap_link want = *is;
    int rc;

    want.mtu = c->mtu;
    want.mac = c->mac;
    want.txqueuelen = c->txqueuelen;
    want.flags = c->ifup ? IFF_UP : 0;
    rc = set_if_other(dev, &want, TAP_LINK_MAC,
                      !mac_is_zero(c->mac.b) && memcmp(&want.mac, &is->mac, sizeof(is->mac)) != 0,
                      "mac", err);
    if (rc == 0)
        rc = set_if_other(dev, &want, TAP_LINK_MTU, want.mtu != is->mtu, "mtu", err);
    if (rc == 0)
        rc = set_if_other(dev, &want, TAP_LINK_QLEN,
                          c->txqueuelen != 0 && want.txqueuelen != is->txqueuelen, "txqueuelen",
                          err);
    if (rc == 0)
        rc = set_if_other(dev, &want, TAP_LINK_UP, (want.flags ^ is->flags) & IFF_UP, "ifup", err);
    return rc;
}

/* Only what we put there is taken away: an operator may have added his own. */
static int remove_address(struct tap_device *dev, const struct tap_address *address)
{
    const struct tap_link link = {.ifindex = dev->ifindex};
    int rc = 0;

    if (address->family == AF_INET)
        rc = tap_netlink_set(dev->nl, &link, TAP_LINK_PROMOTE);
    return rc < 0 ? rc : tap_netlink_address(dev->nl, dev->ifindex, address, false);
}

static int remove_old_addresses(struct tap_device *dev, const struct tap_config *c)
{
    uint16_t kept = 0;
    int rc = 0;

    for (uint16_t i = 0; i < dev->applied_count; i++) {
        bool keep = tap_address_in(&dev->applied[i], c->address, c->address_count);
        int this_rc = keep ? 0 : remove_address(dev, &dev->applied[i]);

        if (keep || this_rc < 0)
            dev->applied[kept++] = dev->applied[i];
        if (this_rc < 0)
            rc = this_rc;
    }
    dev->applied_count = kept;
    return rc;
}

static int address_error(int rc, const struct tap_address *address, const char *ifname,
                         struct vsw_err *err)
{
    setting_error(rc, "address", ifname, err);
    if (rc == -EACCES && address->family == AF_INET6)
        vsw_err_hint(err, "IPv6 is disabled there, see sysctl net.ipv6.conf.default.disable_ipv6");
    return rc;
}

static int apply_addresses(struct tap_device *dev, const struct tap_config *c, const char *ifname,
                           struct vsw_err *err)
{
    int rc = remove_old_addresses(dev, c);

    if (rc < 0)
        return setting_error(rc, "address", ifname, err);
    for (uint16_t i = 0; i < c->address_count; i++) {
        if (tap_address_in(&c->address[i], dev->applied, dev->applied_count))
            continue;
        rc = tap_netlink_address(dev->nl, dev->ifindex, &c->address[i], true);
        if (rc < 0)
            return address_error(rc, &c->address[i], ifname, err);
        dev->applied[dev->applied_count++] = c->address[i];
    }
    return 0;
}

int tap_device_apply(struct tap_device *dev, const struct tap_config *config, bool carrier,
                     struct vsw_err *err)
{
    struct tap_link link;
    int rc = tap_netlink_get(dev->nl, dev->ifindex, NULL, &link);

    if (rc < 0)
        return setting_error(rc, "ifname", config->ifname, err);
    set_carrier(dev, carrier);
    rc = tap_progs_configure(&dev->progs, &config->guard);
    if (rc < 0)
        return vsw_err_set(err, rc, NULL, "cannot configure the filter program: %s", strerror(-rc));
    rc = apply_link(dev, config, &link, err);
    return rc < 0 ? rc : apply_addresses(dev, config, link.name, err);
}

/* ---- how it is ---------------------------------------------------------------------------------
 */
int tap_device_check(const struct tap_device *dev, struct tap_status *ret, struct vsw_err *err)
{
    struct tap_status s = {0};
    uint64_t filtered = 0, dropped;
    int rc;

    if (netns_gone(&dev->netns, err))
        return -ENODEV;
    rc = tap_netlink_get(dev->nl, dev->ifindex, NULL, &s.link);
    if (rc < 0)
        return vsw_err_set(err, rc, "ifname", "the interface is gone");
    tap_progs_drops(&dev->progs, s.filter_drops);
    for (int i = 0; i < TAP_FILTER_VERDICTS; i++)
        filtered += s.filter_drops[i];
    dropped = s.link.tx_dropped - dev->tx_dropped_before;
    s.kernel_drops = dropped > filtered ? dropped - filtered : 0;
    *ret = s;
    return 0;
}

static void describe_prog(char *buf, size_t size, const char *name, const void *loaded, int error)
{
    buf[0] = '\0';
    if (loaded != NULL)
        snprintf(buf, size, ", %s program", name);
    else if (error != 0)
        snprintf(buf, size, ", no %s program (%s%s)", name, strerror(-error),
                 error == -EPERM ? ", needs CAP_BPF" : "");
}

void tap_device_describe(const struct tap_device *dev, char *buf, size_t size)
{
    char steer[96], filter[96];

    describe_prog(steer, sizeof(steer), "steering", dev->progs.steer, dev->progs.steer_error);
    describe_prog(filter, sizeof(filter), "filter", dev->progs.filter, dev->progs.filter_error);
    snprintf(buf, size, "vnet_hdr, %s %u, csum, tso4, tso6, ecn, %s%s%s",
             dev->multi_queue ? "multiqueue" : "single queue", dev->queues,
             dev->owned ? "made by us" : "not made by us", steer, filter);
}
