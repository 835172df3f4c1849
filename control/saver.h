/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Saving in the background: one write at a time on the helper thread; changes that come meanwhile
 * share the next one.
 */
#ifndef CONTROL_SAVER_H
#define CONTROL_SAVER_H

#include "control/ctl.h"

typedef void saver_done(void *arg, int rc, const struct vsw_err *err);

/* NULL without memory. */
struct saver *saver_new(struct ctl *ctl);
void saver_free(struct saver *saver); /* no request is open; NULL is fine */

/**
 * saver_request() - call back when the present revision is on the disk
 * @saver: the saver
 * @done: told how it went; may be NULL
 * @arg: handed to @done
 *
 * Context: control; does not block.
 * Source: none
 */
void saver_request(struct saver *saver, saver_done *done, void *arg);

uint64_t saver_revision(const struct saver *saver);        /* on the disk */
const char *saver_error(const struct saver *saver);        /* of the last write; "" = none */
void saver_loaded(struct saver *saver, uint64_t revision); /* what was found at start */
bool saver_idle(const struct saver *saver);

#endif
