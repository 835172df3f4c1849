# SPDX-License-Identifier: BSD-3-Clause
"""Namespaces: TCP and small frames between kernel interfaces, and between a VM and one."""
import time

from bench import iperf
from bench.netns import Netns
from bench.parts.base import Case, Part
from bench.systems.base import Tap, Wish


class TapTcp(Part):
    name, title, unit = "taptcp", "TCP between namespaces", "bps"
    about = ("iperf3, one connection, both ends on the generator's core. The Linux bridge has no "
             "process: its work is done by whoever sends, or, with receive packet steering, by the "
             "switch core.")
    systems = ("vswitchd", "ovs", "bridge")
    quick_rounds = 1

    ends = ()

    def prepare(self, stack):
        self.ends = [stack.enter_context(Netns(name)) for name in "ab"]

    def all_cases(self):
        taps = [Tap(end, "eth0") for end in self.ends]
        return [Case("TAP to TAP", Wish(taps=taps), {"steer": False}, quick=True),
                Case("the same, steered", Wish(taps=taps), {"steer": True}, quick=True)]

    def takes(self, system, case):
        return system.name == "bridge" or not case.args["steer"]

    def measure(self, system, case):
        if system.name == "bridge":
            system.steer(case.args["steer"])
        for i, end in enumerate(self.ends):
            end.ip("address", "replace", f"10.0.0.{i + 1}/24", "dev", "eth0")
        server, client = self.ends
        return {"value": iperf.tcp_bps(self.bench, server, client, "10.0.0.1",
                                       2 * self.bench.trial_seconds)}


class TapFrames(Part):
    name, title = "tap64", "Small frames between namespaces"
    about = ("64 B, one way, as fast as the generator's core can; frames that arrive at the "
             "receiving interface, as its kernel counts them.")
    systems = ("vswitchd", "ovs", "bridge")

    netns = None

    def prepare(self, stack):
        self.netns = stack.enter_context(Netns("ab"))

    def all_cases(self):
        return [Case("TAP to TAP", Wish(taps=[Tap(self.netns, "eth0"), Tap(self.netns, "eth1")]))]

    def measure(self, system, case):
        before = self.netns.counter("eth1", "rx_packets"), time.monotonic()
        self.pktgen.run(["if:eth0", "if:eth1"], netns=self.netns, one_way=True, size=64,
                        seconds=self.bench.trial_seconds)
        after = self.netns.counter("eth1", "rx_packets"), time.monotonic()
        return {"value": (after[0] - before[0]) / (after[1] - before[1])}


class VmTap(Part):
    name, title = "vmtap", "VM and namespace"
    about = ("64 B and large TCP frames (TSO, 64 KB, counted as payload of 1460 B segments) between "
             "a VM and a kernel interface, one way.")
    systems = ("vswitchd", "ovs")

    netns = None

    def prepare(self, stack):
        self.netns = stack.enter_context(Netns("c"))

    def all_cases(self):
        wish = Wish(vhost=1, taps=[Tap(self.netns, "eth0")])
        return [Case("64 B, VM to TAP", wish, {"to": "tap"}),
                Case("64 B, TAP to VM", wish, {"to": "vm"})]

    def measure(self, system, case):
        ports = [system.vhost[0], "if:eth0"]
        if case.args["to"] == "vm":
            ports.reverse()
        point = self.pktgen.run(ports, netns=self.netns, one_way=True, size=64,
                                seconds=self.bench.trial_seconds)
        return {"value": point["rx_pps"], "limit": point["limit"]}
