#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# User-mode-linux as front-end: no QEMU, a pipe for its interrupts, no control queue. It refuses a
# device that offers several queues without a control queue, so the port has one.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

if [[ ! -x $(command -v linux.uml) ]]; then
    skip "user-mode-linux" "the package user-mode-linux is not installed"
    t_finished=true
    exit 0
fi
ns_add host
need "the guest's files are there" vm_prepare
need "the switch starts" sw_start
need "a network" net_up red web 10
need "the guest's port" vhost_port uml1 red web queues=1
need "the namespace's port" tap_port host red web 10.0.0.9/24
need "it starts" uml_start uml1 ip=10.0.0.1/24
check "it boots" vm_wait_ready uml1 30
check "its port is ready" port_ready uml1
check "it reaches the namespace" reaches uml1 10.0.0.9
check "and is reached" reaches host 10.0.0.1
need "iperf3 in the namespace" iperf_server host
measured check_range "TCP, b/s" 10000000 1e12 iperf_tcp uml1 10.0.0.9 2
uml_kill uml1
not_ready() { ! port_is_ready uml1; }
check "its port shows when it is gone" wait_for 5 not_ready
t_done
