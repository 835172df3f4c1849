#!/bin/bash
# Run cmocka test programs one after another and print one closing line for all of them.
# usage: run_tests.sh NAME PROGRAM...
# Each program's output is shown only when it fails. Exit status 1 if any test failed.
set -u
layer=$1
shift
passed=0 failed=0 skipped=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for program in "$@"; do
    start=$(date +%s%N)
    timeout "${TEST_TIMEOUT_S:-300}" "$program" >"$log" 2>&1
    status=$?
    ms=$((($(date +%s%N) - start) / 1000000))
    ok=$(grep -c '^\[       OK \]' "$log")
    skip=$(grep -c '^\[  SKIPPED \] [a-z]' "$log")
    bad=$(grep '^\[  FAILED  \] [a-z_A-Z0-9]*$' "$log" | sort -u | wc -l)
    # A crash, a sanitizer report or a program that ran nothing is a failure of its own.
    if [ $status -ne 0 ] && [ "$bad" -eq 0 ]; then bad=1; fi
    if [ $status -eq 0 ] && [ $((ok + skip)) -eq 0 ]; then bad=1; fi
    passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + skip))
    printf '%-6s %-40s %4d ok  %2d failed  %2d skipped  %6d ms\n' \
        "$layer" "$(basename "$program")" "$ok" "$bad" "$skip" "$ms"
    [ "$bad" -eq 0 ] || sed 's/^/    | /' "$log" | tail -n 80
done
tail=
[ $skipped -eq 0 ] || tail=", $skipped skipped"
echo "$layer: $passed passed, $failed failed$tail"
[ $failed -eq 0 ]
