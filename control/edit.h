/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Single commands as edits of the wanted document. Pure; the document is checked as a whole
 * afterwards, so an edit refuses only what a look at the result could not tell.
 */
#ifndef CONTROL_EDIT_H
#define CONTROL_EDIT_H

#include "api/api.h"

/**
 * edit_apply() - change a document as a method asks
 * @method: one with API_M_EDIT
 * @config: changed; on failure it may be changed in part
 * @in: the decoded parameters of the method
 * @err: filled on failure
 *
 * Return: 0; -EEXIST; -ENOENT; -EBUSY still in use, with the users named; -ENOMEM; -EINVAL for a
 * method that is no edit.
 * Context: control; does not block.
 * Source: none
 */
int edit_apply(enum api_method_id method, struct api_config *config, const void *in,
               struct vsw_err *err);

#endif
