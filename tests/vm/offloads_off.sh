#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# A guest without any offload beside one with all of them and a namespace: whatever the receiver
# did not negotiate is completed in software, and every byte is right.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

# sends FROM TO IP: 4 MB through TCP, the same sum at both ends
sends() {
    local sum
    sum=$(on "$1" "head -c 4000000 /dev/urandom >/tmp/sent; sha256sum </tmp/sent") || return 1
    on_bg "$2" "socat -u TCP-LISTEN:9000,reuseaddr CREATE:$T_DIR/received-$1"
    wait_for 5 listens "$2" 9000 || return 1
    on "$1" "socat -u FILE:/tmp/sent TCP:$3:9000" || return 1
    arrived() { [[ $(on "$1" "sha256sum <$T_DIR/received-$2") == "$sum" ]]; }
    wait_for 10 arrived "$2" "$1"
}

ns_add host
need "the guest's files are there" vm_prepare
need "the switch starts" sw_start
need "a network" net_up red web 10
for name in full none; do need "port $name" vhost_port $name red web; done
need "the namespace's port" tap_port host red web 10.0.0.9/24
need "the guest with offloads starts" vm_start full ip=10.0.0.1/24 mac=52:54:00:00:00:01
need "the guest without starts" vm_start none ip=10.0.0.2/24 mac=52:54:00:00:00:02 offloads=off mrg=off
need "full is up" vm_wait_ready full
need "none is up" vm_wait_ready none
for name in full none; do need "a folder in $name" vm_run $name "mkdir -p $T_DIR"; done
has_none() { ! on none "ethtool -k eth0 | grep -Eq '^(tcp-segmentation-offload|tx-checksumming): on'"; }
check "the guest really has no offload" has_none
check "full to none" sends full none 10.0.0.2
check "none to full" sends none full 10.0.0.1
check "namespace to none" sends host none 10.0.0.2
check "none to namespace" sends none host 10.0.0.9
check "full to namespace" sends full host 10.0.0.9
check "namespace to full" sends host full 10.0.0.1
need "iperf3 in none" iperf_server none
measured check_range "UDP 20 Mb/s full to none, % lost" 0 2 iperf_udp_loss full 10.0.0.2 2 20M
measured check_range "TCP full to none, b/s" 20000000 1e12 iperf_tcp full 10.0.0.2 2
t_done
