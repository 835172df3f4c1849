# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Guests: QEMU with one vhost-user NIC, Debian's cloud kernel and the initramfs of mkguest.sh. Each
# has a console file and an agent line over which vm_run runs commands (see tests/vm/guest-init.sh).
# VSW_ACCEL=tcg or kvm overrides the probe for a working KVM.

declare -A vm_pids=() vm_agents=() vm_lines=()
declare -A vm_words=() # what it was started with, until it had a second chance
vm_guest= # folder with the guest's files
vm_accel=

# vm_prepare: build the guest if needed, choose the accelerator
vm_prepare() {
    [[ -z $vm_guest ]] || return 0
    vm_guest=$("$VSW_TOP/tests/vm/mkguest.sh") || return 1
    vm_accel=${VSW_ACCEL:-auto}
    [[ $vm_accel == auto ]] || return 0
    local known
    known=$vm_guest/accel-$(cat /proc/sys/kernel/random/boot_id)
    if [[ ! -e $known ]]; then
        vm_probe_accel >"$known.$$"
        mv "$known.$$" "$known"
    fi
    vm_accel=$(cat "$known")
}

# A /dev/kvm that opens may still not boot a guest (nested hosts): try it.
vm_probe_accel() {
    if [[ -w /dev/kvm ]] && timeout 6 qemu-system-x86_64 -machine q35,accel=kvm -cpu host -m 160 \
        -nodefaults -no-reboot -display none -serial file:/dev/null -serial stdio \
        -kernel "$vm_guest/vmlinuz" -initrd "$vm_guest/guest.cpio" \
        -append "$(vm_kernel_line) vsw.agent=ttyS0 console=ttyS1" </dev/null 2>/dev/null |
        grep -q -m1 'guest: ready'; then
        echo kvm
    else
        echo tcg
    fi
}

# Without what only costs boot time in an emulated machine.
vm_kernel_line() {
    echo "quiet panic=-1 tsc=reliable mitigations=off nokaslr cryptomgr.notests audit=0" \
        "apparmor=0 random.trust_cpu=on rcupdate.rcu_expedited=1 8250.nr_uarts=2 no_timer_check"
}

