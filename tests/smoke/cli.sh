#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# What a program may rely on: exit statuses, valid JSON, errors that name the field.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

status_of() { # WORD...: exit status of vswitchctl
    ctl "$@" >/dev/null 2>&1
    echo $?
}
error_names() { # WORD COMMAND...: refused, and the error text has the word
    local word=$1 output
    shift
    output=$(ctl_refused "$@") && grep -i -- "$word" <<<"$output"
}

check_eq "no daemon: status 3" 3 status_of worker list
need "the switch starts" sw_start
check_eq "good: status 0" 0 status_of tenant add red
check_eq "refused: status 1" 1 status_of tenant add red
check_eq "usage: status 2" 2 status_of tenant frobnicate red
need "a network" ctl network add red/web vlan=10
check "a VLAN out of range is refused by name" error_names vlan network add red/db vlan=4095
check "a port needs a known tenant" error_names tenant port add p1 type=vhost-user tenant=rde networks=web
check "a misspelt key is refused with the nearest" error_names networks port add p1 \
    type=vhost-user tenant=red netwroks=web
check "a tenant in use is not deleted" ctl_refused tenant del red
for object in tenant network port worker; do
    check "$object list speaks JSON" ctl_json 'type == "array"' $object list
done
check "stats show speaks JSON" ctl_json 'type == "array"' stats show
need "a vhost-user port" vhost_port p1 red web
check "port show prints QEMU's arguments" sh -c \
    "$(printf '%q ' "$VSW_BUILD/vswitchctl" -s "$VSW_SOCKET" port show p1 --qemu-args) | grep -q vhost-user"
check "port show prints libvirt's XML" sh -c \
    "$(printf '%q ' "$VSW_BUILD/vswitchctl" -s "$VSW_SOCKET" port show p1 --libvirt-xml) | grep -q '<interface'"
t_done
