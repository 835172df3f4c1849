#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Large frames where the ports allow them, a named drop where one does not.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

ns_add a b small
need "the switch starts" sw_start
need "a network" net_up red web 10
need "port a" tap_port a red web 10.0.0.1/24 mtu=9000
need "port b" tap_port b red web 10.0.0.2/24 mtu=9000
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
