/* SPDX-License-Identifier: BSD-3-Clause */
#include "dpdk/dpdk_device.h"

#include "dpdk/dpdk_pool.h"
#include "dpdk/dpdk_say.h"

#include <errno.h>
#include <rte_dev.h>
#include <rte_errno.h>
#include <stdlib.h>

/* ---- one ethdev -------------------------------------------------------------------------- */
static bool find_port(const char *name, uint16_t *ret_port_id)
{
    struct rte_dev_iterator it;
    uint16_t id;

    if (rte_eth_dev_get_port_by_name(name, ret_port_id) == 0)
        return true;
    RTE_ETH_FOREACH_MATCHING_DEV(id, name, &it)
    {
        rte_eth_iterator_cleanup(&it);
        *ret_port_id = id;
        return true;
    }
    return false;
}

int dpdk_device_probe(const struct dpdk_device_name *name, const char *field, uint16_t *ret_port_id,
                      struct vsw_err *err)
{
    bool is_pci = strchr(name->name, ':') != NULL;
    uint16_t id;
    int rc;

    if (rte_eth_dev_get_port_by_name(name->name, &id) == 0)
        return dpdk_say_probe_failed(name, field, -EEXIST, err);
    if (is_pci && dpdk_say_check_pci(name, field, err) < 0)
        return err != NULL ? err->code : -EBUSY;
    rc = rte_dev_probe(name->args);
    if (rc != 0)
        return dpdk_say_probe_failed(name, field, rc, err);
    if (!find_port(name->name, &id))
        return vsw_err_set(err, -ENODEV, field, "%s is no network device", name->name);
    *ret_port_id = id;
    return 0;
}

void dpdk_device_unprobe(uint16_t port_id)
{
    struct rte_eth_dev_info info;
    struct rte_device *dev = NULL;

    if (!rte_eth_dev_is_valid_port(port_id))
        return;
    if (rte_eth_dev_info_get(port_id, &info) == 0)
        dev = info.device;
    rte_eth_dev_stop(port_id);
    rte_eth_dev_close(port_id);
    if (dev != NULL)
        rte_dev_remove(dev);
}

/* ---- events ------------------------------------------------------------------------------ */

/* DPDK's interrupt thread. */
static int on_event(uint16_t port_id, enum rte_eth_event_type type, void *arg, void *ret)
{
    struct dpdk_device *device = arg;
    struct port *owner = atomic_load(&device->owner);

    if (type == RTE_ETH_EVENT_INTR_RMV)
        atomic_store(&device->removed, true);
    if (owner != NULL)
        port_attention(owner);
    return 0;
}

static void listen_to(struct dpdk_device *device)
{
    rte_eth_dev_callback_register(device->port_id, RTE_ETH_EVENT_INTR_LSC, on_event, device);
    rte_eth_dev_callback_register(device->port_id, RTE_ETH_EVENT_INTR_RMV, on_event, device);
}

static void listen_no_more(struct dpdk_device *device)
{
    /* -EAGAIN: it is running right now. */
    while (rte_eth_dev_callback_unregister(device->port_id, RTE_ETH_EVENT_INTR_LSC, on_event,
                                           device) == -EAGAIN ||
           rte_eth_dev_callback_unregister(device->port_id, RTE_ETH_EVENT_INTR_RMV, on_event,
                                           device) == -EAGAIN)
        ;
}

/* ---- open and close ---------------------------------------------------------------------- */
static int open_parts(struct dpdk_device *device, const struct dpdk_config *config, uint16_t queues,
                      struct vsw_err *err)
{
    int rc = dpdk_device_probe(&config->device, "devargs", &device->port_id, err);

    if (rc == 0 && device->bond)
        rc = dpdk_bond_open(device, config, err);
    if (rc == 0)
        rc = dpdk_device_setup(device, config, queues, err);
    if (rc == 0 && device->bond)
        dpdk_bond_started(device);
    if (rc == 0)
        listen_to(device);
    return rc;
}

int dpdk_device_open(const struct dpdk_config *config, uint16_t queues,
                     struct dpdk_device **ret_device, struct vsw_err *err)
{
    struct dpdk_device *device = calloc(1, sizeof(*device));
    int rc;

    if (device == NULL)
        return vsw_err_set(err, -ENOMEM, NULL, "out of memory");
    device->port_id = RTE_MAX_ETHPORTS;
    device->name = config->device;
    device->bond = config->device.driver->bond;
    rte_spinlock_init(&device->interrupt_lock);
    dpdk_say_begin();
    rc = open_parts(device, config, queues, err);
    dpdk_say_end();
    if (rc < 0)
        dpdk_device_close(device);
    else
        *ret_device = device;
    return rc;
}

