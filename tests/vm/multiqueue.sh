#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# A guest with four queue pairs, two workers: all pairs carry traffic, and the guest may change its
# mind about how many it uses.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

SW_WORKERS=2
queues_enabled() { [[ $(port_get vm1 queues_enabled) == "$1" ]]; } # PAIRS
# queues_used: how many receive interrupts or queues of the guest saw packets
queues_used() {
    on vm1 "ethtool -S eth0" | awk -F': ' '/rx_queue_[0-9]+_packets|rx[0-9]+_packets/ && $2 > 0 { n++ } END { print n + 0 }'
}

ns_add host
need "the guest's files are there" vm_prepare
need "the switch starts with two workers" sw_start
need "a network" net_up red web 10
need "the guest's port" vhost_port vm1 red web queues=4
need "the namespace's port" tap_port host red web 10.0.0.9/24
need "vm1 starts" vm_boot vm1 ip=10.0.0.1/24 queues=4 smp=4
check "the switch sees four pairs" wait_for 5 queues_enabled 4
check "it reaches the namespace" reaches vm1 10.0.0.9
need "iperf3 in the guest" iperf_server vm1
measured check_range "8 streams namespace to guest, b/s" 20000000 1e12 iperf_tcp host 10.0.0.1 2 -P 8
check_range "several receive queues were used" 2 4 queues_used
measured check_range "8 streams guest to namespace, b/s" 20000000 1e12 iperf_tcp host 10.0.0.1 2 -P 8 -R
need "the guest goes down to one pair" on vm1 "ethtool -L eth0 combined 1"
check "the switch follows" wait_for 5 queues_enabled 1
check "traffic too" reaches host 10.0.0.1
need "and up to three" on vm1 "ethtool -L eth0 combined 3"
check "the switch follows again" wait_for 5 queues_enabled 3
measured check_range "8 streams afterwards, b/s" 20000000 1e12 iperf_tcp host 10.0.0.1 2 -P 8
t_done
