#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Tenants on a shared wire that is a real one: uplinks on both ends of a veth pair, behind the far one
# every tenant has a router at the same address. What is in nobody's map is the host's.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

uplink() { # NAME INTERFACE MAP
    ctl port add "$1" type=netdev "iface=$2" mode=uplink "map=$3"
}

ns_add host
SW_NETNS=host
need "a cable" ns_wire host w0 host w1
need "the switch starts" sw_start
scene_tenants
need "an uplink" uplink up0 w0 "$scene_near"
need "another one" uplink up1 w1 "$scene_far"
need "both are ready" port_ready up1

# The host's own, on the same cable: one end moved to another namespace would be the plain way, but the
# other end is ours as well; so a frame by hand, that the host's tcpdump must see on the far end.
host_gets() { # TAG
    sniff_start host w1 "vlan $1" && raw_send host w0 "ffffffffffff0200000000998100$(printf %04x "$1")88b5" &&
        wait_for 3 grep -q "vlan $1" "$T_DIR/host.sniff"
}

for xdp in native off; do
    for port in up0 up1; do need "$port, xdp=$xdp" ctl port set $port xdp=$xdp; done
    scene_routers "$xdp: "
done
check "a tag in nobody's map stays with the host" host_gets 30
need "red's VLAN leaves the map" ctl port set up0 "map=vlan20:blue/web,s100.10:green/lab"
check "red's router is out of reach" reaches_not red 10.0.0.254
check_eq "blue's is not" bfar ident_ask blue 10.0.0.254
t_done
