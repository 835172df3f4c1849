#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Limits changed under traffic: set, raised, taken away (how exact they are: limits_matrix).
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

ns_add a1 a2
need "the switch starts" sw_start
need "a network" net_up red web 10
need "port a1, sends at most 10 Mb/s" tap_port a1 red web 10.0.0.1/24 limit_in_bps=10M
need "port a2" tap_port a2 red web 10.0.0.2/24
need "iperf3 in a2" iperf_server a2
measured check_range "10 Mb/s" 8000000 10500000 iperf_tcp a1 10.0.0.2 4
need "the limit is changed live" ctl port set a1 limit_in_bps=50M
measured check_range "and followed" 40000000 52500000 iperf_tcp a1 10.0.0.2 4
need "and taken away" ctl port set a1 limit_in_bps=0
measured check_range "then TCP is free again" 100000000 1e12 iperf_tcp a1 10.0.0.2 2
t_done
