/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Documents and batches from a file: read, check here what can be checked, and say where in the
 * file a refusal points to.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

#define FILE_BYTES_MAX (64u << 20) /* far above any configuration; stops `apply /dev/zero` */

static enum cli_exit stream_read(FILE *in, char **ret_text, size_t *ret_len, struct vsw_err *err)
{
    size_t len = 0, room = 65536;
    char *text = malloc(room + 1), *grown;

    while (text != NULL && len < FILE_BYTES_MAX) {
        size_t n = fread(text + len, 1, room - len, in);

        len += n;
        if (n == 0)
            break;
        if (len < room)
            continue;
        grown = realloc(text, (room *= 2) + 1);
        if (grown == NULL)
            free(text);
        text = grown;
    }
    if (text == NULL || ferror(in) || len >= FILE_BYTES_MAX) {
        free(text);
        vsw_err_set(err, -EIO, NULL, "cannot read it: %s",
                    len >= FILE_BYTES_MAX ? "it is too large" : strerror(errno));
        return CLI_REFUSED;
    }
    text[len] = '\0';
    *ret_text = text;
    *ret_len = len;
    return CLI_OK;
}

enum cli_exit cli_file_read(const char *file, char **ret_text, size_t *ret_len, struct vsw_err *err)
{
    bool is_stdin = strcmp(file, "-") == 0;
    FILE *in = is_stdin ? stdin : fopen(file, "re");
    enum cli_exit rc;

    if (in == NULL) {
        vsw_err_set(err, -errno, NULL, "cannot open %.150s: %s", file, strerror(errno));
        return CLI_REFUSED;
    }
    rc = stream_read(in, ret_text, ret_len, err);
    if (!is_stdin)
        fclose(in);
    return rc;
}

/* Puts "file:line:column: " in front of a refusal whose field is a path into the document. */
static void position_add(const char *file, const char *text, size_t len, struct vsw_err *err)
{
    const struct json_limits limits = {.comments = true};
    char path[sizeof(err->field)], msg[sizeof(err->msg)];
    unsigned line, column;
    size_t offset;

    if (strncmp(err->field, "config.", 7) == 0) {
        snprintf(path, sizeof(path), "%s", err->field + 7);
        memcpy(err->field, path, sizeof(path));
    }
    if (json_scan(text, len, &limits, err->field, &offset, NULL) != 0)
        return;
    json_position(text, offset, &line, &column);
    snprintf(msg, sizeof(msg), "%.80s:%u:%u: %.140s", file, line, column, err->msg);
    memcpy(err->msg, msg, sizeof(msg));
}

static enum cli_exit document_check(const char *file, const char *text, size_t len,
                                    struct json **ret_json, struct vsw_err *err)
{
    const struct json_limits limits = {.comments = true};
    struct api_config config;
    struct vsw_err why = {0};
    struct json *json;

    if (json_parse(text, len, &limits, &json, &why) != 0) {
        vsw_err_set(err, why.code, NULL, "%.80s: %.160s", file, why.msg);
        return CLI_REFUSED;
    }
    if (api_decode(&api_config_object, json, API_DECODE_DOCUMENT, &config, err) != 0) {
        json_free(json);
        position_add(file, text, len, err);
        return CLI_REFUSED;
    }
    api_free(&api_config_object, &config);
    *ret_json = json;
    return CLI_OK;
}

static struct json *apply_params(struct json *document, bool dry_run)
{
    struct json *params = json_new_object();

    if (params == NULL || json_set(params, "config", document) != 0 ||
        json_set(params, "dry_run", json_new_bool(dry_run)) != 0)
        return NULL;
    return params;
}

enum cli_exit cli_config_apply(struct cli *cli, const char *file, bool dry_run, struct vsw_err *err)
{
    struct json *document;
    enum cli_exit rc;
    char *text;
    size_t len;

    rc = cli_file_read(file, &text, &len, err);
    if (rc != CLI_OK)
        return rc;
    rc = document_check(file, text, len, &document, err);
    if (rc == CLI_OK) {
        rc = cli_call_print(cli, api_method_find("config.apply"), apply_params(document, dry_run),
                            err);
        if (rc == CLI_REFUSED && strncmp(err->field, "config", 6) == 0)
            position_add(file, text, len, err);
    }
    free(text);
    return rc;
}

