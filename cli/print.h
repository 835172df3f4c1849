/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Answers as tables for people, made from the field tables. One thread; may block on its output.
 */
#ifndef CLI_PRINT_H
#define CLI_PRINT_H

#include <stdio.h>

#include "api/api.h"

/* Rows under aligned headings; columns where every row has the default are left out. */
void print_table(FILE *out, const struct api_object *object, const struct api_rows *rows);

/* One object over several lines, nested rows as tables below; defaults are left out. */
void print_record(FILE *out, const struct api_object *object, const void *self);

/* The result of a method, as fits it. */
void print_result(FILE *out, const struct api_method *method, const void *result);

#endif
