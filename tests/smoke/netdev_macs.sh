#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Without VLANs: the host and a VM share an interface by address (take=macs), broadcasts reach both.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

scene_wire mac=02:00:00:00:00:01
need "the host's address" ns_run host ip address add 10.0.0.7/24 dev up0
for xdp in native off; do
    need "the uplink, xdp=$xdp" ctl port add up0 type=netdev iface=up0 tenant=red networks=web \
        take=macs macs=02:00:00:00:00:01 xdp=$xdp
    for end in lan a host; do need "$end forgets" ns_run $end ip neigh flush all; done
    check "$xdp: lan finds the host" reaches lan 10.0.0.7
    check "$xdp: lan finds a" reaches lan 10.0.0.1
    check "$xdp: a finds lan" reaches a 10.0.0.9
    check "$xdp: the host finds lan" reaches host 10.0.0.9
    need "a is not on the list any more" ctl port set up0 macs=02:00:00:00:00:02
    check "$xdp: nobody answers for a" reaches_not lan 10.0.0.1
    need "it is again" ctl port set up0 macs=02:00:00:00:00:02,02:00:00:00:00:01
    check "$xdp: a answers" reaches lan 10.0.0.1
    need "the uplink goes" ctl port del up0
done
t_done
