/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The table of options and its readers.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pktgen/options.h"
#include "pktgen/text.h"

typedef int (*read_cb)(struct pg_options *o, const char *value, struct vsw_err *err);

struct option_entry {
    const char *name;
    const char *value; /* what to call it; NULL: there is none */
    unsigned commands;
    read_cb read;
    const char *help;
};

#define SEARCH (PG_NDR | PG_PDR)

/* ---- readers --------------------------------------------------------------------------------- */

static int count_read(const char *field, const char *value, uint64_t first, uint64_t last,
                      uint64_t *ret, struct vsw_err *err)
{
    return pg_text_count(field, value, (struct pg_range){first, last}, ret, err);
}

static int ratio_read(const char *field, const char *value, double *ret, struct vsw_err *err)
{
    char *end;
    double v = strtod(value, &end);

    if (end != value && strcmp(end, "%") == 0) {
        v /= 100;
        end++;
    }
    if (end == value || *end != '\0' || !(v >= 0 && v <= 1))
        return vsw_err_set(err, -EINVAL, field, "%.40s is no share: 0.1%% or 0.001", value);
    *ret = v;
    return 0;
}

static int word_add(struct pg_options *o, const char *key, const char *value, struct vsw_err *err)
{
    size_t len = strlen(o->words), room = sizeof(o->words) - len;

    if (snprintf(o->words + len, room, "%s%s%s%s", len > 0 ? "," : "", key, *key ? "=" : "",
                 value) >= (int)room)
        return vsw_err_set(err, -EINVAL, key, "the words for the streams are too long");
    return 0;
}

static int read_port(struct pg_options *o, const char *value, struct vsw_err *err)
{
    struct pg_plan_port *p = &o->plan.ports[o->plan.port_count];

    if (o->plan.port_count == PG_PORTS_MAX)
        return vsw_err_set(err, -EINVAL, "port", "there are more than %u ports", PG_PORTS_MAX);
    o->plan.port_count++;
    p->name = value;
    return pg_port_parse(value, &p->spec, err);
}

static int read_stream(struct pg_options *o, const char *value, struct vsw_err *err)
{
    if (o->stream_text_count == ARRAY_SIZE(o->stream_texts))
        return vsw_err_set(err, -EINVAL, "stream", "there are more than %zu streams",
                           ARRAY_SIZE(o->stream_texts));
    o->stream_texts[o->stream_text_count++] = value;
    return 0;
}

static int read_with(struct pg_options *o, const char *value, struct vsw_err *err)
{
    return word_add(o, "", value, err);
}

static int read_size(struct pg_options *o, const char *value, struct vsw_err *err)
{
    return word_add(o, "size", value, err);
}

static int read_rate(struct pg_options *o, const char *value, struct vsw_err *err)
{
    return word_add(o, "rate", value, err);
}

static int read_flows(struct pg_options *o, const char *value, struct vsw_err *err)
{
    return word_add(o, "flows", value, err);
}

static int read_sizes(struct pg_options *o, const char *value, struct vsw_err *err)
{
    return pg_text_sizes("sizes", value, &o->plan.sizes, err);
}

static int read_rates(struct pg_options *o, const char *value, struct vsw_err *err)
{
    char copy[256], *rest = copy, *word;
    int rc = 0;

    if (snprintf(copy, sizeof(copy), "%s", value) >= (int)sizeof(copy))
        return vsw_err_set(err, -EINVAL, "rates", "the list is too long");
    while (rc == 0 && (word = strsep(&rest, ",")) != NULL) {
        if (o->rate_count == PG_RATES_MAX)
            return vsw_err_set(err, -EINVAL, "rates", "there are more than %d", PG_RATES_MAX);
        rc = pg_text_rate("rates", word, &o->rates[o->rate_count++], err);
    }
    return rc;
}

/* A rate that others are a share of, or that bounds a search, cannot be a share itself. */
static int whole_read(const char *field, const char *value, struct pg_rate *ret,
                      struct vsw_err *err)
{
    int rc = pg_text_rate(field, value, ret, err);

    if (rc == 0 && ret->unit == PG_RATE_PERCENT)
        return vsw_err_set(err, -EINVAL, field, "%.40s of what? It is a rate: 1Mpps, 5Gbps", value);
    return rc;
}

