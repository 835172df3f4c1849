#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# A container's end of a memif: testpmd, which answers ARP and ping by itself. It may go and come.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

memif() { # ROLE
    echo "net_memif0,role=$1,id=0,socket=$SW_RUN/memif.sock,socket-abstract=no"
}
state_is() { [[ $(port_get m state) == "$1" ]]; }

ns_add host
need "the switch starts" sw_start
need "a network" net_up red web 10
need "the namespace's port" tap_port host red web 10.0.0.9/24
need "the memif's port" ctl port add m type=dpdk tenant=red networks=web "devargs=$(memif server)"
check "without a peer it is not ready" state_is connected
need "testpmd starts" testpmd_start peer "device=$(memif client)"
check "the port is ready" port_ready m 20
check "testpmd answers" reaches host 10.0.0.2
check "full frames" reaches host 10.0.0.2 1472
vm_kill peer
check "it shows when the peer is gone" wait_for 5 state_is connected
need "testpmd starts again" testpmd_start peer "device=$(memif client)"
check "the port is ready again" port_ready m 20
check "testpmd answers again" reaches host 10.0.0.2
t_done
