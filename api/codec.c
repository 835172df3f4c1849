/* SPDX-License-Identifier: BSD-3-Clause
 *
 * JSON objects to structs and back, by the field tables. Any thread.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "api/value.h"

static int object_decode(const struct api_object *object, const struct json *json,
                         enum api_decode_mode mode, void *self, struct vsw_err *err);

void api_err_path(struct vsw_err *err, const char *fmt, ...)
{
    char front[sizeof(err->field)], path[2 * sizeof(err->field)];
    va_list ap;

    if (err == NULL)
        return;
    va_start(ap, fmt);
    vsnprintf(front, sizeof(front), fmt, ap);
    va_end(ap);
    snprintf(path, sizeof(path), "%s%s%s", front, err->field[0] ? "." : "", err->field);
    snprintf(err->field, sizeof(err->field), "%.95s", path);
}

static enum api_decode_mode nested_mode(enum api_decode_mode mode)
{
    return mode == API_DECODE_REPLY ? API_DECODE_REPLY : API_DECODE_DOCUMENT;
}

static const char *kind_wanted(const struct api_field *field)
{
    switch (field->kind) {
    case API_BOOL: return "must be true or false";
    case API_OBJECT:
    case API_STRUCT: return "must be an object";
    case API_ROWS: return "must be an array of objects";
    case API_NAMES: return "must be an array of names";
    default: return value_is_number(field) ? "must be a number or a text" : "must be a text";
    }
}

static int kind_refuse(const struct api_field *field, struct vsw_err *err)
{
    return vsw_err_set(err, -EINVAL, field->name, "%s", kind_wanted(field));
}

static int number_decode(const struct api_field *field, const struct json *json, void *member,
                         struct vsw_err *err)
{
    char range[64];
    uint64_t number;

    if (json_u64(json, &number) == 0)
        return value_set_number(field, number, member, err);
    value_range(field, range, sizeof(range));
    vsw_err_set(err, -ERANGE, field->name, "is negative, too large or not whole");
    if (range[0] != '\0')
        vsw_err_hint(err, "a whole number, %s", range);
    return -ERANGE;
}

static int names_decode(const struct api_field *field, const struct json *json, void *member,
                        struct vsw_err *err)
{
    struct api_names *names = member;

    if (json_count(json) > field->max)
        return vsw_err_set(err, -E2BIG, field->name, "has too many items");
    for (size_t i = 0; i < json_count(json); i++) {
        struct json *item = json_at(json, i);
        const char *name = json_text(item);

        if (json_kind(item) != JSON_STRING || !api_name_valid(name)) {
            vsw_err_set(err, -EINVAL, field->name, "\"%.80s\" is not a name", name);
            return -EINVAL;
        }
        if (api_names_has(names, name))
            return vsw_err_set(err, -EINVAL, field->name, "\"%s\" is there twice", name);
        if (api_names_append(names, name) != 0)
            return vsw_err_set(err, -ENOMEM, field->name, "out of memory");
    }
    return 0;
}

static int rows_decode(const struct api_field *field, const struct json *json,
                       enum api_decode_mode mode, void *member, struct vsw_err *err)
{
    size_t count = json_count(json);

    if (count > field->max && mode != API_DECODE_REPLY) {
        vsw_err_set(err, -E2BIG, field->name, "has %zu rows", count);
        vsw_err_hint(err, "at most %" PRIu64, field->max);
        return -E2BIG;
    }
    for (size_t i = 0; i < count; i++) {
        void *row = api_rows_append(field->object, member);
        int rc;

        if (row == NULL)
            return vsw_err_set(err, -ENOMEM, field->name, "out of memory");
        rc = object_decode(field->object, json_at(json, i), nested_mode(mode), row, err);
        if (rc != 0) {
            api_err_path(err, "%s[%zu]", field->name, i);
            return rc;
        }
    }
    return 0;
}

static int struct_decode(const struct api_field *field, const struct json *json,
                         enum api_decode_mode mode, void *member, struct vsw_err *err)
{
    int rc = object_decode(field->object, json, nested_mode(mode), member, err);

    if (rc != 0)
        api_err_path(err, "%s", field->name);
    return rc;
}

static int options_decode(const struct api_field *field, const struct json *json, void *member,
                          struct vsw_err *err)
{
    struct json *copy = json_dup(json);

    if (copy == NULL)
        return vsw_err_set(err, -ENOMEM, field->name, "out of memory");
    *(struct json **)member = copy;
    return 0;
}

static int member_decode(const struct api_field *field, const struct json *json,
                         enum api_decode_mode mode, void *member, struct vsw_err *err)
{
    switch (json_kind(json)) {
    case JSON_STRING:
        if (field->kind == API_OBJECT || field->kind == API_STRUCT)
            return kind_refuse(field, err);
        return value_parse(field, json_text(json), member, err);
    case JSON_INTEGER:
    case JSON_REAL:
        return value_is_number(field) ? number_decode(field, json, member, err)
                                      : kind_refuse(field, err);
    case JSON_BOOL:
        if (field->kind != API_BOOL)
            return kind_refuse(field, err);
        *(bool *)member = json_is_true(json);
        return 0;
    case JSON_ARRAY:
        if (field->kind == API_NAMES)
            return names_decode(field, json, member, err);
        return field->kind == API_ROWS ? rows_decode(field, json, mode, member, err)
                                       : kind_refuse(field, err);
    case JSON_OBJECT:
        if (field->kind == API_OBJECT)
            return options_decode(field, json, member, err);
        return field->kind == API_STRUCT ? struct_decode(field, json, mode, member, err)
                                         : kind_refuse(field, err);
    case JSON_NULL: break;
    }
    return 0;
}

static int unknown_refuse(const struct api_object *object, enum api_decode_mode mode,
                          const char *key, struct vsw_err *err)
{
    const char *names[API_GIVEN_MAX], *near;
    size_t count = 0;

    for (uint32_t i = 0; i < object->count; i++)
        if (mode != API_DECODE_DOCUMENT || !(object->fields[i].flags & API_CALL))
            names[count++] = object->fields[i].name;
    near = api_nearest(key, names, count);
    vsw_err_set(err, -EINVAL, NULL, "a %s has no field \"%.60s\"", object->name, key);
    snprintf(err->field, sizeof(err->field), "%.60s", key);
    if (near != NULL)
        vsw_err_hint(err, "did you mean \"%s\"?", near);
    return -EINVAL;
}

static int missing_check(const struct api_object *object, enum api_decode_mode mode,
                         const void *self, struct vsw_err *err)
{
    uint64_t given = ((const struct api_head *)self)->given;
    uint32_t must = API_KEY | (mode == API_DECODE_PARTIAL ? 0 : API_REQUIRED);

    if (mode == API_DECODE_REPLY)
        return 0;
    for (uint32_t i = 0; i < object->count; i++) {
        const struct api_field *field = &object->fields[i];

        if ((field->flags & must) && !(given >> i & 1)) {
            vsw_err_set(err, -EINVAL, field->name, "`%s` is missing", field->name);
            vsw_err_hint(err, "%s", field->help);
            return -EINVAL;
        }
    }
    return 0;
}

static int object_decode(const struct api_object *object, const struct json *json,
                         enum api_decode_mode mode, void *self, struct vsw_err *err)
{
    struct json_iter it = {0};

    if (json_kind(json) != JSON_OBJECT && json != NULL)
        return vsw_err_set(err, -EINVAL, NULL, "must be an object");
    while (json_next(json, &it)) {
        const struct api_field *field = api_field_find(object, it.key);
        int rc;

        if (field != NULL && mode == API_DECODE_DOCUMENT && (field->flags & API_CALL))
            field = NULL;
        if (field == NULL && mode == API_DECODE_REPLY)
            continue;
        if (field == NULL)
            return unknown_refuse(object, mode, it.key, err);
        /* null of a required field is the same as leaving it out */
        if (json_kind(it.value) == JSON_NULL && (field->flags & (API_KEY | API_REQUIRED)))
            continue;
        rc = member_decode(field, it.value, mode, value_member(field, self), err);
        if (rc != 0)
            return rc;
        ((struct api_head *)self)->given |= 1ull << (field - object->fields);
    }
    return missing_check(object, mode, self, err);
}

