#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# pktgen against its own cable, DPDK's vhost back-end and the switch: rates, searches, latency, a
# capture there and back, faults that must be found, errors that must be clear.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

pg() { timeout 30 "$VSW_BUILD/pktgen" "$@"; }

# pg_json FILTER WORD...: a run, its result through jq
pg_json() {
    local filter=$1
    shift
    pg "$@" --json - | jq -er "$filter"
}

# pg_refused STATUS TEXT WORD...: refused with that exit status and a sentence that has TEXT
pg_refused() {
    local want=$1 text=$2 output status
    shift 2
    output=$(pg "$@" 2>&1)
    status=$?
    printf '%s (status %s)\n' "$output" "$status"
    ((status == want)) && [[ $output == *"$text"* && $output == error:* ]]
}

cable=(--port ring:c --port ring:c)

# ---- its own cable ------------------------------------------------------------------------------

check_eq "every frame of a count is there" "20000 20000 0" pg_json \
    '.points[0] | "\(.sent) \(.received) \(.loss_ratio)"' run "${cable[@]}" --count 10k --rate 1Mpps
check "a mix of sizes, flows and tags is intact" pg verify "${cable[@]}" --count 5k \
    --with size=imix,flows=1k,smacs=16,vlan=10-19
check "IPv6 and TCP are intact" pg verify "${cable[@]}" --count 5k --with size=128,ip=6,l4=tcp,flows=7
measured check_range "a rate is kept to 2 %" 98000 102000 pg_json '.points[0].tx_pps' run "${cable[@]}" \
    --one-way --rate 100kpps --time 500ms
measured check_range "ndr of a cable that loses nothing is its maximum" 490000 500001 pg_json \
    '.points[0].search.pps' ndr "${cable[@]}" --max 500kpps --time 100ms
# The median: on a busy host a few frames wait as long as another program runs.
delays() {
    pg latency "${cable[@]}" --rates 100kpps --time 200ms --json "$T_DIR/delays.json" >/dev/null
    check "percentiles of latency are in order" jq -e '.points[0].latency |
        0 < .p50_ns and .p50_ns <= .p99_ns and .p99_ns <= .max_ns' "$T_DIR/delays.json"
    check_range "half of the frames take less than 1 ms" 1 1000000 \
        jq '.points[0].latency.p50_ns' "$T_DIR/delays.json"
}
measured delays
check_range "ping-pong counts its pings" 100 100 pg_json '.points[0].latency.count' \
    latency "${cable[@]}" --ping-pong --count 100 --gap 100us --no-wake

check_range "pings without a pause, and the host's own wake time" 500 500 pg_json '.wake.count' \
    latency "${cable[@]}" --ping-pong --count 100 --gap 0us
check "a search has charts" pg pdr "${cable[@]}" --max 100kpps --precision 10% --time 50ms --sizes 64,512 \
    --chart "$T_DIR/charts"
check "which are SVG" grep -q '<svg' "$T_DIR/charts/rate.svg"

check_eq "frames of a loop go round, and none is lost" "true 512 0" pg_json \
    '.points[0] | "\(.received > 100000) \(.loop_frames) \(.loop_lost)"' loop "${cable[@]}" \
    --frames 256 --time 200ms
check_eq "frames that a loop loses are counted" "512 256" pg_json \
    '.points[0] | "\(.loop_frames) \(.loop_lost)"' loop --port ring:l --port ring:l,drop=0.01 \
    --frames 256 --time 200ms --stream tx=0,rx=1 --stream tx=1,rx=0
check "a loop is not for the kernel's ports" pg_refused 2 "cannot be in a loop" loop --port if:lo

check "a single size is a bar" pg run "${cable[@]}" --rate 1Mpps --time 50ms --chart "$T_DIR/bar"
check "which is SVG" grep -q '<svg' "$T_DIR/bar/rate.svg"
check_range "a share of a given best rate" 98000 102000 pg_json '.points[0].tx_pps' run "${cable[@]}" \
    --one-way --rate 10% --best 1Mpps --time 300ms
check "a share of a best rate that is measured first" pg_json \
    '.points[0] | .rate == "1%" and .tx_pps > 1000 and .loss_ratio < 0.5' run "${cable[@]}" \
    --one-way --rate 1% --time 100ms
check "an attack at a share of what its victims can" pg_json \
    '.points[1].streams[-1] | .sent > 100 and .sent / .seconds < 50e6' hostile "${cable[@]}" \
    --port ring:d --profile mac-flood --attack-rate 1% --rate 1kpps --time 100ms
short() { pg run "${cable[@]}" --rate 1kpps --time 50ms -j | jq -e '.command == "run"'; }
check "-j is short for --json -" short

# ---- the kernel's interfaces --------------------------------------------------------------------

