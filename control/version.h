/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The version of the switch.
 */
#ifndef CONTROL_VERSION_H
#define CONTROL_VERSION_H

#define VSWITCH_VERSION "0.1"

#endif
