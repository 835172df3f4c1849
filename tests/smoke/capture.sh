#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Captures: read by tshark from a file and live from a pipe, with a filter, a length, a count; of
# dropped frames with the reason; and every way in which one ends.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

scene_pair

capture_bg() { # NAME WORD...: `capture` in the background, what it says into NAME.said
    local name=$1
    shift
    "$VSW_BUILD/vswitchctl" -s "$VSW_SOCKET" capture "$@" 2>"$T_DIR/$name.said" &
    capture=$!
    t_defer kill_wait $capture
}
said() { grep -q "$2" "$T_DIR/$1.said"; }
frames_of() { tshark -r "$1" ${2:+-Y "$2"} 2>/dev/null | wc -l; }
field_of() { tshark -r "$1" -T fields -e "$2" 2>/dev/null | sort -u; }

# ---- to a file, stopped by Ctrl-C
capture_bg file a in icmp -w "$T_DIR/a.pcapng" -l 64
has_icmp() { # FILE: pings until one is in it
    on a "ping -c1 -W1 10.0.0.2" >/dev/null
    (($(frames_of "$1" icmp) > 0))
}
check "tshark reads the frames" wait_for 10 has_icmp "$T_DIR/a.pcapng"
kill -INT $capture 2>/dev/null
check "the capture ends cleanly" wait $capture
check "it says that it was stopped" said file ': stopped$'
only_icmp() {
    (($(frames_of "$T_DIR/a.pcapng" icmp) > 0)) && (($(frames_of "$T_DIR/a.pcapng" "not icmp") == 0))
}
check "the filter holds" only_icmp
check_eq "the interface is the port" a field_of "$T_DIR/a.pcapng" frame.interface_name
check_eq "only the wanted bytes are kept" 64 field_of "$T_DIR/a.pcapng" frame.cap_len
check_eq "of frames of their full length" 98 field_of "$T_DIR/a.pcapng" frame.len

# ---- a count
capture_bg count b both icmp -w "$T_DIR/b.pcapng" -c 4
pinged() {
    on a "ping -c1 -W1 10.0.0.2" >/dev/null
    ! kill -0 "$capture" 2>/dev/null
}
check "a capture ends by its count" wait_for 10 pinged
check_eq "with exactly so many frames" 4 frames_of "$T_DIR/b.pcapng"
check_eq "in both directions" "$(printf '0x00000001\n0x00000002')" \
    field_of "$T_DIR/b.pcapng" frame.packet_flags

# ---- live, of drops; tshark ends first, and with it the capture
timeout 20 "$VSW_BUILD/vswitchctl" -s "$VSW_SOCKET" capture a drop -w - 2>"$T_DIR/drop.said" |
    tshark -l -c1 -r - -T fields -e frame.comment >"$T_DIR/drops.txt" 2>/dev/null &
pipe=$!
dropped() { # from and to one address: the second one would go back where it came from
    raw_send a a 02000000009902000000009988b5
    [[ -s $T_DIR/drops.txt ]]
}
check "dropped frames can be watched through a pipe" wait_for 8 dropped
check "with the reason" grep -q '^drop hairpin: ' "$T_DIR/drops.txt"
check "and the capture ends with its reader" wait_for 8 said drop ': the reader went away$'
wait $pipe

# ---- other ends
port_deleted() { said gone ': the port was deleted$'; }
ns_add c
need "port c" tap_port c red web 10.0.0.3/24
capture_bg gone c -w "$T_DIR/c.pcapng"
check "a capture of a port begins" wait_for 5 test -s "$T_DIR/c.pcapng"
check "the port is deleted" ctl port del c
check "and the capture with it" wait_for 5 port_deleted

capture_bg full a -w /dev/full
check "a full disk ends it" wait_for 5 said full 'No space left'

capture_bg killed a -w "$T_DIR/killed.pcapng"
check "one more begins" wait_for 5 test -s "$T_DIR/killed.pcapng"
kill_wait $capture KILL
finished() { (($(frames_of "$T_DIR/killed.pcapng") >= 0)) && writers_gone; }
writers_gone() { ! grep -qs vsw-capture /proc/"$sw_pid"/task/*/comm; }
check "a killed client leaves no thread behind" wait_for 5 finished
check "and a whole file" capinfos "$T_DIR/killed.pcapng"

check "a wrong filter is refused" ctl_refused capture a 'tcp prot 80' -w "$T_DIR/no.pcapng"
check "and leaves no file" test ! -e "$T_DIR/no.pcapng"
check "an unknown port is refused" ctl_refused capture nobody -w "$T_DIR/no.pcapng"

# ---- no more than eight
for i in 1 2 3 4 5 6 7 8; do
    capture_bg "many$i" a -w "$T_DIR/many$i.pcapng"
    need "capture $i begins" wait_for 5 test -s "$T_DIR/many$i.pcapng"
done
check "a ninth is refused" ctl_refused capture a -w "$T_DIR/many9.pcapng"
check "a still reaches b" reaches a 10.0.0.2

# ---- the switch stops while captures run
check "every frame is accounted for" sw_balanced
check "the switch stops" sw_stop
check "what was captured is whole" capinfos "$T_DIR/many1.pcapng"
check "and holds the frames" test "$(frames_of "$T_DIR/many8.pcapng" icmp)" -gt 0
t_done
