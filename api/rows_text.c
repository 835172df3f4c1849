/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Rows as one word: those whose fields are all part of their name. Any thread.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "api/value.h"

#define ROW_TEXT_MAX 256

static bool is_writable(const struct api_object *object)
{
    for (uint32_t i = 0; i < object->count; i++) {
        if (!(object->fields[i].flags & API_KEY))
            return false;
    }
    return object->count > 0;
}

/* Behind all fields but the last. */
static char separator(uint32_t field)
{
    return field == 0 ? ':' : '/';
}

void rows_form(const struct api_field *field, char *buf, size_t size)
{
    const struct api_object *object = field->object;
    size_t used = 0;

    for (uint32_t i = 0; is_writable(object) && i < object->count && used < size; i++) {
        char end[] = {separator(i), '\0'};

        used += (size_t)snprintf(buf + used, size - used, "%s%s", object->fields[i].name,
                                 i + 1 < object->count ? end : ",...");
    }
}

static int fail_form(const struct api_field *field, const char *text, struct vsw_err *err)
{
    char form[ROW_TEXT_MAX] = "";

    rows_form(field, form, sizeof(form));
    vsw_err_set(err, -EINVAL, field->name, "\"%.80s\" is not understood", text);
    vsw_err_hint(err, "written %s", form);
    return -EINVAL;
}

/* @text is one row and is cut up. */
static int row_parse(const struct api_field *field, char *text, struct api_rows *rows,
                     struct vsw_err *err)
{
    const struct api_object *object = field->object;
    char whole[ROW_TEXT_MAX];
    void *row = api_rows_append(object, rows);
    int rc = 0;

    if (row == NULL)
        return vsw_err_set(err, -ENOMEM, field->name, "out of memory");
    snprintf(whole, sizeof(whole), "%s", text);
    for (uint32_t i = 0; i < object->count && rc == 0; i++) {
        char *end = i + 1 < object->count ? strchr(text, separator(i)) : text + strlen(text);

        if (end == NULL)
            return fail_form(field, whole, err);
        if (i + 1 < object->count)
            *end++ = '\0';
        rc = api_field_parse(object, &object->fields[i], text, row, err);
        text = end;
    }
    if (rc != 0)
        api_err_path(err, "%s[%" PRIu32 "]", field->name, rows->count - 1);
    return rc;
}

static int rows_read(const struct api_field *field, char *text, struct api_rows *rows,
                     struct vsw_err *err)
{
    char *part;
    int rc = 0;

    while (rc == 0 && (part = strsep(&text, ",")) != NULL) {
        if (rows->count == field->max)
            return vsw_err_set(err, -E2BIG, field->name, "has too many items");
        if (*part != '\0')
            rc = row_parse(field, part, rows, err);
    }
    return rc;
}

int rows_parse(const struct api_field *field, const char *text, void *member, struct vsw_err *err)
{
    struct api_rows *rows = member, fresh = {0}, old;
    char *copy;
    int rc;

    if (!is_writable(field->object))
        return vsw_err_set(err, -EINVAL, field->name, "cannot be written as one word");
    copy = strdup(text);
    if (copy == NULL)
        return vsw_err_set(err, -ENOMEM, field->name, "out of memory");
    rc = rows_read(field, copy, &fresh, err);
    free(copy);
    old = fresh;
    if (rc == 0) {
        old = *rows;
        *rows = fresh;
    }
    api_rows_clear(field->object, &old);
    return rc;
}

void rows_format(const struct api_field *field, const void *member, char *buf, size_t size)
{
    const struct api_object *object = field->object;
    const struct api_rows *rows = member;
    size_t used = 0;

    if (!is_writable(object))
        return;
    for (uint32_t r = 0; r < rows->count; r++) {
        const char *row = (const char *)rows->items + (size_t)r * object->size;

        for (uint32_t i = 0; i < object->count && used < size; i++) {
            char end[] = {i + 1 == object->count ? ',' : separator(i), '\0'};
            char part[ROW_TEXT_MAX];

            if (i + 1 == object->count && r + 1 == rows->count)
                end[0] = '\0';
            api_field_format(&object->fields[i], row, part, sizeof(part));
            used += (size_t)snprintf(buf + used, size - used, "%s%s", part, end);
        }
    }
}
