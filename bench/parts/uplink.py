# SPDX-License-Identifier: BSD-3-Clause
"""A VM and the world outside: over an uplink that is one end of a veth pair, to a namespace that has
the other."""
from bench import host
from bench.parts.base import Case
from bench.netns import STATION
from bench.parts.kernel import COUNTED, VmTapFrames, VmTapTcp
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


class UplinkFrames(Uplink, VmTapFrames):
    name, title = "uplink", "Small frames between VM and uplink"
    systems = (*PEERS, "bare-uplink")
    about = (f"64 B, one way; frames that arrive. {COUNTED} Bare AF_XDP is no switch: a program on "
             "the switch core that sends on the uplink, or takes what comes, by vswitchd's own way "
             "and does nothing else; the distance to it is all that a switch could still gain. "
             f"{ABOUT}")

    def measure(self, system, case):
        self.netns.steer("eth0", case.args["core"])
        outward = case.args["sender"] == 0
        if system.name == "bare-uplink":
            found = self.send_bare(system) if outward else self.take_bare(system)
        else:
            found = super().measure(system, case)
        return {**found, "way": system.uplink_way()}

    def send_bare(self, system):
        before = self.netns.counter("eth0", "rx_packets")
        with system.moving("tx", self.bench.trial_seconds, STATION):
            pass
        received = self.netns.counter("eth0", "rx_packets") - before
        return {"value": received / self.bench.trial_seconds, "limit": None}

    def take_bare(self, system):
        with system.moving("rx", self.bench.trial_seconds + 2):
            point = self.pktgen.run(["if:eth0"], netns=self.netns, senders=[0], size=64,
                                    seconds=self.bench.trial_seconds)
        return {"value": system.frames / self.bench.trial_seconds, "tx_pps": point["tx_pps"],
                "limit": point["limit"]}


class UplinkTcp(Uplink, VmTapTcp):
    name, title = "uplinktcp", "Large frames between VM and uplink"
    about = ("From the VM TCP in frames of 64 KB (TSO), as the namespace's kernel counts it; OVS-DPDK is "
             f"offered 1518 B. To the VM 1518 B, the MTU of the uplink, for all. {ABOUT}")

    def measure(self, system, case):
        self.netns.steer("eth0", case.args["core"])
        outward = case.args["sender"] == 0
        found = super().measure(system, case) if outward else self.measure_inward(system)
        return {**found, "way": system.uplink_way(large=outward)}

    def measure_inward(self, system):
        point = self.pktgen.run([system.vhost[0], "if:eth0"], netns=self.netns, senders=[1],
                                size=1518, seconds=self.bench.trial_seconds)
        return {"value": point["rx_bps"], "limit": point["limit"]}
