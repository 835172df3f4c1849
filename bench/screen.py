# SPDX-License-Identifier: BSD-3-Clause
"""What the operator sees while a run goes on, and at its end."""
import time

from bench import parts, targets
from bench.figures import digits, median, text

START = time.monotonic()


def say(line):
    print(line, flush=True)


def begin(part):
    say(f"\n{part.title}")


def sample(part, system, case, found):
    """One line for each figure, as soon as it is there."""
    notes = []
    if found.get("cycles"):
        notes.append(f"{digits(found['cycles'])} cycles per frame")
    if found.get("limit") and found["limit"] not in ("rings", "empty", "steal"):
        notes.append(f"limited by {found['limit']}")
    if found.get("lost"):
        notes.append(f"{found['lost']} frames of the loop lost")
    if found.get("way"):
        notes.append(f"by {found['way']}")
    if found["is_stolen"]:
        notes.append(f"{100 * found['steal']:.1f} % of the CPU time stolen")
    if found["tries"] > 1:
        notes.append(f"{found['tries']} tries")
    say(f"  {time.monotonic() - START:6.1f} s  round {found['round'] + 1}  {case.key:<22}"
        f"{system.title:<14}{text(found['value'], part.unit):>12}  {', '.join(notes)}")


def failure(system, why):
    say(f"  {time.monotonic() - START:6.1f} s  FAILED: {system.title}: {why}")


def changes(record, before):
    """(part, case, system, now, then) of all figures of ours that both runs have."""
    for name, part in record["parts"].items():
        for case, columns in part["cases"].items():
            for system in ("vswitchd", "bare"):
                now = median(columns.get(system))
                then = median(targets.samples(before, name, case, system))
                if now and then:
                    yield name, case, now, then


def summary(record, before):
    say("\nTargets")
    for verdict in targets.verdicts(record):
        if verdict.reached is not None:
            say(f"  {'reached' if verdict.reached else 'MISSED ':<8} {verdict.what:<40}"
                f"{verdict.wanted:<42}{verdict.value}")
    if not before:
        say("\nThis is the first run on this machine.")
        return
    say(f"\nChange against the run of {day(before)} ({before['machine']['commit']})")
    for name, case, now, then in changes(record, before):
        unit = parts.ALL[name].unit
        say(f"  {name:<10}{case:<26}{text(then, unit):>12} -> {text(now, unit):>12}"
            f"  {100 * (now / then - 1):+6.1f} %")


def day(record):
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(record["started"]))
