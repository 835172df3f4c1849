/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The reference manual, written from the table as Markdown: one chapter for each object that
 * commands are about, one section for each method, and every table once, where it is first
 * needed. Any thread.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "api/api.h"
#include "api/value.h"

#define OBJECTS_MAX (API_METHOD_COUNT * 6)

struct manual {
    FILE *out;
    const struct api_object *done[OBJECTS_MAX]; /* tables written so far */
    size_t done_count;
};

static const char manual_head[] =
    "<!-- Made by `make docs` from the tables in api/ and in the port types; do not edit. -->\n"
    "# Reference\n\n"
    "Every command of `vswitchctl`, every field of the configuration and every method of the "
    "control socket. For a first tour see the README; the configuration document as a whole is in "
    "vswitch.json(5).\n\n";

static const char manual_command_line[] =
    "## Command line\n\n"
    "    vswitchctl [options] OBJECT VERB [NAME] [key=value ...]   one command\n"
    "    vswitchctl [options] -f FILE|-                            a batch: all of it, or nothing\n"
    "    vswitchctl [options]                                      a shell with history and TAB\n\n"
    "| Option | Meaning |\n|---|---|\n"
    "| `-s`, `--socket PATH` | control socket; default: `$VSWITCH_SOCKET`, else "
    "`/run/vswitch/vswitchd.sock` |\n"
    "| `-j`, `--json` | print JSON; a list is an array of objects |\n"
    "| `-p`, `--pretty` | print JSON over several lines |\n"
    "| `-f`, `--file FILE` | run the commands of a file as one batch; `#` starts a comment |\n"
    "| `--dry-run` | with `config apply` and `-f`: check, show the plan, change nothing |\n"
    "| `--may-exist` | with `add`: when it exists already, change the given fields instead |\n"
    "| `--if-exists` | with `del`: when there is none, do nothing |\n\n"
    "NAME stands for the fields that are marked *name*, with `/` between them: a network is "
    "`TENANT/NAME`, an FDB entry `TENANT/NETWORK/MAC`, a queue `PORT/QUEUE`. `key=` with nothing "
    "behind it takes a field back to its default.\n\n"
    "Commands that are more than one method:\n\n"
    "| Command | Meaning |\n|---|---|\n"
    "| `config apply FILE\\|- [--dry-run]` | make the switch match a document |\n"
    "| `port show NAME --qemu-args`, `--libvirt-xml` | ready lines for a VM |\n"
    "| `monitor [KIND ...]` | follow events, all or those of the given kinds |\n"
    "| `top [--batch] [-n ROUNDS] [-d SECONDS]` | live rates per port; `s` sorts by another "
    "column, `q` ends |\n"
    "| `capture PORT [in\\|out\\|drop\\|both] [FILTER...] -w FILE\\|- [-c COUNT] [-l SNAPLEN]` | "
    "write pcapng; FILTER is a pcap expression |\n"
    "| `help`, `OBJECT help`, `OBJECT VERB help` | help |\n\n"
    "| Exit code | Meaning |\n|---|---|\n"
    "| 0 | done |\n| 1 | refused: the switch, or a file, said no |\n"
    "| 2 | the command line is wrong |\n| 3 | no daemon answers |\n\n"
    "## Values\n\n"
    "| Value | On the command line | In JSON |\n|---|---|---|\n"
    "| bit/s, packets/s | `10M`, `2.5G`, `unlimited`: powers of 1000 | number or text; "
    "0 is unlimited |\n"
    "| bytes | `1500`, `64K`, `1M`: powers of 1024 | number or text |\n"
    "| seconds | `300`, `5m`, `1h`, `1d`; `never` where it is listed | number or text |\n"
    "| bool | `true`, `false`, also `yes`, `no`, `on`, `off` | `true`, `false` |\n"
    "| name | 1 to 63 of `A-Z a-z 0-9 _ . -`, not starting with `.` or `-` | text |\n"
    "| names | `web,db` | array of text |\n"
    "| mac | `52:54:00:12:34:56` | text |\n"
    "| options | keys like any other | object |\n\n"
    "*in* is what a VM or host sends into the switch, *out* what it receives from it. Bytes and "
    "rates count frames without preamble and FCS.\n\n";

static const char manual_protocol[] =
    "## Protocol\n\n"
    "JSON-RPC 2.0 over a Unix stream socket, one object or batch per line, parameters by name:\n\n"
    "    {\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"port.set\",\"params\":{\"name\":\"vm1\","
    "\"limit_in_bps\":\"100M\"}}\n"
    "    {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"revision\":7,\"plan\":[...]}}\n\n"
    "A refusal has `data` with `field`, `hint` and `errno`. An unknown field is an error, `null` "
    "stands for the default, a number may be written as on the command line. Who may call is "
    "decided by the user and groups of the process at the other end: role *read* may look, role "
    "*change* may also change and capture. `rpc.discover` answers all of this page's tables.\n\n";

