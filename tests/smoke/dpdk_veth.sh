#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# net_af_packet on a veth: a namespace behind the uplink, plain and with VLANs; its link, its end and
# its return; an idle switch that has such a port stays quiet.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

veth=vd$$
make_veth() {
    ip link add "$veth" type veth peer name eth0 address 02:00:00:00:00:01 netns "$(ns_name out)" &&
        ip link set "$veth" up && ns_run out ip link set eth0 up &&
        ns_run out ip address add 10.0.0.1/24 dev eth0
}
state_is() { [[ $(port_get up state) == "$1" ]]; }
heard() { # NAME REGEX
    wait_for 5 eval "sniffed $1 | grep -q '$2'" || { sniffed "$1" && false; }
}

ns_add a b out
need "a veth pair into a namespace" make_veth
t_defer ip link del "$veth"
need "the switch starts" sw_start
need "a network" net_up red web 10
need "another" ctl network add red/db vlan=20
need "port a" tap_port a red web 10.0.0.2/24
need "port b" tap_port b red db 10.0.1.2/24
need "the uplink: a trunk" ctl port add up type=dpdk "devargs=net_af_packet0,iface=$veth" \
    tenant=red mode=trunk networks=db native=web
check "it is ready" port_ready up
check "untagged frames" reaches a 10.0.0.1
check "full ones" reaches a 10.0.0.1 1472
need "b listens" sniff_start b b
need "a frame of VLAN 20 from outside" raw_send out eth0 'ffffffffffff 02000000000c 81000014 88b5 cafe'
check "comes to b untagged, though the kernel had taken its tag off on the way" heard b '0200 0000 000c 88b5 cafe'
need "the outside listens" sniff_start out eth0
need "a frame of b's" raw_send b b 'ffffffffffff 02000000000d 88b5 beef'
check "comes out with VLAN 20" heard out '02:00:00:00:00:0d.*vlan 20'
check "from outside" reaches out 10.0.0.2
check "port show says how it idles" ctl_json 'select(.features | test("polled every 100 to 1000 us"))' port show up
measured check_range "at most 150 ms of CPU in 3 quiet seconds" 0 150 cpu_ms_in 3

need "no carrier" ns_run out ip link set eth0 down
check "the port is not ready" wait_for 2 state_is connected
need "carrier again" ns_run out ip link set eth0 up
check "it is ready again" port_ready up 2
check "and works" reaches a 10.0.0.1
need "the poll interval is changed live" ctl port set up poll_us=200
check "port show has it" ctl_json 'select(.features | test("100 to 200 us"))' port show up
need "the port is taken down" ctl port set up up=false
check "nothing passes" reaches_not a 10.0.0.1
need "and up" ctl port set up up=true
check "it passes again" reaches a 10.0.0.1

need "the interface is removed" ip link del "$veth"
check "the port says so" wait_for 5 state_is error
step "$(port_get up reason)"
need "it is made again" make_veth
check "the port is ready by itself" port_ready up 5
check "and works" reaches a 10.0.0.1
t_done
