/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Sends Ethernet frames out of an interface at a steady rate: many equal ones, floods of addresses,
 * or garbage.
 *
 *     frame_blast INTERFACE [dst=MAC|random] [src=MAC|random] [bytes=N] [pps=N] [seconds=N]
 *                 [count=N] [garbage=yes] [seed=N]
 *
 * `bytes` is without FCS, as the switch counts. `pps` 0 is as fast as it goes. Prints what the
 * kernel took and what it refused.
 */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mac.h"

#define BATCH     64
#define BYTES_MAX 9018
#define TICK_NS   (1 * NS_PER_MS)

struct blast {
    const char *interface;
    struct mac dst, src;
    bool random_dst, random_src, garbage;
    uint32_t bytes;
    uint64_t pps, seconds, count, random;
    int fd, vnet_fd;
    uint64_t sent, refused;
};

static uint8_t frame[BATCH][sizeof(struct virtio_net_hdr) + BYTES_MAX];
static struct iovec iov[BATCH];
static struct mmsghdr message[BATCH];

/* xorshift64*: the same seed sends the same frames. */
static uint64_t draw(struct blast *b)
{
    b->random ^= b->random >> 12;
    b->random ^= b->random << 25;
    b->random ^= b->random >> 27;
    return b->random * 2685821657736338717ull;
}

static uint64_t draw_below(struct blast *b, uint64_t bound)
{
    return (draw(b) >> 16) % bound;
}

static void fill(struct blast *b, uint8_t *to, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        to[i] = (uint8_t)(draw(b) >> 32);
}

static void draw_mac(struct blast *b, uint8_t *to)
{
    fill(b, to, MAC_BYTES);
    to[0] = 0x02;
}

static size_t plain_frame(struct blast *b, uint8_t *to)
{
    if (b->random_dst)
        draw_mac(b, to);
    else
        memcpy(to, b->dst.b, MAC_BYTES);
    if (b->random_src)
        draw_mac(b, to + MAC_BYTES);
    else
        memcpy(to + MAC_BYTES, b->src.b, MAC_BYTES);
    to[12] = 0x88; /* local experimental ethertype */
    to[13] = 0xb5;
    return b->bytes;
}

/* ---- garbage ----------------------------------------------------------------------------- */

static size_t put_type(uint8_t *to, uint16_t type)
{
    to[0] = (uint8_t)(type >> 8);
    to[1] = (uint8_t)type;
    return 2;
}

/* Up to eight tags of all kinds; what follows them may be missing. */
static size_t put_tags(struct blast *b, uint8_t *to)
{
    static const uint16_t tpid[] = {0x8100, 0x88a8, 0x9100};
    size_t used = 0;

    for (uint64_t tags = draw_below(b, 9); tags > 0; tags--) {
        used += put_type(to + used, tpid[draw_below(b, 3)]);
        used += put_type(to + used, (uint16_t)draw(b));
    }
    return used;
}

/* Ethertypes that make a parser go on into what is random there. */
static size_t put_ethertype(struct blast *b, uint8_t *to)
{
    static const uint16_t type[] = {0x0800, 0x86dd, 0x0806, 0x8847, 0x8863, 0x88cc, 0x8808, 0x0003};
    size_t used = put_type(to, draw_below(b, 2) ? type[draw_below(b, 8)] : (uint16_t)draw(b));

    to[used] = draw_below(b, 2) ? 0x45 : (uint8_t)draw(b);
    return used;
}

static size_t garbage_bytes(struct blast *b)
{
    switch (draw_below(b, 4)) {
    case 0: return ETH_HLEN + draw_below(b, 46);
    case 1: return ETH_HLEN + draw_below(b, 1500);
    case 2: return ETH_HLEN + draw_below(b, BYTES_MAX - ETH_HLEN);
    default: return 60 + draw_below(b, 80);
    }
}

static size_t garbage_frame(struct blast *b, uint8_t *to)
{
    size_t bytes = garbage_bytes(b), used = 2 * MAC_BYTES;

    fill(b, to, bytes < 128 ? 128 : bytes);
    if (draw_below(b, 2)) /* a wild source address is dropped early: not always */
        draw_mac(b, to + MAC_BYTES);
    if (draw_below(b, 4) == 0)
        memset(to, 0xff, MAC_BYTES);
    else if (draw_below(b, 2))
        memcpy(to, b->dst.b, MAC_BYTES);
    if (draw_below(b, 3) == 0)
        used += put_tags(b, to + used);
    put_ethertype(b, to + used);
    return bytes;
}

/* Requests for checksums and segments that the frame may not fit. */
static void garbage_vnet(struct blast *b, struct virtio_net_hdr *h, size_t bytes)
{
    static const uint8_t gso[] = {VIRTIO_NET_HDR_GSO_NONE, VIRTIO_NET_HDR_GSO_TCPV4,
                                  VIRTIO_NET_HDR_GSO_TCPV6, 5 /* UDP_L4 */};

    *h = (struct virtio_net_hdr){
        .flags = draw_below(b, 2) ? VIRTIO_NET_HDR_F_NEEDS_CSUM : 0,
        .gso_type = gso[draw_below(b, 4)],
        .hdr_len = (uint16_t)draw_below(b, bytes + 8),
        .gso_size = (uint16_t)draw_below(b, 1600),
        .csum_start = (uint16_t)draw_below(b, bytes),
        .csum_offset = draw_below(b, 2) ? 16 : (uint16_t)draw_below(b, 64),
    };
}