static int read_best(struct pg_options *o, const char *value, struct vsw_err *err)
{
    return whole_read("best", value, &o->best, err);
}

static int read_min(struct pg_options *o, const char *value, struct vsw_err *err)
{
    return whole_read("min", value, &o->min, err);
}

static int read_max(struct pg_options *o, const char *value, struct vsw_err *err)
{
    return whole_read("max", value, &o->max, err);
}

static int read_attack_rate(struct pg_options *o, const char *value, struct vsw_err *err)
{
    return pg_text_rate("attack-rate", value, &o->attack_rate, err);
}

static int read_time(struct pg_options *o, const char *value, struct vsw_err *err)
{
    return pg_text_duration("time", value, &o->time_ns, err);
}

static int read_gap(struct pg_options *o, const char *value, struct vsw_err *err)
{
    int rc = pg_text_duration("gap", value, &o->gap_ns, err);
    bool is_zero = strcmp(value, "0") == 0 || (rc == -ERANGE && strtod(value, NULL) == 0);

    if (!is_zero)
        return rc;
    o->gap_ns = 0;
    *err = (struct vsw_err){0};
    return 0;
}

static int read_count(struct pg_options *o, const char *value, struct vsw_err *err)
{
    return count_read("count", value, 1, 1ull << 48, &o->count, err);
}

static int read_core(struct pg_options *o, const char *value, struct vsw_err *err)
{
    uint64_t core = 0;
    int rc = count_read("core", value, 0, 4095, &core, err);

    o->plan.core = (int)core;
    return rc;
}

static int read_wake_cpu(struct pg_options *o, const char *value, struct vsw_err *err)
{
    uint64_t cpu = 0;
    int rc = count_read("wake-cpu", value, 0, 4095, &cpu, err);

    o->wake_cpu = (int)cpu;
    return rc;
}

static int read_u32(const char *field, const char *value, struct pg_range range, uint32_t *ret,
                    struct vsw_err *err)
{
    uint64_t v = 0;
    int rc = pg_text_count(field, value, range, &v, err);

    *ret = rc == 0 ? (uint32_t)v : *ret;
    return rc;
}

static int read_wait(struct pg_options *o, const char *value, struct vsw_err *err)
{
    uint64_t ns = 0;
    int rc = pg_text_duration("wait", value, &ns, err);

    o->plan.wait_ms = (uint32_t)(ns / NS_PER_MS);
    return rc;
}

static int read_drain(struct pg_options *o, const char *value, struct vsw_err *err)
{
    uint64_t ns = 0;
    int rc = pg_text_duration("drain", value, &ns, err);

    o->plan.drain_ms = (uint32_t)(ns / NS_PER_MS);
    return rc;
}

static int read_batch(struct pg_options *o, const char *value, struct vsw_err *err)
{
    return read_u32("batch", value, (struct pg_range){1, 64}, &o->plan.burst, err);
}

static int read_per_process(struct pg_options *o, const char *value, struct vsw_err *err)
{
    return read_u32("per-process", value, (struct pg_range){2, 30}, &o->plan.per_process, err);
}

static int read_attacker(struct pg_options *o, const char *value, struct vsw_err *err)
{
    return read_u32("attacker", value, (struct pg_range){0, PG_PORTS_MAX - 1}, &o->attacker, err);
}

static int read_repeats(struct pg_options *o, const char *value, struct vsw_err *err)
{
    return read_u32("repeats", value, (struct pg_range){0, 100}, &o->repeats, err);
}

static int read_loops(struct pg_options *o, const char *value, struct vsw_err *err)
{
    return read_u32("loop", value, (struct pg_range){0, UINT32_MAX}, &o->plan.replay_loops, err);
}

static int read_frames(struct pg_options *o, const char *value, struct vsw_err *err)
{
    return read_u32("frames", value, (struct pg_range){1, 32768}, &o->plan.loop_frames, err);
}

static int read_speed(struct pg_options *o, const char *value, struct vsw_err *err)
{
    char *end;

    if (strcmp(value, "rate") == 0) {
        o->plan.replay_speed = 0;
        return 0;
    }
    o->plan.replay_speed = strtod(value, &end);
    if (end == value || *end != '\0' || !(o->plan.replay_speed > 0))
        return vsw_err_set(err, -EINVAL, "speed",
                           "%.40s is no speed: 1 is as recorded, 2 twice as fast, rate: the "
                           "stream's rate",
                           value);
    return 0;
}

