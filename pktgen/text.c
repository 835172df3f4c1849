/* SPDX-License-Identifier: BSD-3-Clause */
#include "pktgen/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DIGITS_MAX    18
#define DAYS_MAX      365
#define RATE_MAX      1e15
#define WEIGHT_MAX    PG_MIX_SLOTS
#define WORD_BYTES    32
#define COUNT_HINT    "a whole number, like 32, 1k, 64k or 1M (k is 1000, Ki is 1024)"
#define DURATION_HINT "a time, like 10s, 1.5s, 500ms or 20us"
#define RATE_HINT     "like 10kpps, 1.5Mpps, 10Gbps, 50% or max"
#define SIZES_HINT    "like 64, 64,128,1518, imix, or with weights 64:7,570:4,1518:1"

struct unit {
    const char *text;
    double factor;
    int kind; /* of a rate */
};

static const struct unit count_units[] = {
    {"", 1},
    {"k", 1e3},
    {"K", 1e3},
    {"M", 1e6},
    {"G", 1e9},
    {"Ki", 1024},
    {"ki", 1024},
    {"Mi", 1024.0 * 1024},
    {"Gi", 1024.0 * 1024 * 1024},
};
static const struct unit time_units[] = {
    {"", 1e9}, {"s", 1e9},  {"sec", 1e9},  {"ms", 1e6},   {"us", 1e3},
    {"ns", 1}, {"m", 60e9}, {"min", 60e9}, {"h", 3600e9},
};
static const struct unit rate_units[] = {
    {"", 1, PG_RATE_PPS},         {"k", 1e3, PG_RATE_PPS},      {"M", 1e6, PG_RATE_PPS},
    {"G", 1e9, PG_RATE_PPS},      {"pps", 1, PG_RATE_PPS},      {"kpps", 1e3, PG_RATE_PPS},
    {"Kpps", 1e3, PG_RATE_PPS},   {"Mpps", 1e6, PG_RATE_PPS},   {"Gpps", 1e9, PG_RATE_PPS},
    {"bps", 1, PG_RATE_BPS},      {"kbps", 1e3, PG_RATE_BPS},   {"Kbps", 1e3, PG_RATE_BPS},
    {"Mbps", 1e6, PG_RATE_BPS},   {"Gbps", 1e9, PG_RATE_BPS},   {"Tbps", 1e12, PG_RATE_BPS},
    {"bit/s", 1, PG_RATE_BPS},    {"kbit/s", 1e3, PG_RATE_BPS}, {"Mbit/s", 1e6, PG_RATE_BPS},
    {"Gbit/s", 1e9, PG_RATE_BPS}, {"kb/s", 1e3, PG_RATE_BPS},   {"Mb/s", 1e6, PG_RATE_BPS},
    {"Gb/s", 1e9, PG_RATE_BPS},   {"b/s", 1, PG_RATE_BPS},      {"%", 1, PG_RATE_PERCENT},
};

static int refuse(struct vsw_err *err, const char *field, const char *text, const char *what,
                  const char *hint)
{
    vsw_err_set(err, -EINVAL, field, "\"%.40s\" is not %s", text, what);
    vsw_err_hint(err, "%s", hint);
    return -EINVAL;
}

/* "12.5" without rounding but the last: the digits as one number, divided once. */
static bool decimal_read(const char **text, double *ret_value)
{
    const char *p = *text;
    uint64_t digits = 0;
    double scale = 1;
    int count = 0;
    bool has_point = false;

    for (; (*p >= '0' && *p <= '9') || (*p == '.' && !has_point && count > 0); p++) {
        if (*p == '.') {
            has_point = true;
            continue;
        }
        if (++count > DIGITS_MAX)
            return false;
        digits = digits * 10 + (uint64_t)(*p - '0');
        scale *= has_point ? 10 : 1;
    }
    if (count == 0 || p[-1] == '.')
        return false;
    *text = p;
    *ret_value = (double)digits / scale;
    return true;
}

static const struct unit *unit_find(const struct unit *units, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(units[i].text, text) == 0)
            return &units[i];
    return NULL;
}

/* A number and its unit, or NULL. A blank may stand between them. */
static const struct unit *scaled_read(const struct unit *units, size_t count, const char *text,
                                      double *ret_value)
{
    const struct unit *unit;
    double value;

    if (!decimal_read(&text, &value))
        return NULL;
    text += *text == ' ';
    unit = unit_find(units, count, text);
    if (unit != NULL)
        *ret_value = value * unit->factor;
    return unit;
}

int pg_text_count(const char *field, const char *text, struct pg_range range, uint64_t *ret_count,
                  struct vsw_err *err)
{
    double value;
    uint64_t count;

    if (scaled_read(count_units, ARRAY_SIZE(count_units), text, &value) == NULL || value > 1e18)
        return refuse(err, field, text, "a count", COUNT_HINT);
    count = (uint64_t)(value + 0.5);
    /* "1.1M" is not quite whole in binary: what is nearer than any typed digit counts as whole */
    if (value - (double)count > 1e-12 * value || (double)count - value > 1e-12 * value)
        return refuse(err, field, text, "a whole number", COUNT_HINT);
    if (count < range.first || count > range.last) {
        vsw_err_set(err, -ERANGE, field, "%.40s is out of range", text);
        vsw_err_hint(err, "from %" PRIu64 " to %" PRIu64, range.first, range.last);
        return -ERANGE;
    }
    *ret_count = count;
    return 0;
}

