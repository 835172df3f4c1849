#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Flood control: a port's broadcasts, multicasts and unknown unicasts are held to a rate each. What
# is over it is a named drop; known unicast passes as ever.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

SENT_PPS=2000 SECONDS_SENT=8
KNOWN=02:00:00:00:00:0b

dropped() { # PORT: "reason" of all its drops, with commas
    ctl_json '[.[].reason] | sort | join(",")' stats drops "port=$1"
}

ns_add br mu un kn b
need "the switch starts" sw_start
need "a network" net_up red web 10
for port in br mu un kn; do
    need "port $port, which may flood at most" tap_port $port red web '' flood_broadcast_pps=100 \
        flood_multicast_pps=200 flood_unknown_pps=400
done
need "port b" tap_port b red web 10.0.0.2/24 mac=$KNOWN
need "b is known" ctl fdb add red/web/$KNOWN port=b

floods_are_held() {
    local port broadcast multicast unknown unicast sent
    blast_bg br dst=ff:ff:ff:ff:ff:ff pps="$SENT_PPS" seconds="$SECONDS_SENT" src=02:00:00:00:01:01
    blast_bg mu dst=01:00:5e:00:00:77 pps="$SENT_PPS" seconds="$SECONDS_SENT" src=02:00:00:00:01:02
    blast_bg un dst=02:00:00:00:00:77 pps="$SENT_PPS" seconds="$SECONDS_SENT" src=02:00:00:00:01:03
    blast_bg kn dst="$KNOWN" pps="$SENT_PPS" seconds="$SECONDS_SENT" src=02:00:00:00:01:04
    sleep 2 # the burst that every limit grants at the start
    rates_over 5 br.flooded_pkts mu.flooded_pkts un.flooded_pkts kn.unicast_pkts kn.in_pkts >"$T_DIR/rates"
    for port in br mu un kn; do blast_wait "$port"; done
    read -r broadcast multicast unknown unicast sent <"$T_DIR/rates"
    check_limit "broadcast: 100 a second" 95 105 echo "$broadcast"
    check_limit "multicast: 200 a second" 190 210 echo "$multicast"
    check_limit "unknown unicast: 400 a second" 380 420 echo "$unknown"
    check_range "known unicast: as sent" $((SENT_PPS * 80 / 100)) $((SENT_PPS * 120 / 100)) echo "$unicast"
    check_range "known unicast loses nothing" $((sent - 1)) $((sent + 1)) echo "$unicast"
}
measured floods_are_held
check_eq "the others have a named drop each" flood_broadcast,flood_multicast,flood_unknown \
    echo "$(dropped br),$(dropped mu),$(dropped un)"
check_eq "known unicast has none" '' dropped kn
all_counted() { # PORT REASON: what it sent into the switch was flooded or dropped for that reason
    local drops
    drops=$(ctl_json ".[] | select(.reason == \"$2\") | .count" stats drops "port=$1") &&
        ctl_json ".counters | .in_pkts == .flooded_pkts + $drops" port show "$1"
}
check "each frame was flooded or dropped" all_counted br flood_broadcast

need "broadcast is freed" ctl port set br flood_broadcast_pps=unlimited
need "flooded so far" port_counter br flooded_pkts
before=$t_output
sent=$(blast br count=2000 pps=4000 src=02:00:00:00:01:01) # "sent 2000 refused 0"
all_flooded() { (($(port_counter br flooded_pkts) - before >= 2000)); }
check "and all of it passes ($sent)" wait_for 3 all_flooded
t_done
