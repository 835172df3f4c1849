# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
#
# What every script of the demo, the smoke and the vm layer starts with:
#
#   . "$(dirname "$0")/../support/lib.sh"
#   need "the switch starts" sw_start        set-up: its failure ends the script
#   check "a reaches b" reaches a 10.0.0.2   one result line
#   measured check_range "b/s" 1e8 1e12 ...  a number that depends on this host, see host.sh
#   t_done                                   balance, clean stop, closing line
#
# Everything a script makes is under $T_DIR, carries its pid in its name, or is on the stack of
# t_defer; all of it goes when the script ends, however it ends. A script that dies before t_done
# counts as failed, and so does one that checked nothing.
set -u
PATH=$PATH:/usr/sbin:/sbin

VSW_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
T_NAME=$(basename "$0" .sh)
T_DIR=$(mktemp -d "${TMPDIR:-/tmp}/vsw-XXXXXX")
T_START=$EPOCHREALTIME
t_passed=0 t_failed=0 t_skipped=0 t_finished=false
t_deferred=()
declare -A t_shown=()

# ---- clean-up ---------------------------------------------------------------------------------

# t_defer COMMAND...: run it at the end, last one first
t_defer() {
    t_deferred+=("$(printf '%q ' "$@")")
}

t_end() {
    local i status=0
    trap '' INT TERM HUP
    for ((i = ${#t_deferred[@]} - 1; i >= 0; i--)); do eval "${t_deferred[i]}" >/dev/null 2>&1; done
    if $t_finished && ((t_passed + t_failed + t_skipped == 0)); then
        t_fail "checks something" "this script made no check at all"
    fi
    $t_finished || t_fail "runs to its end" "the script ended early"
    if [[ -n ${VSW_KEEP:-} ]]; then
        printf '  kept: %s\n' "$T_DIR"
    else
        rm -rf "$T_DIR"
    fi
    ((t_failed == 0)) || status=1
    printf '%s: %d passed, %d failed' "$T_NAME" "$t_passed" "$t_failed"
    ((t_skipped == 0)) || printf ', %d skipped' "$t_skipped"
    printf '\n'
    exit $status
}
trap t_end EXIT
trap 'exit 130' INT TERM HUP

# kill_wait PID [SIGNAL]: end a process of ours and wait until it is gone
kill_wait() {
    kill -"${2:-KILL}" "$1" 2>/dev/null
    wait "$1" 2>/dev/null
}

# ---- results ----------------------------------------------------------------------------------

t_elapsed() {
    local us=$((${EPOCHREALTIME/./} - ${T_START/./}))
    printf '%3d.%d' $((us / 1000000)) $((us / 100000 % 10))
}

# step TEXT...: say what happens now
step() {
    printf '  ..    %s s  %s\n' "$(t_elapsed)" "$*"
}

# t_note TEXT: for a command under check: say it even if the check passes
t_note() {
    printf '%s\n' "$1" >>"$T_DIR/notes"
}

t_notes() {
    [[ -s $T_DIR/notes ]] || return 0
    sed -e '1s/^/  note  /' -e '2,$s/^/          | /' "$T_DIR/notes"
    : >"$T_DIR/notes"
}

# In a trial (see measured) results wait until it is known whether they count.
t_trial=false t_results=() t_missed=() t_wrong=0 t_excuse=
t_trial_start() { t_trial=true t_results=() t_missed=() t_wrong=0 t_excuse=; }
t_trial_end() { # [EXCUSE]: the results count; with an excuse what is out of range could not be measured
    local result
    t_trial=false t_excuse=${1:-}
    for result in "${t_results[@]}"; do eval "$result"; done
    t_excuse=
}
t_waits() { # RESULT...: true if it is kept for later
    $t_trial && t_results+=("$(printf '%q ' "$@")")
}

t_pass() { # NAME
    t_waits t_pass "$@" && return
    t_passed=$((t_passed + 1))
    printf '  ok    %s s  %s\n' "$(t_elapsed)" "$1"
}

t_fail() { # NAME DETAIL...
    t_wrong=$((t_wrong + 1))
    t_waits t_fail "$@" && return
    t_failed=$((t_failed + 1))
    printf '  FAIL  %s s  %s\n' "$(t_elapsed)" "$1"
    shift
    printf '%s\n' "$@" | head -n 40 | sed 's/^/          | /'
    t_tails
}

t_miss() { # NAME RANGE NUMBER DETAIL...: out of range
    t_waits t_miss "$@" && t_missed+=("$1: ${3:0:60}, not $2;") && return
    if [[ -n $t_excuse ]]; then
        skip "$1" "${3:0:60}, not $2, but $t_excuse"
    else
        t_fail "$1" "expected: $2" "${@:4}"
    fi
}

# What everything that may know why has said since the last failure.
t_tails() {
    local file lines
    for file in "$T_DIR"/*.log "$T_DIR"/*.console; do
        [[ -s $file ]] || continue
        lines=$(wc -l <"$file")
        ((lines > ${t_shown[$file]:-0})) || continue
        printf '          + %s says\n' "${file##*/}"
        tail -n +$((${t_shown[$file]:-0} + 1)) "$file" | tail -n 12 | tr -d '\r' | cut -c1-200 |
            sed 's/^/          |   /'
        t_shown[$file]=$lines
    done
}

# skip NAME WHY: what this host cannot do; never a pass
skip() {
    t_skipped=$((t_skipped + 1))
    printf '  skip  %s s  %s: %s\n' "$(t_elapsed)" "$1" "$2"
}

# t_run COMMAND...: run it here, its output into $t_output
t_run() {
    local status
    "$@" >"$T_DIR/output" 2>&1
    status=$?
    t_output=$(tr -d '\0' <"$T_DIR/output")
    t_notes
    return $status
}

# check NAME COMMAND...: passes when the command succeeds
check() {
    local name=$1 status
    shift
    t_run "$@"
    status=$?
    if ((status == 0)); then
        t_pass "$name"
    else
        t_fail "$name" "expected: success of: $*" "seen: status $status" "$t_output"
    fi
    return $status
}

# check_eq NAME WANT COMMAND...: passes when the command prints WANT
check_eq() {
    local name=$1 want=$2 status
    shift 2
    t_run "$@"
    status=$?
    if ((status == 0)) && [[ $t_output == "$want" ]]; then
        t_pass "$name"
        return 0
    fi
    t_fail "$name" "expected: $want" "seen: $t_output (status $status)" "of: $*"
    return 1
}

# check_range NAME MIN MAX COMMAND...: passes when the command prints a number in MIN..MAX
check_range() {
    local name=$1 min=$2 max=$3 status
    shift 3
    t_run "$@"
    status=$?
    if ((status == 0)) && in_range "$t_output" "$min" "$max"; then
        t_pass "$name ($t_output)"
        return 0
    fi
    # No number at all is one out of range.
    t_miss "$name" "$min to $max" "$t_output" "seen: $t_output (status $status)" "of: $*"
    return 1
}

# check_limit NAME MIN MAX COMMAND...: the same for what a limit lets pass; a host that is not there
# may make it too little, never too much
check_limit() {
    check_range "$@" && return
    ! in_range "$t_output" "$3" 1e15 || t_wrong=$((t_wrong + 1))
    return 1
}

in_range() { # NUMBER MIN MAX
    [[ $1 =~ ^-?[0-9]+([.][0-9]+)?$ ]] &&
        awk -v n="$1" -v min="$2" -v max="$3" 'BEGIN { exit !(n >= min && n <= max) }'
}

# need WHAT COMMAND...: set-up that must work; the script ends if it does not
need() {
    local what=$1 status
    shift
    t_run "$@"
    status=$?
    ((status == 0)) && return 0
    t_trial=false
    t_fail "$what" "expected: success of: $*" "seen: status $status" "$t_output"
    t_finished=true
    exit 1
}

# wait_for SECONDS COMMAND...: poll until it succeeds; status 1 if it never does
wait_for() {
    local end=$((${EPOCHREALTIME/./} + $1 * 1000000))
    shift
    until "$@" >/dev/null 2>&1; do
        ((${EPOCHREALTIME/./} < end)) || return 1
        sleep 0.05
    done
}

# t_done: the last line of a script
t_done() {
    sw_finish
    t_finished=true
    exit 0
}

# ---- the rest of the library ------------------------------------------------------------------

# shellcheck source=tests/support/host.sh
. "$VSW_TOP/tests/support/host.sh"
# shellcheck source=tests/support/switch.sh
. "$VSW_TOP/tests/support/switch.sh"
# shellcheck source=tests/support/netns.sh
. "$VSW_TOP/tests/support/netns.sh"
# shellcheck source=tests/support/scenes.sh
. "$VSW_TOP/tests/support/scenes.sh"
# shellcheck source=tests/support/qemu.sh
. "$VSW_TOP/tests/support/qemu.sh"
# shellcheck source=tests/support/peers.sh
. "$VSW_TOP/tests/support/peers.sh"
