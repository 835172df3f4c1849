/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Life of a struct that a table describes: defaults, copies, comparison, partial updates. The
 * only place that knows which kinds own memory. Any thread.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "api/value.h"

static uint64_t *given_of(void *self)
{
    return &((struct api_head *)self)->given;
}

static bool given_has(const void *self, uint32_t i)
{
    return ((const struct api_head *)self)->given >> i & 1;
}

static void *row_at(const struct api_field *field, const struct api_rows *rows, uint32_t i)
{
    return (char *)rows->items + (size_t)i * field->object->size;
}

static void member_free(const struct api_field *field, void *member)
{
    switch (field->kind) {
    case API_TEXT: free(*(char **)member); break;
    case API_NAMES: free(((struct api_names *)member)->items); break;
    case API_OBJECT: json_free(*(struct json **)member); break;
    case API_STRUCT: api_free(field->object, member); break;
    case API_ROWS: api_rows_clear(field->object, member); break;
    default: break;
    }
}

/* What list_grow() takes for granted: room for the next power of two. */
static size_t list_capacity(uint32_t count)
{
    size_t capacity = 1;

    while (capacity < count)
        capacity *= 2;
    return capacity;
}

static int rows_copy(const struct api_field *field, const struct api_rows *src,
                     struct api_rows *ret_dst)
{
    struct api_rows dst = {0};

    if (src->count > 0 &&
        (dst.items = calloc(list_capacity(src->count), field->object->size)) == NULL)
        return -ENOMEM;
    for (; dst.count < src->count; dst.count++) {
        if (api_copy(field->object, row_at(field, src, dst.count),
                     row_at(field, &dst, dst.count)) != 0) {
            member_free(field, &dst);
            return -ENOMEM;
        }
    }
    *ret_dst = dst;
    return 0;
}

static int names_copy(const struct api_names *src, struct api_names *ret_dst)
{
    struct api_names dst = {NULL, src->count};

    if (src->count > 0) {
        dst.items = calloc(list_capacity(src->count), API_NAME_SIZE);
        if (dst.items == NULL)
            return -ENOMEM;
        memcpy(dst.items, src->items, (size_t)src->count * API_NAME_SIZE);
    }
    *ret_dst = dst;
    return 0;
}

/* Overwrites @dst without freeing it; @dst is untouched on failure. */
static int member_copy(const struct api_field *field, const void *src, void *dst)
{
    switch (field->kind) {
    case API_TEXT: {
        const char *text = *(char *const *)src;
        char *copy = text ? strdup(text) : NULL;

        if (text != NULL && copy == NULL)
            return -ENOMEM;
        memcpy(dst, &copy, sizeof(copy));
        return 0;
    }
    case API_NAMES: return names_copy(src, dst);
    case API_OBJECT: {
        struct json *json = *(struct json *const *)src;
        struct json *copy = json_dup(json);

        if (json != NULL && copy == NULL)
            return -ENOMEM;
        memcpy(dst, &copy, sizeof(copy));
        return 0;
    }
    case API_STRUCT: return api_copy(field->object, src, dst);
    case API_ROWS: return rows_copy(field, src, dst);
    default: memcpy(dst, src, field->size); return 0;
    }
}

static int member_replace(const struct api_field *field, const void *src, void *dst)
{
    void *copy = calloc(1, field->size);
    int rc = copy ? member_copy(field, src, copy) : -ENOMEM;

    if (rc == 0) {
        member_free(field, dst);
        memcpy(dst, copy, field->size);
    }
    free(copy);
    return rc;
}

static bool rows_equal(const struct api_field *field, const struct api_rows *a,
                       const struct api_rows *b)
{
    if (a->count != b->count)
        return false;
    for (uint32_t i = 0; i < a->count; i++)
        if (!api_equal(field->object, row_at(field, a, i), row_at(field, b, i)))
            return false;
    return true;
}