void dpdk_device_close(struct dpdk_device *device)
{
    if (device == NULL)
        return;
    if (device->port_id != RTE_MAX_ETHPORTS) {
        int listener = dpdk_memif_listener(&device->name);

        listen_no_more(device);
        dpdk_device_unprobe(device->port_id);
        dpdk_memif_closed(&device->name, listener);
    }
    dpdk_bond_close(device);
    dpdk_pool_free(device->pool);
    free(device);
}

/* ---- looking ----------------------------------------------------------------------------- */
static int look_gone(const struct dpdk_config *config, const char *why, struct vsw_err *err)
{
    return vsw_err_set(err, -ENODEV, "devargs", "%s is gone: %s", config->device.name, why);
}

/* What the driver says, and what stands behind it. */
static int look_link(struct dpdk_device *device, const struct dpdk_config *config,
                     struct dpdk_status *status, struct vsw_err *err)
{
    struct rte_eth_link link = {0};
    struct dpdk_kernel_link kernel;

    if (atomic_load(&device->removed) || rte_eth_dev_is_removed(device->port_id) > 0)
        return look_gone(config, "it was unplugged", err);
    if (rte_eth_link_get_nowait(device->port_id, &link) == 0) {
        status->link_up = link.link_status == RTE_ETH_LINK_UP;
        status->speed_mbps = link.link_speed == RTE_ETH_SPEED_NUM_UNKNOWN ? 0 : link.link_speed;
        status->full_duplex = link.link_duplex == RTE_ETH_LINK_FULL_DUPLEX;
    }
    if (device->if_index == 0)
        return 0;
    if (dpdk_kernel_look(device->if_index, &kernel) < 0)
        return look_gone(config, "its network interface was removed", err);
    status->link_up &= kernel.carrier;
    return 0;
}

int dpdk_device_look(struct dpdk_device *device, const struct dpdk_config *config,
                     struct dpdk_status *ret_status, bool *ret_left, struct vsw_err *err)
{
    struct dpdk_status status = {0};
    int rc;

    dpdk_say_begin();
    rc = look_link(device, config, &status, err);
    if (rc == 0 && device->bond)
        *ret_left = dpdk_bond_look(device, config, &status, err);
    if (rc == 0) {
        if (rte_eth_stats_get(device->port_id, &status.stats) != 0)
            status.stats = ret_status->stats;
        *ret_status = status;
    }
    dpdk_say_end();
    return rc;
}

void dpdk_device_rested(struct dpdk_device *device)
{
    for (uint16_t i = 0; i < device->leg_count; i++) {
        if (device->leg[i].state == DPDK_LEG_OUT)
            device->leg[i].state = DPDK_LEG_IDLE;
    }
}

void dpdk_device_set_link(struct dpdk_device *device, bool up)
{
    (void)(up ? rte_eth_dev_set_link_up(device->port_id)
              : rte_eth_dev_set_link_down(device->port_id));
}

bool dpdk_device_has_kernel(const struct dpdk_device *device)
{
    bool has = device->if_index != 0;

    for (uint16_t i = 0; i < device->leg_count; i++)
        has |= device->leg[i].ifname[0] != '\0';
    return has;
}

/* ---- words ------------------------------------------------------------------------------- */
static int describe_link(const struct dpdk_device *device, const struct dpdk_status *status,
                         char *ret, size_t size)
{
    int n = snprintf(ret, size, "%s, link %s", device->driver, status->link_up ? "up" : "down");

    if (status->link_up && status->speed_mbps != 0)
        n += snprintf(ret + n, size - (size_t)n, " %u Mbit/s %s duplex", status->speed_mbps,
                      status->full_duplex ? "full" : "half");
    if (device->bond)
        n += snprintf(ret + n, size - (size_t)n, ", %u of %u members in use", status->legs_in,
                      device->leg_count);
    return n;
}

void dpdk_device_describe(const struct dpdk_device *device, const struct dpdk_status *status,
                          uint64_t poll_max_ns, char *ret, size_t size)
{
    int n = describe_link(device, status, ret, size);
    uint32_t o = device->tx_offloads;

    if (device->rx_interrupts)
        n += snprintf(ret + n, size - (size_t)n, ", idle: receive interrupts");
    else
        n += snprintf(ret + n, size - (size_t)n, ", idle: polled every %u to %llu us",
                      DPDK_POLL_MIN_US, (unsigned long long)(poll_max_ns / NS_PER_US));
    n += snprintf(ret + n, size - (size_t)n, ", offloads:%s%s%s%s",
                  o & PORT_OFFLOAD_CSUM ? " csum" : "", o & PORT_OFFLOAD_TSO4 ? " tso4" : "",
                  o & PORT_OFFLOAD_TSO6 ? " tso6" : "", o == 0 ? " none (in software)" : "");
    snprintf(ret + n, size - (size_t)n, ", %u buffers of %u bytes, device counted %llu in %llu out",
             device->buffers, device->room_bytes, (unsigned long long)status->stats.ipackets,
             (unsigned long long)status->stats.opackets);
}
