# SPDX-License-Identifier: BSD-3-Clause
"""The systems that are compared; base.py says what each of them is."""
from bench.systems.bare import Bare
from bench.systems.bridge import Bridge
from bench.systems.ovs import Ovs, OvsAfxdp
from bench.systems.testpmd import Testpmd
from bench.systems.vswitch import Vswitch

ALL = {system.name: system for system in (Vswitch, Ovs, OvsAfxdp, Testpmd, Bridge, Bare)}
