/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/complete.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

#define COMPLETE_WAIT_MS 1000

struct completing {
    const struct complete_source *source;
    char *const *words;
    size_t count;
    const char *typed; /* the last word */
    struct api_names *out;
};

/* Adds "prefix" + "text" + "suffix" when the typed word starts it. */
static void offer(const struct completing *c, const char *prefix, const char *text,
                  const char *suffix)
{
    char candidate[API_NAME_SIZE * 2];

    snprintf(candidate, sizeof(candidate), "%s%s%s", prefix, text, suffix);
    if (strlen(candidate) < API_NAME_SIZE && strncmp(candidate, c->typed, strlen(c->typed)) == 0 &&
        !api_names_has(c->out, candidate))
        api_names_append(c->out, candidate);
}

static void offer_objects(const struct completing *c)
{
    offer(c, "", "help", "");
    offer(c, "", "top", "");
    for (size_t i = 0; i < API_METHOD_COUNT; i++)
        if (strcmp(api_methods[i].object, "batch") != 0)
            offer(c, "", api_methods[i].object, "");
}

static void offer_verbs(const struct completing *c, const char *object)
{
    for (size_t i = 0; i < API_METHOD_COUNT; i++)
        if (strcmp(api_methods[i].object, object) == 0 && !(api_methods[i].flags & API_M_RPC))
            offer(c, "", api_methods[i].verb, "");
    offer(c, "", "help", "");
}

/* The value of key= among the words so far; "" when it is not there. */
static const char *value_of(const struct completing *c, const char *key)
{
    size_t len = strlen(key);

    for (size_t i = 2; i + 1 < c->count; i++)
        if (strncmp(c->words[i], key, len) == 0 && c->words[i][len] == '=')
            return c->words[i] + len + 1;
    return "";
}

static bool key_used(const struct completing *c, const char *key)
{
    size_t len = strlen(key);

    for (size_t i = 2; i + 1 < c->count; i++)
        if (strncmp(c->words[i], key, len) == 0 && c->words[i][len] == '=')
            return true;
    return false;
}

/* Networks are offered without their tenant where a tenant is given or implied. */
static void offer_networks(const struct completing *c, const char *prefix)
{
    struct api_names names = {0};
    const char *tenant = value_of(c, "tenant");

    c->source->names(c->source->ctx, "network", &names);
    for (uint32_t i = 0; i < names.count; i++) {
        const char *slash = strchr(names.items[i], '/');
        size_t len = slash ? (size_t)(slash - names.items[i]) : 0;

        if (slash != NULL && (*tenant == '\0' ||
                              (strlen(tenant) == len && strncmp(tenant, names.items[i], len) == 0)))
            offer(c, prefix, slash + 1, "");
    }
    free(names.items);
}

static void offer_live(const struct completing *c, const char *prefix, const char *object)
{
    struct api_names names = {0};

    c->source->names(c->source->ctx, object, &names);
    for (uint32_t i = 0; i < names.count; i++)
        offer(c, prefix, names.items[i], "");
    free(names.items);
}

static void offer_values(const struct completing *c, const struct api_field *field)
{
    char prefix[API_NAME_SIZE * 2];
    const char *comma = strrchr(c->typed, ',');

    snprintf(prefix, sizeof(prefix), "%s=", field->name);
    if (field->kind == API_NAMES && comma != NULL)
        snprintf(prefix, sizeof(prefix), "%.*s", (int)(comma + 1 - c->typed), c->typed);
    for (uint32_t i = 0; field->names != NULL && i < field->names->count; i++)
        offer(c, prefix, field->names->names[i].name, "");
    if (field->kind == API_BOOL) {
        offer(c, prefix, "true", "");
        offer(c, prefix, "false", "");
    }
    if (strcmp(field->name, "networks") == 0 || strcmp(field->name, "native") == 0 ||
        strcmp(field->name, "network") == 0)
        offer_networks(c, prefix);
    else if (field->kind == API_NAME)
        offer_live(c, prefix, field->name);
}

static void offer_keys(const struct completing *c, const struct api_method *method)
{
    struct api_names options = {0};

    for (uint32_t i = 0; i < method->params->count; i++) {
        const struct api_field *field = &method->params->fields[i];

        if (field->kind == API_OBJECT)
            c->source->options(c->source->ctx, value_of(c, "type"), &options);
        else if (!(field->flags & (API_KEY | API_CALL)) && !key_used(c, field->name))
            offer(c, "", field->name, "=");
        if ((field->flags & API_CALL) && field->kind == API_BOOL)
            offer(c, "", strcmp(field->name, "may_exist") == 0 ? "--may-exist" : "--if-exists", "");
    }
    for (uint32_t i = 0; i < options.count; i++)
        if (!key_used(c, options.items[i]))
            offer(c, "", options.items[i], "=");
    free(options.items);
}

/* NAME: the first word behind the verb, when the method wants one. */
static bool name_wanted(const struct completing *c, const struct api_method *method)
{
    bool has_key = false;

    for (uint32_t i = 0; i < method->params->count; i++)
        has_key |= (method->params->fields[i].flags & API_KEY) != 0;
    return has_key && c->count == 3;
}

