/* SPDX-License-Identifier: BSD-3-Clause */
#include "pktgen/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct {
    const char *name, *text;
} limits[PG_LIMITS] = {
    [PG_LIMIT_NONE] = {"none", "nothing: the wanted rate was sent"},
    [PG_LIMIT_RINGS] = {"rings", "full transmit rings: the other side took no more"},
    [PG_LIMIT_EMPTY] = {"empty", "empty polls: the frames of the loop were with the other side"},
    [PG_LIMIT_SELF] = {"self", "this generator: its core had no time left"},
    [PG_LIMIT_STEAL] = {"steal", "the host, which took CPU time away: try again"},
};

const char *pg_limit_text(enum pg_limit limit)
{
    return limits[limit].text;
}

const char *pg_limit_name(enum pg_limit limit)
{
    return limits[limit].name;
}

static double per_second(uint64_t count, const struct pg_loss *loss)
{
    return loss->seconds > 0 ? (double)count / loss->seconds : 0;
}

double pg_point_tx_pps(const struct pg_point *point)
{
    return per_second(point->loss.sent, &point->loss);
}

double pg_point_rx_pps(const struct pg_point *point)
{
    return per_second(point->loss.received, &point->loss);
}

uint64_t pg_point_loop_lost(const struct pg_point *point)
{
    const struct pg_loss *l = &point->loss;

    return point->loop_frames > 0 && l->sent > l->received ? l->sent - l->received : 0;
}

static void set_u64(struct json *object, const char *key, uint64_t value)
{
    json_set(object, key, json_new_u64(value));
}

static void set_real(struct json *object, const char *key, double value)
{
    json_set(object, key, json_new_real(value));
}

static void set_text(struct json *object, const char *key, const char *text)
{
    if (text != NULL)
        json_set(object, key, json_new_text(text));
}

/* [[ns, count], ...] of the buckets that are not empty. */
static struct json *buckets_json(const struct pg_latency *latency)
{
    struct json *array = json_new_array();

    for (uint32_t i = 0; array != NULL && i < PG_HIST_BUCKETS; i++) {
        uint64_t first, width;
        struct json *pair;

        if (latency->hist->bucket[i] == 0 || (pair = json_new_array()) == NULL)
            continue;
        pg_hist_bucket(i, &first, &width);
        json_append(
            pair, json_new_real(((double)first + (double)(width - 1) / 2) * latency->ns_per_unit));
        json_append(pair, json_new_u64(latency->hist->bucket[i]));
        json_append(array, pair);
    }
    return array;
}

static void set_latency(struct json *object, const char *key, const struct pg_latency *latency,
                        bool with_buckets)
{
    static const struct {
        const char *key;
        double percent;
    } rows[] = {{"min_ns", 0},      {"p50_ns", 50},       {"p90_ns", 90}, {"p99_ns", 99},
                {"p99_9_ns", 99.9}, {"p99_99_ns", 99.99}, {"max_ns", 100}};
    const struct pg_hist *hist = latency->hist;
    struct json *json;

    if (hist == NULL || (json = json_new_object()) == NULL)
        return;
    set_u64(json, "count", hist->count);
    if (hist->count > 0) {
        set_real(json, "mean_ns", pg_hist_mean(hist) * latency->ns_per_unit);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
            set_real(json, rows[i].key,
                     pg_hist_percentile(hist, rows[i].percent) * latency->ns_per_unit);
    }
    if (with_buckets)
        json_set(json, "histogram", buckets_json(latency));
    json_set(object, key, json);
}

static void set_search(struct json *object, const struct pg_search_result *s)
{
    struct json *json;

    if (s == NULL || (json = json_new_object()) == NULL)
        return;
    json_set(json, "is_found", json_new_bool(s->is_found));
    json_set(json, "is_at_max", json_new_bool(s->is_at_max));
    json_set(json, "is_complete", json_new_bool(s->is_complete));
    set_real(json, "pps", s->pps);
    set_real(json, "lossy_pps", s->lossy_pps);
    set_real(json, "loss_ratio", pg_loss_ratio(&s->loss));
    set_u64(json, "trials", s->trials);
    set_u64(json, "repeated", s->repeated);
    set_u64(json, "forgiven", s->forgiven);
    json_set(object, "search", json);
}

static struct json *stream_json(const struct pg_point *p, const struct pg_stream_result *s)
{
    const struct pg_track_result *t = &s->track;
    struct json *json = json_new_object();
    char spec[1024];

    if (json == NULL)
        return NULL;
    pg_stream_format(s->stream, spec, sizeof(spec));
    set_u64(json, "id", s->stream->id);
    set_text(json, "stream", spec);
    set_real(json, "seconds", s->seconds);
    set_u64(json, "sent", t->sent);
    set_u64(json, "received", t->received);
    set_u64(json, "lost", t->lost);
    if (p->has_marks) {
        set_u64(json, "duplicates", t->duplicates);
        set_u64(json, "reordered", t->reordered);
        set_u64(json, "too_late", t->too_late);
        set_u64(json, "reorder_extent_max", t->extent_max);
        set_u64(json, "corrupt", t->corrupt);
        set_u64(json, "leaks", t->leaks);
    }
    set_latency(json, "latency", &s->latency, false);
    return json;
}

