/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A keyed, non-linear hash of 64-bit keys: one who does not know the key cannot make keys collide.
 * SipHash with one compression and three finalisation rounds, for exactly eight bytes of input.
 */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include <stdint.h>

struct siphash_key {
    uint64_t k0, k1;
};

static inline uint64_t siphash_rotl(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

static inline void siphash_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = siphash_rotl(v[1], 13) ^ v[0];
    v[0] = siphash_rotl(v[0], 32);
    v[2] += v[3];
    v[3] = siphash_rotl(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = siphash_rotl(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = siphash_rotl(v[1], 17) ^ v[2];
    v[2] = siphash_rotl(v[2], 32);
}

/**
 * siphash13_u64() - hash one 64-bit number
 * @key: secret, drawn at start by siphash_key_random()
 * @x: the number
 *
 * Return: 64 bits, all of them usable.
 * Context: any thread; does not block.
 * Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012 (SipHash-1-3)
 */
static inline uint64_t siphash13_u64(const struct siphash_key *key, uint64_t x)
{
    const uint64_t length_block = 8ull << 56;
    uint64_t v[4] = {
        key->k0 ^ 0x736f6d6570736575ull,
        key->k1 ^ 0x646f72616e646f6dull,
        key->k0 ^ 0x6c7967656e657261ull,
        key->k1 ^ 0x7465646279746573ull,
    };

    v[3] ^= x;
    siphash_round(v);
    v[0] ^= x;
    v[3] ^= length_block;
    siphash_round(v);
    v[0] ^= length_block;
    v[2] ^= 0xff;
    siphash_round(v);
    siphash_round(v);
    siphash_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/**
 * siphash_key_random() - draw a key from the kernel
 *
 * Return: the key.
 * Context: any thread; may block only before the kernel's pool is seeded at boot.
 * Source: getrandom(2)
 */
struct siphash_key siphash_key_random(void);

#endif
