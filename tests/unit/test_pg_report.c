/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Tables, JSON and charts of the same made-up results.
 */
#include "pktgen/chart.h"
#include "pktgen/report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/cmocka.h"

static struct pg_hist hist, wake;
static struct pg_stream streams[2];
static struct pg_stream_result stream_results[2];
static struct pg_port_result ports[2];
static struct pg_search_result searches[3];
static struct pg_point points[3];
static struct pg_report report;

static void point_fill(struct pg_point *p, const char *size, uint64_t due)
{
    assert_int_equal(pg_text_sizes("size", size, &p->sizes, NULL), 0);
    p->loss = (struct pg_loss){due, due - 10, due - 30, 2.0};
    p->received_bytes = (due - 30) * 64;
}

static int setup(void **state)
{
    pg_hist_reset(&hist);
    pg_hist_reset(&wake);
    for (uint64_t i = 1; i <= 20000; i++)
        pg_hist_add(&hist, 2000 + i * i % 3000 + (i % 1000 == 0 ? 100000 : 0));
    for (uint64_t i = 0; i < 100; i++)
        pg_hist_add(&wake, 2500 + i);
    memset(points, 0, sizeof(points));
    memset(stream_results, 0, sizeof(stream_results));
    memset(searches, 0, sizeof(searches));
    for (uint16_t i = 0; i < 2; i++) {
        pg_stream_init(&streams[i], i, i, (uint16_t)(1 - i));
        stream_results[i].stream = &streams[i];
        stream_results[i].seconds = 2;
        stream_results[i].track = (struct pg_track_result){.sent = 5000000, .received = 5000000};
    }
    ports[0] = (struct pg_port_result){.name = "vhost:/run/a/very/long/path/to/a.sock",
                                       .tx_frames = 5000000,
                                       .rx_frames = 5000000,
                                       .tx_polls = 1000,
                                       .tx_full = 125,
                                       .rx_polls = 10,
                                       .rx_empty = 5};
    ports[1] = (struct pg_port_result){.name = "tap:tap0", .tx_frames = 7};
    point_fill(&points[0], "64", 10000000);
    points[0].streams = stream_results;
    points[0].stream_count = 2;
    points[0].ports = ports;
    points[0].port_count = 2;
    report = (struct pg_report){.command = "run",
                                .line = "pktgen run --port \"x\"",
                                .started_ns = 1700000000ull * NS_PER_SEC,
                                .points = points,
                                .point_count = 1};
    return 0;
}

/* ---- tables --------------------------------------------------------------------------------- */

static char *printed(void)
{
    char *text = NULL, *line, *copy, *next;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    pg_report_print(out, &report);
    fclose(out);
    copy = strdup(text);
    for (line = copy; line != NULL; line = next) {
        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        if (strlen(line) > 80)
            fail_msg("wider than 80: %s", line);
        if (*line && line[strlen(line) - 1] == ' ')
            fail_msg("blanks at the end: '%s'", line);
    }
    free(copy);
    return text;
}

static void has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("no \"%s\" in:\n%s", part, text);
}

static void hasnt(const char *text, const char *part)
{
    if (strstr(text, part) != NULL)
        fail_msg("\"%s\" in:\n%s", part, text);
}

static void test_table_of_a_run(void **state)
{
    char *text;

    points[0].limit = PG_LIMIT_RINGS;
    points[0].steal_ratio = 0.02;
    text = printed();
    assert_string_equal(text, "size    offered       sent   received     bits/s      loss\n"
                              "----------------------------------------------------------\n"
                              "  64  5.00 Mpps  5.00 Mpps  5.00 Mpps  2.56 Gb/s  0.0003 %\n"
                              "64: limited by full transmit rings: the other side took no more\n"
                              "64: the host took away 2.0 % of the CPU time\n"
                              "\n"
                              "stream   ports  size   sent  received  lost\n"
                              "-------------------------------------------\n"
                              "     0  0 -> 1    64  5.00M     5.00M     0\n"
                              "     1  1 -> 0    64  5.00M     5.00M     0\n"
                              "\n"
                              "port                   sent  received  full ring  no frame\n"
                              "----------------------------------------------------------\n"
                              "...ng/path/to/a.sock  5.00M     5.00M     12.5 %    50.0 %\n"
                              "tap:tap0                  7         0\n");
    free(text);
}

