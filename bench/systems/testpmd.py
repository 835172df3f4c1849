# SPDX-License-Identifier: BSD-3-Clause
"""DPDK testpmd with net_vhost, io forwarding: no switching at all, port 0 to port 1 and back."""
import re

from bench.process import Program, wait_for
from bench.systems.base import System, VhostPort


class Testpmd(System):
    name, title = "testpmd", "testpmd io"

    def start(self, wish):
        paths = [self.dir / f"vm{i}.sock" for i in range(wish.vhost)]
        devices = [f"--vdev=net_vhost{i},iface={path},tso=1" for i, path in enumerate(paths)]
        memory = ["--in-memory", "--single-file-segments"] if self.bench.huge_bytes \
            else ["--no-huge", "--no-shconf"]
        jumbo = ["--max-pkt-len=9018", "--mbuf-size=9216"] if wish.mtu > 1500 else []
        self.daemon = Program(
            self.name, ["stdbuf", "-oL", "dpdk-testpmd", *memory, "-m", "512", "--no-pci",
                        "--no-telemetry", "--file-prefix", self.dir.name,
                        "--lcores", f"0@{self.core},1@{self.core}", *devices, "--",
                        "-i", "--forward-mode=io", "--record-core-cycles", "--no-mlockall",
                        "--total-num-mbufs=32768", "--txd=1024", "--rxd=1024", *jumbo], self.core, self.dir / "log", stdin=True)
        self.daemon.wait_said("testpmd>")
        wait_for("sockets of testpmd", lambda: all(path.exists() for path in paths))
        self.daemon.say("start")
        self.daemon.wait_said("packets/burst")
        self.vhost = [VhostPort(path, guest_listens=False) for path in paths]

    def connected(self):
        return self.daemon.text().count("virtio is now ready for processing")

    def busy(self):
        """It tells its cycles only when it stops, of the time since its start; so it is stopped for
        a moment, and all that it has told is added up."""
        stops = self.daemon.text().count("Accumulated forward statistics")
        self.daemon.say("stop")
        self.daemon.say("start")
        wait_for("testpmd has stopped",
                 lambda: self.daemon.text().count("packets/burst") > stops + 1)
        found = re.findall(r"total cycles=(\d+) / total io packets=(\d+)", self.daemon.text())
        return sum(int(packets) for _, packets in found), sum(int(cycles) for cycles, _ in found)
