#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Build the guest that the demo and the vm tests boot: Debian's cloud kernel and a small userland in
# an initramfs, all from Debian packages. Kept outside git and built again only when a package or
# this script changes.
# usage: mkguest.sh      prints the folder that holds:
#   vmlinuz guest.cpio        for QEMU
#   uml.cpio                  for user-mode-linux, when that package is installed
# VSW_CACHE names another cache folder; VSW_KERNEL_FROM=package takes the kernel from a freshly
# downloaded package even when one is installed.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${VSW_CACHE:-${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}}
cache=${cache:-$here/../../.cache}
[[ -n ${VSW_CACHE:-} ]] || cache=$cache/vswitch

programs=(dash ping ip ss ethtool iperf3 socat tcpdump)
packages=(busybox-static dash iputils-ping iproute2 ethtool iperf3 socat tcpdump libc6 user-mode-linux)
modules=(virtio_net 8021q)

say() { printf 'guest: %s\n' "$*" >&2; }
fail() {
    say "$*"
    exit 1
}

# The newest installed cloud kernel, by version; nothing if there is none.
installed_kernel() {
    local image version
    for image in $(printf '%s\n' /boot/vmlinuz-*-cloud-amd64 | sort -rV); do
        version=${image#/boot/vmlinuz-}
        if [[ -r $image && -d /lib/modules/$version ]]; then
            echo "$version"
            return
        fi
    done
}

# Unpack the kernel package without installing it: no boot loader, no initramfs of the host.
download_kernel() { # FOLDER
    local package
    if [[ -z $(apt-cache show linux-image-cloud-amd64 2>/dev/null) ]]; then
        say "fetching the package lists (apt-get update)"
        apt-get -q update >&2 || fail "apt-get update failed: is this machine online?"
    fi
    package=$(apt-cache depends linux-image-cloud-amd64 |
        awk '$1 == "Depends:" && $2 ~ /^linux-image-/ { print $2; exit }')
    [[ -n $package ]] || fail "apt knows no linux-image-cloud-amd64: is this Debian 12 on amd64?"
    say "downloading $package"
    (cd "$1" && apt-get -q -o APT::Sandbox::User=root download "$package" >&2) || fail "cannot download $package: is this machine online?"
    dpkg-deb -x "$1/$package"_*.deb "$1"
    depmod -b "$1" "${package#linux-image-}"
    echo "${package#linux-image-}"
}

copy_program() { # NAME ROOT
    local path library
    path=$(readlink -f "$(command -v "$1")") || fail "missing program: $1 (tools/setup.sh installs it)"
    install -D "$path" "$2/usr/bin/$1"
    ldd "$path" | grep -o '/[^ ]*' | while read -r library; do
        [[ -e $2$library ]] || install -D "$library" "$2$library"
    done
}

make_userland() { # ROOT
    local program
    mkdir -p "$1"/{bin,dev,lib/modules}
    install -D /bin/busybox "$1/bin/busybox"
    for program in "${programs[@]}"; do copy_program "$program" "$1"; done
    install -D "$here/guest-init.sh" "$1/init"
}

# Modules in the order in which insmod must take them.
copy_modules() { # ROOT BASE VERSION MODULE...
    local root=$1 base=$2 version=$3 module path
    shift 3
    for module in "$@"; do
        modprobe -d "$base" -S "$version" --show-depends "$module" | awk '$1 == "insmod" { print $2 }'
    done | awk '!seen[$0]++' | while read -r path; do
        install -D -m 644 "$path" "$root/lib/modules/$(basename "$path")"
        basename "$path" >>"$root/lib/modules/order"
    done
    grep -q virtio_net "$root/lib/modules/order" || fail "the kernel $version has no virtio_net module"
}

pack() { # ROOT FILE
    (cd "$1" && find . | sort | cpio -o -H newc -R 0:0 --quiet) >"$2"
}

make_uml() { # USERLAND FILE
    local tree=/usr/lib/uml/modules version
    version=$(basename "$(printf '%s\n' $tree/* | sort -rV | head -n 1)")
    # The package brings no index of its modules.
    mkdir -p uml-modules/lib/modules
    cp -r "$tree/$version" uml-modules/lib/modules/
    depmod -b "$PWD/uml-modules" "$version"
    cp -r "$1" uml-root
    copy_modules uml-root "$PWD/uml-modules" "$version" "${modules[@]}"
    pack uml-root "$2"
}

main() {
    local kernel=installed version key work
    version=$(installed_kernel)
    [[ -n $version && ${VSW_KERNEL_FROM:-} != package ]] || kernel=package
    key=$({
        echo "$kernel $version"
        dpkg-query -W -f='${Package} ${Version}\n' "${packages[@]}" 2>/dev/null
        cat "$here/guest-init.sh" "${BASH_SOURCE[0]}"
    } | sha256sum | cut -c1-12)
    if [[ -e $cache/guest-$key/complete ]]; then
        echo "$cache/guest-$key"
        return
    fi

    [[ -x /bin/busybox ]] || fail "missing /bin/busybox (tools/setup.sh installs busybox-static)"
    mkdir -p "$cache"
    work=$(mktemp -d "$cache/making-XXXXXX")
    # shellcheck disable=SC2064 # this folder, even after main has returned
    trap "rm -rf '$work'" EXIT
    cd "$work"
    mkdir guest
    say "building the guest from Debian packages (kept in $cache)"
    make_userland root
    if [[ -d /usr/lib/uml/modules ]]; then make_uml root guest/uml.cpio; fi
    if [[ $kernel == installed ]]; then
        copy_modules root / "$version" virtio_pci "${modules[@]}"
        cp "/boot/vmlinuz-$version" guest/vmlinuz
    else
        mkdir package
        version=$(download_kernel "$work/package")
        copy_modules root "$work/package" "$version" virtio_pci "${modules[@]}"
        cp "package/boot/vmlinuz-$version" guest/vmlinuz
    fi
    pack root guest/guest.cpio
    echo "$version" >guest/complete
    chmod 755 guest
    # Whoever comes second with the same key keeps what the first one made.
    mv -T guest "$cache/guest-$key" 2>/dev/null || [[ -e $cache/guest-$key/complete ]]
    say "kernel $version, userland $(du -h "$cache/guest-$key/guest.cpio" | cut -f1)"
    echo "$cache/guest-$key"
}

main