static struct json *port_json(const struct pg_point *p, const struct pg_port_result *port)
{
    struct json *json = json_new_object();

    if (json == NULL)
        return NULL;
    set_text(json, "name", port->name);
    set_u64(json, "tx_frames", port->tx_frames);
    set_u64(json, "tx_bytes", port->tx_bytes);
    set_u64(json, "rx_frames", port->rx_frames);
    set_u64(json, "rx_bytes", port->rx_bytes);
    set_u64(json, "tx_polls", port->tx_polls);
    set_u64(json, "tx_full", port->tx_full);
    set_u64(json, "rx_polls", port->rx_polls);
    set_u64(json, "rx_empty", port->rx_empty);
    if (p->has_marks) {
        set_u64(json, "foreign", port->foreign);
        set_u64(json, "leaks", port->leaks);
    }
    return json;
}

static void set_totals(struct json *json, const struct pg_point *p)
{
    set_real(json, "seconds", p->loss.seconds);
    set_u64(json, "due", p->loss.due);
    set_u64(json, "sent", p->loss.sent);
    set_u64(json, "received", p->loss.received);
    set_u64(json, "received_bytes", p->received_bytes);
    set_real(json, "due_pps", per_second(p->loss.due, &p->loss));
    set_real(json, "tx_pps", pg_point_tx_pps(p));
    set_real(json, "rx_pps", pg_point_rx_pps(p));
    set_real(json, "rx_bps", per_second(p->received_bytes, &p->loss) * 8);
    set_real(json, "loss_ratio", pg_loss_ratio(&p->loss));
    if (p->loop_frames > 0) {
        set_u64(json, "loop_frames", p->loop_frames);
        set_u64(json, "loop_lost", pg_point_loop_lost(p));
    }
    set_text(json, "limit", pg_limit_name(p->limit));
    set_real(json, "steal_ratio", p->steal_ratio);
}

static struct json *point_json(const struct pg_point *p)
{
    struct json *json = json_new_object(), *streams = json_new_array(), *ports = json_new_array();
    char text[256];

    if (json == NULL || streams == NULL || ports == NULL) {
        json_free(json);
        json_free(streams);
        json_free(ports);
        return NULL;
    }
    set_text(json, "label", p->label);
    pg_text_sizes_format(&p->sizes, text, sizeof(text));
    set_text(json, "size", text);
    set_real(json, "mean_bytes", pg_text_sizes_mean(&p->sizes));
    set_text(json, "rate", pg_text_rate_format(&p->rate, text, sizeof(text)));
    set_totals(json, p);
    set_search(json, p->search);
    set_latency(json, "latency", &p->latency, true);
    for (uint32_t i = 0; i < p->stream_count; i++)
        json_append(streams, stream_json(p, &p->streams[i]));
    for (uint32_t i = 0; i < p->port_count; i++)
        json_append(ports, port_json(p, &p->ports[i]));
    json_set(json, "streams", streams);
    json_set(json, "ports", ports);
    return json;
}

static void set_start(struct json *json, uint64_t started_ns)
{
    time_t seconds = (time_t)(started_ns / NS_PER_SEC);
    struct tm tm;
    char text[32];

    set_u64(json, "started_ns", started_ns);
    if (gmtime_r(&seconds, &tm) != NULL &&
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) > 0)
        set_text(json, "started", text);
}

struct json *pg_report_json(const struct pg_report *report)
{
    struct json *json = json_new_object(), *points = json_new_array();

    if (json == NULL || points == NULL) {
        json_free(json);
        json_free(points);
        return NULL;
    }
    set_text(json, "command", report->command);
    set_text(json, "line", report->line);
    set_start(json, report->started_ns);
    set_latency(json, "wake", &report->wake, true);
    for (uint32_t i = 0; i < report->point_count; i++)
        json_append(points, point_json(&report->points[i]));
    json_set(json, "points", points);
    return json;
}

static int text_write(const char *path, const char *text, struct vsw_err *err)
{
    bool is_stdout = strcmp(path, "-") == 0, has_failed;
    FILE *file = is_stdout ? stdout : fopen(path, "we");

    if (file == NULL)
        return vsw_err_set(err, -errno, path, "cannot be written: %s", strerror(errno));
    errno = 0;
    has_failed = fprintf(file, "%s\n", text) < 0;
    has_failed |= (is_stdout ? fflush(file) : fclose(file)) != 0;
    if (has_failed)
        return vsw_err_set(err, errno ? -errno : -EIO, path, "cannot be written: %s",
                           strerror(errno ? errno : EIO));
    return 0;
}

int pg_report_write(const struct pg_report *report, const char *path, struct vsw_err *err)
{
    struct json *json = pg_report_json(report);
    char *text = json ? json_print(json, true) : NULL;
    int rc;

    json_free(json);
    if (text == NULL)
        return vsw_err_set(err, -ENOMEM, path, "out of memory");
    rc = text_write(path, text, err);
    free(text);
    return rc;
}
