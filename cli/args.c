/* SPDX-License-Identifier: BSD-3-Clause
 *
 * From words to a request. Values are checked here with the daemon's own table, so that most
 * mistakes cost no round trip; options of a port type are checked by the daemon.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

/* What is being put together. */
struct building {
    const struct api_object *object;
    void *params;
    struct json *options; /* keys that are no fields, or NULL */
};

static const struct api_field *options_field(const struct api_object *object)
{
    for (uint32_t i = 0; i < object->count; i++)
        if (object->fields[i].kind == API_OBJECT)
            return &object->fields[i];
    return NULL;
}

static bool field_given(const struct building *b, const struct api_field *field)
{
    return ((const struct api_head *)b->params)->given >> (field - b->object->fields) & 1;
}

static void field_give(struct building *b, const struct api_field *field)
{
    ((struct api_head *)b->params)->given |= 1ull << (field - b->object->fields);
}

static int key_unknown(const struct api_object *object, const char *key, struct vsw_err *err)
{
    const char *names[API_GIVEN_MAX], *near;

    for (uint32_t i = 0; i < object->count; i++)
        names[i] = object->fields[i].name;
    near = api_nearest(key, names, object->count);
    vsw_err_set(err, -EINVAL, key, "there is no key `%.60s`", key);
    if (near != NULL)
        vsw_err_hint(err, "did you mean %s=?", near);
    else if (object->count == 0)
        vsw_err_hint(err, "this command takes none");
    return -EINVAL;
}

/* An empty value takes the option back: null. */
static int option_add(struct building *b, const char *key, const char *value, struct vsw_err *err)
{
    if (options_field(b->object) == NULL)
        return key_unknown(b->object, key, err);
    if (b->options == NULL)
        b->options = json_new_object();
    if (b->options == NULL || json_set(b->options, key, *value ? json_new_text(value) : NULL) != 0)
        return vsw_err_set(err, -ENOMEM, NULL, "out of memory");
    return 0;
}

static int field_add(struct building *b, const struct api_field *field, const char *value,
                     struct vsw_err *err)
{
    if (field_given(b, field))
        return vsw_err_set(err, -EINVAL, field->name, "`%s` is there twice", field->name);
    if (*value == '\0' && !(field->flags & (API_KEY | API_REQUIRED))) {
        field_give(b, field); /* with the default that api_init() put there */
        return 0;
    }
    return api_field_parse(b->object, field, value, b->params, err);
}

/* `map+=a` adds to a list, `map-=b` takes from it: fields of the call, map_add and map_del. */
static void key_edit(char *key, size_t size)
{
    size_t len = strlen(key);

    if (key[len - 1] == '+')
        snprintf(key + len - 1, size - len + 1, "_add");
    else if (key[len - 1] == '-')
        snprintf(key + len - 1, size - len + 1, "_del");
}

static int pair_add(struct building *b, const char *word, struct vsw_err *err)
{
    const struct api_field *field;
    const char *equals = strchr(word, '=');
    char key[64];

    if ((size_t)(equals - word) >= sizeof(key) || equals == word)
        return vsw_err_set(err, -EINVAL, NULL, "\"%.60s\" has no valid key", word);
    snprintf(key, sizeof(key), "%.*s", (int)(equals - word), word);
    key_edit(key, sizeof(key));
    field = api_field_find(b->object, key);
    if (field == NULL || field->kind == API_OBJECT)
        return option_add(b, key, equals + 1, err);
    return field_add(b, field, equals + 1, err);
}

/* --may-exist and the like: bool fields of the call. */
static int flag_add(struct building *b, const char *word, struct vsw_err *err)
{
    char name[64];
    const struct api_field *field;

    snprintf(name, sizeof(name), "%s", word + 2);
    for (char *p = name; *p; p++)
        if (*p == '-')
            *p = '_';
    field = api_field_find(b->object, name);
    if (field == NULL || field->kind != API_BOOL)
        return vsw_err_set(err, -EINVAL, NULL, "this command has no option %.60s", word);
    return field_add(b, field, "true", err);
}

/* One part of NAME goes into the first key field that has no value yet. */
static int part_add(struct building *b, const char *part, struct vsw_err *err)
{
    for (uint32_t i = 0; i < b->object->count; i++) {
        const struct api_field *field = &b->object->fields[i];

        if ((field->flags & API_KEY) && !field_given(b, field))
            return field_add(b, field, part, err);
    }
    vsw_err_set(err, -EINVAL, NULL, "\"%.60s\" is one word too many", part);
    vsw_err_hint(err, "settings are written key=value");
    return -EINVAL;
}

static int name_add(struct building *b, const char *word, struct vsw_err *err)
{
    char *copy = strdup(word), *rest = copy, *part;
    int rc = copy ? 0 : -ENOMEM;

    while (rc == 0 && (part = strsep(&rest, "/")) != NULL)
        rc = part_add(b, part, err);
    free(copy);
    return rc;
}

static bool is_pair(const char *word)
{
    return strchr(word, '=') != NULL;
}