static bool is_done(const struct manual *m, const struct api_object *object)
{
    for (size_t i = 0; i < m->done_count; i++)
        if (m->done[i] == object)
            return true;
    return false;
}

static bool done_mark(struct manual *m, const struct api_object *object)
{
    if (is_done(m, object) || m->done_count == OBJECTS_MAX)
        return false;
    m->done[m->done_count++] = object;
    return true;
}

/* The heading "fields: port status" as an anchor: without the colon, blanks as dashes. */
static void object_link(FILE *out, const struct api_object *object)
{
    fprintf(out, "[%s](#fields-", object->name);
    for (const char *p = object->name; *p; p++)
        fputc(*p == ' ' ? '-' : *p, out);
    fputc(')', out);
}

/* ---- tables ------------------------------------------------------------------------------ */
static void value_cell(FILE *out, const struct api_field *field)
{
    char range[64];

    value_range(field, range, sizeof(range));
    if (field->kind == API_ENUM) {
        for (uint32_t i = 0; i < field->names->count; i++)
            fprintf(out, "%s`%s`", i ? ", " : "", field->names->names[i].name);
    } else if (field->object != NULL) {
        fputs(field->kind == API_ROWS ? "list of " : "", out);
        object_link(out, field->object);
    } else if (field->kind == API_STR || range[0] == '\0') {
        fputs(value_kind_name(field->kind), out);
    } else {
        fprintf(out, "%s%s", field->kind == API_BYTES ? "bytes, " : "", range);
    }
}

static void default_cell(FILE *out, const struct api_field *field)
{
    char text[64];

    value_default(field, text, sizeof(text));
    if (field->flags & API_KEY)
        fputs("*name*", out);
    else if (field->flags & API_REQUIRED)
        fputs("**required**", out);
    else if (text[0] != '\0')
        fprintf(out, "`%s`", text);
}

/* What each choice means, behind the meaning of the field. */
static void meaning_cell(FILE *out, const struct api_field *field)
{
    fputs(field->help, out);
    for (uint32_t i = 0; field->names != NULL && i < field->names->count; i++)
        fprintf(out, "%s `%s`: %s", i ? ";" : ".", field->names->names[i].name,
                field->names->names[i].help);
}

static void field_line(FILE *out, const struct api_field *field, bool is_wanted)
{
    fprintf(out, "| `%s` | ", field->name);
    value_cell(out, field);
    fputs(" | ", out);
    if (is_wanted) {
        default_cell(out, field);
        fputs(" | ", out);
    }
    meaning_cell(out, field);
    fputs(" |\n", out);
}

static void fields_table(FILE *out, const struct api_object *object, uint32_t first, bool is_wanted)
{
    fputs(is_wanted ? "| Field | Value | Default | Meaning |\n|---|---|---|---|\n"
                    : "| Field | Value | Meaning |\n|---|---|---|\n",
          out);
    for (uint32_t i = first; i < object->count; i++)
        if (is_wanted || !(object->fields[i].flags & API_CALL))
            field_line(out, &object->fields[i], is_wanted);
    fputc('\n', out);
}

static bool fields_same(const struct api_field *a, const struct api_field *b)
{
    return strcmp(a->name, b->name) == 0 && a->kind == b->kind && a->names == b->names &&
           a->object == b->object;
}

/* Starts @object with all fields of @base? */
static bool starts_with(const struct api_object *object, const struct api_object *base)
{
    if (base == object || base->count < 3 || base->count > object->count)
        return false;
    for (uint32_t i = 0; i < base->count; i++)
        if (!fields_same(&base->fields[i], &object->fields[i]))
            return false;
    return true;
}

static const struct api_object *base_of(const struct manual *m, const struct api_object *object)
{
    for (size_t i = 0; i < m->done_count; i++)
        if (starts_with(object, m->done[i]))
            return m->done[i];
    return NULL;
}

/* A list is told in its method's section; it has no table. */
static bool is_list(const struct api_object *object)
{
    return object->count == 1 && object->fields[0].kind == API_ROWS;
}

static bool is_name_only(const struct api_object *object)
{
    for (uint32_t i = 0; i < object->count; i++)
        if (!(object->fields[i].flags & (API_KEY | API_CALL)))
            return false;
    return true;
}

/* A table, and behind it those of the objects inside that had none yet. */
static void object_manual(struct manual *m, const struct api_object *object, bool is_wanted)
{
    const struct api_object *base = base_of(m, object);

    if (!is_list(object) && !(is_wanted && is_name_only(object)) && done_mark(m, object)) {
        fprintf(m->out, "#### fields: %s\n\n%s.", object->name, object->help);
        if (base != NULL) {
            fputs(" All fields of ", m->out);
            object_link(m->out, base);
            fputs(", and:", m->out);
        }
        fputs("\n\n", m->out);
        fields_table(m->out, object, base ? base->count : 0, is_wanted);
    }
    for (uint32_t i = 0; i < object->count; i++)
        if (object->fields[i].object != NULL && !is_done(m, object->fields[i].object))
            object_manual(m, object->fields[i].object, is_wanted);
}

