/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The difference between two documents, as what has to be done and as text for people. Pure.
 */
#ifndef CONTROL_PLAN_H
#define CONTROL_PLAN_H

#include "api/api.h"

#define PLAN_ROW_NONE UINT32_MAX

/* What happens to one port. */
struct plan_port {
    enum api_plan_action action;
    uint32_t old_row; /* PLAN_ROW_NONE for an added port */
    uint32_t new_row; /* PLAN_ROW_NONE for a removed port */
};

struct plan {
    struct api_change text; /* its rows: removals first, then from tenants down to placements */
    struct plan_port *ports;
    uint32_t port_count;
};

/**
 * plan_make() - what turns one document into another?
 * @old: checked; borrowed
 * @new: checked; borrowed
 * @must_restart: can this change of a port not be made in place? NULL = only a change of type
 * @arg: handed to @must_restart
 * @ret_plan: plan_free() it
 *
 * Order of rows plays no role. Linear in the size of the documents.
 * Return: 0 or -ENOMEM.
 * Context: control; does not block.
 * Source: none
 */
int plan_make(const struct api_config *old, const struct api_config *new,
              bool (*must_restart)(void *arg, const struct api_port *old,
                                   const struct api_port *new),
              void *arg, struct plan *ret_plan);
void plan_free(struct plan *plan);

/* Is there nothing to do? */
bool plan_is_empty(const struct plan *plan);

#endif
