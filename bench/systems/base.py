# SPDX-License-Identifier: BSD-3-Clause
"""What every system is: started with the ports that are wished for, and stopped."""
import contextlib
import shutil
import signal
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from bench import host
from bench.process import run


@dataclass
class Tap:
    """A kernel interface that is wished for: where, and its name there."""
    netns: object
    name: str


@dataclass
class Wish:
    """What a measurement asks of a system."""
    vhost: int = 0                            # VM ports
    taps: list = field(default_factory=list)  # of Tap
    uplinks: list = field(default_factory=list)  # of Tap: the far ends of veth pairs
    mtu: int = 1500
    macs: int = 2                             # addresses that it must be able to learn
    features: bool = False                    # vswitchd: a tag on one side, limits everywhere


@dataclass
class VhostPort:
    """The socket of a VM port. One side listens, the other connects."""
    path: Path
    guest_listens: bool


class System:
    """Subclasses give name, title, start(wish) and stop(), and fill self.vhost."""
    name = title = ""

    def __init__(self, bench):
        self.bench = bench
        self.core = host.SWITCH_CORE
        self.vhost = []
        self.links = []
        self.daemon = None
        self.dir = None

    @contextlib.contextmanager
    def running(self, wish):
        """Started for the block; what it has said is lost with its folder, unless it failed."""
        self.dir = Path(tempfile.mkdtemp(prefix=f"vswb-{self.name}-"))
        self.vhost, self.links, self.daemon = [], [], None
        with contextlib.ExitStack() as stack:
            stack.callback(shutil.rmtree, self.dir, ignore_errors=True)
            stack.callback(self.del_veths)
            stack.callback(self.stop)
            stack.callback(self.resume)
            self.start(wish)
            yield self

    def start(self, wish):
        raise NotImplementedError

    def stop(self):
        if self.daemon:
            self.daemon.stop()

    def processes(self):
        return [self.daemon] if self.daemon else []

    def pause(self):
        """Stands still: takes no time from the one that is measured."""
        for program in self.processes():
            program.signal(signal.SIGSTOP)

    def resume(self):
        for program in self.processes():
            program.signal(signal.SIGCONT)

    def add_veth(self, tap, mtu):
        """A pair with its far end as wished for; the name of the near one. Gone after stop()."""
        name = f"v{self.bench.tag}{len(self.links)}"
        run("ip", "link", "add", name, "mtu", mtu, "type", "veth", "peer", "name", tap.name,
            "netns", tap.netns.name, "mtu", mtu)
        self.links.append(name)
        run("ip", "link", "set", name, "up")
        tap.netns.ip("link", "set", tap.name, "up")
        return name

    def del_veths(self):
        for name in self.links:
            run("ip", "link", "del", name)

    def connected(self):
        """How many VM ports have a guest."""
        raise NotImplementedError

    def learned(self):
        """How many addresses it knows; None: it cannot tell."""
        return None

    def busy(self):
        """(frames, cycles) of busy bursts so far; None: it does not count them."""
        return None

    def uplink_way(self):
        """How frames get from its uplink to it, in a word or two."""
        raise NotImplementedError

    def cpu_ns(self):
        return self.daemon.cpu_ns()
