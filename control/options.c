/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Reading the command line. Wrong values are refused with one sentence, never guessed.
 */
#include "control/options.h"

#include "base/log.h"
#include "control/reference.h"
#include "control/version.h"

#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPT_NO_SAVE = 256,
    OPT_SPIN_US,
    OPT_NEVER_SLEEP,
    OPT_MAX_PORTS,
    OPT_MAX_NETWORKS,
    OPT_GROUP,
    OPT_READ_GROUP,
    OPT_SOCKET_MODE,
    OPT_LOG_LEVEL,
    OPT_MEMORY,
    OPT_NO_HARDENING,
    OPT_RUN_DIR,
    OPT_STATE_DIR,
    OPT_PRINT_API,
};

static const struct option long_options[] = {
    {"config", required_argument, NULL, 'c'},
    {"socket", required_argument, NULL, 's'},
    {"workers", required_argument, NULL, 'w'},
    {"run-dir", required_argument, NULL, OPT_RUN_DIR},
    {"state-dir", required_argument, NULL, OPT_STATE_DIR},
    {"no-save", no_argument, NULL, OPT_NO_SAVE},
    {"spin-us", required_argument, NULL, OPT_SPIN_US},
    {"never-sleep", no_argument, NULL, OPT_NEVER_SLEEP},
    {"max-ports", required_argument, NULL, OPT_MAX_PORTS},
    {"max-networks", required_argument, NULL, OPT_MAX_NETWORKS},
    {"group", required_argument, NULL, OPT_GROUP},
    {"read-group", required_argument, NULL, OPT_READ_GROUP},
    {"socket-mode", required_argument, NULL, OPT_SOCKET_MODE},
    {"log-level", required_argument, NULL, OPT_LOG_LEVEL},
    {"memory", required_argument, NULL, OPT_MEMORY},
    {"no-hardening", no_argument, NULL, OPT_NO_HARDENING},
    {"print-api", no_argument, NULL, OPT_PRINT_API},
    {"version", no_argument, NULL, 'V'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static void print_help(void)
{
    puts("usage: vswitchd [options]\n"
         "Runs the switch in the foreground; it is driven with vswitchctl.\n"
         "\n"
         "  -c, --config FILE       start with this document; default: the saved one\n"
         "  -s, --socket PATH       control socket; default: RUN-DIR/vswitchd.sock\n"
         "  -w, --workers N|LIST    worker threads: a number, or CPUs to pin them to (0,2-3);\n"
         "                          default: half of the CPUs, at most 8\n"
         "      --run-dir DIR       sockets; default: /run/vswitch\n"
         "      --state-dir DIR     saved document; default: /var/lib/vswitch\n"
         "      --no-save           do not save changes\n"
         "      --spin-us N         longest spin of an idle worker before it sleeps; default: 50\n"
         "      --never-sleep       workers spin for ever: lowest delay, whole CPUs\n"
         "      --max-ports N       default: 4096\n"
         "      --max-networks N    default: 4096\n"
         "      --group GROUP       its members may change the switch\n"
         "      --read-group GROUP  only its members may look; default: all who can connect\n"
         "      --socket-mode MODE  default: 0660, with --read-group 0666\n"
         "      --memory MIB        packet memory of DPDK; default: 16\n"
         "      --no-hardening      keep all capabilities and system calls\n"
         "      --log-level LEVEL   error, warn, info or debug; default: info\n"
         "      --print-api         print the reference manual (Markdown) and exit\n"
         "  -V, --version\n"
         "  -h, --help");
}

/* ---- values ------------------------------------------------------------------------------ */
static int parse_u32(const char *name, const char *text, uint32_t min, uint32_t max,
                     uint32_t *ret_value, struct vsw_err *err)
{
    char *end;
    unsigned long v;

    errno = 0;
    v = strtoul(text, &end, 10);
    if (errno == 0 && end != text && *end == '\0' && text[0] != '-' && v >= min && v <= max) {
        *ret_value = (uint32_t)v;
        return 0;
    }
    return vsw_err_set(err, -EINVAL, name, "--%s %s is not a number from %u to %u", name, text, min,
                       max);
}

static int parse_group(const char *name, const char *text, int64_t *ret_gid, struct vsw_err *err)
{
    const struct group *group = getgrnam(text);
    char *end;
    unsigned long gid = strtoul(text, &end, 10);

    if (group == NULL && (end == text || *end != '\0'))
        return vsw_err_set(err, -ENOENT, name, "--%s: there is no group '%s'", name, text);
    *ret_gid = group != NULL ? (int64_t)group->gr_gid : (int64_t)gid;
    return 0;
}

static int parse_mode(const char *text, mode_t *ret_mode, struct vsw_err *err)
{
    char *end;
    unsigned long mode = strtoul(text, &end, 8);

    if (end == text || *end != '\0' || mode > 0777)
        return vsw_err_set(err, -EINVAL, "socket-mode", "--socket-mode %s is no octal mode", text);
    *ret_mode = (mode_t)mode;
    return 0;
}

static int parse_level(const char *text, struct vsw_err *err)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (strcmp(text, names[i]) == 0) {
            log_set_level((enum log_level)i);
            return 0;
        }
    }
    return vsw_err_set(err, -EINVAL, "log-level", "--log-level is error, warn, info or debug");
}

