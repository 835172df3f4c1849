/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The orderly stop: changes under way are finished, ports end and leave behind what a restart
 * should find again, and the loop ends.
 */
#ifndef CONTROL_STOP_H
#define CONTROL_STOP_H

#include "control/ctl.h"

/**
 * stop_begin() - stop the daemon
 * @ctl: the daemon; a second call does nothing
 *
 * Ends with loop_exit(0), or after ten seconds with loop_exit(1).
 * Context: control; does not block.
 * Source: none
 */
void stop_begin(struct ctl *ctl);

#endif
