/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The methods of captures.
 */
#include "control/capture.h"
#include "control/handlers.h"

int handle_capture_start(struct rpc_call *call, const struct api_capture_start *in,
                         struct api_capture_status *out, struct vsw_err *err)
{
    return captures_start(call_ctl(call)->captures, call, in, out, err);
}

int handle_capture_stop(struct rpc_call *call, const struct api_capture_key *in,
                        struct api_capture_status *out, struct vsw_err *err)
{
    return captures_stop(call_ctl(call)->captures, call, in->id, out, err);
}
