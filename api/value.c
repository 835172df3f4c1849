/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/value.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"

struct unit {
    const char *text;
    uint64_t factor;
};

static const struct unit si_prefixes[] = {
    {"k", 1000}, {"K", 1000}, {"M", 1000000}, {"G", 1000000000}, {"T", 1000000000000}};
static const struct unit binary_prefixes[] = {{"Ki", 1024},    {"K", 1024},    {"k", 1024},
                                              {"Mi", 1 << 20}, {"M", 1 << 20}, {"Gi", 1 << 30},
                                              {"G", 1 << 30}};
static const struct unit time_units[] = {{"s", 1},    {"sec", 1},  {"m", 60},
                                         {"min", 60}, {"h", 3600}, {"d", 86400}};
static const char *const bps_endings[] = {"bit/s", "bits/s", "bit", "bps", "b/s"};
static const char *const pps_endings[] = {"pps", "p/s"};
static const char *const bytes_endings[] = {"B"};
static const char *const no_endings[] = {""};

/* How texts of a kind with units look. */
struct unit_set {
    const struct unit *prefixes;
    size_t prefix_count;
    const char *const *endings;
    size_t ending_count;
    const char *hint;
};

static const struct unit_set unit_sets[API_KIND_COUNT] = {
    [API_RATE_BPS] = {si_prefixes, ARRAY_SIZE(si_prefixes), bps_endings, ARRAY_SIZE(bps_endings),
                      "bits a second, like 10M or 2.5G; 0 or unlimited for none"},
    [API_RATE_PPS] = {si_prefixes, ARRAY_SIZE(si_prefixes), pps_endings, ARRAY_SIZE(pps_endings),
                      "packets a second, like 500 or 10k; 0 or unlimited for none"},
    [API_BYTES] = {binary_prefixes, ARRAY_SIZE(binary_prefixes), bytes_endings,
                   ARRAY_SIZE(bytes_endings), "bytes, like 65536, 64K or 1M, where K is 1024"},
    [API_SECONDS] = {time_units, ARRAY_SIZE(time_units), no_endings, ARRAY_SIZE(no_endings),
                     "seconds, or with a unit: 300, 5m, 1h, 1d"},
};

bool value_is_number(const struct api_field *field)
{
    switch (field->kind) {
    case API_U32:
    case API_U64:
    case API_RATE_BPS:
    case API_RATE_PPS:
    case API_BYTES:
    case API_SECONDS: return true;
    default: return false;
    }
}

uint64_t value_number(const struct api_field *field, const void *member)
{
    uint32_t small;
    uint64_t large;

    if (!value_is_number(field) && field->kind != API_ENUM)
        return 0;
    if (field->size == sizeof(small)) {
        memcpy(&small, member, sizeof(small));
        return small;
    }
    memcpy(&large, member, sizeof(large));
    return large;
}

static void number_store(const struct api_field *field, uint64_t number, void *member)
{
    uint32_t small = (uint32_t)number;

    if (field->size == sizeof(small))
        memcpy(member, &small, sizeof(small));
    else
        memcpy(member, &number, sizeof(number));
}

int value_set_number(const struct api_field *field, uint64_t number, void *member,
                     struct vsw_err *err)
{
    if (number < field->min || number > field->max) {
        vsw_err_set(err, -ERANGE, field->name, "%" PRIu64 " is out of range", number);
        vsw_err_hint(err, "from %" PRIu64 " to %" PRIu64 "%s", field->min, field->max,
                     field->never ? ", or never" : "");
        return -ERANGE;
    }
    number_store(field, number, member);
    return 0;
}

/* Reads digits; false when there is none or they do not fit. */
static bool digits_read(const char **text, uint64_t *ret_number)
{
    const char *p = *text;
    uint64_t n = 0;

    if (*p < '0' || *p > '9')
        return false;
    for (; *p >= '0' && *p <= '9'; p++)
        if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, *p - '0', &n))
            return false;
    *text = p;
    *ret_number = n;
    return true;
}

