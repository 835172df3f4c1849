/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Builds packets and checks them, byte by byte and slowly, without any code of the switch.
 */
#ifndef TESTS_SUPPORT_PACKET_H
#define TESTS_SUPPORT_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACKET_MAX_BYTES 70000

enum packet_l4 { PACKET_TCP, PACKET_UDP };

/* What to build. */
struct packet_spec {
    int tags; /* 0..2, 802.1ad in front of 802.1Q */
    bool ipv6;
    enum packet_l4 l4;
    uint32_t ip_option_bytes;  /* IPv4, multiple of 4, up to 40 */
    uint32_t ext_bytes;        /* IPv6: destination options, multiple of 8 */
    uint32_t tcp_option_bytes; /* multiple of 4, up to 40 */
    uint8_t tcp_flags;
    uint32_t payload_bytes;
    unsigned seed; /* of addresses, ports, options, payload */
};

struct packet {
    uint32_t len;
    uint32_t l3_off, l4_off, payload_off;
    uint32_t csum_off; /* of the transport checksum */
    uint8_t bytes[PACKET_MAX_BYTES];
};

/**
 * packet_build() - build a frame with a transport checksum as a guest leaves it to its device
 * @spec: what to build
 * @ret_packet: the checksum field holds the sum of the pseudo header
 *
 * Context: tests.
 * Source: RFC 791, 768, 8200, 9293
 */
void packet_build(const struct packet_spec *spec, struct packet *ret_packet);

/**
 * packet_verify() - is a finished TCP or UDP frame right in its lengths and checksums?
 * @bytes: the frame
 * @len: its bytes
 * @ret_packet: where its parts are, and a copy
 *
 * Return: NULL, or what is wrong.
 * Context: tests.
 * Source: RFC 791, 768, 8200, 9293
 */
const char *packet_verify(const uint8_t *bytes, uint32_t len, struct packet *ret_packet);

/**
 * packet_sum() - ones' complement sum, 16 bits at a time
 * @p: bytes
 * @bytes: how many; an odd last one is the high half of a word
 * @sum: to begin with
 *
 * Return: 16 bits in host order.
 * Context: tests.
 * Source: RFC 1071
 */
uint16_t packet_sum(const uint8_t *p, uint32_t bytes, uint16_t sum);

#endif
