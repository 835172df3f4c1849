/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Between DPDK's mbuf and our frame. What a device says about a frame is checked as what a guest
 * says. Pure; private to dpdk/.
 *
 * Receive: the first bytes go to the frame's private head, with the tags that the device took off
 * put back; the rest stays where it is. A device that left a checksum open, or merged TCP segments,
 * says so with L4_CKSUM_NONE and LRO: these become the checksum and segmentation request of the
 * frame. That a device has verified a checksum is not passed on: a guest that trusts it would have
 * to trust whoever is on the other side of the card, too.
 *
 * Send: tags stand in the frame already, so no insertion is asked of a device. A checksum or
 * segmentation request of a TCP or UDP packet becomes that of the mbuf; any other checksum (of an
 * inner packet, of SCTP) is computed here, in memory of our own.
 */
#ifndef DPDK_DPDK_MAP_H
#define DPDK_DPDK_MAP_H

#include "port/port.h"

#include <rte_mbuf.h>

/**
 * dpdk_map_rx() - accept a received mbuf as the next frame of a burst
 * @b: a burst for which burst_has_room()
 * @m: the body is borrowed from it
 *
 * What is no frame takes its place with `drop` set.
 * Context: worker; does not block.
 * Source: rte_mbuf_core.h, RTE_MBUF_F_RX_*
 */
void dpdk_map_rx(struct burst *b, const struct rte_mbuf *m);

/* How many buffers of @room bytes does a frame of @len bytes take? */
static inline uint32_t dpdk_map_segs(uint32_t len, uint32_t room)
{
    return len <= room ? 1 : (len + room - 1) / room;
}

/**
 * dpdk_map_tx() - write a frame into mbufs
 * @f: the frame as it was committed
 * @out: the same as it leaves
 * @chain: dpdk_map_segs() fresh mbufs, at least; they are linked to the first
 * @room: bytes that fit into each
 *
 * Return: DROP_NONE, DROP_no_offload for a request that the mbuf cannot hold.
 * Context: worker; does not block.
 * Source: rte_mbuf_core.h, RTE_MBUF_F_TX_*
 */
enum drop_reason dpdk_map_tx(const struct frame *f, const struct frame_out *out,
                             struct rte_mbuf **chain, uint32_t room);

/**
 * dpdk_map_offloads() - what to ask of a device, and what to promise to the switch
 * @capa: RTE_ETH_TX_OFFLOAD_* that the device has
 * @segs_max: mbufs it takes for one packet; 0 = it does not say
 * @segs_need: mbufs of the longest packet
 * @ret_tx: RTE_ETH_TX_OFFLOAD_* to configure
 *
 * Return: PORT_OFFLOAD_*.
 * Context: any thread; does not block.
 * Source: none
 */
uint32_t dpdk_map_offloads(uint64_t capa, uint32_t segs_max, uint32_t segs_need, uint64_t *ret_tx);

#endif
