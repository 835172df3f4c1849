#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Many new addresses at once: each is learned from its first frame, and who follows events is told of
# some, and of how many there were.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

ns_add a b
need "the switch starts" sw_start
need "a network" net_up red web 10
need "port a" tap_port a red web 10.0.0.1/24 max_fdb=8192
need "port b" tap_port b red web 10.0.0.2/24 max_fdb=8192
need "b is known" reaches a 10.0.0.2
b_mac=$(ns_run b cat /sys/class/net/b/address)
seed=0
one_pass() { # PPS: how many of 4000 addresses are learned
    seed=$((seed + 1)) # others every time
    ctl fdb flush >/dev/null || return 1
    blast a "dst=$b_mac" src=random bytes=64 "pps=$1" count=4000 "seed=$seed" >/dev/null || return 1
    ctl_json '[.[] | select(.port == "a")] | length' fdb list
}
measured check_range "4000 addresses at 20 kpps are learned in one pass" 4000 4002 one_pass 20000
measured check_range "and at 100 kpps" 4000 4002 one_pass 100000

step "events"
stdbuf -oL "$VSW_BUILD/vswitchctl" -s "$VSW_SOCKET" monitor fdb >"$T_DIR/events" 2>&1 &
monitor=$!
t_defer kill_wait $monitor
told() { grep -Ec "$1" "$T_DIR/events"; } # REGEX
new_is_told() {
    ctl fdb flush >/dev/null && reaches a 10.0.0.2 >/dev/null && told "$1" >/dev/null
}
check "the monitor follows" wait_for 5 new_is_told 'learned on port a'
before=$(ctl_json .fdb_events_suppressed daemon show)
one_pass 20000 >/dev/null
check "it is told that there were more" wait_for 5 new_is_told '[0-9]+ more addresses were learned or moved'
check_range "but not of each" 1 1500 told 'learned on port'
check_range "the others are counted" $((before + 2500)) 1e9 ctl_json .fdb_events_suppressed daemon show
kill_wait $monitor TERM
t_done
