/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The shell: lines with history and TAB. One connection for all of them.
 */
#include <limits.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <editline/readline.h>

#include "cli/cli.h"
#include "cli/complete.h"

#define HISTORY_LINES 1000

/* The library calls back without context. */
static struct cli *shell_cli;
static struct api_names shell_candidates;
static uint32_t shell_next;

static char *candidate_next(const char *text, int state)
{
    (void)text;
    (void)state;
    return shell_next < shell_candidates.count ? strdup(shell_candidates.items[shell_next++])
                                               : NULL;
}

/* Fills shell_candidates for the line up to the cursor. */
static void candidates_make(const char *word, int start)
{
    struct complete_source source = complete_source_daemon(shell_cli);
    char *line = strndup(rl_line_buffer, (size_t)start);
    char *words[CLI_WORDS_MAX + 1];
    size_t count;

    free(shell_candidates.items);
    shell_candidates = (struct api_names){0};
    shell_next = 0;
    if (line != NULL && cli_words_split(line, words, &count, NULL) == 0) {
        words[count] = (char *)(uintptr_t)word;
        complete_words(&source, words, count + 1, &shell_candidates);
    }
    free(line);
}

static char **on_tab(const char *word, int start, int end)
{
    bool more;

    (void)end;
    candidates_make(word, start);
    more = shell_candidates.count == 1 &&
           shell_candidates.items[0][strlen(shell_candidates.items[0]) - 1] == '=';
    rl_completion_append_character = more ? '\0' : ' ';
    rl_attempted_completion_over = 1; /* no file names */
    return shell_candidates.count > 0 ? rl_completion_matches(word, candidate_next) : NULL;
}

static void line_run(struct cli *cli, char *line)
{
    char *words[CLI_WORDS_MAX];
    struct vsw_err err = {0};
    enum cli_exit rc = CLI_OK;
    size_t count = 0;

    if (cli_words_split(line, words, &count, &err) != 0)
        rc = CLI_USAGE;
    else if (count > 0)
        rc = cli_run(cli, words, count, &err);
    if (rc != CLI_OK)
        cli_error_print(stderr, &err);
    fflush(cli->out);
    signal(SIGINT, SIG_DFL); /* monitor and the like caught them */
    signal(SIGTERM, SIG_DFL);
}

static bool is_end(const char *line)
{
    return strcmp(line, "exit") == 0 || strcmp(line, "quit") == 0;
}

enum cli_exit cli_shell(struct cli *cli)
{
    const char *home = getenv("HOME");
    char history_file[PATH_MAX];
    char *line;

    shell_cli = cli;
    setlocale(LC_CTYPE, "");
    snprintf(history_file, sizeof(history_file), "%s/.vswitchctl_history", home ? home : "");
    using_history();
    stifle_history(HISTORY_LINES);
    read_history(history_file);
    rl_readline_name = "vswitchctl";
    rl_attempted_completion_function = on_tab;
    rl_completer_word_break_characters = " \t";
    rl_basic_word_break_characters = " \t";
    while ((line = readline("vswitch> ")) != NULL && !is_end(line)) {
        if (*line != '\0')
            add_history(line);
        line_run(cli, line);
        free(line);
    }
    if (line == NULL)
        fputc('\n', cli->out);
    free(line);
    if (home != NULL)
        write_history(history_file);
    free(shell_candidates.items);
    shell_candidates = (struct api_names){0};
    return CLI_OK;
}
