/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The profiles' frames.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pktgen/collide.h"
#include "pktgen/hostile.h"

#define MIN_BYTES     60
#define KEYS          4096
#define ETHERTYPE_ARP 0x0806
#define ETHERTYPE_IP4 0x0800
#define ETHERTYPE_LAB 0x88b5 /* IEEE 802 local experimental */

static uint64_t draw(uint64_t *state)
{
    uint64_t x = *state;

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    *state = x;
    return x * 0x2545f4914f6cdd1dull;
}

/* A unicast address that nobody administers. */
static uint64_t draw_mac(uint64_t *state)
{
    return (draw(state) & 0xfcffffffffffull) | 0x020000000000ull;
}

static void mac_put(uint8_t *at, uint64_t mac)
{
    struct mac m = mac_from_u64(mac);

    memcpy(at, m.b, sizeof(m.b));
}

static uint8_t *head_put(uint8_t *frame, uint64_t dst, uint64_t src, uint16_t type)
{
    memset(frame, 0, MIN_BYTES);
    mac_put(frame, dst);
    mac_put(frame + 6, src);
    store_be16(frame + 12, type);
    return frame + 14;
}

#define BROADCAST 0xffffffffffffull

static uint32_t mac_flood(const struct pg_attack *a, uint64_t *random, uint64_t n, uint8_t *frame)
{
    (void)a;
    (void)n;
    (void)head_put(frame, draw_mac(random), draw_mac(random), ETHERTYPE_LAB);
    return MIN_BYTES;
}

static uint32_t tags(const struct pg_attack *a, uint64_t *random, uint64_t n, uint8_t *frame)
{
    static const uint16_t types[] = {0x8100, 0x88a8, 0x9100};
    uint64_t r = draw(random);
    uint32_t at = 12;

    (void)a;
    (void)head_put(frame, n & 1 ? BROADCAST : draw_mac(random), 0x02a77ac40000ull | (n & 0xf),
                   (uint16_t)r);
    for (uint32_t depth = (uint32_t)(r >> 16) % 4; depth > 0; depth--, at += 4) {
        store_be16(frame + at, types[(r >> (20 + 2 * depth)) % 3]);
        store_be16(frame + at + 2, (uint16_t)(r >> (24 + depth)));
    }
    store_be16(frame + at, (uint16_t)(r >> 40));
    return MIN_BYTES;
}

static uint32_t runts(const struct pg_attack *a, uint64_t *random, uint64_t n, uint8_t *frame)
{
    (void)a;
    (void)head_put(frame, n & 1 ? BROADCAST : draw_mac(random), 0x02a77ac40000ull,
                   n & 2 ? 0x8100 : ETHERTYPE_IP4);
    frame[14] = 0x4f; /* an IPv4 header longer than the frame */
    return 1 + (uint32_t)(draw(random) % (MIN_BYTES - 1));
}

static uint32_t storm(const struct pg_attack *a, uint64_t *random, uint64_t n, uint8_t *frame)
{
    (void)a;
    (void)random;
    (void)n;
    (void)head_put(frame, BROADCAST, 0x02a77ac40000ull, ETHERTYPE_LAB);
    return MIN_BYTES;
}

/* Sources of the victims, or keys that collide: the same frame, other addresses. */
static uint32_t from_list(const struct pg_attack *a, uint64_t *random, uint64_t n, uint8_t *frame)
{
    uint32_t i = (uint32_t)(n % a->mac_count);

    (void)head_put(frame, draw_mac(random), mac_to_u64(a->macs[i].b), ETHERTYPE_LAB);
    return MIN_BYTES;
}

static uint32_t colliding(const struct pg_attack *a, uint64_t *random, uint64_t n, uint8_t *frame)
{
    uint32_t i = (uint32_t)(n % a->mac_count);

    (void)random;
    (void)head_put(frame, mac_to_u64(a->macs[a->mac_count - 1 - i].b), mac_to_u64(a->macs[i].b),
                   ETHERTYPE_LAB);
    return MIN_BYTES;
}

static uint32_t arp_storm(const struct pg_attack *a, uint64_t *random, uint64_t n, uint8_t *frame)
{
    uint64_t r = draw(random), src = draw_mac(random);
    uint8_t *arp = head_put(frame, BROADCAST, src, ETHERTYPE_ARP);

    (void)a;
    (void)n;
    store_be16(arp, 1);
    store_be16(arp + 2, ETHERTYPE_IP4);
    arp[4] = 6;
    arp[5] = 4;
    store_be16(arp + 6, 1 + (r & 1)); /* asks, or claims */
    mac_put(arp + 8, src);
    store_be32(arp + 14, (uint32_t)(r >> 8) | 0x0a000000);
    store_be32(arp + 24, (uint32_t)(r >> 32) | 0x0a000000);
    return MIN_BYTES;
}

