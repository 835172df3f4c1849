#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The demo (`make demo`): one switch, two tenants with the same VLAN, the same MAC and the same IP
# addresses, three QEMU guests, namespaces, and an uplink behind which both have a router. Shows with
# ping and iperf3 what reaches what and what does not, how fast, and what the switch counted. Removes
# all it made; exit status 0 only if every line of its table is right. A rate that is not, while other
# machines or programs had the CPU, is a skip that says so.
# VSW_KEEP=1 keeps the folder with logs and consoles.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../tests/support/lib.sh"

rows=()

row() { # WHAT EXPECTED SEEN RATE STATUS; a status that is a word is what stands there
    local result=$5
    case $5 in
    0) result=pass ;;
    [0-9]*) result=FAIL ;;
    esac
    rows+=("$(printf '%s\t%s\t%s\t%s\t%s' "$1" "$2" "$3" "$4" "$result")")
}

last_rtt() { awk -F/ '/^rtt|^round-trip/ { printf "%.2g ms", $5 }' <<<"$t_output"; }

expect_reach() { # WHAT FROM IP
    local status seen
    check "$1" reaches "$2" "$3"
    status=$?
    seen="answer in $(last_rtt)"
    ((status == 0)) || seen="no answer"
    row "$1" "answer" "$seen" "" $status
}

expect_apart() { # WHAT FROM IP
    local status seen="no answer"
    check "$1" reaches_not "$2" "$3"
    status=$?
    ((status == 0)) || seen="answer"
    row "$1" "no answer" "$seen" "" $status
}

expect_who() { # WHAT FROM IP ANSWER
    local status
    check_eq "$1" "$4" ident_ask "$2" "$3"
    status=$?
    row "$1" "$4" "${t_output:0:24}" "" $status
}

expect_rate() { # WHAT FROM IP MIN-BPS [MAX-BPS]
    local status expected skipped=$t_skipped
    if [[ -n ${5:-} ]]; then
        expected="$(human_bps "$4") to $(human_bps "$5")"
        measured check_limit "$1" "$4" "$5" iperf_tcp "$2" "$3" 3
    else
        expected="over $(human_bps "$4")"
        measured check_range "$1" "$4" 1e12 iperf_tcp "$2" "$3" 3
    fi
    status=$?
    ((t_skipped == skipped)) || status=skip
    row "$1" "$expected" "TCP, 3 s" "$(human_bps "$t_output" 2>/dev/null)" $status
}

print_table() {
    local colour=cat
    if [[ -t 1 ]]; then colour=colour_results; fi
    printf '%s\n' $'what\texpected\tseen\trate\tresult' "${rows[@]}" | awk -F '\t' '
        { for (i = 1; i <= 5; i++) { cell[NR, i] = $i; if (length($i) > width[i]) width[i] = length($i) } }
        function rule(  i, j, s) {
            s = "  +"
            for (i = 1; i <= 5; i++) { for (j = 0; j < width[i] + 2; j++) s = s "-"; s = s "+" }
            print s
        }
        END {
            rule()
            for (n = 1; n <= NR; n++) {
                s = "  |"
                for (i = 1; i <= 5; i++) s = s sprintf(i == 4 ? " %*s |" : " %-*s |", width[i], cell[n, i])
                print s
                if (n == 1) rule()
            }
            rule()
        }' | $colour
}

colour_results() {
    sed -e $'s/| pass /| \e[32mpass\e[0m /' -e $'s/| FAIL /| \e[1;31mFAIL\e[0m /' \
        -e $'s/| skip /| \e[33mskip\e[0m /'
}

say_hello() {
    cat <<'END'

  What you will see: one vswitchd, no huge pages, two tenants that may not know of each other.
  Look at the addresses: blue uses red's VLAN, red's MACs and red's IPs.

    tenant red                                              tenant blue
    +- network web, VLAN 10 ---------+  +- db, VLAN 20 --+  +- network web, VLAN 10 ---------+
    | vm1  10.0.0.1  ..:01  (QEMU)   |  | vm2.20         |  | vm3  10.0.0.1  ..:01  (QEMU)   |
    | vm2  10.0.0.2  ..:02  (trunk) =====>   10.0.20.2   |  | b2   10.0.0.3  ..:03           |
    | r1   10.0.0.3  ..:03           |  | d1  10.0.20.3  |  | b3   10.0.0.9                  |
    | r2   10.0.0.4                  |  |     10.0.0.30  |  |                                |
    +--------------- uplink ---------+  +----------------+  +--------------- uplink ---------+
                       | VLAN 110       one cable (veth)      VLAN 120 |
             router 10.0.0.254                               router 10.0.0.254

    vm1, vm2, vm3: VMs over vhost-user   all others: network namespaces over TAP

END
}

say_goodbye() {
    cat <<'END'

  What to do next
    make help                     the other commands
    make vm VSW_ONLY=trunk        one test with real guests; tests/vm has them all
    README.md                     your own VMs: QEMU and libvirt recipes

END
}

