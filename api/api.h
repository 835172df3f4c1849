/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the one table is used for. objects.h and methods.h say what exists; the functions here
 * work on any struct declared with schema.h, so that no command has a parser, a validator, a
 * printer or a help text of its own. Nothing here blocks or knows of sockets; any thread may call.
 */
#ifndef API_API_H
#define API_API_H

#include <stdio.h>

#include "api/json.h"
#include "api/methods.h"
#include "base/err.h"

/* ---- life of a struct -------------------------------------------------------------------- */

/**
 * api_init() - zero a struct and fill in the defaults
 * @object: table of the struct
 * @self: storage of object->size bytes; what it held is overwritten, not freed
 *
 * Context: any thread; does not block.
 * Source: none
 */
void api_init(const struct api_object *object, void *self);

/**
 * api_free() - free what the members own and zero the struct; not the struct itself
 * @object: table of the struct
 * @self: borrowed
 *
 * Context: any thread; does not block.
 * Source: none
 */
void api_free(const struct api_object *object, void *self);

/**
 * api_copy() - deep copy, `given` included
 * @object: table of both
 * @src: borrowed
 * @ret_dst: overwritten, not freed before; api_free() it
 *
 * Return: 0 or -ENOMEM, then @ret_dst is untouched.
 * Context: any thread; does not block.
 * Source: none
 */
int api_copy(const struct api_object *object, const void *src, void *ret_dst);

/**
 * api_equal() - do two structs say the same?
 * @object: table of both
 * @a: borrowed
 * @b: borrowed
 *
 * Compares values, not who gave them; call fields are left out.
 * Context: any thread; does not block.
 * Source: none
 */
bool api_equal(const struct api_object *object, const void *a, const void *b);

/**
 * api_merge() - a partial update: copy the given fields of @patch into @self
 * @object: table of both
 * @patch: borrowed
 * @self: changed; an OBJECT member is merged key by key, where null removes a key
 *
 * Call fields are left out. NAMES and ROWS are replaced as a whole, STRUCT members are merged.
 * Return: 0 or -ENOMEM, then @self may have some of the fields.
 * Context: any thread; does not block.
 * Source: RFC 7396 for OBJECT
 */
int api_merge(const struct api_object *object, const void *patch, void *self);

/**
 * api_assign() - copy all fields that two objects share by name and kind, `given` included
 * @src_object: table of @src
 * @src: borrowed
 * @dst_object: table of @dst
 * @dst: initialised; replaced members are freed
 *
 * For making a status row out of a configuration object.
 * Return: 0 or -ENOMEM, then @dst may have some of the fields.
 * Context: any thread; does not block.
 * Source: none
 */
int api_assign(const struct api_object *src_object, const void *src,
               const struct api_object *dst_object, void *dst);

/**
 * api_rows_append() - add an initialised row; use the macro api_append()
 * @object: table of a row
 * @rows: a ROWS member
 *
 * Return: the new row, valid until the next append; NULL without memory.
 * Context: any thread; does not block.
 * Source: none
 */
void *api_rows_append(const struct api_object *object, struct api_rows *rows);

