/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A mempool in memory of our own, marked as unfit for DMA, for devices that copy; or DPDK's usual
 * one for devices that do not. Helper thread.
 */
#include "dpdk/dpdk_pool.h"

#include "port/frame.h"

#include <errno.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_mbuf_pool_ops.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>

/* Per thread; it may hold half as much again. */
#define CACHE_COUNT 64

static int count_lcore(unsigned lcore, void *arg)
{
    (*(uint32_t *)arg)++;
    return 0;
}

uint32_t dpdk_pool_count(uint16_t pairs, uint32_t rxd, uint32_t txd)
{
    uint32_t threads = 0;

    rte_lcore_iterate(count_lcore, &threads);
    return pairs * (rxd + txd + 4 * BURST_FRAMES) + threads * (CACHE_COUNT * 3 / 2);
}

static void unmap(struct rte_mempool_memhdr *chunk, void *opaque)
{
    munmap(chunk->addr, (size_t)(uintptr_t)opaque);
}

static int populate(struct rte_mempool *pool, uint32_t count)
{
    size_t min_chunk, align;
    ssize_t bytes = rte_mempool_op_calc_mem_size_default(pool, count, 0, &min_chunk, &align);
    void *p;
    int rc;

    if (bytes < 0)
        return (int)bytes;
    p = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return -errno;
    rc = rte_mempool_populate_iova(pool, p, RTE_BAD_IOVA, (size_t)bytes, unmap,
                                   (void *)(uintptr_t)bytes);
    if (rc <= 0)
        munmap(p, (size_t)bytes);
    return rc;
}

static struct rte_mempool *create_plain(const char *name, uint32_t count, uint16_t room_bytes)
{
    struct rte_pktmbuf_pool_private priv = {.mbuf_data_room_size = room_bytes};
    struct rte_mempool *pool = rte_mempool_create_empty(
        name, count, (unsigned)sizeof(struct rte_mbuf) + room_bytes, CACHE_COUNT, sizeof(priv),
        SOCKET_ID_ANY, RTE_MEMPOOL_F_NO_IOVA_CONTIG);

    if (pool == NULL)
        return NULL;
    if (rte_mempool_set_ops_byname(pool, rte_mbuf_best_mempool_ops(), NULL) == 0) {
        rte_pktmbuf_pool_init(pool, &priv);
        if (populate(pool, count) >= (int)count) {
            rte_mempool_obj_iter(pool, rte_pktmbuf_init, NULL);
            return pool;
        }
    }
    rte_mempool_free(pool);
    return NULL;
}

int dpdk_pool_create(uint32_t count, uint16_t room_bytes, bool dma, struct rte_mempool **ret_pool,
                     struct vsw_err *err)
{
    static atomic_uint serial;
    uint16_t room = (uint16_t)(room_bytes + RTE_PKTMBUF_HEADROOM);
    struct rte_mempool *pool;
    char name[32];

    snprintf(name, sizeof(name), "vsw-%u", atomic_fetch_add(&serial, 1));
    pool = dma ? rte_pktmbuf_pool_create(name, count, CACHE_COUNT, 0, room, SOCKET_ID_ANY)
               : create_plain(name, count, room);
    if (pool != NULL) {
        *ret_pool = pool;
        return 0;
    }
    vsw_err_set(err, -ENOMEM, NULL, "no memory for %u packet buffers of %u bytes", count, room);
    vsw_err_hint(err, "start vswitchd with a larger --memory (MiB), or give fewer queues or "
                      "descriptors");
    return -ENOMEM;
}

void dpdk_pool_free(struct rte_mempool *pool)
{
    rte_mempool_free(pool);
}
