/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Changes of the wanted state, made one after another, all or nothing.
 *
 *   begin    the new document: edited, checked, compared          refused: nothing has happened
 *   prepare  added ports are made on the helper thread            refused: they are destroyed
 *   down     ports that must be made anew are ended
 *   remake   and made again, with added ports that had to wait    refused: undo makes the old ones
 *   commit   started, configured, published by one swap           refused: undo
 *   remove   ports that are no longer wanted are ended
 *   place    pinned queues go to their workers
 *   save     and the answer
 *
 * At start, and when ports are tried again, a port that fails keeps the others from nothing: it
 * stays wanted, with the reason to be seen, and is tried again.
 */
#ifndef CONTROL_CHANGE_H
#define CONTROL_CHANGE_H

#include "control/ctl.h"

/**
 * change_edit() - for the handler of a method that edits
 * @call: pending from here on
 * @method: with API_M_EDIT
 * @in: its parameters, valid until the answer
 * @out: where the answer goes
 * @err: filled when it is refused at once
 *
 * Return: API_PENDING, or negative errno.
 * Context: control; does not block.
 * Source: none
 */
int change_edit(struct rpc_call *call, enum api_method_id method, const void *in,
                struct api_change *out, struct vsw_err *err);
int change_document(struct rpc_call *call, const struct api_apply *in, struct api_change *out,
                    struct vsw_err *err);
int change_batch(struct rpc_call *call, const struct api_batch *in, struct api_change *out,
                 struct vsw_err *err);

enum change_flags {
    CHANGE_BEST_EFFORT = 1 << 0, /* a port that fails stays wanted; else all or nothing */
    CHANGE_LOADED = 1 << 1,      /* it is what was saved: no new revision, nothing to save */
};

/**
 * change_restore() - make the switch match a document that the daemon has read itself
 * @ctl: the daemon
 * @config: taken
 * @flags: enum change_flags
 * @done: told how it went; may be NULL
 *
 * Return: 0 or -ENOMEM.
 * Context: control; does not block.
 * Source: none
 */
int change_restore(struct ctl *ctl, struct api_config *config, unsigned flags,
                   void (*done)(struct ctl *ctl, int rc, const struct vsw_err *err));

/* Try the ports again that could not be made. For ctl->retry. */
void change_retry(void *ctl);

/* Is nothing being changed? */
bool change_idle(const struct ctl *ctl);

#endif
