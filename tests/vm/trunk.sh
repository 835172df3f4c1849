#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# A guest on a trunk: its VLAN interfaces reach their networks, each only its own; untagged is the
# native network.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

ns_add web db spare
need "the guest's files are there" vm_prepare
need "the switch starts" sw_start
need "network web" net_up red web 10
need "network db" net_up red db 20
need "network spare" net_up red spare 30
need "a trunk for web and db, native web" vhost_port vm1 red web,db mode=trunk native=web
need "a port in web" tap_port web red web 10.0.0.9/24
need "a port in db" tap_port db red db 10.0.20.9/24
need "a port in spare" tap_port spare red spare 10.0.30.9/24
need "vm1 starts" vm_boot vm1 ip=10.0.0.1/24 vlan=20:10.0.20.1/24,30:10.0.30.1/24
check "untagged reaches the native network" reaches vm1 10.0.0.9
check "tag 20 reaches db" reaches vm1 10.0.20.9
check "db reaches back" reaches db 10.0.20.1
check "tag 30 is not allowed" reaches_not vm1 10.0.30.9
check_range "and counted" 1 100000 drops vlan_not_allowed
need "iperf3 in db" iperf_server db
measured check_range "TCP with a tag and offloads, b/s" 20000000 1e12 iperf_tcp vm1 10.0.20.9 2
measured check_range "and back, b/s" 20000000 1e12 iperf_tcp vm1 10.0.20.9 2 -R
t_done