/* ---- sending ----------------------------------------------------------------------------- */

static int open_socket(const struct blast *b, int vnet)
{
    struct sockaddr_ll to = {.sll_family = AF_PACKET,
                             .sll_protocol = 0,
                             .sll_ifindex = (int)if_nametoindex(b->interface)};
    int one = 1, fd = socket(AF_PACKET, SOCK_RAW, 0);

    if (fd < 0 || (vnet && setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)) < 0) ||
        bind(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
        perror(b->interface);
        exit(1);
    }
    return fd;
}

/* The frames that the kernel refuses on their own must not hold up those behind them. */
static void send_batch(struct blast *b, int fd, unsigned count)
{
    for (unsigned done = 0; done < count;) {
        int n = sendmmsg(fd, message + done, count - done, 0);

        if (n <= 0) {
            b->refused++;
            done++;
            continue;
        }
        b->sent += (uint64_t)n;
        done += (unsigned)n;
    }
}

static void make_batch(struct blast *b, bool vnet, unsigned count)
{
    size_t head = vnet ? sizeof(struct virtio_net_hdr) : 0;

    for (unsigned i = 0; i < count; i++) {
        size_t bytes =
            b->garbage ? garbage_frame(b, frame[i] + head) : plain_frame(b, frame[i] + head);

        if (vnet)
            garbage_vnet(b, (struct virtio_net_hdr *)frame[i], bytes);
        iov[i] = (struct iovec){.iov_base = frame[i], .iov_len = head + bytes};
        message[i].msg_hdr = (struct msghdr){.msg_iov = &iov[i], .msg_iovlen = 1};
    }
}

static uint64_t due(const struct blast *b, uint64_t spent_ns)
{
    uint64_t frames = b->pps == 0 ? UINT64_MAX : b->pps * (spent_ns / 1000) / 1000000;

    return b->count != 0 && frames > b->count ? b->count : frames;
}

static void run(struct blast *b)
{
    uint64_t start_ns = clock_now_ns(), spent_ns, done = 0;

    while ((spent_ns = clock_now_ns() - start_ns) < b->seconds * NS_PER_SEC) {
        uint64_t left = due(b, spent_ns) - done;
        unsigned count = left < BATCH ? (unsigned)left : BATCH;
        bool vnet = b->garbage && draw_below(b, 3) == 0;

        if (b->count != 0 && done >= b->count)
            return;
        if (count == 0) {
            usleep(TICK_NS / 1000);
            continue;
        }
        make_batch(b, vnet, count);
        send_batch(b, vnet ? b->vnet_fd : b->fd, count);
        done += count;
    }
}

/* ---- words ------------------------------------------------------------------------------- */

static int parse_address(const char *text, struct mac *ret_mac, bool *ret_random)
{
    *ret_random = strcmp(text, "random") == 0;
    return *ret_random ? 0 : mac_parse(text, ret_mac);
}

static int parse_word(struct blast *b, char *word)
{
    char *value = strchr(word, '=');

    if (value == NULL)
        return -1;
    *value++ = '\0';
    if (strcmp(word, "dst") == 0)
        return parse_address(value, &b->dst, &b->random_dst);
    if (strcmp(word, "src") == 0)
        return parse_address(value, &b->src, &b->random_src);
    if (strcmp(word, "bytes") == 0)
        b->bytes = (uint32_t)strtoul(value, NULL, 10);
    else if (strcmp(word, "pps") == 0)
        b->pps = strtoull(value, NULL, 10);
    else if (strcmp(word, "seconds") == 0)
        b->seconds = strtoull(value, NULL, 10);
    else if (strcmp(word, "count") == 0)
        b->count = strtoull(value, NULL, 10);
    else if (strcmp(word, "seed") == 0)
        b->random = strtoull(value, NULL, 10) | 1;
    else if (strcmp(word, "garbage") == 0)
        b->garbage = strcmp(value, "yes") == 0;
    else
        return -1;
    return b->bytes >= ETH_HLEN && b->bytes <= BYTES_MAX ? 0 : -1;
}

int main(int argc, char **argv)
{
    struct blast b = {.bytes = 60, .seconds = 10, .random = 88172645463325252ull};

    memset(b.dst.b, 0xff, MAC_BYTES);
    memcpy(b.src.b, (uint8_t[]){0x02, 0xb1, 0xa5, 0x7e, 0, 1}, MAC_BYTES);
    for (int i = 2; i < argc; i++) {
        if (parse_word(&b, argv[i]) < 0) {
            fprintf(stderr, "frame_blast: what is '%s'?\n", argv[i]);
            return 2;
        }
    }
    if (argc < 2)
        return 2;
    b.interface = argv[1];
    b.fd = open_socket(&b, 0);
    b.vnet_fd = open_socket(&b, 1);
    run(&b);
    printf("sent %llu refused %llu\n", (unsigned long long)b.sent, (unsigned long long)b.refused);
    return 0;
}
