# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Front-ends other than QEMU: user-mode-linux, and DPDK's virtio-user under testpmd, which answers
# ARP and ping by itself.
# shellcheck disable=SC2154,SC2034,SC2004 # the maps of guests belong to qemu.sh

# uml_start NAME KEY=VALUE...: a user-mode-linux guest on a vhost-user socket, an end point like a VM
uml_start() {
    local name=$1 sock=$SW_RUN/$1.sock ip='' mtu=1500 pair
    shift
    for pair in "$@"; do
        case $pair in
        sock=* | ip=* | mtu=*) local "$pair" ;;
        *)
            echo "uml_start: unknown key ${pair%%=*}"
            return 1
            ;;
        esac
    done
    vm_prepare || return 1
    # Its serial line wants a terminal: a pair of them, one end for the guest, one for vm_run.
    socat "PTY,link=$T_DIR/$name.tty,raw,echo=0" "PTY,link=$T_DIR/$name.agent,raw,echo=0" &
    t_defer kill_wait $!
    wait_for 5 test -e "$T_DIR/$name.agent" || return 1
    vm_agents[$name]=FILE:$T_DIR/$name.agent,raw,echo=0
    : >"$T_DIR/$name.console"
    # Its memory is a file, and the switch takes only tmpfs for that.
    TMPDIR=/dev/shm setsid linux.uml mem=128M "umid=$name$$" "uml_dir=$T_DIR" \
        "initrd=$vm_guest/uml.cpio" con=null con0=null,fd:1 ssl=null "ssl0=tty:$T_DIR/$name.tty" \
        "virtio_uml.device=$sock:1" quiet console=tty0 "vsw.name=$name" "vsw.ip=$ip" \
        "vsw.mtu=$mtu" vsw.agent=ttyS0 >"$T_DIR/$name.console" 2>&1 </dev/null &
    vm_pids[$name]=$!
    t_defer uml_kill "$name"
}

# A kernel in user space is several processes of one session.
uml_kill() {
    local pid=${vm_pids[$1]:-}
    [[ -n $pid ]] || return 0
    vm_disconnect "$1"
    unset "vm_pids[$1]"
    kill -KILL -- "-$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
}

# testpmd_start NAME KEY=VALUE...: a virtio-user port, or that of another device=, that answers ARP and
# echo requests
testpmd_start() {
    local name=$1 sock=$SW_RUN/$1.sock role=client mac=52:54:00:00:00:99 queues=1 pair device='' stdin
    shift
    for pair in "$@"; do
        case $pair in
        sock=* | role=* | mac=* | queues=* | device=*) local "$pair" ;;
        *)
            echo "testpmd_start: unknown key ${pair%%=*}"
            return 1
            ;;
        esac
    done
    device=${device:-net_virtio_user0,path=$sock,mac=$mac,queues=$queues}
    if [[ $role == server ]]; then
        device+=,server=1
        # It does not start over the socket that a killed one left behind.
        rm -f "$sock"
    fi
    # It runs until its standard input ends.
    [[ -p $T_DIR/$name.stdin ]] || mkfifo "$T_DIR/$name.stdin"
    exec {stdin}<>"$T_DIR/$name.stdin"
    t_defer rm -rf "/run/dpdk/vsw$$$name" # killed, it leaves that
    stdbuf -oL dpdk-testpmd --no-huge -m 256 --no-pci --no-shconf --file-prefix "vsw$$$name" \
        --lcores "(0,1)@(0-$(($(nproc) - 1)))" --vdev "$device" -- \
        --forward-mode=icmpecho --auto-start --no-mlockall --total-num-mbufs=4096 \
        "--rxq=$queues" "--txq=$queues" <&"$stdin" >"$T_DIR/$name-testpmd.log" 2>&1 &
    vm_pids[$name]=$!
    t_defer vm_kill "$name"
}
testpmd_ready() { wait_for "${2:-20}" grep -q 'Press enter to exit' "$T_DIR/$1-testpmd.log"; }

# pxe_server NAMESPACE INTERFACE IP KERNEL-WORDS: DHCP and TFTP from a namespace, with the guest's
# kernel and initramfs
pxe_server() {
    local root=$T_DIR/tftp
    mkdir -p "$root"
    cp "$vm_guest/vmlinuz" "$root/vmlinuz"
    gzip -1 <"$vm_guest/guest.cpio" >"$root/guest.gz"
    cat >"$root/boot.ipxe" <<END
#!ipxe
kernel tftp://$3/vmlinuz $(vm_kernel_line) console=ttyS0 initrd=guest.gz $4
initrd tftp://$3/guest.gz
boot
END
    chmod -R a+rX "$T_DIR"
    ns_bg "$1" dnsmasq --keep-in-foreground --conf-file=/dev/null --user=root --port=0 \
        --interface="$2" --bind-interfaces --dhcp-range="${3%.*}.100,${3%.*}.150,255.255.255.0,1h" \
        --dhcp-boot=boot.ipxe --enable-tftp --tftp-root="$root" --log-dhcp \
        --log-facility="$T_DIR/dnsmasq.log" --dhcp-leasefile="$T_DIR/leases" --pid-file=
    wait_for 5 grep -q 'TFTP root' "$T_DIR/dnsmasq.log"
}
