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
 * calling thread, which EAL changes, is put back. Return: 0 or negative errno. Context: once,
 * before other threads of ours; blocks. Source: rte_eal_init()
 */
int eal_start(uint32_t memory_mib, char *ret_text, size_t size, struct vsw_err *err);
void eal_stop(void);

/* For dp_start(): makes the calling thread known to DPDK. 0 or negative errno. */
int eal_thread_init(uint16_t worker);

#endif
