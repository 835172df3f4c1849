#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# A namespace goes away under its port: that port shows it, everything else goes on.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

ns_add a b c
need "the switch starts" sw_start
need "a network" net_up red web 10
ip=0
for name in a b c; do
    ip=$((ip + 1))
    need "port $name" tap_port "$name" red web "10.0.0.$ip/24" "mac=02:00:00:00:00:0$ip"
done
check "a reaches c" reaches a 10.0.0.3
ns_del c
not_up() { [[ $(port_get c state) != ready ]]; }
check "the port of the lost namespace says so" wait_for 5 not_up
check "the others go on" reaches a 10.0.0.2
check "the port can be deleted" ctl port del c
ns_add c
check "and made again in a new namespace" tap_port c red web 10.0.0.3/24 mac=02:00:00:00:00:03
check "which is reached" reaches a 10.0.0.3
t_done