/* "0,2-3": one worker per CPU, in this order. */
static int parse_cpus(const char *text, struct options *o, struct vsw_err *err)
{
    const char *p = text;

    o->workers = 0;
    while (*p != '\0') {
        char *end;
        long first = strtol(p, &end, 10), last = first;

        if (end == p || first < 0)
            goto wrong;
        if (*end == '-') {
            p = end + 1;
            last = strtol(p, &end, 10);
            if (end == p)
                goto wrong;
        }
        if (last < first || last >= CPU_SETSIZE || (*end != '\0' && *end != ','))
            goto wrong;
        for (long cpu = first; cpu <= last; cpu++) {
            if (o->workers == DP_WORKERS_MAX)
                goto wrong;
            o->cpus[o->workers++] = (int)cpu;
        }
        p = *end == ',' ? end + 1 : end;
    }
    o->pinned = true;
    return 0;
wrong:
    return vsw_err_set(err, -EINVAL, "workers",
                       "--workers %s is neither a number nor a list of at most %d CPUs", text,
                       DP_WORKERS_MAX);
}

static int check_cpus(const struct options *o, struct vsw_err *err)
{
    cpu_set_t allowed;

    if (sched_getaffinity(0, sizeof(allowed), &allowed) < 0)
        return 0;
    for (uint16_t i = 0; i < o->workers; i++) {
        if (!CPU_ISSET(o->cpus[i], &allowed))
            return vsw_err_set(err, -EINVAL, "workers", "--workers: CPU %d is not there for us",
                               o->cpus[i]);
    }
    return 0;
}

static int parse_workers(const char *text, struct options *o, struct vsw_err *err)
{
    uint32_t count;
    int rc;

    if (strpbrk(text, ",-") != NULL) {
        rc = parse_cpus(text, o, err);
        return rc == 0 ? check_cpus(o, err) : rc;
    }
    rc = parse_u32("workers", text, 1, DP_WORKERS_MAX, &count, err);
    if (rc == 0) {
        o->workers = (uint16_t)count;
        o->pinned = false;
    }
    return rc;
}

static int parse_socket(const char *text, struct options *o, struct vsw_err *err)
{
    if (strlen(text) >= sizeof(o->socket))
        return vsw_err_set(err, -ENAMETOOLONG, "socket", "--socket: at most %zu characters",
                           sizeof(o->socket) - 1);
    strcpy(o->socket, text);
    return 0;
}

