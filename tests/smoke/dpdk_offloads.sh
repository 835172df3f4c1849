#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# A device with offloads and receive interrupts: virtio-user on a vhost-user port of the same switch,
# a cable between two tenants. Large TCP packets and open checksums pass it as they are, both ways.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

# Frames that came in by a port larger than any on a wire: the other end was sent them whole.
large() { ctl_json '.counters | select(.in_segments > .in_pkts * 2) | .in_pkts' port show "$1"; }

if ! huge_pages 32; then
    skip "offloads of a device" "virtio-user needs huge pages, and this host has none to give"
    t_done
fi
need "the switch starts" sw_start --memory 32
check "it has huge pages" ctl_json 'select(.memory | test("huge"))' daemon show
ns_add a b
need "a network" net_up red web 10
need "another tenant" net_up blue web 10
need "port a" tap_port a red web 10.0.0.1/24
need "port b" tap_port b blue web 10.0.0.2/24
need "one end" vhost_port v red web
need "the other" ctl port add u type=dpdk tenant=blue networks=web \
    "devargs=net_virtio_user0,path=$SW_RUN/v.sock,queues=1"
check "it is ready" port_ready u
check "its peer, too" port_ready v
check "it has offloads" ctl_json 'select(.features | test("csum tso4 tso6"))' port show u
check "and interrupts" ctl_json 'select(.features | test("idle: receive interrupts"))' port show u
check "a reaches b" reaches a 10.0.0.2
check "full frames" reaches a 10.0.0.2 1472
measured check_range "at most 60 ms of CPU in 3 quiet seconds" 0 60 cpu_ms_in 3
need "iperf3 in b" iperf_server b
measured check_range "TCP from the device into the switch" 100000000 1e12 iperf_tcp a 10.0.0.2 2
check "large packets stayed large" large u
measured check_range "TCP out by the device" 100000000 1e12 iperf_tcp a 10.0.0.2 2 -R
check "large packets stayed large" large v
check_eq "nothing had a bad request" 0 drops bad_offload
t_done
