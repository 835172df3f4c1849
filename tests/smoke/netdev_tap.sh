#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# A TAP that another program made and holds, as QEMU does: it joins by a netdev port, and the host's
# stack sees none of its frames.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

ns_add host vm a
SW_NETNS=host
# The program between the TAP and its "guest": frames over a pair of sockets, one datagram each.
ns_bg host socat -b 65536 TUN,tun-type=tap,tun-name=vnet0,iff-no-pi,iff-up \
    "EXEC:ip netns exec $(ns_name vm) socat -b 65536 - 'TUN\,tun-type=tap\,tun-name=eth0\,iff-no-pi\,iff-up',socktype=5"
vm_there() { ns_run vm ip link show dev eth0; }
need "a TAP with something behind it" wait_for 5 vm_there
need "the guest's address" ns_run vm ip address add 10.0.0.5/24 dev eth0
# An address that the host has elsewhere, and would answer for on any interface.
need "the host's address" ns_run host ip address add 10.0.0.77/32 dev lo
need "the host's route" ns_run host ip route add 10.0.0.5/32 dev vnet0
need "the switch starts" sw_start
need "a network" net_up red web 10
need "port a" tap_port a red web 10.0.0.1/24
need "the TAP's port" ctl port add vm type=netdev iface=vnet0 tenant=red networks=web
check "it is ready" port_ready vm
why() { [[ $(port_get vm features) == *"AF_PACKET (no native XDP: a TAP hands over large packets"* ]]; }
check "it says how frames go, and why" why
check "a reaches the guest" reaches a 10.0.0.5
check "the guest reaches a" reaches vm 10.0.0.1
check "a large ping, in fragments" on a "ping -c3 -i0.1 -W1 -s 8000 10.0.0.5"
if [[ $(port_get vm features) == *"the host's stack sees"* ]]; then
    skip "the host does not see the guest's frames" "this kernel has no TCX (Linux 6.6)"
else
    check "the host does not answer the guest" reaches_not vm 10.0.0.77
fi
need "without the port" ctl port del vm
check "it does" reaches vm 10.0.0.77
t_done
