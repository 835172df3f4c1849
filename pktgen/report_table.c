/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The tables for people: at most 80 columns, exact below a thousand, three digits above.
 */
#include "pktgen/report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX  12
#define CELL_BYTES   32
#define NAME_COLUMNS 20 /* of a port: its end tells more than its start */
#define STEAL_SHOWN  0.001
#define WIDTH        80

/* Columns without any text are left out. The first is aligned to the left when it is a name. */
struct table {
    const char *heads[COLUMNS_MAX];
    uint32_t columns, rows;
    bool is_named;
    char (*cells)[COLUMNS_MAX][CELL_BYTES];
};

static bool table_init(struct table *t, uint32_t rows, const char *const *heads, uint32_t columns,
                       bool is_named)
{
    *t = (struct table){.columns = columns, .rows = rows, .is_named = is_named};
    memcpy(t->heads, heads, columns * sizeof(*heads));
    t->cells = calloc(rows ? rows : 1, sizeof(*t->cells));
    return t->cells != NULL;
}

static int column_width(const struct table *t, uint32_t c)
{
    int width = 0, head = (int)strlen(t->heads[c]);

    for (uint32_t r = 0; r < t->rows; r++) {
        int cell = (int)strlen(t->cells[r][c]);

        width = cell > width ? cell : width;
    }
    return width == 0 ? 0 : width > head ? width : head;
}

/* Empty cells at the end leave no blanks. */
static void row_print(FILE *out, const struct table *t, const int *widths, int64_t row)
{
    char line[COLUMNS_MAX * (CELL_BYTES + 2) + 1];
    size_t used = 0, end = 0;

    for (uint32_t c = 0; c < t->columns; c++) {
        const char *cell = row < 0 ? t->heads[c] : t->cells[row][c];
        bool left = c == 0 && t->is_named;

        if (widths[c] == 0)
            continue;
        used += (size_t)snprintf(line + used, sizeof(line) - used, "%s%*s", used ? "  " : "",
                                 left ? -widths[c] : widths[c], cell);
        end = *cell ? used : end;
    }
    fprintf(out, "%.*s\n", (int)end, line);
}

static void table_print(FILE *out, struct table *t)
{
    int widths[COLUMNS_MAX] = {0}, total = -2;

    for (uint32_t c = 0; c < t->columns; c++) {
        widths[c] = column_width(t, c);
        total += widths[c] ? widths[c] + 2 : 0;
    }
    row_print(out, t, widths, -1);
    for (int i = 0; i < total && i < WIDTH; i++)
        fputc('-', out);
    fputc('\n', out);
    for (uint32_t r = 0; r < t->rows; r++)
        row_print(out, t, widths, r);
    free(t->cells);
}

/* "0", "0.0012 %", "12.3 %". */
static void loss_cell(double ratio, char *cell)
{
    double percent = ratio * 100;

    if (ratio <= 0)
        snprintf(cell, CELL_BYTES, "0");
    else if (percent < 0.0001)
        snprintf(cell, CELL_BYTES, "<0.0001 %%");
    else
        snprintf(cell, CELL_BYTES, "%.*f %%",
                 percent < 0.01    ? 4
                 : percent < 1     ? 3
                 : percent < 9.995 ? 2
                                   : 1,
                 percent);
}

static void count_cell(uint64_t count, char *cell)
{
    if (count < 100000)
        snprintf(cell, CELL_BYTES, "%" PRIu64, count);
    else
        pg_text_short((double)count, cell, CELL_BYTES);
}

/* p50, p99, p99.9, max into four cells. */
static void latency_cells(const struct pg_latency *latency, char (*cells)[CELL_BYTES])
{
    static const double percents[] = {50, 99, 99.9, 100};

    if (latency->hist == NULL || latency->hist->count == 0)
        return;
    for (uint32_t i = 0; i < ARRAY_SIZE(percents); i++)
        pg_text_ns(pg_hist_percentile(latency->hist, percents[i]) * latency->ns_per_unit, cells[i],
                   CELL_BYTES);
}

static void sizes_cell(const struct pg_sizes *sizes, char *cell)
{
    char text[256];

    pg_text_sizes_format(sizes, text, sizeof(text));
    if (strlen(text) > 12)
        snprintf(cell, CELL_BYTES, "mix of %" PRIu32, sizes->count);
    else
        snprintf(cell, CELL_BYTES, "%.12s", text);
}

static void label_cell(const struct pg_point *p, char *cell)
{
    if (p->label != NULL)
        snprintf(cell, CELL_BYTES, "%.22s", p->label);
    else
        sizes_cell(&p->sizes, cell);
}

