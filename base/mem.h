/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Zeroed memory on cache lines of its own, for what two threads look at.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

/**
 * mem_zalloc() - allocate zeroed cache lines
 * @count: elements
 * @bytes: of one element
 *
 * Return: memory for free(3), aligned to CACHE_LINE_BYTES, or NULL.
 * Context: any thread but workers; does not block.
 * Source: none
 */
void *mem_zalloc(size_t count, size_t bytes);

#endif
