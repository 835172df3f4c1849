# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# shellcheck disable=SC2034 # SW_NETNS belongs to switch.sh
#
# What several scripts begin with. Tenant red has 10.0.0.0/24 in network web, VLAN 10; a port and its
# namespace have one name.

# scene_pair [KEY=VALUE...]: the switch, red's ports a (.1) and b (.2); the words are for both ports
scene_pair() {
    ns_add a b
    need "the switch starts" sw_start
    need "a network" net_up red web 10
    need "port a" tap_port a red web 10.0.0.1/24 "$@"
    need "port b" tap_port b red web 10.0.0.2/24 "$@"
    check "a reaches b" reaches a 10.0.0.2
}

# scene_wire [KEY=VALUE...]: the switch in a namespace of its own, host, that has interface up0. At its
# other end is namespace lan (.9); red has port a (.1), which the words are for.
scene_wire() {
    ns_add host lan a
    SW_NETNS=host
    need "a wire" wire_up
    need "the switch starts" sw_start
    need "a network" net_up red web 10
    need "port a" tap_port a red web 10.0.0.1/24 "$@"
}

# wire_up [WORD...]: the wire of that scene; the words are for both ends
wire_up() {
    ns_wire host up0 lan wire "$@" && ns_run lan ip address add 10.0.0.9/24 dev wire
}

# scene_tenants: tenants red, blue and green, each with a VM at 10.0.0.1 and a router at 10.0.0.254 in
# another network of his. Only uplinks with these maps bring the two together.
scene_near=vlan10:red/web,vlan20:blue/web,s100.10:green/lab
scene_far=vlan10:red/far,vlan20:blue/far,s100.10:green/far
scene_tenants() {
    local tenant
    for tenant in red blue green; do need "tenant $tenant" ctl tenant add $tenant; done
    need "red's VM" scene_end red red web 10.0.0.1/24
    need "blue's VM has its address" scene_end blue blue web 10.0.0.1/24
    need "green's too" scene_end green green lab 10.0.0.1/24
    need "red's router" scene_end rfar red far 10.0.0.254/24
    need "blue's router has its address" scene_end bfar blue far 10.0.0.254/24
    need "green's too" scene_end gfar green far 10.0.0.254/24
}

# scene_end NAME TENANT NETWORK ADDRESS: a port in a new network without a VLAN number; it says its name
scene_end() {
    ns_add "$1" && ctl network add "$2/$3" && tap_port "$1" "$2" "$3" "$4" && ident_serve "$1" "$1"
}

# scene_routers PREFIX [VM:ROUTER...]: each VM reaches its own router, not another's at that address
scene_routers() {
    local prefix=$1 pair
    for pair in red:rfar blue:bfar green:gfar "${@:2}"; do
        check "$prefix${pair%:*} reaches its router" reaches "${pair%:*}" 10.0.0.254
        check_eq "${prefix}and it is ${pair#*:}" "${pair#*:}" ident_ask "${pair%:*}" 10.0.0.254
    done
}
