/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Help on every level, from the table; options of port types come from the daemon.
 */
#include <string.h>

#include "cli/cli.h"
#include "cli/help_table.h"

static const char usage_head[] =
    "usage: vswitchctl [options] OBJECT VERB [NAME] [key=value ...]\n"
    "       vswitchctl [options] -f FILE|-    the commands of a file: all of them, or none\n"
    "       vswitchctl [options]              a shell with history and TAB\n"
    "\n"
    "first steps:\n"
    "  vswitchctl tenant add red\n"
    "  vswitchctl network add red/web vlan=10\n"
    "  vswitchctl port add vm1 type=vhost-user tenant=red networks=web\n"
    "  vswitchctl port show vm1 --qemu-args\n"
    "\n"
    "options:\n"
    "  -s, --socket PATH    control socket; default: $VSWITCH_SOCKET, " CLI_SOCKET_DEFAULT "\n"
    "  -j, --json           print JSON; -p, --pretty over several lines\n"
    "      --dry-run        config apply and -f: check and show the plan, change nothing\n"
    "      --may-exist      add: when it exists already, change the given fields instead\n"
    "      --if-exists      del: when there is none, do nothing\n"
    "\n"
    "objects and their verbs:\n";

static const char usage_tail[] =
    "\n"
    "more help: vswitchctl OBJECT help, vswitchctl OBJECT VERB help, vswitchctl(8)\n"
    "exit codes: 0 done, 1 refused, 2 wrong usage, 3 no daemon\n";

/* Commands whose words are not those of a method. */
static const struct special {
    const char *words; /* "config apply" */
    const char *usage; /* what follows them */
    const char *what;
    const char *more;
} specials[] = {
    {"config apply", "FILE|- [--dry-run]", "make the switch match a document",
     "FILE is JSON as `config show` prints it, with // and /* */ comments if you like; - is\n"
     "standard input. --dry-run checks it against the running switch and shows the plan.\n"
     "The document is explained in vswitch.json(5)."},
    {"port show", "NAME --qemu-args|--libvirt-xml", "ready lines for a VM", NULL},
    {"monitor", "[KIND ...]", "follow events until interrupted",
     "KIND is the kind of object: port, fdb, network, tenant, worker, ... With -j, one JSON\n"
     "object per line."},
    {"top", "[--batch] [-n ROUNDS] [-d SECONDS]", "live rates per port",
     "Keys: s sorts by another column, q ends. --batch prints tables one after the other."},
    {"capture", "PORT [in|out|drop|both] [FILTER...] -w FILE|- [-c COUNT] [-l SNAPLEN]",
     "write frames of a port as pcapng",
     "in is what the port sends into the switch, out what it receives, drop what was dropped\n"
     "(the reason is the packet's comment). FILTER is a pcap expression, see pcap-filter(7).\n"
     "example: vswitchctl capture vm1 in tcp port 80 -w - | tshark -r -"},
};

static const struct special *special_find(const char *words)
{
    for (size_t i = 0; i < ARRAY_SIZE(specials); i++)
        if (strcmp(specials[i].words, words) == 0)
            return &specials[i];
    return NULL;
}

static void special_print(FILE *out, const struct special *special)
{
    fprintf(out, "usage: vswitchctl %s %s\n", special->words, special->usage);
    if (special->more != NULL)
        fprintf(out, "\n%s\n", special->more);
}

/* ---- all commands ------------------------------------------------------------------------ */
static bool is_command(const struct api_method *method)
{
    return !(method->flags & API_M_RPC);
}

static void objects_print(FILE *out)
{
    const char *object = "";

    for (size_t i = 0; i < API_METHOD_COUNT; i++) {
        if (!is_command(&api_methods[i]))
            continue;
        if (strcmp(object, api_methods[i].object) != 0) {
            fprintf(out, "%s  %-10s", *object ? "\n" : "", api_methods[i].object);
            object = api_methods[i].object;
        }
        fprintf(out, " %s", api_methods[i].verb);
    }
    fputc('\n', out);
}

static void usage_print(FILE *out)
{
    fputs(usage_head, out);
    objects_print(out);
    fputs("\nmore commands:\n", out);
    for (size_t i = 0; i < ARRAY_SIZE(specials); i++)
        fprintf(out, "  %s %s\n      %s\n", specials[i].words, specials[i].usage, specials[i].what);
    fputs(usage_tail, out);
}

