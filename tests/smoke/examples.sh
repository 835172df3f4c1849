#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The example documents are accepted as they are, and a dry run of them changes nothing.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

show() { ctl -j config show | jq -S 'del(.revision)'; }
plan_has() { "$VSW_BUILD/vswitchctl" -s "$VSW_SOCKET" config apply "$1" --dry-run | grep -q "$2"; }

ns_add a
need "the switch starts" sw_start
need "a network" net_up green web 10
need "port a" tap_port a green web 10.0.0.1/24
show >"$T_DIR/before.json"
for document in "$VSW_TOP"/examples/*.json; do
    check "$(basename "$document") is accepted" ctl config apply "$document" --dry-run
done
check "the plan names a port of it" plan_has "$VSW_TOP/examples/two-tenants.json" 'add  *port red-vm1'
show >"$T_DIR/after.json"
check "and the removal of what it has not" plan_has "$VSW_TOP/examples/two-tenants.json" 'remove  *port a'
check "nothing was changed" diff "$T_DIR/before.json" "$T_DIR/after.json"
t_done
