/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The event stream: every subscriber has its own numbering, so that a gap tells it what it missed.
 */
#ifndef CONTROL_MONITOR_H
#define CONTROL_MONITOR_H

#include "control/ctl.h"

/* NULL without memory. */
struct monitor *monitor_new(void);
void monitor_free(struct monitor *monitor); /* all connections are closed; NULL is fine */

/**
 * monitor_subscribe() - send events to a connection until it ends
 * @monitor: the stream
 * @conn: the connection; a former subscription of it is replaced
 * @kinds: only these kinds; none = all; copied
 *
 * Return: 0 or -ENOMEM.
 * Context: control; does not block.
 * Source: none
 */
int monitor_subscribe(struct monitor *monitor, struct rpc_conn *conn,
                      const struct api_names *kinds);

/* Is somebody listening? Saves the making of texts. */
bool monitor_active(const struct monitor *monitor);

/* Tell all subscribers; a slow one misses it and sees the gap in `seq`. */
void monitor_emit(struct monitor *monitor, const char *kind, const char *object, const char *text);

#endif
