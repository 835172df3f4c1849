#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# How long addresses stay, and whose go: ageing, never, static entries, flushing by port, network,
# tenant.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

A=02:00:00:00:00:0a B=02:00:00:00:00:0b STATIC=02:00:00:00:00:77

# where MAC: tenant/network=port of all entries of that address
where() {
    ctl_json "[.[] | select(.mac == \"$1\") | \"\(.tenant)/\(.network)=\(.port)\"] | sort | join(\" \")" fdb list
}
where_is() { [[ $(where "$1") == "$2" ]]; }
# The same address in two networks of red and one of blue, and another at a second port of red/web.
learn_all() {
    for port in a1 a2 a3; do blast "$port" count=1 "src=$A" >/dev/null || return 1; done
    blast b1 count=1 "src=$B" >/dev/null
    wait_for 3 where_is "$A" "blue/web=a3 red/db=a2 red/web=a1" && wait_for 3 where_is "$B" red/web=b1
}

ns_add a1 a2 a3 b1
need "the switch starts" sw_start
need "network red/web" net_up red web 10
need "network red/db" net_up red db 20
need "network blue/web" net_up blue web 10
need "port a1" tap_port a1 red web ''
need "port a2" tap_port a2 red db ''
need "port a3" tap_port a3 blue web ''
need "port b1" tap_port b1 red web ''
need "a static entry" ctl fdb add red/web/$STATIC port=a1

check "one address in three networks" learn_all
check "flush of a port" ctl fdb flush port=a1
check_eq "takes its entry alone" "blue/web=a3 red/db=a2" where $A
check_eq "not that of the port beside it" red/web=b1 where $B
check "all are learned again" learn_all
check "flush of a network" ctl fdb flush tenant=red network=web
check_eq "takes nothing of other networks" "blue/web=a3 red/db=a2" where $A
check_eq "and all of its own" '' where $B
check "all are learned again" learn_all
check "flush of a tenant" ctl fdb flush tenant=red
check_eq "takes nothing of other tenants" "blue/web=a3" where $A
check_eq "a static entry outlives all that" red/web=a1 where $STATIC
check "a flush of nobody's network is refused" ctl_refused fdb flush tenant=red network=nosuch
check "a network without its tenant is refused" ctl_refused fdb flush network=web

check "ageing 0 is refused" ctl_refused settings set fdb_ageing_s=0
check "with a word about never" grep -q never <<<"$t_output"
need "ageing in 2 s" ctl settings set fdb_ageing_s=2
check "all are learned again" learn_all
# One keeps talking: its entry stays while the others go.
blast_bg b1 src=$B pps=20 seconds=30
check "who is silent is forgotten" wait_for 8 where_is $A ''
check_eq "who talks is not" red/web=b1 where $B
check_eq "nor is a static entry" red/web=a1 where $STATIC
need "never" ctl settings set fdb_ageing_s=never
check_eq "is shown so" never ctl_json .settings.fdb_ageing_s config show
kill_wait "${blast_pids[b1]}"
check "all are learned once more" learn_all
sleep 4 # twice as long as they lived before
check "and stay" where_is "$A" "blue/web=a3 red/db=a2 red/web=a1"

need "restart" sw_restart
check_eq "a static entry survives a restart" red/web=a1 where $STATIC
check_eq "learned ones do not" '' where $B
check_eq "never does" never ctl_json .settings.fdb_ageing_s config show
need "a static entry may go" ctl fdb del red/web/$STATIC
check_eq "and is gone" '' where $STATIC
t_done
