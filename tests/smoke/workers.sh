#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Two workers, a port moved between them again and again while TCP runs through it.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

SW_WORKERS=2
worker_of() { port_get "$1" 'queue_rows[] | select(.direction == "in" and .queue == 0) | .worker'; }
is_on() { [[ $(worker_of "$1") == "$2" ]]; } # PORT WORKER

scene_pair
check_eq "both workers are there" 2 ctl_json length worker list
need "an iperf3 server" iperf_server b
moves() {
    local client before to
    before=$(port_counter b out_pkts)
    iperf_tcp a 10.0.0.2 6 >"$T_DIR/bps" &
    client=$!
    flows() { (($(port_counter b out_pkts) > before + 1000)); }
    check "traffic flows" wait_for 5 flows
    for to in 1 0 1 0; do
        need "port a moves to worker $to" ctl worker move a/0 worker="$to"
        check "and is there" wait_for 3 is_on a "$to"
    done
    check "the connection lives" wait "$client"
    check_range "at a useful rate, b/s" 50000000 1e12 cat "$T_DIR/bps"
}
measured moves
check "a worker that does not exist is refused" ctl_refused worker move a/0 worker=7
t_done
