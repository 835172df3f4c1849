#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# A TAP keeps its addresses and routes while the daemon is away, and goes with its port.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

scene_pair
need "an address and a route by hand" on a "ip address add 10.9.9.1/24 dev a && ip route add 10.8.0.0/16 via 10.0.0.2"
index=$(on a "cat /sys/class/net/a/ifindex")

need "the switch stops" sw_stop
check "the device stays while the daemon is away" on a "ip link show dev a"
need "the switch starts again" sw_start
check "a reaches b after the restart" reaches a 10.0.0.2
check_eq "it is the same device" "$index" on a "cat /sys/class/net/a/ifindex"
check "with its address" on a "ip address show dev a | grep -q 10.9.9.1"
check "with its route" on a "ip route | grep -q 10.8.0.0/16"
need "port a is deleted" ctl port del a
gone() { ! on a "ip link show dev a"; }
check "the device goes with its port" wait_for 3 gone
t_done
