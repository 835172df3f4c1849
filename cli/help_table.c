/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/help_table.h"

#include <stdlib.h>
#include <string.h>

#include "cli/print.h"

/* `default` is no name for a member, so this table is written without the macros. */
struct help_row {
    uint64_t given;
    char name[80];
    char value[160];
    char fallback[80];
    char what[200];
};

#define COLUMN(member, title, bits)                                                                \
    {                                                                                              \
        .name = (title), .kind = API_STR, .flags = (bits),                                         \
        .offset = offsetof(struct help_row, member),                                               \
        .size = sizeof(((struct help_row *)NULL)->member),                                         \
        .max = sizeof(((struct help_row *)NULL)->member) - 1, .help = (title)                      \
    }

static const struct api_field columns[] = {
    COLUMN(name, "name", API_KEY),
    COLUMN(value, "value", API_KEY),
    COLUMN(fallback, "default", API_SHOWN),
    COLUMN(what, "what", API_KEY),
};

static const struct api_object help_row_object = {"help", "a line of help", columns,
                                                  ARRAY_SIZE(columns), sizeof(struct help_row)};

static bool is_switch(const struct api_field_row *field)
{
    return field->call && strcmp(field->kind, "bool") == 0;
}

/* map_add is written map+=, see args.c. */
static void list_edit_write(const char *name, char *buf, size_t size)
{
    const char *end = strrchr(name, '_');

    if (end != NULL && (strcmp(end, "_add") == 0 || strcmp(end, "_del") == 0))
        snprintf(buf, size, "%.*s%c", (int)(end - name), name, end[1] == 'a' ? '+' : '-');
}

static void name_write(const struct api_field_row *field, char *buf, size_t size)
{
    if (field->call && !is_switch(field)) {
        list_edit_write(field->name, buf, size);
        return;
    }
    snprintf(buf, size, "%s%s", field->call ? "--" : "", field->name);
    for (char *p = buf; *p; p++) {
        if (field->key && *p >= 'a' && *p <= 'z')
            *p = (char)(*p - 'a' + 'A');
        else if (field->call && *p == '_')
            *p = '-';
    }
}

static void row_fill(const struct api_field_row *field, bool partial, struct help_row *row)
{
    bool must = field->key || (field->required && !partial);

    name_write(field, row->name, sizeof(row->name));
    if (is_switch(field))
        snprintf(row->value, sizeof(row->value), "-");
    else
        api_field_row_value(field, row->value, sizeof(row->value));
    snprintf(row->fallback, sizeof(row->fallback), "%s", must ? "(required)" : field->fallback);
    snprintf(row->what, sizeof(row->what), "%s", field->help);
}

void help_table_print(FILE *out, const struct api_rows *fields, bool partial)
{
    const struct api_field_row *items = fields->items;
    struct api_rows rows = {0};

    for (uint32_t i = 0; i < fields->count; i++) {
        struct help_row *row;

        if (strcmp(items[i].kind, "options") == 0)
            continue; /* its keys follow, type by type */
        row = api_rows_append(&help_row_object, &rows);
        if (row == NULL)
            break;
        row_fill(&items[i], partial, row);
    }
    print_table(out, &help_row_object, &rows);
    while (rows.count > 0)
        api_rows_remove(&help_row_object, &rows, rows.count - 1);
    free(rows.items);
}

void help_object_print(FILE *out, const struct api_object *object, bool partial)
{
    struct api_rows fields = {0};

    if (api_describe_fields(object, &fields) == 0)
        help_table_print(out, &fields, partial);
    while (fields.count > 0)
        api_rows_remove(&api_field_row_object, &fields, fields.count - 1);
    free(fields.items);
}

void help_types_print(FILE *out, const struct api_type_list *types, bool partial)
{
    for (uint32_t i = 0; i < types->rows.count; i++) {
        const struct api_object_row *type = &types->rows.items[i];

        fprintf(out, "%stype=%s: %s\n", i ? "\n" : "", type->name, type->help);
        help_table_print(out, (const struct api_rows *)(const void *)&type->fields, partial);
    }
}