static bool names_equal(const struct api_names *a, const struct api_names *b)
{
    return a->count == b->count &&
           (a->count == 0 || memcmp(a->items, b->items, (size_t)a->count * API_NAME_SIZE) == 0);
}

/* NULL and {} say the same. */
static bool options_equal(const struct json *a, const struct json *b)
{
    return (json_count(a) == 0 && json_count(b) == 0) || json_same(a, b);
}

static bool member_equal(const struct api_field *field, const void *a, const void *b)
{
    switch (field->kind) {
    case API_NAME:
    case API_STR: return strcmp(a, b) == 0;
    case API_TEXT: {
        const char *x = *(char *const *)a, *y = *(char *const *)b;

        return strcmp(x ? x : "", y ? y : "") == 0;
    }
    case API_NAMES: return names_equal(a, b);
    case API_OBJECT: return options_equal(*(struct json *const *)a, *(struct json *const *)b);
    case API_STRUCT: return api_equal(field->object, a, b);
    case API_ROWS: return rows_equal(field, a, b);
    default: return memcmp(a, b, field->size) == 0;
    }
}

bool api_field_equal(const struct api_field *field, const void *a, const void *b)
{
    return member_equal(field, value_member(field, a), value_member(field, b));
}

void api_init(const struct api_object *object, void *self)
{
    memset(self, 0, object->size);
    for (uint32_t i = 0; i < object->count; i++) {
        const struct api_field *field = &object->fields[i];
        int rc = 0;

        if (field->kind == API_STRUCT)
            api_init(field->object, value_member(field, self));
        else if (field->fallback != NULL)
            rc = value_parse(field, field->fallback, value_member(field, self), NULL);
        assert(rc == 0); /* a default that its own table refuses; none of ours allocates */
        (void)rc;
    }
}

void api_free(const struct api_object *object, void *self)
{
    for (uint32_t i = 0; i < object->count; i++)
        member_free(&object->fields[i], value_member(&object->fields[i], self));
    memset(self, 0, object->size);
}

int api_copy(const struct api_object *object, const void *src, void *ret_dst)
{
    void *dst = calloc(1, object->size);

    if (dst == NULL)
        return -ENOMEM;
    *given_of(dst) = ((const struct api_head *)src)->given;
    for (uint32_t i = 0; i < object->count; i++) {
        const struct api_field *field = &object->fields[i];

        if (member_copy(field, value_member(field, src), value_member(field, dst)) != 0) {
            api_free(object, dst);
            free(dst);
            return -ENOMEM;
        }
    }
    memcpy(ret_dst, dst, object->size);
    free(dst);
    return 0;
}

bool api_equal(const struct api_object *object, const void *a, const void *b)
{
    for (uint32_t i = 0; i < object->count; i++) {
        const struct api_field *field = &object->fields[i];

        if (!(field->flags & API_CALL) &&
            !member_equal(field, value_member(field, a), value_member(field, b)))
            return false;
    }
    return true;
}

static int options_merge(const struct json *patch, struct json **options)
{
    struct json *merged = *options ? json_dup(*options) : json_new_object();
    struct json_iter it = {0};
    int rc = merged ? 0 : -ENOMEM;

    while (rc == 0 && json_next(patch, &it)) {
        struct json *copy;

        if (json_kind(it.value) == JSON_NULL) {
            json_unset(merged, it.key);
            continue;
        }
        copy = json_dup(it.value);
        rc = copy ? json_set(merged, it.key, copy) : -ENOMEM;
    }
    if (rc != 0) {
        json_free(merged);
        return rc;
    }
    json_free(*options);
    *options = merged;
    return 0;
}

static int member_merge(const struct api_field *field, const void *patch, void *dst)
{
    if (field->kind == API_STRUCT)
        return api_merge(field->object, patch, dst);
    if (field->kind == API_OBJECT && *(struct json *const *)patch != NULL)
        return options_merge(*(struct json *const *)patch, dst);
    return member_replace(field, patch, dst);
}

