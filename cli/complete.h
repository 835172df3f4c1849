/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What may come next on a command line: for the shell's TAB and for bash. One thread.
 */
#ifndef CLI_COMPLETE_H
#define CLI_COMPLETE_H

#include "api/api.h"

/* Where live names come from; tests have their own. */
struct complete_source {
    /* Adds the names of all tenants, networks ("red/web"), ports or port types. */
    void (*names)(void *ctx, const char *object, struct api_names *names);
    /* Adds the options of a port type; of all when @type is "". */
    void (*options)(void *ctx, const char *type, struct api_names *names);
    void *ctx;
};

/**
 * complete_words() - candidates for the last word
 * @source: of live names
 * @words: of the command line after the program's name; the last is what is being typed, maybe ""
 * @count: of @words, at least 1
 * @names: candidates are added; those that want more typing end with "="
 *
 * Context: one thread; blocks as long as @source does.
 * Source: none
 */
void complete_words(const struct complete_source *source, char *const *words, size_t count,
                    struct api_names *names);

struct cli;

/* Live names from the daemon of @cli; no daemon, no names. */
struct complete_source complete_source_daemon(struct cli *cli);

#endif
