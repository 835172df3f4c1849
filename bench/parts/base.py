# SPDX-License-Identifier: BSD-3-Clause
"""What every part (measurement) is: cases in rows, systems in columns, one figure in each cell."""
from dataclasses import dataclass, field

from bench.systems.base import Wish


@dataclass
class Case:
    """One row of a part's table."""
    key: str
    wish: Wish
    args: dict = field(default_factory=dict)  # for measure()
    quick: bool = False                       # is in QUICK=1, too


class Part:
    """Subclasses give the names, all_cases() and measure()."""
    name = title = about = ""
    unit = "pps"
    systems = ("vswitchd", "ovs", "testpmd")
    rounds = 5
    quick_rounds = 0  # not in QUICK=1
    warms_up = False  # the first measurement after a start is thrown away
    is_paired = False  # systems stand still beside each other, started once; VM ports only
    compares_wishes = False  # one system with one wish, against the same with another
    chart = ""  # "lines" or "bars": also drawn

    def __init__(self, bench):
        self.bench = bench
        self.pktgen = bench.pktgen

    def all_cases(self):
        raise NotImplementedError

    def cases(self):
        return [case for case in self.all_cases() if case.quick or not self.bench.quick]

    def prepare(self, stack):
        """Once before the first round; what must be undone goes on the ExitStack."""

    def takes(self, system, case):
        """Is there such a figure of this system?"""
        return True

    def measure(self, system, case):
        """{"value": the figure in self.unit, and whatever else is worth keeping}"""
        raise NotImplementedError
