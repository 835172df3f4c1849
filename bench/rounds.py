# SPDX-License-Identifier: BSD-3-Clause
"""One part, round by round: every system in turn, the order reversed each round. The host below has
fast and slow phases of seconds, so what is compared is measured as close together as can be: see
Stage."""
import contextlib
import itertools
import time

from bench import screen
from bench.host import Refused, StealClock

STEAL_REPEATS = 3
STEAL_RATIO = 0.01    # of the CPU time of both cores; less does not show in a figure
REPEATS_SHARE = 0.2   # of the time of a run may go into repeats
SETTLE_SECONDS = 0.1  # of a system that stood still


def sessions(part):
    """Cases that wish for the same set-up share one start of a system; so do all cases of a part
    that compares set-ups of one system with each other."""
    if part.compares_wishes:
        return [part.cases()]
    return [list(group) for _, group in itertools.groupby(part.cases(), key=lambda case: case.wish)]


def turns(part, cases, systems):
    """What is measured in one go on one system: pairs are a single case."""
    for group in [[case] for case in cases] if part.is_paired else [cases]:
        for system in systems:
            mine = [case for case in group if part.takes(system, case)]
            if mine:
                yield system, mine


class Stage:
    """The systems of a session. In a part of pairs each is started once, and stands still while
    another is measured, so that neighbours in time are a second apart; else it is started for each
    of its turns."""

    def __init__(self, part):
        self.part = part
        self.kept = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.ExitStack() as ends:
            for _, stack in self.kept.values():
                ends.push(stack)

    @contextlib.contextmanager
    def turn(self, name, cases):
        """The system, running, with what its cases wish for. After a failure it is stopped, and
        started anew for the next turn."""
        key = f"{name} {cases[0].wish}"
        system, stack = self.kept.pop(key, (None, contextlib.ExitStack()))
        with stack:
            if system:
                system.resume()
                time.sleep(SETTLE_SECONDS)
            else:
                system = self.started(name, cases, stack)
            yield system
            if self.part.is_paired:
                system.pause()
                self.kept[key] = system, stack.pop_all()

    def started(self, name, cases, stack):
        system = stack.enter_context(self.part.bench.system(name).running(cases[0].wish))
        if self.part.warms_up:
            self.part.measure(system, cases[0])
        return system


class Repeats:
    """Time that goes into trials that are made again, as a share of the run's."""

    def __init__(self):
        self.start = time.monotonic()
        self.spent = 0.0

    def allowed(self, tries):
        return (tries <= STEAL_REPEATS
                and self.spent < REPEATS_SHARE * (time.monotonic() - self.start))

    def add(self, seconds):
        self.spent += seconds


def trial(part, system, case):
    """One measurement. While time was stolen from the machine it is repeated; if it was every time,
    the one that lost least is kept, and marked."""
    best, repeats = None, part.bench.repeats
    for tries in itertools.count(1):
        clock, start = StealClock(), time.monotonic()
        sample = part.measure(system, case)
        sample["steal"] = clock.ratio()
        if tries > 1:
            repeats.add(time.monotonic() - start)
        if best is None or sample["steal"] < best["steal"]:
            best = sample
        best["tries"], best["is_stolen"] = tries, best["steal"] > STEAL_RATIO
        if not best["is_stolen"] or not repeats.allowed(tries):
            return best


def turn(part, stage, system, cases, number, results):
    """All cases of one turn. What fails is told, and missing in this round."""
    try:
        with stage.turn(system.name, cases) as running:
            for case in cases:
                sample = trial(part, running, case)
                sample["round"] = number
                screen.sample(part, system, case, sample)
                results[case.key].setdefault(system.name, []).append(sample)
    except Refused as why:
        screen.failure(system, why)
        return [f"round {number + 1}, {system.title}: {why}"]
    return []


def session(part, cases, systems, rounds, results):
    """All rounds of cases that share their systems; what failed."""
    failures = []
    try:
        with Stage(part) as stage:
            for number in range(rounds):
                order = systems if number % 2 == 0 else systems[::-1]
                for system, mine in turns(part, cases, order):
                    failures += turn(part, stage, system, mine, number, results)
    except Refused as why:
        screen.failure(systems[0], why)
        failures.append(f"at the end: {why}")
    return failures


def run_part(part, systems, rounds):
    """Returns the record of a part; its cases are {case: {system: [sample, ...]}}."""
    start = time.monotonic()
    with contextlib.ExitStack() as stack:
        part.prepare(stack)
        failures, results = [], {case.key: {} for case in part.cases()}
        for cases in sessions(part):
            failures += session(part, cases, systems, rounds, results)
    return {"rounds": rounds, "seconds": round(time.monotonic() - start), "cases": results,
            "failures": failures}
