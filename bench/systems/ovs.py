# SPDX-License-Identifier: BSD-3-Clause
"""Open vSwitch with DPDK: vhost-user client ports, the NORMAL (learning) action, one PMD thread.
Run by hand in a folder of its own; the service of the package is not touched."""
import re
from pathlib import Path

from bench.host import Refused
from bench.process import Program, run, wait_for
from bench.systems.base import System, VhostPort

DAEMON = "/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk"
SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"
DATAPATH_DEVICE = Path("/sys/class/net/ovs-netdev")
SHARED_POOL_ABOVE_PORTS = 8


class Ovs(System):
    name, title = "ovs", "OVS-DPDK"
    uplink_type = "system"

    def __init__(self, bench):
        super().__init__(bench)
        self.database = None
        self.taps = []
        self.bridge = f"o{bench.tag}"

    def start(self, wish):
        if DATAPATH_DEVICE.exists():
            raise Refused("an Open vSwitch with a userspace datapath runs on this machine already, or"
                          " has left its interface: ip link del ovs-netdev")
        env = {f"OVS_{what}DIR": str(self.dir) for what in ("RUN", "LOG", "DB")}
        run("ovsdb-tool", "create", self.dir / "conf.db", SCHEMA)
        self.database = Program(
            "ovsdb-server", ["ovsdb-server", self.dir / "conf.db", "--unixctl", self.dir / "db.ctl",
                             f"--remote=punix:{self.dir}/db.sock"],
            self.core, self.dir / "db.log", env)
        wait_for("ovsdb-server listens", (self.dir / "db.sock").exists)
        self.vsctl("--no-wait", "init")
        self.vsctl("--no-wait", "set", "Open_vSwitch", ".", *self.settings(wish))
        self.daemon = Program(
            "ovs-vswitchd", [DAEMON, f"unix:{self.dir}/db.sock", "--unixctl", self.dir / "vs.ctl"],
            self.core, self.dir / "vs.log", env)
        self.vsctl("add-br", self.bridge, "--", "set", "bridge", self.bridge, "datapath_type=netdev",
                   f"other-config:mac-table-size={max(8192, 2 * wish.macs)}")
        for i in range(wish.vhost):
            self.add_vhost(i, wish)
        for i, tap in enumerate(wish.taps):
            self.add_tap(f"t{self.bench.tag}{i}", tap)
        for tap in wish.uplinks:
            self.add_uplink(self.add_veth(tap, wish.mtu))

    def settings(self, wish):
        mask = f"0x{1 << self.core:x}"
        memory = f"--huge-dir {self.bench.huge_dir}" if self.bench.huge_bytes \
            else "--legacy-mem --no-huge -m 2048"
        # A pool per port is small and stays in the caches; for many ports it would be too much.
        own_pools = str(wish.vhost <= SHARED_POOL_ABOVE_PORTS).lower()
        return ["other_config:dpdk-init=true", f"other_config:pmd-cpu-mask={mask}",
                f"other_config:dpdk-lcore-mask={mask}", f"other_config:per-port-memory={own_pools}",
                f'other_config:dpdk-extra="--no-pci --no-telemetry {memory}"']

    def add_vhost(self, i, wish):
        path = self.dir / f"vm{i}.sock"
        self.vsctl("add-port", self.bridge, f"vm{i}", "--", "set", "Interface", f"vm{i}",
                   "type=dpdkvhostuserclient", f"options:vhost-server-path={path}",
                   f"mtu_request={wish.mtu}")
        self.vhost.append(VhostPort(path, guest_listens=True))

    def add_tap(self, name, tap):
        """OVS makes its TAP in its own namespace; its descriptor goes on working when it moves."""
        self.vsctl("add-port", self.bridge, name, "--", "set", "Interface", name, "type=tap")
        run("ip", "link", "set", name, "netns", tap.netns.name, "name", tap.name)
        self.taps.append(tap)
        tap.netns.ip("link", "set", tap.name, "up")

    def add_uplink(self, name):
        self.vsctl("add-port", self.bridge, name, "--", "set", "Interface", name,
                   f"type={self.uplink_type}")

    def uplink_way(self):
        return "AF_PACKET"

    def vsctl(self, *words):
        try:
            return run("ovs-vsctl", f"--db=unix:{self.dir}/db.sock", "--timeout=20", *words)
        finally:
            if self.daemon:
                self.daemon.check()

    def processes(self):
        return super().processes() + ([self.database] if self.database else [])

    def connected(self):
        states = self.vsctl("--bare", "--columns=name,link_state", "find", "Interface",
                            "type=dpdkvhostuserclient", "link_state=up")
        return states.count("up")

    def busy(self):
        text = run("ovs-appctl", "-t", self.dir / "vs.ctl", "dpif-netdev/pmd-stats-show")
        found = re.search(r"avg processing cycles per packet: [\d.]+ \((\d+)/(\d+)\)", text)
        return (int(found[2]), int(found[1])) if found else (0, 0)  # not a frame yet

    def stop(self):
        """Its interfaces would outlive it."""
        if self.daemon and self.daemon.alive():
            run("ovs-appctl", "-t", self.dir / "vs.ctl", "exit", "--cleanup")
            self.daemon.wait_end()
        super().stop()
        while self.taps:
            tap = self.taps.pop()
            if tap.netns.has(tap.name):
                tap.netns.ip("link", "del", tap.name)
        if self.database:
            self.database.stop()
            self.database = None


class OvsAfxdp(Ovs):
    """The same, an uplink by AF_XDP: a queue that its PMD thread serves."""
    name, title = "ovs-afxdp", "OVS-DPDK afxdp"
    uplink_type = "afxdp"

    def add_uplink(self, name):
        super().add_uplink(name)
        wait_for("OVS opens its AF_XDP port", self.uplink_way)

    def uplink_way(self):
        found = re.search(r"xdp-mode-in-use=([\w-]+)",
                          run("ovs-appctl", "-t", self.dir / "vs.ctl", "dpif/show"))
        return f"AF_XDP, {found[1]}" if found else ""
