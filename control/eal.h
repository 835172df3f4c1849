/* SPDX-License-Identifier: BSD-3-Clause
 *
 * DPDK's environment, kept small: no card is touched before a port asks for it, no shared
 * configuration, no telemetry.
 */
#ifndef CONTROL_EAL_H
#define CONTROL_EAL_H

#include "base/base.h"
#include "base/err.h"

/**
 * eal_start() - start DPDK
 * @memory_mib: packet memory
 * @ret_text: what was taken, for people
 * @size: bytes of @ret_text
 * @err: one sentence when DPDK cannot start
 *
 * Huge pages are used when enough of them are free. Memory does not grow later. The affinity of the
 * calling thread, which EAL changes, is put back.
 *
 * It is never stopped: nothing of it outlives the process, and rte_eal_cleanup() of 22.11 unmaps
 * memory that its own interrupt thread still reads.
 *
 * Return: 0 or negative errno.
 * Context: once, before other threads of ours; blocks.
 * Source: rte_eal_init()
 */
int eal_start(uint32_t memory_mib, char *ret_text, size_t size, struct vsw_err *err);

/* For dp_start(): makes the calling thread known to DPDK. 0 or negative errno. */
int eal_thread_init(uint16_t worker);

#endif
