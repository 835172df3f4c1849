#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# A bond of two uplinks into one physical switch (a bridge in a namespace): either leg may fail, and
# at most a second is lost.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

leg=vd$$
make_leg() { # NUMBER
    ip link add "$leg$1" type veth peer name "leg$1" netns "$(ns_name out)" && ip link set "$leg$1" up &&
        ns_run out ip link set "leg$1" master br0 && ns_run out ip link set "leg$1" up
}
make_bridge() {
    ns_run out ip link add br0 address 02:00:00:00:00:01 type bridge && ns_run out ip link set br0 up &&
        ns_run out ip address add 10.0.0.1/24 dev br0
}
# lost_while COMMAND...: pings that got no answer while it happens, of 10 in a second
lost_while() {
    on a "ping -q -c 40 -i 0.1 -W 1 10.0.0.1" >"$T_DIR/ping" &
    local ping=$!
    sleep 1
    "$@" || return 1
    wait "$ping"
    sed -nE 's/^([0-9]+) packets transmitted, ([0-9]+) received.*/\1 \2/p' "$T_DIR/ping" |
        awk '{ print $1 - $2 }'
}
members_in() { [[ $(port_get up features) == *"$1 of 2 members in use"* ]]; }

ns_add a out
need "a bridge in a namespace" make_bridge
for i in 0 1; do
    need "leg $i" make_leg $i
    t_defer ip link del "$leg$i"
done
need "the switch starts" sw_start
need "a network" net_up red web 10
need "port a" tap_port a red web 10.0.0.2/24
need "the bond" ctl port add up type=dpdk tenant=red networks=web devargs=net_bonding0,mode=1 \
    "members=net_af_packet0,iface=${leg}0;net_af_packet1,iface=${leg}1"
check "it is ready" port_ready up
check "both members are in use" members_in 2
check "it works, and no frame comes twice" reaches a 10.0.0.1
leg_fails() { # NUMBER TEXT
    need "both legs are up" ns_run out ip link set "leg$1" up
    need "both members are in use" wait_for 3 members_in 2
    check_range "$2" 0 10 lost_while ns_run out ip link set "leg$1" down
}
measured leg_fails 0 "the active leg fails: at most 10 of 10 pings a second are lost"
check "one member is in use" members_in 1
check "the port is still ready" port_is_ready up
check "still works" reaches a 10.0.0.1
need "the leg is back" ns_run out ip link set leg0 up
check "both members are in use again" wait_for 3 members_in 2
measured leg_fails 1 "the other leg fails"
check "one member is in use" members_in 1
need "the leg is removed altogether" ip link del "${leg}1"
check "still works" reaches a 10.0.0.1
need "and made again" make_leg 1
check "both members are in use again" wait_for 5 members_in 2
check "still works" reaches a 10.0.0.1
t_done
