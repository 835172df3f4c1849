#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# What happens to the interface is what the port says, and it comes back by itself: absent, down,
# without carrier, renamed, another MTU, removed, made anew.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

says() { [[ $(port_get up0 reason) == *"$1"* ]]; }
is() { wait_for 5 says "$1"; }
wire() { wire_up && ns_link lan set dev wire address 02:00:00:00:00:09; }

ns_add host lan a
SW_NETNS=host
need "the switch starts" sw_start
need "a network" net_up red web 10
need "port a" tap_port a red web 10.0.0.1/24
need "an uplink whose interface is not there" ctl port add up0 type=netdev iface=up0 tenant=red networks=web
check "it says so" is "there is no interface up0"
need "a wire" wire
check "it is ready by itself" port_ready up0
check "and carries frames" reaches a 10.0.0.9

need "up0 goes down" ns_link host set dev up0 down
check "down: it says so" is "up0 is down"
need "up0 goes up" ns_link host set dev up0 up
check "up: it is ready" port_ready up0
check "and carries frames" reaches a 10.0.0.9
need "the peer goes down" ns_link lan set dev wire down
check "no carrier: it says so" is "no carrier"
need "the peer goes up" ns_link lan set dev wire up
check "carrier: it is ready" port_ready up0

need "up0 gets another name" ns_link host set dev up0 down
need "up0 gets another name" ns_link host set dev up0 name other
need "and goes up" ns_link host set dev other up
check "renamed: it is ready" port_ready up0
check "and carries frames" reaches a 10.0.0.9
need "the old name is back" ns_link host set dev other down
need "the old name is back" ns_link host set dev other name up0
need "and goes up" ns_link host set dev up0 up
check "it is ready" port_ready up0

need "a smaller MTU" ns_link host set dev up0 mtu 1400
check "MTU: it says so" is "has an MTU of 1400"
check "it still carries what fits" reaches a 10.0.0.9
need "the MTU is back" ns_link host set dev up0 mtu 1500
check "it is ready" port_ready up0

for xdp in auto off; do
    need "xdp=$xdp" ctl port set up0 xdp=$xdp
    # Traffic while the interface goes.
    ns_bg a ping -q -i 0.002 10.0.0.9
    need "up0 is removed" ns_link host del dev up0
    check "$xdp, removed: it says so" is "there is no interface up0"
    need "a new wire" wire
    check "$xdp, made anew: it is ready by itself" port_ready up0
    check "$xdp: and carries frames" reaches a 10.0.0.9
done
need "port down" ctl port set up0 up=false
check "a port that is down takes nothing" reaches_not a 10.0.0.9
need "the host's address" ns_run host ip address add 10.0.0.77/24 dev up0
check "then all is the host's" reaches lan 10.0.0.77
need "port up" ctl port set up0 up=true
check "and the switch's again" reaches a 10.0.0.9
t_done
