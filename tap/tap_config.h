/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What one TAP port should look like, checked and resolved; a plain value that is copied between
 * the control and the helper thread.
 */
#ifndef TAP_TAP_CONFIG_H
#define TAP_TAP_CONFIG_H

#include <net/if.h>

#include "bpf/kern_guard.h"
#include "port/port.h"
#include "tap/tap.h"

#define TAP_ADDRESSES_MAX 16
#define TAP_MTU_MIN       68    /* RFC 791 */
#define TAP_MTU_MAX       65521 /* what the tun driver takes: 65535 less the Ethernet header */

struct tap_address {
    uint8_t family; /* AF_INET, AF_INET6 */
    uint8_t prefix; /* bits */
    uint8_t bytes[16];
};

struct tap_config {
    char port_name[PORT_NAME_BYTES];
    char ifname[IFNAMSIZ];
    char netns[256];
    struct tap_address address[TAP_ADDRESSES_MAX];
    uint16_t address_count;
    uint16_t queues;      /* as asked for; 0 = automatic */
    uint16_t queues_want; /* 1..TAP_QUEUES_MAX, resolved */
    uint16_t mtu;
    uint32_t txqueuelen; /* 0 = leave */
    struct mac mac;      /* all zero = leave */
    bool ifup;
    bool up; /* administratively; shown to the kernel as carrier */
    struct kern_guard guard;
};

/**
 * tap_config_parse() - check a port's configuration
 * @config: borrowed
 * @ret: the resolved value, untouched on failure
 * @err: names the field, the limit and a hint
 *
 * Return: 0, -EINVAL or -ERANGE.
 * Context: any thread; does not block.
 * Source: none
 */
int tap_config_parse(const struct port_config *config, struct tap_config *ret, struct vsw_err *err);

/* May @next replace @now on a live device? False when the device must be made anew. */
bool tap_config_same_device(const struct tap_config *now, const struct tap_config *next);

/* The same address with the same prefix length? */
bool tap_address_equal(const struct tap_address *a, const struct tap_address *b);

/* Is @address in the list? */
bool tap_address_in(const struct tap_address *address, const struct tap_address *list,
                    uint16_t count);

#endif
