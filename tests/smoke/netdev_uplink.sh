#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Tenants on a shared wire that is a real one: uplinks on both ends of a veth pair, behind the far one
# every tenant has a router at the same address. What is in nobody's map is the host's.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

near_map=vlan10:red/web,vlan20:blue/web,s100.10:green/lab
far_map=vlan10:red/far,vlan20:blue/far,s100.10:green/far

# end NAME TENANT NETWORK ADDRESS: a network without a VLAN number and a port in it
end() {
    ctl network add "$2/$3" && tap_port "$1" "$2" "$3" "$4"
}
uplink() { # NAME INTERFACE MAP
    ctl port add "$1" type=netdev "iface=$2" mode=uplink "map=$3"
}

ns_add host red blue green rfar bfar gfar
SW_NETNS=host
need "a cable" ns_wire host w0 host w1
need "the switch starts" sw_start
for tenant in red blue green; do need "tenant $tenant" ctl tenant add $tenant; done
need "red's VM" end red red web 10.0.0.1/24
need "blue's VM has its address" end blue blue web 10.0.0.1/24
need "green's too" end green green lab 10.0.0.1/24
need "red's router" end rfar red far 10.0.0.254/24
need "blue's router has its address" end bfar blue far 10.0.0.254/24
need "green's too" end gfar green far 10.0.0.254/24
need "an uplink" uplink up0 w0 "$near_map"
need "another one" uplink up1 w1 "$far_map"
need "both are ready" port_ready up1
for name in rfar bfar gfar; do need "who is $name" ident_serve $name $name; done

# The host's own, on the same cable: one end moved to another namespace would be the plain way, but the
# other end is ours as well; so a frame by hand, that the host's tcpdump must see on the far end.
host_gets() { # TAG
    sniff_start host w1 "vlan $1" && raw_send host w0 "ffffffffffff0200000000998100$(printf %04x "$1")88b5" &&
        wait_for 3 grep -q "vlan $1" "$T_DIR/host.sniff"
}

for xdp in native off; do
    for port in up0 up1; do need "$port, xdp=$xdp" ctl port set $port xdp=$xdp; done
    for pair in red:rfar blue:bfar green:gfar; do
        check "$xdp: ${pair%:*} reaches its router" reaches "${pair%:*}" 10.0.0.254
        check_eq "$xdp: and it is ${pair#*:}" "${pair#*:}" ident_ask "${pair%:*}" 10.0.0.254
    done
done
check "a tag in nobody's map stays with the host" host_gets 30
need "red's VLAN leaves the map" ctl port set up0 "map=vlan20:blue/web,s100.10:green/lab"
check "red's router is out of reach" reaches_not red 10.0.0.254
check_eq "blue's is not" bfar ident_ask blue 10.0.0.254
t_done
