# SPDX-License-Identifier: BSD-3-Clause
"""A VM and the world outside: over an uplink that is one end of a veth pair, to a namespace that has
the other."""
from bench.parts.base import Case
from bench.parts.kernel import VmTapFrames, VmTapTcp
from bench.systems.base import Tap, Wish

PEERS = ("vswitchd", "ovs", "ovs-afxdp")
WAYS = ("OVS-DPDK has its end of the pair as a system port, served by its main thread, and as an afxdp "
        "port, served by its PMD thread; vswitchd has it as a netdev port and chooses the way itself.")


class UplinkFrames(VmTapFrames):
    name, title = "uplink", "Small frames between VM and uplink"
    about = f"64 B between a VM and a namespace behind a veth, one way; frames that arrive. {WAYS}"
    systems = PEERS
    warms_up = True

    def all_cases(self):
        wish = Wish(vhost=1, uplinks=[Tap(self.netns, "eth0")])
        return [Case("VM to uplink", wish, {"sender": 0}), Case("uplink to VM", wish, {"sender": 1})]

    def measure(self, system, case):
        return {**super().measure(system, case), "way": system.uplink_way()}


class UplinkTcp(VmTapTcp):
    name, title = "uplinktcp", "Large TCP frames between VM and uplink"
    about = ("From the VM as to a namespace's TAP: 64 KB frames (TSO), OVS-DPDK is offered 1518 B. To "
             f"the VM 1518 B for all. {WAYS}")
    systems = PEERS
    warms_up = True

    def all_cases(self):
        wish = Wish(vhost=1, uplinks=[Tap(self.netns, "eth0")])
        return [Case("VM to uplink", wish), Case("uplink to VM", wish, {"size": 1518})]

    def measure(self, system, case):
        if not case.args:
            return {**super().measure(system, case), "way": system.uplink_way()}
        point = self.pktgen.run([system.vhost[0], "if:eth0"], netns=self.netns, senders=[1],
                                size=1518, seconds=self.bench.trial_seconds)
        return {"value": point["rx_bps"], "limit": point["limit"], "way": system.uplink_way()}
