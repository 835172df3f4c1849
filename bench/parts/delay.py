# SPDX-License-Identifier: BSD-3-Clause
"""How long a frame takes: under load, and when nothing else happens."""
import time

from bench.parts.base import Case, Part
from bench.process import wait_for
from bench.systems.base import Wish


class Latency(Part):
    name, title, unit = "latency", "Latency under load", "ns"
    about = ("64 B one way at half of OVS-DPDK's partial drop rate (0.1 % loss), the same rate for "
             "all, from the scheduled time of sending.")
    warms_up = is_paired = True
    rate_pps = None

    def prepare(self, stack):
        ovs = self.bench.system("ovs")
        with ovs.running(Wish(vhost=2)):
            self.rate_pps = self.pktgen.pdr(ovs.vhost, size=64, senders=[0])["rx_pps"] / 2

    def all_cases(self):
        return [Case(text, Wish(vhost=2), {"key": key}) for text, key in
                (("p50", "p50_ns"), ("p99", "p99_ns"), ("p99.9", "p99_9_ns"))]

    def measure(self, system, case):
        point = self.pktgen.latency(system.vhost, size=64, senders=[0], rate_pps=self.rate_pps,
                                    seconds=self.bench.trial_seconds)
        return {"value": point["latency"][case.args["key"]], "rate_pps": self.rate_pps}


class Rtt(Part):
    name, title, unit = "rtt", "Round trip of a single frame", "ns"
    about = ("One 64 B frame there and one back, the next when it has arrived. Idle: a pause of 1 ms "
             "before each, so a switch that sleeps is asleep. Busy: a pause of 1 µs. Beside it, how long "
             "the host takes to wake a thread by an eventfd with no switch at all.")
    is_paired = True
    quick_rounds = 1

    def all_cases(self):
        return [Case("idle", Wish(vhost=2), {"gap_us": 1000}, quick=True),
                Case("busy", Wish(vhost=2), {"gap_us": 1}, quick=True)]

    def measure(self, system, case):
        point = self.pktgen.ping_pong(system.vhost, seconds=self.bench.trial_seconds, **case.args)
        return {"value": point["latency"]["p50_ns"], "p99_ns": point["latency"]["p99_ns"],
                "wake_ns": point["wake"] and point["wake"]["p50_ns"]}


class Idle(Part):
    name, title, unit = "idle", "CPU without traffic", "percent"
    about = "Part of one core that the process uses while this many VMs are connected and silent."
    rounds, quick_rounds = 3, 1

    def all_cases(self):
        return [Case(f"{ports} ports", Wish(vhost=ports), {"ports": ports}, quick=True)
                for ports in (2, 64)]

    def takes(self, system, case):
        """testpmd has two ports; OVS takes a while to find 64 guests."""
        most = {"testpmd": 2, "ovs": 2 if self.bench.quick else 64}
        return case.args["ports"] <= most.get(system.name, 64)

    def measure(self, system, case):
        with self.pktgen.connected(system.vhost):
            wait_for("all guests are connected",
                     lambda: system.connected() == case.args["ports"], 30)
            return {"value": self.cpu_percent(system, 4 * self.bench.trial_seconds)}

    @staticmethod
    def cpu_percent(system, seconds):
        cpu, start = system.cpu_ns(), time.monotonic_ns()
        time.sleep(seconds)
        return 100 * (system.cpu_ns() - cpu) / (time.monotonic_ns() - start)
