/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Charts as SVG files, drawn by the program gnuplot. Main thread.
 */
#ifndef PKTGEN_CHART_H
#define PKTGEN_CHART_H

#include "pktgen/report.h"

#define PG_CHART_SERIES_MAX 8

struct pg_chart_series {
    const char *name;
    const double *x, *y;
    uint32_t count;
};

struct pg_chart {
    const char *title, *x_label, *y_label;
    bool log_x, log_y;
    bool bars;                  /* instead of lines: a single point is none */
    const char *const *x_names; /* written below the axis; NULL: the numbers */
    const double *x_at;         /* where the names stand; NULL: at 0, 1, ... */
    uint32_t x_name_count;
    struct pg_chart_series series[PG_CHART_SERIES_MAX];
    uint32_t series_count;
};

/**
 * pg_chart_write() - draw one chart
 * @chart: borrowed
 * @path: SVG file, replaced
 * @err: says why not; that gnuplot is missing, and how to get it
 *
 * Return: 0; -ENOENT no gnuplot; -EINVAL nothing to draw; -EIO gnuplot failed; others of the file.
 * Context: main thread; blocks until gnuplot is done.
 * Source: gnuplot 5.4
 */
int pg_chart_write(const struct pg_chart *chart, const char *path, struct vsw_err *err);

/**
 * pg_chart_report() - every chart that a report has figures for
 * @report: borrowed
 * @folder: made if it is not there; rate.svg and bits.svg (over size; a bar if there is one),
 *     latency.svg (percentiles over points), distribution.svg (latency over percentile)
 * @ret_count: files written
 * @err: as for pg_chart_write()
 *
 * Return: 0, also when there was nothing to draw; as pg_chart_write().
 * Context: main thread; blocks until gnuplot is done.
 * Source: none
 */
int pg_chart_report(const struct pg_report *report, const char *folder, unsigned *ret_count,
                    struct vsw_err *err);

#endif
