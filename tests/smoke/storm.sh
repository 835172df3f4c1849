#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# A storm of garbage in one tenant: wild types and tags, runts, jumbos, false checksum and
# segmentation requests. The other tenant does not lose a ping.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

SECONDS_SENT=${VSW_STORM_S:-10}

ns_add r1 r2 r3 b1 b2
need "the switch starts" sw_start
need "a network" net_up red web 10
need "another tenant" net_up blue web 10
need "another network" ctl network add red/db vlan=20
need "port r1, the source" tap_port r1 red web '' mtu=9000
need "port r2 with a smaller MTU" tap_port r2 red web 10.0.0.2/24 mac=02:00:00:00:00:02
need "port r3, a trunk" tap_port r3 red web,db '' mode=trunk mtu=9000
need "port b1" tap_port b1 blue web 10.0.0.1/24
need "port b2" tap_port b2 blue web 10.0.0.2/24
check "blue works" reaches b1 10.0.0.2

storm() {
    local before
    before=$(port_counter r1 in_pkts)
    blast_bg r1 dst=02:00:00:00:00:02 garbage=yes pps=20000 seconds="$SECONDS_SENT" seed=$$
    on b1 "ping -q -c $((SECONDS_SENT * 10)) -i 0.1 -W 2 10.0.0.2" $((SECONDS_SENT + 20)) >"$T_DIR/ping"
    blast_wait r1
    step "$(tail -n 1 "$T_DIR/r1.out"), seed $$"
    check_range "blue lost nothing, %" 0 0 sed -nE 's/.* ([0-9.]+)% packet loss.*/\1/p' "$T_DIR/ping"
    check_range "the switch took the storm" $((SECONDS_SENT * 2000)) 1e9 echo $(($(port_counter r1 in_pkts) - before))
}
measured storm
for port in r1 r2 r3; do
    check "port $port is still ready" port_is_ready $port
done
blue_drops() { ctl_json '[.[].count] | add // 0' stats drops tenant=blue; }
check_eq "and none of it is in blue's counters" 0 blue_drops
step "what became of it: $(ctl_json '[.[] | "\(.reason) \(.count)"] | join(", ")' stats drops by=total)"
t_done
