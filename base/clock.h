/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The only reader of time. Everything else is handed `now_ns`, so tests step the clock.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/**
 * clock_now_ns() - nanoseconds of CLOCK_MONOTONIC, or of the test clock when one is set
 *
 * Return: nanoseconds since an arbitrary point; never goes back.
 * Context: any thread; does not block.
 * Source: clock_gettime(2)
 */
uint64_t clock_now_ns(void);

/**
 * clock_realtime_offset_ns() - what to add to clock_now_ns() for the time of day
 *
 * Taken once by whoever stamps many things, so that their order and distances are those of
 * clock_now_ns(), whatever is done to the time of day meanwhile.
 *
 * Return: nanoseconds; the sum, modulo 2^64, is nanoseconds since 1970-01-01 UTC.
 * Context: any thread; does not block.
 * Source: clock_gettime(2)
 */
uint64_t clock_realtime_offset_ns(void);

/**
 * clock_use_test() - replace the clock by a variable
 * @now_ns: borrowed, read at every clock_now_ns(); NULL goes back to the real clock
 *
 * Context: tests only, before other threads start.
 * Source: none
 */
void clock_use_test(const uint64_t *now_ns);

#endif
