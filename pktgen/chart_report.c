/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Which charts a report gives: rates over size, latency over points, latency over percentile.
 * Main thread.
 */
#include "pktgen/chart.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define NAME_BYTES 32

/* The points of a report as x: their names below the axis. */
struct axis {
    uint32_t count;
    double *x;
    char (*text)[NAME_BYTES];
    const char **names;
};

static void axis_free(struct axis *a)
{
    free(a->x);
    free(a->text);
    free(a->names);
}

static int axis_make(const struct pg_report *r, struct axis *a, struct vsw_err *err)
{
    char text[256];

    *a = (struct axis){.count = r->point_count};
    a->x = calloc(a->count + 1, sizeof(*a->x));
    a->text = calloc(a->count + 1, sizeof(*a->text));
    a->names = calloc(a->count + 1, sizeof(*a->names));
    if (a->x == NULL || a->text == NULL || a->names == NULL) {
        axis_free(a);
        return vsw_err_set(err, -ENOMEM, "chart", "out of memory");
    }
    for (uint32_t i = 0; i < a->count; i++) {
        pg_text_sizes_format(&r->points[i].sizes, text, sizeof(text));
        snprintf(a->text[i], NAME_BYTES, "%.31s", r->points[i].label ? r->points[i].label : text);
        a->names[i] = a->text[i];
        a->x[i] = i;
    }
    return 0;
}

static int chart_draw(const struct pg_chart *chart, const char *folder, const char *file,
                      unsigned *count, struct vsw_err *err)
{
    char path[4096];
    int rc;

    if ((size_t)snprintf(path, sizeof(path), "%s/%s", folder, file) >= sizeof(path))
        return vsw_err_set(err, -ENAMETOOLONG, "chart", "the name of the folder is too long");
    rc = pg_chart_write(chart, path, err);
    *count += rc == 0;
    return rc;
}

/* The rate that a point stands for: what a search found, else what came. */
static double point_pps(const struct pg_point *p)
{
    return p->search ? p->search->pps : pg_point_rx_pps(p);
}

/* Points that stand for sizes, not for rates or attacks. */
static bool has_sizes(const struct pg_report *r)
{
    for (uint32_t i = 0; i < r->point_count; i++)
        if (r->points[i].label != NULL)
            return false;
    return r->point_count > 0;
}

static int rates_draw(const struct pg_report *r, const struct axis *a, const char *folder,
                      unsigned *count, struct vsw_err *err)
{
    double *y = calloc(2 * (size_t)a->count, sizeof(*y));
    struct pg_chart chart = {
        .title = "Rate over frame size",
        .x_label = "frame size with FCS (bytes)",
        .y_label = "Mpps",
        .x_names = a->names,
        .x_name_count = a->count,
        .bars = a->count == 1,
        .series = {{.name = r->command, .x = a->x, .y = y, .count = a->count}},
        .series_count = 1,
    };
    int rc;

    if (y == NULL)
        return vsw_err_set(err, -ENOMEM, "chart", "out of memory");
    for (uint32_t i = 0; i < a->count; i++) {
        y[i] = point_pps(&r->points[i]) / 1e6;
        y[a->count + i] =
            point_pps(&r->points[i]) * pg_text_sizes_mean(&r->points[i].sizes) * 8 / 1e9;
    }
    rc = chart_draw(&chart, folder, "rate.svg", count, err);
    chart.title = "Throughput over frame size";
    chart.y_label = "Gb/s of frames with FCS";
    chart.series[0].y = y + a->count;
    rc = rc ? rc : chart_draw(&chart, folder, "bits.svg", count, err);
    free(y);
    return rc;
}

static uint32_t latency_points(const struct pg_report *r)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < r->point_count; i++)
        n += r->points[i].latency.hist != NULL && r->points[i].latency.hist->count > 0;
    return n;
}

static double latency_us(const struct pg_latency *latency, double percent)
{
    return pg_hist_percentile(latency->hist, percent) * latency->ns_per_unit / 1e3;
}

