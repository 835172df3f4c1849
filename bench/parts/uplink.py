# SPDX-License-Identifier: BSD-3-Clause
"""A VM and the world outside: over an uplink that is one end of a veth pair, to a namespace that has
the other."""
from bench import host
from bench.parts.base import Case
from bench.parts.kernel import VmTapFrames, VmTapTcp
from bench.systems.base import Tap, Wish

PEERS = ("vswitchd", "ovs", "ovs-afxdp")
ABOUT = ("The uplink is one end of a veth pair, the namespace has the other. OVS-DPDK has it as a system "
         "port, served by its main thread, and as an afxdp port, served by its PMD thread; vswitchd has "
         "a netdev port, which chooses the way itself. Steered: what the namespace receives is the work "
         "of the generator's core (receive packet steering), not of the core that sends it.")


class Uplink:
    """What both parts share: mixed into one that has a TAP instead."""
    systems = PEERS
    warms_up = True

    def all_cases(self):
        wish = Wish(vhost=1, uplinks=[Tap(self.netns, "eth0")])
        return [Case("VM to uplink", wish, {"sender": 0, "core": None}),
                Case("the same, steered", wish, {"sender": 0, "core": host.GENERATOR_CORE}),
                Case("uplink to VM", wish, {"sender": 1, "core": None})]

    def measure(self, system, case):
        self.netns.steer("eth0", case.args["core"])
        return {**super().measure(system, case), "way": system.uplink_way()}


class UplinkFrames(Uplink, VmTapFrames):
    name, title = "uplink", "Small frames between VM and uplink"
    about = f"64 B, one way; frames that arrive. {ABOUT}"


class FromEither(VmTapTcp):
    """Towards the VM there are frames that fit the MTU, whoever switches them."""

    def measure(self, system, case):
        if case.args["sender"] == 0:
            return super().measure(system, case)
        point = self.pktgen.run([system.vhost[0], "if:eth0"], netns=self.netns, senders=[1],
                                size=1518, seconds=self.bench.trial_seconds)
        return {"value": point["rx_bps"], "limit": point["limit"]}


class UplinkTcp(Uplink, FromEither):
    name, title = "uplinktcp", "Large frames between VM and uplink"
    about = ("From the VM TCP in frames of 64 KB (TSO), as the namespace's kernel counts it; OVS-DPDK is "
             f"offered 1518 B. To the VM 1518 B for all. {ABOUT}")
