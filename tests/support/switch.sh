# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The switch under test: start and stop vswitchd in the script's own folder, talk to it with
# vswitchctl. Every option, command and JSON field that the scripts depend on and that is not plain
# grammar is named here and nowhere else.

VSW_BUILD=${VSW_BUILD:-$VSW_TOP/build}
VSW_SOCKET=$T_DIR/control.sock
SW_RUN=$T_DIR/run # vhost-user sockets
SW_LOG=$T_DIR/vswitchd.log
SW_WORKERS=${SW_WORKERS:-1}
SW_NETNS=${SW_NETNS:-} # the namespace it runs in, made by ns_add; empty: this one
sw_pid=

# sw_start [OPTION...]: start the daemon, wait until it answers
sw_start() {
    mkdir -p "$SW_RUN" "$T_DIR/state"
    ${SW_NETNS:+ip netns exec "$(ns_name "$SW_NETNS")"} "$VSW_BUILD/vswitchd" --socket "$VSW_SOCKET" --workers "$SW_WORKERS" \
        --state-dir "$T_DIR/state" --run-dir "$SW_RUN" "$@" >>"$SW_LOG" 2>&1 &
    sw_pid=$!
    t_defer sw_cleanup
    wait_for 20 sw_answers_or_dead
    sw_alive || {
        echo "vswitchd ended before it answered"
        return 1
    }
    sw_answers
}

sw_alive() { [[ -n $sw_pid ]] && kill -0 "$sw_pid" 2>/dev/null; }
sw_answers() { ctl worker list; }
sw_answers_or_dead() { ! sw_alive || sw_answers; }

# sw_stop: end it as a service manager would; status of the daemon
sw_stop() {
    local status
    kill -TERM "$sw_pid" 2>/dev/null
    wait_for 10 sw_gone || {
        echo "still running 10 s after SIGTERM"
        kill_wait "$sw_pid" KILL
        sw_pid=
        return 1
    }
    wait "$sw_pid" 2>/dev/null
    status=$?
    sw_pid=
    return $status
}

sw_gone() { ! sw_alive; }

# sw_crash: kill -9, as a crash would leave things
sw_crash() {
    kill_wait "$sw_pid" KILL
    sw_pid=
}

# TAP devices outlive the daemon on purpose; whatever of ours is left goes with its namespace, the
# rest is removed by port name.
sw_cleanup() {
    sw_alive || return 0
    local port
    for port in $(ctl_json '.[].name' port list); do ctl port del "$port"; done
    sw_stop
}

# sw_finish: what is checked at the end of every script that still has a running switch
sw_finish() {
    [[ -n $sw_pid ]] || return 0
    check "the switch is still alive" sw_alive || return 0
    check "every frame is accounted for" sw_balanced
    sw_cleanup_ports
    check "the switch stops cleanly" sw_stop
}

sw_cleanup_ports() {
    local port
    for port in $(ctl_json '.[].name' port list 2>/dev/null); do
        ctl port del "$port" >/dev/null 2>&1
    done
}

# ---- talking to it ----------------------------------------------------------------------------

# ctl WORD...: one vswitchctl command, tables for people
ctl() { "$VSW_BUILD/vswitchctl" -s "$VSW_SOCKET" "$@"; }

# ctl_json FILTER WORD...: the same with -j, through jq
ctl_json() {
    local filter=$1
    shift
    "$VSW_BUILD/vswitchctl" -j -s "$VSW_SOCKET" "$@" | jq -er "$filter"
}

# ctl_refused WORD...: passes when the switch (exit status 1) or already the client (2) refuses, with
# a sentence; a daemon that is not there (3) is no refusal
ctl_refused() {
    local output status
    output=$(ctl "$@" 2>&1)
    status=$?
    printf '%s\n' "$output"
    ((status == 1 || status == 2)) && [[ $output == error:* ]]
}

# port_get PORT FIELD: one field of `port show`, a jq path without its dot
port_get() { ctl_json ".$2" port show "$1"; }

# port_is_ready PORT: frames pass; for a VM: its driver runs and its first queue pair is enabled
port_is_ready() { [[ $(port_get "$1" state) == ready ]]; }
port_ready() { wait_for "${2:-10}" port_is_ready "$1"; }

# port_counter PORT FIELD: in_pkts in_bytes (what it sent into the switch) out_pkts out_bytes ...
port_counter() { port_get "$1" "counters.$2"; }