/* Every point has a latency here. A logarithmic axis has no zero. */
static int latencies_draw(const struct pg_report *r, const struct axis *a, const char *folder,
                          unsigned *count, struct vsw_err *err)
{
    static const char *const names[] = {"p50", "p99", "p99.9", "max"};
    static const double percents[] = {50, 99, 99.9, 100};
    struct pg_chart chart = {
        .title = "Latency",
        .x_label = "what was offered",
        .y_label = "microseconds",
        .log_y = true,
        .x_names = a->names,
        .x_name_count = a->count,
        .series_count = ARRAY_SIZE(names),
    };
    double *y = calloc(ARRAY_SIZE(names) * (size_t)a->count, sizeof(*y));
    int rc;

    if (y == NULL)
        return vsw_err_set(err, -ENOMEM, "chart", "out of memory");
    for (uint32_t k = 0; k < ARRAY_SIZE(names); k++) {
        double *row = y + k * (size_t)a->count;

        for (uint32_t i = 0; i < a->count; i++)
            row[i] = latency_us(&r->points[i].latency, percents[k]);
        chart.series[k] = (struct pg_chart_series){names[k], a->x, row, a->count};
    }
    rc = chart_draw(&chart, folder, "latency.svg", count, err);
    free(y);
    return rc;
}

/* x is 1 / (1 - percentile): each nine takes the same room. */
static const struct {
    const char *name;
    double percent, x;
} nines[] = {{"50%", 50, 2},          {"75%", 75, 4},          {"90%", 90, 10},
             {"95%", 95, 20},         {"98%", 98, 50},         {"99%", 99, 100},
             {"99.5%", 99.5, 200},    {"99.8%", 99.8, 500},    {"99.9%", 99.9, 1000},
             {"99.95%", 99.95, 2000}, {"99.98%", 99.98, 5000}, {"99.99%", 99.99, 10000},
             {"", 99.995, 20000},     {"", 99.998, 50000},     {"99.999%", 99.999, 1e5}};

#define NINES ARRAY_SIZE(nines)

/* Percentiles that the values are too few for are not drawn. */
static uint32_t curve_make(const struct pg_latency *latency, double *ret_x, double *ret_y)
{
    uint32_t n = 0;

    while (n < NINES && (double)latency->hist->count >= nines[n].x) {
        ret_x[n] = nines[n].x;
        ret_y[n] = latency_us(latency, nines[n].percent);
        n++;
    }
    return n;
}

static int distribution_draw(const struct pg_report *r, const struct axis *a, const char *folder,
                             unsigned *count, struct vsw_err *err)
{
    static const char *const names[] = {"50%", "90%", "99%", "99.9%", "99.99%", "99.999%"};
    static const double at[] = {2, 10, 100, 1000, 10000, 100000};
    double x[PG_CHART_SERIES_MAX][NINES], y[PG_CHART_SERIES_MAX][NINES];
    struct pg_chart chart = {
        .title = "Latency over percentile",
        .x_label = "part of the frames that were at least this fast",
        .y_label = "microseconds",
        .log_x = true,
        .log_y = true,
        .x_names = names,
        .x_at = at,
        .x_name_count = ARRAY_SIZE(names),
    };
    uint32_t points = 0;

    for (uint32_t i = 0; i < a->count && chart.series_count < PG_CHART_SERIES_MAX; i++) {
        uint32_t k = chart.series_count;

        if (r->points[i].latency.hist == NULL)
            continue;
        chart.series[k] = (struct pg_chart_series){a->names[i], x[k], y[k],
                                                   curve_make(&r->points[i].latency, x[k], y[k])};
        points += chart.series[k].count;
        chart.series_count++;
    }
    return points ? chart_draw(&chart, folder, "distribution.svg", count, err) : 0;
}

static int folder_make(const char *folder, struct vsw_err *err)
{
    struct stat st;

    if (mkdir(folder, 0777) == 0 ||
        (errno == EEXIST && stat(folder, &st) == 0 && S_ISDIR(st.st_mode)))
        return 0;
    return vsw_err_set(err, -errno, folder, "is no folder and cannot be made: %s", strerror(errno));
}

int pg_chart_report(const struct pg_report *report, const char *folder, unsigned *ret_count,
                    struct vsw_err *err)
{
    uint32_t latencies = latency_points(report);
    unsigned count = 0;
    struct axis a;
    int rc = folder_make(folder, err);

    rc = rc ? rc : axis_make(report, &a, err);
    if (rc != 0)
        return rc;
    if (has_sizes(report))
        rc = rates_draw(report, &a, folder, &count, err);
    if (rc == 0 && latencies >= 2 && latencies == report->point_count)
        rc = latencies_draw(report, &a, folder, &count, err);
    if (rc == 0 && latencies > 0)
        rc = distribution_draw(report, &a, folder, &count, err);
    axis_free(&a);
    if (rc == 0)
        *ret_count = count;
    return rc;
}
