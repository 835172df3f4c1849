# SPDX-License-Identifier: BSD-3-Clause
"""One part, round by round: every system in turn, the order reversed each round."""
import contextlib
import itertools
import time

from bench import screen
from bench.host import Refused, StealClock

STEAL_REPEATS = 3
STEAL_RATIO = 0.01  # of the CPU time of both cores; less does not show in a figure


def sessions(cases):
    """Cases that wish for the same set-up share one start of a system."""
    return [list(group) for _, group in itertools.groupby(cases, key=lambda case: case.wish)]


def trial(part, system, case):
    """One measurement. While time was stolen from the machine it is repeated; if it was every time,
    the one that lost least is kept, and marked."""
    best = None
    for tries in range(1, STEAL_REPEATS + 2):
        clock = StealClock()
        sample = part.measure(system, case)
        sample["steal"] = clock.ratio()
        if best is None or sample["steal"] < best["steal"]:
            best = sample
        best["tries"], best["is_stolen"] = tries, best["steal"] > STEAL_RATIO
        if not best["is_stolen"]:
            break
    return best


def turn(part, system, cases, number, results):
    """All cases of one session on one system. What fails is told, and missing in this round."""
    try:
        with system.running(cases[0].wish):
            if part.warms_up:
                part.measure(system, cases[0])
            for case in cases:
                sample = trial(part, system, case)
                sample["round"] = number
                screen.sample(part, system, case, sample)
                results[case.key].setdefault(system.name, []).append(sample)
    except Refused as why:
        screen.failure(system, why)
        return [f"round {number + 1}, {system.title}: {why}"]
    return []


def run_part(part, systems, rounds):
    """Returns the record of a part; its cases are {case: {system: [sample, ...]}}."""
    start = time.monotonic()
    with contextlib.ExitStack() as stack:
        part.prepare(stack)
        failures, results = [], {case.key: {} for case in part.cases()}
        for number in range(rounds):
            order = systems if number % 2 == 0 else systems[::-1]
            for cases in sessions(part.cases()):
                for system in order:
                    mine = [case for case in cases if part.takes(system, case)]
                    if mine:
                        failures += turn(part, system, mine, number, results)
    return {"rounds": rounds, "seconds": round(time.monotonic() - start), "cases": results,
            "failures": failures}
