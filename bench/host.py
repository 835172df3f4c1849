# SPDX-License-Identifier: BSD-3-Clause
"""The machine: which core does what, stolen time, huge pages, and what there is to say about it."""
import hashlib
import os
import platform
import re
import subprocess
from pathlib import Path

SWITCH_CORE = 0
GENERATOR_CORE = 1

HUGE_PAGE_BYTES = 2 << 20
NR_HUGE_PAGES = Path("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages")


class Refused(Exception):
    """What the operator has to know; ends the run without a stack trace."""


def output(*command):
    """What a command prints, '' if there is no such command."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              check=False, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


class StealClock:
    """What the host below this machine takes from both cores, from now on."""

    def __init__(self):
        self.start = self.read()

    def ratio(self):
        """Stolen part of the CPU time since the start, 0 to 1."""
        stolen, total = (now - then for now, then in zip(self.read(), self.start))
        return stolen / total if total else 0.0

    @staticmethod
    def read():
        stolen = total = 0
        for line in Path("/proc/stat").read_text().splitlines():
            if re.match(rf"cpu({SWITCH_CORE}|{GENERATOR_CORE}) ", line):
                ticks = [int(word) for word in line.split()[1:9]]
                stolen, total = stolen + ticks[7], total + sum(ticks)
        return stolen, total


def first(pattern, text):
    found = re.search(pattern, text, re.MULTILINE)
    return found.group(1).strip() if found else "unknown"


def package(name):
    return output("dpkg-query", "-W", "-f=${Version}", name) or "none"


def identity():
    """The same for every run on this machine, and says nothing about it."""
    text = cpu_model()
    for file in ("/etc/machine-id", "/proc/sys/kernel/hostname"):
        if Path(file).exists():
            text += Path(file).read_text()
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def cpu_model():
    return first(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text())


def facts(top):
    """What belongs beside the figures."""
    mhz = float(first(r"^cpu MHz\s*: (.*)$", Path("/proc/cpuinfo").read_text()))
    return {
        "id": identity(),
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "mhz": round(mhz),
        "kernel": platform.release(),
        "hypervisor": output("systemd-detect-virt", "--vm") or "unknown",
        "dpdk": package("dpdk"),
        "openvswitch": package("openvswitch-switch-dpdk"),
        "commit": output("git", "-C", str(top), "describe", "--always", "--dirty"),
    }


class HugePages:
    """Huge pages for the time of a run: for guests and peers alike. Zero where there is no memory
    for them; then everybody runs on ordinary pages."""

    def __init__(self, wanted_bytes):
        self.wanted = wanted_bytes // HUGE_PAGE_BYTES
        self.before = None
        self.bytes = 0

    def __enter__(self):
        if not NR_HUGE_PAGES.exists():
            return self
        self.before = int(NR_HUGE_PAGES.read_text())
        if self.before < self.wanted:
            NR_HUGE_PAGES.write_text(str(self.wanted))
        if int(NR_HUGE_PAGES.read_text()) < self.wanted:
            NR_HUGE_PAGES.write_text(str(self.before))
        else:
            self.bytes = self.wanted * HUGE_PAGE_BYTES
        return self

    def __exit__(self, *_):
        if self.before is not None and self.before < self.wanted:
            NR_HUGE_PAGES.write_text(str(self.before))


def check():
    """Refuse early what would fail late."""
    if os.geteuid() != 0:
        raise Refused("make bench needs root: it makes interfaces, namespaces and huge pages")
    if not {SWITCH_CORE, GENERATOR_CORE} <= os.sched_getaffinity(0):
        raise Refused(f"make bench needs cores {SWITCH_CORE} and {GENERATOR_CORE}")
