/* SPDX-License-Identifier: BSD-3-Clause
 *
 * vswitchctl: turns words into requests and answers into tables, by the table in api/. Links api
 * and base only. One thread; everything may block but completion, which gives up after a second.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdio.h>

#include "api/api.h"
#include "cli/client.h"

#define CLI_SOCKET_DEFAULT "/run/vswitch/vswitchd.sock"
#define CLI_WORDS_MAX      256

/* Exit codes; functions that run commands return them and fill `err` when it is not CLI_OK. */
enum cli_exit {
    CLI_OK = 0,
    CLI_REFUSED = 1,   /* the daemon, or a file, said no */
    CLI_USAGE = 2,     /* the command line is wrong */
    CLI_NO_DAEMON = 3, /* nobody answers */
};

struct cli {
    struct client client;
    bool json;    /* -j */
    bool pretty;  /* -p */
    bool dry_run; /* --dry-run */
    FILE *out;
};

struct cli_request {
    const struct api_method *method;
    struct json *params; /* owned */
};

/**
 * cli_words_split() - cut a line into words at blanks; quotes and backslash as in a shell
 * @line: changed: the words live in it
 * @words: room for CLI_WORDS_MAX
 * @ret_count: words found; a word that starts with # ends the line
 * @err: why not
 *
 * Return: 0, or -EINVAL: an open quote or too many words.
 * Context: any thread; does not block.
 * Source: none
 */
int cli_words_split(char *line, char **words, size_t *ret_count, struct vsw_err *err);

/**
 * cli_request_parse() - turn `OBJECT VERB [NAME] [key=value ...]` into a request
 * @words: borrowed
 * @count: of @words
 * @ret_request: params are owned by the caller: json_free()
 * @err: names the field and a hint
 *
 * Return: 0, or -EINVAL and the like: wrong usage.
 * Context: any thread; does not block.
 * Source: none
 */
int cli_request_parse(char *const *words, size_t count, struct cli_request *ret_request,
                      struct vsw_err *err);

/* Runs one command of any kind: a method, help, monitor, top, capture. */
enum cli_exit cli_run(struct cli *cli, char *const *words, size_t count, struct vsw_err *err);

/* Calls a method and prints its result. Takes params. */
enum cli_exit cli_call_print(struct cli *cli, const struct api_method *method, struct json *params,
                             struct vsw_err *err);

/* Calls a method; @ret_result is decoded by its table, api_free() it. Takes params. */
enum cli_exit cli_call(struct cli *cli, const struct api_method *method, struct json *params,
                       void *ret_result, struct vsw_err *err);

/* Commands of their own; words[0] is the command's name. */
enum cli_exit cli_config_apply(struct cli *cli, const char *file, bool dry_run,
                               struct vsw_err *err);
enum cli_exit cli_batch(struct cli *cli, const char *file, struct vsw_err *err);
enum cli_exit cli_monitor(struct cli *cli, char *const *words, size_t count, struct vsw_err *err);
enum cli_exit cli_capture(struct cli *cli, char *const *words, size_t count, struct vsw_err *err);
enum cli_exit cli_top(struct cli *cli, char *const *words, size_t count, struct vsw_err *err);
enum cli_exit cli_shell(struct cli *cli);

/* Help on nothing, an object, or an object and a verb. Port options need a daemon; without one
 * they are left out. */
enum cli_exit cli_help(struct cli *cli, char *const *words, size_t count, struct vsw_err *err);

/* A whole file, or stdin for "-"; owned by the caller: free(). */
enum cli_exit cli_file_read(const char *file, char **ret_text, size_t *ret_len,
                            struct vsw_err *err);

/* "error: ...", "field: ...", "hint: ..." on @out. */
void cli_error_print(FILE *out, const struct vsw_err *err);

/* A key that is no field of a port went into its options: when the daemon refuses it and it looks
 * like a mistyped field, the hint says so. */
void cli_options_hint(struct vsw_err *err);

/* Ends long-running commands: set by SIGINT and SIGTERM once cli_signals_catch() was called. */
extern volatile int cli_stopped;
void cli_signals_catch(void);

#endif
