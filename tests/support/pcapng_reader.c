/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/support/pcapng_reader.h"

#include <stdbool.h>
#include <string.h>

/* The body of one block, or an option list, that is being read. */
struct cursor {
    const uint8_t *p;
    size_t left;
    const char *wrong;
};

static const uint8_t *get(struct cursor *c, size_t len)
{
    static const uint8_t zeros[65536 * 2];
    size_t padded = (len + 3) & ~(size_t)3;
    const uint8_t *p = c->p;

    if (c->wrong == NULL && c->left < padded)
        c->wrong = "block too short";
    if (c->wrong != NULL)
        return zeros;
    for (size_t i = len; i < padded; i++) {
        if (p[i] != 0)
            c->wrong = "padding is not zero";
    }
    c->p += padded;
    c->left -= padded;
    return p;
}

static uint32_t u32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint64_t get_time(struct cursor *c)
{
    uint64_t high = u32(get(c, 4));

    return high << 32 | u32(get(c, 4));
}

static uint64_t option_time(const uint8_t *p)
{
    return (uint64_t)u32(p) << 32 | u32(p + 4);
}

static uint64_t option_u64(const uint8_t *p)
{
    return (uint64_t)u32(p + 4) << 32 | u32(p);
}

static void text(char *to, size_t size, const uint8_t *from, size_t len)
{
    if (len >= size)
        len = size - 1;
    memcpy(to, from, len);
    to[len] = '\0';
}

/* The next option; false behind the last, which must be the end of the block. */
static bool option(struct cursor *c, uint16_t *code, uint16_t *len, const uint8_t **value)
{
    const uint8_t *head = get(c, 4);

    if (c->wrong != NULL)
        return false;
    *code = (uint16_t)(head[0] | head[1] << 8);
    *len = (uint16_t)(head[2] | head[3] << 8);
    if (*code == 0 && (*len != 0 || c->left != 0))
        c->wrong = "bytes behind the options";
    if (*code == 0)
        return false;
    *value = get(c, *len);
    return c->wrong == NULL;
}

static void section(struct cursor *c, struct pcapng_read *r)
{
    uint16_t code, len;
    const uint8_t *v;

    if (u32(get(c, 4)) != 0x1a2b3c4d)
        c->wrong = "byte order";
    if (u32(get(c, 4)) != 1)
        c->wrong = "version is not 1.0";
    if (option_u64(get(c, 8)) != UINT64_MAX)
        c->wrong = "section length";
    while (option(c, &code, &len, &v)) {
        if (code == 4)
            text(r->application, sizeof(r->application), v, len);
    }
}

static void interface(struct cursor *c, struct pcapng_read *r)
{
    uint16_t code, len;
    const uint8_t *v;

    if (u32(get(c, 4)) != 1)
        c->wrong = "link type";
    r->snaplen = u32(get(c, 4));
    while (option(c, &code, &len, &v)) {
        if (code == 2)
            text(r->if_name, sizeof(r->if_name), v, len);
        if (code == 9 && len == 1)
            r->tsresol = v[0];
        if (code == 11 && len > 0 && v[0] == 0)
            text(r->if_filter, sizeof(r->if_filter), v + 1, len - 1u);
    }
}

static void packet(struct cursor *c, struct pcapng_read *r)
{
    struct pcapng_read_packet *p = &r->packet[r->packets];
    uint16_t code, len;
    const uint8_t *v;

    if (r->packets == sizeof(r->packet) / sizeof(r->packet[0])) {
        c->wrong = "more packets than this reader holds";
        return;
    }
    r->packets++;
    memset(p, 0, sizeof(*p));
    if (u32(get(c, 4)) != 0)
        c->wrong = "unknown interface";
    p->at_ns = get_time(c);
    p->kept = u32(get(c, 4));
    p->len = u32(get(c, 4));
    p->bytes = get(c, p->kept);
    if (p->kept > r->snaplen)
        c->wrong = "more bytes than snaplen";
    while (option(c, &code, &len, &v)) {
        if (code == 1)
            text(p->comment, sizeof(p->comment), v, len);
        if (code == 2 && len == 4)
            p->flags = u32(v);
    }
}

static void statistics(struct cursor *c, struct pcapng_read *r)
{
    uint16_t code, len;
    const uint8_t *v;

    r->statistics++;
    if (u32(get(c, 4)) != 0)
        c->wrong = "unknown interface";
    get_time(c);
    while (option(c, &code, &len, &v)) {
        if (len != 8)
            c->wrong = "length of a statistics option";
        else if (code == 2)
            r->start_ns = option_time(v);
        else if (code == 3)
            r->end_ns = option_time(v);
        else if (code == 4)
            r->received = option_u64(v);
        else if (code == 5)
            r->dropped = option_u64(v);
    }
}

static const char *block(uint32_t type, struct cursor *c, uint32_t index, struct pcapng_read *r)
{
    if ((index == 0) != (type == 0x0a0d0d0a) || (index == 1) != (type == 1))
        return "section header and interface description do not come first";
    switch (type) {
    case 0x0a0d0d0a: section(c, r); break;
    case 1: interface(c, r); break;
    case 5: statistics(c, r); break;
    case 6: packet(c, r); break;
    default: return "unknown block";
    }
    return c->wrong;
}

const char *pcapng_parse(const uint8_t *bytes, size_t len, struct pcapng_read *r)
{
    uint32_t index = 0;

    memset(r, 0, sizeof(*r));
    for (size_t at = 0; at < len; index++) {
        uint32_t size = len - at < 12 ? 0 : u32(bytes + at + 4);
        struct cursor c = {bytes + at + 8, size - 12u, NULL};
        const char *wrong;

        if (size < 12 || size % 4 != 0 || size > len - at)
            return "length of a block";
        if (u32(bytes + at + size - 4) != size)
            return "the two lengths of a block differ";
        wrong = block(u32(bytes + at), &c, index, r);
        if (wrong != NULL)
            return wrong;
        at += size;
    }
    return index >= 2 ? NULL : "no section header and interface description";
}
