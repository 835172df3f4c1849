# SPDX-License-Identifier: BSD-3-Clause
"""The systems that are compared; base.py says what each of them is."""
from bench.systems.bare import Bare, BareUplink
from bench.systems.bridge import Bridge
from bench.systems.ovs import Ovs, OvsAfxdp, OvsVeth
from bench.systems.testpmd import Testpmd
from bench.systems.vswitch import Vswitch

ALL = {system.name: system for system in (
    Vswitch, Ovs, OvsAfxdp, OvsVeth, Testpmd, Bridge, Bare, BareUplink)}
