/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Private to the packet socket: where a burst is received. One worker.
 */
#ifndef NETDEV_NETDEV_PACKET_RX_H
#define NETDEV_NETDEV_PACKET_RX_H

#include "port/frame.h"

/* Header, frame, and one byte more, so that what was cut is noticed. */
#define PACKET_SLOT_BYTES (VNET_HDR_BYTES + FRAME_MAX_BYTES + 1)
#define PACKET_AUX_BYTES  64

struct netdev_packet_rx {
    uint8_t aux[BURST_FRAMES][PACKET_AUX_BYTES] cache_aligned;
    struct {
        uint8_t bytes[PACKET_SLOT_BYTES];
    } cache_aligned slot[BURST_FRAMES];
};

#endif
