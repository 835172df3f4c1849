/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The internet checksum, 64 bytes at a time: 32-bit halves are added into 64-bit lanes, which
 * cannot overflow below 2^32 additions, so no carries have to be chased inside the loop.
 */
#include "offload/csum.h"

#include <string.h>

/* What every CPU we build for has registers for. */
#define LANES_BYTES 16
#define BLOCK_BYTES (4 * LANES_BYTES)

typedef uint64_t lanes __attribute__((vector_size(LANES_BYTES)));

static inline lanes load_lanes(const uint8_t *p)
{
    lanes v;

    memcpy(&v, p, sizeof(v));
    return v;
}

static uint64_t sum_lanes(const uint8_t *p, uint32_t blocks)
{
    lanes low = {0}, high = {0}, low2 = {0}, high2 = {0};
    uint64_t sum = 0;

    for (uint32_t i = 0; i < blocks; i++, p += BLOCK_BYTES) {
        lanes a = load_lanes(p), b = load_lanes(p + LANES_BYTES);
        lanes c = load_lanes(p + 2 * LANES_BYTES), d = load_lanes(p + 3 * LANES_BYTES);

        low += (a & 0xffffffff) + (b & 0xffffffff);
        high += (a >> 32) + (b >> 32);
        low2 += (c & 0xffffffff) + (d & 0xffffffff);
        high2 += (c >> 32) + (d >> 32);
    }
    low += low2 + high2;
    low += high;
    for (size_t i = 0; i < LANES_BYTES / sizeof(uint64_t); i++)
        sum += low[i];
    return sum;
}

static uint64_t sum_tail(const uint8_t *p, uint32_t bytes)
{
    uint64_t sum = 0;
    uint32_t word;

    for (; bytes >= sizeof(word); bytes -= sizeof(word), p += sizeof(word)) {
        memcpy(&word, p, sizeof(word));
        sum += word;
    }
    word = 0;
    memcpy(&word, p, bytes);
    return sum + word;
}

uint32_t csum_bytes(const uint8_t *p, uint32_t bytes)
{
    uint32_t blocks = bytes / BLOCK_BYTES;
    uint64_t sum = sum_lanes(p, blocks);

    p += blocks * BLOCK_BYTES;
    return csum_fold(sum + sum_tail(p, bytes % BLOCK_BYTES));
}
