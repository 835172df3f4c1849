# SPDX-License-Identifier: BSD-3-Clause
"""Network namespaces, the end points of kernel traffic."""
import os

from bench.process import run

# Not the address of any interface, so that a kernel counts its frames and drops them.
STATION = "02:57:a7:10:00:01"


class Netns:
    """A namespace that is gone at the end of the block."""

    def __init__(self, name):
        self.name = f"vswb{os.getpid()}-{name}"

    def __enter__(self):
        run("ip", "netns", "add", self.name)
        self.ip("link", "set", "lo", "up")
        # Router and listener chatter of IPv6 would add frames that nobody asked for.
        self.run("sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1")
        return self

    def __exit__(self, *_):
        run("ip", "netns", "del", self.name)

    def ip(self, *words):
        return run("ip", "-n", self.name, *words)

    def run(self, *words, seconds=30):
        return run("ip", "netns", "exec", self.name, *words, seconds=seconds)

    def has(self, interface):
        return f" {interface}: " in self.ip("-o", "link", "show")

    def mac(self, interface):
        return self.run("cat", f"/sys/class/net/{interface}/address").strip()

    def say_hello(self, interface):
        """A broadcast from the station behind the interface, so that a switch learns its address."""
        frame = "ffffffffffff" + STATION.replace(":", "") + "88b5" + 46 * "00"
        self.run("python3", "-c", "import socket, sys\n"
                 "out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)\n"
                 "out.bind((sys.argv[1], 0))\n"
                 "out.send(bytes.fromhex(sys.argv[2]))", interface, frame)

    def counter(self, interface, name):
        return int(self.run("cat", f"/sys/class/net/{interface}/statistics/{name}"))

    def steer(self, interface, core):
        """Receive packet steering: what comes to the interface is this core's work; None: the
        sender's."""
        mask = 0 if core is None else 1 << core
        self.run("sh", "-c", f"echo {mask:x} > /sys/class/net/{interface}/queues/rx-0/rps_cpus")
