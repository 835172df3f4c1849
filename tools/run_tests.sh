#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Run cmocka test programs, as many at a time as there are CPUs, and print one closing line for all.
# usage: run_tests.sh NAME PROGRAM...
# A program's output is shown only when it fails. Exit status 1 if any test failed.
set -u
layer=$1
shift
programs=("$@")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

run() { # NUMBER: leave its output, status and time in $dir
    local start
    start=$(date +%s%N)
    timeout "${TEST_TIMEOUT_S:-300}" "${programs[$1]}" >"$dir/$1.log" 2>&1
    echo "$? $((($(date +%s%N) - start) / 1000000))" >"$dir/$1.end"
}

passed=0 failed=0 skipped=0
report() { # NUMBER: one line, and the output if it failed
    local status ms ok skip bad
    read -r status ms <"$dir/$1.end"
    ok=$(grep -c '^\[       OK \]' "$dir/$1.log")
    skip=$(grep -c '^\[  SKIPPED \] [a-z]' "$dir/$1.log")
    bad=$(grep '^\[  FAILED  \] [a-z_A-Z0-9]*$' "$dir/$1.log" | sort -u | wc -l)
    # A crash, a sanitizer report or a program that ran nothing is a failure of its own.
    if ((status != 0 && bad == 0)); then bad=1; fi
    if ((status == 0 && ok + skip == 0)); then bad=1; fi
    passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + skip))
    printf '%-6s %-40s %4d ok  %2d failed  %2d skipped  %6d ms\n' \
        "$layer" "$(basename "${programs[$1]}")" "$ok" "$bad" "$skip" "$ms"
    ((bad == 0)) || sed 's/^/    | /' "$dir/$1.log" | tail -n 80
}

running=0
for i in "${!programs[@]}"; do
    if ((running == $(nproc))); then
        wait -n
        running=$((running - 1))
    fi
    run "$i" &
    running=$((running + 1))
done
wait
for i in "${!programs[@]}"; do report "$i"; done

tail=
((skipped == 0)) || tail=", $skipped skipped"
echo "$layer: $passed passed, $failed failed$tail"
((failed == 0))
