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

uint64_t clock_realtime_offset_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    return (uint64_t)ts.tv_sec * NS_PER_SEC + (uint64_t)ts.tv_nsec - clock_now_ns();
}

void clock_use_test(const uint64_t *now_ns)
{
    test_now_ns = now_ns;
}
