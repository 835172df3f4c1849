#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# A pcap file in by one port and out by another: the same frames, in order, byte for byte; what is no
# frame is dropped by name.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

FRAMES=300

bytes() { # HEX
    # shellcheck disable=SC2059,SC2001 # the format is the data
    printf "$(sed 's/../\\x&/g' <<<"$1")"
}
le32() { printf '%02x%02x%02x%02x' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24)); }
# record HEX: one packet of a pcap file
record() { bytes "$(le32 1)$(le32 0)$(le32 $((${#1} / 2)))$(le32 $((${#1} / 2)))$1"; }
make_input() { # frames of 60 to 1500 bytes
    local i hex filler
    filler=$(head -c 1500 /dev/urandom | od -An -v -tx1 | tr -d ' \n')
    bytes d4c3b2a1020004000000000000000000ffff000001000000
    for ((i = 0; i < FRAMES; i++)); do
        hex=$(printf '02000000000b02000000000a88b5%04x' $i)$filler
        record "${hex:0:$((120 + i * 2880 / FRAMES / 2 * 2))}"
    done
    record 02000000000b02000000
}
frames_of() { tcpdump -nr "$1" -xx -t 2>/dev/null | grep -v '^02:00.*length 10'; }
same_frames() {
    diff <(frames_of "$SW_RUN/in.pcap" | head -n "$(frames_of "$SW_RUN/out.pcap" | wc -l)") \
        <(frames_of "$SW_RUN/out.pcap")
}
received() { (($(port_counter in in_pkts) == FRAMES + 1)); }

need "the switch starts" sw_start
need "a network" net_up red web 10
make_input >"$SW_RUN/in.pcap"
need "port out writes a file" ctl port add out type=dpdk tenant=red networks=web \
    "devargs=net_pcap_out,tx_pcap=$SW_RUN/out.pcap"
need "port in reads one" ctl port add in type=dpdk tenant=red networks=web \
    "devargs=net_pcap_in,rx_pcap=$SW_RUN/in.pcap"
check "all of it was read" wait_for 5 received
check_eq "and written" $FRAMES port_counter out out_pkts
check_eq "the runt was dropped by name" 1 drops runt
check "every frame is accounted for" sw_balanced
need "port out is closed" ctl port del out
count() { tcpdump --count -nr "$SW_RUN/out.pcap" 2>/dev/null | sed 's/ packets//'; }
check_eq "as many frames in the file" $FRAMES count
check "the same bytes in the same order" same_frames
t_done
