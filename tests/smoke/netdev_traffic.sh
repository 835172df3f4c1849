#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# A veth as an uplink, by every way frames can go: TCP and UDP both ways, checksums that the peer left
# to its NIC included, and every byte as it was sent.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

no_bad_csum() { # END: its kernel has seen no wrong checksum
    on "$1" "nstat -asz | awk '/CsumErrors|TcpInCsumErrors/ { n += \$2 } END { exit n > 0 }'"
}

need "data" dd if=/dev/urandom of="$T_DIR/sent" bs=1M count=5 status=none
scene_wire
for end in lan a; do need "iperf3 in $end" iperf_server $end; done

uses() { [[ $(port_get up0 features) == *"$1"* ]]; }
declare -A words=([native]="AF_XDP, native" [generic]="AF_XDP, generic" [off]="AF_PACKET (asked")
need "the uplink" ctl port add up0 type=netdev iface=up0 tenant=red networks=web
check "xdp=auto goes by the driver" uses "AF_XDP, native"
for xdp in native generic off; do
    need "xdp=$xdp" ctl port set up0 xdp=$xdp
    check "$xdp: frames go by ${words[$xdp]}" uses "${words[$xdp]}"
    check "$xdp: a reaches lan" reaches a 10.0.0.9
    check "$xdp: a large ping, in fragments" on lan "ping -c2 -i0.1 -W1 -s 4000 10.0.0.1"
    check "$xdp: data is intact from a to lan" copies a lan 10.0.0.9
    check "$xdp: data is intact from lan to a" copies lan a 10.0.0.1
    measured check_range "$xdp: TCP to lan, b/s" 100000000 1e12 iperf_tcp a 10.0.0.9 1
    measured check_range "$xdp: TCP from lan, b/s" 100000000 1e12 iperf_tcp lan 10.0.0.1 1
    measured check_range "$xdp: UDP 30 Mb/s to lan, % lost" -1 1 iperf_udp_loss a 10.0.0.9 1 30M
    measured check_range "$xdp: UDP 30 Mb/s from lan, % lost" -1 1 iperf_udp_loss lan 10.0.0.1 1 30M
done
check "lan saw no wrong checksum" no_bad_csum lan
check "a saw no wrong checksum" no_bad_csum a
t_done