static bool ending_known(const struct unit_set *set, const char *text)
{
    if (*text == '\0')
        return true;
    for (size_t i = 0; i < set->ending_count; i++)
        if (strcmp(text, set->endings[i]) == 0)
            return true;
    return false;
}

/* What follows the digits: a prefix, an ending, both or nothing. 0 when it is none of these. */
static uint64_t unit_factor(const struct unit_set *set, const char *text)
{
    if (ending_known(set, text))
        return 1;
    for (size_t i = 0; i < set->prefix_count; i++) {
        size_t len = strlen(set->prefixes[i].text);

        if (strncmp(text, set->prefixes[i].text, len) == 0 && ending_known(set, text + len))
            return set->prefixes[i].factor;
    }
    return 0;
}

/* "2.5G": whole and fraction apart, so that no digit is lost to floating point. */
static int scaled_parse(const struct unit_set *set, const char *text, uint64_t *ret_number)
{
    uint64_t whole, fraction = 0, scale = 1, factor, part;

    if (!digits_read(&text, &whole))
        return -EINVAL;
    if (*text == '.') {
        const char *start = ++text;

        if (!digits_read(&text, &fraction) || text - start > 9)
            return -EINVAL;
        for (; start < text; start++)
            scale *= 10;
    }
    factor = unit_factor(set, text);
    if (factor == 0 || __builtin_mul_overflow(fraction, factor, &part) || part % scale != 0)
        return -EINVAL;
    if (__builtin_mul_overflow(whole, factor, &whole) ||
        __builtin_add_overflow(whole, part / scale, &whole))
        return -ERANGE;
    *ret_number = whole;
    return 0;
}

static int number_parse(const struct api_field *field, const char *text, void *member,
                        struct vsw_err *err)
{
    static const struct unit_set plain = {.hint = "a whole number"};
    bool has_units = unit_sets[field->kind].hint != NULL;
    const struct unit_set *set = has_units ? &unit_sets[field->kind] : &plain;
    bool is_rate = field->kind == API_RATE_BPS || field->kind == API_RATE_PPS;
    uint64_t number = 0;
    int rc = 0;

    if (field->never && strcmp(text, "never") == 0) {
        number_store(field, API_SECONDS_NEVER, member);
        return 0;
    }
    if (!is_rate || strcmp(text, "unlimited") != 0)
        rc = scaled_parse(set, text, &number);
    if (rc == 0)
        return value_set_number(field, number, member, err);
    vsw_err_set(err, rc, field->name,
                rc == -ERANGE ? "\"%.40s\" is too large" : "\"%.40s\" is not understood", text);
    vsw_err_hint(err, "%s%s", set->hint, field->never ? ", or never" : "");
    return rc;
}

static int bool_parse(const struct api_field *field, const char *text, void *member,
                      struct vsw_err *err)
{
    static const char *const yes[] = {"true", "yes", "on"};
    static const char *const no[] = {"false", "no", "off"};

    for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
        if (strcmp(text, yes[i]) == 0 || strcmp(text, no[i]) == 0) {
            *(bool *)member = strcmp(text, yes[i]) == 0;
            return 0;
        }
    }
    vsw_err_set(err, -EINVAL, field->name, "\"%.40s\" is neither true nor false", text);
    return -EINVAL;
}

static void enum_hint(const struct api_enum *e, struct vsw_err *err)
{
    char list[200] = "";
    size_t used = 0;

    for (uint32_t i = 0; i < e->count && used < sizeof(list); i++)
        used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "",
                                 e->names[i].name);
    vsw_err_hint(err, "one of: %s", list);
}

static int enum_parse(const struct api_field *field, const char *text, void *member,
                      struct vsw_err *err)
{
    for (uint32_t i = 0; i < field->names->count; i++) {
        if (strcmp(text, field->names->names[i].name) == 0) {
            number_store(field, field->names->names[i].value, member);
            return 0;
        }
    }
    vsw_err_set(err, -EINVAL, field->name, "there is no choice \"%.40s\"", text);
    enum_hint(field->names, err);
    return -EINVAL;
}