/* ---- the whole line ---------------------------------------------------------------------- */
static int parse_one(int opt, const char *arg, struct options *o, struct vsw_err *err)
{
    switch (opt) {
    case 'c': o->config_file = arg; return 0;
    case 's': return parse_socket(arg, o, err);
    case 'w': return parse_workers(arg, o, err);
    case OPT_RUN_DIR: o->run_dir = arg; return 0;
    case OPT_STATE_DIR: o->state_dir = arg; return 0;
    case OPT_NO_SAVE: o->save = false; return 0;
    case OPT_SPIN_US: return parse_u32("spin-us", arg, 0, 1000000, &o->spin_us, err);
    case OPT_NEVER_SLEEP: o->never_sleep = true; return 0;
    case OPT_MAX_PORTS: return parse_u32("max-ports", arg, 1, 65000, &o->max_ports, err);
    case OPT_MAX_NETWORKS: return parse_u32("max-networks", arg, 1, 65000, &o->max_networks, err);
    case OPT_GROUP: return parse_group("group", arg, &o->group, err);
    case OPT_READ_GROUP: return parse_group("read-group", arg, &o->read_group, err);
    case OPT_SOCKET_MODE: return parse_mode(arg, &o->socket_mode, err);
    case OPT_LOG_LEVEL: return parse_level(arg, err);
    case OPT_MEMORY: return parse_u32("memory", arg, 1, 1u << 20, &o->memory_mib, err);
    case OPT_NO_HARDENING: o->harden = false; return 0;
    default: return vsw_err_set(err, -EINVAL, NULL, "wrong option; see vswitchd --help");
    }
}

/* Half of the CPUs: the other half is for the VMs and for control. */
static uint16_t default_workers(void)
{
    cpu_set_t set;
    int cpus = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;

    return (uint16_t)(cpus < 2 ? 1 : cpus / 2 > 8 ? 8 : cpus / 2);
}

static void set_defaults(struct options *o)
{
    *o = (struct options){
        .run_dir = "/run/vswitch",
        .state_dir = "/var/lib/vswitch",
        .save = true,
        .workers = default_workers(),
        .spin_us = 50,
        .max_ports = 4096,
        .max_networks = 4096,
        .max_tenants = 4096,
        .group = -1,
        .read_group = -1,
        .memory_mib = 16,
        .harden = true,
    };
}

static int finish(struct options *o, struct vsw_err *err)
{
    if (o->socket_mode == 0)
        o->socket_mode = o->read_group >= 0 ? 0666 : 0660;
    if (o->socket[0] != '\0')
        return 0;
    if ((size_t)snprintf(o->socket, sizeof(o->socket), "%s/vswitchd.sock", o->run_dir) >=
        sizeof(o->socket))
        return vsw_err_set(err, -ENAMETOOLONG, "run-dir", "--run-dir is too long for a socket");
    return 0;
}

enum options_result options_parse(int argc, char **argv, struct options *ret_options,
                                  struct vsw_err *err)
{
    int opt;

    set_defaults(ret_options);
    while ((opt = getopt_long(argc, argv, "c:s:w:Vh", long_options, NULL)) != -1) {
        if (opt == 'h') {
            print_help();
            return OPTIONS_DONE;
        }
        if (opt == OPT_PRINT_API) {
            reference_print(stdout);
            return OPTIONS_DONE;
        }
        if (opt == 'V') {
            puts("vswitchd " VSWITCH_VERSION);
            return OPTIONS_DONE;
        }
        if (parse_one(opt, optarg, ret_options, err) < 0)
            return OPTIONS_WRONG;
    }
    if (optind < argc) {
        vsw_err_set(err, -EINVAL, NULL, "'%s' is no option; see vswitchd --help", argv[optind]);
        return OPTIONS_WRONG;
    }
    return finish(ret_options, err) < 0 ? OPTIONS_WRONG : OPTIONS_RUN;
}
