#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# How exact the limits are, from 10 Mb/s to 5 Gb/s, small frames and TCP. Counted by the switch as
# limits count (each segment with its headers), over 10 s after 5 s to settle; rows that leave the
# CPU to others go side by side. VSW_LONG=1: more rows, each alone.
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
    "in5G    tcp    limit_in_bps=5G   -                  s.in_wire_bytes  5e9 95 90"
    "out1G   tcp    -                 limit_out_bps=1G   r.out_wire_bytes 1e9 80 80"
    "pps     160000 limit_in_pps=100K -                  s.in_segments    1e5 95 -"
    "outpps  160000 -                 limit_out_pps=100K r.out_segments   1e5 95 -"
)
groups=("in10M in100M out100M" "in1G small" "in5G")
[[ -z ${VSW_LONG:-} ]] || groups=(in10M in100M out100M in1G small in5G out1G pps outpps)

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
        tap_port "$1-r" red web "10.0.$pairs.2/24" "mac=$(mac_of r "$pairs")" "${keys_r/#-/isolated=false}"
}
mac_of() { printf '02:00:00:00:%02x:%02x' "$2" "'$1"; } # s|r PAIR

pair_del() {
    ctl port del "$1-s" && ctl port del "$1-r" && ns_del "$1-s" && ns_del "$1-r"
}

start() { # NAME: its traffic
    local traffic keys_s keys_r counter want least tcp_least
    row "$1"
    if [[ $traffic == tcp ]]; then
        iperf_server "$1-r" || return 1
        iperf_tcp "$1-s" "10.0.$pairs.2" "$MEASURE_S" -O "$SETTLE_S" >"$T_DIR/$1.bps" &
        jobs[$1]=$!
        return
    fi
    blast_bg "$1-s" "src=$(mac_of s "$pairs")" "dst=$(mac_of r "$pairs")" bytes=60 "pps=$traffic" \
        seconds=$((SETTLE_S + MEASURE_S + 3))
    jobs[$1]=${blast_pids["$1-s"]}
    ctl fdb add "red/web/$(mac_of r "$pairs")" "port=$1-r"
}

# CPU time so far: used, idle, taken by other machines
cpu_times() { awk '/^cpu / { print $2 + $3 + $4 + $7 + $8, $5 + $6, $9 }' /proc/stat; }
cpu_story() { # BEFORE AFTER: idle and stolen per cent meanwhile
    awk -v load="$(cut -d' ' -f1 /proc/loadavg)" 'NR == 1 { split($0, a) } NR == 2 {
        all = $1 + $2 + $3 - a[1] - a[2] - a[3]
        printf "load %s, CPU idle %d %%, stolen %d %%", load, ($2 - a[2]) * 100 / all,
            ($3 - a[3]) * 100 / all }' <<<"$1"$'\n'"$2"
}

# measure NAME...: all of them at once; rates into $T_DIR/NAME.rate
measure() {
    local name counters=() traffic keys_s keys_r counter want least tcp_least before rates
    for name in "$@"; do
        need "pair $name" pair "$name"
        need "traffic of $name" start "$name"
        row "$name"
        counters+=("$name-$counter")
    done
    sleep $SETTLE_S
    before=$(cpu_times)
    rates_over $MEASURE_S "${counters[@]}" >"$T_DIR/rates" || return 1
    story=$(cpu_story "$before" "$(cpu_times)")
    read -r -a rates <"$T_DIR/rates"
    for name in "$@"; do
        wait "${jobs[$name]}"
        echo "${rates[0]}" >"$T_DIR/$name.rate"
        rates=("${rates[@]:1}")
        pair_del "$name" >/dev/null
    done
}

per_cent() { awk -v n="$(<"$1")" -v of="$2" 'BEGIN { printf "%.1f\n", n * 100 / of }'; } # FILE OF

good() { # NAME
    local traffic keys_s keys_r counter want least tcp_least
    row "$1"
    in_range "$(per_cent "$T_DIR/$1.rate" "$want")" "$least" 105 || return 1
    [[ $tcp_least == - ]] || in_range "$(per_cent "$T_DIR/$1.bps" "$want")" "$tcp_least" 105
}
all_good() {
    local name
    for name in "$@"; do good "$name" || return 1; done
}

report() { # NAME
    local traffic keys_s keys_r counter want least tcp_least what
    row "$1"
    what=${keys_s#-}${keys_r#-}
    check_range "$what, ${traffic/[0-9]*/64-byte frames}: $least to 105 %" "$least" 105 \
        per_cent "$T_DIR/$1.rate" "$want"
    [[ $tcp_least == - ]] ||
        check_range "$what: TCP makes $tcp_least % of it" "$tcp_least" 105 \
            per_cent "$T_DIR/$1.bps" "$want"
}

for words in "${rows[@]}"; do row_of[${words%% *}]=$words; done
need "the switch starts" sw_start
need "a network" net_up red web 10
for group in "${groups[@]}"; do
    read -r -a names <<<"$group"
    measure "${names[@]}"
    step "$group: $story"
    # A machine without a moment to spare says nothing about limits: once more, then it counts.
    if ! all_good "${names[@]}" && [[ $story =~ idle\ [0-4]\ % || ! $story =~ stolen\ [0-2]\ % ]]; then
        step "out of range on a busy machine: $(cd "$T_DIR" && grep -H . "${names[@]/%/.rate}" | tr '\n' ' ')"
        measure "${names[@]}"
        step "again: $story"
    fi
    for name in "${names[@]}"; do report "$name"; done
done
t_done