# rates_over SECONDS PORT.COUNTER...: what these counters grew by per second, read together; of bytes
# in bits
rates_over() {
    local before after
    before=$(ctl_json . stats show) || return 1
    sleep "$1"
    after=$(ctl_json . stats show) || return 1
    shift
    jq -nr --argjson before "$before" --argjson after "$after" \
        '$ARGS.positional | map(split(".") as [$port, $counter] |
            def of: .[] | select(.name == $port) | .[$counter];
            ($after | of) - ($before | of) | . * if $counter | endswith("bytes") then 8 else 1 end |
            . * 1e9 / ($after[0].time_ns - $before[0].time_ns) | round) | join(" ")' --args "$@"
}
rate_over() { rates_over "$@"; }

# drops REASON: frames dropped so far for that reason over all ports, by the switch or already in the
# kernel by a TAP's filter program
drops() {
    "$VSW_BUILD/vswitchctl" -j -s "$VSW_SOCKET" stats drops |
        jq -er --arg reason "$1" '[.[] | select(.reason == $reason or .reason == "filter_" + $reason) | .count] | add // 0'
}

# sw_balanced: received = unicast + flooded + dropped before look-up, copies = sent + dropped copies
sw_balanced() { wait_for 5 sw_balanced_now || { ctl -p -j stats show by=total && false; }; }
sw_balanced_now() {
    ctl_json '.[0] | .in_pkts == .unicast_pkts + .flooded_pkts + .dropped_pkts and
        .copies_pkts == .out_pkts + .dropped_copies_pkts' stats show by=total
}

# events_start [KIND...]: follow what happens, into the file that events_have looks through
events_start() {
    stdbuf -oL "$VSW_BUILD/vswitchctl" -j -s "$VSW_SOCKET" monitor "$@" >"$T_DIR/events" 2>&1 &
    t_defer kill_wait $!
    sw_watched() { (($(ctl_json .clients daemon show) >= 2)); }
    wait_for 5 sw_watched
}
events_have() { grep -qE -- "$1" "$T_DIR/events"; } # REGEX

# ---- objects ----------------------------------------------------------------------------------

# net_up TENANT NETWORK VLAN: the tenant too, if it is not there yet
net_up() {
    ctl tenant show "$1" >/dev/null 2>&1 || ctl tenant add "$1" || return 1
    ctl network add "$1/$2" "vlan=$3"
}

# tap_port NAME TENANT NETWORKS ADDRESS [KEY=VALUE...]: a TAP called NAME inside namespace NAME
tap_port() {
    local name=$1 tenant=$2 networks=$3 address=$4
    shift 4
    ctl port add "$name" type=tap "tenant=$tenant" "networks=$networks" "ifname=$name" \
        "netns=$(ns_name "$name")" ${address:+"address=$address"} "$@"
}

# vhost_port NAME TENANT NETWORKS [KEY=VALUE...]: a vhost-user port on $SW_RUN/NAME.sock
vhost_port() {
    local name=$1 tenant=$2 networks=$3
    shift 3
    ctl port add "$name" type=vhost-user "tenant=$tenant" "networks=$networks" \
        "path=$SW_RUN/$name.sock" "$@"
}

# sw_cpu_ms: CPU time the daemon has used so far
sw_cpu_ms() {
    awk -v hz="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); print int(($12 + $13) * 1000 / hz) }' \
        "/proc/$sw_pid/stat"
}

# cpu_ms_in SECONDS: CPU time it uses meanwhile
cpu_ms_in() {
    local before
    before=$(sw_cpu_ms)
    sleep "$1"
    echo $(($(sw_cpu_ms) - before))
}

# sw_restart [OPTION...]: a clean stop and a new start on the same saved state
sw_restart() {
    sw_stop && sw_start "$@"
}

# type_counter PORT NAME: a counter that only ports of its type have
type_counter() { ctl_json ".type_counters[] | select(.name == \"$2\") | .count" port show "$1"; }

# uplink_port NAME NAMESPACE MAP [KEY=VALUE...]: an uplink that is a TAP called NAME
uplink_port() {
    local name=$1 namespace=$2 map=$3
    shift 3
    ctl port add "$name" type=tap mode=uplink "map=$map" "ifname=$name" \
        "netns=$(ns_name "$namespace")" "$@"
}

# cable NAMESPACE INTERFACE INTERFACE: see tests/tools/cable.c
cable() {
    ns_bg "$1" "$VSW_BUILD/tests/tools/cable" "$2" "$3"
    wait_for 5 grep -q ready "$T_DIR/$1.out"
}
