/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the files of the document's check share. Not for others.
 */
#ifndef CONTROL_MODEL_CHECK_H
#define CONTROL_MODEL_CHECK_H

#include "control/model.h"

#define MODEL_PATH_BYTES 96

struct model_check {
    const struct api_config *config;
    const struct model_env *env;
    struct model_index index;
    struct vsw_err *err;
};

/* Fills @err with a sentence about the value at @path of the document. Returns @code. */
int model_fail(struct vsw_err *err, int code, const char *path, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* The path is "LIST[ROW].FIELD". */
#define model_fail_at(err, code, list, row, field, ...)                                            \
    ({                                                                                             \
        char path_[MODEL_PATH_BYTES];                                                              \
                                                                                                   \
        snprintf(path_, sizeof(path_), "%s[%u].%s", list, row, field);                             \
        model_fail(err, code, path_, __VA_ARGS__);                                                 \
    })

/* "there is no WHAT 'NAME'", with the nearest of the names that exist. All return -ENOENT. */
int model_fail_unknown(const struct model_check *check, const char *path, const char *what,
                       const char *name, const char *const *known, size_t count);
int model_fail_tenant(const struct model_check *check, const char *path, const char *name);
int model_fail_network(const struct model_check *check, const char *path, const char *tenant,
                       const char *name);

/* The ports of the document: 0, or a negative errno with what is wrong. */
int model_check_ports(const struct model_check *check);

/* The map of an uplink, or that a port which is none has none: as model_check_ports(). */
int model_check_uplink(const struct model_check *check, uint32_t row);

#endif
