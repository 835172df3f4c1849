/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What port types get from the daemon: struct port_host over the loop, the helper thread and the
 * packet path.
 */
#ifndef CONTROL_HOST_H
#define CONTROL_HOST_H

#include "control/ctl.h"

/**
 * host_new() - make the host of all ports
 * @ctl: loop, helper and dp are there
 * @ret_host: host_free()
 * @err: filled on failure
 *
 * Return: 0 or negative errno.
 * Context: control; does not block.
 * Source: none
 */
int host_new(struct ctl *ctl, struct host **ret_host, struct vsw_err *err);
void host_free(struct host *host); /* NULL is fine */
struct port_host *host_of_ports(struct host *host);

/* Watches the packet path's own event descriptor and timer. */
int host_serve_datapath(struct host *host, struct vsw_err *err);

#endif
