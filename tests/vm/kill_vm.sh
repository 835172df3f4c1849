#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# A guest's process dies in the middle of traffic: the port shows it, the others do not notice, and
# a new process on the same socket works at once.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

not_ready() { ! port_is_ready vm1; }
fds() { find "/proc/$sw_pid/fd" | wc -l; }
fds_back() { (($(fds) <= before + 1)); }

ns_add a b
need "the guest's files are there" vm_prepare
need "the switch starts" sw_start
need "a network" net_up red web 10
need "the guest's port" vhost_port vm1 red web
need "port a" tap_port a red web 10.0.0.8/24
need "port b" tap_port b red web 10.0.0.9/24
before=$(fds)
need "vm1 starts" vm_boot vm1 ip=10.0.0.1/24
for round in 1 2; do
    check "round $round: the guest is reached" reaches a 10.0.0.1
    on_bg vm1 "/usr/bin/ping -f -q 10.0.0.9"
    flows() { (($(port_counter vm1 in_pkts) > rx + 500)); }
    rx=$(port_counter vm1 in_pkts)
    check "round $round: it sends hard" wait_for 10 flows
    vm_kill vm1
    check "round $round: the port shows the loss" wait_for 5 not_ready
    check "round $round: the others go on" reaches a 10.0.0.9
    check "round $round: no descriptor is left behind" wait_for 5 fds_back
    need "round $round: a new process on the same socket" vm_boot vm1 ip=10.0.0.1/24
done
check "the guest is reached again" reaches a 10.0.0.1
t_done
