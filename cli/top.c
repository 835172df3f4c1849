/* SPDX-License-Identifier: BSD-3-Clause
 *
 * `top`: rates per port, from the differences of two readings of the counters.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/print.h"

/* A row of the screen; a table like every other, but it never crosses the socket. */
#define TOP_ROW_FIELDS(F, S)                                                                       \
    F(S, port, STR, (96), API_KEY, NULL, "port")                                                   \
    F(S, tenant, NAME, (), API_OPTIONAL, NULL, "tenant")                                           \
    F(S, in_pps, RATE_PPS, (), API_KEY | API_GAUGE, NULL, "received")                              \
    F(S, in_bps, RATE_BPS, (), API_KEY | API_GAUGE, NULL, "received")                              \
    F(S, out_pps, RATE_PPS, (), API_KEY | API_GAUGE, NULL, "sent")                                 \
    F(S, out_bps, RATE_BPS, (), API_KEY | API_GAUGE, NULL, "sent")                                 \
    F(S, drops_pps, RATE_PPS, (), API_KEY | API_GAUGE, NULL, "dropped, both directions")
API_OBJECT_DECLARE(top_row, TOP_ROW_FIELDS)
API_OBJECT_DEFINE(top_row, TOP_ROW_FIELDS, "rates of a port", "Rates of a port")

enum top_sort { SORT_BITS, SORT_PACKETS, SORT_DROPS, SORT_NAME, SORT_COUNT };

static const char *const sort_names[SORT_COUNT] = {"bits", "packets", "drops", "name"};

struct top {
    struct cli *cli;
    bool batch;
    uint64_t rounds; /* 0 = for ever */
    uint64_t interval_ms;
    enum top_sort sort;
    struct api_stats last;
    bool has_last;
};

static uint64_t sort_value(const struct top_row *row, enum top_sort sort)
{
    switch (sort) {
    case SORT_PACKETS: return row->in_pps + row->out_pps;
    case SORT_DROPS: return row->drops_pps;
    case SORT_BITS: return row->in_bps + row->out_bps;
    default: return 0;
    }
}

static int row_compare(const void *left, const void *right, void *arg)
{
    const struct top_row *a = left, *b = right;
    enum top_sort sort = *(enum top_sort *)arg;
    uint64_t x = sort_value(a, sort), y = sort_value(b, sort);

    return x != y ? (x < y ? 1 : -1) : strcmp(a->port, b->port);
}

static const struct api_stats_row *row_find(const struct api_stats *stats, const char *name)
{
    for (uint32_t i = 0; i < stats->rows.count; i++)
        if (strcmp(stats->rows.items[i].name, name) == 0)
            return &stats->rows.items[i];
    return NULL;
}

/* A port that was made anew starts at zero again: no rate then. */
static uint64_t rate(uint64_t now, uint64_t before, uint64_t ns)
{
    return now < before || ns == 0 ? 0
                                   : (uint64_t)((double)(now - before) * 1e9 / (double)ns + 0.5);
}

static void row_fill(struct top_row *row, const struct api_stats_row *now,
                     const struct api_stats_row *before)
{
    uint64_t ns;

    snprintf(row->port, sizeof(row->port), "%s", now->name);
    snprintf(row->tenant, sizeof(row->tenant), "%s", now->tenant);
    if (before == NULL)
        return;
    ns = now->time_ns - before->time_ns;
    row->in_pps = rate(now->in_pkts, before->in_pkts, ns);
    row->in_bps = rate(now->in_bytes, before->in_bytes, ns) * 8;
    row->out_pps = rate(now->out_pkts, before->out_pkts, ns);
    row->out_bps = rate(now->out_bytes, before->out_bytes, ns) * 8;
    row->drops_pps = rate(now->dropped_pkts + now->dropped_copies_pkts,
                          before->dropped_pkts + before->dropped_copies_pkts, ns);
}

static void rows_free(struct api_rows *rows)
{
    free(rows->items); /* no field of a row owns memory */
    *rows = (struct api_rows){0};
}

static int rows_make(struct top *top, const struct api_stats *now, struct api_rows *rows)
{
    for (uint32_t i = 0; i < now->rows.count; i++) {
        struct top_row *row = api_append(rows, top_row);

        if (row == NULL)
            return -ENOMEM;
        row_fill(row, &now->rows.items[i], row_find(&top->last, now->rows.items[i].name));
    }
    if (rows->count > 0)
        qsort_r(rows->items, rows->count, sizeof(struct top_row), row_compare, &top->sort);
    return 0;
}

static void rows_json(FILE *out, const struct api_rows *rows)
{
    struct json *array = json_new_array();
    char *line;

    for (uint32_t i = 0; i < rows->count; i++)
        json_append(array,
                    api_encode(&top_row_object, (struct top_row *)rows->items + i, API_ENCODE_ALL));
    line = rpc_line(array);
    fputs(line ? line : "", out);
    free(line);
    json_free(array);
}

