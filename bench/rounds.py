# SPDX-License-Identifier: BSD-3-Clause
"""One part, round by round: every system in turn, the order reversed each round."""
import contextlib
import itertools
import time

from bench.host import StealClock

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


def turn(part, system, cases, number, show):
    """All cases of one session on one system."""
    with system.running(cases[0].wish):
        for case in cases:
            sample = trial(part, system, case)
            sample["round"] = number
            show(part, system, case, sample)
            yield case.key, sample


def run_part(part, systems, rounds, show):
    """Returns {case: {system: [sample, ...]}}."""
    start = time.monotonic()
    with contextlib.ExitStack() as stack:
        part.prepare(stack)
        results = {case.key: {} for case in part.cases()}
        for number in range(rounds):
            order = systems if number % 2 == 0 else systems[::-1]
            for cases in sessions(part.cases()):
                for system in order:
                    mine = [case for case in cases if part.takes(system, case)]
                    if not mine:
                        continue
                    for key, sample in turn(part, system, mine, number, show):
                        results[key].setdefault(system.name, []).append(sample)
    return {"rounds": rounds, "seconds": round(time.monotonic() - start), "cases": results}
