/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the daemon gives up. Guests are hostile; a hole in the switch should open little.
 */
#ifndef CONTROL_HARDEN_H
#define CONTROL_HARDEN_H

#include "base/err.h"

/**
 * harden_limits() - signals, descriptors and core dumps
 *
 * SIGPIPE is ignored; as many descriptors as allowed; core files without the memory of guests.
 * Context: before other threads.
 * Source: setrlimit(2), core(5)
 */
void harden_limits(void);

/**
 * harden_capabilities() - keep only the capabilities that the daemon uses
 * @err: filled on failure
 *
 * Capabilities belong to threads: this comes before any thread is made, so that all inherit it.
 * Return: 0 or negative errno.
 * Context: before other threads.
 * Source: capabilities(7)
 */
int harden_capabilities(struct vsw_err *err);

/**
 * harden_syscalls() - refuse system calls that the daemon never makes
 * @err: filled on failure
 *
 * For all threads there are and will be.
 * Return: 0 or negative errno.
 * Context: once everything has started.
 * Source: seccomp(2)
 */
int harden_syscalls(struct vsw_err *err);

#endif
