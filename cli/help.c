/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Help on every level, from the table; options of port types come from the daemon.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/print.h"

static const char usage[] =
    "usage: vswitchctl [-s SOCKET] [-j] [-p] OBJECT VERB [NAME] [key=value ...]\n"
    "       vswitchctl [-s SOCKET] [--dry-run] -f FILE|-      a batch, all or nothing\n"
    "       vswitchctl [-s SOCKET]                            a shell\n"
    "\n"
    "commands of their own:\n"
    "  config apply FILE|- [--dry-run]            make the switch match a document\n"
    "  port show NAME --qemu-args|--libvirt-xml   ready lines for a VM\n"
    "  monitor [KIND ...]                         follow events\n"
    "  top [--batch] [-n N] [-d SECONDS]          live rates per port\n"
    "  capture PORT [in|out|drop|both] [FILTER...] -w FILE|- [-c COUNT] [-l SNAPLEN]\n"
    "\n"
    "objects and verbs (more: vswitchctl OBJECT help, vswitchctl OBJECT VERB help):\n";

static void usage_print(FILE *out)
{
    const char *object = "";

    fputs(usage, out);
    for (size_t i = 0; i < API_METHOD_COUNT; i++) {
        if (strcmp(object, api_methods[i].object) != 0) {
            object = api_methods[i].object;
            fprintf(out, "%s  %-10s", i ? "\n" : "", object);
        }
        fprintf(out, " %s", api_methods[i].verb);
    }
    fputs("\n\nexit codes: 0 done, 1 refused, 2 wrong usage, 3 no daemon\n", out);
}

static bool object_print(FILE *out, const char *object)
{
    bool found = false;

    for (size_t i = 0; i < API_METHOD_COUNT; i++) {
        const struct api_method *method = &api_methods[i];
        char name[64];

        if (strcmp(method->object, object) != 0)
            continue;
        snprintf(name, sizeof(name), "%s %s", method->object, method->verb);
        fprintf(out, "  %-18s %s\n", name, method->help);
        found = true;
    }
    return found;
}

static void key_line(FILE *out, const struct api_object *object)
{
    const char *between = " ";

    for (uint32_t i = 0; i < object->count; i++) {
        if (!(object->fields[i].flags & API_KEY))
            continue;
        fputs(between, out);
        for (const char *p = object->fields[i].name; *p; p++)
            fputc(*p >= 'a' && *p <= 'z' ? *p - 'a' + 'A' : *p, out);
        between = "/";
    }
}

static void fields_print(FILE *out, const struct api_object *object)
{
    struct api_rows rows = {0};

    if (api_describe_fields(object, &rows) == 0)
        print_table(out, &api_field_row_object, &rows);
    while (rows.count > 0)
        api_rows_remove(&api_field_row_object, &rows, rows.count - 1);
    free(rows.items);
}

/* Nobody may be listening: then the manual must do. */
static void types_print(struct cli *cli)
{
    struct api_type_list types;
    struct vsw_err ignored = {0};

    if (cli_call(cli, api_method_find("port.types"), NULL, &types, &ignored) != CLI_OK)
        return;
    for (uint32_t i = 0; i < types.rows.count; i++) {
        struct api_object_row *type = &types.rows.items[i];

        fprintf(cli->out, "\noptions of type=%s: %s\n", type->name, type->help);
        print_table(cli->out, &api_field_row_object, (struct api_rows *)(void *)&type->fields);
    }
    api_free(&api_type_list_object, &types);
}

/* Commands of their own have their usage in the example. */
static bool is_plain(const struct api_method *method)
{
    return !(method->flags & API_M_STREAM) && strcmp(method->name, "config.apply") != 0 &&
           strcmp(method->object, "batch") != 0;
}

static void method_print(struct cli *cli, const struct api_method *method)
{
    fprintf(cli->out, "%s\n\n", method->help);
    if (is_plain(method)) {
        fprintf(cli->out, "usage: vswitchctl %s %s", method->object, method->verb);
        key_line(cli->out, method->params);
        fprintf(cli->out, "%s\n", method->params->count ? " [key=value ...]" : "");
    }
    fprintf(cli->out, "example: vswitchctl %s\n", method->example);
    if (method->params->count > 0) {
        fputc('\n', cli->out);
        fields_print(cli->out, method->params);
    }
    if (method->params == &api_port_object)
        types_print(cli);
}

enum cli_exit cli_help(struct cli *cli, char *const *words, size_t count, struct vsw_err *err)
{
    char name[RPC_METHOD_SIZE];
    const struct api_method *method;
    struct cli_request unknown;

    if (count == 0) {
        usage_print(cli->out);
        return CLI_OK;
    }
    snprintf(name, sizeof(name), "%s.%s", words[0], count > 1 ? words[1] : "");
    method = api_method_find(name);
    if (method != NULL) {
        method_print(cli, method);
        return CLI_OK;
    }
    if (count == 1 && (strcmp(words[0], "top") == 0 || object_print(cli->out, words[0]))) {
        if (strcmp(words[0], "top") == 0)
            usage_print(cli->out);
        return CLI_OK;
    }
    cli_request_parse(words, count > 1 ? 2 : 1, &unknown, err); /* it knows the nearest word */
    return CLI_USAGE;
}