int api_decode(const struct api_object *object, const struct json *json, enum api_decode_mode mode,
               void *ret_self, struct vsw_err *err)
{
    struct vsw_err local = {0}; /* paths are built in it, so it must be ours */
    void *self = malloc(object->size);
    int rc;

    if (self == NULL)
        return vsw_err_set(err, -ENOMEM, NULL, "out of memory");
    api_init(object, self);
    rc = object_decode(object, json, mode, self, &local);
    if (rc == 0)
        memcpy(ret_self, self, object->size);
    else
        api_free(object, self);
    free(self);
    if (rc != 0 && err != NULL && err->code == 0) {
        local.code = rc;
        *err = local;
    }
    return rc;
}

static struct json *names_encode(const struct api_names *names)
{
    struct json *array = json_new_array();

    for (uint32_t i = 0; array != NULL && i < names->count; i++) {
        if (json_append(array, json_new_text(names->items[i])) != 0) {
            json_free(array);
            return NULL;
        }
    }
    return array;
}

static struct json *rows_encode(const struct api_field *field, const struct api_rows *rows,
                                enum api_encode_mode mode)
{
    struct json *array = json_new_array();

    for (uint32_t i = 0; array != NULL && i < rows->count; i++) {
        const char *row = (const char *)rows->items + (size_t)i * field->object->size;
        struct json *one = api_encode(field->object, row, mode);

        if (one == NULL || json_append(array, one) != 0) {
            json_free(array);
            return NULL;
        }
    }
    return array;
}

