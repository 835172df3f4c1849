# SPDX-License-Identifier: BSD-3-Clause
"""No system at all: for what a part measures by itself."""
from bench.systems.base import System


class Bare(System):
    name, title = "bare", "vswitchd's worker"

    def start(self, wish):
        pass
