/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Small things every room needs and no room owns.
 */
#ifndef BASE_BASE_H
#define BASE_BASE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#ifndef container_of
#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))
#endif

/* Size of a cache line on every CPU we build for; structures of two threads never share one. */
#define CACHE_LINE_BYTES 64
#define cache_aligned    __attribute__((aligned(CACHE_LINE_BYTES)))

#define NS_PER_US  1000ull
#define NS_PER_MS  1000000ull
#define NS_PER_SEC 1000000000ull /* not NS_PER_S: DPDK defines that, as an int */

/* Not the compiler's built-in: a function that does nothing else has no effect to it, and goes. */
static inline void prefetch_read(const void *p)
{
    __asm__ volatile("prefetcht0 %0" : : "m"(*(const uint8_t *)p));
}

/* The line is going to be written: take it away from other CPUs at once. */
static inline void prefetch_write(const void *p)
{
    __asm__ volatile("prefetchw %0" : : "m"(*(const uint8_t *)p));
}

static inline uint64_t u64_min(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static inline uint64_t u64_max(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static inline uint16_t load_be16(const void *p)
{
    const uint8_t *b = p;

    return (uint16_t)(b[0] << 8 | b[1]);
}

static inline uint32_t load_be32(const void *p)
{
    const uint8_t *b = p;

    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static inline uint64_t load_be64(const void *p)
{
    const uint8_t *b = p;

    return (uint64_t)load_be32(b) << 32 | load_be32(b + 4);
}

static inline void store_be16(void *p, uint16_t v)
{
    uint8_t *b = p;

    b[0] = (uint8_t)(v >> 8);
    b[1] = (uint8_t)v;
}

static inline void store_be32(void *p, uint32_t v)
{
    store_be16(p, (uint16_t)(v >> 16));
    store_be16((uint8_t *)p + 2, (uint16_t)v);
}

#endif
