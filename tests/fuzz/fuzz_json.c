/* SPDX-License-Identifier: BSD-3-Clause
 *
 * libFuzzer entry: any bytes as a configuration file, as a request line, and back to text.
 * `make fuzz` builds and runs it.
 */
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "api/rpc_codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
    if (!ok)
        abort();
}

/* What was accepted must come out as a text that is accepted again and says the same. */
static void document_check(const struct json *json)
{
    const struct json_limits limits = {0};
    struct api_config config, again;
    struct vsw_err err = {0};
    struct json *encoded, *parsed;
    char *text;

    if (api_decode(&api_config_object, json, API_DECODE_DOCUMENT, &config, &err) != 0) {
        must(err.code < 0 && err.msg[0] != '\0');
        return;
    }
    encoded = api_encode(&api_config_object, &config, API_ENCODE_GIVEN);
    text = json_print(encoded, true);
    must(json_parse(text, strlen(text), &limits, &parsed, NULL) == 0);
    must(api_decode(&api_config_object, parsed, API_DECODE_DOCUMENT, &again, NULL) == 0);
    must(api_equal(&api_config_object, &config, &again));
    free(text);
    json_free(encoded);
    json_free(parsed);
    api_free(&api_config_object, &config);
    api_free(&api_config_object, &again);
}

static void request_check(const struct json *json)
{
    struct rpc_message message;
    const struct api_method *method;
    void *params;

    if (rpc_message_decode(json, &message, NULL) != 0)
        return;
    method = api_method_find(message.method);
    if (message.kind != RPC_REQUEST || method == NULL)
        return;
    params = malloc(method->params->size);
    if (api_decode(method->params, message.params, API_DECODE_PARAMS, params, NULL) == 0)
        api_free(method->params, params);
    free(params);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct json_limits limits = {.max_bytes = 1 << 16, .comments = true};
    struct json *json = NULL;
    struct vsw_err err = {0};
    size_t offset = SIZE_MAX;

    if (json_parse((const char *)data, size, &limits, &json, &err) != 0) {
        must(err.code < 0 && err.msg[0] != '\0');
        must(json_scan((const char *)data, size, &limits, NULL, NULL, NULL) < 0);
        return 0;
    }
    must(json_scan((const char *)data, size, &limits, "ports[0].mtu", &offset, NULL) == 0);
    must(offset < size);
    document_check(json);
    request_check(json);
    json_free(json);
    return 0;
}
