/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The command line: one table of options, from which reading, --help and completion come.
 */
#ifndef PKTGEN_OPTIONS_H
#define PKTGEN_OPTIONS_H

#include <stdio.h>

#include "pktgen/plan.h"

#define PG_RATES_MAX 16

enum pg_command_bit {
    PG_RUN = 1 << 0,
    PG_NDR = 1 << 1,
    PG_PDR = 1 << 2,
    PG_LATENCY = 1 << 3,
    PG_VERIFY = 1 << 4,
    PG_HOSTILE = 1 << 5,
    PG_LOOP = 1 << 6,
    PG_ALL = (1 << 7) - 1,
};

struct pg_options {
    enum pg_command_bit command;
    struct pg_plan plan;
    const char *stream_texts[256];
    uint32_t stream_text_count;
    char words[512];  /* of the default streams */
    uint64_t time_ns; /* of one trial; 0: the command's default */
    uint64_t count;   /* frames of each stream */
    struct pg_rate rates[PG_RATES_MAX];
    uint32_t rate_count;
    struct pg_rate best, min, max;
    double precision, loss;
    unsigned repeats;
    bool one_way, ping_pong, no_wake, verbose, help;
    uint64_t gap_ns; /* between pings */
    int wake_cpu;    /* of the thread that is woken; -1: not that of the loop */
    const char *replay_path, *json_path, *chart_folder;
    const char *profile, *keys_path;
    struct pg_rate attack_rate;
    uint32_t attacker;
};

/**
 * pg_options_read() - read the words behind the command
 * @argc: as main() has it
 * @argv: as main() has it
 * @command: decides which options there are
 * @ret: result; its plan may own streams, also after a failure
 * @err: reason
 *
 * Return: 0, -EINVAL, -ENOMEM.
 * Context: main thread; does not block.
 * Source: none
 */
int pg_options_read(int argc, char **argv, enum pg_command_bit command, struct pg_options *ret,
                    struct vsw_err *err);

/* What a command is called; the commands in order, NULL behind the last. */
const char *pg_command_name(unsigned i, enum pg_command_bit *ret_command, const char **ret_help);

/* Prints the options of a command. */
void pg_options_help(FILE *out, enum pg_command_bit command);

/* Prints one word a line: what can follow, for the shell. */
void pg_options_complete(FILE *out, enum pg_command_bit command);

#endif
