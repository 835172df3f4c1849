#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# An interface in another namespace, as a container has it: taken, followed, given back; the namespace
# goes and comes.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

says() { [[ $(port_get up0 reason) == *"$1"* ]]; }
is() { wait_for 5 says "$1" || ! port_get up0 reason; }
wire() {
    ns_wire box eth0 lan wire && ns_run lan ip address add 10.0.0.9/24 dev wire &&
        ns_link lan set dev wire address 02:00:00:00:00:09
}
attached() { ns_link box show dev eth0 | grep -q 'prog/xdp id'; }
clean() { wait_for 3 eval '! attached' && ! ns_link box show dev eth0 | grep -q PROMISC; }
unwired() { ! ns_link lan show dev wire; }
hopeless() { [[ $(port_get p reason) == "the process of "*" has ended" ]]; }

ns_add host lan a
SW_NETNS=host
need "the switch starts" sw_start
need "a network" net_up red web 10
need "port a" tap_port a red web 10.0.0.1/24
need "an uplink in a namespace that is not there" ctl port add up0 type=netdev iface=eth0 \
    "netns=$(ns_name box)" tenant=red networks=web
check "it says so" is "there is no namespace /run/netns/$(ns_name box)"
need "the namespace" ns_add box
check "the interface is missing: it says so" is "there is no interface eth0 in namespace $(ns_name box)"
need "a wire" wire
check "it is ready by itself" port_ready up0
check "and carries frames" reaches a 10.0.0.9
check "by XDP" attached

need "eth0 goes down" ns_link box set dev eth0 down
check "down: it says so" is "eth0 is down"
need "eth0 goes up" ns_link box set dev eth0 up
check "up: it is ready" port_ready up0

for xdp in off native; do
    need "xdp=$xdp" ctl port set up0 xdp=$xdp
    check "xdp=$xdp carries frames" reaches a 10.0.0.9
    need "the namespace goes" ns_del box
    check "$xdp, gone: it says so" is "namespace /run/netns/$(ns_name box)"
    check "the kernel has nothing left of it" wait_for 5 unwired
    need "another of that name" ns_add box
    need "a new wire" wire
    check "$xdp, made anew: it is ready by itself" port_ready up0
    check "$xdp: and carries frames" reaches a 10.0.0.9
done

sw_crash
check "after kill -9 the interface is the container's again" clean
need "the switch starts again" sw_start
check "and carries frames" reaches a 10.0.0.9
need "the port goes" ctl port del up0
check "the interface is the container's again" clean

check "no process" ctl_refused port add p type=netdev iface=eth0 netns=pid:999999999
ns_bg box sleep 1000
pid=${ns_bg_pids[box]##* }
in_box() { [[ /proc/$pid/ns/net -ef /run/netns/$(ns_name box) ]]; }
need "a process there" wait_for 5 in_box
need "a port by process" ctl port add p type=netdev iface=eth0 netns="pid:$pid" tenant=red networks=web
check "it carries frames" reaches a 10.0.0.9
kill_wait "$pid"
need "a look" ns_link box set dev eth0 down
check "the process has ended: it says so, and waits for nobody" wait_for 5 hopeless
t_done
