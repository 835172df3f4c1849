/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The daemon's life: parts opened in order, closed in reverse, and the orderly stop between.
 */
#ifndef CONTROL_DAEMON_H
#define CONTROL_DAEMON_H

#include "control/options.h"

/**
 * daemon_run() - be vswitchd
 * @options: borrowed
 * @err: one sentence when it cannot start
 *
 * Return: 0 after an orderly stop, negative errno when it could not start.
 * Context: the main thread; blocks until SIGTERM or SIGINT.
 * Source: none
 */
int daemon_run(const struct options *options, struct vsw_err *err);

#endif