static int read_dump(struct pg_options *o, const char *value, struct vsw_err *err)
{
    char *end;
    unsigned long port = strtoul(value, &end, 10);

    if (end == value || *end != '=' || end[1] == '\0' || port >= o->plan.port_count) {
        vsw_err_set(err, -EINVAL, "pcap-out", "%.60s does not say which port and file", value);
        vsw_err_hint(err, "--pcap-out 1=FILE, behind --port");
        return -EINVAL;
    }
    o->plan.ports[port].dump_path = end + 1;
    return 0;
}

static int read_precision(struct pg_options *o, const char *value, struct vsw_err *err)
{
    return ratio_read("precision", value, &o->precision, err);
}

static int read_loss(struct pg_options *o, const char *value, struct vsw_err *err)
{
    return ratio_read("loss", value, &o->loss, err);
}

#define TEXT_READER(function, field)                                                               \
    static int function(struct pg_options *o, const char *value, struct vsw_err *err)              \
    {                                                                                              \
        (void)err;                                                                                 \
        o->field = value;                                                                          \
        return 0;                                                                                  \
    }
#define FLAG_READER(function, field, is)                                                           \
    static int function(struct pg_options *o, const char *value, struct vsw_err *err)              \
    {                                                                                              \
        (void)err;                                                                                 \
        (void)value;                                                                               \
        o->field = is;                                                                             \
        return 0;                                                                                  \
    }

TEXT_READER(read_json, json_path)
TEXT_READER(read_chart, chart_folder)
TEXT_READER(read_replay, replay_path)
TEXT_READER(read_profile, profile)
TEXT_READER(read_keys, keys_path)
FLAG_READER(read_one_way, one_way, true)
FLAG_READER(read_huge, plan.huge, true)
FLAG_READER(read_no_learn, plan.learn, false)
FLAG_READER(read_track, plan.marks, PG_MARKS_TRACK)
FLAG_READER(read_quiet, plan.is_quiet, true)
FLAG_READER(read_verbose, verbose, true)
FLAG_READER(read_ping_pong, ping_pong, true)
FLAG_READER(read_no_wake, no_wake, true)
FLAG_READER(read_help, help, true)

/* ---- the table ------------------------------------------------------------------------------- */

