#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Isolated ports talk to ordinary ones only, never to each other.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

ns_add i1 i2 open
need "the switch starts" sw_start
need "a network" net_up red web 10
need "port i1" tap_port i1 red web 10.0.0.1/24 isolated=true
need "port i2" tap_port i2 red web 10.0.0.2/24 isolated=true
need "port open" tap_port open red web 10.0.0.9/24
check "isolated to ordinary" reaches i1 10.0.0.9
check "ordinary to isolated" reaches open 10.0.0.2
check "isolated to isolated" reaches_not i1 10.0.0.2
need "i2 is no longer isolated" ctl port set i2 isolated=false
check "then it is reached" reaches i1 10.0.0.2
t_done
