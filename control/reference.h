/* SPDX-License-Identifier: BSD-3-Clause
 *
 * `vswitchd --print-api`: the reference manual of this very build, for `make docs`.
 */
#ifndef CONTROL_REFERENCE_H
#define CONTROL_REFERENCE_H

#include <stdio.h>

/**
 * reference_print() - write the reference manual as Markdown
 * @out: borrowed
 *
 * The tables of the API, the options of every port type, the reasons for drops.
 * Context: before anything else; may block on @out.
 * Source: none
 */
void reference_print(FILE *out);

#endif
