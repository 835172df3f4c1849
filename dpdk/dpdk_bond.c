/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The legs of a bond. DPDK's bond follows the link of its members, and a member that is a card
 * tells it. One that is an interface of the kernel always claims to be up, so its carrier is
 * watched here: a leg without carrier leaves the bond, and is made anew and joins again once it has
 * it back. The last leg stays. Helper thread.
 */
#include "dpdk/dpdk_device.h"
#include "dpdk/dpdk_say.h"

#include <errno.h>
#include <rte_eth_bond.h>

static void find_interface(struct dpdk_leg *leg)
{
    struct rte_eth_dev_info info;
    struct dpdk_kernel_link kernel;

    leg->if_index = rte_eth_dev_info_get(leg->port_id, &info) == 0 ? info.if_index : 0;
    if (leg->if_index != 0 && dpdk_kernel_look(leg->if_index, &kernel) == 0)
        memcpy(leg->ifname, kernel.name, sizeof(leg->ifname));
}

static int join(struct dpdk_device *device, struct dpdk_leg *leg,
                const struct dpdk_device_name *name, struct vsw_err *err)
{
    const char *why;

    if (rte_eth_bond_slave_add(device->port_id, leg->port_id) != 0) {
        why = dpdk_say_first();
        return vsw_err_set(err, -EINVAL, "members", "%s cannot join the bond: %.150s", name->name,
                           why[0] != '\0' ? why : "it does not say why");
    }
    leg->state = DPDK_LEG_IN;
    atomic_store(&leg->drained, device->active_backup);
    return 0;
}

/* They join for a moment only: configuring the bond lets go of them and takes those that its
 * arguments name, which are the same. But what it can do, it tells beforehand by its members. */
int dpdk_bond_open(struct dpdk_device *device, const struct dpdk_config *config,
                   struct vsw_err *err)
{
    for (uint16_t i = 0; i < config->member_count; i++) {
        struct dpdk_leg *leg = &device->leg[i];
        int rc;

        leg->port_id = RTE_MAX_ETHPORTS;
        device->leg_count++;
        rc = dpdk_device_probe(&config->member[i], "members", &leg->port_id, err);
        if (rc == 0) {
            find_interface(leg);
            rc = join(device, leg, &config->member[i], err);
        }
        if (rc < 0)
            return rc;
    }
    return 0;
}

void dpdk_bond_started(struct dpdk_device *device)
{
    int mode = rte_eth_bond_mode_get(device->port_id);

    device->active_backup = mode == BONDING_MODE_ACTIVE_BACKUP;
    device->keep_alive = mode == BONDING_MODE_8023AD;
    for (uint16_t i = 0; i < device->leg_count; i++)
        atomic_store(&device->leg[i].drained, device->active_backup);
}

/* The bond is closed already and has let go of them. */
void dpdk_bond_close(struct dpdk_device *device)
{
    for (uint16_t i = 0; i < device->leg_count; i++)
        dpdk_device_unprobe(device->leg[i].port_id);
}

/* ---- looking ----------------------------------------------------------------------------- */

/* By name: an interface that was removed and made again has another number. */
static bool has_carrier(const struct dpdk_leg *leg)
{
    struct dpdk_kernel_link kernel;
    unsigned now = leg->ifname[0] == '\0' ? 0 : if_nametoindex(leg->ifname);

    if (leg->state == DPDK_LEG_IN && now != leg->if_index)
        return false;
    return now != 0 && dpdk_kernel_look(now, &kernel) == 0 && kernel.carrier;
}

static uint16_t count_in(const struct dpdk_device *device)
{
    uint16_t count = 0;

    for (uint16_t i = 0; i < device->leg_count; i++)
        count += device->leg[i].state == DPDK_LEG_IN;
    return count;
}

/* A driver that was stopped once may not start again, so the leg is made anew. */
static void come_back(struct dpdk_device *device, struct dpdk_leg *leg,
                      const struct dpdk_device_name *name, struct vsw_err *err)
{
    dpdk_device_unprobe(leg->port_id);
    leg->port_id = RTE_MAX_ETHPORTS;
    if (dpdk_device_probe(name, "members", &leg->port_id, err) < 0)
        return;
    find_interface(leg);
    (void)join(device, leg, name, err);
}

static bool leave(struct dpdk_device *device, struct dpdk_leg *leg)
{
    atomic_store(&leg->drained, false);
    if (rte_eth_bond_slave_remove(device->port_id, leg->port_id) != 0)
        return false;
    leg->state = DPDK_LEG_OUT;
    return true;
}

bool dpdk_bond_look(struct dpdk_device *device, const struct dpdk_config *config,
                    struct dpdk_status *status, struct vsw_err *err)
{
    bool carrier[DPDK_MEMBERS_MAX];
    bool any = false, left = false;

    for (uint16_t i = 0; i < device->leg_count; i++) {
        struct dpdk_leg *leg = &device->leg[i];

        carrier[i] = leg->ifname[0] == '\0' || has_carrier(leg);
        if (carrier[i] && leg->state == DPDK_LEG_IDLE)
            come_back(device, leg, &config->member[i], err);
        any |= carrier[i];
    }
    for (uint16_t i = 0; i < device->leg_count; i++) {
        struct dpdk_leg *leg = &device->leg[i];

        if (!carrier[i] && leg->state == DPDK_LEG_IN && count_in(device) > 1)
            left |= leave(device, leg);
    }
    status->legs_in = count_in(device);
    status->link_up &= any;
    return left;
}
