/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Single fields by name and as text; the nearest word. Any thread.
 */
#include <errno.h>
#include <string.h>

#include "api/api.h"
#include "api/value.h"

#define NEAREST_MAX 64 /* characters compared; longer words have no neighbours */

const struct api_field *api_field_find(const struct api_object *object, const char *name)
{
    for (uint32_t i = 0; i < object->count; i++)
        if (strcmp(object->fields[i].name, name) == 0)
            return &object->fields[i];
    return NULL;
}

int api_field_parse(const struct api_object *object, const struct api_field *field,
                    const char *text, void *self, struct vsw_err *err)
{
    int rc = value_parse(field, text, value_member(field, self), err);

    if (rc == 0)
        ((struct api_head *)self)->given |= 1ull << (field - object->fields);
    return rc;
}

char *api_field_format(const struct api_field *field, const void *self, char *buf, size_t size)
{
    value_format(field, value_member(field, self), buf, size);
    return buf;
}

static bool bytes_are_zero(const void *p, size_t size)
{
    const char *b = p;

    while (size-- > 0)
        if (*b++ != 0)
            return false;
    return true;
}

bool api_field_is_default(const struct api_object *object, const struct api_field *field,
                          const void *self)
{
    const void *member = value_member(field, self);
    uint64_t number = 0;
    bool flag = false;

    (void)object;
    switch (field->kind) {
    case API_NAME:
    case API_STR: return strcmp(member, field->fallback ? field->fallback : "") == 0;
    case API_TEXT: return *(char *const *)member == NULL || **(char *const *)member == '\0';
    case API_NAMES: return ((const struct api_names *)member)->count == 0;
    case API_ROWS: return ((const struct api_rows *)member)->count == 0;
    case API_OBJECT: return json_count(*(struct json *const *)member) == 0;
    case API_MAC: return bytes_are_zero(member, field->size);
    case API_BOOL:
        if (field->fallback != NULL)
            value_parse(field, field->fallback, &flag, NULL);
        return *(const bool *)member == flag;
    case API_STRUCT:
        for (uint32_t i = 0; i < field->object->count; i++)
            if (!api_field_is_default(field->object, &field->object->fields[i], member))
                return false;
        return true;
    default:
        if (field->fallback != NULL)
            value_parse(field, field->fallback, &number, NULL);
        return value_number(field, member) == value_number(field, &number);
    }
}

const char *api_enum_name(const struct api_enum *e, uint32_t value)
{
    for (uint32_t i = 0; i < e->count; i++)
        if (e->names[i].value == value)
            return e->names[i].name;
    return "?";
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
    unsigned ab = a < b ? a : b;

    return ab < c ? ab : c;
}

/* Edits between two words; a swap of neighbours is one. Three rows of the usual matrix. */
static unsigned word_distance(const char *a, const char *b)
{
    unsigned rows[3][NEAREST_MAX + 1];
    size_t la = strlen(a), lb = strlen(b);

    if (la > NEAREST_MAX || lb > NEAREST_MAX)
        return NEAREST_MAX;
    for (size_t j = 0; j <= lb; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= la; i++) {
        unsigned *before = rows[(i + 1) % 3], *last = rows[(i - 1) % 3], *now = rows[i % 3];

        now[0] = (unsigned)i;
        for (size_t j = 1; j <= lb; j++) {
            now[j] = min3(last[j] + 1, now[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                before[j - 2] + 1 < now[j])
                now[j] = before[j - 2] + 1;
        }
    }
    return rows[la % 3][lb];
}

const char *api_nearest(const char *word, const char *const *candidates, size_t count)
{
    unsigned best = (unsigned)(strlen(word) + 2) / 3 + 1;
    const char *near = NULL;

    for (size_t i = 0; i < count; i++) {
        unsigned distance = word_distance(word, candidates[i]);

        if (distance < best) {
            best = distance;
            near = candidates[i];
        }
    }
    return near;
}
