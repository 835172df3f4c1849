/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/clock.h"

#include "base/base.h"

#include <time.h>

static const uint64_t *test_now_ns;

uint64_t clock_now_ns(void)
{
    struct timespec ts;

    if (unlikely(test_now_ns != NULL))
        return *test_now_ns;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

void clock_use_test(const uint64_t *now_ns)
{
    test_now_ns = now_ns;
}
