#!/bin/busybox sh
# shellcheck shell=dash
# SPDX-License-Identifier: BSD-3-Clause
#
# The guest's first and only program: loads the drivers, sets up eth0 as the kernel command line
# says, then runs the commands that arrive on the agent line.
#
# Words on the command line:
#   vsw.name=vm1  vsw.ip=10.0.0.1/24  vsw.ip6=fd00::1/64  vsw.mtu=9000  vsw.queues=4
#   vsw.vlan=10:10.0.10.1/24,20:10.0.20.1/24     VLAN interfaces eth0.10 and eth0.20
#   vsw.agent=ttyS1                              where the commands come from
#
# The agent's protocol, one line per command:
#   in:   ID COMMAND-IN-BASE64
#   out:  @begin ID / the output, standard error included / @end ID STATUS SECONDS-IT-TOOK
# Commands run one after another. The line may lose what is sent over it: a command that comes again
# with the same ID is not run again, but answered again.

busybox=/bin/busybox
export PATH=/usr/sbin:/usr/bin:/bin HOME=/

$busybox mkdir -p /proc /sys /dev /run /tmp
$busybox mount -t proc proc /proc
$busybox mount -t sysfs sys /sys
[ -c /dev/null ] || $busybox mount -t devtmpfs dev /dev
$busybox --install -s /bin

option() { # NAME DEFAULT
    local word value=$2
    # shellcheck disable=SC2013 # words are what is wanted
    for word in $(cat /proc/cmdline); do
        case $word in "vsw.$1="*) value=${word#*=} ;; esac
    done
    echo "$value"
}

load_drivers() {
    local module
    while read -r module; do
        insmod "/lib/modules/$module" || echo "guest: cannot load $module"
    done </lib/modules/order
}

add_vlan() { # VID:ADDRESS
    /usr/bin/ip link add link eth0 name "eth0.${1%%:*}" type vlan id "${1%%:*}" &&
        /usr/bin/ip address add "${1#*:}" dev "eth0.${1%%:*}" &&
        /usr/bin/ip link set "eth0.${1%%:*}" up
}

set_up_network() {
    local mtu queues address vlan
    /usr/bin/ip link set lo up
    mtu=$(option mtu 1500)
    queues=$(option queues 1)
    [ "$mtu" = 1500 ] || /usr/bin/ip link set eth0 mtu "$mtu"
    [ "$queues" = 1 ] || ethtool -L eth0 combined "$queues"
    /usr/bin/ip link set eth0 up
    address=$(option ip '')
    [ -z "$address" ] || /usr/bin/ip address add "$address" dev eth0
    address=$(option ip6 '')
    [ -z "$address" ] || /usr/bin/ip address add "$address" dev eth0 nodad
    for vlan in $(option vlan '' | tr , ' '); do add_vlan "$vlan"; done
}

uptime_s() { cut -d. -f1 /proc/uptime; }

serve_commands() { # the agent line is standard input and output
    local id command status began took last=
    stty raw -echo
    while read -r id command; do
        [ -n "$command" ] || continue
        if [ "$id" != "$last" ]; then
            command=$(echo "$command" | base64 -d)
            began=$(uptime_s)
            # Not busybox's own shell: that one prefers its applets to the real programs. Into a
            # file, so that what the command leaves running cannot hold the line.
            dash -c "$command" >/tmp/output 2>&1 </dev/null
            status=$? last=$id
            took=$(($(uptime_s) - began))
        fi
        printf '@begin %s\n%s\n@end %s %s\n' "$id" "$(cat /tmp/output)" "$id" "$status $took"
    done
}

echo "guest: init"
load_drivers
hostname "$(option name guest)"
set_up_network
agent=/dev/$(option agent ttyS1)
echo "guest: ready after $(cut -d' ' -f1 /proc/uptime) s"
while :; do serve_commands <>"$agent" >&0; done