/* ---- one object, one verb ---------------------------------------------------------------- */
static bool object_print(FILE *out, const char *object)
{
    bool found = false;

    for (size_t i = 0; i < API_METHOD_COUNT; i++) {
        const struct api_method *method = &api_methods[i];
        char name[64];

        if (strcmp(method->object, object) != 0)
            continue;
        snprintf(name, sizeof(name), "%s %s", method->object, method->verb);
        fprintf(out, "  %-18s %s%s\n", name, method->help,
                is_command(method) ? "" : " (for programs)");
        found = true;
    }
    return found;
}

static void upper_print(FILE *out, const char *text)
{
    for (; *text; text++)
        fputc(*text >= 'a' && *text <= 'z' ? *text - 'a' + 'A' : *text, out);
}

/* "TENANT/NAME type=TYPE [key=value ...]" */
static void words_print(FILE *out, const struct api_method *method)
{
    const struct api_object *object = method->params;
    const char *between = " ";
    bool more = false;

    for (uint32_t i = 0; i < object->count; i++) {
        const struct api_field *field = &object->fields[i];

        if (field->flags & API_KEY) {
            fputs(between, out);
            upper_print(out, field->name);
            between = "/";
        } else if ((field->flags & API_REQUIRED) && !(method->flags & API_M_PARTIAL)) {
            fprintf(out, " %s=", field->name);
            upper_print(out, field->name);
        } else if (!(field->flags & API_CALL)) {
            more = true;
        }
    }
    fputs(more ? " [key=value ...]\n" : "\n", out);
}

/* Nobody may be listening: then the manual must do. */
static void types_print(struct cli *cli, bool partial)
{
    struct api_type_list types;
    struct vsw_err ignored = {0};

    fputc('\n', cli->out);
    if (cli_call(cli, api_method_find("port.types"), NULL, &types, &ignored) != CLI_OK) {
        fputs("The options of each type follow here when vswitchd runs; they are in the reference "
              "manual, too.\n",
              cli->out);
        return;
    }
    help_types_print(cli->out, &types, partial);
    api_free(&api_type_list_object, &types);
}

static void method_print(struct cli *cli, const struct api_method *method)
{
    bool partial = method->flags & API_M_PARTIAL;

    fprintf(cli->out, "%s.\n\nusage: vswitchctl %s %s", method->help, method->object, method->verb);
    words_print(cli->out, method);
    fprintf(cli->out, "example: vswitchctl %s\n", method->example);
    if (method->params->count > 0) {
        fputc('\n', cli->out);
        help_object_print(cli->out, method->params, partial);
    }
    if (method->params == &api_port_object)
        types_print(cli, partial);
}

static void rpc_print(FILE *out, const struct api_method *method)
{
    fprintf(out, "%s.\n\nA method for programs.", method->help);
    if (method->example[0] != '\0')
        fprintf(out, " The command is: vswitchctl %s", method->example);
    fputc('\n', out);
}

static bool verb_print(struct cli *cli, const char *object, const char *verb)
{
    char name[RPC_METHOD_SIZE];
    const struct special *special;
    const struct api_method *method;

    snprintf(name, sizeof(name), "%s %s", object, verb);
    special = special_find(name);
    snprintf(name, sizeof(name), "%s.%s", object, verb);
    method = api_method_find(name);
    if (method == NULL)
        return false;
    if (special != NULL && special->more != NULL)
        special_print(cli->out, special);
    else if (is_command(method))
        method_print(cli, method);
    else
        rpc_print(cli->out, method);
    if (special != NULL && special->more == NULL)
        fprintf(cli->out, "\nalso: vswitchctl %s %s: %s\n", special->words, special->usage,
                special->what);
    return true;
}

enum cli_exit cli_help(struct cli *cli, char *const *words, size_t count, struct vsw_err *err)
{
    const struct special *special = count > 0 ? special_find(words[0]) : NULL;
    struct cli_request unknown;

    if (count == 0) {
        usage_print(cli->out);
        return CLI_OK;
    }
    if (special != NULL) {
        special_print(cli->out, special);
        return CLI_OK;
    }
    if (count == 1 ? object_print(cli->out, words[0]) : verb_print(cli, words[0], words[1]))
        return CLI_OK;
    cli_request_parse(words, count > 1 ? 2 : 1, &unknown, err); /* it knows the nearest word */
    return CLI_USAGE;
}
