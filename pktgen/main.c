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
#include "pktgen/loop.h"
#include "pktgen/replay.h"

#define LINE_MAX_BYTES 4096
#define VERIFY_PPS     100000

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
          "    vec=on|off          vector path of the driver, for split rings with mrg=off: on\n"
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

static void help_profiles(FILE *out)
{
    const struct pg_attack *a;

    fputs("profiles: --profile NAME\n", out);
    for (unsigned i = 0; (a = pg_attack_at(i)) != NULL; i++)
        fprintf(out, "  %-16s %s\n", a->name, a->help);
}

static enum exit_status help_print(int argc, char **argv)
{
    const char *topic = argc > 2 ? argv[2] : "";

    if (strcmp(topic, "ports") == 0)
        help_ports(stdout);
    else if (strcmp(topic, "streams") == 0)
        help_streams(stdout);
    else if (strcmp(topic, "profiles") == 0)
        help_profiles(stdout);
    else
        help_commands(stdout);
    return EXIT_OK;
}

/* For the shell: one word a line. */
static enum exit_status complete_print(const char *topic)
{
    enum pg_command_bit bit;
    const char *name, *help;
    const struct pg_attack *a;

    for (unsigned i = 0; (name = pg_command_name(i, &bit, &help)) != NULL; i++)
        if (topic == NULL)
            puts(name);
        else if (strcmp(topic, name) == 0)
            pg_options_complete(stdout, bit);
    for (unsigned i = 0; topic != NULL && strcmp(topic, "profiles") == 0; i++) {
        a = pg_attack_at(i);
        if (a == NULL)
            break;
        puts(a->name);
    }
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
    case PG_NDR:
    case PG_PDR: return pg_search_rates(e, o, points, err);
    case PG_LATENCY: return pg_latency(e, o, points, err);
    case PG_HOSTILE: return pg_hostile(e, o, points, err);
    default: return pg_run(e, o, points, err);
    }
}

/* Flows that take different queues may overtake each other. */
static bool has_order(const struct pg_stream *s, const struct pg_plan *plan)
{
    return s->flows <= 1 || s->rx == PG_PORT_NONE || plan->ports[s->rx].spec.queues == 1;
}

/* Something that a verification is for. */
static bool is_wrong(const struct pg_points *points, const struct pg_plan *plan)
{
    for (uint32_t p = 0; p < points->count; p++)
        for (uint32_t i = 0; i < points->items[p].point.stream_count; i++) {
            const struct pg_stream_result *s = &points->items[p].streams[i];
            const struct pg_track_result *t = &s->track;

            if (t->lost + t->duplicates + t->too_late + t->corrupt + t->leaks > 0 ||
                (t->reordered > 0 && has_order(s->stream, plan)))
                return true;
        }
    return false;
}

static void costs_print(const struct pg_points *points)
{
    for (uint32_t i = 0; i < points->count; i++) {
        const struct pg_outcome *o = &points->items[i];
        uint64_t frames = 0;

        for (uint32_t p = 0; p < o->point.port_count; p++)
            frames += o->ports[p].tx_frames + o->ports[p].rx_frames;
        if (frames > 0 && o->loop.loops > 0)
            fprintf(stderr,
                    "generator: %.1f cycles for each frame sent or received, %.1f %% idle\n",
                    (double)o->loop.busy_cycles / (double)frames,
                    100.0 * (double)o->loop.idle_cycles /
                        (double)(o->loop.idle_cycles + o->loop.busy_cycles));
    }
}

static enum exit_status command_run(struct pg_options *o, const char *line)
{
    uint64_t started_ns = clock_now_ns() + clock_realtime_offset_ns();
    struct pg_points points = {0};
    struct pg_engine e = {0};
    struct vsw_err err = {0};
    enum exit_status status = EXIT_OK;
    int rc = 0, closed;

    if (o->command == PG_LATENCY && o->ping_pong && !o->no_wake)
        rc = pg_latency_wake(o, &points, &err);
    if (rc == 0)
        rc = pg_engine_open(&e, &o->plan, &err);
    if (rc == 0 && o->verbose)
        for (uint32_t i = 0; i < o->plan.port_count; i++)
            fprintf(stderr, "port %u: %s\n", i, e.team.shared->paths[i]);
    if (rc == 0)
        rc = command_do(&e, o, &points, &err);
    closed = pg_engine_close(&e, &err);
    rc = rc == 0 ? closed : rc;
    if (rc == 0 || points.count > 0)
        rc = pg_points_report(&points, o, line, started_ns, &err) != 0 ? -EIO : rc;
    if (o->verbose)
        costs_print(&points);
    if (rc != 0)
        error_print(&err);
    if (rc != 0)
        status = EXIT_FAILED;
    else if (o->command == PG_VERIFY && is_wrong(&points, &o->plan))
        status = EXIT_FOUND;
    pg_points_free(&points);
    return status;
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

/* What a command wants to know of each frame. The kernel talks on its own interfaces, so there only
 * signed frames count. */
static void marks_set(struct pg_options *o)
{
    o->plan.latency = o->command == PG_LATENCY || o->command == PG_HOSTILE;
    if (o->command == PG_VERIFY)
        o->plan.marks = PG_MARKS_CHECK;
    else if (o->plan.latency)
        o->plan.marks = PG_MARKS_TRACK;
    for (uint32_t i = 0; o->replay_path == NULL && i < o->plan.port_count; i++)
        if ((o->plan.ports[i].spec.kind == PG_PORT_IF ||
             o->plan.ports[i].spec.kind == PG_PORT_TAP) &&
            o->plan.marks == PG_MARKS_NONE)
            o->plan.marks = PG_MARKS_TRACK;
}

/* Overload loses frames everywhere; what is looked for here shows below it. */
static void verify_rates(struct pg_plan *plan)
{
    for (uint32_t i = 0; i < plan->stream_count; i++)
        if (plan->streams[i].stream.rate.unit == PG_RATE_MAX)
            plan->streams[i].stream.rate = (struct pg_rate){PG_RATE_PPS, VERIFY_PPS};
}

static enum exit_status command_prepare(struct pg_options *o, int argc, char **argv)
{
    struct pg_replay replay = {0};
    struct pg_attack attack = {0};
    struct vsw_err err = {0};
    char line[LINE_MAX_BYTES];
    enum exit_status status = EXIT_USAGE;
    int rc;

    o->one_way |= o->replay_path != NULL;
    marks_set(o);
    rc = pg_plan_complete(&o->plan, o->one_way, o->words, &err);
    if (rc == 0 && o->command == PG_LOOP)
        rc = pg_loop_check(&o->plan, &err);
    if (rc == 0)
        rc = replay_open(o, &replay, &err);
    if (rc == 0 && o->command == PG_VERIFY)
        verify_rates(&o->plan);
    if (rc == 0 && o->command == PG_HOSTILE)
        rc = pg_hostile_prepare(o, &attack, &err);
    line_make(argc, argv, line);
    if (rc == 0)
        status = command_run(o, line);
    else
        error_print(&err);
    pg_replay_close(&replay);
    pg_attack_fini(&attack);
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
    if (strcmp(argv[1], "--complete") == 0)
        return complete_print(argc > 2 ? argv[2] : NULL);
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
