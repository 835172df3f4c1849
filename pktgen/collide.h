/* SPDX-License-Identifier: BSD-3-Clause
 *
 * MAC addresses that fall on one place in hash tables, for hashes that tables commonly use without
 * a secret: low bits, folded XOR, CRC-32C, Jenkins. Any thread.
 */
#ifndef PKTGEN_COLLIDE_H
#define PKTGEN_COLLIDE_H

#include "base/base.h"
#include "base/err.h"
#include "base/mac.h"

/* Fills @ret_macs with four sets, one for each hash; the low 12 bits of the hash are equal. */
void pg_collide_make(struct mac *ret_macs, uint32_t count);

/**
 * pg_collide_read() - read addresses that collide in one's own table
 * @path: one address a line; empty lines and those that begin with # do not count
 * @ret_macs: owned by the caller: free()
 * @ret_count: at least 1
 * @err: reason
 *
 * Return: 0; -EINVAL not an address; -ENODATA none; -ENOMEM; negative errno of the file.
 * Context: main thread; blocks on the file.
 * Source: none
 */
int pg_collide_read(const char *path, struct mac **ret_macs, uint32_t *ret_count,
                    struct vsw_err *err);

#endif
