#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Flood control: a port's broadcasts, multicasts and unknown unicasts are held to a rate each. What
# is over it is a named drop; known unicast passes as ever.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

SECONDS_SENT=6 SENT_PPS=3000
BROADCAST=ff:ff:ff:ff:ff:ff MULTICAST=01:00:5e:00:00:77 UNKNOWN=02:00:00:00:00:77 KNOWN=02:00:00:00:00:0b

# flooded_per_second NAME DESTINATION: how much of a flood from a arrives at b, after the burst that
# the limit grants at the start
flooded_per_second() {
    blast_bg "$1" "dst=$2" bytes=60 pps=$SENT_PPS seconds=$SECONDS_SENT
    sleep 1
    rate_over 4 b.out_pkts
    blast_wait "$1"
}

ns_add a b c
need "the switch starts" sw_start
need "a network" net_up red web 10
need "port a floods at most" tap_port a red web '' flood_broadcast_pps=100 flood_multicast_pps=200 \
    flood_unknown_pps=400
need "port b" tap_port b red web 10.0.0.2/24 mac=$KNOWN
need "port c" tap_port c red web 10.0.0.3/24
need "b is known" ctl fdb add red/web/$KNOWN port=b

check_range "broadcast: 100 a second" 95 105 flooded_per_second a $BROADCAST
check_range "the rest is a named drop" $((SECONDS_SENT * (SENT_PPS - 200))) $((SECONDS_SENT * SENT_PPS)) \
    drops flood_broadcast
check_eq "of no other kind" 0,0 echo "$(drops flood_multicast),$(drops flood_unknown)"
check_range "multicast: 200 a second" 190 210 flooded_per_second a $MULTICAST
check_range "unknown unicast: 400 a second" 380 420 flooded_per_second a $UNKNOWN
check_range "each has its name" $((SECONDS_SENT * (SENT_PPS - 600))) $((SECONDS_SENT * SENT_PPS)) \
    drops flood_unknown
check_range "and its own" $((SECONDS_SENT * (SENT_PPS - 400))) $((SECONDS_SENT * SENT_PPS)) \
    drops flood_multicast
before=$(ns_stat b rx_packets)
blast a dst=$KNOWN count=3000 pps=3000 >"$T_DIR/sent"
all_known() { (($(ns_stat b rx_packets) - before >= 3000)); }
check "known unicast is left alone" wait_for 5 all_known

need "broadcast is freed" ctl port set a flood_broadcast_pps=unlimited
check_range "and passes" $((SENT_PPS * 90 / 100)) $((SENT_PPS * 110 / 100)) flooded_per_second a $BROADCAST
t_done
