/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Rates of the last second: counters are read once a second on the control thread.
 */
#ifndef CONTROL_SAMPLER_H
#define CONTROL_SAMPLER_H

#include "control/ctl.h"

struct sampler_worker {
    uint32_t busy_percent, sleep_percent;
};

/* NULL without memory. Runs from now on. */
struct sampler *sampler_new(struct ctl *ctl);
void sampler_free(struct sampler *sampler); /* NULL is fine */

/* Of the last second; all zero in the first one. */
struct sampler_worker sampler_worker(const struct sampler *sampler, uint16_t worker);

#endif