static const struct option_entry entries[] = {
    {"port", "SPEC", PG_ALL, read_port, "a port, in order 0, 1, ...; see: pktgen --help ports"},
    {"stream", "WORDS", PG_ALL, read_stream, "a stream; see: pktgen --help streams"},
    {"with", "WORDS", PG_ALL, read_with, "words for the streams when there is no --stream"},
    {"size", "SIZES", PG_ALL, read_size, "short for --with size=: 64, 64,1518, imix"},
    {"rate", "RATE", PG_RUN | PG_VERIFY | PG_HOSTILE, read_rate,
     "short for --with rate=: 1Mpps, 5Gbps, 50%"},
    {"flows", "N", PG_ALL, read_flows, "short for --with flows="},
    {"one-way", NULL, PG_ALL, read_one_way, "default streams: only from even to odd ports"},
    {"sizes", "SIZES", PG_RUN | SEARCH | PG_LATENCY | PG_LOOP, read_sizes,
     "one result for each size"},
    {"time", "TIME", PG_ALL, read_time, "of one trial: 10s, 500ms"},
    {"count", "N", PG_RUN | PG_LATENCY | PG_VERIFY, read_count, "frames of each stream, or pings"},
    {"frames", "N", PG_LOOP, read_frames, "that each stream puts into the loop: 512"},
    {"rates", "RATES", PG_LATENCY, read_rates, "10%,50%,90%"},
    {"best", "RATE", PG_RUN | PG_LATENCY | PG_VERIFY | PG_HOSTILE, read_best,
     "what 100% is; else it is measured first"},
    {"min", "RATE", SEARCH, read_min, "of the search"},
    {"max", "RATE", SEARCH, read_max, "of the search; else it is measured first"},
    {"precision", "SHARE", SEARCH, read_precision, "of the search: 0.5%"},
    {"loss", "SHARE", PG_PDR, read_loss, "that is allowed: 0.1%"},
    {"repeats", "N", SEARCH, read_repeats, "of a lossy trial before the search goes down: 2"},
    {"ping-pong", NULL, PG_LATENCY, read_ping_pong, "one frame there and back, then a pause"},
    {"gap", "TIME", PG_LATENCY, read_gap, "the pause: 1ms; 0: none"},
    {"no-wake", NULL, PG_LATENCY, read_no_wake, "do not measure the host's own wake time"},
    {"wake-cpu", "CPU", PG_LATENCY, read_wake_cpu,
     "where it is measured; else another than --core"},
    {"profile", "NAME", PG_HOSTILE, read_profile, "the attack; see: pktgen --help profiles"},
    {"attacker", "PORT", PG_HOSTILE, read_attacker, "where it comes from; else the last port"},
    {"attack-rate", "RATE", PG_HOSTILE, read_attack_rate, "else as fast as possible"},
    {"keys", "FILE", PG_HOSTILE, read_keys, "colliding-keys: MACs, one a line"},
    {"track", NULL, PG_RUN, read_track, "sign frames: which stream, lost, twice, overtaken"},
    {"pcap", "FILE", PG_RUN | PG_VERIFY, read_replay, "send these frames instead"},
    {"speed", "X", PG_RUN, read_speed, "of --pcap: 1 is as recorded; rate: the stream's rate"},
    {"loop", "N", PG_RUN, read_loops, "how often --pcap is sent: 1; 0 until --time"},
    {"pcap-out", "PORT=FILE", PG_RUN | PG_VERIFY, read_dump, "keep what a port receives"},
    {"json", "FILE", PG_ALL, read_json, "result for programs; -, or -j: instead of the table"},
    {"chart", "FOLDER", PG_ALL, read_chart, "SVG charts (gnuplot)"},
    {"core", "CPU", PG_ALL, read_core, "where pktgen runs: the last"},
    {"batch", "N", PG_ALL, read_batch, "frames handed to the driver at once: 32"},
    {"huge", NULL, PG_ALL, read_huge, "use huge pages"},
    {"wait", "TIME", PG_ALL, read_wait, "for a peer: 5s"},
    {"drain", "TIME", PG_ALL, read_drain, "for the last frames of a trial: 200ms at most"},
    {"no-learn", NULL, PG_ALL, read_no_learn, "do not make addresses known first"},
    {"per-process", "N", PG_ALL, read_per_process, "ports of one process: 30"},
    {"quiet", NULL, PG_ALL, read_quiet, "no progress line"},
    {"verbose", NULL, PG_ALL, read_verbose, "say which paths of the driver are used, and costs"},
    {"help", NULL, PG_ALL, read_help, "this list"},
};

static const struct {
    const char *name;
    enum pg_command_bit bit;
    const char *help;
} commands[] = {
    {"run", PG_RUN, "send and count"},
    {"ndr", PG_NDR, "highest rate without loss (RFC 2544)"},
    {"pdr", PG_PDR, "highest rate with at most 0.1 % of loss"},
    {"latency", PG_LATENCY, "time from when a frame is due until it is back, at given rates"},
    {"verify", PG_VERIFY, "loss, duplicates, order, every byte, frames that should not have come"},
    {"hostile", PG_HOSTILE, "an attacker beside victims"},
    {"loop", PG_LOOP, "a few frames go round and round: guests that forward what they receive"},
};

const char *pg_command_name(unsigned i, enum pg_command_bit *ret_command, const char **ret_help)
{
    if (i >= ARRAY_SIZE(commands))
        return NULL;
    *ret_command = commands[i].bit;
    *ret_help = commands[i].help;
    return commands[i].name;
}

void pg_options_help(FILE *out, enum pg_command_bit command)
{
    for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
        char left[40];

        if (!(entries[i].commands & command))
            continue;
        snprintf(left, sizeof(left), "--%s %s", entries[i].name,
                 entries[i].value != NULL ? entries[i].value : "");
        fprintf(out, "  %-22s %s\n", left, entries[i].help);
    }
}

