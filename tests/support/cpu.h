/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Time as a test may measure it: what the CPU spent on this thread, not what a clock on the wall
 * says while the host was busy with others.
 */
#ifndef TESTS_SUPPORT_CPU_H
#define TESTS_SUPPORT_CPU_H

#include <time.h>

/* Seconds of CPU time that the calling thread has had. */
static inline double cpu_s(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

#endif
