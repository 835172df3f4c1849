/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Writes pcapng into a buffer: one section, one Ethernet interface, times in nanoseconds. Pure.
 *
 *   pcapng_begin()   section header and interface description
 *   pcapng_packet()  an enhanced packet block
 *   pcapng_end()     interface statistics
 *
 * libpcap writes the older pcap format only, which has no comments, directions or drop counts.
 */
#ifndef CONTROL_PCAPNG_H
#define CONTROL_PCAPNG_H

#include "base/base.h"

struct pcapng_buf {
    uint8_t *data; /* owned by the caller */
    size_t used, size;
};

/* Of epb_flags. */
enum {
    PCAPNG_INBOUND = 1,
    PCAPNG_OUTBOUND = 2,
    PCAPNG_CSUM_NOT_READY = 1 << 9,
    PCAPNG_SEGMENTATION_OFFLOADED = 1 << 11,
};

/* What a packet block takes besides the bytes of the packet and of the comment. */
#define PCAPNG_PACKET_OVERHEAD_BYTES 64

struct pcapng_interface {
    const char *application; /* who writes it */
    const char *name;
    const char *filter; /* as given to libpcap; "" = none */
    uint32_t snaplen_bytes;
};

struct pcapng_packet {
    uint64_t at_ns; /* since 1970 */
    uint32_t len;   /* on the wire */
    uint32_t kept;  /* in `bytes` */
    const void *bytes;
    uint32_t flags;
    const char *comment; /* "" = none */
};

struct pcapng_totals {
    uint64_t start_ns, end_ns; /* since 1970 */
    uint64_t received;         /* matched the filter */
    uint64_t missed;           /* of these: not written */
};

/**
 * pcapng_begin() - the blocks in front of all packets
 * @b: where to append
 * @i: borrowed
 *
 * Return: true, or false with @b unchanged: it does not fit. So do the functions below.
 * Context: any thread; does not block.
 * Source: draft-ietf-opsawg-pcapng sections 4.1, 4.2
 */
bool pcapng_begin(struct pcapng_buf *b, const struct pcapng_interface *i);

/* Append a packet. Source: draft-ietf-opsawg-pcapng section 4.3 */
bool pcapng_packet(struct pcapng_buf *b, const struct pcapng_packet *p);

/* Append the statistics. Source: draft-ietf-opsawg-pcapng section 4.6 */
bool pcapng_end(struct pcapng_buf *b, const struct pcapng_totals *t);

#endif
