#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# How exact the limits are, from 10 Mb/s to 5 Gb/s, small frames and TCP. Counted by the switch as
# limits count (each segment with its headers), over 10 s after 5 s to settle; rows that leave the
# CPU to others go side by side. The top row is the largest limit that this host, just then, carries
# half as much again of without one. VSW_LONG=1: more rows, each alone.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

SETTLE_S=5 MEASURE_S=10
# name, traffic (tcp, or frames per second), keys of the sender, keys of the receiver, counter, what
# it is to be, the least of it in per cent, the least that TCP makes of it in per cent
rows=(
    "in10M   tcp    limit_in_bps=10M  -                  s.in_wire_bytes  1e7 95 90"
    "in100M  tcp    limit_in_bps=100M -                  s.in_wire_bytes  1e8 95 90"
    "out100M tcp    -                 limit_out_bps=100M r.out_wire_bytes 1e8 80 80"
    "in1G    tcp    limit_in_bps=1G   -                  s.in_wire_bytes  1e9 95 90"
    "small   160000 limit_in_bps=50M  -                  s.in_wire_bytes  5e7 95 -"
    "out1G   tcp    -                 limit_out_bps=1G   r.out_wire_bytes 1e9 80 80"
    "pps     160000 limit_in_pps=100K -                  s.in_segments    1e5 95 -"
    "outpps  160000 -                 limit_out_pps=100K r.out_segments   1e5 95 -"
)
groups=("in10M in100M out100M" "in1G small")
[[ -z ${VSW_LONG:-} ]] || groups=(in10M in100M out100M in1G small out1G pps outpps)
tops=(5G 2G 1G 500M 200M 100M)

declare -A jobs=() row_of=()
pairs=0

row() { # NAME: its words into $traffic $keys_s $keys_r $counter $want $least $tcp_least
    read -r _ traffic keys_s keys_r counter want least tcp_least <<<"${row_of[$1]}"
}

# pair NAME: namespaces NAME-s and NAME-r with their ports
pair() {
    local traffic keys_s keys_r counter want least tcp_least
    row "$1"
    pairs=$((pairs + 1))
    ns_add "$1-s" "$1-r" || return 1
    tap_port "$1-s" red web "10.0.$pairs.1/24" "mac=$(mac_of s "$pairs")" "${keys_s/#-/isolated=false}" &&
        tap_port "$1-r" red web "10.0.$pairs.2/24" "mac=$(mac_of r "$pairs")" "${keys_r/#-/isolated=false}" &&
        iperf_server "$1-r"
}
mac_of() { printf '02:00:00:00:%02x:%02x' "$2" "'$1"; } # s|r PAIR

pair_del() {
    ctl port del "$1-s" && ctl port del "$1-r" && ns_del "$1-s" && ns_del "$1-r"
}

start() { # NAME: its traffic
    local traffic keys_s keys_r counter want least tcp_least
    row "$1"
    if [[ $traffic == tcp ]]; then
        iperf_tcp "$1-s" "10.0.$pairs.2" "$MEASURE_S" -O "$SETTLE_S" >"$T_DIR/$1.bps" &
        jobs[$1]=$!
        return
    fi
    blast_bg "$1-s" "src=$(mac_of s "$pairs")" "dst=$(mac_of r "$pairs")" bytes=60 "pps=$traffic" \
        seconds=$((SETTLE_S + MEASURE_S + 3))
    jobs[$1]=${blast_pids["$1-s"]}
    ctl fdb add "red/web/$(mac_of r "$pairs")" "port=$1-r"
}

# measure NAME...: what they carry once they have settled, into $T_DIR/NAME.rate
measure() {
    local name counters=() traffic keys_s keys_r counter want least tcp_least rates
    for name in "$@"; do
        row "$name"
        counters+=("$name-$counter")
    done
    sleep "$SETTLE_S"
    rates_over "$MEASURE_S" "${counters[@]}" >"$T_DIR/rates" || return 1
    read -r -a rates <"$T_DIR/rates"
    for name in "$@"; do
        wait "${jobs[$name]}"
        echo "${rates[0]}" >"$T_DIR/$name.rate"
        rates=("${rates[@]:1}")
    done
}

per_cent() { awk -v n="$(<"$1")" -v of="$2" 'BEGIN { printf "%.1f\n", n * 100 / of }'; } # FILE OF

report() { # NAME
    local traffic keys_s keys_r counter want least tcp_least what
    row "$1"
    what=${keys_s#-}${keys_r#-}
    check_limit "$what, ${traffic/[0-9]*/64-byte frames}: $least to 105 %" "$least" 105 \
        per_cent "$T_DIR/$1.rate" "$want"
    [[ $tcp_least == - ]] || check_range "$what: TCP makes $tcp_least % of it" "$tcp_least" 105 \
        per_cent "$T_DIR/$1.bps" "$want"
}

hold() { # NAME...: all of them at once
    local name
    for name in "$@"; do
        need "pair $name" pair "$name"
        need "traffic of $name" start "$name"
    done
    need "rates of $*" measure "$@"
    for name in "$@"; do
        report "$name"
        pair_del "$name" >/dev/null
    done
}

# ---- the top row --------------------------------------------------------------------------------

# open_rate: what TCP makes between the two of top without a limit
open_rate() {
    ctl port set top-s limit_in_bps=0 >/dev/null &&
        iperf_tcp top-s "10.0.$pairs.2" 2 -O 1
}
carries() { # BPS LIMIT: so much again, and half
    in_range "$1" "$(numfmt --from=si "$2" | awk '{ print $1 * 1.5 }')" 1e15
}

top_holds() {
    local open limit bps
    row_of[top]="top tcp - - s.in_wire_bytes 0 95 90"
    need "pair top" pair top
    need "TCP without a limit" open_rate
    open=$t_output
    for limit in "${tops[@]}"; do
        ! carries "$open" "$limit" || break
    done
    step "$(human_bps "$open") without a limit, so the limit is $limit"
    bps=$(numfmt --from=si "$limit")
    row_of[top]="top tcp limit_in_bps=$limit - s.in_wire_bytes $bps 95 90"
    need "limit" ctl port set top-s "limit_in_bps=$limit"
    need "traffic of top" start top
    need "rate of top" measure top
    report top
    # Too little means something only where there still is more without a limit.
    if ((${#t_missed[@]} > 0)); then
        need "TCP without a limit" open_rate
        carries "$t_output" "$limit" || host_excuse="only $(human_bps "$t_output") without a limit by now"
    fi
    pair_del top >/dev/null
}

for words in "${rows[@]}"; do row_of[${words%% *}]=$words; done
need "the switch starts" sw_start
need "a network" net_up red web 10
for group in "${groups[@]}"; do
    read -r -a names <<<"$group"
    step "$group"
    measured hold "${names[@]}"
done
measured top_holds
t_done
