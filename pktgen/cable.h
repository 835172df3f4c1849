/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The loop-back for the self test: rings between two ports of one process, or one port and itself,
 * which lose, double, damage and overtake frames if asked to.
 */
#ifndef PKTGEN_CABLE_H
#define PKTGEN_CABLE_H

#include <stdint.h>

struct pg_port_spec;
struct rte_mempool;

/**
 * pg_cable_plug() - make a port of DPDK at one end of a cable
 * @spec: the name of the cable; none for a loop
 * @number: the user's number of the port
 * @ret_id: the port of DPDK
 *
 * The first port that names a cable is one end, the second the other.
 * Return: 0, -EEXIST when both ends are in use, -ENOMEM.
 * Context: the environment's thread; does not block.
 * Source: DPDK 22.11, rte_eth_from_rings()
 */
int pg_cable_plug(const struct pg_port_spec *spec, unsigned number, uint16_t *ret_id);

/**
 * pg_cable_faults() - start to do what the port asks for to the frames that it receives
 * @spec: shares of frames, borrowed until the port is closed
 * @id: the port of DPDK, configured
 * @pool: where copies come from
 *
 * Return: 0, -ENOMEM.
 * Context: the environment's thread; does not block.
 * Source: DPDK 22.11, rte_eth_add_rx_callback()
 */
int pg_cable_faults(const struct pg_port_spec *spec, uint16_t id, struct rte_mempool *pool);

#endif
