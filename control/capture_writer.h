/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The thread that writes one capture: it compiles the filter (a name in it may be a question to a
 * name server), says so, then turns frames into pcapng until it is told to finish or cannot go on.
 * It may wait for the reader of its descriptor as long as it takes; control never waits for it.
 *
 *   COMPILING -> READY -> ENDED       COMPILING -> ENDED: the filter is wrong, see the error
 */
#ifndef CONTROL_CAPTURE_WRITER_H
#define CONTROL_CAPTURE_WRITER_H

#include "base/err.h"
#include "datapath/capture.h"

struct capture_writer;

enum capture_writer_state { CAPTURE_COMPILING, CAPTURE_READY, CAPTURE_ENDED };

struct capture_writer_params {
    struct dp_capture *capture; /* borrowed until capture_writer_free() */
    int fd;                     /* taken, also on failure; closed when the thread has ended */
    const char *application, *port, *filter; /* copied */
    uint32_t snaplen_bytes;
    uint64_t count; /* frames; 0 = no end */
};

/**
 * capture_writer_start() - start the thread
 * @params: copied
 * @ret_writer: capture_writer_free()
 *
 * Return: 0 or negative errno.
 * Context: control; does not block.
 * Source: none
 */
int capture_writer_start(const struct capture_writer_params *params,
                         struct capture_writer **ret_writer);

/* Readable after every change of state; read by capture_writer_state(). */
int capture_writer_event_fd(const struct capture_writer *w);
enum capture_writer_state capture_writer_state(struct capture_writer *w);

/**
 * capture_writer_finish() - write what the capture holds, and the statistics, and end
 * @w: no worker fills its capture any more
 *
 * A reader that takes nothing for a second then is not waited for.
 * Context: control; does not block.
 * Source: none
 */
void capture_writer_finish(struct capture_writer *w);

/* Once it has ended: why by itself; code 0 = it was told to. */
const struct vsw_err *capture_writer_error(const struct capture_writer *w);
/* Frames written so far. Any thread. */
uint64_t capture_writer_pkts(const struct capture_writer *w);

/**
 * capture_writer_free() - end of a writer that has ended
 * @w: NULL is fine
 *
 * Context: control; does not block. One that has not ended is left alone, with what it borrows: for
 * the end of the process only.
 * Return: false when it was left alone.
 * Source: none
 */
bool capture_writer_free(struct capture_writer *w);

#endif
