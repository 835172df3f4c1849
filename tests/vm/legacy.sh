#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Virtio 0.9: no VERSION_1, the short header when buffers are not merged, beside a modern guest.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

ns_add host
need "the guest's files are there" vm_prepare
need "the switch starts" sw_start
need "a network" net_up red web 10
for name in old older; do need "port $name" vhost_port $name red web; done
need "the namespace's port" tap_port host red web 10.0.0.9/24
need "a legacy guest starts" vm_start old ip=10.0.0.1/24 mac=52:54:00:00:00:01 legacy=on
need "a legacy guest without mergeable buffers starts" vm_start older ip=10.0.0.2/24 \
    mac=52:54:00:00:00:02 legacy=on mrg=off
need "old is up" vm_wait_ready old
need "older is up" vm_wait_ready older
# Bit 32 of the features a driver accepted is VERSION_1.
is_legacy() { [[ $(on "$1" "cut -c33 /sys/class/net/eth0/device/features") == 0 ]]; }
for name in old older; do check "$name has no VERSION_1" is_legacy $name; done
check "guest to guest" reaches old 10.0.0.2
check "12-byte header to namespace" reaches old 10.0.0.9
check "10-byte header to namespace" reaches older 10.0.0.9
need "iperf3 in older" iperf_server older
measured check_range "TCP to the 10-byte header, b/s" 20000000 1e12 iperf_tcp old 10.0.0.2 2
measured check_range "TCP from it, b/s" 20000000 1e12 iperf_tcp old 10.0.0.2 2 -R
measured check_range "TCP from a namespace, b/s" 20000000 1e12 iperf_tcp host 10.0.0.2 2
t_done
