/* SPDX-License-Identifier: BSD-3-Clause
 *
 * One TAP device as the kernel has it: its queues, its place, its settings. Made, changed and
 * closed on the helper thread; workers read fd[] and report its death.
 */
#ifndef TAP_TAP_KERNEL_H
#define TAP_TAP_KERNEL_H

#include <stdatomic.h>

#include "base/netns.h"
#include "tap/tap_config.h"
#include "tap/tap_netlink.h"
#include "tap/tap_prog.h"

#define TAP_TUN_PATH "/dev/net/tun"

/* What the kernel may hand to us unfinished, and what it takes so. */
#define TAP_OFFLOADS (PORT_OFFLOAD_CSUM | PORT_OFFLOAD_TSO4 | PORT_OFFLOAD_TSO6 | PORT_OFFLOAD_ECN)

struct tap_device {
    int fd[TAP_QUEUES_MAX]; /* non-blocking; constant while the device is open */
    uint16_t queues;        /* attached: as many as were wanted, or 1 of a single-queue device */
    bool multi_queue;
    bool owned;       /* made by this port, now or in an earlier life of the daemon */
    bool created;     /* made just now */
    _Atomic int dead; /* positive errno of the call that found the device gone; 0 = lives */

    int ifindex;
    struct netns netns;
    struct nl_sock *nl;
    struct tap_progs progs;
    struct tap_address applied[TAP_ADDRESSES_MAX]; /* addresses that we put there */
    uint16_t applied_count;
    uint64_t tx_dropped_before; /* when we opened it */
};

/* What a look at the device found. */
struct tap_status {
    struct tap_link link;
    uint64_t filter_drops[TAP_FILTER_VERDICTS];
    uint64_t kernel_drops; /* without those of the filter */
};

/**
 * tap_device_open() - create or attach to a device and open its queues
 * @config: what is wanted
 * @may_create: false: wait for a device that somebody else makes
 * @ret: the device, without carrier; tap_device_close() it
 * @err: what is wrong, with a hint
 *
 * Return: 0; -ENODEV there is none and it may not be created; -EBUSY somebody else uses it; -EPERM;
 * -EINVAL it is no TAP device or has a single queue only; -ENOMEM; another negative errno.
 * Context: helper; may block.
 * Source: Linux Documentation/networking/tuntap.rst
 */
int tap_device_open(const struct tap_config *config, bool may_create, struct tap_device **ret,
                    struct vsw_err *err);

/**
 * tap_device_apply() - make the device look as wanted; changes only what differs
 * @dev: open
 * @config: what is wanted; same device
 * @carrier: what the kernel's side sees of the link
 * @err: what is wrong, with a hint
 *
 * Return: 0 or a negative errno; the device stays usable.
 * Context: helper; may block.
 * Source: rtnetlink(7), Linux TUNSETCARRIER
 */
int tap_device_apply(struct tap_device *dev, const struct tap_config *config, bool carrier,
                     struct vsw_err *err);

/**
 * tap_device_check() - is it still there, and how is it?
 * @dev: open
 * @ret: its settings and counters
 * @err: why it is gone
 *
 * Return: 0; -ENODEV device or namespace are gone; another negative errno.
 * Context: helper; may block.
 * Source: rtnetlink(7)
 */
int tap_device_check(const struct tap_device *dev, struct tap_status *ret, struct vsw_err *err);

/**
 * tap_device_close() - close the queues; NULL is fine
 * @dev: no worker knows it any more; freed
 * @remove: remove the device too, when it is ours
 *
 * Context: helper; may block.
 * Source: Linux TUNSETPERSIST
 */
void tap_device_close(struct tap_device *dev, bool remove);

/* The features of an open device in words. */
void tap_device_describe(const struct tap_device *dev, char *buf, size_t size);

#endif
