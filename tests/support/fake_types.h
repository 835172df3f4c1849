/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Port types for tests of the document: "fake" with options, "plain" without. None can be made.
 */
#ifndef TESTS_SUPPORT_FAKE_TYPES_H
#define TESTS_SUPPORT_FAKE_TYPES_H

#include "control/model.h"

/* An environment with these types, 10000 ports, 1000 tenants, 5000 networks, 2 workers. */
struct model_env fake_env(void);

/* A document from JSON with ' for "; fails the test when it does not decode. */
void fake_config(const char *text, struct api_config *ret_config);

#endif
