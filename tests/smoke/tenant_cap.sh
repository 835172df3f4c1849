#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# A tenant's rate over all its ports: two senders share it and stay below it together, a third of
# another tenant does not feel it.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

ns_add a1 a2 b1 b2 x1 x2
need "the switch starts" sw_start
need "a network" net_up red web 10
need "another tenant" net_up blue web 10
need "both ports of red together send at most 40 Mb/s" ctl tenant set red limit_in_bps=40M
ip=0
for name in a1 a2 b1 b2; do
    ip=$((ip + 1))
    need "port $name" tap_port $name red web 10.0.0.$ip/24
done
need "port x1, another tenant's" tap_port x1 blue web 10.0.0.5/24
need "port x2" tap_port x2 blue web 10.0.0.6/24
need "iperf3 in a2" iperf_server a2
need "iperf3 in b2" iperf_server b2
need "iperf3 in x2" iperf_server x2

# Every port sends: answers count, too.
rates_of_red() { # SECONDS: into $a1 $a2 $b1 $b2
    rates_over "$1" a1.in_wire_bytes a2.in_wire_bytes b1.in_wire_bytes b2.in_wire_bytes >"$T_DIR/rates"
    read -r a1 a2 b1 b2 <"$T_DIR/rates"
}
cap_holds() {
    rates_of_red 10
    step "a1 $(human_bps "$a1"), b1 $(human_bps "$b1"), their answers $(human_bps $((a2 + b2)))"
    check_limit "all ports together: within 5 % of 40 Mb/s" 38000000 42000000 echo $((a1 + a2 + b1 + b2))
    check_range "shared evenly by two TCP flows: the first has its half" 45 55 echo $((a1 * 100 / (a1 + b1)))
}
mac_of() { ns_run "$1" cat "/sys/class/net/$1/address"; }
# By bytes: who sends short frames, more of them than fit, has as much as who sends long ones.
shared_evenly() {
    blast_bg a1 "src=$(mac_of a1)" "dst=$(mac_of a2)" bytes=64 pps=80000 seconds=5
    blast_bg b1 "src=$(mac_of b1)" "dst=$(mac_of b2)" bytes=1500 pps=6000 seconds=5
    sleep 1
    rates_of_red 3
    blast_wait a1
    blast_wait b1
    step "a1 $(human_bps "$a1"), b1 $(human_bps "$b1")"
    check_range "shared evenly by frames of 64 and of 1500 bytes: the first has its half" 45 55 \
        echo $((a1 * 100 / (a1 + b1)))
}
cap_is_followed() {
    rates_of_red 3
    check_limit "and followed" 17000000 22000000 echo $((a1 + a2 + b1 + b2))
    check_range "tenant show measures it, too" 15000000 23000000 ctl_json .in_bps tenant show red
}

need "a2 is known" reaches a1 10.0.0.2
need "b2 is known" reaches b1 10.0.0.4
measured shared_evenly
for pair in "a1 10.0.0.2" "b1 10.0.0.4"; do # until they are no longer needed
    read -r name ip <<<"$pair"
    ns_bg "$name" iperf3 -t 3600 -c "$ip"
done
sleep 5 # the time to settle that the limit's definition grants
measured cap_holds
need "the cap is changed live" ctl tenant set red limit_in_bps=20M
measured cap_is_followed
measured check_range "another tenant does not feel it" 100000000 1e12 iperf_tcp x1 10.0.0.6 1
need "the cap is taken away" ctl tenant set red limit_in_bps=unlimited
measured check_range "and gone" 50000000 1e12 rate_over 1 a1.in_wire_bytes
t_done
