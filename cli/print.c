/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/print.h"

#include "cli/help_table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define CELL_BYTES 1024

static const void *row_at(const struct api_object *object, const struct api_rows *rows, uint32_t i)
{
    return (const char *)rows->items + (size_t)i * object->size;
}

static const void *member_of(const struct api_field *field, const void *self)
{
    return (const char *)self + field->offset;
}

/* Columns on a terminal: characters, not bytes. */
static int text_width(const char *text)
{
    int n = 0;

    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static bool is_right_aligned(const struct api_field *field)
{
    return field->kind == API_U32 || field->kind == API_U64 || field->kind == API_RATE_BPS ||
           field->kind == API_RATE_PPS || field->kind == API_BYTES || field->kind == API_SECONDS;
}

/* Peers choose some texts: no control character may reach the terminal. */
static void text_clean(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = ' ';
}

static const char *cell_text(const struct api_object *object, const struct api_field *field,
                             const void *row, char *buf)
{
    if (api_field_is_default(object, field, row) && !(field->flags & (API_KEY | API_REQUIRED)) &&
        !is_right_aligned(field) && field->kind != API_ENUM && field->kind != API_BOOL)
        return "-";
    if (field->kind == API_ROWS) {
        snprintf(buf, CELL_BYTES, "%" PRIu32,
                 ((const struct api_rows *)member_of(field, row))->count);
        return buf;
    }
    api_field_format(field, row, buf, CELL_BYTES);
    text_clean(buf);
    return buf;
}

static bool column_shown(const struct api_object *object, const struct api_field *field,
                         const struct api_rows *rows)
{
    if (field->flags & (API_CALL | API_DETAIL))
        return false;
    if (field->flags & (API_KEY | API_REQUIRED | API_SHOWN))
        return true;
    for (uint32_t i = 0; i < rows->count; i++)
        if (!api_field_is_default(object, field, row_at(object, rows, i)))
            return true;
    return false;
}

static int column_width(const struct api_object *object, const struct api_field *field,
                        const struct api_rows *rows)
{
    char buf[CELL_BYTES];
    int width = text_width(field->name);

    for (uint32_t i = 0; i < rows->count; i++) {
        int cell = text_width(cell_text(object, field, row_at(object, rows, i), buf));

        width = cell > width ? cell : width;
    }
    return width;
}

/* The last column is not padded: no blanks at the end of a line. */
static void cell_print(FILE *out, const char *text, int width, bool right, bool first, bool last)
{
    int pad = width - text_width(text);

    fprintf(out, "%s%*s%s%*s", first ? "" : "  ", right ? pad : 0, "", text,
            right || last ? 0 : pad, "");
}

void print_table(FILE *out, const struct api_object *object, const struct api_rows *rows)
{
    const struct api_field *columns[API_GIVEN_MAX];
    int widths[API_GIVEN_MAX];
    uint32_t count = 0;
    char buf[CELL_BYTES];

    for (uint32_t i = 0; i < object->count; i++) {
        if (!column_shown(object, &object->fields[i], rows))
            continue;
        columns[count] = &object->fields[i];
        widths[count++] = column_width(object, &object->fields[i], rows);
    }
    for (uint32_t i = 0; i < count; i++)
        cell_print(out, columns[i]->name, widths[i], is_right_aligned(columns[i]), i == 0,
                   i + 1 == count);
    if (count > 0)
        fputc('\n', out);
    for (uint32_t r = 0; r < rows->count; r++) {
        for (uint32_t i = 0; i < count; i++)
            cell_print(out, cell_text(object, columns[i], row_at(object, rows, r), buf), widths[i],
                       is_right_aligned(columns[i]), i == 0, i + 1 == count);
        fputc('\n', out);
    }
}

static bool line_shown(const struct api_object *object, const struct api_field *field,
                       const void *self)
{
    if (field->flags & API_CALL)
        return false;
    return (field->flags & (API_KEY | API_REQUIRED | API_SHOWN)) || field->kind == API_ENUM ||
           !api_field_is_default(object, field, self);
}

static void lines_print(FILE *out, const struct api_object *object, const void *self, int indent,
                        int width)
{
    char buf[CELL_BYTES];

    for (uint32_t i = 0; i < object->count; i++) {
        const struct api_field *field = &object->fields[i];

        if (!line_shown(object, field, self) || field->kind == API_ROWS)
            continue;
        if (field->kind == API_STRUCT) {
            fprintf(out, "%*s%s\n", indent, "", field->name);
            lines_print(out, field->object, member_of(field, self), indent + 2, width - 2);
            continue;
        }
        fprintf(out, "%*s%-*s  %s\n", indent, "", width, field->name,
                cell_text(object, field, self, buf));
    }
}

/* Longest name that will be printed, nested ones with their indent. */
static int names_width(const struct api_object *object, const void *self)
{
    int width = 0;

    for (uint32_t i = 0; i < object->count; i++) {
        const struct api_field *field = &object->fields[i];
        int n = (int)strlen(field->name);

        if (!line_shown(object, field, self) || field->kind == API_ROWS)
            continue;
        if (field->kind == API_STRUCT)
            n = names_width(field->object, member_of(field, self)) + 2;
        width = n > width ? n : width;
    }
    return width;
}

static bool rows_have_rows(const struct api_object *object)
{
    for (uint32_t i = 0; i < object->count; i++)
        if (object->fields[i].kind == API_ROWS &&
            !(object->fields[i].flags & (API_CALL | API_DETAIL)))
            return true;
    return false;
}

/* Rows that hold rows themselves are records, one after the other. */
static void rows_print(FILE *out, const struct api_object *object, const struct api_rows *rows)
{
    if (!rows_have_rows(object)) {
        print_table(out, object, rows);
        return;
    }
    for (uint32_t i = 0; i < rows->count; i++) {
        if (i > 0)
            fputc('\n', out);
        print_record(out, object, row_at(object, rows, i));
    }
}

void print_record(FILE *out, const struct api_object *object, const void *self)
{
    lines_print(out, object, self, 0, names_width(object, self));
    for (uint32_t i = 0; i < object->count; i++) {
        const struct api_field *field = &object->fields[i];
        const struct api_rows *rows = member_of(field, self);

        if (field->kind != API_ROWS || rows->count == 0)
            continue;
        fprintf(out, "\n%s\n", field->name);
        rows_print(out, field->object, rows);
    }
}

/* The rows of a result that is a list, or NULL. */
static const struct api_field *list_field(const struct api_object *object)
{
    return object->count > 0 ? api_field_find(object, "rows") : NULL;
}

static void attach_print(FILE *out, const struct api_attach *attach)
{
    if (attach->qemu_args != NULL && *attach->qemu_args)
        fprintf(out, "# QEMU\n%s\n", attach->qemu_args);
    if (attach->libvirt_xml != NULL && *attach->libvirt_xml)
        fprintf(out, "\n# libvirt\n%s\n", attach->libvirt_xml);
    if (attach->note != NULL && *attach->note)
        fprintf(out, "\n# note\n%s\n", attach->note);
}

static void plan_print(FILE *out, const struct api_change *change)
{
    if (change->plan.count == 0)
        fputs("nothing to do\n", out);
    for (uint32_t i = 0; i < change->plan.count; i++) {
        const struct api_plan_row *row = &change->plan.items[i];

        fprintf(out, "%-7s %s%s%s%s%s\n", api_enum_name(&api_plan_action_enum, row->action),
                row->object, row->name[0] ? " " : "", row->name, row->text[0] ? ": " : "",
                row->text);
    }
}

void print_result(FILE *out, const struct api_method *method, const void *result)
{
    const struct api_field *list = list_field(method->result);

    if (method->result == &api_change_object) {
        if (!(method->flags & API_M_EDIT)) /* one edit says nothing when it is done */
            plan_print(out, result);
    } else if (method->result == &api_attach_object) {
        attach_print(out, result);
    } else if (method->result == &api_type_list_object) {
        help_types_print(out, result, false);
    } else if (list != NULL) {
        rows_print(out, list->object, member_of(list, result));
    } else {
        print_record(out, method->result, result);
    }
}