static void screen_draw(struct top *top, const struct api_rows *rows)
{
    FILE *out = top->cli->out;

    if (top->cli->json) {
        rows_json(out, rows);
    } else if (top->batch) {
        print_table(out, &top_row_object, rows);
    } else {
        fputs("\033[H\033[J", out); /* cursor home, clear to the end */
        fprintf(out, "vswitch: %u ports, sorted by %s; s = sort, q = quit\n\n", rows->count,
                sort_names[top->sort]);
        print_table(out, &top_row_object, rows);
    }
    fflush(out);
}

static enum cli_exit round_run(struct top *top, bool *ret_drawn, struct vsw_err *err)
{
    struct api_rows rows = {0};
    struct api_stats now;
    enum cli_exit rc = cli_call(top->cli, api_method_find("stats.show"), NULL, &now, err);

    if (rc != CLI_OK)
        return rc;
    if (top->has_last && rows_make(top, &now, &rows) == 0)
        screen_draw(top, &rows);
    *ret_drawn = top->has_last;
    rows_free(&rows);
    api_free(&api_stats_object, &top->last);
    top->last = now;
    top->has_last = true;
    return CLI_OK;
}

/* Waits for the rest of the interval; false when a key or a signal ends it all. */
static bool interval_wait(struct top *top, uint64_t until_ns)
{
    struct pollfd p = {top->batch ? -1 : STDIN_FILENO, POLLIN, 0};

    while (!cli_stopped && clock_now_ns() < until_ns) {
        int ms = (int)((until_ns - clock_now_ns()) / NS_PER_MS) + 1;
        char key;

        if (poll(&p, 1, ms) <= 0 || !(p.revents & (POLLIN | POLLHUP)))
            continue;
        if (read(STDIN_FILENO, &key, 1) != 1 || key == 'q')
            return false;
        if (key == 's') /* seen with the next drawing */
            top->sort = (top->sort + 1) % SORT_COUNT;
    }
    return !cli_stopped;
}

static enum cli_exit rounds_run(struct top *top, struct vsw_err *err)
{
    uint64_t drawn_count = 0;

    for (;;) {
        uint64_t start_ns = clock_now_ns();
        bool drawn = false;
        enum cli_exit rc = round_run(top, &drawn, err);

        drawn_count += drawn;
        if (rc != CLI_OK || (top->rounds != 0 && drawn_count >= top->rounds) ||
            ferror(top->cli->out))
            return rc;
        if (!interval_wait(top, start_ns + top->interval_ms * NS_PER_MS))
            return CLI_OK;
    }
}

static bool number_read(const char *text, double least, double *ret)
{
    char *end;
    double v = text ? strtod(text, &end) : -1;

    if (text == NULL || end == text || *end != '\0' || !(v >= least && v <= 1e6))
        return false;
    *ret = v;
    return true;
}

static enum cli_exit words_read(struct top *top, char *const *words, size_t count,
                                struct vsw_err *err)
{
    for (size_t i = 1; i < count; i++) {
        const char *value = i + 1 < count ? words[i + 1] : NULL;
        double v;

        if (strcmp(words[i], "--batch") == 0 || strcmp(words[i], "-b") == 0) {
            top->batch = true;
        } else if (strcmp(words[i], "-n") == 0 && number_read(value, 1, &v)) {
            top->rounds = (uint64_t)v;
            i++;
        } else if (strcmp(words[i], "-d") == 0 && number_read(value, 0.1, &v)) {
            top->interval_ms = (uint64_t)(v * 1000);
            i++;
        } else {
            vsw_err_set(err, -EINVAL, NULL, "\"%.60s\" is not understood", words[i]);
            vsw_err_hint(err, "top [--batch] [-n ROUNDS] [-d SECONDS]");
            return CLI_USAGE;
        }
    }
    return CLI_OK;
}

enum cli_exit cli_top(struct cli *cli, char *const *words, size_t count, struct vsw_err *err)
{
    struct top top = {.cli = cli, .interval_ms = 1000};
    struct termios saved, raw;
    enum cli_exit rc = words_read(&top, words, count, err);

    if (rc != CLI_OK)
        return rc;
    top.batch |= cli->json || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO);
    cli_signals_catch();
    if (!top.batch && tcgetattr(STDIN_FILENO, &saved) == 0) {
        raw = saved;
        raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
        tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    }
    rc = rounds_run(&top, err);
    if (!top.batch)
        tcsetattr(STDIN_FILENO, TCSANOW, &saved);
    api_free(&api_stats_object, &top.last);
    return rc;
}
