/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The command line of vswitchd.
 */
#ifndef CONTROL_OPTIONS_H
#define CONTROL_OPTIONS_H

#include "base/base.h"
#include "base/err.h"
#include "datapath/datapath.h"

#include <sys/types.h>

struct options {
    const char *config_file; /* NULL = the saved document */
    char socket[108];
    const char *run_dir;
    const char *state_dir;
    bool save;
    uint16_t workers;
    bool pinned;
    int cpus[DP_WORKERS_MAX];
    uint32_t spin_us;
    bool never_sleep;
    uint32_t max_ports, max_networks, max_tenants;
    int64_t group, read_group; /* gid, -1 = none */
    mode_t socket_mode;
    uint32_t memory_mib; /* packet memory of DPDK */
    bool harden;
};

enum options_result { OPTIONS_RUN, OPTIONS_DONE, OPTIONS_WRONG };

/**
 * options_parse() - read the command line
 * @argc: as in main()
 * @argv: as in main(); texts are borrowed
 * @ret_options: filled
 * @err: filled for OPTIONS_WRONG
 *
 * --log-level takes effect at once.
 * Return: OPTIONS_RUN; OPTIONS_DONE after --help, --version or --print-api; OPTIONS_WRONG.
 * Context: before anything else.
 * Source: getopt_long(3)
 */
enum options_result options_parse(int argc, char **argv, struct options *ret_options,
                                  struct vsw_err *err);

#endif