static void test_a_loop_tells_its_loss(void **state)
{
    struct json *json, *point;
    char *text;

    points[0].loop_frames = 1024;
    points[0].limit = PG_LIMIT_EMPTY;
    text = printed();
    has(text, "64: of 1024 frames in the loop 20 were lost\n"
              "64: limited by empty polls: the frames of the loop were with the other side\n");
    free(text);
    json = pg_report_json(&report);
    point = json_at(json_get(json, "points"), 0);
    assert_int_equal(json_i64(json_get(point, "loop_frames")), 1024);
    assert_int_equal(json_i64(json_get(point, "loop_lost")), 20);
    json_free(json);
    points[0].loop_frames = 0;
    text = printed();
    hasnt(text, "loop 20");
    free(text);
}

static void test_table_of_a_search(void **state)
{
    char *text;

    report.command = "ndr";
    report.point_count = 3;
    searches[0] =
        (struct pg_search_result){true, false, true, 21.4e6, 21.5e6, {2, 2, 2, 1}, 9, 2, 1};
    searches[1] = (struct pg_search_result){true, true, true, 9e6, 0, {2, 2, 2, 1}, 1, 0, 0};
    searches[2] = (struct pg_search_result){false, false, false, 0, 10e3, {0}, 33, 20, 0};
    point_fill(&points[1], "512", 100);
    point_fill(&points[2], "imix", 100);
    for (int i = 0; i < 3; i++)
        points[i].search = &searches[i];
    text = printed();
    has(text, "  64  21.4 Mpps  11.0 Gb/s     0  21.5 Mpps       9         2\n");
    has(text, " 512  9.00 Mpps  36.9 Gb/s     0                  1\n");
    has(text, "imix       none                   10.0 kpps      33        20\n");
    has(text, "512: held at the highest rate that was tried, so there may be more\n");
    has(text, "imix: frames were lost even at the lowest rate that was tried, 10.0 kpps\n");
    has(text, "imix: the search was cut short");
    hasnt(text, "stream");
    free(text);
}

static void test_table_of_latency(void **state)
{
    static const char *const labels[] = {"10%", "ping-pong", "100%"};
    char *text;

    report.command = "latency";
    report.point_count = 3;
    report.wake = (struct pg_latency){&wake, 1};
    for (int i = 0; i < 3; i++) {
        point_fill(&points[i], "64", 1000000);
        points[i].label = labels[i];
        points[i].latency = (struct pg_latency){&hist, 1.0};
    }
    text = printed();
    has(text, "ping-pong");
    has(text, "p99.9");
    has(text, "waking a thread on this host takes 2.55 us (p50), 2.60 us (p99), 2.60 us (max)\n");
    hasnt(text, "offered");
    free(text);
}

static void test_details_only_when_wrong(void **state)
{
    char *text;

    report.command = "verify";
    report.point_count = 2;
    points[1] = points[0];
    points[1].has_marks = true;
    text = printed();
    hasnt(text, "stream");
    free(text);
    stream_results[1].track.corrupt = 123456;
    stream_results[1].track.lost = 99999;
    text = printed();
    has(text, "\n64:\nstream");
    has(text, "corrupt");
    has(text, "99999");
    has(text, "123k");
    free(text);
}

static void test_nothing_measured(void **state)
{
    char *text;

    report.point_count = 0;
    text = printed();
    assert_string_equal(text, "");
    free(text);
}

/* ---- JSON ----------------------------------------------------------------------------------- */

static double real_at(const struct json *object, const char *key)
{
    if (!json_has(object, key))
        fail_msg("no member %s", key);
    return json_real(json_get(object, key));
}

static struct json *read_back(const char *text)
{
    const struct json_limits limits = {0};
    struct vsw_err err = {0};
    struct json *json = NULL;

    if (json_parse(text, strlen(text), &limits, &json, &err) != 0)
        fail_msg("%s", err.msg);
    return json;
}

