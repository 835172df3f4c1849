#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Rate limits, counted by the switch after 5 s to settle, and the rate TCP makes of them. The pairs
# run side by side to keep this short.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

# measured PORT FIELD SECONDS: bits per second over that time, by the port's own counter
measured() {
    local start end bytes
    start=${EPOCHREALTIME/./}
    bytes=$(port_counter "$1" "$2") || return 1
    sleep "$3"
    end=${EPOCHREALTIME/./}
    echo $((($(port_counter "$1" "$2") - bytes) * 8000000 / (end - start)))
}

ns_add a1 a2 b1 b2
need "the switch starts" sw_start
need "a network" net_up red web 10
need "port a1, sends at most 10 Mb/s" tap_port a1 red web 10.0.0.1/24 limit_in_bps=10M
need "port a2" tap_port a2 red web 10.0.0.2/24
need "port b1" tap_port b1 red web 10.0.0.3/24
need "port b2, receives at most 200 Mb/s" tap_port b2 red web 10.0.0.4/24 limit_out_bps=200M
need "iperf3 in a2" iperf_server a2
need "iperf3 in b2" iperf_server b2

iperf_tcp a1 10.0.0.2 17 >"$T_DIR/a.bps" &
client_a=$!
iperf_tcp b1 10.0.0.4 17 >"$T_DIR/b.bps" &
client_b=$!
sleep 5 # the time to settle that the limit's definition grants
measured a2 out_bytes 10 >"$T_DIR/a.measured" &
measurement=$!
b_measured=$(measured b2 out_bytes 10)
wait $measurement
check_range "10 Mb/s shaped: within 5 %" 9500000 10500000 cat "$T_DIR/a.measured"
check_range "200 Mb/s policed: never above it by 5 %" 160000000 210000000 echo "$b_measured"
wait $client_a $client_b
check_range "TCP reaches 90 % of the shaped rate" 9000000 10500000 cat "$T_DIR/a.bps"
check_range "TCP reaches 80 % of the policed rate" 160000000 210000000 cat "$T_DIR/b.bps"

need "the limit is changed live" ctl port set a1 limit_in_bps=50M
check_range "and followed" 40000000 52500000 iperf_tcp a1 10.0.0.2 4
need "and taken away" ctl port set a1 limit_in_bps=0
check_range "then TCP is free again" 100000000 1e12 iperf_tcp a1 10.0.0.2 2
t_done
