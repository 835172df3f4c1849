# SPDX-License-Identifier: BSD-3-Clause
"""The figures that the switch has to reach, and whether it does."""
from dataclasses import dataclass

from bench.figures import median, ratio, text

OURS = "vswitchd"


@dataclass
class Verdict:
    """One line of the table. reached is None when it was not measured."""
    what: str
    wanted: str
    value: str = "not measured"
    reached: bool | None = None


def samples(record, part, case, system=OURS):
    return record["parts"].get(part, {}).get("cases", {}).get(case, {}).get(system)


def times(what, part, case, factor, peer, peer_case=None, key="value", most=False):
    """Our figure as a multiple of a peer's, per round: at least (or at most) the factor."""
    def judge(record):
        wanted = f"{'at most' if most else 'at least'} {factor:g} × {peer_title(peer)}"
        found = ratio(samples(record, part, case), samples(record, part, peer_case or case, peer),
                      key)
        if not found:
            return Verdict(what, wanted)
        middle, low, high = found
        return Verdict(what, wanted, f"{middle:.2f} × ({low:.2f} to {high:.2f})",
                       middle <= factor if most else middle >= factor)
    return judge


def times_best(what, part, case, factor, peer):
    """The same against the peer's best case of the part."""
    def judge(record):
        cases = record["parts"].get(part, {}).get("cases", {})
        best = max(cases, key=lambda key: median(cases[key].get(peer)) or 0, default=case)
        verdict = times(what, part, case, factor, peer, best)(record)
        verdict.wanted += " at its best"
        return verdict
    return judge


def more_cycles(what, part, base, case, most):
    """What a case costs more than another, in cycles per frame."""
    def judge(record):
        few, many = (median(samples(record, part, key), "cycles") for key in (base, case))
        verdict = Verdict(what, f"at most {most} cycles per frame more")
        if few is not None and many is not None:
            verdict.value, verdict.reached = f"{many - few:+.0f} ({few:.0f} to {many:.0f})", \
                many - few <= most
        return verdict
    return judge


def loses(what, part, base, case, percent):
    def judge(record):
        verdict = Verdict(what, f"loses at most {percent} %")
        lost = {}
        for system in (OURS, "ovs"):
            found = ratio(samples(record, part, case, system), samples(record, part, base, system))
            if found:
                lost[system] = 100 * (1 - found[0])
        if OURS in lost:
            beside = f" (OVS-DPDK {lost['ovs']:.1f} %)" if "ovs" in lost else ""
            verdict.value, verdict.reached = f"{lost[OURS]:.1f} %{beside}", lost[OURS] <= percent
        return verdict
    return judge


def at_most(what, part, case, limit, unit, system=OURS, stretch=None):
    def judge(record):
        wanted = f"at most {text(limit, unit)}" + (f", {stretch} as the stretch" if stretch else "")
        value = median(samples(record, part, case, system))
        if value is None:
            return Verdict(what, wanted)
        return Verdict(what, wanted, text(value, unit), value <= limit)
    return judge


def idle_rtt(record):
    """A spinning OVS needs no waking; we may add 2.2 times what the host needs to wake a thread."""
    verdict = Verdict("round trip, idle", "at most OVS-DPDK + 2.2 × bare wake time")
    ours, theirs = (median(samples(record, "rtt", "idle", name)) for name in (OURS, "ovs"))
    wake = median(samples(record, "rtt", "idle"), "wake_ns")
    if None not in (ours, theirs, wake):
        limit = theirs + 2.2 * wake
        verdict.value = (f"{text(ours, 'ns')}; allowed {text(limit, 'ns')} "
                         f"(OVS {text(theirs, 'ns')}, wake {text(wake, 'ns')})")
        verdict.reached = ours <= limit
    return verdict


def peer_title(name):
    return {"ovs": "OVS-DPDK", "ovs-afxdp": "OVS-DPDK afxdp", "ovs-veth": "OVS-DPDK veth",
            "testpmd": "testpmd io", "bridge": "Linux bridge"}[name]


TARGETS = (
    times("64 B VM-VM", "sizes", "64 B", 2.2, "ovs"),
    times("64 B VM-VM", "sizes", "64 B", 1.1, "testpmd"),
    times("64 B VM-VM, guests that forward", "loop", "64 B", 2.2, "ovs"),
    times("64 B VM-VM, guests that forward", "loop", "64 B", 1.1, "testpmd"),
    times("1518 B VM-VM", "sizes", "1518 B", 2.5, "ovs"),
    times("1518 B VM-VM", "sizes", "1518 B", 1.3, "testpmd"),
    times("1518 B VM-VM, rings of 256", "rings", "1518 B", 2.5, "ovs"),
    times_best("TSO 64 KB VM-VM, payload", "tso", "64 KB", 1.5, "testpmd"),
    times("TSO 64 KB VM-VM, payload", "tso", "64 KB", 8, "ovs", "1518 B"),
    times_best("TAP-TAP TCP", "taptcp", "TAP to TAP", 0.8, "bridge"),
    times("TAP-TAP TCP", "taptcp", "TAP to TAP", 12, "ovs"),
    times("TAP-TAP TCP", "taptcp", "TAP to TAP", 12, "ovs-veth"),
    times("TAP-TAP 64 B", "tap64", "TAP to TAP", 2, "ovs"),
    times("64 B VM to uplink", "uplink", "VM to uplink", 1.5, "ovs-afxdp"),
    times("64 B VM to uplink", "uplink", "VM to uplink", 1.5, "ovs"),
    times("64 B uplink to VM", "uplink", "uplink to VM", 1.5, "ovs-afxdp"),
    times("64 B uplink to VM", "uplink", "uplink to VM", 1.5, "ovs"),
    times("TCP VM to uplink", "uplinktcp", "VM to uplink", 3, "ovs-afxdp"),
    times("TCP VM to uplink", "uplinktcp", "VM to uplink", 3, "ovs"),
    loses("1 to 1M flows, 64 B", "flows", "1 flows", "1M flows", 5),
    loses("2 to 1M flows, 64 B", "flows", "2 flows", "1M flows", 5),
    more_cycles("2 to 64k MACs, 64 B", "macs", "2 MACs", "64k MACs", 20),
    more_cycles("VLAN, tenant, limits on against off", "features", "all off", "all on", 30),
    at_most("idle CPU, 64 connected ports", "idle", "64 ports", 1, "percent"),
    idle_rtt,
    times("round trip inside the spin window", "rtt", "busy", 1.2, "ovs", most=True),
    times("latency p99 at half of OVS-DPDK's PDR", "latency", "p99", 1, "ovs", most=True),
    at_most("ring drain, 64 B", "drain", "64 B", 90, "cycles", "bare", stretch=60),
)


def verdicts(record):
    return [judge(record) for judge in TARGETS]
