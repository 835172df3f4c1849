/* SPDX-License-Identifier: BSD-3-Clause
 *
 * `capture`: the daemon writes pcapng into a descriptor that is sent along; this side waits for
 * the end and tells the numbers on stderr.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

#define STOP_WAIT_MS 5000

struct capture_words {
    struct api_capture_start start;
    const char *file;
};

static enum cli_exit wrong(struct vsw_err *err, const char *what, const char *word)
{
    vsw_err_set(err, -EINVAL, NULL, "%s%s%.60s", what, word ? " " : "", word ? word : "");
    vsw_err_hint(err,
                 "capture PORT [in|out|drop|both] [FILTER...] -w FILE|- [-c COUNT] [-l SNAPLEN]");
    return CLI_USAGE;
}

static int field_set(struct capture_words *w, const char *name, const char *text,
                     struct vsw_err *err)
{
    return api_field_parse(&api_capture_start_object,
                           api_field_find(&api_capture_start_object, name), text, &w->start, err);
}

static bool is_direction(const char *word)
{
    for (uint32_t i = 0; i < api_capture_direction_enum.count; i++)
        if (strcmp(word, api_capture_direction_enum.names[i].name) == 0)
            return true;
    return false;
}

/* Adds a word to the filter expression. */
static int filter_add(struct capture_words *w, const char *word, struct vsw_err *err)
{
    char filter[2 * sizeof(w->start.filter) + 2];

    snprintf(filter, sizeof(filter), "%s%s%.1024s", w->start.filter, w->start.filter[0] ? " " : "",
             word);
    return field_set(w, "filter", filter, err);
}

static const char *option_name(const char *word)
{
    return strcmp(word, "-c") == 0 ? "count" : strcmp(word, "-l") == 0 ? "snaplen" : NULL;
}

static enum cli_exit words_read(struct capture_words *w, char *const *words, size_t count,
                                struct vsw_err *err)
{
    int rc = 0;

    if (count < 2)
        return wrong(err, "capture needs a port", NULL);
    rc = field_set(w, "port", words[1], err);
    for (size_t i = 2; rc == 0 && i < count; i++) {
        bool takes_value = strcmp(words[i], "-w") == 0 || option_name(words[i]) != NULL;

        if (takes_value && i + 1 == count)
            return wrong(err, "a value is missing behind", words[i]);
        if (strcmp(words[i], "-w") == 0)
            w->file = words[++i];
        else if (takes_value)
            rc = field_set(w, option_name(words[i]), words[i + 1], err), i++;
        else if (i == 2 && is_direction(words[i]))
            rc = field_set(w, "direction", words[i], err);
        else
            rc = filter_add(w, words[i], err);
    }
    if (rc != 0)
        return CLI_USAGE;
    return w->file ? CLI_OK : wrong(err, "capture needs -w: where to write", NULL);
}

/* One file for the output; a terminal must not get binary data. */
static int output_open(const char *file, bool *ret_is_new, struct vsw_err *err)
{
    int fd;

    if (strcmp(file, "-") != 0) {
        fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        *ret_is_new = fd >= 0;
        if (fd < 0 && errno == EEXIST)
            fd = open(file, O_WRONLY | O_TRUNC | O_CLOEXEC);
        return fd >= 0 ? fd
                       : vsw_err_set(err, -errno, NULL, "cannot write %.150s: %s", file,
                                     strerror(errno));
    }
    if (isatty(STDOUT_FILENO)) {
        vsw_err_set(err, -EINVAL, NULL, "pcapng does not go to a terminal");
        vsw_err_hint(err, "pipe it: ... -w - | tshark -r -");
        return -EINVAL;
    }
    return fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
}

static void summary_print(const struct json *json)
{
    struct api_capture_status status;

    if (api_decode(&api_capture_status_object, json, API_DECODE_REPLY, &status, NULL) != 0)
        return;
    fprintf(stderr, "%" PRIu64 " frames captured, %" PRIu64 " missed%s%s\n", status.captured_pkts,
            status.missed_pkts, status.reason[0] ? ": " : "", status.reason);
    api_free(&api_capture_status_object, &status);
}

/* Waits for capture.end; an interrupt asks for it. */
static enum cli_exit end_wait(struct cli *cli, uint32_t id, struct vsw_err *err)
{
    bool asked = false, ended = false;
    struct rpc_message message;
    struct json *json, *params;
    uint64_t stop_id;

    while (!ended) {
        int rc;

        if (cli_stopped && !asked) {
            params = json_new_object();
            if (params == NULL || json_set(params, "id", json_new_u64(id)) != 0 ||
                client_send(&cli->client, "capture.stop", params, -1, &stop_id, err) != 0)
                return CLI_NO_DAEMON;
            asked = true;
        }
        rc = client_receive(&cli->client, asked ? STOP_WAIT_MS : -1, &json, &message, err);
        if (rc == -EAGAIN && asked)
            break;
        if (rc == -EAGAIN)
            continue;
        if (rc != 0)
            return CLI_NO_DAEMON;
        ended =
            message.kind == RPC_NOTIFICATION ? strcmp(message.method, "capture.end") == 0 : asked;
        if (ended)
            summary_print(message.kind == RPC_NOTIFICATION ? message.params : message.result);
        json_free(json);
    }
    return CLI_OK;
}

static enum cli_exit capture_run(struct cli *cli, struct json *params, int fd, bool *ret_started,
                                 struct vsw_err *err)
{
    struct api_capture_status status;
    struct json *result;
    uint64_t id;
    int rc = client_send(&cli->client, "capture.start", params, fd, &id, err);

    if (rc == 0)
        rc = client_wait(&cli->client, id, &result, err);
    if (rc != 0)
        return rc > 0 ? CLI_REFUSED : CLI_NO_DAEMON;
    rc = api_decode(&api_capture_status_object, result, API_DECODE_REPLY, &status, err);
    json_free(result);
    *ret_started = true;
    return rc == 0 ? end_wait(cli, status.id, err) : CLI_NO_DAEMON;
}

enum cli_exit cli_capture(struct cli *cli, char *const *words, size_t count, struct vsw_err *err)
{
    struct capture_words w = {0};
    bool is_new = false, started = false;
    struct json *params;
    enum cli_exit rc;
    int fd;

    api_init(&api_capture_start_object, &w.start);
    rc = words_read(&w, words, count, err);
    if (rc != CLI_OK)
        return rc;
    fd = output_open(w.file, &is_new, err);
    if (fd < 0)
        return strcmp(w.file, "-") == 0 ? CLI_USAGE : CLI_REFUSED;
    cli_signals_catch();
    params = api_encode(&api_capture_start_object, &w.start, API_ENCODE_GIVEN);
    rc = capture_run(cli, params, fd, &started, err);
    close(fd);
    if (!started && is_new)
        unlink(w.file);
    /* After a capture the connection may carry late notifications: start afresh. */
    client_close(&cli->client);
    return rc;
}
