/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Every object that crosses the control socket.
 */
#ifndef API_OBJECTS_H
#define API_OBJECTS_H

#include "api/objects_config.h"
#include "api/objects_status.h"

#endif
