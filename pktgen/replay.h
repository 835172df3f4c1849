/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A pcap or pcapng file in memory, with times, to be sent again. Read once, then constant; any
 * thread may send from it.
 */
#ifndef PKTGEN_REPLAY_H
#define PKTGEN_REPLAY_H

#include "base/base.h"
#include "base/err.h"

#define PG_REPLAY_FRAME_MAX 65549 /* bytes, without FCS */

struct pg_replay_frame {
    uint64_t offset; /* into bytes */
    uint64_t ns;     /* since the first frame; never less than that of the frame before */
    uint32_t len;
};

struct pg_replay {
    uint32_t count;
    uint32_t len_max;     /* longest frame */
    uint32_t backward;    /* frames whose time was before that of the one in front of it */
    uint64_t total_bytes; /* of all frames */
    uint64_t first_ns;    /* time of the first frame, since 1970 */
    uint64_t duration_ns; /* from the first to the last */
    struct pg_replay_frame *frames;
    uint8_t *bytes;
};

/**
 * pg_replay_open() - read a file
 * @path: pcap or pcapng, Ethernet; "-" is standard input
 * @ret_replay: owned by the caller: pg_replay_close()
 * @err: says what is wrong and with which frame
 *
 * Return: 0; -ENOENT, -EACCES and the like; -EINVAL not a capture, damaged, empty, not Ethernet,
 * a frame that was cut when captured, is too short (below 14) or too long; -ENOMEM.
 * Context: main thread; blocks on the file.
 * Source: libpcap
 */
int pg_replay_open(const char *path, struct pg_replay *ret_replay, struct vsw_err *err);
void pg_replay_close(struct pg_replay *replay); /* frees; a cleared one is fine */

/* When frame @n, counted over repetitions of the file, is due at @speed times the recorded rate,
 * in ticks since the start. Between repetitions is the mean gap of the file. */
uint64_t pg_replay_ticks(const struct pg_replay *replay, uint64_t n, double speed, uint64_t tsc_hz);

#endif
