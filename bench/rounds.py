# SPDX-License-Identifier: BSD-3-Clause
"""One part, round by round: every system in turn, the order reversed each round."""
import contextlib
import itertools
import time

from bench.host import steal_ticks

STEAL_REPEATS = 3


def sessions(cases):
    """Cases that wish for the same set-up share one start of a system."""
    return [list(group) for _, group in itertools.groupby(cases, key=lambda case: case.wish)]


def trial(part, system, case):
    """One measurement. While time was stolen from the machine it is repeated; if it was every time,
    the one that lost least is kept, and marked by its steal_ticks."""
    best = None
    for tries in range(1, STEAL_REPEATS + 2):
        before = steal_ticks()
        sample = part.measure(system, case)
        sample.setdefault("steal_ticks", steal_ticks() - before)
        if best is None or sample["steal_ticks"] < best["steal_ticks"]:
            best = sample
        best["tries"] = tries
        if best["steal_ticks"] == 0:
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