static double rx_bps(const struct pg_point *p)
{
    return p->loss.seconds > 0 ? (double)p->received_bytes * 8 / p->loss.seconds : 0;
}

static void point_row(const struct pg_point *p, char (*cells)[CELL_BYTES])
{
    double due_pps = p->loss.seconds > 0 ? (double)p->loss.due / p->loss.seconds : 0;

    label_cell(p, cells[0]);
    if (p->loss.due > 0 && p->latency.hist == NULL)
        pg_text_pps(due_pps, cells[1], CELL_BYTES);
    pg_text_pps(pg_point_tx_pps(p), cells[2], CELL_BYTES);
    pg_text_pps(pg_point_rx_pps(p), cells[3], CELL_BYTES);
    if (p->latency.hist == NULL)
        pg_text_bps(rx_bps(p), cells[4], CELL_BYTES);
    loss_cell(pg_loss_ratio(&p->loss), cells[5]);
    latency_cells(&p->latency, cells + 6);
}

static void points_print(FILE *out, const struct pg_report *r, const char *head)
{
    const char *const heads[] = {head,   "offered", "sent", "received", "bits/s",
                                 "loss", "p50",     "p99",  "p99.9",    "max"};
    struct table t;

    if (!table_init(&t, r->point_count, heads, ARRAY_SIZE(heads), false))
        return;
    for (uint32_t i = 0; i < r->point_count; i++)
        point_row(&r->points[i], t.cells[i]);
    table_print(out, &t);
}

static void search_row(const struct pg_point *p, char (*cells)[CELL_BYTES])
{
    const struct pg_search_result *s = p->search;

    label_cell(p, cells[0]);
    snprintf(cells[1], CELL_BYTES, "none");
    if (s->is_found) {
        pg_text_pps(s->pps, cells[1], CELL_BYTES);
        pg_text_bps(s->pps * pg_text_sizes_mean(&p->sizes) * 8, cells[2], CELL_BYTES);
        loss_cell(pg_loss_ratio(&s->loss), cells[3]);
    }
    if (s->lossy_pps > 0)
        pg_text_pps(s->lossy_pps, cells[4], CELL_BYTES);
    snprintf(cells[5], CELL_BYTES, "%u", s->trials);
    if (s->repeated > 0)
        snprintf(cells[6], CELL_BYTES, "%u", s->repeated);
    latency_cells(&p->latency, cells + 7);
}

static void searches_print(FILE *out, const struct pg_report *r, const char *head)
{
    const char *const heads[] = {head,       "rate", "bits/s", "loss",  "lossy at", "trials",
                                 "repeated", "p50",  "p99",    "p99.9", "max"};
    struct table t;

    if (!table_init(&t, r->point_count, heads, ARRAY_SIZE(heads), false))
        return;
    for (uint32_t i = 0; i < r->point_count; i++)
        search_row(&r->points[i], t.cells[i]);
    table_print(out, &t);
}

static void search_notes(FILE *out, const char *label, const struct pg_search_result *s)
{
    char text[PG_TEXT_MAX];

    if (s->is_at_max)
        fprintf(out, "%s: held at the highest rate that was tried, so there may be more\n", label);
    if (!s->is_found)
        fprintf(out, "%s: frames were lost even at the lowest rate that was tried, %s\n", label,
                pg_text_pps(s->lossy_pps, text, sizeof(text)));
    if (!s->is_complete)
        fprintf(out, "%s: the search was cut short: the rate is a lower bound\n", label);
}

static void point_notes(FILE *out, const struct pg_point *p)
{
    char label[CELL_BYTES] = "";

    label_cell(p, label);
    if (p->search != NULL)
        search_notes(out, label, p->search);
    if (p->loop_frames > 0)
        fprintf(out, "%s: of %" PRIu64 " frames in the loop %" PRIu64 " were lost\n", label,
                p->loop_frames, pg_point_loop_lost(p));
    if (p->limit != PG_LIMIT_NONE)
        fprintf(out, "%s: limited by %s\n", label, pg_limit_text(p->limit));
    if (p->steal_ratio >= STEAL_SHOWN)
        fprintf(out, "%s: the host took away %.1f %% of the CPU time\n", label,
                p->steal_ratio * 100);
}

static bool stream_is_clean(const struct pg_stream_result *s)
{
    const struct pg_track_result *t = &s->track;

    return t->lost + t->duplicates + t->reordered + t->too_late + t->corrupt + t->leaks == 0;
}

static bool details_wanted(const struct pg_report *r, const struct pg_point *p)
{
    for (uint32_t i = 0; p->has_marks && i < p->stream_count; i++)
        if (!stream_is_clean(&p->streams[i]))
            return true;
    return r->point_count == 1;
}

