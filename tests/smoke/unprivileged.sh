#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Vhost-user-only operation as an ordinary user; what needs rights is refused with a sentence.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

if ! id nobody >/dev/null 2>&1; then
    skip "runs as an ordinary user" "this host has no user 'nobody'"
    t_finished=true
    exit 0
fi
mkdir -p "$SW_RUN" "$T_DIR/state"
chown nobody "$T_DIR" "$SW_RUN" "$T_DIR/state"
mkdir "$T_DIR/bin"
cp "$VSW_BUILD/vswitchd" "$T_DIR/bin/vswitchd" # nobody may not reach the build folder
setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups \
    "$T_DIR/bin/vswitchd" --socket "$VSW_SOCKET" --workers 1 --state-dir "$T_DIR/state" --run-dir "$SW_RUN" \
    >>"$SW_LOG" 2>&1 &
sw_pid=$!
t_defer sw_cleanup
check "it starts as nobody" wait_for 20 sw_answers
need "a network" net_up red web 10
need "a vhost-user port" vhost_port p1 red web
check "its socket is there" wait_for 3 test -S "$SW_RUN/p1.sock"
refused_with_reason() {
    local output
    output=$(ctl_refused port add t1 type=tap tenant=red networks=web "ifname=vswt$$") &&
        grep -Ei 'permi|right|allowed|tun' <<<"$output"
}
failed_visibly() { [[ $(port_get t1 state) != ready && -n $(port_get t1 reason) ]]; }
no_tap() { refused_with_reason || failed_visibly; }
check "a TAP without the right to make one is refused or shows why" no_tap
t_done