static void ip_checksum_put(uint8_t *ip)
{
    uint32_t sum = 0;

    store_be16(ip + 10, 0);
    for (int i = 0; i < 20; i += 2)
        sum += load_be16(ip + i);
    sum = (sum & 0xffff) + (sum >> 16);
    store_be16(ip + 10, (uint16_t) ~(sum + (sum >> 16)));
}

/* DHCPDISCOVER of a client that nobody has seen. RFC 2131 clause 2. */
static uint32_t dhcp_storm(const struct pg_attack *a, uint64_t *random, uint64_t n, uint8_t *frame)
{
    const uint32_t len = 14 + 20 + 8 + 240 + 4;
    uint64_t src = draw_mac(random);
    uint8_t *ip = frame + 14, *udp = ip + 20, *bootp = udp + 8;

    (void)a;
    (void)n;
    memset(frame, 0, len);
    (void)head_put(frame, BROADCAST, src, ETHERTYPE_IP4);
    ip[0] = 0x45;
    store_be16(ip + 2, (uint16_t)(len - 14));
    ip[8] = 64;
    ip[9] = 17;
    store_be32(ip + 16, UINT32_MAX);
    ip_checksum_put(ip);
    store_be16(udp, 68);
    store_be16(udp + 2, 67);
    store_be16(udp + 4, (uint16_t)(len - 34));
    memcpy(bootp, "\x01\x01\x06\x00", 4);
    store_be32(bootp + 4, (uint32_t)draw(random));
    mac_put(bootp + 28, src);
    memcpy(bootp + 236, "\x63\x82\x53\x63\x35\x01\x01\xff", 8);
    return len;
}

static const struct pg_attack profiles[] = {
    {"mac-flood", "a new source and destination in every frame", mac_flood, NULL, 0},
    {"random-tags", "random VLANs, stacks of tags, ethertypes", tags, NULL, 0},
    {"runts", "frames of 1 to 59 bytes with headers that are longer", runts, NULL, 0},
    {"broadcast-storm", "broadcasts", storm, NULL, 0},
    {"mac-moves", "the victims' addresses as sources, to have their frames", from_list, NULL, 0},
    {"colliding-keys", "addresses that fall on one place in a hash table", colliding, NULL, 0},
    {"arp-storm", "ARP requests and claims", arp_storm, NULL, 0},
    {"dhcp-storm", "DHCP clients without end", dhcp_storm, NULL, 0},
};

const struct pg_attack *pg_attack_at(unsigned i)
{
    return i < ARRAY_SIZE(profiles) ? &profiles[i] : NULL;
}

static int macs_set(struct pg_attack *a, const char *keys_path, const struct mac *victims,
                    uint32_t victim_count, struct vsw_err *err)
{
    bool collide = a->write == colliding;

    if (collide && keys_path != NULL)
        return pg_collide_read(keys_path, &a->macs, &a->mac_count, err);
    if (!collide && a->write != from_list)
        return 0;
    if (!collide && victim_count == 0)
        return vsw_err_set(err, -EINVAL, "profile", "there are no victims");
    a->mac_count = collide ? KEYS : victim_count;
    a->macs = calloc(a->mac_count, sizeof(a->macs[0]));
    if (a->macs == NULL)
        return vsw_err_set(err, -ENOMEM, NULL, "no memory for the addresses");
    if (collide)
        pg_collide_make(a->macs, a->mac_count);
    else
        memcpy(a->macs, victims, victim_count * sizeof(victims[0]));
    return 0;
}

int pg_attack_init(const char *name, const char *keys_path, const struct mac *victims,
                   uint32_t victim_count, struct pg_attack *ret_attack, struct vsw_err *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(profiles); i++)
        if (strcmp(profiles[i].name, name) == 0) {
            *ret_attack = profiles[i];
            return macs_set(ret_attack, keys_path, victims, victim_count, err);
        }
    vsw_err_set(err, -EINVAL, "profile", "there is no profile %.40s", name);
    vsw_err_hint(err, "see: pktgen --help profiles");
    return -EINVAL;
}

void pg_attack_fini(struct pg_attack *attack)
{
    free(attack->macs);
    attack->macs = NULL;
}
