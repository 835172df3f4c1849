/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Values as text for people, and what a kind and its range are called. Any thread.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "api/api.h"
#include "api/value.h"

const char *value_kind_name(enum api_kind kind)
{
    static const char *const names[API_KIND_COUNT] = {
        [API_BOOL] = "bool",          [API_U32] = "number",     [API_U64] = "number",
        [API_ENUM] = "choice",        [API_NAME] = "name",      [API_STR] = "text",
        [API_TEXT] = "text",          [API_MAC] = "mac",        [API_RATE_BPS] = "bit/s",
        [API_RATE_PPS] = "packets/s", [API_BYTES] = "bytes",    [API_SECONDS] = "seconds",
        [API_NAMES] = "names",        [API_OBJECT] = "options", [API_STRUCT] = "object",
        [API_ROWS] = "list",
    };

    return names[kind];
}

/* A wanted rate is exact where three decimals suffice; else it is rounded to three digits in all.
 */
static void rate_format(uint64_t number, bool is_measured, char *buf, size_t size)
{
    static const char prefixes[] = {'T', 'G', 'M', 'k'};
    uint64_t factor = 1000000000000ull;

    for (size_t i = 0; i < sizeof(prefixes); i++, factor /= 1000) {
        uint64_t milli = factor / 1000;
        double value = (double)number / (double)factor;
        int decimals = value >= 100 ? 0 : value >= 10 ? 1 : 2;

        if (number < factor)
            continue;
        if (is_measured || number % milli != 0) {
            snprintf(buf, size, "%.*f%c", decimals, value, prefixes[i]);
            return;
        }
        snprintf(buf, size, "%.3f", value);
        buf[strspn(buf, "0123456789.")] = '\0';
        while (buf[strlen(buf) - 1] == '0')
            buf[strlen(buf) - 1] = '\0';
        if (buf[strlen(buf) - 1] == '.')
            buf[strlen(buf) - 1] = '\0';
        snprintf(buf + strlen(buf), size - strlen(buf), "%c", prefixes[i]);
        return;
    }
    snprintf(buf, size, "%" PRIu64, number);
}

static void bytes_format(uint64_t number, char *buf, size_t size)
{
    static const char prefixes[] = {'G', 'M', 'K'};

    for (unsigned i = 0; i < sizeof(prefixes); i++) {
        uint64_t factor = 1ull << (30 - 10 * i);

        if (number >= factor && number % factor == 0) {
            snprintf(buf, size, "%" PRIu64 "%c", number / factor, prefixes[i]);
            return;
        }
    }
    snprintf(buf, size, "%" PRIu64, number);
}

static void seconds_format(uint64_t number, char *buf, size_t size)
{
    static const struct {
        uint64_t factor;
        char unit;
    } units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}};

    if (number == API_SECONDS_NEVER) {
        snprintf(buf, size, "never");
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
        if (number != 0 && number % units[i].factor == 0) {
            snprintf(buf, size, "%" PRIu64 "%c", number / units[i].factor, units[i].unit);
            return;
        }
    }
    snprintf(buf, size, "%" PRIu64 "s", number);
}

static void number_format(const struct api_field *field, uint64_t number, char *buf, size_t size)
{
    char text[32];

    switch (field->kind) {
    case API_RATE_BPS:
    case API_RATE_PPS:
        if (number == 0 && !(field->flags & API_GAUGE))
            snprintf(text, sizeof(text), "unlimited");
        else
            rate_format(number, field->flags & API_GAUGE, text, sizeof(text));
        break;
    case API_BYTES: bytes_format(number, text, sizeof(text)); break;
    case API_SECONDS: seconds_format(number, text, sizeof(text)); break;
    default: snprintf(text, sizeof(text), "%" PRIu64, number); break;
    }
    snprintf(buf, size, "%s", text);
}

static void names_format(const struct api_names *names, char *buf, size_t size)
{
    size_t used = 0;

    for (uint32_t i = 0; i < names->count && used < size; i++)
        used += (size_t)snprintf(buf + used, size - used, "%s%s", i ? "," : "", names->items[i]);
}

static void options_format(const struct json *options, char *buf, size_t size)
{
    struct json_iter it = {0};
    size_t used = 0;

    while (json_next(options, &it) && used < size) {
        char number[32];
        const char *text = json_text(it.value);
        uint64_t n;

        if (json_kind(it.value) == JSON_BOOL)
            text = json_is_true(it.value) ? "true" : "false";
        else if (json_u64(it.value, &n) == 0) {
            snprintf(number, sizeof(number), "%" PRIu64, n);
            text = number;
        } else if (json_kind(it.value) != JSON_STRING)
            text = "...";
        used += (size_t)snprintf(buf + used, size - used, "%s%s=%s", used ? " " : "", it.key, text);
    }
}

void value_format(const struct api_field *field, const void *member, char *buf, size_t size)
{
    char mac[MAC_TEXT_LEN];

    if (size == 0)
        return;
    buf[0] = '\0';
    switch (field->kind) {
    case API_BOOL: snprintf(buf, size, "%s", *(const bool *)member ? "true" : "false"); break;
    case API_ENUM:
        snprintf(buf, size, "%s",
                 api_enum_name(field->names, (uint32_t)value_number(field, member)));
        break;
    case API_NAME:
    case API_STR: snprintf(buf, size, "%s", (const char *)member); break;
    case API_TEXT: {
        const char *text = *(char *const *)member;

        snprintf(buf, size, "%s", text ? text : "");
        break;
    }
    case API_MAC: snprintf(buf, size, "%s", mac_format(member, mac)); break;
    case API_NAMES: names_format(member, buf, size); break;
    case API_OBJECT: options_format(*(struct json *const *)member, buf, size); break;
    case API_ROWS: rows_format(field, member, buf, size); break;
    case API_STRUCT:
    case API_KIND_COUNT: break;
    default: number_format(field, value_number(field, member), buf, size); break;
    }
}

void value_range(const struct api_field *field, char *buf, size_t size)
{
    char min[32], max[32];

    buf[0] = '\0';
    switch (field->kind) {
    case API_U32:
    case API_U64:
    case API_BYTES:
    case API_SECONDS:
        if (field->max >= UINT32_MAX - 1)
            break;
        number_format(field, field->min, min, sizeof(min));
        number_format(field, field->max, max, sizeof(max));
        snprintf(buf, size, "%s..%s%s", min, max, field->never ? " or never" : "");
        break;
    case API_ROWS: rows_form(field, buf, size); break;
    case API_STR: snprintf(buf, size, "at most %" PRIu64 " bytes", field->max); break;
    default: break;
    }
}

void value_default(const struct api_field *field, char *buf, size_t size)
{
    uint64_t number = 0; /* the value of a member that nobody set */

    buf[0] = '\0';
    if (field->flags & (API_KEY | API_REQUIRED | API_GAUGE | API_CALL))
        return;
    if (field->kind != API_BOOL && field->kind != API_ENUM && !value_is_number(field)) {
        snprintf(buf, size, "%s", field->fallback ? field->fallback : "");
        return;
    }
    if (field->fallback != NULL)
        value_parse(field, field->fallback, &number, NULL);
    value_format(field, &number, buf, size);
}