static void test_json_reads_back(void **state)
{
    struct json *json, *back, *point, *latency, *stream;
    double total = 0;
    char *text;

    searches[0] =
        (struct pg_search_result){true, false, true, 21437512.25, 21.5e6, {2, 2, 2, 1}, 9, 2, 1};
    points[0].search = &searches[0];
    points[0].latency = (struct pg_latency){&hist, 0.5};
    points[0].has_marks = true;
    stream_results[0].track.lost = 12345678901234ull;
    report.wake = (struct pg_latency){&wake, 1};
    json = pg_report_json(&report);
    text = json_print(json, true);
    back = read_back(text);
    assert_string_equal(json_text(json_get(back, "command")), "run");
    assert_string_equal(json_text(json_get(back, "line")), "pktgen run --port \"x\"");
    assert_string_equal(json_text(json_get(back, "started")), "2023-11-14T22:13:20Z");
    assert_true(real_at(json_get(back, "wake"), "min_ns") == 2500);
    assert_int_equal(json_count(json_get(back, "points")), 1);
    point = json_at(json_get(back, "points"), 0);
    assert_string_equal(json_text(json_get(point, "size")), "64");
    assert_string_equal(json_text(json_get(point, "limit")), "none");
    assert_true(real_at(point, "due") == 10000000 && real_at(point, "rx_pps") == 4999985);
    assert_true(real_at(point, "loss_ratio") == 3e-6);
    assert_true(real_at(json_get(point, "search"), "pps") == 21437512.25);
    latency = json_get(point, "latency");
    assert_true(real_at(latency, "count") == 20000);
    assert_true(real_at(latency, "max_ns") == (double)hist.max / 2);
    for (size_t i = 0; i < json_count(json_get(latency, "histogram")); i++)
        total += json_real(json_at(json_at(json_get(latency, "histogram"), i), 1));
    assert_true(total == 20000);
    stream = json_at(json_get(point, "streams"), 0);
    assert_string_equal(json_text(json_get(stream, "stream")), "tx=0,rx=1,size=64");
    assert_int_equal(json_i64(json_get(stream, "lost")), 12345678901234);
    assert_int_equal(json_i64(json_get(json_at(json_get(point, "ports"), 0), "tx_full")), 125);
    json_free(back);
    json_free(json);
    free(text);
}

static void test_json_file(void **state)
{
    char path[] = "/tmp/pg_report.XXXXXX", text[20000];
    struct vsw_err err = {0};
    struct json *json;
    FILE *file;
    size_t len;

    close(mkstemp(path));
    assert_int_equal(pg_report_write(&report, path, &err), 0);
    file = fopen(path, "r");
    len = fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    unlink(path);
    text[len] = '\0';
    json = read_back(text);
    assert_string_equal(json_text(json_get(json, "command")), "run");
    json_free(json);
    assert_int_equal(pg_report_write(&report, "/nonexistent/x", &err), -ENOENT);
    assert_string_equal(err.msg, "cannot be written: No such file or directory");
    assert_int_equal(pg_report_write(&report, "/dev/full", NULL), -ENOSPC);
}

static void test_reals(void **state)
{
    struct json *json = json_new_real(0.1), *whole = json_new_u64(7);
    char *text = json_print(json, false);

    assert_string_equal(text, "0.1");
    assert_true(json_kind(json) == JSON_REAL && json_real(json) == 0.1);
    assert_true(json_real(whole) == 7 && json_real(NULL) == 0);
    assert_null(json_new_real(0.0 / 0.0));
    free(text);
    json_free(json);
    json_free(whole);
}

/* ---- charts --------------------------------------------------------------------------------- */

static char folder[] = "/tmp/pg_chart.XXXXXX";

static int folder_make(void **state)
{
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    assert_non_null(mkdtemp(folder));
    return setup(state);
}

static int folder_drop(void **state)
{
    static const char *const files[] = {"rate.svg", "bits.svg", "latency.svg", "distribution.svg"};
    char path[128];

    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
        unlink(path);
    }
    return rmdir(folder);
}

static bool has_gnuplot(void)
{
    return access("/usr/bin/gnuplot", X_OK) == 0;
}

static char *svg_read(const char *name)
{
    char path[128], *text = calloc(1, 1 << 20);
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "r");
    if (file == NULL)
        fail_msg("no file %s", path);
    assert_true(fread(text, 1, (1 << 20) - 1, file) > 1000);
    fclose(file);
    has(text, "<svg");
    has(text, "</svg>");
    return text;
}

static void test_charts_of_sizes(void **state)
{
    static const char *const sizes[] = {"64", "512", "1518"};
    struct vsw_err err = {0};
    unsigned count = 0;
    char *text;

    if (!has_gnuplot())
        skip();
    report.command = "it's <ndr> & more";
    report.point_count = 3;
    for (int i = 0; i < 3; i++)
        point_fill(&points[i], sizes[i], 10000000ull >> i);
    if (pg_chart_report(&report, folder, &count, &err) != 0)
        fail_msg("%s", err.msg);
    assert_int_equal(count, 2);
    text = svg_read("rate.svg");
    has(text, "Rate over frame size");
    has(text, "1518");
    has(text, "rgb(  0, 114, 178)");
    has(text, "it's &lt;ndr> &amp; more");
    free(text);
    text = svg_read("bits.svg");
    has(text, "Throughput");
    free(text);
}

