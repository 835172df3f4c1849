#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# VLANs as seen on the wire: frames made by hand go in, tcpdump shows what comes out of each port.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

head=ffffffffffff020000000099 # broadcast from 02:00:00:00:00:99
payload=88b5cafe              # its last byte, at 0x10 of an untagged frame, tells the frames apart

# saw NAME PATTERN: tcpdump's lines of that namespace match, within 3 s
saw() { wait_for 3 grep -Eq "$2" "$T_DIR/$1.sniff"; }
# saw_not NAME PATTERN: they do not; called after saw() proved that the frame was switched
saw_not() { ! grep -Eq "$2" "$T_DIR/$1.sniff"; }

ns_add web db trunk
need "the switch starts" sw_start
need "network web" net_up red web 10
need "network db" net_up red db 20
need "network spare" net_up red spare 30
need "an access port in web" tap_port web red web ''
need "an access port in db" tap_port db red db ''
need "a trunk with native web" tap_port trunk red web,db '' mode=trunk native=web
for name in web db trunk; do need "tcpdump in $name" sniff_start $name $name 'ether proto 0x88b5 or vlan'; done

need "db sends" raw_send db db "$head${payload}01"
check "from access 20 to the trunk: tagged 20" saw trunk 'vlan 20,.*0x88b5'
check "never to access 10" saw_not web '0x0010:  0100'

need "web sends" raw_send web web "$head${payload}02"
check "from access 10 to the trunk: untagged, it is native" saw trunk '0x0010:  0200'
check "never to access 20" saw_not db '0x0010:  0200'

need "the trunk sends tag 20" raw_send trunk trunk "${head}81000014${payload}03"
check "it arrives in db" saw db '0x0010:  0300'
check "without its tag" saw_not db 'vlan 20'

need "the trunk sends untagged" raw_send trunk trunk "$head${payload}04"
check "it arrives in web" saw web '0x0010:  0400'

before=$(drops vlan_not_allowed)
need "the trunk sends tag 30" raw_send trunk trunk "${head}8100001e${payload}05"
more_drops() { (($(drops vlan_not_allowed) > before)); }
check "a VLAN that is not allowed is dropped and counted" wait_for 3 more_drops
check "and arrives nowhere" saw_not web '0x0010:  0500'

before_tagged=$(drops vlan_tagged)
need "an access port sends a tag" raw_send web web "${head}8100000a${payload}06"
more_tagged() { (($(drops vlan_tagged) > before_tagged)); }
check "a tag on an access port is dropped and counted" wait_for 3 more_tagged
t_done
