#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# What a netdev port refuses, and how it says so: somebody else's XDP program, an MTU that does not
# fit, options that cannot be.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

up() { ctl port add up0 type=netdev iface=up0 tenant=red networks=web "$@"; }
refused() { # WORDS KEY=VALUE...: the command fails and says these words
    local sentence=$1 output
    shift
    output=$(up "$@" 2>&1) && {
        ctl port del up0
        return 1
    }
    printf '%s\n' "$output"
    [[ $output == *"$sentence"* ]]
}
foreign_there() { ns_link host show dev up0 | grep -q 'prog/xdp id'; }

scene_wire

need "somebody else's program" ns_link host set dev up0 xdp obj "$VSW_BUILD/bpf/netdev_xdp.bpf.o" sec xdp
check "the port is refused" refused "an XDP program of somebody else"
check "with what to do" refused "bpftool prog show" xdp=generic
check "the program is still there" foreign_there
check "without XDP there is room for both" up xdp=off
check "and frames pass" reaches a 10.0.0.9
check "the program is still there" foreign_there
need "the port goes" ctl port del up0
need "the program goes" ns_link host set dev up0 xdp off
check "then the port is made" up
check "and frames pass" reaches a 10.0.0.9
need "the interface is removed" ns_link host del dev up0
need "made anew" wire_up
need "a forgets lan" ns_run a ip neigh flush all
check "the port comes back" reaches a 10.0.0.9
need "the port goes" ctl port del up0

check "an MTU larger than the interface's" refused "up0 has an MTU of 1500" mtu=1600
for end in host:up0 lan:wire; do
    need "MTU 9000" ns_link "${end%:*}" set dev "${end#*:}" mtu 9000
done
check "jumbo frames by native XDP" refused "carries an MTU of at most" xdp=native mtu=9000
check "jumbo frames by generic XDP" refused "carries an MTU of at most" xdp=generic mtu=9000
need "a's MTU" ctl port set a mtu=9000
check "jumbo frames, chosen by itself" up mtu=9000
says_why() { [[ $(port_get up0 features) == *"AF_PACKET (no native XDP: the MTU is more"* ]]; }
check "it says why it goes without XDP" says_why
check "a ping of 8972 bytes" on a "ping -c3 -i0.1 -W1 -M do -s 8972 10.0.0.9"
smaller() { ! ctl port set up0 mtu=9500; }
check "a live change beyond the interface's" smaller
need "the port goes" ctl port del up0

check "no name" refused "no name of an interface" iface=a/b
check "a wrong address" refused "is no address" take=macs macs=52:54:00:00:00:01,hello
check "addresses for nothing" refused "take=macs only" macs=52:54:00:00:00:01
check "more queues than there may be" refused "queues" queues=99
check "a way that there is not" refused "xdp" xdp=hardware
t_done
