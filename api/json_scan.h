/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Private to api/: the pre-scan as json_parse() uses it. Pure.
 */
#ifndef API_JSON_SCAN_H
#define API_JSON_SCAN_H

#include "api/json.h"

/* json_scan() that also writes blanks over the comments in @copy, a copy of @text; NULL: does not.
 */
int json_scan_blank(const char *text, size_t len, const struct json_limits *limits,
                    const char *path, size_t *ret_offset, char *copy, struct vsw_err *err);

#endif
