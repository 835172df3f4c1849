#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# A guest with QEMU's ordinary TAP, which QEMU makes and knows nothing of the switch, joins by a netdev
# port: before the guest starts, while it runs, and when it starts once more.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

tap=t$$
tap_up() { wait_for 5 ip link set dev "$tap" up; }
missing() { [[ $(port_get vm1 reason) == *"there is no interface $tap"* ]]; }

ns_add host
need "the guest's files are there" vm_prepare
need "the switch starts" sw_start
need "a network" net_up red web 10
need "the namespace's port" tap_port host red web 10.0.0.9/24
need "the guest's port, before there is a guest" ctl port add vm1 type=netdev "iface=$tap" \
    tenant=red networks=web
check "it waits for the interface" missing
need "the guest starts" vm_start vm1 "tap=$tap" ip=10.0.0.1/24 mac=52:54:00:00:00:01
need "the TAP is up" tap_up
need "the guest is up" vm_wait_ready vm1
check "the port is ready" port_ready vm1
check "guest to namespace" reaches vm1 10.0.0.9
check "namespace to guest" reaches host 10.0.0.1
check "a large ping, in fragments" on host "ping -c3 -i0.2 -W1 -s 8000 10.0.0.1"
need "iperf3 in the namespace" iperf_server host
need "iperf3 in the guest" iperf_server vm1
measured check_range "TCP guest to namespace, b/s" 50000000 1e12 iperf_tcp vm1 10.0.0.9 2
measured check_range "TCP namespace to guest, b/s" 50000000 1e12 iperf_tcp host 10.0.0.1 2
measured check_range "UDP 20 Mb/s namespace to guest, % lost" -1 2 iperf_udp_loss host 10.0.0.1 2 20M

step "kill -9 of the guest"
vm_kill vm1
check "the port waits again" wait_for 5 missing
need "the guest starts again" vm_start vm1 "tap=$tap" ip=10.0.0.1/24 mac=52:54:00:00:00:01
need "the TAP is up" tap_up
need "the guest is up" vm_wait_ready vm1
check "the port is ready" port_ready vm1
check "guest to namespace" reaches vm1 10.0.0.9
t_done
