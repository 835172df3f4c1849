# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
#
# End points and traffic. An end point is a network namespace made by ns_add or a guest started by
# vm_start or uml_start; everything below takes either by its name.

declare -A ns_known=() ns_bg_pids=()

# ns_name NAME: the namespace's name on this host, one per script run
ns_name() { printf 'vsw%d-%s' "$$" "$1"; }

# ns_add NAME...
ns_add() {
    local name
    for name in "$@"; do
        ip netns add "$(ns_name "$name")" || return 1
        t_defer ns_del "$name"
        ns_known[$name]=1
        ns_link "$name" set lo up
        # Router and listener chatter of IPv6 would add frames nobody asked for.
        ns_run "$name" sysctl -qw net.ipv6.conf.default.disable_ipv6=1
    done
}

ns_del() { # NAME
    local pid
    for pid in ${ns_bg_pids[$1]:-}; do kill_wait "$pid"; done
    ip netns del "$(ns_name "$1")"
    unset "ns_known[$1]"
}

# ns_link NAME WORD...: ip link in a namespace
ns_link() { ip -n "$(ns_name "$1")" link "${@:2}"; }

# ns_wire NAME INTERFACE NAME INTERFACE [WORD...]: a veth pair between two namespaces, both ends up
ns_wire() {
    ns_link "$1" add name "$2" "${@:5}" type veth peer name "$4" netns "$(ns_name "$3")" "${@:5}" &&
        ns_link "$1" set dev "$2" up && ns_link "$3" set dev "$4" up
}

# ns_vlans NAME INTERFACE: addresses 10.0.N.x of the namespace are in VLAN N, see
# tests/tools/vlan_host.bpf.c
ns_vlans() {
    local object=$VSW_BUILD/tests/tools/vlan_host.bpf.o
    ns_run "$1" tc qdisc add dev "$2" clsact &&
        ns_run "$1" tc filter add dev "$2" egress bpf da obj "$object" sec tc/egress &&
        ns_run "$1" tc filter add dev "$2" ingress bpf da obj "$object" sec tc/ingress
}

# ns_run NAME COMMAND...
ns_run() {
    local name=$1
    shift
    ip netns exec "$(ns_name "$name")" "$@"
}

# ns_bg NAME COMMAND...: in the background until the script ends
ns_bg() {
    local name=$1
    shift
    ip netns exec "$(ns_name "$name")" "$@" >>"$T_DIR/$name.out" 2>&1 </dev/null &
    ns_bg_pids[$name]="${ns_bg_pids[$name]:-} $!"
}

# on END COMMAND-LINE [SECONDS]: a shell command line in an end point, its status and output
on() {
    if [[ -n ${ns_known[$1]:-} ]]; then
        timeout "${3:-30}" ip netns exec "$(ns_name "$1")" bash -c "$2" </dev/null
    else
        vm_run "$@"
    fi
}

# on_bg END COMMAND-LINE: the same in the background, output thrown away
on_bg() {
    if [[ -n ${ns_known[$1]:-} ]]; then
        ns_bg "$1" bash -c "exec $2"
    else
        vm_run "$1" "setsid $2 </dev/null >/dev/null 2>&1 &"
    fi
}

# ---- what reaches what ------------------------------------------------------------------------

ping_once() { on "$1" "ping -c1 -W1 $2"; }

# reaches END IP [BYTES]: an answer within 5 s, then five more, none of them twice. An emulated guest
# may be late, so late is not lost.
reaches() {
    local size=${3:-56} answers
    wait_for 5 ping_once "$1" "$2" || {
        echo "no answer from $2 within 5 s"
        return 1
    }
    answers=$(on "$1" "ping -c5 -i0.1 -w5 -s $size $2")
    printf '%s\n' "$answers"
    [[ $answers =~ \ ([0-9]+)\ received, && $answers != *duplicates* ]] &&
        ((BASH_REMATCH[1] >= 5))
}

# reaches_not END IP: three requests, no answer; anything but a clean "no answer" is a failure
reaches_not() {
    local answers status
    answers=$(on "$1" "ping -c3 -i0.2 -W1 $2" 2>&1)
    status=$?
    printf '%s\n' "$answers"
    ((status == 1)) && [[ $answers == *' 0 received, '* ]]
}

# A name service by hand: who answers at an address proves which of two equal addresses it is.
ident_serve() { # END TEXT
    on_bg "$1" "socat TCP-LISTEN:7777,fork,reuseaddr SYSTEM:'echo $2'"
    wait_for 5 listens "$1" 7777
}
ident_ask() { # END IP
    on "$1" "socat -T3 -u TCP:$2:7777,connect-timeout=3 -"
}

listens() { on "$1" "ss -H -ltn 'sport = :$2' | grep -q ."; } # END PORT

