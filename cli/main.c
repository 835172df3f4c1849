/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Options of vswitchctl, then one command, one batch or the shell.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/complete.h"

struct options {
    const char *socket;
    const char *file;
    bool complete;
    char *words[CLI_WORDS_MAX];
    size_t count;
};

/* top and capture have short options of their own. */
static bool owns_options(const struct options *o)
{
    return o->count > 0 && (strcmp(o->words[0], "top") == 0 || strcmp(o->words[0], "capture") == 0);
}

static bool is_option(const char *word, const char *brief, const char *full)
{
    return strcmp(word, brief) == 0 || strcmp(word, full) == 0;
}

static enum cli_exit value_missing(const char *word, struct vsw_err *err)
{
    vsw_err_set(err, -1, NULL, "a value is missing behind %.60s", word);
    return CLI_USAGE;
}

/* One word; *i moves over its value. */
static enum cli_exit option_read(struct options *o, struct cli *cli, char **argv, int argc, int *i,
                                 struct vsw_err *err)
{
    char *word = argv[*i];
    bool takes_s = is_option(word, "-s", "--socket"), takes_f = is_option(word, "-f", "--file");

    if (owns_options(o) && word[0] == '-' && word[1] != '-' && strcmp(word, "-j") != 0) {
        o->words[o->count++] = word;
    } else if (takes_s || takes_f) {
        if (*i + 1 >= argc)
            return value_missing(word, err);
        *(takes_s ? &o->socket : &o->file) = argv[++*i];
    } else if (is_option(word, "-j", "--json")) {
        cli->json = true;
    } else if (is_option(word, "-p", "--pretty")) {
        cli->json = cli->pretty = true;
    } else if (strcmp(word, "--dry-run") == 0) {
        cli->dry_run = true;
    } else if (is_option(word, "-h", "--help")) {
        o->words[o->count++] = (char *)(uintptr_t) "help";
    } else if (word[0] == '-' && word[1] != '\0' && word[1] != '-') {
        vsw_err_set(err, -1, NULL, "there is no option %.60s", word);
        vsw_err_hint(err, "see: vswitchctl help");
        return CLI_USAGE;
    } else {
        o->words[o->count++] = word;
    }
    return CLI_OK;
}

static enum cli_exit options_read(struct options *o, struct cli *cli, int argc, char **argv,
                                  struct vsw_err *err)
{
    enum cli_exit rc = CLI_OK;

    for (int i = 1; rc == CLI_OK && i < argc; i++) {
        if (o->count == CLI_WORDS_MAX) {
            vsw_err_set(err, -1, NULL, "too many words");
            return CLI_USAGE;
        }
        if (!o->complete && o->count == 0 && strcmp(argv[i], "--complete") == 0)
            o->complete = true;
        else if (o->complete)
            o->words[o->count++] = argv[i];
        else
            rc = option_read(o, cli, argv, argc, &i, err);
    }
    return rc;
}

static enum cli_exit completions_print(struct cli *cli, struct options *o)
{
    struct complete_source source = complete_source_daemon(cli);
    struct api_names names = {0};

    if (o->count == 0)
        return CLI_OK;
    complete_words(&source, o->words, o->count, &names);
    for (uint32_t i = 0; i < names.count; i++)
        fprintf(cli->out, "%s\n", names.items[i]);
    free(names.items);
    return CLI_OK;
}

static enum cli_exit options_run(struct cli *cli, struct options *o, struct vsw_err *err)
{
    if (o->complete)
        return completions_print(cli, o);
    if (o->file != NULL && o->count > 0) {
        vsw_err_set(err, -1, NULL, "either a command or -f, not both");
        return CLI_USAGE;
    }
    if (o->file != NULL)
        return cli_batch(cli, o->file, err);
    if (o->count > 0)
        return cli_run(cli, o->words, o->count, err);
    if (isatty(STDIN_FILENO))
        return cli_shell(cli);
    vsw_err_set(err, -1, NULL, "a command is missing");
    vsw_err_hint(err, "see: vswitchctl help; commands on standard input: vswitchctl -f -");
    return CLI_USAGE;
}

int main(int argc, char **argv)
{
    struct options o = {.socket = getenv("VSWITCH_SOCKET")};
    struct cli cli = {.out = stdout};
    struct vsw_err err = {0};
    enum cli_exit rc;

    signal(SIGPIPE, SIG_IGN);
    rc = options_read(&o, &cli, argc, argv, &err);
    client_init(&cli.client, o.socket && *o.socket ? o.socket : CLI_SOCKET_DEFAULT);
    if (rc == CLI_OK)
        rc = options_run(&cli, &o, &err);
    if (rc != CLI_OK)
        cli_error_print(stderr, &err);
    client_close(&cli.client);
    if (fflush(stdout) != 0 && rc == CLI_OK)
        rc = CLI_REFUSED;
    return (int)rc;
}
