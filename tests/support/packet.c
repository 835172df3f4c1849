/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/support/packet.h"

#include <stdlib.h>
#include <string.h>

static void put16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static uint32_t get16(const uint8_t *p)
{
    return (uint32_t)p[0] * 256 + p[1];
}

static void fill_random(uint8_t *p, uint32_t bytes, unsigned *seed)
{
    for (uint32_t i = 0; i < bytes; i++)
        p[i] = (uint8_t)(rand_r(seed) >> 7);
}

uint16_t packet_sum(const uint8_t *p, uint32_t bytes, uint16_t sum)
{
    uint32_t s = sum;

    for (uint32_t i = 0; i < bytes; i++) {
        s += i % 2 == 0 ? p[i] * 256u : p[i];
        if (s > 0xffff)
            s -= 0xffff;
    }
    return (uint16_t)s;
}

static uint16_t pseudo_sum(const uint8_t *ip, bool ipv6, uint8_t proto, uint32_t l4_bytes)
{
    uint8_t rest[4] = {0, proto};
    uint16_t sum = ipv6 ? packet_sum(ip + 8, 32, 0) : packet_sum(ip + 12, 8, 0);

    put16(rest + 2, l4_bytes);
    return packet_sum(rest, 4, sum);
}

static uint32_t put_tags(uint8_t *b, int tags, unsigned *seed)
{
    uint32_t off = 12;

    fill_random(b, 12, seed);
    b[0] &= 0xfe;
    b[6] &= 0xfe;
    for (int i = 0; i < tags; i++, off += 4) {
        put16(b + off, tags == 2 && i == 0 ? 0x88a8 : 0x8100);
        put16(b + off + 2, (uint32_t)rand_r(seed) & 0xffff);
    }
    return off + 2;
}

static uint32_t put_ipv4(const struct packet_spec *s, uint8_t *ip, uint32_t l4_bytes,
                         unsigned *seed)
{
    uint32_t ihl = 20 + s->ip_option_bytes;

    fill_random(ip, ihl, seed);
    ip[0] = (uint8_t)(0x40 | ihl / 4);
    put16(ip + 2, ihl + l4_bytes);
    put16(ip + 6, 0x4000);
    ip[9] = s->l4 == PACKET_TCP ? 6 : 17;
    put16(ip + 10, 0);
    put16(ip + 10, 0xffffu ^ packet_sum(ip, ihl, 0));
    return ihl;
}

static uint32_t put_ipv6(const struct packet_spec *s, uint8_t *ip, uint32_t l4_bytes,
                         unsigned *seed)
{
    uint8_t proto = s->l4 == PACKET_TCP ? 6 : 17;

    fill_random(ip, 40, seed);
    ip[0] = (uint8_t)(0x60 | (ip[0] & 0xf));
    put16(ip + 4, s->ext_bytes + l4_bytes);
    ip[6] = s->ext_bytes != 0 ? 60 : proto;
    if (s->ext_bytes != 0) {
        memset(ip + 40, 0, s->ext_bytes);
        ip[40] = proto;
        ip[41] = (uint8_t)(s->ext_bytes / 8 - 1);
    }
    return 40 + s->ext_bytes;
}

void packet_build(const struct packet_spec *s, struct packet *p)
{
    unsigned seed = s->seed;
    uint32_t header = s->l4 == PACKET_TCP ? 20 + s->tcp_option_bytes : 8;
    uint32_t l4_bytes = header + s->payload_bytes;
    uint8_t *l4;

    memset(p->bytes, 0, 256);
    p->l3_off = put_tags(p->bytes, s->tags, &seed);
    put16(p->bytes + p->l3_off - 2, s->ipv6 ? 0x86dd : 0x0800);
    p->l4_off = p->l3_off + (s->ipv6 ? put_ipv6(s, p->bytes + p->l3_off, l4_bytes, &seed)
                                     : put_ipv4(s, p->bytes + p->l3_off, l4_bytes, &seed));
    l4 = p->bytes + p->l4_off;
    fill_random(l4, l4_bytes, &seed);
    p->payload_off = p->l4_off + header;
    p->csum_off = p->l4_off + (s->l4 == PACKET_TCP ? 16 : 6);
    p->len = p->payload_off + s->payload_bytes;
    if (s->l4 == PACKET_TCP) {
        l4[12] = (uint8_t)(header / 4 << 4);
        l4[13] = s->tcp_flags;
    } else {
        put16(l4 + 4, l4_bytes);
    }
    put16(p->bytes + p->csum_off,
          pseudo_sum(p->bytes + p->l3_off, s->ipv6, s->l4 == PACKET_TCP ? 6 : 17, l4_bytes));
}

static const char *verify_ipv4(struct packet *p, uint8_t *ret_proto, uint32_t *ret_l4_bytes)
{
    const uint8_t *ip = p->bytes + p->l3_off;
    uint32_t ihl = (ip[0] & 0xfu) * 4;

    if (ip[0] >> 4 != 4 || ihl < 20 || p->l3_off + ihl > p->len)
        return "not an IPv4 header";
    if (get16(ip + 2) != p->len - p->l3_off)
        return "IPv4 total length";
    if (packet_sum(ip, ihl, 0) != 0xffff)
        return "IPv4 header checksum";
    p->l4_off = p->l3_off + ihl;
    *ret_proto = ip[9];
    *ret_l4_bytes = get16(ip + 2) - ihl;
    return NULL;
}

static const char *verify_ipv6(struct packet *p, uint8_t *ret_proto, uint32_t *ret_l4_bytes)
{
    const uint8_t *ip = p->bytes + p->l3_off;
    uint32_t ext = 0;

    if (ip[0] >> 4 != 6 || p->l3_off + 40 > p->len)
        return "not an IPv6 header";
    if (get16(ip + 4) != p->len - p->l3_off - 40)
        return "IPv6 payload length";
    *ret_proto = ip[6];
    if (ip[6] == 60) {
        *ret_proto = ip[40];
        ext = ip[41] * 8u + 8;
    }
    p->l4_off = p->l3_off + 40 + ext;
    *ret_l4_bytes = get16(ip + 4) - ext;
    return NULL;
}

const char *packet_verify(const uint8_t *bytes, uint32_t len, struct packet *p)
{
    uint32_t off = 12, l4_bytes;
    const char *wrong;
    uint8_t proto;
    bool ipv6;

    memcpy(p->bytes, bytes, len);
    p->len = len;
    while (get16(bytes + off) == 0x8100 || get16(bytes + off) == 0x88a8)
        off += 4;
    ipv6 = get16(bytes + off) == 0x86dd;
    p->l3_off = off + 2;
    wrong = ipv6 ? verify_ipv6(p, &proto, &l4_bytes) : verify_ipv4(p, &proto, &l4_bytes);
    if (wrong != NULL)
        return wrong;
    p->csum_off = p->l4_off + (proto == 6 ? 16 : 6);
    p->payload_off = p->l4_off + (proto == 6 ? (bytes[p->l4_off + 12] >> 4) * 4u : 8);
    if (proto != 6 && get16(bytes + p->csum_off) == 0)
        return "UDP checksum is none";
    if (packet_sum(bytes + p->l4_off, l4_bytes,
                   pseudo_sum(bytes + p->l3_off, ipv6, proto, l4_bytes)) != 0xffff)
        return "transport checksum";
    return NULL;
}