int pg_text_range(const char *field, const char *text, struct pg_range range,
                  struct pg_range *ret_range, struct vsw_err *err)
{
    const char *dash = strchr(text, '-');
    size_t len = dash ? (size_t)(dash - text) : strlen(text);
    char word[WORD_BYTES];
    struct pg_range r;
    int rc;

    if (len >= sizeof(word))
        return refuse(err, field, text, "a range", "like 10 or 10-20");
    snprintf(word, sizeof(word), "%.*s", (int)len, text);
    rc = pg_text_count(field, word, range, &r.first, err);
    if (rc == 0 && dash == NULL)
        r.last = r.first;
    else if (rc == 0)
        rc = pg_text_count(field, dash + 1, range, &r.last, err);
    if (rc == 0 && r.first > r.last)
        return refuse(err, field, text, "a range that goes up", "like 10-20: the smaller first");
    if (rc == 0)
        *ret_range = r;
    return rc;
}

int pg_text_duration(const char *field, const char *text, uint64_t *ret_ns, struct vsw_err *err)
{
    double value;

    if (scaled_read(time_units, ARRAY_SIZE(time_units), text, &value) == NULL)
        return refuse(err, field, text, "a time", DURATION_HINT);
    if (value < 1 || value > DAYS_MAX * 86400e9) {
        vsw_err_set(err, -ERANGE, field, "%.40s is out of range", text);
        vsw_err_hint(err, "above zero, at most %d days", DAYS_MAX);
        return -ERANGE;
    }
    *ret_ns = (uint64_t)(value + 0.5);
    return 0;
}

int pg_text_rate(const char *field, const char *text, struct pg_rate *ret_rate, struct vsw_err *err)
{
    const struct unit *unit;
    double value = 0;

    if (strcmp(text, "max") == 0) {
        *ret_rate = (struct pg_rate){.unit = PG_RATE_MAX};
        return 0;
    }
    unit = scaled_read(rate_units, ARRAY_SIZE(rate_units), text, &value);
    if (unit == NULL)
        return refuse(err, field, text, "a rate", RATE_HINT);
    if (value <= 0 || value > RATE_MAX) {
        vsw_err_set(err, -ERANGE, field, "%.40s is out of range", text);
        vsw_err_hint(err, "above zero; max is as fast as possible");
        return -ERANGE;
    }
    *ret_rate = (struct pg_rate){.unit = (enum pg_rate_unit)unit->kind, .value = value};
    return 0;
}

/* Each size as often as its weight says, spread as evenly as can be. */
static void sizes_order(struct pg_sizes *sizes)
{
    int64_t credit[PG_SIZES_MAX] = {0};

    for (uint32_t slot = 0; slot < sizes->order_count; slot++) {
        uint32_t best = 0;

        for (uint32_t i = 0; i < sizes->count; i++) {
            credit[i] += sizes->item[i].weight;
            best = credit[i] > credit[best] ? i : best;
        }
        credit[best] -= sizes->order_count;
        sizes->order[slot] = (uint8_t)best;
    }
}

/* "570" or "570:4", @len characters of it. */
static int size_read(const char *field, const char *text, size_t len, struct pg_sizes *sizes,
                     struct vsw_err *err)
{
    char word[WORD_BYTES], *colon;
    uint64_t bytes, weight = 1;
    int rc;

    if (len == 0 || len >= sizeof(word))
        return refuse(err, field, text, "a list of sizes", SIZES_HINT);
    snprintf(word, sizeof(word), "%.*s", (int)len, text);
    colon = strchr(word, ':');
    if (colon != NULL)
        *colon = '\0';
    if (strspn(word, "0123456789") != strlen(word) || *word == '\0')
        return refuse(err, field, word, "a size in bytes", SIZES_HINT);
    rc = pg_text_count(field, word, (struct pg_range){PG_SIZE_MIN, PG_SIZE_MAX_TSO}, &bytes, err);
    if (rc == 0 && colon != NULL)
        rc = pg_text_count(field, colon + 1, (struct pg_range){1, WEIGHT_MAX}, &weight, err);
    if (rc == 0 && (sizes->count == PG_SIZES_MAX || sizes->order_count + weight > PG_MIX_SLOTS)) {
        vsw_err_set(err, -E2BIG, field, "the list of sizes is too long");
        vsw_err_hint(err, "at most %d sizes, whose weights are %d in all", PG_SIZES_MAX,
                     PG_MIX_SLOTS);
        return -E2BIG;
    }
    if (rc != 0)
        return rc;
    sizes->item[sizes->count].bytes = (uint32_t)bytes;
    sizes->item[sizes->count++].weight = (uint32_t)weight;
    sizes->order_count += (uint32_t)weight;
    return 0;
}

