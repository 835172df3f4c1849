#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Reserved addresses 01:80:c2:00:00:0x: none passes, or LLDP alone, or all but PAUSE, as the network
# says. Each that is dropped has its name.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

# passes DESTINATION TYPE: what of five such frames arrives, and what was dropped for its address
passes() {
    local before dropped
    before=$(port_counter b out_pkts)
    dropped=$(drops reserved_addr)
    for _ in 1 2 3 4 5; do raw_send a a "$1 02000000000a $2" || return 1; done
    through() { (($(port_counter b out_pkts) - before + $(drops reserved_addr) - dropped == 5)); }
    wait_for 3 through || return 1
    echo "$(($(port_counter b out_pkts) - before)) $(($(drops reserved_addr) - dropped))"
}
# shellcheck disable=SC2034 # used by name
LLDP="0180c200000e 88cc" STP="0180c2000000 0026" LACP="0180c2000002 8809" PAUSE="0180c2000001 8808"

ns_add a b
need "the switch starts" sw_start
need "a network" net_up red web 10
need "port a" tap_port a red web ''
need "port b" tap_port b red web ''
check_kinds() { # LLDP STP LACP PAUSE: how many of five of each pass
    local words name
    for name in LLDP STP LACP PAUSE; do
        words=${!name}
        check_eq "$mode: $name" "$1 $((5 - $1))" passes "${words% *}" "${words#* }"
        shift
    done
}
mode=none
check_kinds 0 0 0 0
mode=lldp
need "LLDP may pass" ctl network set red/web transparent=lldp
check_kinds 5 0 0 0
mode=all
need "all may pass" ctl network set red/web transparent=all
check_kinds 5 5 5 0
need "none may pass" ctl network set red/web transparent=none
# in_sum KEY=VALUE...: of all that was dropped for such an address, already in the kernel by the TAP's filter, too
in_sum() { ctl_json 'map(select(.reason | endswith("reserved_addr")).count) | add' stats drops "$@"; }
need "one in the kernel" passes 0180c2000000 0026
check "some were dropped by the kernel" test "$(type_counter a filter_reserved_addr)" -gt 0
dropped=$(drops reserved_addr)
check_eq "drops of the kernel are in the total" "$dropped" in_sum by=total
check_eq "and in the tenant's" "$dropped" in_sum by=tenant
check_eq "in one row each" 1 ctl_json 'map(select(.reason == "filter_reserved_addr")) | length' stats drops by=total
need "all may pass" ctl network set red/web transparent=all
check_eq "an address beside them is an ordinary group" "5 0" passes 0180c2000010 88b5
t_done
