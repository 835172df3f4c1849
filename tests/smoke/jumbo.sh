#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Large frames where the ports allow them, a named drop where one does not.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

scene_pair mtu=9000
ns_add small
need "port small" tap_port small red web 10.0.0.3/24
check "a ping of 8972 bytes, not fragmented" on a "ping -c3 -i0.2 -W1 -M do -s 8972 10.0.0.2"
check "small answers small" reaches a 10.0.0.3
before=$(drops mtu)
no_answer() { ! on a "ping -c1 -W1 -M do -s 8972 10.0.0.3"; }
check "too large for the receiver: no answer" no_answer
more_drops() { (($(drops mtu) > before)); }
check "and counted by its reason" wait_for 3 more_drops
need "the limit is raised" ctl port set small mtu=9000
check "then it passes" on a "ping -c3 -i0.2 -W1 -M do -s 8972 10.0.0.3"
t_done
