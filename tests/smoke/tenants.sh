#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Two tenants with the same VLAN, the same MAC and the same IP addresses: who answers proves that
# each side talks to its own, and nothing crosses.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

ns_add r1 r2 b1 b2 d1
need "the switch starts" sw_start
need "network red/web" net_up red web 10
need "network red/db" net_up red db 20
need "network blue/web has the same VLAN" net_up blue web 10
for tenant in red blue; do
    need "$tenant's first port" tap_port "${tenant:0:1}1" $tenant web 10.0.0.1/24 mac=02:00:00:00:00:01
    need "$tenant's second port" tap_port "${tenant:0:1}2" $tenant web 10.0.0.2/24 mac=02:00:00:00:00:02
done
need "a port in red/db" tap_port d1 red db 10.0.0.3/24 mac=02:00:00:00:00:03

need "red's service" ident_serve r1 red
need "blue's service" ident_serve b1 blue
check "inside red" reaches r2 10.0.0.1
check "inside blue" reaches b2 10.0.0.1
check_eq "10.0.0.1 is red's own for red" red ident_ask r2 10.0.0.1
check_eq "10.0.0.1 is blue's own for blue" blue ident_ask b2 10.0.0.1
check "another network of the same tenant is out of reach" reaches_not r2 10.0.0.3
check "and cannot reach in" reaches_not d1 10.0.0.1

# Take away red's 10.0.0.1: blue's must not answer in its place.
need "red's first port goes" ctl port del r1
check "blue does not answer for red" reaches_not r2 10.0.0.1
check_eq "blue is untouched" blue ident_ask b2 10.0.0.1
t_done
