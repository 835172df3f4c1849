/* SPDX-License-Identifier: BSD-3-Clause
 *
 * From options to a checked `struct tap_config`. Pure but for the number of CPUs; any thread.
 */
#include "tap/tap_config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define QUEUES_AUTO_MAX 4

API_OBJECT_DEFINE(tap_options, TAP_OPTIONS, "tap options",
                  "a network interface of the host or of a namespace")

/* The kernel's rule for names (dev_valid_name), so that the sentence is ours and not EINVAL. */
static bool ifname_valid(const char *name)
{
    if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return false;
    for (; *name != '\0'; name++) {
        unsigned char c = (unsigned char)*name;

        if (c <= ' ' || c == '/' || c == ':' || c == '%' || c == 0x7f)
            return false;
    }
    return true;
}

static int parse_ifname(const struct port_config *config, const struct tap_options *options,
                        struct tap_config *c, struct vsw_err *err)
{
    const char *name = options->ifname[0] != '\0' ? options->ifname : config->name;

    if (strlen(name) >= sizeof(c->ifname)) {
        vsw_err_set(err, -EINVAL, "ifname", "'%s' is too long for an interface: %zu characters",
                    name, strlen(name));
        vsw_err_hint(err, "give ifname= with at most %d characters", IFNAMSIZ - 1);
        return -EINVAL;
    }
    if (!ifname_valid(name)) {
        vsw_err_set(err, -EINVAL, "ifname", "'%s' is no name for an interface", name);
        vsw_err_hint(err, "no blanks, '/', ':' or '%%', and neither '.' nor '..'");
        return -EINVAL;
    }
    memcpy(c->ifname, name, strlen(name) + 1);
    return 0;
}

static int address_error(struct vsw_err *err, const char *text)
{
    vsw_err_set(err, -EINVAL, "address", "'%s' is no address with prefix length", text);
    vsw_err_hint(err, "write 10.0.0.1/24 or fd00::1/64; several are separated by commas");
    return -EINVAL;
}

/* Group addresses and "any" name no interface. */
static bool address_usable(const struct tap_address *a)
{
    static const uint8_t zero[16];
    bool group = a->family == AF_INET ? a->bytes[0] >= 224 : a->bytes[0] == 0xff;

    return !group && memcmp(a->bytes, zero, sizeof(zero)) != 0;
}

static int parse_address(char *text, struct tap_address *ret, struct vsw_err *err)
{
    struct tap_address a = {.family = AF_INET};
    char *slash = strchr(text, '/');
    char *end = NULL;
    unsigned long bits;

    if (slash == NULL || slash[1] < '0' || slash[1] > '9')
        return address_error(err, text);
    bits = strtoul(slash + 1, &end, 10);
    *slash = '\0';
    if (strchr(text, ':') != NULL)
        a.family = AF_INET6;
    if (inet_pton(a.family, text, a.bytes) != 1 || *end != '\0' ||
        bits > (a.family == AF_INET ? 32 : 128) || !address_usable(&a)) {
        *slash = '/';
        return address_error(err, text);
    }
    a.prefix = (uint8_t)bits;
    *ret = a;
    return 0;
}

static int parse_addresses(const struct tap_options *options, struct tap_config *c,
                           struct vsw_err *err)
{
    char list[sizeof(options->address)];
    char *save = NULL;
    int rc;

    memcpy(list, options->address, sizeof(list));
    for (char *t = strtok_r(list, ", ", &save); t != NULL; t = strtok_r(NULL, ", ", &save)) {
        if (c->address_count == TAP_ADDRESSES_MAX)
            return vsw_err_set(err, -ERANGE, "address", "more than %d addresses",
                               TAP_ADDRESSES_MAX);
        rc = parse_address(t, &c->address[c->address_count], err);
        if (rc < 0)
            return rc;
        if (!tap_address_in(&c->address[c->address_count], c->address, c->address_count))
            c->address_count++;
    }
    return 0;
}

static int check_mtu(const struct tap_config *c, struct vsw_err *err)
{
    uint16_t min = TAP_MTU_MIN;

    for (uint16_t i = 0; i < c->address_count; i++) {
        if (c->address[i].family == AF_INET6)
            min = 1280;
    }
    if (c->mtu >= min && c->mtu <= TAP_MTU_MAX)
        return 0;
    vsw_err_set(err, -ERANGE, "mtu", "%u is no MTU for a TAP port", c->mtu);
    vsw_err_hint(err, "from %u%s to %u", min, min > TAP_MTU_MIN ? " (IPv6)" : "", TAP_MTU_MAX);
    return -ERANGE;
}

static int check_numbers(const struct tap_options *options, struct vsw_err *err)
{
    if (options->queues > TAP_QUEUES_MAX)
        return vsw_err_set(err, -ERANGE, "queues", "at most %d queue pairs", TAP_QUEUES_MAX);
    if (!mac_is_zero(options->mac.b) && mac_is_group(options->mac.b)) {
        vsw_err_set(err, -EINVAL, "mac", "a group address cannot be the address of an interface");
        vsw_err_hint(err, "the lowest bit of the first byte must be 0");
        return -EINVAL;
    }
    return 0;
}

static uint16_t queues_auto(void)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);

    return cpus < 1 ? 1 : cpus > QUEUES_AUTO_MAX ? QUEUES_AUTO_MAX : (uint16_t)cpus;
}

int tap_config_parse(const struct port_config *config, struct tap_config *ret, struct vsw_err *err)
{
    const struct tap_options *options = config->options;
    struct tap_config c = {
        .queues = (uint16_t)options->queues,
        .queues_want = options->queues == 0 ? queues_auto() : (uint16_t)options->queues,
        .mtu = config->mtu,
        .txqueuelen = options->txqueuelen,
        .mac = options->mac,
        .ifup = options->ifup,
        .up = config->up,
        .guard = kern_guard_of(config->guard),
    };
    int rc = check_numbers(options, err);

    memcpy(c.port_name, config->name, sizeof(c.port_name));
    memcpy(c.netns, options->netns, sizeof(c.netns));
    if (rc == 0)
        rc = parse_ifname(config, options, &c, err);
    if (rc == 0)
        rc = parse_addresses(options, &c, err);
    if (rc == 0)
        rc = check_mtu(&c, err);
    if (rc == 0)
        *ret = c;
    return rc;
}

bool tap_config_same_device(const struct tap_config *now, const struct tap_config *next)
{
    return strcmp(now->ifname, next->ifname) == 0 && strcmp(now->netns, next->netns) == 0 &&
           now->queues == next->queues;
}

bool tap_address_equal(const struct tap_address *a, const struct tap_address *b)
{
    return a->family == b->family && a->prefix == b->prefix &&
           memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool tap_address_in(const struct tap_address *address, const struct tap_address *list,
                    uint16_t count)
{
    for (uint16_t i = 0; i < count; i++) {
        if (tap_address_equal(address, &list[i]))
            return true;
    }
    return false;
}
