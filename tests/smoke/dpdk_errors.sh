#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# What cannot be a device of DPDK is refused in words that say why and what to do.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

# refused PATTERN KEY=VALUE...: and neither a port nor a device is left behind
refused() {
    local pattern=$1 output
    shift
    output=$(ctl_refused port add u type=dpdk tenant=red networks=web "$@") || {
        printf '%s\n' "$output"
        return 1
    }
    printf '%s\n' "$output"
    [[ $output =~ $pattern && $output == *hint:* ]]
}
veth=vd$$
kernel_card() { # a PCI network card that a driver of the kernel holds
    local driver
    for driver in /sys/bus/pci/devices/*/driver; do
        [[ $(basename "$(readlink "$driver")") == vfio-pci ]] && continue
        basename "$(dirname "$driver")"
        return
    done
}

need "the switch starts" sw_start
need "a network" net_up red web 10
check "no such card" refused 'no PCI device ffff:1f:1f.7' devargs=ffff:1f:1f.7
card=$(kernel_card)
if [[ -n $card ]]; then
    check "a card that the kernel has" refused "in use by the kernel's driver .*bind=vfio-pci" devargs="$card"
else
    skip "a card that the kernel has" "there is none on this host"
fi
check "no such driver" refused "'net_foo0' is no device" devargs=net_foo0
check "a driver that runs programs" refused "is no device that a port may be" 'devargs=net_failsafe0,exec(id)'
check "another way to AF_XDP is named" refused "type=netdev iface=NAME" devargs=net_af_xdp0,iface=eth1
check "no device at all" refused "is no device" devargs=,
check "no such interface" refused 'net_af_packet0.*No such device' devargs=net_af_packet0,iface=nosuch
check "an argument that is none" refused 'net_memif0.*frog' \
    devargs="net_memif0,role=frog,socket=$SW_RUN/m.sock,socket-abstract=no"
check "a memif that anybody could connect to" refused 'must be a file' devargs=net_memif0,role=server
check "a bond without members" refused 'members=' devargs=net_bonding0,mode=1
check "a bond with one that cannot be had" refused 'No such device' devargs=net_bonding0,mode=1 \
    members=net_af_packet1,iface=nosuch

outside=$T_DIR/outside.pcap
: >"$outside"
ln -s "$outside" "$SW_RUN/link.pcap"
mkfifo "$SW_RUN/fifo.pcap"
check "a file outside of the switch's folder" refused 'outside' devargs="net_pcap0,tx_pcap=$outside"
check "by way of .." refused 'outside' devargs="net_pcap0,tx_pcap=$SW_RUN/../outside.pcap"
check "by a symbolic link" refused 'neither an ordinary file' devargs="net_pcap0,tx_pcap=$SW_RUN/link.pcap"
check "a pipe, which could block" refused 'neither an ordinary file' devargs="net_pcap0,rx_pcap=$SW_RUN/fifo.pcap"
check "named twice" ctl_refused port add u type=dpdk \
    devargs="net_pcap0,tx_pcap=$SW_RUN/a.pcap,tx_pcap=$outside"
check_eq "the file outside is untouched" 0 stat -c %s "$outside"

need "a veth pair" ip link add "$veth" type veth peer name "${veth}p"
t_defer ip link del "$veth"
check "an MTU that the driver cannot" refused 'does not carry an MTU of 9000' mtu=9000 \
    devargs="net_af_packet0,iface=$veth"
need "a smaller MTU" ip link set "$veth" mtu 1400
check "an MTU that the interface has not" refused "interface $veth has an MTU of 1400" \
    devargs="net_af_packet0,iface=$veth"
need "port u" ctl port add u type=dpdk tenant=red networks=web devargs=net_ring0
busy() { ctl_refused port add w type=dpdk devargs=net_ring0 | grep 'in use by another port'; }
check "a device that another port has" busy
check "the port is ready" port_ready u
t_done
