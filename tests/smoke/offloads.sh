#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# TCP between namespaces whose kernels offload everything, half or nothing: always right, and every
# byte arrives as it was sent.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"


need "data" dd if=/dev/urandom of="$T_DIR/sent" bs=1M count=20 status=none
scene_pair
need "an iperf3 server" iperf_server b
for features in "tx on tso on" "tx on tso off" "tx off tso off"; do
    # shellcheck disable=SC2086 # words
    need "a: $features" ns_run a ethtool -K a $features
    check "data is intact with $features" copies a b 10.0.0.2
    measured check_range "TCP flows with $features, b/s" 100000000 1e12 iperf_tcp a 10.0.0.2 2
done
measured check_range "UDP 50 Mb/s loses at most 1 %" 0 1 iperf_udp_loss a 10.0.0.2 2 50M
segmented() { on a "ethtool -k a | grep -q 'tcp-segmentation-offload: on'"; }
need "a: tx on tso on" ns_run a ethtool -K a tx on tso on
check "the TAP offers segmentation offload" segmented
t_done
