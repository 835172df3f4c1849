#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# A port on an interface comes and goes, thirty times, under traffic from both sides; nothing is left:
# descriptors, memory, programs, maps, links. Then bursts that no ring holds.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

fds() { find "/proc/$sw_pid/fd" -mindepth 1 | wc -l; }
rss_kb() { awk '/^VmRSS/ { print $2 }' "/proc/$sw_pid/status"; }
# Of this daemon, or of nobody: other switches may run on this host.
bpf_objects() {
    bpftool "$1" show -j | jq --argjson pid "$sw_pid" '[.[] | select((.name // "" |
        startswith("netdev_")) and (.pids == null or any(.pids[]; .pid == $pid)))] | length'
}
nothing_left() { [[ $(bpf_objects prog) == 0 && $(bpf_objects map) == 0 ]]; }
same_fds() { [[ $(fds) == "$before_fds" ]]; }

scene_wire
ns_bg a ping -q -i 0.002 -s 1400 10.0.0.9
ns_bg lan ping -q -i 0.002 -s 1400 10.0.0.1

ways=(auto generic off)
round() { # NUMBER
    ctl port add up0 type=netdev iface=up0 tenant=red networks=web "xdp=${ways[$1 % 3]}" &&
        { (($1 % 5)) || reaches a 10.0.0.9; } && ctl port del up0
}
rounds() {
    local i
    for ((i = $1; i < $2; i++)); do round "$i" || return 1; done
}
need "a few rounds first" rounds 0 4
before_fds=$(fds)
before_kb=$(rss_kb)
need "an uplink" ctl port add up0 type=netdev iface=up0 tenant=red networks=web
check_range "it has programs" 2 9 bpf_objects prog
need "it goes" ctl port del up0
check "thirty rounds" rounds 0 30
check "no descriptor is left" wait_for 3 same_fds
check "no program and no map is left" wait_for 3 nothing_left
check_range "memory is what it was, kB more" -100000 4096 echo $(($(rss_kb) - before_kb))

step "more than the rings hold"
need "the uplink" ctl port add up0 type=netdev iface=up0 tenant=red networks=web
for xdp in native off; do
    need "xdp=$xdp" ctl port set up0 xdp=$xdp
    on lan "ping -q -f -l 6000 -c 12000 -s 1000 -w 3 10.0.0.1" >/dev/null 2>&1
    on a "ping -q -f -l 6000 -c 12000 -s 1000 -w 3 10.0.0.9" >/dev/null 2>&1
    check "$xdp: it goes on after a flood" reaches a 10.0.0.9
done
t_done