static struct json *number_encode(const struct api_field *field, const void *member)
{
    uint64_t number = value_number(field, member);

    if (field->never && number == API_SECONDS_NEVER)
        return json_new_text("never");
    return json_new_u64(number);
}

static struct json *member_encode(const struct api_field *field, const void *member,
                                  enum api_encode_mode mode)
{
    char mac[MAC_TEXT_LEN];

    switch (field->kind) {
    case API_BOOL: return json_new_bool(*(const bool *)member);
    case API_ENUM:
        return json_new_text(api_enum_name(field->names, (uint32_t)value_number(field, member)));
    case API_NAME:
    case API_STR: return json_new_text(member);
    case API_TEXT: {
        const char *text = *(char *const *)member;

        return json_new_text(text ? text : "");
    }
    case API_MAC: return json_new_text(mac_format(member, mac));
    case API_NAMES: return names_encode(member);
    case API_OBJECT: {
        const struct json *options = *(struct json *const *)member;

        return options ? json_dup(options) : json_new_object();
    }
    case API_STRUCT: return api_encode(field->object, member, mode);
    case API_ROWS: return rows_encode(field, member, mode);
    default: return number_encode(field, member);
    }
}

static bool is_encoded(const struct api_field *field, bool given, enum api_encode_mode mode)
{
    switch (mode) {
    case API_ENCODE_ALL: return !(field->flags & API_CALL);
    case API_ENCODE_GIVEN: return given && !(field->flags & API_CALL);
    case API_ENCODE_CALL: return given;
    }
    return false;
}

struct json *api_encode(const struct api_object *object, const void *self,
                        enum api_encode_mode mode)
{
    uint64_t given = ((const struct api_head *)self)->given;
    struct json *json = json_new_object();

    for (uint32_t i = 0; json != NULL && i < object->count; i++) {
        const struct api_field *field = &object->fields[i];
        struct json *value;

        if (!is_encoded(field, given >> i & 1, mode))
            continue;
        value = member_encode(field, value_member(field, self), mode);
        if (value == NULL || json_set(json, field->name, value) != 0) {
            json_free(json);
            return NULL;
        }
    }
    return json;
}
