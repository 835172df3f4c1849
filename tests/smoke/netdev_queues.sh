#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Several queues of an interface, two workers: each queue is served, flows spread, order holds; and an
# idle port costs nothing.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

# rows_with_frames DIRECTION: queues of up0 that carried any
rows_with_frames() {
    ctl_json "[.queue_rows[] | select(.direction == \"$1\" and .pkts > 20)] | length" port show up0
}
spread() { # DIRECTION
    (($(rows_with_frames "$1") >= 2))
}
flows() { # FROM TO IP: 32 flows of 20 packets
    on "$1" "for i in \$(seq 32); do socat -u 'EXEC:seq 20' UDP-SENDTO:$3:\$((6000 + i)); done" &&
        iperf_udp_loss "$1" "$3" 1 40M -P 8
}

ns_add host lan a
SW_NETNS=host SW_WORKERS=2
need "a wire with two queues" wire_up numrxqueues 2 numtxqueues 2
need "the switch starts" sw_start
need "a network" net_up red web 10
need "port a" tap_port a red web 10.0.0.1/24
need "the uplink" ctl port add up0 type=netdev iface=up0 tenant=red networks=web
check_eq "two queues are served" 2 port_get up0 queues_enabled
for end in lan a; do need "iperf3 in $end" iperf_server $end; done
check "a reaches lan" reaches a 10.0.0.9
measured check_range "from lan by 8 flows, % lost" -1 1 flows lan a 10.0.0.1
measured check_range "to lan by 8 flows, % lost" -1 1 flows a lan 10.0.0.9
check "both queues bring frames" spread in
# A sender that the host moves to another processor is overtaken by itself, so it stays on one.
out_of_order() { iperf_json "$@" -u -b 40M -A 0 | jq -e '.end.streams[0].udp.out_of_order'; }
check_eq "one flow from lan keeps its order" 0 out_of_order lan 10.0.0.1 1
check_eq "one flow to lan keeps its order" 0 out_of_order a 10.0.0.9 1

need "one queue" ctl port set up0 queues=1
check_eq "one queue is served" 1 port_get up0 queues_enabled
check "a reaches lan" reaches a 10.0.0.9
measured check_range "what comes by the other one is not lost, %" -1 1 flows lan a 10.0.0.1

measured check_range "an idle second costs CPU, ms" 0 100 cpu_ms_in 1
t_done
