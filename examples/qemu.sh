#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Start a VM of yours on a vhost-user port of the switch.
# usage: qemu.sh PORT DISK-IMAGE [QEMU-OPTION...]
# The port must exist, for instance:
#   vswitchctl port add vm1 type=vhost-user tenant=red networks=web path=/run/vswitch/vm1.sock
# What vhost-user needs is in the lines that `port show --qemu-args` prints: guest memory that can be
# shared with the switch, and the socket. VSW_SOCKET names another daemon than the usual one.
set -eu

if [[ $# -lt 2 ]]; then
    sed -n '4,6s/^# *//p' "$0"
    exit 2
fi
port=$1 disk=$2
shift 2
ctl=(vswitchctl)
if [[ -n ${VSW_SOCKET:-} ]]; then ctl+=(-s "$VSW_SOCKET"); fi

# Words without blanks inside them, on as many lines as the switch likes.
mapfile -t network < <("${ctl[@]}" port show "$port" --qemu-args | tr '\134' ' ' | xargs -n1)

exec qemu-system-x86_64 -accel kvm -accel tcg -cpu max -smp 2 \
    -drive "file=$disk,if=virtio" "${network[@]}" "$@"
