/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Configuring a device that was probed: what it can do against what is wanted. Helper thread.
 */
#include "dpdk/dpdk_device.h"
#include "dpdk/dpdk_map.h"
#include "dpdk/dpdk_pool.h"
#include "dpdk/dpdk_say.h"

#include <errno.h>

#define DESCRIPTORS_AUTO 512
#define ROOM_MIN_BYTES   2048
#define ROOM_MAX_BYTES   (UINT16_MAX - RTE_PKTMBUF_HEADROOM)
#define TAGS_BYTES       (2 * VLAN_TAG_BYTES)

/* One attempt at a configuration. */
struct setup {
    const struct dpdk_config *config;
    struct rte_eth_dev_info info;
    struct rte_eth_conf conf;
    uint16_t rxd, txd;
};

/* ---- limits ------------------------------------------------------------------------------ */

/* As rte_eth_dev_configure() reckons. */
static uint32_t mtu_limit(const struct rte_eth_dev_info *info)
{
    uint32_t overhead = RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN;

    if (info->max_mtu != UINT16_MAX && info->max_rx_pktlen > info->max_mtu)
        overhead = info->max_rx_pktlen - info->max_mtu;
    if (info->max_rx_pktlen > overhead && info->max_rx_pktlen - overhead < info->max_mtu)
        return info->max_rx_pktlen - overhead;
    return info->max_mtu;
}

static int check_mtu(const struct rte_eth_dev_info *info, const struct dpdk_config *config,
                     const char *name, struct vsw_err *err)
{
    struct dpdk_kernel_link kernel;
    uint32_t limit = mtu_limit(info);

    if (config->mtu > limit || config->mtu < info->min_mtu) {
        vsw_err_set(err, -ERANGE, "mtu", "%s does not carry an MTU of %u", name, config->mtu);
        vsw_err_hint(err, "its driver %s takes %u to %u", info->driver_name, info->min_mtu, limit);
        return -ERANGE;
    }
    if (info->if_index == 0 || dpdk_kernel_look(info->if_index, &kernel) < 0 ||
        kernel.mtu >= config->mtu)
        return 0;
    vsw_err_set(err, -ERANGE, "mtu", "the interface %s has an MTU of %u, the port wants %u",
                kernel.name, kernel.mtu, config->mtu);
    vsw_err_hint(err, "mtu=%u, or: ip link set %s mtu %u", kernel.mtu, kernel.name, config->mtu);
    return -ERANGE;
}

