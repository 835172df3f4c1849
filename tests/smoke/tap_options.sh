#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# What a TAP port can be told: a namespace by name, process or path, IPv4 and IPv6 addresses, MTU, MAC,
# queue length, up or not; and what is too large for the receiver is a named drop.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

link_of() { ns_run "$1" ip -j link show "$2" | jq -r ".[0].$3"; } # NAMESPACE INTERFACE FIELD
addresses() {                                                     # NAMESPACE INTERFACE
    ns_run "$1" ip -j addr show "$2" |
        jq -r '[.[0].addr_info[] | select(.scope == "global") | "\(.local)/\(.prefixlen)"] | sort | join(" ")'
}

reaches_not_size() { # NAMESPACE IP BYTES: three requests of that size, no answer
    local answers
    answers=$(on "$1" "ping -c3 -i0.2 -W1 -s $3 $2" 2>&1)
    printf '%s\n' "$answers"
    [[ $answers == *' 0 received'* ]]
}

# refused_or_says NETNS: no port in such a namespace, or one that says what is wrong
refused_or_says() {
    ctl_refused port add e type=tap tenant=red networks=web "netns=$1" && return
    [[ $(port_get e state) == error && -n $(port_get e reason) ]] || return 1
    port_get e reason
    ctl port del e
}

ns_add a b c d
for name in a b c; do
    ns_run $name sysctl -qw net.ipv6.conf.default.disable_ipv6=0 net.ipv6.conf.all.disable_ipv6=0
done
ip netns exec "$(ns_name b)" sleep 1000 &
in_b=$! # it becomes the command
t_defer kill_wait $in_b
need "the switch starts" sw_start
need "a network" net_up red web 10
need "port a: namespace by name" ctl port add a type=tap tenant=red networks=web ifname=eth0 \
    "netns=$(ns_name a)" address=10.0.0.1/24,fd00::1/64 mac=02:00:00:00:00:0a txqueuelen=333 queues=2
need "port b: by a process" ctl port add b type=tap tenant=red networks=web ifname=eth0 \
    "netns=pid:$in_b" address=fd00::2/64,10.0.0.2/24 mtu=1400
need "port c: by path" ctl port add c type=tap tenant=red networks=web ifname=eth0 \
    "netns=/run/netns/$(ns_name c)" address=fd00::3/64 mtu=9000

check_eq "a has its addresses" "10.0.0.1/24 fd00::1/64" addresses a eth0
check_eq "b too" "10.0.0.2/24 fd00::2/64" addresses b eth0
check_eq "c too" "fd00::3/64" addresses c eth0
check_eq "a's MAC" 02:00:00:00:00:0a link_of a eth0 address
check_eq "a's queue length" 333 link_of a eth0 txqlen
check_eq "a's MTU" 1500 link_of a eth0 mtu
check_eq "b's MTU" 1400 link_of b eth0 mtu
check_eq "c's MTU" 9000 link_of c eth0 mtu
check "IPv4 by name and process" reaches a 10.0.0.2
check "IPv6 by name and process" reaches a fd00::2
check "IPv6 by path" reaches a fd00::3
need "iperf3 in c" iperf_server c
measured check_range "TCP over IPv6, with its offloads" 50000000 1e12 iperf_tcp a fd00::3 1

check "1400 bytes reach b" reaches a 10.0.0.2 1372
before=$(drops mtu)
check "1428 do not" reaches_not_size a 10.0.0.2 1400
check_eq "but are dropped by name" 3 echo $(($(drops mtu) - before))
need "b's MTU is changed live" ctl port set b mtu=1500
check_eq "its interface follows" 1500 link_of b eth0 mtu
check "then they do" reaches a 10.0.0.2 1400
need "the queue length is changed live" ctl port set a txqueuelen=77
check_eq "the interface follows" 77 link_of a eth0 txqlen

need "port d: left down" ctl port add d type=tap tenant=red networks=web ifname=eth0 \
    "netns=$(ns_name d)" ifup=false
check_eq "its interface is down" DOWN link_of d eth0 operstate
check "a namespace that is not there is refused or shows why" refused_or_says "nosuch$$"
check "a process that is not there, too" refused_or_says pid:4194303
t_done
