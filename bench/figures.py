# SPDX-License-Identifier: BSD-3-Clause
"""What samples say: medians, spread, ratios per round."""
import statistics


def values(samples, key="value"):
    return [sample[key] for sample in samples if sample.get(key) is not None]


def median(samples, key="value"):
    """None when nothing was measured."""
    numbers = values(samples or [], key)
    return statistics.median(numbers) if numbers else None


def spread(samples, key="value"):
    """Half the distance from the smallest to the largest, as a part of the median."""
    numbers = values(samples or [], key)
    middle = statistics.median(numbers) if numbers else 0
    return (max(numbers) - min(numbers)) / 2 / middle if middle else 0.0


def ratios(ours, theirs, key="value"):
    """Ours to theirs, round by round, of the rounds that have both."""
    other = {sample["round"]: sample.get(key) for sample in theirs or []}
    return [sample[key] / other[sample["round"]] for sample in ours or []
            if sample.get(key) is not None and other.get(sample["round"])]


def ratio(ours, theirs, key="value"):
    """(median, smallest, largest), or None."""
    found = ratios(ours, theirs, key)
    return (statistics.median(found), min(found), max(found)) if found else None


def stolen(samples):
    """Was one of them kept although time was stolen?"""
    return any(sample["is_stolen"] for sample in samples or [])


UNITS = {
    "pps": [(1e6, "Mpps"), (1e3, "kpps"), (1, "pps")],
    "bps": [(1e9, "Gb/s"), (1e6, "Mb/s"), (1, "b/s")],
    "ns": [(1e6, "ms"), (1e3, "µs"), (1, "ns")],
    "cycles": [(1, "cycles")],
    "percent": [(1, "%")],
}


def text(value, unit):
    """A figure for people, three digits: 12.3 Mpps."""
    if value is None:
        return "–"
    for scale, name in UNITS[unit]:
        if abs(value) >= scale or scale == UNITS[unit][-1][0]:
            return f"{digits(value / scale)} {name}"
    return ""


def digits(value):
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"
