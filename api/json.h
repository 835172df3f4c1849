/* SPDX-License-Identifier: BSD-3-Clause
 *
 * JSON values. json.c is the only file that knows the library behind them. Values are trees with
 * one owner; whoever adds a value to another gives it away. Any thread, one at a time per tree.
 */
#ifndef API_JSON_H
#define API_JSON_H

#include "base/base.h"
#include "base/err.h"

#define JSON_DEPTH_MAX 32 /* nested arrays and objects; our own documents need 6 */

struct json;

enum json_kind {
    JSON_NULL,
    JSON_BOOL,
    JSON_INTEGER, /* what fits int64 or uint64 */
    JSON_REAL,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT,
};

struct json_limits {
    size_t max_bytes; /* longest text; 0 = none */
    bool comments;    /* accept comments, as files may have them */
};

/**
 * json_parse() - read one JSON value
 * @text: UTF-8, borrowed; need not end with NUL
 * @len: bytes of @text
 * @limits: borrowed
 * @ret_json: the value, owned by the caller: json_free()
 * @err: says line and column
 *
 * Refuses duplicate keys, more than JSON_DEPTH_MAX levels, invalid UTF-8, the character U+0000,
 * numbers out of range and anything after the value.
 * Return: 0; -EINVAL not JSON; -E2BIG too long or too deep; -ENOMEM.
 * Context: any thread; does not block.
 * Source: RFC 8259
 */
int json_parse(const char *text, size_t len, const struct json_limits *limits,
               struct json **ret_json, struct vsw_err *err);

/**
 * json_scan() - check a text as json_parse() does, and optionally find a value in it
 * @text: borrowed
 * @len: bytes of @text
 * @limits: borrowed
 * @path: "ports[2].mtu", or NULL
 * @ret_offset: byte where the value of @path starts, or of the deepest part of it that is there;
 *     may be NULL
 * @err: says line and column
 *
 * Return: as json_parse().
 * Context: any thread; does not block.
 * Source: RFC 8259
 */
int json_scan(const char *text, size_t len, const struct json_limits *limits, const char *path,
              size_t *ret_offset, struct vsw_err *err);

/**
 * json_position() - line and column of a byte, both from 1; columns count characters
 * @text: borrowed
 * @offset: byte in @text
 * @ret_line: line
 * @ret_column: column
 *
 * Context: any thread; does not block.
 * Source: none
 */
void json_position(const char *text, size_t offset, unsigned *ret_line, unsigned *ret_column);

/**
 * json_print() - write a value as text
 * @json: borrowed; NULL prints null
 * @pretty: over several lines, else without any line feed
 *
 * Return: the text, owned by the caller: free(); NULL without memory.
 * Context: any thread; does not block.
 * Source: RFC 8259
 */
char *json_print(const struct json *json, bool pretty);

/* Making values; NULL without memory. */
struct json *json_new_object(void);
struct json *json_new_array(void);
struct json *json_new_bool(bool v);
struct json *json_new_u64(uint64_t v);
struct json *json_new_i64(int64_t v);
struct json *json_new_real(double v); /* ten digits are kept; null when it is not finite */
struct json *json_new_text(const char *text);

/**
 * json_free() - free a value and all in it; NULL is fine
 * @json: taken
 *
 * Context: any thread; does not block.
 * Source: none
 */
void json_free(struct json *json);

/* A copy that shares nothing; NULL of NULL or without memory. */
struct json *json_dup(const struct json *json);
bool json_same(const struct json *a, const struct json *b);

/**
 * json_set() - put a member into an object; a former one of that name is freed
 * @object: a JSON_OBJECT
 * @key: copied
 * @value: taken, also on failure; NULL becomes null
 *
 * Return: 0 or -ENOMEM.
 * Context: any thread; does not block.
 * Source: none
 */
int json_set(struct json *object, const char *key, struct json *value);
int json_append(struct json *array, struct json *value); /* as json_set() */
void json_unset(struct json *object, const char *key);

/* Reading values. Texts live as long as the value does. A wrong kind reads as null, 0, "", none. */
enum json_kind json_kind(const struct json *json);
bool json_is_true(const struct json *json);
const char *json_text(const struct json *json);
size_t json_count(const struct json *json); /* items of an array, members of an object */
struct json *json_at(const struct json *array, size_t i);
struct json *json_get(const struct json *object, const char *key); /* NULL: no such member */
bool json_has(const struct json *object, const char *key);

/**
 * json_u64() - a number as an unsigned integer
 * @json: borrowed
 * @ret_value: the number
 *
 * Return: 0; -EINVAL not a number; -ERANGE negative, too large or not whole.
 * Context: any thread; does not block.
 * Source: none
 */
int json_u64(const struct json *json, uint64_t *ret_value);

/* A number as a signed integer, cut to its range; 0 when it is none. */
int64_t json_i64(const struct json *json);

/* Any number; 0 when it is none. */
double json_real(const struct json *json);

/* Walks the members of an object in the order of the text: start with all zero. */
struct json_iter {
    const char *key;
    struct json *value;
    void *next;
    bool started;
};
bool json_next(const struct json *object, struct json_iter *it);

#endif
