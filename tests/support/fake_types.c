/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/support/fake_types.h"

#include "tests/support/cmocka.h"

#include <stdlib.h>
#include <string.h>

#define FAKE_OPTIONS(F, S)                                                                         \
    F(S, path, STR, (64), API_REQUIRED, NULL, "where")                                             \
    F(S, queues, U32, (1, 8), API_OPTIONAL, "2", "how many")
API_OBJECT_DECLARE(fake_options, FAKE_OPTIONS)
API_OBJECT_DEFINE(fake_options, FAKE_OPTIONS, "fake options", "options of the fake type")

#define PLAIN_OPTIONS(F, S) F(S, colour, STR, (16), API_OPTIONAL, NULL, "any")
API_OBJECT_DECLARE(plain_options, PLAIN_OPTIONS)
API_OBJECT_DEFINE(plain_options, PLAIN_OPTIONS, "plain options", "options of the plain type")

static const struct port_type types[] = {
    {.name = "fake", .options = &fake_options_object, .options_bytes = sizeof(struct fake_options)},
    {.name = "plain",
     .options = &plain_options_object,
     .options_bytes = sizeof(struct plain_options)},
};

static const struct port_type *type_at(size_t i)
{
    return i < ARRAY_SIZE(types) ? &types[i] : NULL;
}

static const struct port_type *type_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        if (strcmp(types[i].name, name) == 0)
            return &types[i];
    }
    return NULL;
}

struct model_env fake_env(void)
{
    return (struct model_env){.type_find = type_find,
                              .type_at = type_at,
                              .run_dir = "/run/test",
                              .max_ports = 10000,
                              .max_tenants = 1000,
                              .max_networks = 5000,
                              .workers = 2};
}

void fake_config(const char *text, struct api_config *ret_config)
{
    const struct json_limits limits = {0};
    char *copy = strdup(text);
    struct json *json;
    struct vsw_err err = {0};

    for (char *c = copy; *c != '\0'; c++)
        *c = *c == '\'' ? '"' : *c;
    if (json_parse(copy, strlen(copy), &limits, &json, &err) < 0 ||
        api_decode(&api_config_object, json, API_DECODE_DOCUMENT, ret_config, &err) < 0)
        fail_msg("%s: %s", err.field, err.msg);
    json_free(json);
    free(copy);
}
