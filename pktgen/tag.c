/* SPDX-License-Identifier: BSD-3-Clause */
#include "pktgen/tag.h"

#include <pthread.h>

#define PATTERN_BYTES (65536 + 8 * 4096) /* a frame's payload at every stream's offset */
#define PADDED_MAX    60

static uint8_t pattern[PATTERN_BYTES];
static pthread_once_t pattern_once = PTHREAD_ONCE_INIT;

/* Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014 (SplitMix64). */
static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15ull;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ x >> 27) * 0x94d049bb133111ebull;
    return x ^ x >> 31;
}

uint16_t pg_tag_magic(uint64_t run, uint32_t trial)
{
    return (uint16_t)(mix(run) + trial * 0x9e37u); /* odd factor: no trial repeats for 65536 */
}

static void pattern_make(void)
{
    for (uint32_t i = 0; i < PATTERN_BYTES; i += 8) {
        uint64_t word = mix(i);

        memcpy(pattern + i, &word, 8);
    }
}

const uint8_t *pg_tag_pattern(uint16_t stream)
{
    pthread_once(&pattern_once, pattern_make);
    return pattern + 8 * (stream % 4096u);
}

/* Offsets of a frame's parts. */
struct parts {
    uint32_t l3, l4, payload;
    bool is_ipv6;
    uint8_t protocol;
};

static bool l3_read(const uint8_t *b, uint32_t len, struct parts *p)
{
    uint32_t at = 12;
    uint16_t type;

    for (int tags = 0; tags < 3; tags++, at += 4) {
        if (at + 2 > len)
            return false;
        type = load_be16(b + at);
        if (type == 0x8100 || type == 0x88a8)
            continue;
        p->l3 = at + 2;
        p->is_ipv6 = type == 0x86dd;
        return p->is_ipv6 || type == 0x0800;
    }
    return false;
}

static bool l4_read(const uint8_t *b, uint32_t len, struct parts *p)
{
    const uint8_t *ip = b + p->l3;

    if (p->l3 + (p->is_ipv6 ? 40 : 20) > len || ip[0] >> 4 != (p->is_ipv6 ? 6 : 4))
        return false;
    if (!p->is_ipv6 && ((ip[0] & 15) < 5 || (load_be16(ip + 6) & 0x1fff) != 0))
        return false;
    p->l4 = p->l3 + (p->is_ipv6 ? 40 : 4u * (ip[0] & 15));
    p->protocol = p->is_ipv6 ? ip[6] : ip[9];
    return true;
}

static bool parts_read(const uint8_t *b, uint32_t len, struct parts *p)
{
    if (!l3_read(b, len, p) || !l4_read(b, len, p))
        return false;
    if (p->protocol == 17)
        p->payload = p->l4 + 8;
    else if (p->protocol == 6 && p->l4 + 20 <= len)
        p->payload = p->l4 + 4u * (b[p->l4 + 12] >> 4);
    else
        return false;
    return p->payload >= p->l4 + 8 && p->payload <= len;
}

uint32_t pg_tag_find(const uint8_t *frame, uint32_t len)
{
    struct parts p;

    if (!parts_read(frame, len, &p) || p.payload + PG_TAG_BYTES > len)
        return 0;
    return p.payload;
}

static bool header_is_good(const uint8_t *ip)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < 4u * (ip[0] & 15); i += 2)
        sum += load_be16(ip + i);
    return pg_tag_fold(sum) == 0xffff;
}

enum pg_damage pg_tag_check(const uint8_t *frame, uint32_t len, uint32_t payload, uint16_t stream)
{
    struct parts p;
    uint32_t l3_bytes, behind;

    if (!parts_read(frame, len, &p) || p.payload != payload)
        return PG_BAD_HEADER;
    if (!p.is_ipv6 && p.l4 <= len && !header_is_good(frame + p.l3))
        return PG_BAD_HEADER;
    l3_bytes = p.is_ipv6 ? 40u + load_be16(frame + p.l3 + 4) : load_be16(frame + p.l3 + 2);
    if (p.l3 + l3_bytes > len || (p.l3 + l3_bytes < len && len > PADDED_MAX))
        return PG_BAD_LENGTH;
    if (p.protocol == 17 && load_be16(frame + p.l4 + 4) != l3_bytes - (p.l4 - p.l3))
        return PG_BAD_LENGTH;
    if (p.l3 + l3_bytes < payload + PG_TAG_BYTES)
        return PG_BAD_LENGTH;
    behind = p.l3 + l3_bytes - payload - PG_TAG_BYTES;
    if (memcmp(frame + payload + PG_TAG_BYTES, pg_tag_pattern(stream) + PG_TAG_BYTES, behind) != 0)
        return PG_BAD_PAYLOAD;
    return PG_INTACT;
}
