#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# A capture that tshark reads from a pipe, with a filter, and one of dropped frames.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

ns_add a b
need "the switch starts" sw_start
need "a network" net_up red web 10
need "port a" tap_port a red web 10.0.0.1/24
need "port b" tap_port b red web 10.0.0.2/24
check "a reaches b" reaches a 10.0.0.2

"$VSW_BUILD/vswitchctl" -s "$VSW_SOCKET" capture a in icmp -w "$T_DIR/a.pcapng" &
capture=$!
has_icmp() { # FILE: pings until one is in it
    on a "ping -c1 -W1 10.0.0.2" >/dev/null
    (("$(tshark -r "$1" -Y icmp 2>/dev/null | wc -l)" > 0))
}
check "tshark reads the frames" wait_for 10 has_icmp "$T_DIR/a.pcapng"
kill -INT $capture
check "the capture ends cleanly" wait $capture
only_icmp() { [[ $(tshark -r "$T_DIR/a.pcapng" -Y 'not icmp' 2>/dev/null | wc -l) == 0 ]]; }
check "the filter holds" only_icmp

timeout 10 "$VSW_BUILD/vswitchctl" -s "$VSW_SOCKET" capture a drop -w - 2>/dev/null |
    tshark -l -c1 -r - >"$T_DIR/drops.txt" 2>/dev/null &
pipe=$!
dropped() {
    raw_send a a ffffffffffff02000000009981000063 # a tag on an access port
    [[ -s $T_DIR/drops.txt ]]
}
check "dropped frames can be watched through a pipe" wait_for 8 dropped
kill $pipe 2>/dev/null
t_done