# copies FROM TO IP: the file $T_DIR/sent through TCP, the same sum at both ends
copies() {
    on_bg "$2" "socat -u TCP-LISTEN:9000,reuseaddr CREATE:$T_DIR/received"
    wait_for 5 listens "$2" 9000 || return 1
    on "$1" "socat -u FILE:$T_DIR/sent TCP:$3:9000" || return 1
    wait_for 5 cmp "$T_DIR/sent" "$T_DIR/received"
}

# ---- iperf3 -----------------------------------------------------------------------------------

# iperf_server END [PORT]
iperf_server() {
    on_bg "$1" "iperf3 -s -p ${2:-5201}"
    wait_for 10 listens "$1" "${2:-5201}"
}

# iperf_json END IP SECONDS [OPTION...]: the client's report
iperf_json() {
    local end=$1 ip=$2 seconds=$3 report=$T_DIR/iperf-$BASHPID.json
    shift 3
    on "$end" "iperf3 -J -c $ip -t $seconds --connect-timeout 5000 $*" $((seconds + 20)) \
        >"$report" || {
        jq -r '.error // "no report"' "$report" >&2
        return 1
    }
    jq -e 'has("error") | not' "$report" >/dev/null && cat "$report"
}

# iperf_tcp END IP SECONDS [OPTION...]: bits per second that arrived
iperf_tcp() {
    local report
    report=$(iperf_json "$@") && jq -er '.end.sum_received.bits_per_second | floor' <<<"$report"
}

# iperf_udp END IP SECONDS RATE [OPTION...]: bits per second that arrived, lost per cent
iperf_udp() {
    local end=$1 ip=$2 seconds=$3 rate=$4 report
    shift 4
    report=$(iperf_json "$end" "$ip" "$seconds" -u -b "$rate" "$@") && jq -er '.end.sum |
        "\(.bits_per_second * (100 - .lost_percent) / 100 | floor) \(.lost_percent)"' <<<"$report"
}

# iperf_udp_loss END IP SECONDS RATE [OPTION...]: lost per cent, the best of three
# A guest or host that stands still for some 100 ms loses a good part of two seconds; what the switch
# loses by itself is lost in every try.
iperf_udp_loss() {
    local result loss best=100
    for _ in 1 2 3; do
        result=$(iperf_udp "$@") || return 1
        loss=${result#* }
        best=$(jq -n "[$loss, $best] | min")
        jq -en "$best <= 0.5" >/dev/null && break
    done
    echo "$best"
}

# human_bps NUMBER
human_bps() {
    awk -v n="$1" 'BEGIN { split("b/s kb/s Mb/s Gb/s", unit); i = 1
        while (n >= 1000 && i < 4) { n /= 1000; i++ } printf "%.3g %s\n", n, unit[i] }'
}

# ---- frames by hand ---------------------------------------------------------------------------

# raw_send NAME INTERFACE HEX: one frame from a namespace, padded to 60 bytes
raw_send() {
    local hex=${3//[: ]/} file
    while ((${#hex} < 120)); do hex+=00; done
    # From a file, since a pipe gets a frame that holds a line feed in two pieces.
    file=$(mktemp "$T_DIR/frame.XXXXXX")
    # shellcheck disable=SC2059,SC2001 # the format is the data
    printf "$(sed 's/../\\x&/g' <<<"$hex")" >"$file"
    ns_run "$1" socat -u "OPEN:$file" "INTERFACE:$2"
}

# sniff_start NAME INTERFACE [FILTER]: lines of tcpdump -e into sniffed NAME
sniff_start() {
    ns_run "$1" tcpdump -l -n -e -U -xx -i "$2" "${3:-}" >"$T_DIR/$1.sniff" 2>"$T_DIR/$1.sniffing" &
    ns_bg_pids[$1]="${ns_bg_pids[$1]:-} $!"
    wait_for 5 grep -q 'listening on' "$T_DIR/$1.sniffing"
}
sniffed() { cat "$T_DIR/$1.sniff"; }

# blast NAME KEY=VALUE...: frames out of the interface NAME of namespace NAME, see
# tests/tools/frame_blast.c
blast() {
    local name=$1
    shift
    ns_run "$name" "$VSW_BUILD/tests/tools/frame_blast" "$name" "$@"
}

# blast_bg NAME KEY=VALUE...: the same in the background; blast_wait waits for its end
declare -A blast_pids=()
blast_bg() {
    local name=$1
    shift
    ip netns exec "$(ns_name "$name")" "$VSW_BUILD/tests/tools/frame_blast" "$name" "$@" \
        >>"$T_DIR/$name.out" 2>&1 &
    blast_pids[$name]=$!
    ns_bg_pids[$name]="${ns_bg_pids[$name]:-} $!"
}
blast_wait() { wait "${blast_pids[$1]}"; }

# ns_stat NAME COUNTER: of the interface NAME in namespace NAME, by its kernel: rx_packets tx_dropped ...
ns_stat() { ns_run "$1" cat "/sys/class/net/$1/statistics/$2"; }