static void stream_row(const struct pg_point *p, const struct pg_stream_result *s,
                       char (*cells)[CELL_BYTES])
{
    const struct pg_track_result *t = &s->track;

    snprintf(cells[0], CELL_BYTES, "%u", s->stream->id);
    snprintf(cells[1], CELL_BYTES, "%u -> ", s->stream->tx);
    if (s->stream->rx == PG_PORT_NONE)
        strcat(cells[1], "none");
    else
        snprintf(cells[1] + strlen(cells[1]), 8, "%u", s->stream->rx);
    sizes_cell(&s->stream->sizes, cells[2]);
    count_cell(t->sent, cells[3]);
    count_cell(t->received, cells[4]);
    count_cell(t->lost, cells[5]);
    if (!p->has_marks)
        return;
    count_cell(t->duplicates, cells[6]);
    count_cell(t->reordered + t->too_late, cells[7]);
    count_cell(t->corrupt, cells[8]);
    count_cell(t->leaks, cells[9]);
}

static void streams_print(FILE *out, const struct pg_point *p)
{
    static const char *const heads[] = {"stream", "ports", "size",      "sent",    "received",
                                        "lost",   "twice", "reordered", "corrupt", "leaked"};
    struct table t;

    if (p->stream_count == 0 || !table_init(&t, p->stream_count, heads, ARRAY_SIZE(heads), false))
        return;
    for (uint32_t i = 0; i < p->stream_count; i++)
        stream_row(p, &p->streams[i], t.cells[i]);
    fputc('\n', out);
    table_print(out, &t);
}

static void share_cell(uint64_t part, uint64_t whole, char *cell)
{
    if (whole > 0)
        snprintf(cell, CELL_BYTES, "%.1f %%", 100.0 * (double)part / (double)whole);
}

static void port_row(const struct pg_point *p, const struct pg_port_result *port,
                     char (*cells)[CELL_BYTES])
{
    size_t len = strlen(port->name);

    if (len > NAME_COLUMNS)
        snprintf(cells[0], CELL_BYTES, "...%s", port->name + len - (NAME_COLUMNS - 3));
    else
        snprintf(cells[0], CELL_BYTES, "%s", port->name);
    count_cell(port->tx_frames, cells[1]);
    count_cell(port->rx_frames, cells[2]);
    share_cell(port->tx_full, port->tx_polls, cells[3]);
    share_cell(port->rx_empty, port->rx_polls, cells[4]);
    if (!p->has_marks)
        return;
    count_cell(port->foreign, cells[5]);
    count_cell(port->leaks, cells[6]);
}

static void ports_print(FILE *out, const struct pg_point *p)
{
    static const char *const heads[] = {"port",     "sent",    "received", "full ring",
                                        "no frame", "foreign", "leaked"};
    struct table t;

    if (p->port_count == 0 || !table_init(&t, p->port_count, heads, ARRAY_SIZE(heads), true))
        return;
    for (uint32_t i = 0; i < p->port_count; i++)
        port_row(p, &p->ports[i], t.cells[i]);
    fputc('\n', out);
    table_print(out, &t);
}

static void details_print(FILE *out, const struct pg_report *r, const struct pg_point *p)
{
    char label[CELL_BYTES] = "";

    if (!details_wanted(r, p))
        return;
    label_cell(p, label);
    if (r->point_count > 1)
        fprintf(out, "\n%s:", label);
    streams_print(out, p);
    ports_print(out, p);
}

static void wake_print(FILE *out, const struct pg_latency *wake)
{
    char cells[4][CELL_BYTES] = {""};

    if (wake->hist == NULL || wake->hist->count == 0)
        return;
    latency_cells(wake, cells);
    fprintf(out, "\nwaking a thread on this host takes %s (p50), %s (p99), %s (max)\n", cells[0],
            cells[1], cells[3]);
}

void pg_report_print(FILE *out, const struct pg_report *report)
{
    const struct pg_point *points = report->points;
    const char *head = "size";

    for (uint32_t i = 0; i < report->point_count; i++)
        head = points[i].label != NULL ? "what" : head;
    if (report->point_count > 0 && points[0].search != NULL)
        searches_print(out, report, head);
    else if (report->point_count > 0)
        points_print(out, report, head);
    for (uint32_t i = 0; i < report->point_count; i++)
        point_notes(out, &points[i]);
    for (uint32_t i = 0; i < report->point_count; i++)
        details_print(out, report, &points[i]);
    wake_print(out, &report->wake);
}
