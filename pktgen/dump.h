/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Received frames into a pcap file, times in nanoseconds. One owner: the receiving thread, which
 * writes to the disk when the buffer of 1 MB is full: not for measuring.
 */
#ifndef PKTGEN_DUMP_H
#define PKTGEN_DUMP_H

#include "base/base.h"
#include "base/err.h"

struct pg_dump;

/**
 * pg_dump_open() - start a file
 * @path: replaced if it exists; "-" is standard output
 * @ret_dump: owned by the caller: pg_dump_close()
 * @err: says why not
 *
 * Return: 0; negative errno of open(2); -ENOMEM.
 * Context: main thread; blocks on the file.
 * Source: libpcap
 */
int pg_dump_open(const char *path, struct pg_dump **ret_dump, struct vsw_err *err);

/* One frame of @len bytes that came at @ns since 1970. A failing disk is told when closing. */
void pg_dump_frame(struct pg_dump *dump, uint64_t ns, const void *frame, uint32_t len);

/* Frames written so far. */
uint64_t pg_dump_count(const struct pg_dump *dump);

/**
 * pg_dump_close() - write what is left, free
 * @dump: taken; NULL is fine
 * @err: says why the file is not complete
 *
 * Return: 0, or a negative errno, like -ENOSPC.
 * Context: main thread; blocks on the file.
 * Source: libpcap
 */
int pg_dump_close(struct pg_dump *dump, struct vsw_err *err);

#endif
