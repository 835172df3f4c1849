#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Two guests and a namespace in one network: boot, reach each other, show up as ready ports.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

ns_add host
need "the guest's files are there" vm_prepare
need "the switch starts" sw_start
need "a network" net_up red web 10
need "the first guest's port" vhost_port vm1 red web
need "the second guest's port" vhost_port vm2 red web
need "the namespace's port" tap_port host red web 10.0.0.9/24
not_ready() { ! port_is_ready vm1; }
check "a port without a guest is not ready" not_ready
need "vm1 starts" vm_start vm1 ip=10.0.0.1/24 mac=52:54:00:00:00:01
need "vm2 starts" vm_start vm2 ip=10.0.0.2/24 mac=52:54:00:00:00:02
check "vm1 boots" vm_wait_ready vm1
check "vm2 boots" vm_wait_ready vm2
check "vm1's port is ready" port_ready vm1
check "vm2's port is ready" port_ready vm2
check "guest to guest" reaches vm1 10.0.0.2
check "guest to namespace" reaches vm1 10.0.0.9
check "namespace to guest" reaches host 10.0.0.2
check "the table knows both guests" ctl_json \
    '[.[].mac] | index("52:54:00:00:00:01") and index("52:54:00:00:00:02")' fdb list

# The driver goes away and comes back without a new connection.
need "vm1 unbinds its driver" vm_run vm1 \
    "d=/sys/bus/virtio/drivers/virtio_net; n=\$(basename \$(readlink -f /sys/class/net/eth0/device)); echo \$n >\$d/unbind; echo \$n >/tmp/device"
check "its port is no longer ready" wait_for 5 not_ready
need "vm1 binds it again" vm_run vm1 "cat /tmp/device >/sys/bus/virtio/drivers/virtio_net/bind; ip link set eth0 up; ip address add 10.0.0.1/24 dev eth0"
check "it is ready again" port_ready vm1
check "and reaches the other guest" reaches vm1 10.0.0.2
t_done
