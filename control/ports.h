/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The life of one port, from the daemon's side: made on the helper thread, started and ended on
 * the control thread, destroyed on the helper thread. Nothing here looks at the document.
 */
#ifndef CONTROL_PORTS_H
#define CONTROL_PORTS_H

#include "control/ctl.h"

/**
 * ports_make() - prepare a port
 * @ctl: the daemon
 * @row: its configuration; copied as far as needed
 * @options: decoded; borrowed until @done
 * @guard: copied
 * @accepted: see struct port_config
 * @done: on control: the port, or NULL and why; the port is the receiver's
 * @arg: handed to @done
 *
 * Context: control; does not block.
 * Source: none
 */
void ports_make(struct ctl *ctl, const struct api_port *row, const struct model_options *options,
                const struct port_guard *guard, bool accepted,
                void (*done)(void *arg, struct port *port, const struct vsw_err *err), void *arg);

/**
 * ports_start() - attach a prepared port and start it
 * @ctl: the daemon
 * @live: its number; live->port is set on success
 * @port: prepared
 * @err: filled on failure; the port is then attached still, and goes by ports_end()
 *
 * Return: 0 or negative errno.
 * Context: control; does not block.
 * Source: none
 */
int ports_start(struct ctl *ctl, struct live_port *live, struct port *port, struct vsw_err *err);

enum ports_end_flags {
    PORTS_KEEP = 0,
    PORTS_REMOVE = 1 << 0,  /* the port is deleted: what was made for it goes too */
    PORTS_STARTED = 1 << 1, /* ports_start() succeeded */
};

/**
 * ports_end() - stop, detach and destroy a port, whatever it has reached
 * @ctl: the daemon
 * @port: absent from the published description
 * @flags: enum ports_end_flags
 * @done: on control, when it is gone; may be NULL
 * @arg: handed to @done
 *
 * Context: control; does not block.
 * Source: none
 */
void ports_end(struct ctl *ctl, struct port *port, unsigned flags, void (*done)(void *arg),
               void *arg);

#endif
