/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/support/packet_frame.h"

#include <string.h>

struct offload packet_request(const struct packet *p, uint16_t gso_size, uint8_t gso_type)
{
    return (struct offload){
        .flags = OFFLOAD_NEEDS_CSUM,
        .gso_type = gso_type,
        .gso_size = gso_size,
        .csum_start = (uint16_t)p->l4_off,
        .csum_offset = (uint16_t)(p->csum_off - p->l4_off),
    };
}

struct frame *packet_next(struct burst *burst, const struct packet *p, struct offload offload,
                          uint32_t piece_bytes)
{
    struct frame *f = burst_next(burst);

    f->len = p->len;
    f->head_len = p->len < FRAME_HEAD_BYTES ? (uint16_t)p->len : FRAME_HEAD_BYTES;
    memcpy(f->head, p->bytes, f->head_len);
    for (uint32_t off = f->head_len; off < p->len; off += piece_bytes) {
        uint32_t n = p->len - off < piece_bytes ? p->len - off : piece_bytes;

        burst_segs(burst)[f->seg_count++] = (struct frame_seg){p->bytes + off, n};
    }
    f->offload = offload;
    return f;
}

struct frame *packet_frame(struct burst *burst, const struct packet *p, struct offload offload,
                           uint32_t piece_bytes)
{
    struct frame *f;

    burst_reset(burst, BURST_FRAMES, INT64_MAX / 2, INT64_MAX / 2);
    f = packet_next(burst, p, offload, piece_bytes);
    burst_commit(burst, f);
    return f;
}