pg_in() { # NAMESPACE WORD...
    local name=$1
    shift
    ns_run "$name" timeout 30 "$VSW_BUILD/pktgen" "$@"
}
need "a namespace" ns_add k
need "a veth pair" ns_wire k eth0 k eth1
check "interfaces of the kernel" pg_in k verify --port if:eth0 --port if:eth1 --rate 5kpps --count 1k
xdp_id() { ns_run k ip -d link show dev eth0 | grep -o 'prog/xdp id [0-9]*'; }
clean() { ! xdp_id && ! ns_run k ip link show dev eth0 | grep -E 'PROMISC'; }
xdp_refused() { # TEXT WORD...
    local text=$1 output
    shift
    output=$(pg_in k "$@" 2>&1) && return 1
    printf '%s\n' "$output"
    [[ $output == error:*"$text"* ]]
}
check "AF_XDP" pg_in k verify --port if:eth0,xdp --port if:eth1 --rate 5kpps --count 5k --with size=1518
xdp_says() { { pg_in k run --port if:eth0,xdp --one-way --count 100 >"$T_DIR/xdp.out"; } 2>&1; }
check_eq "says nothing but its result" "" xdp_says
check "the interface is as it was" clean
check "frames that AF_XDP does not carry" xdp_refused "frames of 4064 bytes" run --port if:eth0,xdp \
    --one-way --with size=4000
need "somebody else's program" ns_run k ip link set dev eth0 xdp obj "$VSW_BUILD/bpf/netdev_xdp.bpf.o" sec xdp
theirs=$(xdp_id)
check "is told" xdp_refused "eth0 has an XDP program already" run --port if:eth0,xdp --one-way
check_eq "and stays" "$theirs" xdp_id
need "it goes" ns_run k ip link set dev eth0 xdp off
check "a TAP device, and its other side" pg_in k verify --port tap:t0 --port if:t0 --rate 5kpps \
    --count 1k

# ---- faults -------------------------------------------------------------------------------------

# fault KIND FIELD: verify ends with status 3; how many it found
fault() {
    local kind=$1 field=$2
    pg verify --port ring:f --port "ring:f,$kind=0.01" --count 20k --rate 200kpps --one-way \
        --json "$T_DIR/fault.json" >/dev/null
    (($? == 3)) && jq -e ".points[0].streams[0].$field" "$T_DIR/fault.json"
}
measured check_range "lost frames are found" 100 300 fault drop lost
measured check_range "second copies are found" 100 300 fault dup duplicates
measured check_range "damaged frames are found" 100 300 fault corrupt corrupt
measured check_range "overtaken frames are found" 100 300 fault reorder reordered

# ---- a capture there and back -------------------------------------------------------------------

capture_make() { # 300 frames of 64 to 963 bytes, 100 us apart
    python3 - "$1" <<'END'
import struct, sys
with open(sys.argv[1], "wb") as f:
    f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
    for i in range(300):
        body = bytes([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5]) + i.to_bytes(2, "big")
        body += bytes((i + k) & 255 for k in range(48 + i * 3))
        f.write(struct.pack("<IIII", 1000, i * 100, len(body), len(body)) + body)
END
}
bytes_of() { tshark -r "$1" -x 2>/dev/null | sha256sum; }
round_trip() {
    capture_make "$T_DIR/in.pcap" &&
        pg run "${cable[@]}" --pcap "$T_DIR/in.pcap" --pcap-out "1=$T_DIR/out.pcap" &&
        [[ $(bytes_of "$T_DIR/in.pcap") == "$(bytes_of "$T_DIR/out.pcap")" ]]
}
check "a capture comes back byte for byte" round_trip

# ---- clear errors -------------------------------------------------------------------------------

listen_none() { # a socket that nobody listens on
    python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$1"
}
need "a socket without a listener" listen_none "$T_DIR/dead.sock"
check "no such socket" pg_refused 1 "no such socket" run --port "vhost:$T_DIR/none.sock"
check "nobody listens" pg_refused 1 "nobody listens" run --port "vhost:$T_DIR/dead.sock"
check "nobody connects" pg_refused 1 "nobody connected" run --port "vhost:$T_DIR/own.sock,server" \
    --wait 200ms
check "no such interface" pg_refused 1 "no such interface" run --port if:nonesuch0
check "too few huge pages" pg_refused 1 "huge pages are free" run --huge \
    --port "vhost:$T_DIR/none.sock,entries=32768,rxbuf=65407,queues=8"
if huge_pages 64; then
    before=$(huge_free)
    check "huge pages" pg verify "${cable[@]}" --count 5k --rate 50kpps --huge
    check_eq "which are given back" "$before" huge_free
else
    skip "huge pages" "this host has none to give"
