#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The switch owns two VLANs of the host's interface, and the host keeps its untagged address on it:
# while the switch runs, when it is killed, and when it is back.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

ns_add host lan a b
SW_NETNS=host
need "a wire" ns_wire host up0 lan wire
need "the host's address" ns_run host ip address add 192.168.9.1/24 dev up0
need "lan's address" ns_run lan ip address add 192.168.9.2/24 dev wire
for n in 10 20 30; do
    need "lan's address in VLAN $n" ns_run lan ip address add "10.0.$n.9/24" dev wire
done
need "the host's address in VLAN 30" ns_run host ip address add 10.0.30.1/24 dev up0
need "lan's VLANs" ns_vlans lan wire
need "the host's VLANs" ns_vlans host up0
need "the switch starts" sw_start
need "network web" net_up red web 10
need "network db" net_up red db 20
need "port a" tap_port a red web 10.0.10.1/24
need "port b" tap_port b red db 10.0.20.1/24

# A connection of the host that lives through all of it.
on_bg host "socat TCP-LISTEN:2222,reuseaddr EXEC:cat"
need "the host's login" wait_for 5 listens host 2222
mkfifo "$T_DIR/typed"
exec {typed}<>"$T_DIR/typed"
ns_bg lan bash -c "exec socat - TCP:192.168.9.1:2222 <'$T_DIR/typed' >'$T_DIR/seen'"
answers() { # WORD: typed into the connection, it comes back
    echo "$1" >&"$typed"
    wait_for 5 grep -q "^$1\$" "$T_DIR/seen"
}
check "a login on the host" answers first

left_to_host() { (($(type_counter up0 xdp_host) > 0)); }
need "the uplink" ctl port add up0 type=netdev iface=up0 tenant=red mode=trunk networks=web,db
for xdp in native generic off; do
    need "xdp=$xdp" ctl port set up0 xdp=$xdp
    check "$xdp: VLAN 10 is the switch's" reaches a 10.0.10.9
    check "$xdp: VLAN 20 is the switch's" reaches lan 10.0.20.1
    check "$xdp: VLAN 30 is the host's" reaches lan 10.0.30.1
    check "$xdp: no tag is the host's" reaches host 192.168.9.2
    check "$xdp: the login goes on" answers "with-$xdp"
    if [[ $xdp != off ]]; then
        check "$xdp: the program left frames to the host" left_to_host
    fi
done

need "xdp=auto" ctl port set up0 xdp=auto
step "one VLAN goes, live"
need "only web" ctl port set up0 networks=web
silent() { reaches_not lan 10.0.20.1; }
check "VLAN 20 is not the switch's any more" silent
check "VLAN 10 still is" reaches a 10.0.10.9
need "both again" ctl port set up0 networks=web,db
check "VLAN 20 is back" reaches lan 10.0.20.1

clean() { ! ns_run host ip link show dev up0 | grep -q xdp; }
has_program() { ns_run host ip link show dev up0 | grep -q xdp; }
check "there is a program on the interface" has_program
step "kill -9"
sw_crash
check "the interface is clean" wait_for 3 clean
check "the host's address works" reaches lan 192.168.9.1
check "the login goes on" answers killed
check "VLAN 10 is nobody's" reaches_not lan 10.0.10.1
need "the switch is back" sw_start
check "VLAN 10 is the switch's again" reaches a 10.0.10.9
check "the login goes on" answers restarted
need "the uplink is deleted" ctl port del up0
check "the interface is clean after that" wait_for 3 clean
check "the host's address works" reaches lan 192.168.9.1
t_done
