# SPDX-License-Identifier: BSD-3-Clause
"""The Linux bridge with veth pairs: what namespaces are usually connected with."""
from pathlib import Path

from bench.process import run
from bench.systems.base import System


class Bridge(System):
    name, title = "bridge", "Linux bridge"

    def start(self, wish):
        self.bridge = f"br{self.bench.tag}"
        run("ip", "link", "add", self.bridge, "type", "bridge", "mcast_snooping", "0")
        run("ip", "link", "set", self.bridge, "up")
        for tap in wish.taps:
            run("ip", "link", "set", self.add_veth(tap, wish.mtu), "master", self.bridge)

    def stop(self):
        run("ip", "link", "del", self.bridge)

    def cpu_ns(self):
        return 0

    def steer(self, on):
        """Receive packet steering: the work behind the sender's queue moves to the switch core."""
        mask = f"{1 << self.core:x}" if on else "0"
        for name in self.links:
            Path(f"/sys/class/net/{name}/queues/rx-0/rps_cpus").write_text(mask)