static int check_leg_mtus(const struct dpdk_device *device, const struct dpdk_config *config,
                          struct vsw_err *err)
{
    for (uint16_t i = 0; i < device->leg_count; i++) {
        struct rte_eth_dev_info info;
        int rc = rte_eth_dev_info_get(device->leg[i].port_id, &info);

        if (rc == 0)
            rc = check_mtu(&info, config, config->member[i].name, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* @queues: what the port has already; 0: it is being made. */
static int choose_queues(const struct setup *s, uint16_t queues, uint16_t *ret_queues,
                         struct vsw_err *err)
{
    const struct rte_eth_dev_info *info = &s->info;
    uint16_t limit = RTE_MIN(info->max_rx_queues, info->max_tx_queues);
    uint16_t want = queues != 0 ? queues : s->config->queues_want;

    if (limit == 0)
        return vsw_err_set(err, -ENODEV, "devargs", "%s has no queues", s->config->device.name);
    if (want > limit && (queues != 0 || s->config->queues != 0))
        return vsw_err_set(err, -ERANGE, "queues", "%s has %u queue pairs, %u are wanted",
                           s->config->device.name, limit, want);
    *ret_queues = RTE_MIN(want, limit);
    return 0;
}

static int choose_room(const struct setup *s, uint16_t *ret_room, struct vsw_err *err)
{
    uint32_t room = s->config->buffer_bytes;

    if (room == 0)
        room = RTE_MAX(s->config->mtu + VLAN_ETH_BYTES + TAGS_BYTES, ROOM_MIN_BYTES);
    room = RTE_ALIGN_CEIL(RTE_MAX(room, s->info.min_rx_bufsize), CACHE_LINE_BYTES);
    if (room > ROOM_MAX_BYTES)
        return vsw_err_set(err, -ERANGE, "buffer_bytes", "%s wants buffers of %u bytes",
                           s->config->device.name, room);
    *ret_room = (uint16_t)room;
    return 0;
}

/* ---- configuration ----------------------------------------------------------------------- */

/* A virtual machine's card: the only one whose open checksums and merged segments we ask for,
 * because its peer would have to do the work else. */
static uint64_t rx_offloads(const struct rte_eth_dev_info *info)
{
    if (strstr(info->driver_name, "virtio") == NULL)
        return 0;
    return info->rx_offload_capa & (RTE_ETH_RX_OFFLOAD_TCP_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM |
                                    RTE_ETH_RX_OFFLOAD_TCP_LRO);
}

static void fill_conf(struct setup *s, struct dpdk_device *device)
{
    const struct rte_eth_dev_info *info = &s->info;
    uint64_t rss =
        info->flow_type_rss_offloads & (RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP);

    s->conf = (struct rte_eth_conf){.rxmode = {.mtu = s->config->mtu}};
    s->conf.rxmode.offloads = rx_offloads(info);
    if (s->conf.rxmode.offloads & RTE_ETH_RX_OFFLOAD_TCP_LRO)
        s->conf.rxmode.max_lro_pkt_size = info->max_lro_pkt_size;
    device->tx_offloads = dpdk_map_offloads(info->tx_offload_capa, info->tx_desc_lim.nb_seg_max,
                                            dpdk_map_segs(FRAME_MAX_BYTES, device->room_bytes),
                                            &s->conf.txmode.offloads);
    device->prepares = device->tx_offloads != 0;
    if (device->queues > 1 && rss != 0) {
        s->conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
        s->conf.rx_adv_conf.rss_conf.rss_hf = rss;
    }
    s->conf.intr_conf.lsc = (*info->dev_flags & RTE_ETH_DEV_INTR_LSC) != 0;
    s->conf.intr_conf.rmv = (*info->dev_flags & RTE_ETH_DEV_INTR_RMV) != 0;
}

static int make_pool(struct setup *s, struct dpdk_device *device, struct vsw_err *err)
{
    s->rxd = s->txd = s->config->descriptors != 0 ? s->config->descriptors : DESCRIPTORS_AUTO;
    if (rte_eth_dev_adjust_nb_rx_tx_desc(device->port_id, &s->rxd, &s->txd) != 0)
        return vsw_err_set(err, -ERANGE, "descriptors", "%s cannot have %u descriptors",
                           s->config->device.name, s->rxd);
    device->buffers = dpdk_pool_count(device->queues, s->rxd, s->txd);
    if (device->leg_count > 1)
        device->buffers += device->queues * (uint32_t)(s->rxd + s->txd) * (device->leg_count - 1u);
    return dpdk_pool_create(device->buffers, device->room_bytes, s->config->dma, &device->pool,
                            err);
}

static int setup_failed(const struct setup *s, const char *what, int rc, struct vsw_err *err)
{
    const char *why = dpdk_say_first();

    vsw_err_set(err, rc == -ENOMEM ? -ENOMEM : -EINVAL, "devargs", "%s %s: %.150s",
                s->config->device.name, what,
                why[0] != '\0' ? why : strerrordesc_np(rc < 0 ? -rc : EINVAL));
    if (rc == -ENOMEM)
        vsw_err_hint(err, "start vswitchd with a larger --memory, or give fewer queues or "
                          "descriptors, or a larger buffer_bytes");
    else
        vsw_err_hint(err, "see the guide of DPDK for the arguments of %s",
                     s->config->device.driver->name);
    return rc == -ENOMEM ? -ENOMEM : -EINVAL;
}

static int setup_queues(const struct setup *s, const struct dpdk_device *device,
                        struct vsw_err *err)
{
    struct rte_eth_rxconf rx = s->info.default_rxconf;
    struct rte_eth_txconf tx = s->info.default_txconf;
    uint16_t id = device->port_id;

    rx.offloads = s->conf.rxmode.offloads;
    tx.offloads = s->conf.txmode.offloads;
    for (uint16_t q = 0; q < device->queues; q++) {
        int rc = rte_eth_rx_queue_setup(id, q, s->rxd, (unsigned)SOCKET_ID_ANY, &rx, device->pool);

        if (rc != 0)
            return setup_failed(s, "has no such receive queue", rc, err);
        rc = rte_eth_tx_queue_setup(id, q, s->txd, (unsigned)SOCKET_ID_ANY, &tx);
        if (rc != 0)
            return setup_failed(s, "has no such transmit queue", rc, err);
    }
    return 0;
}

static int configure(struct setup *s, const struct dpdk_device *device, bool interrupts,
                     struct vsw_err *err)
{
    uint16_t id = device->port_id;
    int rc;

    s->conf.intr_conf.rxq = interrupts;
    rc = rte_eth_dev_configure(id, device->queues, device->queues, &s->conf);
    if (rc != 0)
        return setup_failed(s, "cannot be configured", rc, err);
    rc = setup_queues(s, device, err);
    if (rc < 0)
        return rc;
    /* Of the kernel's interface the MTU is the host's business. */
    rc = device->if_index != 0 || device->bond ? 0 : rte_eth_dev_set_mtu(id, s->config->mtu);
    if (rc != 0 && rc != -ENOTSUP)
        return setup_failed(s, "does not take the MTU", rc, err);
    rc = rte_eth_dev_start(id);
    return rc == 0 ? 0 : setup_failed(s, "cannot be started", rc, err);
}

/* ---- idle -------------------------------------------------------------------------------- */

/* Every queue must have its interrupt, or none is used. */
static bool find_interrupts(struct dpdk_device *device)
{
    for (uint16_t q = 0; q < device->queues; q++) {
        device->interrupt_fd[q] = rte_eth_dev_rx_intr_ctl_q_get_fd(device->port_id, q);
        if (device->interrupt_fd[q] < 0 || rte_eth_dev_rx_intr_enable(device->port_id, q) != 0)
            return false;
        rte_eth_dev_rx_intr_disable(device->port_id, q);
    }
    return true;
}

/* Cards, and what behaves like one; for other drivers to ask would only be an error in the log. */
static bool may_interrupt(const struct dpdk_config *config)
{
    return config->device.driver->dma && !config->device.driver->bond;
}

static int start_up(struct setup *s, struct dpdk_device *device, struct vsw_err *err)
{
    int rc = -ENOTSUP;

    if (may_interrupt(s->config))
        rc = configure(s, device, true, NULL);
    if (rc == 0) {
        device->rx_interrupts = find_interrupts(device);
        return 0;
    }
    return configure(s, device, false, err);
}

static void finish(const struct setup *s, struct dpdk_device *device)
{
    uint16_t id = device->port_id;

    if (s->config->promiscuous)
        rte_eth_promiscuous_enable(id);
    rte_eth_allmulticast_enable(id);
    device->tells_tx_room = !device->bond && rte_eth_tx_descriptor_status(id, 0, BURST_FRAMES) >= 0;
    snprintf(device->driver, sizeof(device->driver), "%s", s->info.driver_name);
}

int dpdk_device_setup(struct dpdk_device *device, const struct dpdk_config *config, uint16_t queues,
                      struct vsw_err *err)
{
    struct setup s = {.config = config};
    int rc = rte_eth_dev_info_get(device->port_id, &s.info);

    if (rc != 0)
        return setup_failed(&s, "cannot be asked", rc, err);
    device->if_index = s.info.if_index;
    rc = check_mtu(&s.info, config, config->device.name, err);
    if (rc == 0)
        rc = check_leg_mtus(device, config, err);
    if (rc == 0)
        rc = choose_queues(&s, queues, &device->queues, err);
    if (rc == 0)
        rc = choose_room(&s, &device->room_bytes, err);
    if (rc == 0)
        rc = make_pool(&s, device, err);
    if (rc < 0)
        return rc;
    fill_conf(&s, device);
    rc = start_up(&s, device, err);
    if (rc == 0)
        finish(&s, device);
    return rc;
}