# vm_start NAME KEY=VALUE...: start it, do not wait; the keys and their defaults:
vm_start() {
    local name=$1 pair
    local -A vm=(
        [sock]=$SW_RUN/$1.sock # the vhost-user socket
        [role]=client          # who connects: QEMU (client) or the switch (server)
        [mac]=52:54:00:00:00:01 [ip]='' [ip6]='' [vlan]='' [mtu]=1500
        [queues]=1 [smp]=1 [mem]=160
        [legacy]=off   # on: virtio 0.9, no VERSION_1
        [offloads]=on  # off: no checksum and segmentation offload at all
        [mrg]=on       # mergeable receive buffers
        [rx]=256 [tx]=256
        [device]=''    # more properties for virtio-net-pci
        [boot]=kernel  # pxe: whatever the network offers
        [tap]=''       # an ordinary TAP of this name in the place of vhost-user
    )
    vm_words[$name]=$(printf '%q ' "$@")
    shift
    for pair in "$@"; do
        [[ -v vm[${pair%%=*}] ]] || {
            echo "vm_start: unknown key ${pair%%=*}"
            return 1
        }
        vm[${pair%%=*}]=${pair#*=}
    done
    vm_prepare || return 1

    local device="virtio-net-pci,netdev=net0,mac=${vm[mac]},mrg_rxbuf=${vm[mrg]}"
    device+=",rx_queue_size=${vm[rx]},tx_queue_size=${vm[tx]}"
    if ((vm[queues] > 1)); then device+=,mq=on; fi
    if [[ $vm_accel == tcg ]]; then
        # QEMU 7.2 without KVM dies in msix_set_vector_notifiers when a vhost ring with MSI-X starts.
        device+=,vectors=0
    else
        device+=,vectors=$((2 * vm[queues] + 2))
    fi
    if [[ ${vm[legacy]} == on ]]; then device+=,disable-modern=on,disable-legacy=off; fi
    if [[ ${vm[offloads]} == off ]]; then
        device+=,csum=off,guest_csum=off,gso=off,host_tso4=off,host_tso6=off,host_ecn=off,host_ufo=off
        device+=,guest_tso4=off,guest_tso6=off,guest_ecn=off,guest_ufo=off
    fi
    if [[ -n ${vm[device]} ]]; then device+=,${vm[device]}; fi

    local socket="socket,id=vhost0,path=${vm[sock]}"
    if [[ ${vm[role]} == server ]]; then socket+=,server=on; else socket+=,reconnect=1; fi

    local netdev=(-chardev "$socket" -netdev "vhost-user,id=net0,chardev=vhost0,queues=${vm[queues]}")
    if [[ -n ${vm[tap]} ]]; then
        netdev=(-netdev "tap,id=net0,ifname=${vm[tap]},script=no,downscript=no")
    fi

    local args=(
        -name "$name" -no-reboot -nodefaults -display none
        -machine "q35,memory-backend=mem,accel=$vm_accel"
        -m "${vm[mem]}" -smp "${vm[smp]}"
        -object "memory-backend-memfd,id=mem,size=${vm[mem]}M,share=on"
        "${netdev[@]}"
        -device "$device"
        -monitor "unix:$T_DIR/$name.monitor,server=on,wait=off"
        -serial "file:$T_DIR/$name.console"
        -chardev "socket,id=agent,path=$T_DIR/$name.agent,server=on,wait=off" -serial chardev:agent
    )
    if [[ $vm_accel == kvm ]]; then args+=(-cpu host); else args+=(-cpu max); fi
    if [[ ${vm[boot]} == pxe ]]; then
        # The firmware's driver comes before any kernel: here the NIC may be to blame.
        unset "vm_words[$name]"
        args+=(-boot n)
    else
        args+=(-kernel "$vm_guest/vmlinuz" -initrd "$vm_guest/guest.cpio" -append
            "$(vm_kernel_line) console=ttyS0 vsw.name=$name vsw.ip=${vm[ip]} vsw.ip6=${vm[ip6]} \
vsw.vlan=${vm[vlan]} vsw.mtu=${vm[mtu]} vsw.queues=${vm[queues]}")
    fi

    rm -f "$T_DIR/$name.console"
    : >"$T_DIR/$name.console"
    qemu-system-x86_64 "${args[@]}" >"$T_DIR/$name-qemu.log" 2>&1 </dev/null &
    vm_pids[$name]=$!
    vm_agents[$name]=UNIX-CONNECT:$T_DIR/$name.agent
    t_defer vm_kill "$name"
}

# vm_boot NAME KEY=VALUE...: vm_start and wait until it takes commands
vm_boot() {
    vm_start "$@" && vm_wait_ready "$1"
}

vm_alive() { [[ -n ${vm_pids[$1]:-} ]] && kill -0 "${vm_pids[$1]}" 2>/dev/null; }
vm_said() { grep -q "$2" "$T_DIR/$1.console"; } # NAME PATTERN
vm_ready_or_dead() { vm_said "$1" 'guest: ready' || ! vm_alive "$1"; }

# vm_wait_ready NAME [SECONDS]
vm_wait_ready() {
    wait_for "${2:-60}" vm_ready_or_dead "$1"
    if vm_stood_still "$1"; then
        vm_start_again "$1" || return 1
        wait_for "${2:-60}" vm_ready_or_dead "$1"
    fi
    vm_said "$1" 'guest: ready' || {
        echo "guest $1 did not come up"
        vm_where "$1"
        return 1
    }
    vm_connect "$1"
}

# vm_stood_still NAME: its kernel has not even started its first program, so that no driver has
# touched its NIC yet; and QEMU itself is well, so that it does not wait for the switch either. Seen
# about once in 200 boots of an emulated machine on a busy host.
vm_stood_still() {
    [[ -n ${vm_words[$1]:-} ]] && vm_alive "$1" && ! vm_said "$1" 'guest: init' &&
        vm_monitor "$1" 'info status' | grep -q running
}

vm_start_again() {
    local words=${vm_words[$1]}
    t_note "guest $1 stood still before its first program and was started again: $(vm_where "$1")"
    vm_kill "$1"
    eval "vm_start $words" || return 1
    unset "vm_words[$1]"
}

# vm_monitor NAME COMMAND: QEMU's answer; none when its main loop is stuck
vm_monitor() {
    { printf '%s\n' "$2" && sleep 1; } |
        timeout 5 socat -t1 - "UNIX-CONNECT:$T_DIR/$1.monitor" 2>/dev/null | tr -d '\r'
}

# vm_where NAME: what its processors do and what the switch knows of it, for whoever has to find out
vm_where() {
    vm_monitor "$1" 'info registers -a' | grep -o 'RIP=.*' || echo "QEMU does not answer"
    ctl port show "$1" 2>/dev/null | head -n 12
}

# vm_kill NAME: kill -9, as a crash of the guest's process would be
vm_kill() {
    local pid=${vm_pids[$1]:-}
    [[ -n $pid ]] || return 0
    vm_disconnect "$1"
    unset "vm_pids[$1]"
    kill_wait "$pid" KILL
}

# vm_connect NAME: one connection to the guest's agent line for its whole life, behind two FIFOs
vm_connect() {
    local name=$1 fifo
    [[ -z ${vm_lines[$name]:-} ]] || return 0
    for fifo in to from; do
        [[ -p $T_DIR/$name.$fifo ]] || mkfifo "$T_DIR/$name.$fifo" || return 1
    done
    # Both ends open for reading and writing: neither an open nor an end of file to wait for.
    socat -t0 - "${vm_agents[$name]}" <>"$T_DIR/$name.to" 1<>"$T_DIR/$name.from" &
    vm_lines[$name]=$!
    t_defer vm_disconnect "$name"
}
vm_disconnect() {
    [[ -z ${vm_lines[$1]:-} ]] || kill_wait "${vm_lines[$1]}"
    unset "vm_lines[$1]"
}

# vm_run NAME COMMAND-LINE [SECONDS]: its output, its status; 124 when the guest did not answer
vm_run() {
    [[ -n ${vm_lines[$1]:-} ]] || {
        echo "no end point called $1 is up" >&2
        return 125
    }
    local seconds=${3:-30}
    (
        # One command at a time on the line.
        exec 9>"$T_DIR/$1.lock"
        flock 9
        vm_exchange "$1" "timeout $((seconds - 1)) dash -c $(printf %q "$2")" "$seconds"
    )
}

# Emulated serial lines now and then stand still or lose a line: after every 10 s without an answer
# the command is sent again (the guest runs it once), and an answer that came late is noted.
vm_exchange() { # NAME COMMAND-LINE SECONDS; in a subshell of its own
    local id=$RANDOM$RANDOM line='' part whole inside=false began=$SECONDS again=$SECONDS words
    exec 7<>"$T_DIR/$1.from"
    while ((SECONDS < began + $3)); do
        if ((SECONDS >= again)); then
            printf '%s %s\n' "$id" "$(printf '%s' "$2" | base64 -w0)" 1<>"$T_DIR/$1.to"
            again=$((SECONDS + 10))
        fi
        IFS= read -r -t 1 -u 7 part && whole=true || whole=false
        line+=$part
        $whole || continue # the rest of the line is still to come
        line=${line%$'\r'}
        case $line in
        "@begin $id") inside=true ;;
        "@end $id "*)
            read -ra words <<<"$line"
            vm_note_delay "$1" $((SECONDS - began - words[3]))
            return "${words[2]}"
            ;;
        *) if $inside; then printf '%s\n' "$line"; fi ;;
        esac
        line=
    done
    echo "no answer from guest $1 within $3 s" >&2
    return 124
}

vm_note_delay() { # NAME SECONDS
    (($2 < 5)) || t_note "the answer of guest $1 was $2 s late"
}
