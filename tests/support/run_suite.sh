#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Run the scripts of a layer one after another and print one closing line for all of them.
# usage: run_suite.sh LAYER SCRIPT...
# Every check is shown as it happens. A script that prints no closing line of its own, or whose
# status and closing line disagree, counts as a failure. VSW_ONLY=word runs only the scripts whose
# name has that word.
set -u

layer=$1
shift
passed=0 failed=0 skipped=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
trap 'exit 130' INT TERM

# What a script is about: its head comment up to the first full stop or colon.
first_sentence() {
    sed -n '4,${/^# shellcheck/q;/^#/!q;s/^# *//;p}' "$1" | tr '\n' ' ' | sed -E 's/[.:] .*//'
}

run_script() { # SCRIPT: its output to the terminal and to $log, its status
    # The script's own process group: after the time limit every process of it goes.
    timeout -k 30 "${VSW_SCRIPT_TIMEOUT_S:-480}" "$1" 2>&1 | tee "$log"
    return "${PIPESTATUS[0]}"
}

for script in "$@"; do
    name=$(basename "$script" .sh)
    [[ $name == *${VSW_ONLY:-}* ]] || continue
    printf '%s/%s: %s\n' "$layer" "$name" "$(first_sentence "$script")"
    start=$EPOCHREALTIME
    run_script "$script"
    status=$?
    # "name: 7 passed, 1 failed, 2 skipped" -> 7 1 2
    read -r ok bad skip < <(tail -n 1 "$log" |
        sed -nE "s/^$name: ([0-9]+) passed, ([0-9]+) failed(, ([0-9]+) skipped)?\$/\1 \2 \4/p")
    if [[ -z ${ok:-} ]]; then
        printf '  FAIL         %s ended without a closing line (status %s)\n' "$name" "$status"
        ok=$(grep -c '^  ok ' "$log") bad=$(($(grep -c '^  FAIL ' "$log") + 1)) skip=0
    elif ((status != 0 && bad == 0)); then
        printf '  FAIL         %s ended with status %s\n' "$name" "$status"
        bad=1
    fi
    passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + ${skip:-0}))
    printf '%s/%s took %d s\n\n' "$layer" "$name" \
        $(((${EPOCHREALTIME/./} - ${start/./}) / 1000000))
    ok='' bad='' skip=''
done

if ((passed + failed + skipped == 0)); then
    echo "$layer: no script ran"
    failed=1
fi
tail=
((skipped == 0)) || tail=", $skipped skipped"
echo "$layer: $passed passed, $failed failed$tail"
((failed == 0))
