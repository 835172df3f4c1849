/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/mem.h"

#include "base/base.h"

#include <stdlib.h>
#include <string.h>

void *mem_zalloc(size_t count, size_t bytes)
{
    size_t total;
    void *p;

    if (__builtin_mul_overflow(count, bytes, &total) || total > SIZE_MAX - CACHE_LINE_BYTES)
        return NULL;
    total = (total + CACHE_LINE_BYTES - 1) / CACHE_LINE_BYTES * CACHE_LINE_BYTES;
    p = aligned_alloc(CACHE_LINE_BYTES, total == 0 ? CACHE_LINE_BYTES : total);
    if (p != NULL)
        memset(p, 0, total);
    return p;
}
