/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The XDP program that asks the driver for a tag it took out; bound to one device.
 */
#define WITH_HW_TAG
#include "bpf/netdev_xdp.bpf.h"
