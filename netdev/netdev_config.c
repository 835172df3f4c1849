/* SPDX-License-Identifier: BSD-3-Clause
 *
 * From options to a checked `struct netdev_config`. Pure; any thread.
 */
#include "netdev/netdev_config.h"

#include "netdev/netdev_xsk.h"

#include <errno.h>

API_ENUM_DEFINE(netdev_xdp_mode, NETDEV_XDP_MODES)
API_ENUM_DEFINE(netdev_take, NETDEV_TAKES)
API_OBJECT_DEFINE(netdev_options, NETDEV_OPTIONS, "netdev options",
                  "a network interface that exists already")

static int parse_iface(const struct netdev_options *options, struct netdev_config *c,
                       struct vsw_err *err)
{
    const char *name = options->iface;

    if (name[0] == '\0' || strlen(name) >= sizeof(c->iface) || strpbrk(name, "/: \t\n") != NULL) {
        vsw_err_set(err, -EINVAL, "iface", "'%s' is no name of an interface", name);
        vsw_err_hint(err, "`ip link` lists them");
        return -EINVAL;
    }
    memcpy(c->iface, name, strlen(name) + 1);
    return 0;
}

static uint64_t mac_number(const struct mac *mac)
{
    uint64_t n = 0;

    for (size_t i = 0; i < sizeof(mac->b); i++)
        n = n << 8 | mac->b[i];
    return n;
}

static int add_mac(struct netdev_config *c, const char *text, struct vsw_err *err)
{
    struct mac mac;

    if (mac_parse(text, &mac) < 0 || mac_is_group(mac.b) || mac_is_zero(mac.b)) {
        vsw_err_set(err, -EINVAL, "macs", "'%s' is no address of an interface", text);
        vsw_err_hint(err, "write 52:54:00:12:34:56; several are separated by commas");
        return -EINVAL;
    }
    if (c->mac_count == NETDEV_MACS_MAX)
        return vsw_err_set(err, -ERANGE, "macs", "more than %d addresses", NETDEV_MACS_MAX);
    c->mac[c->mac_count++] = mac_number(&mac);
    return 0;
}

static int parse_macs(const struct netdev_options *options, struct netdev_config *c,
                      struct vsw_err *err)
{
    char list[sizeof(options->macs)];
    char *save = NULL;
    int rc = 0;

    memcpy(list, options->macs, sizeof(list));
    for (char *t = strtok_r(list, ", ", &save); t != NULL && rc == 0;
         t = strtok_r(NULL, ", ", &save))
        rc = add_mac(c, t, err);
    if (rc < 0 || c->mac_count == 0 || options->take == NETDEV_TAKE_MACS)
        return rc;
    vsw_err_set(err, -EINVAL, "macs", "addresses are looked at with take=macs only");
    vsw_err_hint(err, "take=macs");
    return -EINVAL;
}

static int check_mtu(const struct netdev_config *c, struct vsw_err *err)
{
    if (c->mtu >= NETDEV_MTU_MIN && c->mtu <= NETDEV_MTU_MAX)
        return 0;
    vsw_err_set(err, -ERANGE, "mtu", "%u is no MTU for a netdev port", c->mtu);
    vsw_err_hint(err, "from %u to %u", NETDEV_MTU_MIN, NETDEV_MTU_MAX);
    return -ERANGE;
}

static uint32_t filter_take(enum netdev_take take)
{
    switch (take) {
    case NETDEV_TAKE_ALL: return NETDEV_FILTER_ALL;
    case NETDEV_TAKE_MACS: return NETDEV_FILTER_MACS;
    case NETDEV_TAKE_MAPPED: break;
    }
    return NETDEV_FILTER_MAPPED;
}

int netdev_config_parse(const struct port_config *config, struct netdev_config *ret,
                        struct vsw_err *err)
{
    const struct netdev_options *options = config->options;
    struct netdev_config c = {
        .xdp = options->xdp,
        .queues = (uint16_t)options->queues,
        .mtu = config->mtu,
        .up = config->up,
        .promisc = options->promisc,
        .filter = {.take = filter_take(options->take), .guard = kern_guard_of(config->guard)},
    };
    int rc = parse_iface(options, &c, err);

    memcpy(c.netns, options->netns, sizeof(c.netns));
    if (rc == 0 && options->queues > NETDEV_QUEUES_MAX)
        rc = vsw_err_set(err, -ERANGE, "queues", "at most %d queues", NETDEV_QUEUES_MAX);
    if (rc == 0)
        rc = parse_macs(options, &c, err);
    if (rc == 0)
        rc = check_mtu(&c, err);
    /* A port that is down takes nothing from the host. */
    if (!c.up)
        c.filter.take = NETDEV_FILTER_NOTHING;
    if (rc == 0)
        *ret = c;
    return rc;
}

uint32_t netdev_chunk_bytes(uint32_t mtu)
{
    uint32_t bytes = mtu + NETDEV_FRAME_EXTRA_BYTES;

    if (bytes <= netdev_xsk_room_bytes(XSK_CHUNK_MIN_BYTES))
        return XSK_CHUNK_MIN_BYTES;
    return bytes <= netdev_xsk_room_bytes(XSK_CHUNK_MAX_BYTES) ? XSK_CHUNK_MAX_BYTES : 0;
}

bool netdev_config_same_device(const struct netdev_config *now, const struct netdev_config *next)
{
    return strcmp(now->iface, next->iface) == 0 && strcmp(now->netns, next->netns) == 0 &&
           now->xdp == next->xdp && now->queues == next->queues &&
           netdev_chunk_bytes(now->mtu) == netdev_chunk_bytes(next->mtu);
}
