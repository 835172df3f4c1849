/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Packet buffers of one port. Private to dpdk/.
 */
#ifndef DPDK_DPDK_POOL_H
#define DPDK_DPDK_POOL_H

#include "base/base.h"
#include "base/err.h"

#include <rte_mempool.h>

/**
 * dpdk_pool_create() - make the buffers of a port
 * @count: how many
 * @room_bytes: of data in each, headroom not counted
 * @dma: the device reads and writes them itself: DPDK's own memory (--memory); else ordinary pages,
 * which cost nothing before they are used and go back to the system with the port
 * @ret_pool: dpdk_pool_free()
 * @err: filled on failure
 *
 * Return: 0 or -ENOMEM.
 * Context: helper; may block.
 * Source: rte_mempool_populate_iova(), rte_pktmbuf_pool_create()
 */
int dpdk_pool_create(uint32_t count, uint16_t room_bytes, bool dma, struct rte_mempool **ret_pool,
                     struct vsw_err *err);

/* No worker knows it, no device holds buffers of it. NULL is fine. Helper. */
void dpdk_pool_free(struct rte_mempool *pool);

/* How many buffers a port with @pairs queue pairs of @rxd and @txd descriptors needs, so that it
 * does not run out while rings are full. Helper. */
uint32_t dpdk_pool_count(uint16_t pairs, uint32_t rxd, uint32_t txd);

#endif
