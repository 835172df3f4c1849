/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The XDP program for kernels and modes where a driver cannot be asked for a tag it took out.
 */
#include "bpf/netdev_xdp.bpf.h"
