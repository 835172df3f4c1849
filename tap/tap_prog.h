/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The two programs a TAP device runs in the kernel: one picks the queue, one drops what the port
 * may not send. A device works without either. Helper thread.
 */
#ifndef TAP_TAP_PROG_H
#define TAP_TAP_PROG_H

#include "base/base.h"
#include "bpf/kern_guard.h"
#include "bpf/tap_filter.h"

struct tap_steer;
struct tap_filter;

struct tap_progs {
    struct tap_steer *steer;   /* NULL: not loaded */
    struct tap_filter *filter; /* NULL: not loaded */
    int steer_error;           /* negative errno: why not */
    int filter_error;
};

/**
 * tap_progs_load() - load both programs and attach them to a device
 * @tun_fd: one queue of the device, borrowed
 * @queues: steering is left out for a single queue
 * @guard: what the filter is told first
 * @ret: filled, also with the reasons for what was refused
 *
 * Context: helper; may block.
 * Source: Linux TUNSETSTEERINGEBPF, TUNSETFILTEREBPF
 */
void tap_progs_load(int tun_fd, uint16_t queues, const struct kern_guard *guard,
                    struct tap_progs *ret);

/**
 * tap_progs_configure() - tell the filter a new configuration
 * @progs: loaded
 * @guard: replaces the present one; frames meanwhile see the one, the other, or parts of both
 *
 * Return: 0 or a negative errno; 0 without a filter.
 * Context: helper; may block.
 * Source: bpf(2) BPF_MAP_UPDATE_ELEM
 */
int tap_progs_configure(struct tap_progs *progs, const struct kern_guard *guard);

/**
 * tap_progs_drops() - how many frames the filter dropped
 * @progs: loaded
 * @ret_count: TAP_FILTER_VERDICTS numbers; zeros without a filter
 *
 * Context: helper; may block.
 * Source: bpf(2) BPF_MAP_LOOKUP_ELEM
 */
void tap_progs_drops(const struct tap_progs *progs, uint64_t *ret_count);

/* Detach from the device (when @tun_fd is not negative) and unload. */
void tap_progs_unload(struct tap_progs *progs, int tun_fd);

#endif