static bool is_flag(const char *word)
{
    return word[0] == '-' && word[1] == '-';
}

/* Pairs first: `network add web tenant=red` then knows that web can only be the name. */
static int words_add(struct building *b, char *const *words, size_t count, struct vsw_err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < count; i++) {
        if (is_flag(words[i]))
            rc = flag_add(b, words[i], err);
        else if (is_pair(words[i]))
            rc = pair_add(b, words[i], err);
    }
    for (size_t i = 0; rc == 0 && i < count; i++)
        if (!is_flag(words[i]) && !is_pair(words[i]))
            rc = name_add(b, words[i], err);
    return rc;
}

static const struct api_method *verb_find(const char *object, const char *verb)
{
    for (size_t i = 0; i < API_METHOD_COUNT; i++)
        if (strcmp(api_methods[i].object, object) == 0 && strcmp(api_methods[i].verb, verb) == 0)
            return &api_methods[i];
    return NULL;
}

static int method_unknown(const char *object, const char *verb, struct vsw_err *err)
{
    const char *objects[API_METHOD_COUNT], *verbs[API_METHOD_COUNT], *near;
    size_t verb_count = 0;

    for (size_t i = 0; i < API_METHOD_COUNT; i++) {
        objects[i] = api_methods[i].object;
        if (strcmp(api_methods[i].object, object) == 0)
            verbs[verb_count++] = api_methods[i].verb;
    }
    near = verb_count > 0 && verb != NULL ? api_nearest(verb, verbs, verb_count)
                                          : api_nearest(object, objects, API_METHOD_COUNT);
    if (verb_count == 0)
        vsw_err_set(err, -EINVAL, NULL, "there is no object \"%.60s\"", object);
    else if (verb == NULL)
        vsw_err_set(err, -EINVAL, NULL, "a verb is missing behind \"%.60s\"", object);
    else
        vsw_err_set(err, -EINVAL, NULL, "a %s has no verb \"%.60s\"", object, verb);
    if (near != NULL && !(verb_count > 0 && verb == NULL))
        vsw_err_hint(err, "did you mean \"%s\"?", near);
    else
        vsw_err_hint(err, "see: vswitchctl help%s%s", verb_count ? " " : "",
                     verb_count ? object : "");
    return -EINVAL;
}

/* A mistyped key counts as an option of the port type; when a field is missing, it may be meant. */
static void missing_hint(const struct building *b, const struct json *options, struct vsw_err *err)
{
    const struct api_field *field = err ? api_field_find(b->object, err->field) : NULL;
    const char *keys[CLI_WORDS_MAX], *near;
    struct json_iter it = {0};
    size_t count = 0;

    if (field == NULL || field_given(b, field))
        return;
    while (count < CLI_WORDS_MAX && json_next(options, &it))
        keys[count++] = it.key;
    near = api_nearest(err->field, keys, count);
    if (near != NULL)
        vsw_err_hint(err, "did you mean %s= where you wrote %s=?", err->field, near);
}

/* The whole object as JSON, checked once more as the daemon will. */
static int params_finish(struct building *b, const struct api_method *method, struct json **ret,
                         struct vsw_err *err)
{
    enum api_decode_mode mode =
        method->flags & API_M_PARTIAL ? API_DECODE_PARTIAL : API_DECODE_PARAMS;
    struct json *json = api_encode(b->object, b->params, API_ENCODE_CALL);
    void *check = calloc(1, b->object->size);
    int rc = json && check ? 0 : vsw_err_set(err, -ENOMEM, NULL, "out of memory");

    if (rc == 0 && b->options != NULL) {
        rc = json_set(json, options_field(b->object)->name, b->options);
        b->options = NULL;
    }
    if (rc == 0)
        rc = api_decode(b->object, json, mode, check, err);
    if (rc == 0) {
        api_free(b->object, check);
        *ret = json;
    } else {
        if (options_field(b->object) != NULL)
            missing_hint(b, json_get(json, options_field(b->object)->name), err);
        json_free(json);
    }
    free(check);
    return rc;
}

int cli_request_parse(char *const *words, size_t count, struct cli_request *ret_request,
                      struct vsw_err *err)
{
    struct building b = {0};
    const struct api_method *method;
    int rc;

    if (count == 0)
        return vsw_err_set(err, -EINVAL, NULL, "a command is missing");
    method = count > 1 ? verb_find(words[0], words[1]) : NULL;
    if (method == NULL)
        return method_unknown(words[0], count > 1 ? words[1] : NULL, err);
    b.object = method->params;
    b.params = malloc(b.object->size);
    if (b.params == NULL)
        return vsw_err_set(err, -ENOMEM, NULL, "out of memory");
    api_init(b.object, b.params);
    rc = words_add(&b, words + 2, count - 2, err);
    if (rc == 0)
        rc = params_finish(&b, method, &ret_request->params, err);
    if (rc == 0)
        ret_request->method = method;
    json_free(b.options);
    api_free(b.object, b.params);
    free(b.params);
    return rc;
}
