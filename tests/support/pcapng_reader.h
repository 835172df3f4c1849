/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Reads pcapng back, strictly and without any code of the switch: what is not exactly as the
 * standard says is an error.
 */
#ifndef TESTS_SUPPORT_PCAPNG_READER_H
#define TESTS_SUPPORT_PCAPNG_READER_H

#include <stddef.h>
#include <stdint.h>

struct pcapng_read_packet {
    uint64_t at_ns;
    uint32_t len, kept, flags;
    const uint8_t *bytes; /* into what was read */
    char comment[256];
};

struct pcapng_read {
    char application[64], if_name[64], if_filter[1200];
    uint32_t snaplen;
    uint8_t tsresol;
    struct pcapng_read_packet packet[16384];
    uint32_t packets;
    uint32_t statistics; /* blocks of them */
    uint64_t received, dropped, start_ns, end_ns;
};

/* Parse a whole file. Return NULL, or what is wrong. Source: draft-ietf-opsawg-pcapng */
const char *pcapng_parse(const uint8_t *bytes, size_t len, struct pcapng_read *ret_read);

#endif