void pg_options_complete(FILE *out, enum pg_command_bit command)
{
    for (size_t i = 0; i < ARRAY_SIZE(entries); i++)
        if (entries[i].commands & command)
            fprintf(out, "--%s\n", entries[i].name);
}

/* ---- reading --------------------------------------------------------------------------------- */

static const struct option_entry *entry_find(const char *name, size_t len)
{
    for (size_t i = 0; i < ARRAY_SIZE(entries); i++)
        if (strlen(entries[i].name) == len && strncmp(entries[i].name, name, len) == 0)
            return &entries[i];
    return NULL;
}

static int unknown(const struct pg_options *o, const char *word, bool known, struct vsw_err *err)
{
    enum pg_command_bit bit = PG_RUN;
    const char *help, *name = "";

    for (unsigned i = 0; (name = pg_command_name(i, &bit, &help)) != NULL && bit != o->command;)
        i++;
    if (known)
        vsw_err_set(err, -EINVAL, NULL, "%s has no option %.60s", name, word);
    else if (word[0] == '-')
        vsw_err_set(err, -EINVAL, NULL, "there is no option %.60s", word);
    else
        vsw_err_set(err, -EINVAL, NULL, "%.60s: nothing is expected here", word);
    vsw_err_hint(err, "see: pktgen %s --help", name);
    return -EINVAL;
}

static int option_read(struct pg_options *o, int argc, char **argv, int *i, struct vsw_err *err)
{
    const char *word = argv[*i], *name = word + 2, *value = NULL;
    const struct option_entry *e;
    size_t len;

    if (strcmp(word, "-h") == 0) {
        o->help = true;
        return 0;
    }
    if (strcmp(word, "-j") == 0) {
        o->json_path = "-";
        return 0;
    }
    if (strncmp(word, "--", 2) != 0 || name[0] == '\0')
        return unknown(o, word, false, err);
    len = strcspn(name, "=");
    e = entry_find(name, len);
    if (e == NULL || !(e->commands & o->command))
        return unknown(o, word, e != NULL, err);
    if (name[len] == '=')
        value = name + len + 1;
    else if (e->value != NULL && *i + 1 < argc)
        value = argv[++*i];
    if ((e->value != NULL) != (value != NULL))
        return vsw_err_set(err, -EINVAL, e->name,
                           e->value ? "a value is missing: --%s %s" : "--%s takes no value%s",
                           e->name, e->value ? e->value : "");
    return e->read(o, value, err);
}

static int streams_read(struct pg_options *o, struct vsw_err *err)
{
    int rc = 0;

    if (o->stream_text_count == 0)
        return 0;
    if (o->words[0] != '\0')
        return vsw_err_set(err, -EINVAL, "stream", "%.60s belongs into --stream, if there is one",
                           o->words);
    o->plan.streams = calloc(o->stream_text_count, sizeof(o->plan.streams[0]));
    if (o->plan.streams == NULL)
        return vsw_err_set(err, -ENOMEM, NULL, "no memory for the streams");
    for (uint32_t i = 0; rc == 0 && i < o->stream_text_count; i++) {
        rc = pg_stream_parse(o->stream_texts[i], (uint16_t)i, &o->plan.streams[i].stream, err);
        o->plan.stream_count++;
    }
    return rc;
}

int pg_options_read(int argc, char **argv, enum pg_command_bit command, struct pg_options *ret,
                    struct vsw_err *err)
{
    int rc = 0;

    *ret = (struct pg_options){
        .command = command,
        .plan = {.core = -1,
                 .learn = true,
                 .burst = 32,
                 .wait_ms = 5000,
                 .drain_ms = 200,
                 .per_process = 30,
                 .replay_speed = 1,
                 .replay_loops = 1,
                 .loop_frames = command == PG_LOOP ? 512 : 0},
        .gap_ns = NS_PER_MS,
        .wake_cpu = -1,
        .precision = 0.005,
        .loss = 0.001,
        .repeats = 2,
        .attacker = UINT32_MAX,
    };
    for (int i = 2; rc == 0 && i < argc; i++)
        rc = option_read(ret, argc, argv, &i, err);
    if (rc == 0 && !ret->help)
        rc = streams_read(ret, err);
    return rc;
}
