# SPDX-License-Identifier: BSD-3-Clause
"""Runs as JSON files, one each, not in git; the change against the last run is read from them."""
import json
from pathlib import Path

KEPT = Path(__file__).parent / "results"


def path(run):
    return KEPT / f"{run}.json"


def load(run):
    """A run of before, to add parts to; None if there is none."""
    file = path(run)
    return json.loads(file.read_text()) if file.exists() else None


def save(run, record):
    KEPT.mkdir(exist_ok=True)
    path(run).write_text(json.dumps(record, indent=1) + "\n")


def last(now):
    """The newest earlier run of the same kind on the same machine, or None."""
    found = []
    for file in KEPT.glob("*.json"):
        record = json.loads(file.read_text())
        if (record["machine"]["id"] == now["machine"]["id"] and record["quick"] == now["quick"]
                and record["started"] < now["started"] and record["parts"].keys() & now["parts"]):
            found.append(record)
    return max(found, key=lambda record: record["started"], default=None)
