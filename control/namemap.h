/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A hash table from (text, text, number) to a row number, so that checking a document with
 * thousands of rows stays linear. Keys are borrowed: the rows must outlive the map.
 */
#ifndef CONTROL_NAMEMAP_H
#define CONTROL_NAMEMAP_H

#include "base/base.h"

#define NAMEMAP_NONE UINT32_MAX

struct namemap_slot;

struct namemap {
    struct namemap_slot *slots;
    uint32_t mask;
    uint32_t count;
};

/**
 * namemap_init() - make an empty map
 * @map: overwritten
 * @rows: entries it must hold; more cannot be put in
 *
 * Return: 0 or -ENOMEM.
 * Context: any thread; does not block.
 * Source: none
 */
int namemap_init(struct namemap *map, uint32_t rows);
void namemap_free(struct namemap *map);

/**
 * namemap_put() - enter a key
 * @map: the map
 * @a: borrowed
 * @b: borrowed; NULL = ""
 * @n: third part of the key
 * @value: not NAMEMAP_NONE
 *
 * Return: NAMEMAP_NONE, or the value that the key has already and keeps.
 * Context: any thread; does not block.
 * Source: none
 */
uint32_t namemap_put(struct namemap *map, const char *a, const char *b, uint64_t n, uint32_t value);

/* The value of a key, or NAMEMAP_NONE. */
uint32_t namemap_get(const struct namemap *map, const char *a, const char *b, uint64_t n);

#endif
