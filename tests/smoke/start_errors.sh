#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# When it cannot start, the daemon says why in one sentence and exits non-zero.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

# start_fails PATTERN OPTION...: exit status not 0 within 10 s and a line that matches
start_fails() {
    local pattern=$1 status
    shift
    timeout 10 "$VSW_BUILD/vswitchd" --state-dir "$T_DIR/state2" --run-dir "$T_DIR/run2" "$@" >"$T_DIR/start.out" 2>&1
    status=$?
    cat "$T_DIR/start.out"
    ((status != 0 && status < 124)) && grep -Eqi "$pattern" "$T_DIR/start.out"
}

mkdir -p "$T_DIR/state2" "$T_DIR/run2"
need "the switch starts" sw_start
check "socket in use" start_fails 'in use|answers on' --socket "$VSW_SOCKET"
check "the first one did not notice" sw_answers
printf '{\n  "tenants": [,\n}\n' >"$T_DIR/bad.json"
check "a config error has its line and column" start_fails '2:[0-9]+|line 2' \
    --socket "$T_DIR/other.sock" --config "$T_DIR/bad.json"
check "no config file" start_fails 'no such file' --socket "$T_DIR/other.sock" --config "$T_DIR/nosuch.json"
check "a folder that cannot be written" start_fails 'nosuch|no such|permission' --socket /nosuch/dir/vsw.sock
check "an unknown option" start_fails 'frobnicate' --frobnicate

# A socket file that nobody serves is no reason to stay away.
sw_crash
check "a stale socket file does not hinder a start" sw_start
t_done