/* ---- methods ----------------------------------------------------------------------------- */
static void names_write(FILE *out, const struct api_object *object)
{
    const char *between = "";

    for (uint32_t i = 0; i < object->count; i++) {
        fprintf(out, "%s`%s`%s", between, object->fields[i].name,
                object->fields[i].flags & API_CALL ? " (optional)" : "");
        between = ", ";
    }
}

static void takes_write(FILE *out, const struct api_method *method)
{
    if (method->params->count == 0)
        return;
    fputs("Takes ", out);
    if (is_name_only(method->params)) {
        names_write(out, method->params);
    } else {
        object_link(out, method->params);
        if (method->flags & API_M_PARTIAL)
            fputs("; only the name is required, what is not given stays as it is", out);
    }
    fputs(". ", out);
}

static void answers_write(FILE *out, const struct api_method *method)
{
    const struct api_object *result = method->result;

    fputs("Answers ", out);
    if (is_list(result)) {
        fprintf(out, "`{\"%s\": [...]}`, a list of ", result->fields[0].name);
        result = result->fields[0].object;
    }
    object_link(out, result);
    fputs(".", out);
}

static void method_manual(struct manual *m, const struct api_method *method)
{
    fprintf(m->out, "### %s %s\n\n%s.\n\n", method->object, method->verb, method->help);
    if (method->example[0] != '\0')
        fprintf(m->out, "    vswitchctl %s\n\n", method->example);
    fprintf(m->out, "Method `%s`, role *%s*. ", method->name, api_role_name(method->role));
    takes_write(m->out, method);
    answers_write(m->out, method);
    if (method->flags & API_M_EDIT)
        fputs(" May be part of a batch.", m->out);
    if (method->flags & API_M_STREAM)
        fputs(" Notifications follow the answer.", m->out);
    if (method->flags & API_M_FD)
        fputs(" One file descriptor comes with the request (SCM_RIGHTS).", m->out);
    fputs("\n\n", m->out);
    object_manual(m, method->params, true);
    object_manual(m, method->result, false);
}

/* A chapter begins where the object of the methods changes: the list of its methods. */
static void chapter_start(FILE *out, size_t first)
{
    const char *object = api_methods[first].object;

    fprintf(out, "## %s\n\n| Command | What it does |\n|---|---|\n", object);
    for (size_t i = first; i < API_METHOD_COUNT && strcmp(api_methods[i].object, object) == 0; i++)
        fprintf(out, "| [%s %s](#%s-%s)%s | %s |\n", object, api_methods[i].verb, object,
                api_methods[i].verb, api_methods[i].flags & API_M_RPC ? " (method only)" : "",
                api_methods[i].help);
    fputc('\n', out);
}

static bool is_chapter(size_t i)
{
    return i == 0 || strcmp(api_methods[i].object, api_methods[i - 1].object) != 0;
}

static void contents_write(FILE *out)
{
    fputs("Contents: [command line](#command-line), [values](#values), [protocol](#protocol)", out);
    for (size_t i = 0; i < API_METHOD_COUNT; i++)
        if (is_chapter(i))
            fprintf(out, ", [%s](#%s)", api_methods[i].object, api_methods[i].object);
    fputs(", [types of port](#types-of-port), [drop reasons](#drop-reasons).\n\n", out);
}

static void types_write(FILE *out, const struct api_type *types, size_t count)
{
    fputs("## Types of port\n\n"
          "`type=` of a port, and the options that each type adds. On the command line they stand "
          "among the other keys, in JSON inside `options`.\n\n",
          out);
    for (size_t i = 0; i < count; i++) {
        fprintf(out, "### type %s\n\n%c%s.\n\n", types[i].name, toupper(types[i].help[0]),
                types[i].help + 1);
        fields_table(out, types[i].options, 0, true);
    }
}

void api_describe(FILE *out, const struct api_type *types, size_t count)
{
    struct manual m = {.out = out};

    fputs(manual_head, out);
    contents_write(out);
    fputs(manual_command_line, out);
    fputs(manual_protocol, out);
    for (size_t i = 0; i < API_METHOD_COUNT; i++) {
        if (is_chapter(i))
            chapter_start(out, i);
        method_manual(&m, &api_methods[i]);
        if (strcmp(api_methods[i].name, "monitor.subscribe") == 0)
            object_manual(&m, &api_event_object, false);
    }
    types_write(out, types, count);
}
