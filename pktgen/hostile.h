/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Frames of an attacker: floods, storms and malformed frames that a guest may send. Knows no
 * switch: what collides, collides under hashes in common use, or is read from a file.
 */
#ifndef PKTGEN_HOSTILE_H
#define PKTGEN_HOSTILE_H

#include "base/base.h"
#include "base/err.h"

#define PG_ATTACK_FRAME_MAX 1514 /* bytes, without FCS */

/* Writes one frame; `n` counts from 0. Returns its length without FCS. */
typedef uint32_t (*pg_attack_cb)(uint64_t *random, uint64_t n, const void *ctx, uint8_t *frame);

struct pg_attack {
    const char *name;
    const char *help;
    pg_attack_cb write;
    const void *ctx;
};

/* One frame into @frame, PG_ATTACK_FRAME_MAX bytes; @random is the caller's state, not 0. */
static inline uint32_t pg_attack_frame(const struct pg_attack *attack, uint64_t *random, uint64_t n,
                                       uint8_t *frame)
{
    return attack->write(random, n, attack->ctx, frame);
}

#endif
