/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The captures that run: started and stopped by connections, ended by whatever ends them first, and
 * always with a reason. Control thread.
 *
 *   starting  the writer compiles the filter; the call waits
 *   running   workers fill, the writer writes
 *   ending    out of the workers' sight (grace period), then the writer finishes
 *   ended     the notification `capture.end`, and the answer to `capture.stop`
 */
#ifndef CONTROL_CAPTURE_H
#define CONTROL_CAPTURE_H

#include "control/ctl.h"

struct captures;

/* NULL without memory. */
struct captures *captures_new(struct ctl *ctl);

/**
 * captures_free() - end of the registry
 * @captures: captures_end_all() was called long ago; NULL is fine
 *
 * What has not ended (a file system or a name server that does not answer) is left behind, for the
 * end of the process.
 * Context: control; does not block.
 * Source: none
 */
void captures_free(struct captures *captures);

/**
 * captures_start() - start a capture
 * @captures: the registry
 * @call: of capture.start; its descriptor is taken
 * @in: what to capture
 * @out: filled when the call is answered
 * @err: filled on failure
 *
 * Return: API_PENDING or negative errno.
 * Context: control; does not block.
 * Source: none
 */
int captures_start(struct captures *captures, struct rpc_call *call,
                   const struct api_capture_start *in, struct api_capture_status *out,
                   struct vsw_err *err);

/* Stop a capture of the call's connection. Return: API_PENDING; -ENOENT it has none of this id. */
int captures_stop(struct captures *captures, struct rpc_call *call, uint32_t id,
                  struct api_capture_status *out, struct vsw_err *err);

/* A port's number is about to be free. NULL is fine. */
void captures_port_gone(struct captures *captures, uint16_t port);

/* The daemon stops. NULL is fine. */
void captures_end_all(struct captures *captures);

/* Has everything ended, or had time enough since captures_end_all()? */
bool captures_idle(const struct captures *captures);

#endif
