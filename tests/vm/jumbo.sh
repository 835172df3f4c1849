#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Frames of 9000 bytes from guest to guest and to a namespace, with and without mergeable buffers.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

big_ping() { on "$1" "ping -c3 -i0.2 -W1 -M do -s 8972 $2"; }

ns_add host
need "the guest's files are there" vm_prepare
need "the switch starts" sw_start
need "a network" net_up red web 10
for name in vm1 vm2; do need "port $name" vhost_port $name red web mtu=9000; done
need "the namespace's port" tap_port host red web 10.0.0.9/24 mtu=9000
need "vm1 starts" vm_start vm1 ip=10.0.0.1/24 mac=52:54:00:00:00:01 mtu=9000
need "vm2 starts, no mergeable buffers" vm_start vm2 ip=10.0.0.2/24 mac=52:54:00:00:00:02 mtu=9000 mrg=off
need "vm1 is up" vm_wait_ready vm1
need "vm2 is up" vm_wait_ready vm2
check "small frames" reaches vm1 10.0.0.2
check "guest to namespace, 9000 bytes" big_ping vm1 10.0.0.9
check "namespace to guest, 9000 bytes" big_ping host 10.0.0.1
check "guest to a guest without mergeable buffers, 9000 bytes" big_ping vm1 10.0.0.2
need "iperf3 in vm2" iperf_server vm2
measured check_range "TCP with jumbo frames, b/s" 50000000 1e12 iperf_tcp vm1 10.0.0.2 2
t_done
