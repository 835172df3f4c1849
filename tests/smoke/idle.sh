#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# No traffic, no work: the daemon sleeps, and still answers at once.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

rtt_avg_us() { # END IP
    on "$1" "ping -q -c20 -i0.1 $2" | awk -F/ '/^rtt/ { print int($5 * 1000) }'
}

ns_add a b
need "the switch starts" sw_start
need "a network" net_up red web 10
need "port a" tap_port a red web 10.0.0.1/24
need "port b" tap_port b red web 10.0.0.2/24
check "a reaches b" reaches a 10.0.0.2
measured check_range "at most 60 ms of CPU in 3 quiet seconds" 0 60 cpu_ms_in 3
measured check_range "a sleeping switch adds little, us round trip" 1 3000 rtt_avg_us a 10.0.0.2
t_done
