#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Install the Debian packages that building and testing the switch needs and that are missing.
# usage: setup.sh [--check] [build|test|bench]...
#   --check   only say what is missing (exit status 1 if something is)
#   build     what `make` needs; test: what the test layers and the demo need; default: both; bench:
#   the peers that `make bench` compares with
# One apt-get call, and none at all when nothing is missing. Needs root only when it must install.
set -u

build_packages=(
    make gcc libc6-dev pkg-config # compiler, and how it finds the libraries
    clang llvm linux-libc-dev     # eBPF programs of TAP and netdev ports
    bpftool                       # skeletons of those programs
    libdpdk-dev                   # EAL, RCU, rings, virtio-user, ethdev
    librte-meta-allpmds           # drivers of dpdk ports: cards, bond, memif, pcap, af_packet
    libjson-c-dev                 # JSON
    libnl-3-dev libnl-route-3-dev # kernel links and their events
    libbpf-dev                    # loads the eBPF programs
    libsystemd-dev                # event loop, readiness
    libpcap-dev                   # capture filters
    libcap-ng-dev libseccomp-dev  # fewer rights for the daemon
    libedit-dev                   # the shell of vswitchctl
)
test_packages=(
    libcmocka-dev jq                      # unit and flow tests; reading `vswitchctl -j`
    libclang-rt-14-dev                    # fuzzers (gcc brings its own sanitizers)
    clang-format shellcheck mandoc git    # lint
    pyflakes3                             # lint of tools/ and bench/
    iproute2 iputils-ping ethtool iperf3  # namespaces, TAPs, traffic
    socat tcpdump tshark                  # raw frames, looking at them
    procps util-linux kmod cpio xz-utils  # tools of the scripts
    busybox-static                        # the guest's userland
    qemu-system-x86 ipxe-qemu             # guests
    user-mode-linux                       # one more front-end
    dpdk                                  # testpmd: one more front-end, the peer of a memif
    dnsmasq-base                          # DHCP and TFTP for the guest that boots by PXE
    expect tmux                           # terminal tests of vswitchctl
    gnuplot-nox                           # charts of pktgen
)
bench_packages=(
    openvswitch-switch openvswitch-switch-dpdk # a peer
    dpdk                                  # testpmd: a peer
    iproute2 iperf3 procps util-linux     # namespaces, the Linux bridge, TCP
    python3 gnuplot-nox                   # the benchmark itself, its charts
)

say() { printf 'setup: %s\n' "$*"; }
fail() {
    printf 'setup: %s\n' "$*" >&2
    exit 1
}

installed() { # PACKAGE
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

list_missing() { # PACKAGE...
    local package
    for package in "$@"; do
        installed "$package" || printf '%s\n' "$package"
    done
}

install_missing() { # PACKAGE...
    export DEBIAN_FRONTEND=noninteractive
    say "fetching the package lists (apt-get update)"
    apt-get -q update || fail "apt-get update failed: is this machine online, and are its apt sources right?"
    say "installing $# packages (a few minutes on the first run)"
    apt-get -q -y --no-install-recommends install "$@" ||
        fail "apt-get could not install all of: $*"
}

# The benchmark runs its peers by hand. A service that came with a package now is not wanted; one that
# was here before is somebody's.
stop_new_services() { # PACKAGE...
    [[ " $* " == *' openvswitch-switch '* && -d /run/systemd/system ]] || return 0
    say "openvswitch-switch: its service is not needed, so it is stopped and disabled"
    systemctl --quiet disable --now openvswitch-switch.service
}

main() {
    local check=false wanted=() missing left
    while [[ $# -gt 0 ]]; do
        case $1 in
        --check) check=true ;;
        build) wanted+=("${build_packages[@]}") ;;
        test) wanted+=("${test_packages[@]}") ;;
        bench) wanted+=("${bench_packages[@]}") ;;
        *) fail "unknown word '$1'; usage: setup.sh [--check] [build|test|bench]..." ;;
        esac
        shift
    done
    [[ ${#wanted[@]} -gt 0 ]] || wanted=("${build_packages[@]}" "${test_packages[@]}")
    command -v dpkg-query >/dev/null || fail "this script knows Debian 12 only; install these yourself: ${wanted[*]}"

    left=$(list_missing "${wanted[@]}")
    if [[ -z $left ]]; then
        say "all ${#wanted[@]} packages are installed"
        return 0
    fi
    # shellcheck disable=SC2206 # names of packages have no blanks
    missing=($left)
    say "missing ${#missing[@]} of ${#wanted[@]} packages: ${missing[*]}"
    $check && return 1
    [[ $(id -u) -eq 0 ]] || fail "run this as root, or install them: apt-get install ${missing[*]}"
    install_missing "${missing[@]}"
    stop_new_services "${missing[@]}"
    left=$(list_missing "${wanted[@]}")
    [[ -z $left ]] || fail "still missing after apt-get: $left"
    say "all ${#wanted[@]} packages are installed"
}

main "$@"
