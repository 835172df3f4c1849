# SPDX-License-Identifier: BSD-3-Clause
"""Our own switch: one worker on the switch core, one tenant, one network with a VLAN."""
import json

from bench.process import Program, run, wait_for
from bench.systems.base import System, VhostPort

# Far above what one core moves, so they are checked on every frame and never reached.
NETWORK_LIMITS = ["limit_bps=900G", "limit_pps=900M"]
LIMITS = ["limit_in_bps=900G", "limit_out_bps=900G", "limit_in_pps=900M", "limit_out_pps=900M"]
FLOODS = ["flood_broadcast_pps=900M", "flood_multicast_pps=900M", "flood_unknown_pps=900M"]
VLAN = 10


class Vswitch(System):
    name, title = "vswitchd", "vswitchd"

    def start(self, wish):
        self.daemon = Program(
            self.name, [self.bench.build / "vswitchd", "--socket", self.dir / "ctl",
                        "--run-dir", self.dir, "--state-dir", self.dir, "--no-save",
                        "--workers", f"{self.core}-{self.core}"], self.core, self.dir / "log")
        wait_for("vswitchd answers", self.answers)
        self.ctl("settings", "set", f"fdb_max={max(65536, 2 * wish.macs)}")
        self.ctl("tenant", "add", "bench", *(LIMITS if wish.features else []))
        self.ctl("network", "add", "bench/net", f"vlan={VLAN}",
                 *(NETWORK_LIMITS if wish.features else []))
        for i in range(wish.vhost):
            self.add_vhost(i, wish)
        for i, tap in enumerate(wish.taps):
            self.ctl("port", "add", f"tap{i}", "type=tap", f"ifname={tap.name}",
                     f"netns={tap.netns.name}", *self.options(i, wish))

        for i, tap in enumerate(wish.uplinks):
            self.ctl("port", "add", f"up{i}", "type=netdev", f"iface={self.add_veth(tap, wish.mtu)}",
                     "mode=uplink", "map=untagged:bench/net", f"mtu={wish.mtu}")

    def add_vhost(self, i, wish):
        path = self.dir / f"vm{i}.sock"
        self.ctl("port", "add", f"vm{i}", "type=vhost-user", f"path={path}",
                 *self.options(i, wish))
        self.vhost.append(VhostPort(path, guest_listens=False))

    def uplink_way(self, large=False):
        features = self.rows("port", "show", "up0")["features"]
        if large and "by AF_PACKET" in features:
            return "AF_PACKET"
        return features.split(" (")[0]

    def options(self, i, wish):
        options = ["tenant=bench", "networks=net", f"mtu={wish.mtu}", f"max_fdb={wish.macs + 64}"]
        if wish.features:
            options += LIMITS + FLOODS + (["mode=trunk"] if i % 2 else [])
        return options

    def stop(self):
        """TAPs outlive the daemon unless their ports are deleted."""
        if self.daemon and self.daemon.alive():
            for row in self.rows("port", "list"):
                if row["type"] == "tap":
                    self.ctl("port", "del", row["name"])
        super().stop()

    def answers(self):
        self.daemon.check()
        return (self.dir / "ctl").exists() and self.rows("worker", "list")

    def ctl(self, *words):
        return run(self.bench.build / "vswitchctl", "-s", self.dir / "ctl", *words)

    def rows(self, *words):
        return json.loads(self.ctl("-j", *words))

    def connected(self):
        return self.rows("daemon", "show")["ports_ready"]

    def learned(self):
        return self.rows("daemon", "show")["fdb_entries"]

    def busy(self):
        """Frames and cycles of bursts that had frames, as the worker itself counts them."""
        row = self.rows("worker", "list")[0]
        return row["pkts"], row["busy_cycles"]
