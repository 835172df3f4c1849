#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Two tenants with the same VLAN and the same addresses, by hand: the demo without its guests and
# checks, to play with. Needs a running vswitchd and root.
# usage: two-tenants.sh [SOCKET]       two-tenants.sh --remove [SOCKET]
set -eu

remove=false
if [[ ${1:-} == --remove ]]; then
    remove=true
    shift
fi
ctl=(vswitchctl)
if [[ -n ${1:-} ]]; then ctl+=(-s "$1"); fi

if $remove; then
    for tenant in red blue; do
        for host in 1 2; do
            "${ctl[@]}" port del "$tenant$host"
            ip netns del "$tenant$host"
        done
        "${ctl[@]}" network del "$tenant/web"
        "${ctl[@]}" tenant del "$tenant"
    done
    exit 0
fi

for tenant in red blue; do
    "${ctl[@]}" tenant add "$tenant"
    "${ctl[@]}" network add "$tenant/web" vlan=10
    for host in 1 2; do
        ip netns add "$tenant$host"
        "${ctl[@]}" port add "$tenant$host" type=tap tenant="$tenant" networks=web \
            ifname=eth0 netns="$tenant$host" address="10.0.0.$host/24" mac="02:00:00:00:00:0$host"
    done
done

echo "red1 and red2 talk to each other, and so do blue1 and blue2; red and blue never meet. Try:"
echo "  ip netns exec red1 ping -c3 10.0.0.2"
echo "  ${ctl[*]} fdb list"
