#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# One document: what is shown can be applied, what is wrong changes nothing, what was there comes
# back after a restart and after a crash.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

show() { ctl -j config show | jq -S 'del(.revision)'; }
same_as() { show | diff "$1" -; } # FILE

ns_add a b
need "the switch starts" sw_start
need "a network" net_up red web 10
need "port a" tap_port a red web 10.0.0.1/24 limit_in_bps=100M
need "port b" tap_port b red web 10.0.0.2/24
check "a reaches b" reaches a 10.0.0.2

show >"$T_DIR/first.json"
check "the document is JSON with both ports" jq -e '[.. | objects | .name?] | index("a") and index("b")' \
    "$T_DIR/first.json"
check "what is shown applies unchanged" ctl config apply "$T_DIR/first.json"
check "and changes nothing" same_as "$T_DIR/first.json"

sed 's/"web"/"nosuch"/' "$T_DIR/first.json" | sed '0,/"nosuch"/s//"web"/' >"$T_DIR/bad.json"
check "a document with a dangling name is refused" ctl_refused config apply "$T_DIR/bad.json"
check "all or nothing" same_as "$T_DIR/first.json"
head -c 40 "$T_DIR/first.json" >"$T_DIR/half.json"
check "half a document is refused" ctl_refused config apply "$T_DIR/half.json"

jq '(.. | objects | select(.name? == "b")) |= . + {limit_in_bps: 50000000}' \
    "$T_DIR/first.json" >"$T_DIR/second.json"
check "a dry run shows the plan" sh -c \
    "$(printf '%q ' "$VSW_BUILD/vswitchctl" -s "$VSW_SOCKET" config apply "$T_DIR/second.json" --dry-run) | grep -q b"
check "and changes nothing either" same_as "$T_DIR/first.json"
need "the change itself" ctl config apply "$T_DIR/second.json"
show >"$T_DIR/second-shown.json"

need "restart" sw_restart
check "the document survives a restart" same_as "$T_DIR/second-shown.json"
check "so does the traffic" reaches a 10.0.0.2
sw_crash
need "start after a crash" sw_start
check "the document survives a crash" same_as "$T_DIR/second-shown.json"
check "traffic after a crash" reaches a 10.0.0.2
t_done
