#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Every test layer, one after another, and one closing line that sums them: "N passed, N failed[, N
# skipped]". usage: test_all.sh (as `make test`, after the packages are there)
# Each layer ends with "LAYER: N passed, ..."; one that does not counts as a failure.
set -u
cd "$(dirname "$0")/.." || exit 1

passed=0 failed=0 skipped=0
jobs=$(nproc)
began=$SECONDS
summary=()
log=$(mktemp)
trap 'rm -f "$log"' EXIT
trap 'exit 130' INT TERM

layer() { # NAME COMMAND...: run it, add up its closing line
    local name=$1 start=$SECONDS status ok='' bad='' skip=''
    shift
    printf '\n==== %s  (%d s so far)\n' "$name" $((SECONDS - began))
    "$@" 2>&1 | tee "$log"
    status=${PIPESTATUS[0]}
    read -r ok bad skip < <(sed -nE \
        's/^[a-z]+: ([0-9]+) passed, ([0-9]+) failed(, ([0-9]+) skipped)?$/\1 \2 \4/p' "$log" | tail -n 1)
    if [[ -z $ok ]]; then
        echo "$name: no closing line, status $status"
        ok=0 bad=1
    elif ((status != 0 && bad == 0)); then
        echo "$name: status $status in spite of its closing line"
        bad=1
    elif ((ok + bad + ${skip:-0} == 0)); then
        echo "$name: ran nothing"
        bad=1
    fi
    passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + ${skip:-0}))
    summary+=("$(printf '%-28s %5d passed %4d failed %4d skipped %5d s' \
        "$name" "$ok" "$bad" "${skip:-0}" $((SECONDS - start)))")
}

build() { # WORD...: a build counts as one check
    if make -j"$jobs" "$@"; then
        echo "build: 1 passed, 0 failed"
    else
        echo "build: 0 passed, 1 failed"
        return 1
    fi
}

layer "build" build all
layer "lint" make lint
layer "unit" make -j"$jobs" unit
layer "flow" make -j"$jobs" flow
layer "unit, ASan and UBSan" make -j"$jobs" SAN=address,undefined unit
layer "flow, ASan and UBSan" make -j"$jobs" SAN=address,undefined flow
layer "shared by workers, TSan" make -j"$jobs" SAN=thread threads
layer "smoke" make smoke
layer "vm" make vm

printf '\n==== all layers\n'
printf '%s\n' "${summary[@]}"
printf 'time: %d min %d s\n' $(((SECONDS - began) / 60)) $(((SECONDS - began) % 60))
tail=
((skipped == 0)) || tail=", $skipped skipped"
echo "$passed passed, $failed failed$tail"
((failed == 0))
