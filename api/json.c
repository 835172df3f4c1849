/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The only file that knows json-c. `struct json` is its json_object under another name. Texts are
 * checked by json_scan() first, which is stricter than json-c and knows positions. Any thread.
 */
#include "api/json_scan.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

static struct json_object *raw(const struct json *json)
{
    return (struct json_object *)(uintptr_t)json;
}

static struct json *wrap(struct json_object *object)
{
    return (struct json *)object;
}

/* @text passed the scan: what json-c still refuses is its limit, not the writer's mistake. */
static int library_parse(const char *text, int len, struct json **ret_json, struct vsw_err *err)
{
    struct json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH_MAX + 1);
    struct json_object *object;
    enum json_tokener_error rc;

    if (tokener == NULL)
        return vsw_err_set(err, -ENOMEM, NULL, "out of memory");
    object = json_tokener_parse_ex(tokener, text, len);
    rc = json_tokener_get_error(tokener);
    if (rc == json_tokener_continue) { /* a bare number ends only with the text */
        object = json_tokener_parse_ex(tokener, "", 1);
        rc = json_tokener_get_error(tokener);
    }
    json_tokener_free(tokener);
    if (rc != json_tokener_success)
        return vsw_err_set(err, -EINVAL, NULL, "%s", json_tokener_error_desc(rc));
    *ret_json = wrap(object);
    return 0;
}

int json_parse(const char *text, size_t len, const struct json_limits *limits,
               struct json **ret_json, struct vsw_err *err)
{
    char *copy = NULL;
    int rc;

    if (len > INT32_MAX)
        return vsw_err_set(err, -E2BIG, NULL, "the text is too long");
    if (limits->comments && (copy = malloc(len + 1)) == NULL)
        return vsw_err_set(err, -ENOMEM, NULL, "out of memory");
    if (copy != NULL)
        memcpy(copy, text, len);
    rc = json_scan_blank(text, len, limits, NULL, NULL, copy, err);
    if (rc == 0)
        rc = library_parse(copy ? copy : text, (int)len, ret_json, err);
    free(copy);
    return rc;
}

char *json_print(const struct json *json, bool pretty)
{
    int flags =
        JSON_C_TO_STRING_NOSLASHESCAPE |
        (pretty ? JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED : JSON_C_TO_STRING_PLAIN);
    const char *text = json == NULL ? "null" : json_object_to_json_string_ext(raw(json), flags);

    return text ? strdup(text) : NULL;
}

struct json *json_new_object(void)
{
    return wrap(json_object_new_object());
}

struct json *json_new_array(void)
{
    return wrap(json_object_new_array());
}

struct json *json_new_bool(bool v)
{
    return wrap(json_object_new_boolean(v));
}

struct json *json_new_u64(uint64_t v)
{
    return wrap(json_object_new_uint64(v));
}

struct json *json_new_i64(int64_t v)
{
    return wrap(json_object_new_int64(v));
}

struct json *json_new_real(double v)
{
    char text[32];

    if (!isfinite(v))
        return NULL;
    snprintf(text, sizeof(text), "%.10g", v);
    return wrap(json_object_new_double_s(v, text));
}

struct json *json_new_text(const char *text)
{
    return wrap(json_object_new_string(text));
}

void json_free(struct json *json)
{
    json_object_put(raw(json));
}

struct json *json_dup(const struct json *json)
{
    struct json_object *copy = NULL;

    if (json == NULL || json_object_deep_copy(raw(json), &copy, NULL) != 0)
        return NULL;
    return wrap(copy);
}

bool json_same(const struct json *a, const struct json *b)
{
    return json_object_equal(raw(a), raw(b));
}

int json_set(struct json *object, const char *key, struct json *value)
{
    if (json_object_object_add(raw(object), key, raw(value)) == 0)
        return 0;
    json_free(value);
    return -ENOMEM;
}

int json_append(struct json *array, struct json *value)
{
    if (json_object_array_add(raw(array), raw(value)) == 0)
        return 0;
    json_free(value);
    return -ENOMEM;
}

void json_unset(struct json *object, const char *key)
{
    json_object_object_del(raw(object), key);
}

enum json_kind json_kind(const struct json *json)
{
    switch (json_object_get_type(raw(json))) {
    case json_type_null: return JSON_NULL;
    case json_type_boolean: return JSON_BOOL;
    case json_type_double: return JSON_REAL;
    case json_type_int: return JSON_INTEGER;
    case json_type_object: return JSON_OBJECT;
    case json_type_array: return JSON_ARRAY;
    case json_type_string: return JSON_STRING;
    }
    return JSON_NULL;
}

bool json_is_true(const struct json *json)
{
    return json_kind(json) == JSON_BOOL && json_object_get_boolean(raw(json));
}

const char *json_text(const struct json *json)
{
    return json_kind(json) == JSON_STRING ? json_object_get_string(raw(json)) : "";
}

size_t json_count(const struct json *json)
{
    switch (json_kind(json)) {
    case JSON_ARRAY: return json_object_array_length(raw(json));
    case JSON_OBJECT: return (size_t)json_object_object_length(raw(json));
    default: return 0;
    }
}

struct json *json_at(const struct json *array, size_t i)
{
    return json_kind(array) == JSON_ARRAY ? wrap(json_object_array_get_idx(raw(array), i)) : NULL;
}

bool json_has(const struct json *object, const char *key)
{
    return json_kind(object) == JSON_OBJECT && json_object_object_get_ex(raw(object), key, NULL);
}

struct json *json_get(const struct json *object, const char *key)
{
    struct json_object *value = NULL;

    if (json_kind(object) == JSON_OBJECT)
        json_object_object_get_ex(raw(object), key, &value);
    return wrap(value);
}

int json_u64(const struct json *json, uint64_t *ret_value)
{
    double real;

    switch (json_kind(json)) {
    case JSON_INTEGER:
        if (json_object_get_int64(raw(json)) < 0)
            return -ERANGE;
        *ret_value = json_object_get_uint64(raw(json));
        return 0;
    case JSON_REAL:
        real = json_object_get_double(raw(json));
        /* 2^53: beyond it a double no longer tells whole numbers apart */
        if (!(real >= 0 && real <= 9007199254740992.0) || real != floor(real))
            return -ERANGE;
        *ret_value = (uint64_t)real;
        return 0;
    default: return -EINVAL;
    }
}

int64_t json_i64(const struct json *json)
{
    return json_kind(json) == JSON_INTEGER ? json_object_get_int64(raw(json)) : 0;
}

double json_real(const struct json *json)
{
    enum json_kind kind = json_kind(json);

    return kind == JSON_REAL || kind == JSON_INTEGER ? json_object_get_double(raw(json)) : 0;
}

bool json_next(const struct json *object, struct json_iter *it)
{
    struct lh_entry *entry;

    if (!it->started) {
        if (json_kind(object) != JSON_OBJECT)
            return false;
        it->next = lh_table_head(json_object_get_object(raw(object)));
        it->started = true;
    }
    entry = it->next;
    if (entry == NULL)
        return false;
    it->key = lh_entry_k(entry);
    it->value = lh_entry_v(entry);
    it->next = lh_entry_next(entry);
    return true;
}
