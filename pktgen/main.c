/* SPDX-License-Identifier: BSD-3-Clause
 *
 * pktgen: a VM's side of a switch, made of frames. Reads the command line, opens what it names,
 * runs the command, reports. Exit status: 0, 1 refused or failed, 2 usage, 3 verify found
 * something.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "pktgen/command.h"
#include "pktgen/hostile.h"
#include "pktgen/replay.h"

#define LINE_MAX_BYTES 4096

enum exit_status { EXIT_OK, EXIT_FAILED, EXIT_USAGE, EXIT_FOUND };

/* ---- help ------------------------------------------------------------------------------------ */

static void help_ports(FILE *out)
{
    fputs("ports:\n"
          "  vhost:PATH[,server]   vhost-user socket; server: pktgen listens\n"
          "    entries=1024        of each ring, a power of two\n"
          "    packed              packed rings\n"
          "    mrg=on|off          mergeable receive buffers: off\n"
          "    in_order=on|off     VIRTIO_F_IN_ORDER: off\n"
          "    vec=on|off          vector paths of the driver, where they are possible: on\n"
          "    csum, tso           checksum and segmentation offload, both ways\n"
          "    queues=N, mac=MAC, rxbuf=BYTES\n"
          "  if:NAME[,xdp]         interface of the kernel: AF_PACKET, or AF_XDP\n"
          "  tap:NAME              a TAP device that pktgen makes\n"
          "  ring:[NAME]           cable between the two ports of that name; without name a loop\n"
          "    drop=, dup=, corrupt=, reorder=   shares of the frames that it receives\n",
          out);
}

static void help_streams(FILE *out)
{
    const char *key, *help;

    fputs("streams: --stream tx=0,rx=1,size=64,...\n", out);
    for (unsigned i = 0; (help = pg_stream_help(i, &key)) != NULL; i++)
        fprintf(out, "  %-8s %s\n", key, help);
}

static void help_commands(FILE *out)
{
    enum pg_command_bit bit;
    const char *name, *help;

    fputs("usage: pktgen COMMAND --port SPEC [--port SPEC]... [OPTION]...\n"
          "  pktgen run --port vhost:/run/a.sock --port vhost:/run/b.sock --size 64 --time 10s\n\n",
          out);
    for (unsigned i = 0; (name = pg_command_name(i, &bit, &help)) != NULL; i++)
        fprintf(out, "  %-9s %s\n", name, help);
    fputs("\nsee: pktgen COMMAND --help; pktgen --help ports, streams, profiles; pktgen(1)\n", out);
}

static enum exit_status help_print(int argc, char **argv)
{
    const char *topic = argc > 2 ? argv[2] : "";

    if (strcmp(topic, "ports") == 0)
        help_ports(stdout);
    else if (strcmp(topic, "streams") == 0)
        help_streams(stdout);
    else
        help_commands(stdout);
    return EXIT_OK;
}

/* ---- errors ---------------------------------------------------------------------------------- */

static void error_print(const struct vsw_err *err)
{
    fprintf(stderr, "error: %s%s%s\n", err->field, err->field[0] != '\0' ? ": " : "", err->msg);
    if (err->hint[0] != '\0')
        fprintf(stderr, "hint: %s\n", err->hint);
}

static enum exit_status usage(const struct vsw_err *err)
{
    error_print(err);
    return EXIT_USAGE;
}

/* ---- a command ------------------------------------------------------------------------------- */

static int command_do(struct pg_engine *e, const struct pg_options *o, struct pg_points *points,
                      struct vsw_err *err)
{
    switch (o->command) {
    default: return pg_run(e, o, points, err);
    }
}

static enum exit_status command_run(struct pg_options *o, const char *line)
{
    uint64_t started_ns = clock_now_ns() + clock_realtime_offset_ns();
    struct pg_points points = {0};
    struct pg_engine e = {0};
    struct vsw_err err = {0};
    int rc = pg_engine_open(&e, &o->plan, &err), closed;

    if (rc == 0 && o->verbose)
        for (uint32_t i = 0; i < o->plan.port_count; i++)
            fprintf(stderr, "port %u: %s\n", i, e.team.shared->paths[i]);
    if (rc == 0)
        rc = command_do(&e, o, &points, &err);
    closed = pg_engine_close(&e, &err);
    rc = rc == 0 ? closed : rc;
    if (rc == 0 || points.count > 0)
        rc = pg_points_report(&points, o, line, started_ns, &err) != 0 ? -EIO : rc;
    if (rc != 0)
        error_print(&err);
    pg_points_free(&points);
    return rc == 0 ? EXIT_OK : EXIT_FAILED;
}

static void line_make(int argc, char **argv, char *ret_line)
{
    size_t len = 0;

    ret_line[0] = '\0';
    for (int i = 0; i < argc && len < LINE_MAX_BYTES; i++)
        len += (size_t)snprintf(ret_line + len, LINE_MAX_BYTES - len, "%s%s", i > 0 ? " " : "",
                                argv[i]);
}

static int replay_open(struct pg_options *o, struct pg_replay *replay, struct vsw_err *err)
{
    int rc;

    if (o->replay_path == NULL)
        return 0;
    rc = pg_replay_open(o->replay_path, replay, err);
    for (uint32_t i = 0; rc == 0 && i < o->plan.stream_count; i++)
        o->plan.streams[i].replay = replay;
    return rc;
}

static enum exit_status command_prepare(struct pg_options *o, int argc, char **argv)
{
    struct pg_replay replay = {0};
    struct vsw_err err = {0};
    char line[LINE_MAX_BYTES];
    enum exit_status status = EXIT_USAGE;
    int rc;

    o->one_way |= o->replay_path != NULL;
    rc = pg_plan_complete(&o->plan, o->one_way, o->words, &err);
    if (rc == 0)
        rc = replay_open(o, &replay, &err);
    line_make(argc, argv, line);
    if (rc == 0)
        status = command_run(o, line);
    else
        error_print(&err);
    pg_replay_close(&replay);
    return status;
}

int main(int argc, char **argv)
{
    static struct pg_options options;
    struct vsw_err err = {0};
    enum pg_command_bit command = PG_RUN;
    enum exit_status status;
    const char *name, *help;

    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return help_print(argc, argv);
    for (unsigned i = 0; (name = pg_command_name(i, &command, &help)) != NULL; i++)
        if (strcmp(name, argv[1]) == 0)
            break;
    if (name == NULL) {
        vsw_err_set(&err, -EINVAL, NULL, "there is no command %.60s", argv[1]);
        vsw_err_hint(&err, "see: pktgen --help");
        return usage(&err);
    }
    if (pg_options_read(argc, argv, command, &options, &err) != 0) {
        status = usage(&err);
    } else if (options.help) {
        printf("pktgen %s: %s\n", name, help);
        pg_options_help(stdout, command);
        status = EXIT_OK;
    } else {
        status = command_prepare(&options, argc, argv);
    }
    pg_plan_free(&options.plan);
    return (int)status;
}
