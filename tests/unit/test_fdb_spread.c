/* SPDX-License-Identifier: BSD-3-Clause
 *
 * datapath/fdb*: every table takes what it promised, and keys that an attacker chose spread as by
 * chance.
 */
#include "tests/support/cmocka.h"
#include "tests/support/fdb_table.h"

#include <stdio.h>
#include <string.h>

/* Every table takes as many as it promised, whatever its size and key. */
static void fills_to_the_last(void **state)
{
    static const uint32_t sizes[] = {1, 2, 3, 4, 5, 8, 16, 17, 31, 32, 64, 100, 1000, 4096, 65536};

    for (size_t s = 0; s < ARRAY_SIZE(sizes); s++) {
        uint32_t rounds = sizes[s] > 4096 ? 3 : 40;

        for (uint64_t seed = 1; seed <= rounds; seed++) {
            struct fdb *fdb = table_make(sizes[s], seed);

            for (uint32_t i = 0; i < sizes[s]; i++)
                assert_int_equal(fdb_learn(fdb, DOM, MAC0 + i, (uint16_t)(i % 64), 0, 1, NULL),
                                 FDB_NEW);
            for (uint32_t i = 0; i < sizes[s]; i++)
                assert_int_equal(table_port_of(fdb, DOM, MAC0 + i), (int)(i % 64));
            table_check_counts(fdb);
            fdb_destroy(fdb);
        }
    }
}

/* What is in the fullest of @buckets. */
static uint32_t fullest(const uint32_t *load, uint32_t buckets)
{
    uint32_t most = 0;

    for (uint32_t i = 0; i < buckets; i++)
        most = load[i] > most ? load[i] : most;
    return most;
}

static uint32_t crc32c_u64(uint64_t x)
{
    uint32_t crc = 0;

    for (int i = 0; i < 64; i++) {
        crc ^= (uint32_t)(x >> i) & 1;
        crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
    }
    return crc;
}

/* Keys whose CRCs agree in the low @bits: the kernel of a linear map, found by elimination. A seed
 * only shifts all sums alike, so these collide under every seed of a linear hash. */
static uint32_t crc_colliding_macs(uint32_t bits, uint64_t *macs, uint32_t max)
{
    uint64_t basis_in[64], kernel[48];
    uint32_t basis_out[64], rank = 0, free_count = 0, count = 0;
    uint32_t mask = (1u << bits) - 1;

    for (int b = 0; b < 40; b++) {
        uint64_t in = 1ull << b;
        uint32_t out = crc32c_u64(in) & mask;

        for (uint32_t r = 0; r < rank; r++) {
            if ((out ^ basis_out[r]) < out) {
                out ^= basis_out[r];
                in ^= basis_in[r];
            }
        }
        if (out == 0) {
            kernel[free_count++] = in;
        } else {
            basis_out[rank] = out;
            basis_in[rank++] = in;
        }
    }
    for (uint32_t i = 1; count < max && i < 1u << free_count; i++) {
        uint64_t mac = 0;

        for (uint32_t b = 0; b < free_count; b++)
            mac ^= i >> b & 1 ? kernel[b] : 0;
        macs[count++] = MAC0 ^ mac;
    }
    return count;
}

static void linear_collisions_spread(void **state)
{
    enum { KEYS = 65536, BITS = 15, BUCKETS = 1 << BITS };
    static uint64_t macs[KEYS];
    static uint32_t load[BUCKETS];
    struct fdb *fdb = table_make(KEYS, 0x5eed);
    uint64_t key0 = fdb_key(DOM, MAC0);
    uint32_t slots[FDB_BUCKET_SLOTS + 1] = {0};

    assert_int_equal(crc_colliding_macs(BITS, macs, KEYS), KEYS);
    assert_int_equal(fdb->bucket_mask + 1, BUCKETS);
    /* The attack works on the linear hash: all in one bucket, whatever is mixed in first. */
    for (uint32_t i = 0; i < 1000; i++) {
        uint32_t a = crc32c_u64(fdb_key(DOM, macs[i])) & (BUCKETS - 1);
        uint32_t b = crc32c_u64(fdb_key(DOM, macs[i]) ^ 0xdeadbeefcafef00dull) & (BUCKETS - 1);

        assert_int_equal(a, crc32c_u64(key0) & (BUCKETS - 1));
        assert_int_equal(b, crc32c_u64(key0 ^ 0xdeadbeefcafef00dull) & (BUCKETS - 1));
    }
    /* Not on ours: first choices are spread as by chance (mean 2, so hardly one above 14). */
    for (uint32_t i = 0; i < KEYS; i++)
        load[fdb_bucket_first(fdb, fdb_hash(fdb, fdb_key(DOM, macs[i])))]++;
    assert_in_range(fullest(load, BUCKETS), 6, 14);
    memset(load, 0, sizeof(load));
    for (uint32_t i = 0; i < KEYS; i++)
        load[fdb_bucket_second(fdb, fdb_hash(fdb, fdb_key(DOM, macs[i])))]++;
    assert_in_range(fullest(load, BUCKETS), 6, 14);
    /* And every one of them finds room. */
    for (uint32_t i = 0; i < KEYS; i++)
        assert_int_equal(fdb_learn(fdb, DOM, macs[i], 1, 1, 1, NULL), FDB_NEW);
    for (uint32_t b = 0; b < BUCKETS; b++) {
        uint32_t used = 0;

        for (int i = 0; i < FDB_BUCKET_SLOTS; i++)
            used += fdb->bucket[b].key[i] != 0;
        slots[used]++;
    }
    printf("          65536 crafted keys, buckets by slots used 0..%d:", FDB_BUCKET_SLOTS);
    for (int i = 0; i <= FDB_BUCKET_SLOTS; i++)
        printf(" %u", slots[i]);
    printf("\n");
    fdb_destroy(fdb);
}

/* Other structures an attacker may choose: steps, single bits, products; and random keys. The sum
 * of squares of the loads tells uneven from even better than the fullest bucket does. */
static void structured_keys_spread(void **state)
{
    enum { KEYS = 16384, BUCKETS = 8192 };
    static uint32_t load[BUCKETS];

    for (int shape = 0; shape < 8; shape++) {
        struct fdb *fdb = table_make(KEYS, 77 + (uint64_t)shape);
        double squares = 0, expected = KEYS + (double)KEYS * (KEYS - 1) / BUCKETS;

        memset(load, 0, sizeof(load));
        for (uint64_t i = 0; i < KEYS; i++) {
            uint64_t mac = shape < 6 ? i << (shape * 6) : shape == 6 ? i * i : i * 0x10001;
            uint64_t hash = fdb_hash(fdb, fdb_key((uint16_t)(1 + shape), mac));

            load[fdb_bucket_first(fdb, hash)]++;
        }
        for (uint32_t b = 0; b < BUCKETS; b++)
            squares += (double)load[b] * load[b];
        assert_true(squares > expected * 0.9 && squares < expected * 1.1);
        fdb_destroy(fdb);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_to_the_last),
        cmocka_unit_test(linear_collisions_spread),
        cmocka_unit_test(structured_keys_spread),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
