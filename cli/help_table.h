/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Fields as help shows them: name, value, default, what. One thread; does not block.
 */
#ifndef CLI_HELP_TABLE_H
#define CLI_HELP_TABLE_H

#include <stdio.h>

#include "api/api.h"

/**
 * help_table_print() - print fields as a table for people
 * @out: borrowed
 * @fields: rows of api_field_row, borrowed
 * @partial: only what names the object is required, as in `set`
 *
 * Parts of NAME are in capitals, fields of the call are written as the options they are.
 * Context: the command line's thread; does not block.
 * Source: none
 */
void help_table_print(FILE *out, const struct api_rows *fields, bool partial);

/* The fields of a table that is linked in. */
void help_object_print(FILE *out, const struct api_object *object, bool partial);

/* One port type after the other, with its options. */
void help_types_print(FILE *out, const struct api_type_list *types, bool partial);

#endif