/* struct api_port *p = api_append(&config->ports, api_port); */
#define api_append(rows_member, tag)                                                               \
    ((struct tag *)api_rows_append(&tag##_object, (struct api_rows *)(void *)(rows_member)))

/**
 * api_rows_remove() - free row @i and close the gap, keeping the order
 * @object: table of a row
 * @rows: a ROWS member; cast as api_append() does
 * @i: below rows->count
 *
 * Context: any thread; does not block.
 * Source: none
 */
void api_rows_remove(const struct api_object *object, struct api_rows *rows, uint32_t i);

/* Free all rows; the member is empty then. @object and @rows as of api_rows_remove(). */
void api_rows_clear(const struct api_object *object, struct api_rows *rows);

#define api_remove(rows_member, tag, i)                                                            \
    api_rows_remove(&tag##_object, (struct api_rows *)(void *)(rows_member), (i))

/**
 * api_names_append() - add a name to a NAMES member
 * @names: changed
 * @name: copied, cut at API_NAME_SIZE - 1
 *
 * Return: 0 or -ENOMEM.
 * Context: any thread; does not block.
 * Source: none
 */
int api_names_append(struct api_names *names, const char *name);
bool api_names_has(const struct api_names *names, const char *name);

/**
 * api_text_set() - replace a TEXT member
 * @text: the member; the old value is freed
 * @fmt: printf format
 *
 * Return: 0 or -ENOMEM.
 * Context: any thread; does not block.
 * Source: none
 */
int api_text_set(char **text, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- JSON -------------------------------------------------------------------------------- */
enum api_decode_mode {
    API_DECODE_DOCUMENT, /* part of a configuration: call fields are unknown */
    API_DECODE_PARAMS,   /* parameters of a method */
    API_DECODE_PARTIAL,  /* the same; only key fields are required */
    API_DECODE_REPLY,    /* a result: nothing is required, unknown fields are skipped */
};

/**
 * api_decode() - check a JSON object and fill a struct from it
 * @object: table of the struct
 * @json: borrowed; NULL stands for {}
 * @mode: how strict
 * @ret_self: initialised, then filled; api_free() it; untouched on failure
 * @err: names the field as a path ("ports[2].mtu"), the limit and a hint
 *
 * Every scalar is accepted as JSON value or as text with unit; null means the default.
 * Return: 0; -EINVAL wrong kind or text, unknown or missing field; -ERANGE; -ENOMEM.
 * Context: any thread; does not block.
 * Source: none
 */
int api_decode(const struct api_object *object, const struct json *json, enum api_decode_mode mode,
               void *ret_self, struct vsw_err *err);

/**
 * api_err_path() - put the way to a nested object in front of an error's field
 * @err: its field "queues" becomes "ports[2].options.queues"; may be NULL
 * @fmt: printf format of the way, without the dot at its end
 *
 * For whoever decodes a part by itself, like the options of a port type.
 * Context: any thread; does not block.
 * Source: none
 */
void api_err_path(struct vsw_err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

enum api_encode_mode {
    API_ENCODE_ALL,   /* every field but call fields */
    API_ENCODE_GIVEN, /* only what was given, call fields left out */
    API_ENCODE_CALL,  /* only what was given, call fields as well */
};

/**
 * api_encode() - make a JSON object from a struct
 * @object: table of the struct
 * @self: borrowed
 * @mode: which fields
 *
 * Return: the object, owned by the caller; NULL without memory.
 * Context: any thread; does not block.
 * Source: none
 */
struct json *api_encode(const struct api_object *object, const void *self,
                        enum api_encode_mode mode);

/* ---- single fields, as text -------------------------------------------------------------- */

/**
 * api_field_find() - a field by its name
 * @object: table
 * @name: borrowed
 *
 * Return: the field, or NULL.
 * Context: any thread; does not block.
 * Source: none
 */
const struct api_field *api_field_find(const struct api_object *object, const char *name);

/**
 * api_field_parse() - fill one member from text, as `key=value` does
 * @object: table of the struct
 * @field: one of its fields; STRUCT and ROWS take no text
 * @text: borrowed
 * @self: initialised; the field becomes given
 * @err: names field, limit, hint
 *
 * Return: 0; -EINVAL; -ERANGE; -ENOMEM; @self is untouched on failure.
 * Context: any thread; does not block.
 * Source: none
 */
int api_field_parse(const struct api_object *object, const struct api_field *field,
                    const char *text, void *self, struct vsw_err *err);

/**
 * api_field_format() - one member as text for people: "2.5G", "5m", "a,b", "never"
 * @field: a field of the struct
 * @self: borrowed
 * @buf: the text, cut to fit, always ended
 * @size: bytes of @buf
 *
 * Return: @buf.
 * Context: any thread; does not block.
 * Source: none
 */
char *api_field_format(const struct api_field *field, const void *self, char *buf, size_t size);

/* Has the member the same value in both structs? */
bool api_field_equal(const struct api_field *field, const void *a, const void *b);

/* Has the member its default value? */
bool api_field_is_default(const struct api_object *object, const struct api_field *field,
                          const void *self);

/* Name of an enum's value; "?" when it has none. */
const char *api_enum_name(const struct api_enum *e, uint32_t value);

/* true when @text may be a NAME. */
bool api_name_valid(const char *text);

/**
 * api_nearest() - the word that somebody may have meant
 * @word: what was written, borrowed
 * @candidates: borrowed
 * @count: of @candidates
 *
 * Return: a candidate at most a third of the word away, or NULL.
 * Context: any thread; does not block.
 * Source: Damerau, "A technique for computer detection and correction of spelling errors", 1964
 */
const char *api_nearest(const char *word, const char *const *candidates, size_t count);

/* ---- the table about itself -------------------------------------------------------------- */

/* Adds one row per field of @object to a ROWS member of api_field_row. 0 or -ENOMEM. */
int api_describe_fields(const struct api_object *object, struct api_rows *rows);

/* What may be written for a field: "access|trunk|qinq", "68..65535", "name". Returns @buf. */
char *api_field_row_value(const struct api_field_row *row, char *buf, size_t size);

/* "read" or "change". */
const char *api_role_name(enum api_role role);

/* Fills the answer to rpc.discover. 0 or -ENOMEM. */
int api_discover(struct api_discovery *out);

/* A port type as the manual shows it. */
struct api_type {
    const char *name;
    const char *help;
    const struct api_object *options;
};

/**
 * api_describe() - write the reference manual as Markdown: commands, protocol, objects
 * @out: borrowed
 * @types: the port types
 * @count: of @types
 *
 * Context: any thread; may block on @out.
 * Source: none
 */
void api_describe(FILE *out, const struct api_type *types, size_t count);

#endif
