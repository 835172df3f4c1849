/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The one helper thread: what may block (opening devices, netlink, fsync) runs there, one job after
 * another, and its completion runs on the control thread.
 */
#ifndef CONTROL_HELPER_H
#define CONTROL_HELPER_H

#include "control/loop.h"

struct helper;

/**
 * helper_new() - start the thread
 * @loop: where completions run
 * @ret_helper: owned by the caller, helper_free()
 * @err: filled on failure
 *
 * Return: 0 or negative errno.
 * Context: control.
 * Source: none
 */
int helper_new(struct loop *loop, struct helper **ret_helper, struct vsw_err *err);

/**
 * helper_run() - queue a job
 * @helper: the thread
 * @work: runs on the helper thread; may be NULL
 * @done: runs on control afterwards; may be NULL
 * @arg: handed to both; belongs to the job until @done
 *
 * Return: 0, or -ENOMEM: neither will run.
 * Context: control; does not block.
 * Source: none
 */
int helper_run(struct helper *helper, void (*work)(void *arg), void (*done)(void *arg), void *arg);

/* Jobs queued or running, or whose completion is due. */
unsigned helper_pending(const struct helper *helper);

/**
 * helper_free() - finish the jobs that are queued, with their completions, and end the thread
 * @helper: NULL is fine
 *
 * Context: control; blocks until the jobs are done.
 * Source: none
 */
void helper_free(struct helper *helper);

#endif