int api_merge(const struct api_object *object, const void *patch, void *self)
{
    for (uint32_t i = 0; i < object->count; i++) {
        const struct api_field *field = &object->fields[i];

        if (!given_has(patch, i) || (field->flags & API_CALL))
            continue;
        if (member_merge(field, value_member(field, patch), value_member(field, self)) != 0)
            return -ENOMEM;
        *given_of(self) |= 1ull << i;
    }
    return 0;
}

static bool field_matches(const struct api_field *a, const struct api_field *b)
{
    return strcmp(a->name, b->name) == 0 && a->kind == b->kind && a->size == b->size &&
           a->object == b->object && !(a->flags & API_CALL);
}

int api_assign(const struct api_object *src_object, const void *src,
               const struct api_object *dst_object, void *dst)
{
    for (uint32_t i = 0; i < src_object->count; i++) {
        const struct api_field *from = &src_object->fields[i];

        for (uint32_t j = 0; j < dst_object->count; j++) {
            const struct api_field *to = &dst_object->fields[j];

            if (!field_matches(from, to))
                continue;
            if (member_replace(to, value_member(from, src), value_member(to, dst)) != 0)
                return -ENOMEM;
            *given_of(dst) &= ~(1ull << j);
            *given_of(dst) |= (uint64_t)given_has(src, i) << j;
        }
    }
    return 0;
}

/* Room for one more: lists double, so that n appends cost n. */
static int list_grow(void **items, uint32_t count, size_t item_size)
{
    bool full = count == 0 || (count & (count - 1)) == 0;
    void *grown;

    if (!full)
        return 0;
    grown = reallocarray(*items, count == 0 ? 1 : (size_t)count * 2, item_size);
    if (grown == NULL)
        return -ENOMEM;
    *items = grown;
    return 0;
}

void *api_rows_append(const struct api_object *object, struct api_rows *rows)
{
    void *row;

    if (list_grow(&rows->items, rows->count, object->size) != 0)
        return NULL;
    row = (char *)rows->items + (size_t)rows->count++ * object->size;
    api_init(object, row);
    return row;
}

void api_rows_remove(const struct api_object *object, struct api_rows *rows, uint32_t i)
{
    char *row = (char *)rows->items + (size_t)i * object->size;
    void *all = rows->items;

    assert(i < rows->count);
    api_free(object, row);
    rows->count--;
    memmove(row, row + object->size, (size_t)(rows->count - i) * object->size);
    /* list_grow() grows at powers of two only: keep the size it expects. */
    if (rows->count > 0 && (rows->count & (rows->count - 1)) == 0) {
        all = reallocarray(rows->items, rows->count, object->size);
        if (all != NULL)
            rows->items = all;
    }
}

void api_rows_clear(const struct api_object *object, struct api_rows *rows)
{
    for (uint32_t i = 0; i < rows->count; i++)
        api_free(object, (char *)rows->items + (size_t)i * object->size);
    free(rows->items);
    *rows = (struct api_rows){0};
}

int api_names_append(struct api_names *names, const char *name)
{
    void *items = names->items;

    if (list_grow(&items, names->count, API_NAME_SIZE) != 0)
        return -ENOMEM;
    names->items = items;
    memset(names->items[names->count], 0, API_NAME_SIZE);
    snprintf(names->items[names->count++], API_NAME_SIZE, "%s", name);
    return 0;
}

bool api_names_has(const struct api_names *names, const char *name)
{
    for (uint32_t i = 0; i < names->count; i++)
        if (strcmp(names->items[i], name) == 0)
            return true;
    return false;
}

int api_text_set(char **text, const char *fmt, ...)
{
    va_list ap;
    char *made;
    int len;

    va_start(ap, fmt);
    len = vasprintf(&made, fmt, ap);
    va_end(ap);
    if (len < 0)
        return -ENOMEM;
    free(*text);
    *text = made;
    return 0;
}