# The uplink is one end of a veth cable; behind its other end each tenant's VLAN leads to a router.
set_up_uplink() {
    need "a cable" ns_wire wire near wire far
    for tenant in red blue; do
        need "$tenant's network behind the cable" ctl network add $tenant/far
        need "$tenant's router" tap_port ${tenant}_rt $tenant far 10.0.0.254/24
        need "it tells its name" ident_serve ${tenant}_rt $tenant-router
    done
    need "the uplink" ctl port add up0 type=netdev iface=near mode=uplink \
        map=vlan110:red/web,vlan120:blue/web
    need "the cable's other end" ctl port add up1 type=netdev iface=far mode=uplink \
        map=vlan110:red/far,vlan120:blue/far
    need "the uplink is ready" port_ready up1
}

set_up() {
    step "starting the switch"
    ns_add wire r1 r2 d1 b2 b3 red_rt blue_rt
    SW_NETNS=wire
    need "the switch starts" sw_start
    step "tenants red and blue, both with a network on VLAN 10"
    need "red/web" net_up red web 10
    need "red/db" net_up red db 20
    need "blue/web" net_up blue web 10
    need "vm1's port" vhost_port vm1 red web
    need "vm2's port, a trunk" vhost_port vm2 red web,db mode=trunk native=web
    need "vm3's port" vhost_port vm3 blue web
    step "booting three guests ($vm_accel) while the namespaces are joined"
    need "vm1 starts" vm_start vm1 mac=02:00:00:00:00:01 ip=10.0.0.1/24
    need "vm2 starts" vm_start vm2 mac=02:00:00:00:00:02 ip=10.0.0.2/24 vlan=20:10.0.20.2/24
    need "vm3 starts" vm_start vm3 mac=02:00:00:00:00:01 ip=10.0.0.1/24
    need "r1" tap_port r1 red web 10.0.0.3/24 mac=02:00:00:00:00:03
    need "r2" tap_port r2 red web 10.0.0.4/24
    need "d1" tap_port d1 red db 10.0.20.3/24
    need "d1's address in web's range" on d1 "ip address add 10.0.0.30/24 dev d1"
    need "b2" tap_port b2 blue web 10.0.0.3/24 mac=02:00:00:00:00:03
    need "b3" tap_port b3 blue web 10.0.0.9/24
    step "an uplink: VLAN 110 is red's, VLAN 120 is blue's"
    set_up_uplink
    need "vm1 boots" vm_wait_ready vm1
    need "vm2 boots" vm_wait_ready vm2
    need "vm3 boots" vm_wait_ready vm3
    step "guests are up"
    need "vm1 tells its name" ident_serve vm1 red-vm1
    need "vm3 tells its name" ident_serve vm3 blue-vm3
    for end in vm2 r2; do need "iperf3 in $end" iperf_server $end; done
}

main() {
    say_hello
    step "preparing the guest's kernel and userland"
    need "the guest's files" vm_prepare
    set_up

    step "inside a tenant: must answer"
    expect_reach "VM to VM" vm1 10.0.0.2
    expect_reach "VM to namespace" vm1 10.0.0.3
    expect_reach "namespace to VM" r1 10.0.0.1
    expect_reach "namespace to namespace" r1 10.0.0.4
    expect_reach "trunk VM, VLAN 20, to namespace" vm2 10.0.20.3
    expect_reach "namespace to trunk VM, VLAN 20" d1 10.0.20.2
    expect_reach "blue: namespace to VM" b2 10.0.0.1
    step "equal addresses: who answers?"
    expect_who "red asks 10.0.0.1" r1 10.0.0.1 red-vm1
    expect_who "blue asks 10.0.0.1" b2 10.0.0.1 blue-vm3
    expect_who "red VM asks its router, over the uplink" vm1 10.0.0.254 red-router
    expect_who "blue VM asks its router, over the uplink" vm3 10.0.0.254 blue-router
    step "across tenants and networks: must not answer"
    expect_apart "red VM to blue's 10.0.0.9" vm1 10.0.0.9
    expect_apart "red namespace to blue's 10.0.0.9" r1 10.0.0.9
    expect_apart "blue to red's 10.0.0.4" b2 10.0.0.4
    expect_apart "red/web to red/db" r1 10.0.0.30
    expect_apart "red/db to red/web" d1 10.0.0.4
    step "how fast"
    expect_rate "VM to VM" vm1 10.0.0.2 50000000
    expect_rate "VM to namespace" vm1 10.0.0.4 50000000
    expect_rate "namespace to VM" r1 10.0.0.2 50000000
    expect_rate "namespace to namespace" r1 10.0.0.4 100000000
    need "vm1 may send 20 Mb/s from now on" ctl port set vm1 limit_in_bps=20M
    expect_rate "VM limited to 20 Mb/s" vm1 10.0.0.2 17000000 21000000

    local balance
    check "every frame is accounted for" sw_balanced
    balance=$?
    row "received = forwarded + dropped" "equal" "$( ((balance == 0)) && echo equal || echo differ)" "" $balance
    printf '\n'
    print_table
    printf '\n  The switch counted\n\n'
    ctl stats show | sed 's/^/    /'
    printf '\n  and dropped, by reason\n\n'
    ctl stats drops by=total | sed 's/^/    /'
    say_goodbye
    step "removing everything this made"
    t_done
}

main
