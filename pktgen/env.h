/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Starts DPDK's environment for one process of pktgen: one thread on one core, no huge pages unless
 * asked for, nothing shared with other DPDK programs, a file prefix of its own that is gone at the
 * end. What DPDK logs is kept and shown only as the reason of an error.
 */
#ifndef PKTGEN_ENV_H
#define PKTGEN_ENV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct pg_env {
    int core;           /* CPU of the loop; -1: the last one that this process may use */
    bool huge;          /* huge pages; they must be free */
    uint64_t mem_bytes; /* what the ports' pools need */
};

/**
 * pg_env_core() - the CPU that a loop is pinned to
 * @wanted: a CPU, or -1 for the last one that this process may use
 * @ret_core: result
 * @err: reason, may be NULL
 *
 * Return: 0, -EINVAL when this process may not use the CPU.
 * Context: before pg_env_start(); does not block.
 * Source: sched_getaffinity(2)
 */
int pg_env_core(int wanted, int *ret_core, struct vsw_err *err);

/**
 * pg_env_start() - start the environment and pin the calling thread
 * @env: what is wanted
 * @err: reason, may be NULL
 *
 * Return: 0, -ENOMEM when memory or huge pages are missing, -EINVAL for the core, -EIO for what
 * else DPDK refuses. Context: once per process, its only thread; may block for as long as memory is
 * cleared. Source: DPDK 22.11 Linux guide, "EAL parameters"
 */
int pg_env_start(const struct pg_env *env, struct vsw_err *err);

/**
 * pg_env_stop() - give everything back
 *
 * Context: the thread that started it, ports closed.
 * Source: none
 */
void pg_env_stop(void);

/**
 * pg_env_said() - the last thing that DPDK logged, for use as a reason
 *
 * Return: one line without its end, "" for none; valid until DPDK logs again.
 * Context: the thread that started it; does not block.
 * Source: none
 */
const char *pg_env_said(void);

/**
 * pg_env_find() - a part of what DPDK logged since pg_env_hush()
 * @after: what stands in front of it, in the same line
 * @before: what stands behind it; the first line that has it counts
 * @ret_text: the part, "" when there is none
 * @size: of @ret_text, in bytes
 *
 * Context: the thread that started it; does not block.
 * Source: none
 */
void pg_env_find(const char *after, const char *before, char *ret_text, size_t size);

/**
 * pg_env_listen() - keep what libraries print meanwhile, as if DPDK had logged it
 * @on: from now on; else it ends
 *
 * libxdp and libbpf write to standard error, when all is well, too.
 * Context: the thread that started it; does not block.
 * Source: none
 */
void pg_env_listen(bool on);

/**
 * pg_env_hush() - forget what DPDK logged
 *
 * Context: the thread that started it; does not block.
 * Source: none
 */
void pg_env_hush(void);

#endif
