#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# A diskless guest boots over the switch: iPXE in the NIC's ROM asks dnsmasq in a namespace, loads
# kernel and initramfs, then the same port serves the kernel's driver: two front-ends in a row on
# one connection, the first with its own idea of rings and features.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

ns_add srv
need "the guest's files are there" vm_prepare
need "the switch starts" sw_start
need "a tenant" net_up red web 10
need "the server's port" tap_port srv red web 10.0.0.1/24
need "the guest's port" vhost_port vm1 red web

need "dnsmasq offers a boot file" pxe_server srv srv 10.0.0.1 "vsw.name=vm1 vsw.ip=10.0.0.9/24"
need "a guest without kernel starts" vm_start vm1 boot=pxe mem=256
check "iPXE gets a lease" wait_for 30 grep -q DHCPACK "$T_DIR/dnsmasq.log"
check "the guest loads its kernel by TFTP" wait_for 60 grep -q 'sent .*/vmlinuz' "$T_DIR/dnsmasq.log"
check "the kernel comes up" vm_wait_ready vm1 90
check "its driver took the port over" port_ready vm1
check "it reaches the server" reaches vm1 10.0.0.1
t_done
