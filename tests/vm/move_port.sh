#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# A guest's port moves between workers under load; the connection lives and order is kept.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

SW_WORKERS=2
ns_add host
need "the guest's files are there" vm_prepare
need "the switch starts with two workers" sw_start
need "a network" net_up red web 10
need "the guest's port" vhost_port vm1 red web
need "the namespace's port" tap_port host red web 10.0.0.9/24
need "vm1 starts" vm_boot vm1 ip=10.0.0.1/24
check "it reaches the namespace" reaches vm1 10.0.0.9
need "iperf3 in the namespace" iperf_server host
flows() { (($(port_counter vm1 in_pkts) > rx + 500)); }
moves() {
    local client rx to
    iperf_tcp vm1 10.0.0.9 6 >"$T_DIR/bps" &
    client=$!
    rx=$(port_counter vm1 in_pkts)
    check "traffic flows" wait_for 10 flows
    for to in 1 0 1 0 1; do
        check "moved to worker $to" ctl worker move vm1/0 worker="$to"
        rx=$(port_counter vm1 in_pkts)
        check "traffic flows there" wait_for 5 flows
    done
    check "the connection lived" wait "$client"
    check_range "at a useful rate, b/s" 20000000 1e12 cat "$T_DIR/bps"
}
measured moves
t_done
