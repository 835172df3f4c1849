/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The table about itself, for programs and for help: rpc.discover. Any thread.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "api/api.h"
#include "api/value.h"

#define OBJECTS_MAX (API_METHOD_COUNT * 6)

/* Objects in the order they are first needed, each once. */
struct object_set {
    const struct api_object *items[OBJECTS_MAX];
    size_t count;
};

static void objects_add(struct object_set *set, const struct api_object *object)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->items[i] == object)
            return;
    assert(set->count < OBJECTS_MAX);
    set->items[set->count++] = object;
    for (uint32_t i = 0; i < object->count; i++)
        if (object->fields[i].object != NULL)
            objects_add(set, object->fields[i].object);
}

static void objects_collect(struct object_set *set)
{
    for (size_t i = 0; i < API_METHOD_COUNT; i++) {
        objects_add(set, api_methods[i].params);
        objects_add(set, api_methods[i].result);
    }
    objects_add(set, &api_event_object);
}

static int field_describe(const struct api_field *field, struct api_field_row *row)
{
    snprintf(row->name, sizeof(row->name), "%s", field->name);
    snprintf(row->kind, sizeof(row->kind), "%s", value_kind_name(field->kind));
    row->required = field->flags & (API_KEY | API_REQUIRED);
    row->key = field->flags & API_KEY;
    row->call = field->flags & API_CALL;
    value_range(field, row->range, sizeof(row->range));
    value_default(field, row->fallback, sizeof(row->fallback));
    if (field->object != NULL)
        snprintf(row->object, sizeof(row->object), "%s", field->object->name);
    snprintf(row->help, sizeof(row->help), "%s", field->help);
    for (uint32_t i = 0; field->names != NULL && i < field->names->count; i++)
        if (api_names_append(&row->values, field->names->names[i].name) != 0)
            return -ENOMEM;
    return 0;
}

int api_describe_fields(const struct api_object *object, struct api_rows *rows)
{
    for (uint32_t i = 0; i < object->count; i++) {
        struct api_field_row *row = api_append(rows, api_field_row);

        if (row == NULL || field_describe(&object->fields[i], row) != 0)
            return -ENOMEM;
    }
    return 0;
}

const char *api_role_name(enum api_role role)
{
    return role == API_ROLE_CHANGE ? "change" : "read";
}

static void choices_join(const struct api_names *values, char *buf, size_t size)
{
    size_t used = 0;

    for (uint32_t i = 0; i < values->count && used < size; i++)
        used += (size_t)snprintf(buf + used, size - used, "%s%s", i ? "|" : "", values->items[i]);
}

char *api_field_row_value(const struct api_field_row *row, char *buf, size_t size)
{
    static const struct {
        const char *kind, *text;
    } kinds[] = {
        {"bool", "true|false"},
        {"bit/s", "rate: 10M, 2.5G, unlimited"},
        {"packets/s", "rate: 10k, unlimited"},
        {"mac", "MAC address"},
        {"names", "name,name,..."},
    };

    snprintf(buf, size, "%s", row->kind);
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (strcmp(row->kind, kinds[i].kind) == 0)
            snprintf(buf, size, "%s", kinds[i].text);
    if (row->values.count > 0)
        choices_join(&row->values, buf, size);
    else if (row->range[0] != '\0' && strcmp(row->kind, "text") != 0)
        snprintf(buf, size, "%s", row->range);
    return buf;
}

static int method_describe(const struct api_method *method, struct api_discovery *out)
{
    struct api_method_row *row = api_append(&out->methods, api_method_row);

    if (row == NULL)
        return -ENOMEM;
    snprintf(row->name, sizeof(row->name), "%s", method->name);
    snprintf(row->role, sizeof(row->role), "%s", api_role_name(method->role));
    snprintf(row->params, sizeof(row->params), "%s", method->params->name);
    snprintf(row->result, sizeof(row->result), "%s", method->result->name);
    row->stream = method->flags & API_M_STREAM;
    row->partial = method->flags & API_M_PARTIAL;
    snprintf(row->help, sizeof(row->help), "%s", method->help);
    if (method->example[0] != '\0')
        snprintf(row->example, sizeof(row->example), "vswitchctl %s", method->example);
    return 0;
}

static int object_describe(const struct api_object *object, struct api_discovery *out)
{
    struct api_object_row *row = api_append(&out->objects, api_object_row);

    if (row == NULL)
        return -ENOMEM;
    snprintf(row->name, sizeof(row->name), "%s", object->name);
    snprintf(row->help, sizeof(row->help), "%s", object->help);
    return api_describe_fields(object, (struct api_rows *)(void *)&row->fields);
}

int api_discover(struct api_discovery *out)
{
    struct object_set set = {0};
    int rc = 0;

    objects_collect(&set);
    for (size_t i = 0; rc == 0 && i < API_METHOD_COUNT; i++)
        rc = method_describe(&api_methods[i], out);
    for (size_t i = 0; rc == 0 && i < set.count; i++)
        rc = object_describe(set.items[i], out);
    return rc;
}
