#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# A QinQ tunnel: whatever a customer tags goes into one outer network and comes out as it went in.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

head=ffffffffffff020000000099

saw() { wait_for 3 grep -Eq "$2" "$T_DIR/$1.sniff"; } # NAME PATTERN

ns_add cust far trunk service
need "the switch starts" sw_start
need "the outer network" net_up red outer 20
need "the customer's port" tap_port cust red outer '' mode=qinq
need "its far end" tap_port far red outer '' mode=qinq
need "a trunk with 802.1Q tags" tap_port trunk red outer '' mode=trunk
need "a trunk with 802.1ad tags" tap_port service red outer '' mode=trunk tpid=dot1ad
for name in cust far trunk service; do need "tcpdump in $name" sniff_start "$name" "$name"; done

need "the customer sends tag 5" raw_send cust cust "${head}8100000588b5cafe01"
check "the far end gets tag 5" saw far 'vlan 5, .*0x88b5'
check "the trunk gets tag 5 in tag 20" saw trunk '\(0x8100\).* vlan 20, .*vlan 5, .*0x88b5'
check "the service trunk has 802.1ad outside" saw service '\(0x88a8\).* vlan 20, .*vlan 5, .*0x88b5'

need "the trunk sends tag 6 in tag 20" raw_send trunk trunk "${head}810000148100000688b5cafe02"
check "the customer gets tag 6 alone" saw cust '\(0x8100\), length [0-9]+: vlan 6, .*0x88b5'
need "the customer sends untagged" raw_send cust cust "${head}88b5cafe03"
check "the trunk gets tag 20 alone" saw trunk 'vlan 20, p 0, ethertype Unknown \(0x88b5\)'
t_done
