/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "cli/cli.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Moves one word to the front of itself, quotes removed. NULL: a quote is open. */
static char *word_end(char *p)
{
    char *to = p;
    char quote = 0;

    for (; *p != '\0' && (quote != 0 || !is_blank(*p)); p++) {
        if (*p == quote)
            quote = 0;
        else if (quote == 0 && (*p == '"' || *p == '\''))
            quote = *p;
        else if (*p == '\\' && quote != '\'' && p[1] != '\0')
            *to++ = *++p;
        else
            *to++ = *p;
    }
    if (quote != 0)
        return NULL;
    if (*p != '\0')
        p++;
    *to = '\0';
    return p;
}

int cli_words_split(char *line, char **words, size_t *ret_count, struct vsw_err *err)
{
    size_t count = 0;
    char *p = line;

    for (;;) {
        while (is_blank(*p))
            p++;
        if (*p == '\0' || *p == '#')
            break;
        if (count == CLI_WORDS_MAX)
            return vsw_err_set(err, -EINVAL, NULL, "too many words");
        words[count++] = p;
        p = word_end(p);
        if (p == NULL)
            return vsw_err_set(err, -EINVAL, NULL, "a quote is not closed");
    }
    *ret_count = count;
    return 0;
}
