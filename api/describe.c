/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The table about itself: rpc.discover and the reference manual. Any thread.
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
    value_range(field, row->range, sizeof(row->range));
    snprintf(row->fallback, sizeof(row->fallback), "%s", field->fallback ? field->fallback : "");
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

static const char *role_name(enum api_role role)
{
    return role == API_ROLE_CHANGE ? "change" : "read";
}

static int method_describe(const struct api_method *method, struct api_discovery *out)
{
    struct api_method_row *row = api_append(&out->methods, api_method_row);

    if (row == NULL)
        return -ENOMEM;
    snprintf(row->name, sizeof(row->name), "%s", method->name);
    snprintf(row->role, sizeof(row->role), "%s", role_name(method->role));
    snprintf(row->params, sizeof(row->params), "%s", method->params->name);
    snprintf(row->result, sizeof(row->result), "%s", method->result->name);
    row->stream = method->flags & API_M_STREAM;
    row->partial = method->flags & API_M_PARTIAL;
    snprintf(row->help, sizeof(row->help), "%s", method->help);
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

/* ---- the manual ------------------------------------------------------------------------------ */
static const char manual_head[] =
    "<!-- Made by `make docs` from the table in api/; do not edit. -->\n"
    "# Reference\n\n"
    "## Command line\n\n"
    "    vswitchctl [-s SOCKET] [-j] [-p] OBJECT VERB [NAME] [key=value ...]\n"
    "    vswitchctl [-s SOCKET] [--dry-run] -f FILE|-\n"
    "    vswitchctl [-s SOCKET]\n\n"
    "The first form runs one command, the second a batch of edits, all or nothing, the third a "
    "shell with history and TAB.\n\n"
    "| Option | Meaning |\n|---|---|\n"
    "| `-s`, `--socket PATH` | control socket; default `$VSWITCH_SOCKET`, else "
    "`/run/vswitch/vswitchd.sock` |\n"
    "| `-j`, `--json` | print JSON: an array of objects for lists |\n"
    "| `-p`, `--pretty` | print JSON over several lines |\n"
    "| `-f`, `--file FILE` | run a batch of edits, one command per line, `#` starts a comment |\n"
    "| `--dry-run` | check an apply or a batch and show the plan, change nothing |\n"
    "| `--may-exist` | `add`: when it exists, change the given fields |\n"
    "| `--if-exists` | `del`: when there is none, do nothing |\n\n"
    "NAME stands for the fields marked *key*, parted by `/`: a network is `TENANT/NAME`, an FDB "
    "entry `TENANT/NETWORK/MAC`, a queue `PORT/QUEUE`. Keys of `port add` and `port set` that "
    "are no fields of a port are options of its type. An empty value takes an optional field "
    "back.\n\n"
    "Units: rates `10M`, `2.5G`, `unlimited` (bits or packets a second, powers of 1000); bytes "
    "`64K`, `1M` (powers of 1024); times `300`, `5m`, `1h`, `1d`.\n\n"
    "Exit codes: 0 done, 1 refused, 2 wrong usage, 3 no daemon.\n\n"
    "Commands that are more than one method:\n\n"
    "| Command | Meaning |\n|---|---|\n"
    "| `config apply FILE\\|- [--dry-run]` | apply a document; JSON with `//` and `/* */` "
    "comments |\n"
    "| `port show NAME --qemu-args`, `--libvirt-xml` | ready lines for a VM |\n"
    "| `monitor [KIND ...]` | follow events |\n"
    "| `top [--batch] [-n N] [-d SECONDS]` | live rates per port; keys: `s` sorts by another "
    "column, `q` ends |\n"
    "| `capture PORT [in\\|out\\|drop\\|both] [FILTER...] -w FILE\\|- [-c COUNT] [-l SNAPLEN]` | "
    "write pcapng; FILTER is a pcap expression |\n"
    "| `help`, `OBJECT help`, `OBJECT VERB help` | help |\n\n"
    "## Protocol\n\n"
    "JSON-RPC 2.0 over the Unix socket, one value per line, parameters by name. Errors carry "
    "`data` with `field`, `hint` and `errno`. A number may also be given as the text that the "
    "command line takes; `null` means the default. An unknown field is an error.\n\n";

static void heading(FILE *out, const char *level, const char *text)
{
    fprintf(out, "%s %s\n\n", level, text);
}

/* The object's name as an anchor: GitHub writes blanks as dashes. */
static void object_link(FILE *out, const struct api_object *object)
{
    fprintf(out, "[%s](#object-", object->name);
    for (const char *p = object->name; *p; p++)
        fputc(*p == ' ' ? '-' : *p, out);
    fputc(')', out);
}

static void field_kind(FILE *out, const struct api_field *field)
{
    if (field->kind == API_ENUM) {
        for (uint32_t i = 0; i < field->names->count; i++)
            fprintf(out, "%s`%s`", i ? ", " : "", field->names->names[i].name);
    } else if (field->object != NULL) {
        fputs(field->kind == API_ROWS ? "rows of " : "", out);
        object_link(out, field->object);
    } else {
        fputs(value_kind_name(field->kind), out);
    }
}

static void field_manual(FILE *out, const struct api_field *field)
{
    char range[64];

    value_range(field, range, sizeof(range));
    fprintf(out, "| `%s` | ", field->name);
    field_kind(out, field);
    fprintf(out, " | %s | %s%s%s | %s%s |\n", range, field->fallback ? "`" : "",
            field->fallback ? field->fallback : "", field->fallback ? "`" : "",
            field->flags & API_KEY        ? "*key*; "
            : field->flags & API_REQUIRED ? "*required*; "
                                          : "",
            field->help);
}

static void choices_manual(FILE *out, const struct api_object *object)
{
    for (uint32_t i = 0; i < object->count; i++) {
        const struct api_enum *e = object->fields[i].names;

        if (e == NULL)
            continue;
        fprintf(out, "`%s`:\n\n", object->fields[i].name);
        for (uint32_t j = 0; j < e->count; j++)
            fprintf(out, "- `%s`: %s\n", e->names[j].name, e->names[j].help);
        fputc('\n', out);
    }
}

static void object_manual(FILE *out, const struct api_object *object, const char *prefix)
{
    char title[80];

    snprintf(title, sizeof(title), "%s%s", prefix, object->name);
    heading(out, "###", title);
    fprintf(out, "%s.\n\n", object->help);
    if (object->count == 0)
        return;
    fputs("| Field | Value | Range | Default | Meaning |\n|---|---|---|---|---|\n", out);
    for (uint32_t i = 0; i < object->count; i++)
        field_manual(out, &object->fields[i]);
    fputc('\n', out);
    choices_manual(out, object);
}

static void method_manual(FILE *out, const struct api_method *method)
{
    heading(out, "###", method->name);
    fprintf(out, "%s. Role: %s.", method->help, role_name(method->role));
    if (method->flags & API_M_PARTIAL)
        fputs(" Only key fields are required; what is not given stays.", out);
    if (method->flags & API_M_EDIT)
        fputs(" May stand in a batch.", out);
    if (method->flags & API_M_STREAM)
        fputs(" Notifications follow the reply.", out);
    if (method->flags & API_M_FD)
        fputs(" One file descriptor comes with the request.", out);
    fputs("\n\nParameters: ", out);
    object_link(out, method->params);
    fputs(". Result: ", out);
    object_link(out, method->result);
    fprintf(out, ".\n\n    vswitchctl %s\n\n", method->example);
}

void api_describe(FILE *out, const struct api_object *const *types, size_t count)
{
    struct object_set set = {0};

    objects_collect(&set);
    fputs(manual_head, out);
    heading(out, "##", "Methods");
    for (size_t i = 0; i < API_METHOD_COUNT; i++)
        method_manual(out, &api_methods[i]);
    if (count > 0)
        heading(out, "##", "Options of port types");
    for (size_t i = 0; i < count; i++)
        object_manual(out, types[i], "");
    heading(out, "##", "Objects");
    for (size_t i = 0; i < set.count; i++)
        object_manual(out, set.items[i], "Object: ");
}
