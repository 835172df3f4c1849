/* SPDX-License-Identifier: BSD-3-Clause
 *
 * How long this host takes to wake a thread that sleeps in read(2) of an eventfd: the floor under
 * every idle latency of a switch that sleeps. Starts two threads of its own and joins them.
 */
#ifndef PKTGEN_WAKE_H
#define PKTGEN_WAKE_H

#include "base/base.h"
#include "base/err.h"
#include "pktgen/hist.h"

struct pg_wake {
    int writer_cpu, sleeper_cpu; /* -1: where the scheduler likes */
    uint32_t samples;
    uint64_t gap_ns; /* between a wake-up and the next write: how deep the sleep gets */
};

/**
 * pg_wake_cpu_other() - where somebody else sleeps, seen from a CPU
 * @cpu: the one to avoid
 *
 * Return: another CPU of this thread; if it has none, another one that is online and in its cpuset;
 * -1 if there is none.
 * Context: main thread, also under taskset; does not block.
 * Source: sched_setaffinity(2)
 */
int pg_wake_cpu_other(int cpu);

/**
 * pg_wake_measure() - time from write(2) to the return of read(2), again and again
 * @wake: what to do
 * @ret_hist: nanoseconds, one value per sample
 * @err: filled on failure
 *
 * Return: 0; -EINVAL no such CPU, or not in the cpuset of this process; -EMFILE, -EAGAIN without
 * descriptors or threads. Context: main thread; blocks for samples * (gap_ns + wake time). Source:
 * eventfd(2)
 */
int pg_wake_measure(const struct pg_wake *wake, struct pg_hist *ret_hist, struct vsw_err *err);

#endif
