# SPDX-License-Identifier: BSD-3-Clause
"""The parts of the benchmark, in the order in which they run and are reported."""
from bench.parts.delay import Idle, Latency, Rtt
from bench.parts.drain import Drain
from bench.parts.kernel import TapFrames, TapTcp, VmTapFrames, VmTapTcp
from bench.parts.rates import Features, Flows, Loop, Macs, Ports, Rings, Sizes, Tso
from bench.parts.uplink import UplinkFrames, UplinkTcp

ALL = {part.name: part for part in (
    Sizes, Rings, Loop, Tso, Flows, Macs, Ports, Features, TapTcp, VmTapTcp, TapFrames, VmTapFrames,
    UplinkTcp, UplinkFrames, Latency, Rtt, Idle, Drain)}
