# SPDX-License-Identifier: BSD-3-Clause
"""Namespaces: TCP and small frames between kernel interfaces, and between a VM and one."""
from bench import iperf
from bench.netns import STATION, Netns
from bench.parts.base import Case, Part
from bench.systems.base import Tap, Wish


class TapTcp(Part):
    name, title, unit = "taptcp", "TCP between namespaces", "bps"
    about = ("iperf3, one connection, both ends on the generator's core. The Linux bridge has no "
             "process: its work is done by whoever sends, or, with receive packet steering, by the "
             "switch core. OVS-DPDK has TAPs of its own; OVS-DPDK veth has veth pairs as system "
             "ports, whose far ends are without offloads, since it does not complete checksums.")
    systems = ("vswitchd", "ovs", "ovs-veth", "bridge")
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


COUNTED = ("Frames to a namespace go to a station behind it, whose kernel counts and drops them: a "
           "packet socket that takes them would cost the core that sends a third of its time.")


def send_to_station(part, ports, interface, netns=None):
    """64 B from the first port to the station behind an interface of the part's namespace."""
    part.netns.say_hello(interface)
    before = part.netns.counter(interface, "rx_packets")
    point = part.pktgen.run(ports, netns=netns, senders=[0], size=64, dmac=STATION,
                            seconds=part.bench.trial_seconds)
    received = part.netns.counter(interface, "rx_packets") - before
    return {"value": received / part.bench.trial_seconds, "tx_pps": point["tx_pps"],
            "limit": point["limit"]}


class TapFrames(Part):
    name, title = "tap64", "Small frames between namespaces"
    about = f"64 B, one way, as fast as the generator's core can; frames that arrive. {COUNTED}"
    systems = ("vswitchd", "ovs", "bridge")

    netns = None

    def prepare(self, stack):
        self.netns = stack.enter_context(Netns("ab"))

    def all_cases(self):
        return [Case("TAP to TAP", Wish(taps=[Tap(self.netns, "eth0"), Tap(self.netns, "eth1")]))]

    def measure(self, system, case):
        return send_to_station(self, ["if:eth0"], "eth1", self.netns)


class VmTapFrames(Part):
    name, title = "vmtap64", "Small frames between VM and namespace"
    about = f"64 B between a VM and a kernel interface, one way; frames that arrive. {COUNTED}"
    systems = ("vswitchd", "ovs")

    netns = None

    def prepare(self, stack):
        self.netns = stack.enter_context(Netns("c"))

    def all_cases(self):
        wish = Wish(vhost=1, taps=[Tap(self.netns, "eth0")])
        return [Case("VM to TAP", wish, {"sender": 0}), Case("TAP to VM", wish, {"sender": 1})]

    def measure(self, system, case):
        if case.args["sender"] == 0:
            return send_to_station(self, system.vhost, "eth0")
        point = self.pktgen.run([system.vhost[0], "if:eth0"], netns=self.netns, size=64, senders=[1],
                                seconds=self.bench.trial_seconds)
        return {"value": point["rx_pps"], "tx_pps": point["tx_pps"], "limit": point["limit"]}


class VmTapTcp(Part):
    name, title, unit = "vmtaptcp", "Large TCP frames from a VM to a namespace", "bps"
    about = ("TCP payload of 64 KB frames (TSO) that a VM sends to a kernel interface, as its kernel "
             "counts them. OVS-DPDK is offered 1518 B.")
    systems = ("vswitchd", "ovs")
    netns = None

    def prepare(self, stack):
        self.netns = stack.enter_context(Netns("d"))

    def all_cases(self):
        return [Case("VM to TAP", Wish(vhost=1, taps=[Tap(self.netns, "eth0")]))]

    def measure(self, system, case):
        traffic = {"size": 1518} if system.name.startswith("ovs") else {"tso_payload": 64240}
        before = self.netns.counter("eth0", "rx_bytes")
        point = self.pktgen.run(system.vhost, seconds=self.bench.trial_seconds,
                                dmac=self.netns.mac("eth0"), **traffic)
        received = self.netns.counter("eth0", "rx_bytes") - before
        return {"value": 8 * received / self.bench.trial_seconds, "limit": point["limit"]}
