# SPDX-License-Identifier: BSD-3-Clause
"""No system at all: for what a part measures by itself."""
import contextlib

from bench.host import Refused
from bench.process import Program
from bench.systems.base import System


class Bare(System):
    name, title = "bare", "vswitchd's worker"

    def start(self, wish):
        pass


class BareUplink(System):
    """A program on the switch core that opens the uplink as vswitchd does, and only sends or only
    takes frames: what the kernel leaves for any switch to reach."""
    name, title = "bare-uplink", "bare AF_XDP"

    def start(self, wish):
        for tap in wish.uplinks:
            self.add_veth(tap, wish.mtu)

    @contextlib.contextmanager
    def moving(self, *words):
        """It runs for the block, which must take longer than it takes itself; then its frames are
        in `frames`."""
        log = self.dir / "bound.log"
        log.unlink(missing_ok=True)
        bound = Program("uplink_bound", [self.bench.build / "tests/tools/uplink_bound",
                                         self.links[0], *words], self.core, log)
        try:
            bound.wait_said("ready")
            yield
            if not bound.wait_end():
                raise Refused("uplink_bound does not end")
            self.frames = int(bound.text().split()[-1])
        finally:
            bound.stop()

    def uplink_way(self, large=False):
        return "AF_XDP"
