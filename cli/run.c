/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Runs one command: which kind it is, the call, and how its answer is shown.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/print.h"

void cli_error_print(FILE *out, const struct vsw_err *err)
{
    fprintf(out, "error: %s\n", err->msg);
    if (err->field[0] != '\0')
        fprintf(out, "field: %s\n", err->field);
    if (err->hint[0] != '\0')
        fprintf(out, "hint: %s\n", err->hint);
}

void cli_options_hint(struct vsw_err *err)
{
    const char *names[API_GIVEN_MAX], *near;
    const char *key = strrchr(err->field, '.');

    if (strncmp(err->field, "options.", 8) != 0 || err->hint[0] != '\0')
        return;
    for (uint32_t i = 0; i < api_port_object.count; i++)
        names[i] = api_port_object.fields[i].name;
    near = api_nearest(key + 1, names, api_port_object.count);
    if (near != NULL)
        vsw_err_hint(err, "did you mean the port's %s=?", near);
}

static enum cli_exit exit_of(int rc)
{
    return rc == 0 ? CLI_OK : rc > 0 ? CLI_REFUSED : CLI_NO_DAEMON;
}

static enum cli_exit call(struct cli *cli, const struct api_method *method, struct json *params,
                          struct json **ret_result, struct vsw_err *err)
{
    int rc = client_call(&cli->client, method->name, params, ret_result, err);

    if (rc != 0 && err != NULL)
        cli_options_hint(err);
    return exit_of(rc);
}

enum cli_exit cli_call(struct cli *cli, const struct api_method *method, struct json *params,
                       void *ret_result, struct vsw_err *err)
{
    struct json *result;
    enum cli_exit rc = call(cli, method, params, &result, err);

    if (rc == CLI_OK && api_decode(method->result, result, API_DECODE_REPLY, ret_result, err) != 0)
        rc = CLI_NO_DAEMON;
    json_free(result);
    return rc;
}

static void json_show(struct cli *cli, const struct json *json, bool pretty)
{
    char *text = json_print(json, pretty);

    fprintf(cli->out, "%s\n", text ? text : "null");
    free(text);
}

static enum cli_exit result_show(struct cli *cli, const struct api_method *method,
                                 struct json *result, struct vsw_err *err)
{
    const struct json *rows = json_get(result, "rows");
    bool is_document = method->result == &api_config_object;
    void *decoded;

    if (cli->json || is_document) {
        json_show(cli, rows ? rows : result, cli->pretty || (is_document && !cli->json));
        return CLI_OK;
    }
    decoded = malloc(method->result->size);
    if (decoded == NULL ||
        api_decode(method->result, result, API_DECODE_REPLY, decoded, err) != 0) {
        free(decoded);
        return CLI_NO_DAEMON;
    }
    print_result(cli->out, method, decoded);
    api_free(method->result, decoded);
    free(decoded);
    return CLI_OK;
}

enum cli_exit cli_call_print(struct cli *cli, const struct api_method *method, struct json *params,
                             struct vsw_err *err)
{
    struct json *result;
    enum cli_exit rc = call(cli, method, params, &result, err);

    if (rc == CLI_OK)
        rc = result_show(cli, method, result, err);
    json_free(result);
    return rc;
}

/* ---- commands that are more than their method -------------------------------------------- */
static bool is_word(char *const *words, size_t count, size_t i, const char *word)
{
    return i < count && strcmp(words[i], word) == 0;
}

static enum cli_exit apply_words(struct cli *cli, char *const *words, size_t count,
                                 struct vsw_err *err)
{
    const char *file = NULL;
    bool dry_run = cli->dry_run;

