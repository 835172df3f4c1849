# SPDX-License-Identifier: BSD-3-Clause
"""Cycles per frame of a worker that empties full rings, without a generator in the loop."""
import json

from bench import host
from bench.parts.base import Case, Part
from bench.process import run
from bench.systems.base import Wish

CASES = {
    "64 B": {},
    "64 B, 256 entries": {"num": 256},
    "64 B, VLAN tags": {"vlan": 1},
    "64 B, limits": {"limits": 1},
    "64 B, 64k MACs": {"macs": 64000},
    "64 B, event index, indirect": {"event": 1, "indirect": 1},
    "512 B": {"bytes": 512},
    "1518 B": {"bytes": 1514},
}


class Drain(Part):
    name, title, unit = "drain", "Ring drain", "cycles"
    about = ("A driver on the generator's core fills a ring of 1024 entries and stops; then a "
             "worker on the switch core forwards all of it, timed by the TSC: the whole path of a "
             "frame, from one guest's split ring to the other's. Median of 500 rings.")
    systems = ("bare",)
    rounds, quick_rounds = 5, 2

    def all_cases(self):
        return [Case(key, Wish(), words, quick=key == "64 B") for key, words in CASES.items()]

    def measure(self, system, case):
        report = json.loads(run(self.bench.build / "tests/tools/ring_drain",
                                f"cpu={host.SWITCH_CORE}", f"peer={host.GENERATOR_CORE}",
                                *(f"{key}={value}" for key, value in case.args.items())))
        return {"value": report["cycles_per_frame"], "p10": report["p10"], "p90": report["p90"]}
