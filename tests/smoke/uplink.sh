#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Tenants on a shared wire: two uplinks with a cable between them, and behind the far one every
# tenant has a router of his own at the same address.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

head=ffffffffffff020000000099 # broadcast from 02:00:00:00:00:99

saw() { wait_for 3 grep -Eq "$2" "$T_DIR/$1.sniff"; } # NAME PATTERN
more_drops() { (($(drops "$1") > $2)); }              # REASON BEFORE
more_after_a_second() { # BEFORE
    sleep 1
    echo $(($(port_counter up1 out_pkts) - $1))
}

# steady_ping END IP COUNT: how many of COUNT requests, 10 ms apart, were answered
steady_ping() {
    on "$1" "ping -q -i0.01 -W1 -c$3 $2" >"$T_DIR/$1.ping"
    grep -oE '[0-9]+ received' "$T_DIR/$1.ping"
}

ns_add wire
need "the switch starts" sw_start
scene_tenants
need "red's management" scene_end mgmt red mgmt 10.0.0.1/24
need "and a router of it" scene_end mfar red mfar 10.0.0.254/24
need "an uplink" uplink_port up0 wire "$scene_near,untagged:red/mgmt"
need "another one" uplink_port up1 wire "$scene_far,untagged:red/mfar"
need "both are ready" port_ready up1
need "a cable" cable wire up0 up1

scene_routers "" mgmt:mfar

need "tcpdump on the wire" sniff_start wire up0
need "red pings" ping_once red 10.0.0.254
need "blue pings" ping_once blue 10.0.0.254
need "green pings" ping_once green 10.0.0.254
need "the management pings" ping_once mgmt 10.0.0.254
check "red is VLAN 10 there" saw wire 'vlan 10, .*10.0.0.1 > 10.0.0.254'
check "blue is VLAN 20" saw wire 'vlan 20, .*10.0.0.1 > 10.0.0.254'
check "green is VLAN 10 in service VLAN 100" saw wire \
    '\(0x88a8\).* vlan 100, .*vlan 10, .*10.0.0.1 > 10.0.0.254'
check "the management has no tag" saw wire 'ethertype IPv4 \(0x0800\).*: 10.0.0.1 > 10.0.0.254'

before=$(drops vlan_unmapped)
need "somebody sends tag 30" raw_send wire up0 "${head}8100001e88b5cafe"
check "a tag that the map does not name is dropped and counted" wait_for 3 more_drops \
    vlan_unmapped "$before"
before=$(drops vlan_unmapped)
need "somebody sends tag 11 in service VLAN 100" raw_send wire up0 "${head}88a800648100000b88b5cafe"
check "so is an inner tag" wait_for 3 more_drops vlan_unmapped "$before"

check_eq "port show has the map" s100.10:green/lab port_get up0 \
    'map[2] | .tag + ":" + .tenant + "/" + .network'
check_eq "an uplink may learn more addresses" 16384 port_get up0 max_fdb
check_eq "and has a limit for storms" 10000 port_get up0 flood_broadcast_pps
check "the map is a table for people" grep -Eq '^vlan20 +blue +web$' <(ctl port show up0)

seen_by() { ctl_json "map(.name) | join(\" \")" port list "tenant=$1"; }
map_seen_by() { ctl_json 'map(select(.name == "up0"))[0].map | map(.tag + ":" + .tenant + "/" + .network) | join(",")' \
    port list "tenant=$1"; }
check_eq "a tenant's ports are its own and the uplinks that carry it" "green gfar up0 up1" seen_by green
check_eq "with its part of their maps" s100.10:green/lab map_seen_by green
check_eq "all of them" vlan10:red/web,untagged:red/mgmt map_seen_by red
need "a tenant that no uplink carries" ctl tenant add white
check_eq "has none" "" seen_by white

check "a tag is one network's" ctl_refused port set up0 map+=vlan10:blue/web
check "the refusal names both owners" grep -q "'red/web' already, it cannot be 'blue/far' too" \
    <(ctl port set up0 map+=vlan10:blue/far 2>&1)
check "a network has one tag" ctl_refused port set up0 map+=vlan11:red/web
check "part of a service VLAN is not to be had twice" ctl_refused port set up0 map+=s100:blue/far
check "an uplink has no tenant" ctl_refused port set up0 tenant=red
check "a network in a map stays" ctl_refused network del green/lab
check_eq "nothing of that changed the map" 4 port_get up0 'map | length'

steady_ping red 10.0.0.254 200 >"$T_DIR/steady" &
steady=$!
check "blue's tag is taken away" ctl port set up0 map-=vlan20
check "blue is cut off" reaches_not blue 10.0.0.254
check "and comes back with another" ctl port set up0 map+=vlan21:blue/web
need "at the far end too" ctl port set up1 map-=vlan20 map+=vlan21:blue/far
check "blue reaches its router again" reaches blue 10.0.0.254
wait $steady
check_eq "red has lost nothing meanwhile" "200 received" cat "$T_DIR/steady"

"$VSW_BUILD/vswitchctl" -s "$VSW_SOCKET" capture up0 both -w "$T_DIR/up0.pcapng" -c 8 \
    2>"$T_DIR/capture.said" &
capture=$!
need "a capture of the uplink" wait_for 5 test -s "$T_DIR/up0.pcapng"
for name in red green red green; do need "$name pings" ping_once $name 10.0.0.254; done
check "it ends with its count" wait $capture
check "and has red's tag" grep -q 'vlan 10, .*10.0.0.1 > 10.0.0.254' \
    <(tcpdump -n -e -r "$T_DIR/up0.pcapng" 2>/dev/null)
check "and both of green's" grep -Eq 'vlan 100, .*vlan 10, .*10.0.0.254 > 10.0.0.1' \
    <(tcpdump -n -e -r "$T_DIR/up0.pcapng" 2>/dev/null)

# Both in one network, with the cable between them: a loop, were they a bridge.
need "red's network at both ends" ctl port set up1 map-=vlan10 map+=vlan10:red/web
before=$(port_counter up1 out_pkts)
need "red sends a broadcast" raw_send red red "${head}88b5cafe"
check "red is alive" ping_once red 10.0.0.1
check_range "it does not go round and round" 0 20 more_after_a_second "$before"
need "as it was" ctl port set up1 map-=vlan10 map+=vlan10:red/far
check "red reaches its router still" reaches red 10.0.0.254

need "the switch starts anew" sw_restart
need "the uplink is back" port_ready up1
check "with its map" reaches green 10.0.0.254
check_eq "and blue's new tag" vlan21:blue/web port_get up0 \
    'map[] | select(.tenant == "blue") | .tag + ":" + .tenant + "/" + .network'
t_done
