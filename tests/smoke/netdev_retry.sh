#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# A port that worked once waits for its interface: what would refuse a new port is after a restart, or
# a change that was undone, a state that ends by itself when the cause goes.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

says() { [[ $(port_get up0 reason) == *"$1"*"; tried again by itself" ]]; }
is() { wait_for 5 says "$1" || ! port_get up0 reason; }
foreign() { ns_link host set dev up0 xdp obj "$VSW_BUILD/bpf/netdev_xdp.bpf.o" sec xdp; }
logged() { grep -q "port up0: error: $1" "$SW_LOG"; }
set_refused() { # SENTENCE KEY=VALUE...
    local sentence=$1 output
    shift
    output=$(ctl_refused port set up0 "$@")
    printf '%s\n' "$output"
    [[ $output == *"$sentence"* ]]
}
# Another switch that has the interface: its program hangs on a link, and the kernel tells nobody when
# that goes.
other_start() {
    echo '{"version":1,"ports":[{"name":"x","type":"netdev","options":{"iface":"up0","xdp":"native"}}]}' \
        >"$T_DIR/other.json"
    ns_bg host "$VSW_BUILD/vswitchd" --run-dir "$T_DIR/other" --state-dir "$T_DIR/other" --workers 1 \
        --no-save --config "$T_DIR/other.json"
    other_pid=${ns_bg_pids[host]##* }
    wait_for 10 other_has_it
}
other_stop() { # as hard as it gets
    kill_wait "$other_pid"
    wait_for 5 eval '! other_has_it'
}
other_has_it() { ns_link host show dev up0 | grep -q 'prog/xdp id'; }

scene_wire
need "an uplink" ctl port add up0 type=netdev iface=up0 tenant=red networks=web xdp=native
check "frames pass" reaches a 10.0.0.9

need "the switch stops" sw_stop
need "somebody else's program" foreign
need "the switch starts" sw_start
check "it says who is in the way, and that it waits" is "an XDP program of somebody else"
check "the log says so" logged "an XDP program of somebody else"
check "the log counts it" grep -q "2 ports (some out of service)" "$SW_LOG"
need "the program goes" ns_link host set dev up0 xdp off
check "the port works by itself" port_ready up0 5
check "and carries frames" reaches a 10.0.0.9

need "the switch stops" sw_stop
need "a smaller MTU" ns_link host set dev up0 mtu 1400
need "the switch starts" sw_start
check "an MTU that does not fit: it says so" is "has an MTU of 1400"
need "the MTU is back" ns_link host set dev up0 mtu 1500
check "the port works by itself" port_ready up0 5

need "the switch stops" sw_stop
need "another switch has the interface" other_start
need "the switch starts" sw_start
check "another switch: it says so" is "an XDP program of somebody else"
need "the other one ends" other_stop
check "nobody tells, the port works by itself" port_ready up0 5
check "and carries frames" reaches a 10.0.0.9

need "without XDP" ctl port set up0 xdp=off
need "somebody else's program" foreign
check "a change that is refused" set_refused "an XDP program of somebody else" xdp=native
check "leaves the port as it was" port_ready up0
check "and it carries frames" reaches a 10.0.0.9

# What a killed daemon has left of a NIC that it told not to take VLAN tags out (no veth is told that;
# see tests/unit/test_netdev_tags.c for who makes the note).
takes_tags() { ns_run host ethtool -k up0 | grep -q 'rx-vlan-offload: on'; }
need "the port goes" ctl port del up0
need "the program goes" ns_link host set dev up0 xdp off
sw_crash
need "a NIC that was told" ns_run host ethtool -K up0 rxvlan off
note="$(ns_run host stat -L -c %i /proc/self/ns/net) $(ns_run host cat /sys/class/net/up0/ifindex)"
echo "$(cat /proc/sys/kernel/random/boot_id) $note -" >"$SW_RUN/netdev-rxvlan-${note/ /-}"
need "the switch starts" sw_start
check "the setting is put back" takes_tags
check_eq "once" "" ls "$SW_RUN"
t_done
