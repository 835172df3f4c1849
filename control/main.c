/* SPDX-License-Identifier: BSD-3-Clause
 *
 * vswitchd: options, and one sentence when it cannot start.
 */
#include "base/log.h"
#include "control/daemon.h"

#include <stdlib.h>

int main(int argc, char **argv)
{
    struct options options;
    struct vsw_err err = {0};

    switch (options_parse(argc, argv, &options, &err)) {
    case OPTIONS_DONE: return EXIT_SUCCESS;
    case OPTIONS_WRONG: log_error("%s", err.msg); return 2;
    case OPTIONS_RUN: break;
    }
    if (daemon_run(&options, &err) == 0)
        return EXIT_SUCCESS;
    log_error("cannot start: %s%s%s%s%s%s", err.msg, err.field[0] != '\0' ? " (" : "", err.field,
              err.field[0] != '\0' ? ")" : "", err.hint[0] != '\0' ? "; " : "", err.hint);
    return EXIT_FAILURE;
}
