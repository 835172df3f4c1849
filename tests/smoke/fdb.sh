#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Learning, static entries, flushing, limits, moves.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

fdb_port() { ctl_json ".[] | select(.mac == \"$1\") | .port" fdb list; } # MAC
fdb_is() { [[ $(fdb_port "$1") == "$2" ]]; }                            # MAC PORT
fdb_gone() { ! fdb_port "$1"; }

ns_add a b
need "the switch starts" sw_start
need "a network" net_up red web 10
need "port a" tap_port a red web 10.0.0.1/24 mac=02:00:00:00:00:0a
need "port b" tap_port b red web 10.0.0.2/24 mac=02:00:00:00:00:0b
check "a reaches b" reaches a 10.0.0.2
check "a is learned" wait_for 3 fdb_is 02:00:00:00:00:0a a
check "b is learned" wait_for 3 fdb_is 02:00:00:00:00:0b b

need "flush of port a" ctl fdb flush port=a
check "a's entry is gone" fdb_gone 02:00:00:00:00:0a
check "b's is not" fdb_is 02:00:00:00:00:0b b
check "a is learned again" reaches b 10.0.0.1
check "and shown again" wait_for 3 fdb_is 02:00:00:00:00:0a a

need "a frame with b's address from a" raw_send a a ffffffffffff02000000000b88b5
check "an address moves to where it was seen last" wait_for 3 fdb_is 02:00:00:00:00:0b a
check "and back with the next frame" reaches b 10.0.0.1
check "as the table shows" wait_for 3 fdb_is 02:00:00:00:00:0b b

need "a static entry" ctl fdb add red/web/02:00:00:00:00:77 port=b
need "a frame with the static address from a" raw_send a a ffffffffffff02000000007788b5
check "a static entry does not move" fdb_is 02:00:00:00:00:77 b
check "a multicast address is refused" ctl_refused fdb add red/web/01:00:00:00:00:77 port=b
check "a network without the port is refused" ctl_refused fdb add red/nosuch/02:00:00:00:00:78 port=b
check "ageing 0 is refused" ctl_refused settings set fdb_ageing_s=0
t_done
