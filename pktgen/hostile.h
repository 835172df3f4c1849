/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Frames of an attacker: floods, storms and malformed frames that a guest may send. Knows no
 * switch: what collides, collides under hashes in common use, or is read from a file.
 */
#ifndef PKTGEN_HOSTILE_H
#define PKTGEN_HOSTILE_H

#include "base/base.h"
#include "base/err.h"
#include "base/mac.h"

#define PG_ATTACK_FRAME_MAX 1514 /* bytes, without FCS */

struct pg_attack;

/* Writes one frame; @n counts from 0. Returns its length without FCS. */
typedef uint32_t (*pg_attack_cb)(const struct pg_attack *attack, uint64_t *random, uint64_t n,
                                 uint8_t *frame);

struct pg_attack {
    const char *name;
    const char *help;
    pg_attack_cb write;
    struct mac *macs; /* of victims, or keys that collide */
    uint32_t mac_count;
};

/* One frame into @frame, PG_ATTACK_FRAME_MAX bytes; @random is the caller's state, not 0. */
static inline uint32_t pg_attack_frame(const struct pg_attack *attack, uint64_t *random, uint64_t n,
                                       uint8_t *frame)
{
    return attack->write(attack, random, n, frame);
}

/* Profiles in order, without MACs; NULL behind the last. */
const struct pg_attack *pg_attack_at(unsigned i);

/**
 * pg_attack_init() - get an attack ready
 * @name: of a profile
 * @keys_path: file with one MAC a line for colliding-keys; NULL: made here
 * @victims: addresses that mac-moves takes away, copied
 * @victim_count: of @victims
 * @ret_attack: pg_attack_fini()
 * @err: reason
 *
 * Return: 0; -EINVAL no such profile, or the file is no list; -ENOMEM; negative errno of the file.
 * Context: main thread; blocks on the file, or for some tens of milliseconds.
 * Source: none
 */
int pg_attack_init(const char *name, const char *keys_path, const struct mac *victims,
                   uint32_t victim_count, struct pg_attack *ret_attack, struct vsw_err *err);
void pg_attack_fini(struct pg_attack *attack); /* frees the MACs */

#endif
