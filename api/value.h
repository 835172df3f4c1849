/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Private to api/: one value as text and as a number, with units and ranges. The member is the
 * field's storage inside its struct. Any thread.
 */
#ifndef API_VALUE_H
#define API_VALUE_H

#include "api/schema.h"
#include "base/err.h"

static inline void *value_member(const struct api_field *field, const void *self)
{
    return (char *)(uintptr_t)self + field->offset;
}

/* Kinds whose JSON form is a number. */
bool value_is_number(const struct api_field *field);

/* An enum, integer or quantity as a number, whatever its size; 0 for other kinds. */
uint64_t value_number(const struct api_field *field, const void *member);

/* Checks the range and stores. 0 or -ERANGE. */
int value_set_number(const struct api_field *field, uint64_t number, void *member,
                     struct vsw_err *err);

/* Any kind but OBJECT and STRUCT. 0, -EINVAL, -ERANGE, -ENOMEM; member untouched then. */
int value_parse(const struct api_field *field, const char *text, void *member, struct vsw_err *err);

/* Rows of names only, "vlan10:red/web,vlan20:blue/web": the first part ends with a colon, the
 * others with a slash. Return as value_parse(); rows of other kinds cannot be written so: -EINVAL.
 */
int rows_parse(const struct api_field *field, const char *text, void *member, struct vsw_err *err);
/* What it looks like: "tag:tenant/network,..."; untouched for other rows. */
void rows_form(const struct api_field *field, char *buf, size_t size);
/* The same text; "" for other rows. */
void rows_format(const struct api_field *field, const void *member, char *buf, size_t size);

/* For people; a STRUCT gives "". */
void value_format(const struct api_field *field, const void *member, char *buf, size_t size);

/* The range as text: "68..65535", "1s..365d or never"; "" when there is none worth telling. */
void value_range(const struct api_field *field, char *buf, size_t size);

/* The default as text, that of a member without one too: "unlimited", "false"; "" for none. */
void value_default(const struct api_field *field, char *buf, size_t size);

/* "number", "bit/s": what help and the manual call the kind. */
const char *value_kind_name(enum api_kind kind);

#endif