    for (size_t i = 0; i < count; i++) {
        if (strcmp(words[i], "--dry-run") == 0)
            dry_run = true;
        else if (file == NULL && (words[i][0] != '-' || words[i][1] == '\0'))
            file = words[i];
        else
            file = "";
    }
    if (file == NULL || *file == '\0') {
        vsw_err_set(err, -EINVAL, NULL, "config apply takes one file");
        vsw_err_hint(err, "config apply FILE|- [--dry-run]");
        return CLI_USAGE;
    }
    return cli_config_apply(cli, file, dry_run, err);
}

static enum cli_exit attach_words(struct cli *cli, char *const *words, size_t count, bool want_xml,
                                  struct vsw_err *err)
{
    const struct api_method *method = api_method_find("port.attach");
    char *request_words[] = {"port", "attach", words[0]};
    struct cli_request request;
    struct api_attach attach;
    const char *text;
    enum cli_exit rc;

    if (count != 1 || cli_request_parse(request_words, 3, &request, err) != 0)
        return CLI_USAGE;
    rc = cli_call(cli, method, request.params, &attach, err);
    if (rc != CLI_OK)
        return rc;
    text = want_xml ? attach.libvirt_xml : attach.qemu_args;
    if (text == NULL || *text == '\0') {
        vsw_err_set(err, -ENOTSUP, NULL, "ports of this type do not connect to a VM");
        rc = CLI_REFUSED;
    } else {
        fprintf(cli->out, "%s\n", text);
    }
    api_free(method->result, &attach);
    return rc;
}

/* port show NAME --qemu-args: false when it is an ordinary `port show`. */
static bool attach_wanted(char *const *words, size_t *count, char **kept, bool *ret_xml)
{
    size_t n = 0;
    bool want = false;

    for (size_t i = 0; i < *count; i++) {
        bool xml = strcmp(words[i], "--libvirt-xml") == 0;

        if (!xml && strcmp(words[i], "--qemu-args") != 0) {
            kept[n++] = words[i];
            continue;
        }
        want = true;
        *ret_xml = xml;
    }
    *count = n;
    return want;
}

static enum cli_exit method_words(struct cli *cli, char *const *words, size_t count,
                                  struct vsw_err *err)
{
    struct cli_request request;

    if (cli_request_parse(words, count, &request, err) != 0)
        return CLI_USAGE;
    if (request.method->flags & API_M_RPC) {
        json_free(request.params);
        vsw_err_set(err, -EINVAL, NULL, "%s is not a command", request.method->name);
        vsw_err_hint(err, "use: vswitchctl %s", request.method->example);
        return CLI_USAGE;
    }
    if (cli->dry_run) {
        json_free(request.params);
        vsw_err_set(err, -EINVAL, NULL, "--dry-run is for config apply and for batches");
        return CLI_USAGE;
    }
    return cli_call_print(cli, request.method, request.params, err);
}

enum cli_exit cli_run(struct cli *cli, char *const *words, size_t count, struct vsw_err *err)
{
    char *kept[CLI_WORDS_MAX];
    size_t kept_count = count > 2 ? count - 2 : 0;
    bool want_xml = false;

    if (is_word(words, count, 0, "help"))
        return cli_help(cli, words + 1, count - 1, err);
    if (is_word(words, count, count - 1, "help"))
        return cli_help(cli, words, count - 1, err);
    if (is_word(words, count, 0, "top"))
        return cli_top(cli, words, count, err);
    if (is_word(words, count, 0, "monitor"))
        return cli_monitor(cli, words, count, err);
    if (is_word(words, count, 0, "capture"))
        return cli_capture(cli, words, count, err);
    if (is_word(words, count, 0, "config") && is_word(words, count, 1, "apply"))
        return apply_words(cli, words + 2, count - 2, err);
    if (is_word(words, count, 0, "port") && is_word(words, count, 1, "show") &&
        attach_wanted(words + 2, &kept_count, kept, &want_xml))
        return attach_words(cli, kept, kept_count, want_xml, err);
    if (count == 1 && cli_help(cli, words, 1, NULL) == CLI_OK)
        return CLI_OK;
    return method_words(cli, words, count, err);
}
