/* SPDX-License-Identifier: BSD-3-Clause
 *
 * MAC addresses as 6 bytes on the wire and as the low 48 bits of a number in tables.
 */
#ifndef BASE_MAC_H
#define BASE_MAC_H

#include "base/base.h"

#define MAC_BYTES    6
#define MAC_TEXT_LEN 18 /* "aa:bb:cc:dd:ee:ff" and the closing NUL */

struct mac {
    uint8_t b[MAC_BYTES];
};

/* First byte on the wire is the most significant of the number. */
static inline uint64_t mac_to_u64(const uint8_t *b)
{
    return (uint64_t)load_be16(b) << 32 | load_be32(b + 2);
}

static inline struct mac mac_from_u64(uint64_t v)
{
    struct mac m;

    store_be16(m.b, (uint16_t)(v >> 32));
    store_be32(m.b + 2, (uint32_t)v);
    return m;
}

/* Group bit, IEEE 802 clause 8.2.2: multicast and broadcast. */
static inline bool mac_is_group(const uint8_t *b)
{
    return b[0] & 1;
}

static inline bool mac_u64_is_group(uint64_t v)
{
    return v >> 40 & 1;
}

static inline bool mac_is_broadcast(const uint8_t *b)
{
    return mac_to_u64(b) == 0xffffffffffffull;
}

static inline bool mac_is_zero(const uint8_t *b)
{
    return mac_to_u64(b) == 0;
}

/**
 * mac_parse() - read "aa:bb:cc:dd:ee:ff" or "aa-bb-cc-dd-ee-ff"
 * @text: NUL-terminated, borrowed
 * @ret_mac: the address
 *
 * Return: 0, or -EINVAL with @ret_mac untouched.
 * Context: any thread; does not block.
 * Source: IEEE 802 clause 8.1
 */
int mac_parse(const char *text, struct mac *ret_mac);

/**
 * mac_format() - write "aa:bb:cc:dd:ee:ff"
 * @m: the address
 * @buf: at least MAC_TEXT_LEN bytes
 *
 * Return: @buf.
 * Context: any thread; does not block.
 * Source: none
 */
char *mac_format(const struct mac *m, char *buf);

#endif