/* ---- batches ----------------------------------------------------------------------------- */
struct batch {
    struct json *requests; /* owned */
    unsigned *lines;       /* owned; line of each request */
    size_t count;
};

static void line_name(struct vsw_err *err, const char *file, unsigned line)
{
    char msg[sizeof(err->msg)];

    snprintf(msg, sizeof(msg), "%.80s:%u: %.150s", file, line, err->msg);
    memcpy(err->msg, msg, sizeof(msg));
}

static int request_add(struct batch *batch, const struct cli_request *request, unsigned line)
{
    struct json *item = json_new_object();
    unsigned *lines = reallocarray(batch->lines, batch->count + 1, sizeof(*lines));

    if (lines != NULL)
        batch->lines = lines;
    if (item == NULL || lines == NULL ||
        json_set(item, "method", json_new_text(request->method->name)) != 0) {
        json_free(request->params);
        json_free(item);
        return -ENOMEM;
    }
    if (json_set(item, "params", request->params) != 0) {
        json_free(item);
        return -ENOMEM;
    }
    batch->lines[batch->count++] = line;
    return json_append(batch->requests, item);
}

static int line_add(struct batch *batch, char *text, unsigned line, struct vsw_err *err)
{
    char *words[CLI_WORDS_MAX];
    struct cli_request request;
    size_t count;
    int rc = cli_words_split(text, words, &count, err);

    if (rc != 0 || count == 0)
        return rc;
    rc = cli_request_parse(words, count, &request, err);
    if (rc != 0)
        return rc;
    if (!(request.method->flags & API_M_EDIT)) {
        json_free(request.params);
        vsw_err_set(err, -EINVAL, NULL, "%s %s cannot stand in a batch", request.method->object,
                    request.method->verb);
        vsw_err_hint(err, "a batch holds edits of the configuration only");
        return -EINVAL;
    }
    rc = request_add(batch, &request, line);
    return rc == 0 ? 0 : vsw_err_set(err, rc, NULL, "out of memory");
}

static enum cli_exit batch_read(struct batch *batch, const char *file, char *text,
                                struct vsw_err *err)
{
    unsigned line = 0;
    char *one;

    while ((one = strsep(&text, "\n")) != NULL) {
        line++;
        if (line_add(batch, one, line, err) != 0) {
            line_name(err, file, line);
            return CLI_USAGE;
        }
    }
    return CLI_OK;
}

/* "requests[2].mtu" becomes the third request's line, and "mtu". */
static void request_locate(const struct batch *batch, const char *file, struct vsw_err *err)
{
    char field[sizeof(err->field)] = "";
    unsigned index;
    const char *rest;

    if (sscanf(err->field, "requests[%u]", &index) != 1 || index >= batch->count)
        return;
    rest = strchr(err->field, ']') + 1;
    if (*rest == '.')
        snprintf(field, sizeof(field), "%s", rest + 1);
    memcpy(err->field, field, sizeof(field));
    cli_options_hint(err);
    line_name(err, file, batch->lines[index]);
}

static enum cli_exit batch_send(struct cli *cli, struct batch *batch, const char *file,
                                struct vsw_err *err)
{
    struct json *params = json_new_object();
    enum cli_exit rc;

    if (params == NULL || json_set(params, "requests", batch->requests) != 0 ||
        json_set(params, "dry_run", json_new_bool(cli->dry_run)) != 0)
        return CLI_REFUSED;
    batch->requests = NULL;
    rc = cli_call_print(cli, api_method_find("batch.run"), params, err);
    if (rc == CLI_REFUSED)
        request_locate(batch, file, err);
    return rc;
}

enum cli_exit cli_batch(struct cli *cli, const char *file, struct vsw_err *err)
{
    struct batch batch = {.requests = json_new_array()};
    enum cli_exit rc;
    char *text;
    size_t len;

    rc = cli_file_read(file, &text, &len, err);
    if (rc == CLI_OK) {
        rc = batch_read(&batch, file, text, err);
        free(text);
    }
    if (rc == CLI_OK && batch.count > 0)
        rc = batch_send(cli, &batch, file, err);
    json_free(batch.requests);
    free(batch.lines);
    return rc;
}