static void test_chart_of_one_size(void **state)
{
    struct vsw_err err = {0};
    unsigned count = 0;
    char *text;

    if (!has_gnuplot())
        skip();
    if (pg_chart_report(&report, folder, &count, &err) != 0)
        fail_msg("%s", err.msg);
    assert_int_equal(count, 2);
    text = svg_read("rate.svg");
    has(text, "polygon"); /* a bar */
    free(text);
    free(svg_read("bits.svg"));
}

static void test_charts_of_latency(void **state)
{
    static const char *const labels[] = {"10%", "50%", "90%"};
    struct vsw_err err = {0};
    unsigned count = 0;
    char *text;

    if (!has_gnuplot())
        skip();
    report.point_count = 3;
    for (int i = 0; i < 3; i++) {
        point_fill(&points[i], "64", 1000);
        points[i].label = labels[i];
        points[i].latency = (struct pg_latency){&hist, 1.0 + i};
    }
    if (pg_chart_report(&report, folder, &count, &err) != 0)
        fail_msg("%s", err.msg);
    assert_int_equal(count, 2);
    text = svg_read("latency.svg");
    has(text, "p99.9");
    has(text, "microseconds");
    has(text, "90%"); /* as written, not as a format */
    hasnt(text, "90%%");
    free(text);
    free(svg_read("distribution.svg"));
}

static void test_chart_errors(void **state)
{
    struct pg_chart chart = {.title = "x", .x_label = "x", .y_label = "y"};
    double x[2] = {1, 2}, bad[2] = {-1, -2};
    char path[128], *keep = strdup(getenv("PATH"));
    struct vsw_err err = {0};
    unsigned count = 7;

    assert_int_equal(pg_chart_write(&chart, "/tmp/never.svg", &err), -EINVAL);
    assert_string_equal(err.msg, "there is nothing to draw");
    chart.series[0] = (struct pg_chart_series){"a", x, x, 2};
    chart.series_count = 1;
    assert_int_equal(pg_chart_write(&chart, "/nonexistent/x.svg", NULL), -ENOENT);
    /* without gnuplot */
    snprintf(path, sizeof(path), "%s/rate.svg", folder);
    err = (struct vsw_err){0};
    setenv("PATH", folder, 1);
    assert_int_equal(pg_chart_write(&chart, path, &err), -ENOENT);
    setenv("PATH", keep, 1);
    free(keep);
    assert_string_equal(err.msg, "gnuplot, which draws the charts, is not installed");
    assert_string_equal(err.hint, "apt-get install gnuplot-nox, or leave charts out");
    assert_int_not_equal(access(path, F_OK), 0); /* no empty file is left */
    report.point_count = 0;
    assert_int_equal(pg_chart_report(&report, folder, &count, NULL), 0);
    assert_int_equal(count, 0);
    assert_int_equal(pg_chart_report(&report, "/dev/null", &count, NULL), -EEXIST);
    if (!has_gnuplot())
        return;
    /* gnuplot refuses: nothing of this is above zero */
    chart.log_y = true;
    chart.series[0].y = bad;
    err = (struct vsw_err){0};
    assert_int_equal(pg_chart_write(&chart, path, &err), -EIO);
    assert_memory_equal(err.msg, "gnuplot failed: ", 16);
    assert_int_not_equal(access(path, F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_table_of_a_run, setup),
        cmocka_unit_test_setup(test_a_loop_tells_its_loss, setup),
        cmocka_unit_test_setup(test_table_of_a_search, setup),
        cmocka_unit_test_setup(test_table_of_latency, setup),
        cmocka_unit_test_setup(test_details_only_when_wrong, setup),
        cmocka_unit_test_setup(test_nothing_measured, setup),
        cmocka_unit_test_setup(test_json_reads_back, setup),
        cmocka_unit_test_setup(test_json_file, setup),
        cmocka_unit_test_setup(test_reals, setup),
        cmocka_unit_test_setup_teardown(test_charts_of_sizes, folder_make, folder_drop),
        cmocka_unit_test_setup_teardown(test_chart_of_one_size, folder_make, folder_drop),
        cmocka_unit_test_setup_teardown(test_charts_of_latency, folder_make, folder_drop),
        cmocka_unit_test_setup_teardown(test_chart_errors, folder_make, folder_drop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
