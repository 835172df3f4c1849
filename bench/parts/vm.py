# SPDX-License-Identifier: BSD-3-Clause
"""Frames between VM ports as fast as they go: what the parts about rates share."""


def cycles_between(before, after):
    """Cycles per frame of the busy bursts between two readings of System.busy()."""
    if not before or not after or after[0] <= before[0]:
        return None
    return (after[1] - before[1]) / (after[0] - before[0])


def blast(bench, system, ports, warm_up=None, goes_round=False, **traffic):
    """Both directions at the highest rate; frames received a second, of all ports."""
    generate = bench.pktgen.loop if goes_round else bench.pktgen.run
    if warm_up:
        generate(ports, seconds=warm_up, **traffic)
    before = system.busy()
    point = generate(ports, seconds=bench.trial_seconds, **traffic)
    cycles = cycles_between(before, system.busy())
    return {"value": point["rx_pps"], "tx_pps": point["tx_pps"], "bps": point["rx_bps"],
            "cycles": cycles, "limit": point["limit"], "lost": point.get("loop_lost", 0)}
