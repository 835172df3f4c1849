# SPDX-License-Identifier: BSD-3-Clause
"""The Linux bridge with veth pairs: what namespaces are usually connected with."""
from pathlib import Path

from bench.process import run
from bench.systems.base import System


class Bridge(System):
    name, title = "bridge", "Linux bridge"

    def start(self, wish):
        self.bridge, self.links = f"br{self.bench.tag}", []
        run("ip", "link", "add", self.bridge, "type", "bridge", "mcast_snooping", "0")
        run("ip", "link", "set", self.bridge, "up")
        for i, tap in enumerate(wish.taps):
            name = f"v{self.bench.tag}{i}"
            run("ip", "link", "add", name, "mtu", wish.mtu, "type", "veth", "peer", "name",
                tap.name, "netns", tap.netns.name, "mtu", wish.mtu)
            self.links.append(name)
            run("ip", "link", "set", name, "master", self.bridge, "up")
            tap.netns.ip("link", "set", tap.name, "up")

    def stop(self):
        for name in [*self.links, self.bridge]:
            run("ip", "link", "del", name)

    def cpu_ns(self):
        return 0

    def steer(self, on):
        """Receive packet steering: the work behind the sender's queue moves to the switch core."""
        mask = f"{1 << self.core:x}" if on else "0"
        for name in self.links:
            Path(f"/sys/class/net/{name}/queues/rx-0/rps_cpus").write_text(mask)
