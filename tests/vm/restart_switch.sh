#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The switch is stopped, then killed, under two running guests, and traffic comes back without their
# doing. To vm1 the switch is the socket's server, QEMU connects again by itself; to vm2 it is the
# client, and connects again and again until it can.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

declare -A ip=([vm1]=10.0.0.1 [vm2]=10.0.0.2) uptime=()
uptime_of() { on "$1" "cut -d. -f1 /proc/uptime"; }
same_guest() { (($(uptime_of "$1") >= uptime[$1])); }
all_is_back() { # WHEN
    local vm
    for vm in vm1 vm2; do
        check "$vm's port is ready after $1" port_ready $vm
        check "traffic is back" reaches $vm 10.0.0.9
        check "the other way too" reaches host "${ip[$vm]}"
    done
    check "and between them" reaches vm1 "${ip[vm2]}"
}

ns_add host
need "the guest's files are there" vm_prepare
need "the switch starts" sw_start
need "a network" net_up red web 10
need "vm1's port" vhost_port vm1 red web role=server
need "vm2's port" vhost_port vm2 red web role=client
need "the namespace's port" tap_port host red web 10.0.0.9/24
need "vm1 starts" vm_start vm1 ip="${ip[vm1]}/24" mac=52:54:00:00:00:01 role=client
need "vm2 starts" vm_boot vm2 ip="${ip[vm2]}/24" mac=52:54:00:00:00:02 role=server
need "vm1 is up" vm_wait_ready vm1
for vm in vm1 vm2; do
    check "$vm reaches the namespace" reaches $vm 10.0.0.9
    uptime[$vm]=$(uptime_of $vm)
done

need "a clean restart" sw_restart
all_is_back "a restart"
sw_crash
need "a start after kill -9" sw_start
all_is_back "a crash"
need "iperf3 in the namespace" iperf_server host
for vm in vm1 vm2; do
    measured check_range "$vm flows, b/s" 20000000 1e12 iperf_tcp $vm 10.0.0.9 2
    check "$vm never rebooted" same_guest $vm
done
t_done
