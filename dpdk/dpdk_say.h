/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What DPDK says while the helper thread works for a port: its drivers return -1 and explain
 * themselves in the log. Private to dpdk/.
 */
#ifndef DPDK_DPDK_SAY_H
#define DPDK_DPDK_SAY_H

#include "dpdk/dpdk_config.h"

/**
 * dpdk_say_begin() - listen to DPDK's log from here on
 *
 * Context: helper; until dpdk_say_end().
 * Source: rte_openlog_stream()
 */
void dpdk_say_begin(void);

/* Back to a silent log. Helper. */
void dpdk_say_end(void);

/* The first error that was logged since dpdk_say_begin(), without its prefix; "" = none. Helper. */
const char *dpdk_say_first(void);

/**
 * dpdk_say_tidy() - what of a line of the log is for people
 * @line: as logged: "rte_pmd_init_internals(): eth9: ioctl failed (SIOCGIFINDEX)\n"
 * @ret: the sentence alone
 * @size: bytes of @ret
 *
 * Context: any thread; does not block.
 * Source: none
 */
void dpdk_say_tidy(const char *line, char *ret, size_t size);

/**
 * dpdk_say_probe_failed() - why a device cannot be had, in words
 * @d: the device
 * @field: for @err
 * @code: what rte_dev_probe() returned
 * @err: filled
 *
 * Return: -ENODEV, -EBUSY, -EPERM, -ENOENT or -EINVAL.
 * Context: helper; looks at sysfs.
 * Source: rte_dev_probe()
 */
int dpdk_say_probe_failed(const struct dpdk_device_name *d, const char *field, int code,
                          struct vsw_err *err);

/**
 * dpdk_say_check_pci() - may this card be taken from the kernel's driver?
 * @d: a PCI device
 * @field: for @err
 * @err: filled on failure
 *
 * Return: 0; -ENODEV: there is none; -EBUSY: a driver of the kernel holds it.
 * Context: helper; looks at sysfs.
 * Source: DPDK's guide "Linux Drivers"
 */
int dpdk_say_check_pci(const struct dpdk_device_name *d, const char *field, struct vsw_err *err);

#endif
