#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Quotas: ports and addresses of a tenant, addresses of a port. Who floods the table loses its own
# entries, never those of others.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

VICTIM=02:00:00:00:00:0c PEER=02:00:00:00:00:0b SINK=02:00:00:00:00:0d

fdb_port() { ctl_json ".[] | select(.mac == \"$1\") | .port" fdb list; } # MAC
fdb_is() { [[ $(fdb_port "$1") == "$2" ]]; }                            # MAC PORT
entries_of() { ctl_json .fdb_entries "$1" show "$2"; }                  # port|tenant|network NAME
limit_and_count() { # MAX: of port a, once it may have no more than that
    ctl port set a "max_fdb=$1" >/dev/null && blast a "dst=$SINK" src=random count=20 >/dev/null && sleep 0.2
    entries_of port a
}

# A flood from port a into a sink, and the victim reached all along: no frame of its own may turn up
# at a.
flood_harms_nobody() { # NAME
    local before lost after_attack
    before=$(ns_stat a rx_packets)
    blast_bg a dst="$SINK" src=random pps=20000 seconds=3
    lost=$(on b "ping -q -c 20 -i 0.1 -W 1 10.0.0.3" | sed -nE 's/.* ([0-9.]+)% packet loss.*/\1/p')
    blast_wait a
    after_attack=$(ns_stat a rx_packets)
    check_range "$1: the victim's traffic loses nothing, %" 0 0 echo "$lost"
    check_eq "and none of it is flooded to the attacker" "$before" echo "$after_attack"
    check "the victim keeps its entry" fdb_is "$VICTIM" c
    check "so does who talks to it" fdb_is "$PEER" b
}

ns_add a b c s
need "the switch starts" sw_start
need "a tenant for four ports" ctl tenant add red max_ports=4
need "a network" net_up red web 10
need "another tenant" net_up blue web 10
need "port a, the attacker, 64 addresses" tap_port a red web '' max_fdb=64 mac=02:00:00:00:00:aa
need "port b" tap_port b red web 10.0.0.2/24 mac=$PEER
need "port c, the victim" tap_port c red web 10.0.0.3/24 mac=$VICTIM
need "port s, a sink" tap_port s red web ''
need "which has a static address" ctl fdb add red/web/$SINK port=s

step "ports of a tenant"
check "a fifth port is refused" ctl_refused port add d type=vhost-user tenant=red networks=web
check "the refusal names the limit" grep -q max_ports <<<"$t_output"
check_eq "and leaves nothing behind" 4 ctl_json .ports tenant show red
check "another tenant may have it" ctl port add d type=vhost-user tenant=blue networks=web
check "but it may not move here" ctl_refused port set d tenant=red
need "it goes" ctl port del d
check "fewer than there are is refused" ctl_refused tenant set red max_ports=3
check "more is not" ctl tenant set red max_ports=5

step "addresses of a port"
need "events are watched" events_start fdb
check "b reaches c" reaches b 10.0.0.3
measured flood_harms_nobody "64 addresses"
check_eq "the attacker has its 64" 64 entries_of port a
check_eq "the network counts as many as its tenant" "$(entries_of tenant red)" entries_of network red/web
check "an event says so" wait_for 3 events_have 'from port a: '
check_eq "a lower limit is followed at once" 8 limit_and_count 8
need "the attacker may learn nothing" ctl port set a max_fdb=0
need "what it had is flushed" ctl fdb flush port=a
blast a dst=$SINK src=random pps=100 seconds=2 >/dev/null
check "a frame from it still passes" reaches b 10.0.0.3
check_eq "but has left no entry" 0 entries_of port a
check "an event says that too" wait_for 3 events_have '"a".*limit of addresses'

step "addresses of a tenant"
need "the port is free again, the tenant may have 100" ctl port set a max_fdb=100000
need "the tenant's limit" ctl tenant set red max_fdb=100
check "b reaches c" reaches b 10.0.0.3
measured flood_harms_nobody "100 of the tenant"
check_eq "the tenant has its 100" 100 entries_of tenant red
check_eq "two of them are the victim's and its peer's" 1,1 \
    echo "$(entries_of port b),$(entries_of port c)"

step "addresses of the switch"
need "no limit for the tenant" ctl tenant set red max_fdb=0
need "room for 200 in all" ctl settings set fdb_max=200
measured flood_harms_nobody "200 of the switch"
check_eq "and no more" 200 ctl_json length fdb list
t_done
