/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/rpc_codec.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int request_refuse(struct vsw_err *err, const char *field, const char *what)
{
    return vsw_err_set(err, -EINVAL, field, "%s", what);
}

static int id_check(const struct json *json, struct vsw_err *err)
{
    enum json_kind kind = json_kind(json_get(json, "id"));

    if (kind == JSON_BOOL || kind == JSON_ARRAY || kind == JSON_OBJECT)
        return request_refuse(err, "id", "must be a number or a text");
    return 0;
}

static int call_decode(const struct json *json, struct rpc_message *m, struct vsw_err *err)
{
    const struct json *method = json_get(json, "method");
    enum json_kind params = json_kind(json_get(json, "params"));

    if (json_kind(method) != JSON_STRING || strlen(json_text(method)) >= sizeof(m->method))
        return request_refuse(err, "method", "must be the name of a method");
    if (params != JSON_OBJECT && params != JSON_NULL)
        return request_refuse(err, "params", "must be an object: parameters have names");
    snprintf(m->method, sizeof(m->method), "%s", json_text(method));
    m->kind = json_has(json, "id") ? RPC_REQUEST : RPC_NOTIFICATION;
    m->params = json_get(json, "params");
    return 0;
}

static void error_decode(const struct json *error, struct rpc_message *m)
{
    const struct json *data = json_get(error, "data");
    uint64_t number;

    m->kind = RPC_ERROR;
    m->error_code = (int)json_i64(json_get(error, "code"));
    m->error.code = -EREMOTEIO;
    if (json_u64(json_get(data, "errno"), &number) == 0 && number > 0 && number < 4096)
        m->error.code = -(int)number;
    snprintf(m->error.field, sizeof(m->error.field), "%s", json_text(json_get(data, "field")));
    snprintf(m->error.msg, sizeof(m->error.msg), "%s", json_text(json_get(error, "message")));
    snprintf(m->error.hint, sizeof(m->error.hint), "%s", json_text(json_get(data, "hint")));
}

int rpc_message_decode(const struct json *json, struct rpc_message *ret_message,
                       struct vsw_err *err)
{
    struct rpc_message m = {.id = json_get(json, "id")};
    int rc;

    if (json_kind(json) != JSON_OBJECT)
        return request_refuse(err, NULL, "a message must be an object");
    if (strcmp(json_text(json_get(json, "jsonrpc")), "2.0") != 0)
        return request_refuse(err, "jsonrpc", "must be \"2.0\"");
    rc = id_check(json, err);
    if (rc != 0)
        return rc;
    if (json_has(json, "method")) {
        rc = call_decode(json, &m, err);
    } else if (json_has(json, "error")) {
        error_decode(json_get(json, "error"), &m);
    } else if (json_has(json, "result")) {
        m.kind = RPC_RESULT;
        m.result = json_get(json, "result");
    } else {
        rc = request_refuse(err, "method", "is missing");
    }
    if (rc == 0)
        *ret_message = m;
    return rc;
}

/* Adds @value, which is taken; a failure anywhere makes the whole message NULL. */
static struct json *with(struct json *message, const char *key, struct json *value)
{
    if (message == NULL || value == NULL) {
        json_free(message);
        json_free(value);
        return NULL;
    }
    if (json_set(message, key, value) != 0) {
        json_free(message);
        return NULL;
    }
    return message;
}

static struct json *envelope(void)
{
    return with(json_new_object(), "jsonrpc", json_new_text("2.0"));
}

struct json *rpc_make_notification(const char *method, struct json *params)
{
    return with(with(envelope(), "method", json_new_text(method)), "params", params);
}

struct json *rpc_make_request(uint64_t id, const char *method, struct json *params)
{
    return with(rpc_make_notification(method, params), "id", json_new_u64(id));
}

/* A null id is no value to json_new: it is set apart. */
static struct json *with_id(struct json *message, const struct json *id)
{
    if (id != NULL)
        return with(message, "id", json_dup(id));
    if (message != NULL && json_set(message, "id", NULL) != 0) {
        json_free(message);
        return NULL;
    }
    return message;
}

struct json *rpc_make_result(const struct json *id, struct json *result)
{
    return with(with_id(envelope(), id), "result", result);
}

struct json *rpc_make_error(const struct json *id, enum rpc_code code, const struct vsw_err *err)
{
    struct json *data = json_new_object();
    struct json *error = json_new_object();

    if (err->code < 0)
        data = with(data, "errno", json_new_u64((uint64_t) - (int64_t)err->code));
    if (err->field[0] != '\0')
        data = with(data, "field", json_new_text(err->field));
    if (err->hint[0] != '\0')
        data = with(data, "hint", json_new_text(err->hint));
    error = with(error, "code", json_new_i64(code));
    error = with(error, "message", json_new_text(err->msg));
    error = with(error, "data", data);
    return with(with_id(envelope(), id), "error", error);
}

char *rpc_line(const struct json *message)
{
    char *text = json_print(message, false), *line;

    if (text == NULL)
        return NULL;
    if (asprintf(&line, "%s\n", text) < 0)
        line = NULL;
    free(text);
    return line;
}
