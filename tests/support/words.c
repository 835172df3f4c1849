/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/support/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned *value_of(const char *word, size_t len, const struct word_key *keys, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(keys[i].name) == len && strncmp(keys[i].name, word, len) == 0)
            return keys[i].value;
    return NULL;
}

void words_parse(char **argv, const struct word_key *keys, size_t key_count)
{
    for (char **word = argv + 1; *word != NULL; word++) {
        size_t len = strcspn(*word, "=");
        unsigned *value = value_of(*word, len, keys, key_count);
        const char *number = *word + len + 1;
        char *end = NULL;

        if (value != NULL && (*word)[len] == '=')
            *value = (unsigned)strtoul(number, &end, 0);
        if (end == NULL || end == number || *end != '\0') {
            fprintf(stderr, "%s: '%s' is no key=number it knows\n", argv[0], *word);
            exit(2);
        }
    }
}