int pg_text_sizes(const char *field, const char *text, struct pg_sizes *ret_sizes,
                  struct vsw_err *err)
{
    struct pg_sizes sizes = {0};
    const char *p = strcmp(text, "imix") == 0 ? "64:7,570:4,1518:1" : text;

    for (;;) {
        size_t len = strcspn(p, ",");
        int rc = size_read(field, p, len, &sizes, err);

        if (rc != 0)
            return rc;
        if (p[len] == '\0')
            break;
        p += len + 1;
    }
    sizes_order(&sizes);
    *ret_sizes = sizes;
    return 0;
}

void pg_text_sizes_format(const struct pg_sizes *sizes, char *buf, size_t size)
{
    size_t used = 0;

    if (size > 0)
        buf[0] = '\0';
    for (uint32_t i = 0; i < sizes->count && used < size; i++) {
        used += (size_t)snprintf(buf + used, size - used, "%s%" PRIu32, i ? "," : "",
                                 sizes->item[i].bytes);
        if (sizes->item[i].weight != 1 && used < size)
            used += (size_t)snprintf(buf + used, size - used, ":%" PRIu32, sizes->item[i].weight);
    }
    if (strcmp(buf, "64:7,570:4,1518") == 0)
        snprintf(buf, size, "imix");
}

double pg_text_sizes_mean(const struct pg_sizes *sizes)
{
    double sum = 0;

    for (uint32_t i = 0; i < sizes->count; i++)
        sum += (double)sizes->item[i].bytes * sizes->item[i].weight;
    return sizes->order_count ? sum / sizes->order_count : 0;
}

int pg_text_mac(const char *field, const char *text, struct mac *ret_mac, struct vsw_err *err)
{
    if (mac_parse(text, ret_mac) == 0)
        return 0;
    return refuse(err, field, text, "a MAC address", "like 02:00:00:00:00:01");
}

int pg_text_addr(const char *field, const char *text, struct pg_addr *ret_addr, struct vsw_err *err)
{
    struct pg_addr addr = {0};

    if (inet_pton(AF_INET, text, addr.b + 12) == 1)
        addr.version = 4;
    else if (inet_pton(AF_INET6, text, addr.b) == 1)
        addr.version = 6;
    else
        return refuse(err, field, text, "an IP address", "like 10.0.0.1 or fd00::1");
    *ret_addr = addr;
    return 0;
}

double pg_rate_pps(const struct pg_rate *rate, double mean_bytes, double best_pps)
{
    switch (rate->unit) {
    case PG_RATE_PPS: return rate->value;
    case PG_RATE_BPS: return rate->value / (mean_bytes * 8);
    case PG_RATE_PERCENT: return rate->value / 100 * best_pps;
    case PG_RATE_MAX: break;
    }
    return 0;
}

/* Three digits and a prefix. @low is the prefix of 1 and the first of @prefixes. */
static char *scaled_format(double value, const char *const *prefixes, size_t count,
                           const char *unit, char *buf, size_t size)
{
    size_t i = 0;
    int decimals;

    for (; value >= 999.5 && i + 1 < count; i++)
        value /= 1000;
    decimals = value >= 99.95 || (i == 0 && value == (double)(int64_t)value) ? 0
               : value >= 9.995                                              ? 1
                                                                             : 2;
    snprintf(buf, size, "%.*f%s%s", decimals, value, prefixes[i], unit);
    return buf;
}

static const char *const si_prefixes[] = {" ", " k", " M", " G", " T"};

char *pg_text_pps(double pps, char *buf, size_t size)
{
    return scaled_format(pps, si_prefixes, ARRAY_SIZE(si_prefixes), "pps", buf, size);
}

char *pg_text_bps(double bps, char *buf, size_t size)
{
    return scaled_format(bps, si_prefixes, ARRAY_SIZE(si_prefixes), "b/s", buf, size);
}

char *pg_text_ns(double ns, char *buf, size_t size)
{
    static const char *const prefixes[] = {" n", " u", " m", " "};

    return scaled_format(ns, prefixes, ARRAY_SIZE(prefixes), "s", buf, size);
}

char *pg_text_short(double count, char *buf, size_t size)
{
    static const char *const prefixes[] = {"", "k", "M", "G", "T"};

    return scaled_format(count, prefixes, ARRAY_SIZE(prefixes), "", buf, size);
}

char *pg_text_rate_format(const struct pg_rate *rate, char *buf, size_t size)
{
    static const char *const units[] = {
        [PG_RATE_MAX] = "", [PG_RATE_PPS] = "pps", [PG_RATE_BPS] = "bps", [PG_RATE_PERCENT] = "%"};
    static const char *const prefixes[] = {"", "k", "M", "G", "T"};
    double value = rate->value;
    size_t i = 0;

    if (rate->unit == PG_RATE_MAX) {
        snprintf(buf, size, "max");
        return buf;
    }
    for (; rate->unit != PG_RATE_PERCENT && value >= 1000 && i + 1 < ARRAY_SIZE(prefixes); i++)
        value /= 1000;
    snprintf(buf, size, "%.12g%s%s", value, prefixes[i], units[rate->unit]);
    return buf;
}
