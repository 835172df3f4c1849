/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the handlers of the methods share. Handlers of reads answer at once; those of edits are one
 * line each, in handle_edit.c.
 */
#ifndef CONTROL_HANDLERS_H
#define CONTROL_HANDLERS_H

#include "api/handlers.h"
#include "control/ctl.h"

extern const struct api_handler *const rpc_handlers; /* API_METHOD_COUNT */

static inline struct ctl *call_ctl(const struct rpc_call *call)
{
    return rpc_call_context(call);
}

/* Rows of the document by name, with an error that knows the nearest name. NULL = @err is filled.
 */
const struct api_tenant *find_tenant(const struct ctl *ctl, const char *field, const char *name,
                                     struct vsw_err *err);
const struct api_network *find_network(const struct ctl *ctl, const char *tenant, const char *field,
                                       const char *name, struct vsw_err *err);
const struct api_port *find_port(const struct ctl *ctl, const char *field, const char *name,
                                 struct vsw_err *err);

/* Counters of a port that has a number; zeros while it is out of service. */
struct dp_counters port_counters(const struct ctl *ctl, const struct live_port *live);

/* Fills the fields of API_COUNTER_FIELDS, which several objects have, under any of their names. */
#define FILL_COUNTERS(row, c)                                                                      \
    do {                                                                                           \
        (row)->in_pkts = (c)->rx_pkts;                                                             \
        (row)->in_bytes = (c)->rx_bytes;                                                           \
        (row)->in_segments = (c)->rx_wire_pkts;                                                    \
        (row)->in_wire_bytes = (c)->rx_wire_bytes;                                                 \
        (row)->unicast_pkts = (c)->unicast;                                                        \
        (row)->flooded_pkts = (c)->flooded;                                                        \
        (row)->dropped_pkts = counters_dropped((c), false);                                        \
        (row)->copies_pkts = (c)->copies;                                                          \
        (row)->out_pkts = (c)->tx_pkts;                                                            \
        (row)->out_bytes = (c)->tx_bytes;                                                          \
        (row)->out_segments = (c)->tx_wire_pkts;                                                   \
        (row)->out_wire_bytes = (c)->tx_wire_bytes;                                                \
        (row)->dropped_copies_pkts = counters_dropped((c), true);                                  \
    } while (0)
uint64_t counters_dropped(const struct dp_counters *c, bool copies);
void counters_add(struct dp_counters *sum, const struct dp_counters *c);

#endif
