#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# DPDK's virtio-user under testpmd as front-end, with the switch as the socket's server and as its
# client; testpmd answers ARP and ping by itself.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

not_ready() { ! port_is_ready "$1"; }

ns_add host
need "the switch starts" sw_start
need "a network" net_up red web 10
need "the namespace's port" tap_port host red web 10.0.0.9/24
for role in server client; do
    name=dpdk-$role
    peer=$([[ $role == server ]] && echo client || echo server)
    need "port $name" vhost_port "$name" red web role="$role"
    [[ $role == client ]] || need "its socket is there" wait_for 5 test -S "$SW_RUN/$name.sock"
    need "testpmd starts as $peer" testpmd_start "$name" role="$peer"
    check "testpmd runs as $peer" testpmd_ready $name
    check "port $name is ready" port_ready $name
    # Whoever is asked for by ARP, testpmd says that is me; one at a time, so it is this one.
    check "it answers through $name" reaches host 10.0.0.2
    vm_kill $name
    check "$name shows when it is gone" wait_for 5 not_ready $name
    need "it starts again" testpmd_start "$name" role="$peer"
    check "it answers again" reaches host 10.0.0.2
    vm_kill $name
    need "port $name goes" ctl port del $name
done
t_done