static void offer_name(const struct completing *c, const struct api_method *method)
{
    const struct api_field *first = &method->params->fields[0];

    if (strcmp(method->verb, "add") == 0 && strcmp(method->object, "network") == 0)
        offer_live(c, "", "tenant");
    else if (strcmp(first->name, "port") == 0)
        offer_live(c, "", "port");
    else if (strcmp(method->object, "fdb") == 0)
        offer_live(c, "", "network");
    else if (strcmp(method->verb, "add") != 0)
        offer_live(c, "", method->object);
}

static void offer_capture(const struct completing *c)
{
    if (c->count == 2)
        offer_live(c, "", "port");
    else if (c->count == 3)
        for (uint32_t i = 0; i < api_capture_direction_enum.count; i++)
            offer(c, "", api_capture_direction_enum.names[i].name, "");
    if (c->count > 2)
        offer(c, "", "-w", "");
}

static void offer_arguments(const struct completing *c)
{
    char name[RPC_METHOD_SIZE];
    const struct api_method *method;
    const char *equals = strchr(c->typed, '=');

    snprintf(name, sizeof(name), "%s.%s", c->words[0], c->words[1]);
    method = api_method_find(name);
    if (method == NULL)
        return;
    if (equals != NULL) {
        char key[API_NAME_SIZE];
        const struct api_field *field;

        snprintf(key, sizeof(key), "%.*s", (int)(equals - c->typed), c->typed);
        field = api_field_find(method->params, key);
        if (field != NULL)
            offer_values(c, field);
        return;
    }
    if (name_wanted(c, method)) {
        offer_name(c, method);
        return;
    }
    offer_keys(c, method);
    if (strcmp(name, "config.apply") == 0)
        offer(c, "", "--dry-run", "");
    if (strcmp(name, "port.show") == 0) {
        offer(c, "", "--qemu-args", "");
        offer(c, "", "--libvirt-xml", "");
    }
}

void complete_words(const struct complete_source *source, char *const *words, size_t count,
                    struct api_names *names)
{
    struct completing c = {source, words, count, words[count - 1], names};

    if (count > 1 && strcmp(words[0], "help") == 0) {
        c.words++;
        c.count--;
    }
    if (c.count == 1)
        offer_objects(&c);
    else if (strcmp(c.words[0], "capture") == 0)
        offer_capture(&c);
    else if (c.count == 2)
        offer_verbs(&c, c.words[0]);
    else
        offer_arguments(&c);
}

/* ---- the daemon as source ---------------------------------------------------------------- */
static struct json *rows_fetch(struct cli *cli, const char *method, struct json **ret_result)
{
    int timeout_ms = cli->client.timeout_ms;
    struct vsw_err unused = {0};

    cli->client.timeout_ms = COMPLETE_WAIT_MS;
    if (client_call(&cli->client, method, NULL, ret_result, &unused) != 0)
        *ret_result = NULL;
    cli->client.timeout_ms = timeout_ms;
    return json_get(*ret_result, "rows");
}

static void daemon_names(void *ctx, const char *object, struct api_names *names)
{
    bool is_network = strcmp(object, "network") == 0;
    char method[RPC_METHOD_SIZE], name[API_NAME_SIZE * 2];
    struct json *result, *rows;

    snprintf(method, sizeof(method), "%s.list", object);
    if (strcmp(object, "type") == 0)
        snprintf(method, sizeof(method), "port.types");
    else if (api_method_find(method) == NULL)
        return;
    rows = rows_fetch(ctx, method, &result);
    for (size_t i = 0; i < json_count(rows); i++) {
        const struct json *row = json_at(rows, i);
        const struct json *key = json_get(row, json_has(row, "name") ? "name" : "worker");
        uint64_t number;

        if (json_u64(key, &number) == 0)
            snprintf(name, sizeof(name), "%llu", (unsigned long long)number);
        else
            snprintf(name, sizeof(name), "%s%s%s",
                     is_network ? json_text(json_get(row, "tenant")) : "", is_network ? "/" : "",
                     json_text(key));
        if (name[0] != '\0')
            api_names_append(names, name);
    }
    json_free(result);
}

static void daemon_options(void *ctx, const char *type, struct api_names *names)
{
    struct json *result, *rows = rows_fetch(ctx, "port.types", &result);

    for (size_t i = 0; i < json_count(rows); i++) {
        const struct json *row = json_at(rows, i);
        const struct json *fields = json_get(row, "fields");

        if (*type != '\0' && strcmp(type, json_text(json_get(row, "name"))) != 0)
            continue;
        for (size_t j = 0; j < json_count(fields); j++)
            api_names_append(names, json_text(json_get(json_at(fields, j), "name")));
    }
    json_free(result);
}

struct complete_source complete_source_daemon(struct cli *cli)
{
    return (struct complete_source){daemon_names, daemon_options, cli};
}
