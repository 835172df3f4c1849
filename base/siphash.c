/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/siphash.h"

#include <stdlib.h>
#include <sys/random.h>

struct siphash_key siphash_key_random(void)
{
    struct siphash_key key;

    /* Sixteen bytes are below the size that a signal can cut short. */
    if (getrandom(&key, sizeof(key), 0) != sizeof(key))
        abort();
    return key;
}