bool api_name_valid(const char *text)
{
    size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-");

    return len > 0 && len < API_NAME_SIZE && text[len] == '\0' && text[0] != '.' && text[0] != '-';
}

static int name_check(const char *field, const char *text, struct vsw_err *err)
{
    if (api_name_valid(text))
        return 0;
    vsw_err_set(err, -EINVAL, field, "\"%.80s\" is not a name", text);
    vsw_err_hint(err, "1 to %d of A-Z a-z 0-9 _ . -, with neither . nor - in front",
                 API_NAME_SIZE - 1);
    return -EINVAL;
}

static int name_parse(const struct api_field *field, const char *text, void *member,
                      struct vsw_err *err)
{
    bool must = field->flags & (API_KEY | API_REQUIRED);

    if ((*text != '\0' || must) && name_check(field->name, text, err) != 0)
        return -EINVAL;
    snprintf(member, field->size, "%s", text);
    return 0;
}

static int str_parse(const struct api_field *field, const char *text, void *member,
                     struct vsw_err *err)
{
    size_t len = strlen(text);

    if (len > field->max) {
        vsw_err_set(err, -ERANGE, field->name, "%zu bytes are too long", len);
        vsw_err_hint(err, "at most %" PRIu64, field->max);
        return -ERANGE;
    }
    if (len == 0 && (field->flags & (API_KEY | API_REQUIRED)))
        return vsw_err_set(err, -EINVAL, field->name, "must not be empty");
    if (field->kind == API_STR) {
        memset(member, 0, field->size);
        memcpy(member, text, len);
        return 0;
    }
    return api_text_set(member, "%s", text);
}

static int names_parse(const struct api_field *field, const char *text, void *member,
                       struct vsw_err *err)
{
    struct api_names names = {0};
    char name[API_NAME_SIZE + 1];
    int rc = 0;

    while (rc == 0 && *text != '\0') {
        size_t len = strcspn(text, ",");

        snprintf(name, sizeof(name), "%.*s", (int)len, text);
        rc = name_check(field->name, name, err);
        if (rc == 0 && api_names_has(&names, name))
            rc = vsw_err_set(err, -EINVAL, field->name, "\"%s\" is there twice", name);
        if (rc == 0 && names.count == field->max)
            rc = vsw_err_set(err, -E2BIG, field->name, "has too many items");
        if (rc == 0)
            rc = api_names_append(&names, name);
        text += len + (text[len] == ',');
    }
    if (rc != 0) {
        free(names.items);
        return rc;
    }
    free(((struct api_names *)member)->items);
    *(struct api_names *)member = names;
    return 0;
}

static int mac_field_parse(const struct api_field *field, const char *text, void *member,
                           struct vsw_err *err)
{
    if (mac_parse(text, member) == 0)
        return 0;
    vsw_err_set(err, -EINVAL, field->name, "\"%.40s\" is not a MAC address", text);
    vsw_err_hint(err, "like 52:54:00:12:34:56");
    return -EINVAL;
}

int value_parse(const struct api_field *field, const char *text, void *member, struct vsw_err *err)
{
    switch (field->kind) {
    case API_BOOL: return bool_parse(field, text, member, err);
    case API_ENUM: return enum_parse(field, text, member, err);
    case API_NAME: return name_parse(field, text, member, err);
    case API_STR:
    case API_TEXT: return str_parse(field, text, member, err);
    case API_MAC: return mac_field_parse(field, text, member, err);
    case API_NAMES: return names_parse(field, text, member, err);
    case API_ROWS: return rows_parse(field, text, member, err);
    case API_OBJECT:
    case API_STRUCT: return vsw_err_set(err, -EINVAL, field->name, "cannot be written as one word");
    default: return number_parse(field, text, member, err);
    }
}
