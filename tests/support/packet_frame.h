/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A built packet as a source hands it over: the head copied, the body borrowed.
 */
#ifndef TESTS_SUPPORT_PACKET_FRAME_H
#define TESTS_SUPPORT_PACKET_FRAME_H

#include "port/frame.h"
#include "tests/support/packet.h"

/* To complete its checksum and, unless @gso_type is OFFLOAD_GSO_NONE, to cut it. */
struct offload packet_request(const struct packet *p, uint16_t gso_size, uint8_t gso_type);

/* The next frame of @burst, its body in pieces of @piece_bytes; not committed. */
struct frame *packet_next(struct burst *burst, const struct packet *p, struct offload offload,
                          uint32_t piece_bytes);

/* The same as the only frame of @burst, committed. It may be refused: see its drop. */
struct frame *packet_frame(struct burst *burst, const struct packet *p, struct offload offload,
                           uint32_t piece_bytes);

#endif
