/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The internet checksum. Sums are kept in memory's byte order, which the ones' complement sum does
 * not mind, and folded at the end. Pure; any thread.
 */
#ifndef OFFLOAD_CSUM_H
#define OFFLOAD_CSUM_H

#include "base/base.h"

#include <endian.h>

/**
 * csum_bytes() - ones' complement sum of bytes as 16-bit words
 * @p: any alignment
 * @bytes: an odd one counts as if a zero byte followed
 *
 * Return: a sum below 2^32 that may be added to others; sums of parts are those of the whole where
 * each part but the last is even.
 * Context: any thread; does not block.
 * Source: RFC 1071
 */
uint32_t csum_bytes(const uint8_t *p, uint32_t bytes);

/* Fold a sum to 16 bits. */
static inline uint16_t csum_fold(uint64_t sum)
{
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

/* The sum of one 16-bit word given in host order. */
static inline uint32_t csum_word(uint16_t word)
{
    return htobe16(word);
}

/* Store the word of a sum where it belongs, in memory's byte order. */
static inline void csum_store(uint8_t *p, uint16_t word)
{
    __builtin_memcpy(p, &word, 2);
}

#endif
