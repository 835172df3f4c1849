/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The signature that says of a frame whose it is, which one, and when it was due: the first
 * 14 bytes of the payload, so that it fits into 60 bytes with a VLAN tag, IPv4 and UDP.
 *
 *   0  magic     of this run and trial
 *   2  balance   makes the sum of these 14 bytes 0xffff: no checksum changes with a signature,
 *                and a damaged signature is not taken for a good one
 *   4  sequence (28 bits) and bits 8..11 of the stream
 *   8  bits 0..7 of the stream
 *   9  time, 40 low bits of the time stamp counter
 *
 * Behind it is a fixed pattern that depends on the stream. Any thread.
 */
#ifndef PKTGEN_TAG_H
#define PKTGEN_TAG_H

#include "base/base.h"

#include <string.h>

#define PG_TAG_BYTES     14
#define PG_TAG_SEQ_BITS  28
#define PG_TAG_SEQ_MASK  ((1u << PG_TAG_SEQ_BITS) - 1)
#define PG_TAG_TIME_BITS 40
#define PG_TAG_TIME_MASK ((1ull << PG_TAG_TIME_BITS) - 1)

struct pg_tag {
    uint16_t stream;
    uint32_t sequence; /* low PG_TAG_SEQ_BITS */
    uint64_t time;     /* low PG_TAG_TIME_BITS of the counter */
};

/* The magic of a run: different for trials that follow each other. */
uint16_t pg_tag_magic(uint64_t run, uint32_t trial);

/* Sum of the 14 bytes as 16-bit words in memory order, not folded; a is 0..7, b is 6..13. */
static inline uint64_t pg_tag_sum(uint64_t a, uint64_t b)
{
    return (a & 0xffffffff) + (a >> 32) + ((b >> 16) & 0xffffffff) + (b >> 48);
}

/* Valid when this is 0xffff. */
static inline uint16_t pg_tag_fold(uint64_t sum)
{
    sum = (sum & 0xffff) + ((sum >> 16) & 0xffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

/**
 * pg_tag_write() - sign a frame: two overlapping stores
 * @payload: 14 bytes
 * @magic: pg_tag_magic()
 * @stream: below 4096
 * @sequence: of the frame in its stream, from 0; only its low 28 bits are kept
 * @time: counter when the frame was due
 *
 * Context: any thread; does not block.
 * Source: RFC 1071 for the balance
 */
static inline void pg_tag_write(void *payload, uint16_t magic, uint16_t stream, uint64_t sequence,
                                uint64_t time)
{
    uint32_t low = (uint32_t)(sequence & PG_TAG_SEQ_MASK) | (uint32_t)(stream >> 8) << 28;
    uint64_t a = magic | (uint64_t)low << 32;
    uint64_t b = (uint64_t)(low >> 16) | (uint64_t)(stream & 0xff) << 16 | time << 24;
    uint16_t balance = (uint16_t)~pg_tag_fold(pg_tag_sum(a, b));

    a |= (uint64_t)balance << 16;
    memcpy(payload, &a, 8);
    memcpy((uint8_t *)payload + 6, &b, 8);
}

/* Reads 14 bytes. False: not a signature of this magic, or damaged. */
static inline bool pg_tag_read(const void *payload, uint16_t magic, struct pg_tag *ret_tag)
{
    uint64_t a, b;

    memcpy(&a, payload, 8);
    if ((uint16_t)a != magic)
        return false;
    memcpy(&b, (const uint8_t *)payload + 6, 8);
    if (unlikely(pg_tag_fold(pg_tag_sum(a, b)) != 0xffff))
        return false;
    ret_tag->sequence = (uint32_t)(a >> 32) & PG_TAG_SEQ_MASK;
    ret_tag->stream = (uint16_t)(a >> 60 << 8 | (b >> 16 & 0xff));
    ret_tag->time = b >> 24;
    return true;
}

/* Counter ticks from the time in a signature until @now; right up to 2^40 ticks, minutes. */
static inline uint64_t pg_tag_age(const struct pg_tag *tag, uint64_t now)
{
    return (now - tag->time) & PG_TAG_TIME_MASK;
}

/**
 * pg_tag_find() - where the payload of an IPv4 or IPv6 UDP or TCP frame starts
 * @frame: first piece of a received frame, may have up to two VLAN tags, more or fewer than sent
 * @len: bytes there
 *
 * A receiver tries the offset of the frame before first, with pg_tag_read().
 * Return: offset with at least PG_TAG_BYTES behind it, or 0 when there is none.
 * Context: any thread; does not block.
 * Source: RFC 768, 791, 793, 8200; IEEE 802.1Q clause 9.6
 */
uint32_t pg_tag_find(const uint8_t *frame, uint32_t len);

/**
 * pg_tag_pattern() - the payload of a stream's frames, from the first byte of the payload on
 * @stream: below 4096
 *
 * Return: at least 65536 bytes that never change; those under a signature are not used.
 * Context: any thread; the first call makes the pattern.
 * Source: none
 */
const uint8_t *pg_tag_pattern(uint16_t stream);

enum pg_damage {
    PG_INTACT,
    PG_BAD_LENGTH,  /* the lengths in the headers and that of the frame disagree */
    PG_BAD_HEADER,  /* IPv4 header checksum */
    PG_BAD_PAYLOAD, /* differs from the pattern */
};

/**
 * pg_tag_check() - is a received frame as it was sent, but for its VLAN tags?
 * @frame: all of it, in one piece
 * @len: bytes, without FCS; a frame of at most 60 may be padded
 * @payload: offset of its signature
 * @stream: from its signature
 *
 * Return: PG_INTACT, or the first thing that is wrong.
 * Context: any thread; does not block; reads the whole frame.
 * Source: RFC 791 clause 3.1, RFC 1071
 */
enum pg_damage pg_tag_check(const uint8_t *frame, uint32_t len, uint32_t payload, uint16_t stream);

#endif