fi
check "no such option" pg_refused 2 "no option --fast" run --port ring: --fast
check "a share of nothing" pg_refused 2 "50% of what?" ndr --port ring: --max 50%
check "no port" pg_refused 2 "a port is missing" run
check "a stream to nowhere" pg_refused 2 "there is no port 7" run --port ring: --stream tx=7,rx=0

# ---- DPDK's own back-end ------------------------------------------------------------------------

io_start() { # testpmd between two vhost-user sockets; [DEVICE-OPTION]
    local stdin
    rm -f "$T_DIR/io.stdin"
    mkfifo "$T_DIR/io.stdin"
    exec {stdin}<>"$T_DIR/io.stdin"
    t_defer rm -rf "/run/dpdk/vswio$$" # killed, it leaves that
    dpdk-testpmd --no-huge -m 128 --no-pci --no-shconf --file-prefix "vswio$$" -l 0,1 \
        --main-lcore 1 --vdev "net_vhost0,iface=$T_DIR/io0$1" --vdev "net_vhost1,iface=$T_DIR/io1$1" -- \
        --forward-mode=io --auto-start --no-mlockall --total-num-mbufs=4096 --nb-cores=1 \
        <&"$stdin" >"$T_DIR/io.log" 2>&1 &
    io_pid=$!
    t_defer kill_wait "$io_pid"
    [[ $1 == *client* ]] || wait_for 10 test -S "$T_DIR/io1"
}
# intact NAME FRAMES OPTIONS...: each frame crosses once and as it was. A generator that has to wait for
# the CPU lets its rings run over, so loss is one thing, damage another.
intact() {
    local name=$1 frames=$2 file=$T_DIR/intact.json
    rm -f "$file"
    pg verify "${@:3}" --json "$file" >/dev/null
    check_eq "$name: no damage" 0 jq '[.points[0].streams[] |
        .duplicates, .reordered, .corrupt, .leaks] | add' "$file"
    check_eq "$name: all are sent" "$frames" jq '.points[0].sent' "$file"
    check_range "$name: none is lost" 0 0 jq '[.points[0].streams[].lost] | add' "$file"
}
# The rings go round four times, and hold what comes in 128 ms: three busy threads share two CPUs.
io_verify() { # NAME OPTIONS of both ports
    measured intact "$1" 2000 --port "vhost:$T_DIR/io0,entries=256$2" \
        --port "vhost:$T_DIR/io1,entries=256$2" --rate 2kpps --count 1k --wait 10s
}
if command -v dpdk-testpmd >/dev/null; then
    need "DPDK's testpmd starts" io_start ""
    io_verify "split rings" ""
    io_verify "packed rings" ,packed
    io_verify "rings of a VM" ,mrg=on
    kill_wait "$io_pid"
    rm -f "$T_DIR/io0" "$T_DIR/io1"
    need "testpmd starts as the one that connects" io_start ,client=1
    io_verify "ports that listen" ,server
    kill_wait "$io_pid"
else
    skip "DPDK's vhost back-end" "dpdk-testpmd is not installed"
fi

# ---- the switch ---------------------------------------------------------------------------------

need "the switch starts" sw_start
need "a tenant" ctl tenant add red
need "a network" ctl network add red/web vlan=10
for port in a b c; do need "port $port" vhost_port "$port" red web max_fdb=8192; done
vms=(--port "vhost:$SW_RUN/a.sock,entries=1024" --port "vhost:$SW_RUN/b.sock,entries=1024" --wait 10s)
measured intact "through the switch" 20000 "${vms[@]}" --rate 10kpps --count 10k --with size=64,flows=100
loops() {
    pg_json '.points[0] | "\(.loop_frames) \(.loop_lost)"' loop "${vms[@]}" --time 500ms >"$T_DIR/loop"
    check_eq "a loop through the switch has its frames" 1024 cut -d' ' -f1 "$T_DIR/loop"
    check_range "and loses nothing" 0 0 cut -d' ' -f2 "$T_DIR/loop"
}
measured loops
# The entries of the table, 0 after a warning that nobody takes frames.
many_learned() {
    local output
    ctl fdb flush >/dev/null || return 1
    output=$(pg run "${vms[@]}" --one-way --with smacs=2000,dmacs=2000 --rate 20kpps --time 100ms 2>&1)
    [[ $output == *warning* ]] && t_note "$output" && echo 0 && return
    ctl_json .fdb_entries daemon show
}
measured check_range "many addresses are learned" 4000 1e6 many_learned
measured check_range "the victims lose nothing beside an attack" 0 0.001 pg_json \
    'select(.points | length == 2) | .points[1].loss_ratio' hostile "${vms[@]}" \
    --port "vhost:$SW_RUN/c.sock" --profile mac-flood --attack-rate 10kpps --rate 5kpps --time 500ms
t_done
