/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Command lines of test tools: KEY=NUMBER words.
 */
#ifndef TESTS_SUPPORT_WORDS_H
#define TESTS_SUPPORT_WORDS_H

#include <stddef.h>

struct word_key {
    const char *name;
    unsigned *value;
};

/* Numbers of the words of @argv, behind its first, into the values of their keys. Ends the program
 * with status 2 at a word that is no key=number. */
void words_parse(char **argv, const struct word_key *keys, size_t key_count);

#endif
