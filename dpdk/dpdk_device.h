/* SPDX-License-Identifier: BSD-3-Clause
 *
 * One device of DPDK, from being asked for to being given back: probe, configure, start, look at
 * it, stop, remove. Private to dpdk/. Everything here is for the helper thread, which is the only
 * one that calls DPDK's control functions, but for what workers may read.
 */
#ifndef DPDK_DPDK_DEVICE_H
#define DPDK_DPDK_DEVICE_H

#include "dpdk/dpdk_config.h"
#include "dpdk/dpdk_kernel.h"

#include <rte_ethdev.h>
#include <rte_spinlock.h>

/* Where a leg of a bond is. Out: no longer a member, but a worker may still be inside of it. Idle:
 * nobody is. */
enum dpdk_leg_state { DPDK_LEG_IN, DPDK_LEG_OUT, DPDK_LEG_IDLE };

struct dpdk_leg {
    uint16_t port_id; /* RTE_MAX_ETHPORTS: not open */
    unsigned if_index;
    char ifname[IFNAMSIZ]; /* of the kernel's interface behind it, "" = none */
    enum dpdk_leg_state state;
    _Atomic bool drained; /* workers empty its receive queues while it is a backup */
};

struct dpdk_device {
    /* read by workers */
    uint16_t port_id;
    uint16_t queues;
    uint16_t room_bytes; /* of data in one buffer */
    bool rx_interrupts;
    bool tells_tx_room; /* the driver can say how full a transmit queue is */
    bool prepares;      /* packets with requests go through the driver's own check */
    bool bond, keep_alive;
    bool active_backup;
    uint16_t leg_count;
    struct dpdk_leg leg[DPDK_MEMBERS_MAX];
    struct rte_mempool *pool;
    rte_spinlock_t interrupt_lock; /* drivers share registers between queues */

    /* control and helper */
    int interrupt_fd[DPDK_QUEUES_MAX];
    uint32_t tx_offloads; /* PORT_OFFLOAD_* */
    unsigned if_index;    /* of the kernel's interface behind it, 0 = none */
    uint32_t buffers;
    char driver[32];
    struct dpdk_device_name name;

    /* any thread */
    _Atomic bool removed;         /* unplugged */
    _Atomic(struct port *) owner; /* told about events */
};

struct dpdk_status {
    bool link_up;
    uint32_t speed_mbps; /* 0 = unknown */
    bool full_duplex;
    uint16_t legs_in; /* members in use */
    struct rte_eth_stats stats;
};

/**
 * dpdk_device_open() - get a device and start it
 * @config: what it should be
 * @queues: exactly so many queue pairs; 0: as @config says and the device has
 * @ret_device: dpdk_device_close()
 * @err: names the field, what is wrong and what to do about it
 *
 * Return: 0; -ENODEV: no such device; -ENOENT: its driver is not installed; -EBUSY: somebody else
 * has it; -ERANGE: MTU or queues that it cannot have; -EINVAL, -ENOMEM.
 * Context: helper; may block.
 * Source: rte_dev_probe(), rte_eth_dev_configure()
 */
int dpdk_device_open(const struct dpdk_config *config, uint16_t queues,
                     struct dpdk_device **ret_device, struct vsw_err *err);

/* Stop it and give it back. No worker knows it. NULL is fine. Helper; may block. */
void dpdk_device_close(struct dpdk_device *device);

/**
 * dpdk_device_look() - see how a device is doing
 * @device: open
 * @config: what it should be
 * @ret_status: filled
 * @ret_left: true: a leg has left a bond; tell dpdk_device_rested() after a grace period
 * @err: filled on failure, and when a part of it does not work
 *
 * Return: 0, or -ENODEV when it is gone and has to be closed.
 * Context: helper; may block.
 * Source: rte_eth_link_get_nowait(), rte_eth_stats_get()
 */
int dpdk_device_look(struct dpdk_device *device, const struct dpdk_config *config,
                     struct dpdk_status *ret_status, bool *ret_left, struct vsw_err *err);

/* No worker is inside of a leg that has left. Control, while the helper does nothing for it. */
void dpdk_device_rested(struct dpdk_device *device);

/* Show the other end whether the port is up, where the device can. Helper. */
void dpdk_device_set_link(struct dpdk_device *device, bool up);

/* Does a kernel's interface stand behind it or a leg of it? */
bool dpdk_device_has_kernel(const struct dpdk_device *device);

/**
 * dpdk_device_describe() - what it is, in words
 * @device: open
 * @status: of the last look
 * @poll_max_ns: for a device without interrupts
 * @ret: filled
 * @size: bytes of @ret
 *
 * Context: control; does not block.
 * Source: none
 */
void dpdk_device_describe(const struct dpdk_device *device, const struct dpdk_status *status,
                          uint64_t poll_max_ns, char *ret, size_t size);

/* ---- for dpdk_bond.c and dpdk_setup.c ------------------------------------------------------- */

/* Probe one device. 0 or as dpdk_device_open(). */
int dpdk_device_probe(const struct dpdk_device_name *name, const char *field, uint16_t *ret_port_id,
                      struct vsw_err *err);
/* The reverse; RTE_MAX_ETHPORTS is fine. */
void dpdk_device_unprobe(uint16_t port_id);
/* Queues, buffers, offloads, MTU; started. 0 or as dpdk_device_open(). */
int dpdk_device_setup(struct dpdk_device *device, const struct dpdk_config *config, uint16_t queues,
                      struct vsw_err *err);

/* The descriptor that net_memif listens on, or -1: before its device is closed. */
int dpdk_memif_listener(const struct dpdk_device_name *name);
/* Its device is closed: make it harmless, if the driver has left it behind. */
void dpdk_memif_closed(const struct dpdk_device_name *name, int fd);

/* Probe the members and make them legs. 0 or as dpdk_device_open(). */
int dpdk_bond_open(struct dpdk_device *device, const struct dpdk_config *config,
                   struct vsw_err *err);
/* Which way it distributes frames: known once it is configured. */
void dpdk_bond_started(struct dpdk_device *device);
void dpdk_bond_close(struct dpdk_device *device);
/* Legs that lost their carrier leave, those that have it back return. Return true as @ret_left of
 * dpdk_device_look(). */
bool dpdk_bond_look(struct dpdk_device *device, const struct dpdk_config *config,
                    struct dpdk_status *status, struct vsw_err *err);

#endif
