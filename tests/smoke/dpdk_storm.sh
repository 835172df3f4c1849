#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Devices added and removed again and again while frames pass, and while others are refused: no
# descriptor, no memory and no device is left behind, and the neighbour does not lose a ping.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

veth=vd$$
fds() { find "/proc/$sw_pid/fd" -mindepth 1 | wc -l; }
# Resident, but for DPDK's own memory: that is of one size, and touched little by little.
rss_kib() {
    awk '/^[0-9a-f]+-/ { dpdk = /memfd:/ } /^Rss:/ && !dpdk { sum += $2 } END { print sum }' \
        "/proc/$sw_pid/smaps"
}
maps() { wc -l <"/proc/$sw_pid/maps"; }
add() { # NAME DEVARGS [KEY=VALUE]
    local name=$1 devargs=$2
    shift 2
    ctl port add "$name" type=dpdk tenant=red networks=web "devargs=$devargs" "$@"
}
round() {
    add up "net_af_packet0,iface=$veth" && add ring net_ring0 &&
        add gen net_null0,size=64,copy=1 limit_in_pps=20000 &&
        add bond net_bonding0,mode=1 "members=net_null1,no-rx=1;net_null2,no-rx=1" &&
        add mem "net_memif0,role=server,socket=$SW_RUN/m.sock,socket-abstract=no" &&
        ! add bad "net_pcap0,rx_pcap=$SW_RUN/nosuch" &&
        ! add taken net_ring0 &&
        ctl port del gen && ctl port del bond && ctl port del up && ctl port del ring && ctl port del mem
}
rounds() { # COUNT
    local i
    for ((i = 0; i < $1; i++)); do round || return 1; done
}

ns_add a b out
need "a veth pair" ip link add "$veth" type veth peer name out netns "$(ns_name out)"
t_defer ip link del "$veth"
need "its ends are up" eval "ip link set $veth up && ns_run out ip link set out up"
need "the switch starts" sw_start
need "a network" net_up red web 10
need "another tenant" net_up blue web 10
need "port a" tap_port a blue web 10.0.0.1/24
need "port b" tap_port b blue web 10.0.0.2/24
need "blue works" reaches a 10.0.0.2
need "frame_blast" test -x "$VSW_BUILD/tests/tools/frame_blast"
blast_bg out dst=ff:ff:ff:ff:ff:ff pps=2000 seconds=120
check "three rounds to warm up" rounds 3
fds_before=$(fds) rss_before=$(rss_kib) maps_before=$(maps)
storm() {
    on a "ping -q -c 60 -i 0.1 -W 2 10.0.0.2" >"$T_DIR/ping" &
    local ping=$!
    check "fifteen more under traffic" rounds 15
    wait "$ping"
    check_range "blue lost nothing, %" 0 0 sed -nE 's/.* ([0-9.]+)% packet loss.*/\1/p' "$T_DIR/ping"
    storms=$((storms + 1))
}
storms=0
measured storm
# What net_memif of DPDK leaves behind, see dpdk/dpdk_memif.c.
check_range "no descriptor is left, but one for each memif" 0 $((fds_before + 15 * storms)) fds
check_range "no mapping is left, but for a few of the allocator's" 0 $((maps_before + 8)) maps
# 3 KiB a round are net_memif's, too.
check_range "resident KiB: at most 256 more than $rss_before" 0 $((rss_before + 256 * storms)) rss_kib
t_done
