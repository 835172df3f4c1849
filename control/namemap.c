/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Open addressing, at most half full.
 */
#include "control/namemap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct namemap_slot {
    const char *a, *b;
    uint64_t n;
    uint32_t value;
};

int namemap_init(struct namemap *map, uint32_t rows)
{
    uint32_t size = 8;

    while (size < 2 * rows)
        size *= 2;
    map->slots = calloc(size, sizeof(*map->slots));
    map->mask = size - 1;
    map->count = 0;
    return map->slots == NULL ? -ENOMEM : 0;
}

void namemap_free(struct namemap *map)
{
    free(map->slots);
    *map = (struct namemap){0};
}

static uint64_t hash_text(uint64_t h, const char *text)
{
    /* FNV-1a; the closing NUL keeps ("a", "bc") and ("ab", "c") apart. */
    do {
        h = (h ^ (uint8_t)*text) * 0x100000001b3ull;
    } while (*text++ != '\0');
    return h;
}

static struct namemap_slot *find_slot(const struct namemap *map, const char *a, const char *b,
                                      uint64_t n)
{
    uint64_t h = hash_text(hash_text(0xcbf29ce484222325ull ^ n, a), b);

    for (uint32_t i = (uint32_t)(h ^ h >> 32);; i++) {
        struct namemap_slot *slot = &map->slots[i & map->mask];

        if (slot->a == NULL || (slot->n == n && strcmp(slot->a, a) == 0 && strcmp(slot->b, b) == 0))
            return slot;
    }
}

uint32_t namemap_put(struct namemap *map, const char *a, const char *b, uint64_t n, uint32_t value)
{
    struct namemap_slot *slot = find_slot(map, a, b == NULL ? "" : b, n);

    if (slot->a != NULL)
        return slot->value;
    assert(map->count <= map->mask / 2);
    map->count++;
    *slot = (struct namemap_slot){a, b == NULL ? "" : b, n, value};
    return NAMEMAP_NONE;
}

uint32_t namemap_get(const struct namemap *map, const char *a, const char *b, uint64_t n)
{
    const struct namemap_slot *slot;

    if (map->slots == NULL)
        return NAMEMAP_NONE;
    slot = find_slot(map, a, b == NULL ? "" : b, n);
    return slot->a == NULL ? NAMEMAP_NONE : slot->value;
}
