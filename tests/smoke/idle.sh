#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# No traffic, no work: the daemon sleeps, and still answers at once.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

rtt_avg_us() { # END IP
    on "$1" "ping -q -c20 -i0.1 $2" | awk -F/ '/^rtt/ { print int($5 * 1000) }'
}

scene_pair
measured check_range "at most 60 ms of CPU in 3 quiet seconds" 0 60 cpu_ms_in 3
measured check_range "a sleeping switch adds little, us round trip" 1 3000 rtt_avg_us a 10.0.0.2
t_done
