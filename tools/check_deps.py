#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Check that rooms (folders) include only what docs/design.md allows, and nothing reaches upward.

Reads every #include "room/file.h" of the C files that git tracks. Also checks that the name of a port
type occurs only in its own folder, in port/types.def, in tests and in documents, and that JSON and the
EAL stay where they belong. Prints one line per violation; exit status 1 if there is any.
"""
import re
import subprocess
import sys

ALLOWED = {
    "base": set(),
    "vlan": {"base"},
    "api": {"base"},
    "port": {"base", "vlan", "api"},
    "offload": {"base", "vlan", "port"},
    "vhost-user": {"base", "vlan", "port", "api"},
    "tap": {"base", "vlan", "port", "api", "bpf"},
    "netdev": {"base", "vlan", "port", "api", "offload", "bpf"},
    "bpf": {"base", "vlan", "port"},
    "dpdk": {"base", "vlan", "port", "api"},
    "datapath": {"base", "vlan", "port", "offload"},
    "control": {"base", "vlan", "port", "offload", "datapath", "api"},
    "cli": {"base", "api"},
    "pktgen": {"base", "api"},
}
# System headers that only these rooms or files may include.
ONLY_IN = {
    r"json|json_": ("api/json.c",),
    r"rte_": ("datapath/", "control/", "pktgen/", "dpdk/"),
    r"systemd/": ("control/",),
    r"netlink/": ("tap/", "netdev/", "control/"),
    r"bpf/": ("tap/", "netdev/", "bpf/", "pktgen/port.c"),
    r"pcap": ("control/", "pktgen/", "datapath/capture"),
}
TYPE_WORDS = re.compile(r'"(vhost-user|tap|netdev|dpdk)"|\bport_type_(vhost_user|tap|netdev|dpdk)\b')
TYPE_WORDS_OK = ("vhost-user/", "tap/", "netdev/", "dpdk/", "pktgen/", "tests/", "port/types.def", "docs/")


def tracked():
    out = subprocess.run(["git", "ls-files", "*.c", "*.h"], capture_output=True, text=True, check=True)
    return out.stdout.split()


def check(path, text):
    room = path.split("/")[0]
    for n, line in enumerate(text.splitlines(), 1):
        m = re.match(r'\s*#\s*include\s+"([^"/]+)/', line)
        if m and room in ALLOWED and m[1] in ALLOWED and m[1] != room and m[1] not in ALLOWED[room]:
            yield f"{path}:{n}: {room}/ may not include {m[1]}/"
        m = re.match(r"\s*#\s*include\s+<([^>]+)>", line)
        for pattern, where in ONLY_IN.items():
            if m and room in ALLOWED and re.match(pattern, m[1]) and not path.startswith(where):
                yield f"{path}:{n}: <{m[1]}> belongs in {', '.join(where)}"
        if TYPE_WORDS.search(line) and not path.startswith(TYPE_WORDS_OK):
            yield f"{path}:{n}: names a port type"


def main():
    found = []
    for path in tracked():
        with open(path, encoding="utf-8") as f:
            found += check(path, f.read())
    for line in found:
        print(line)
    return 1 if found else 0


sys.exit(main())
