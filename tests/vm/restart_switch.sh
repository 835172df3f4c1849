#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The switch is stopped, then killed, under a running guest, and traffic comes back without the
# guest's doing. Here the switch is the socket's server:
# QEMU connects to the switch's socket and reconnects by itself.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

ns_add host
need "the guest's files are there" vm_prepare
need "the switch starts" sw_start
need "a network" net_up red web 10
need "the guest's port" vhost_port vm1 red web role=server
need "the namespace's port" tap_port host red web 10.0.0.9/24
need "vm1 starts" vm_boot vm1 ip=10.0.0.1/24 role=client
check "it reaches the namespace" reaches vm1 10.0.0.9
uptime=$(on vm1 "cut -d. -f1 /proc/uptime")

need "a clean restart" sw_restart
check "the port is ready again" port_ready vm1
check "traffic is back" reaches vm1 10.0.0.9
check "the other way too" reaches host 10.0.0.1

sw_crash
need "a start after kill -9" sw_start
check "the port is ready after a crash" port_ready vm1
check "traffic is back after a crash" reaches vm1 10.0.0.9
need "iperf3 in the namespace" iperf_server host
measured check_range "and flows, b/s" 20000000 1e12 iperf_tcp vm1 10.0.0.9 2
same_guest() { (($(on vm1 "cut -d. -f1 /proc/uptime") >= uptime)); }
check "the guest never rebooted" same_guest
t_done
