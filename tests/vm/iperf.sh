#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# TCP and UDP between two guests and a namespace, all offloads on.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

ns_add host
need "the guest's files are there" vm_prepare
need "the switch starts" sw_start
need "a network" net_up red web 10
for name in vm1 vm2; do need "port $name" vhost_port $name red web; done
need "the namespace's port" tap_port host red web 10.0.0.9/24
need "vm1 starts" vm_start vm1 ip=10.0.0.1/24 ip6=fd00::1/64 mac=52:54:00:00:00:01
need "vm2 starts" vm_start vm2 ip=10.0.0.2/24 ip6=fd00::2/64 mac=52:54:00:00:00:02
need "vm1 is up" vm_wait_ready vm1
need "vm2 is up" vm_wait_ready vm2
for end in vm2 host; do need "iperf3 in $end" iperf_server $end; done
offloaded() { on vm1 "ethtool -k eth0 | grep -q '^tcp-segmentation-offload: on'"; }
check "the guest was offered segmentation offload" offloaded
measured check_range "TCP guest to guest, b/s" 50000000 1e12 iperf_tcp vm1 10.0.0.2 2
measured check_range "TCP over IPv6 guest to guest, b/s" 50000000 1e12 iperf_tcp vm1 fd00::2 2
measured check_range "TCP guest to namespace, b/s" 50000000 1e12 iperf_tcp vm1 10.0.0.9 2
measured check_range "TCP namespace to guest, b/s" 50000000 1e12 iperf_tcp host 10.0.0.2 2
measured check_range "UDP 20 Mb/s guest to guest, % lost" 0 2 iperf_udp_loss vm1 10.0.0.2 2 20M
measured check_range "UDP 20 Mb/s namespace to guest, % lost" 0 2 iperf_udp_loss host 10.0.0.2 2 20M
t_done
