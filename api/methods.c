/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/methods.h"

#include <string.h>

#define METHOD_ROW(object, verb, params, result, role, flags, help, example)                       \
    {#object "." #verb, #object, #verb, &params##_object, &result##_object,                        \
     API_ROLE_##role,   flags,   help,  example},

const struct api_method api_methods[API_METHOD_COUNT] = {API_METHODS(METHOD_ROW)};

const struct api_method *api_method_find(const char *name)
{
    for (size_t i = 0; i < API_METHOD_COUNT; i++)
        if (strcmp(api_methods[i].name, name) == 0)
            return &api_methods[i];
    return NULL;
}
