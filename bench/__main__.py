# SPDX-License-Identifier: BSD-3-Clause
"""`make bench`: run the parts, keep the figures, write the report.

    python3 -m bench [--quick] [--parts sizes,flows] [--systems vswitchd,ovs] [--rounds N]
                     [--run NAME]
    python3 -m bench --report [--run NAME]

A run has a name, by default its date; parts can be added to it one by one with --run. docs/bench.md
is written when all parts are there (or by --report, with what there is).
"""
import argparse
import contextlib
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from bench import host, parts, report, rounds, screen, store, systems
from bench.host import Refused
from bench.pktgen import Pktgen
from bench.process import run

TOP = Path(__file__).resolve().parent.parent
HUGE_BYTES = 3 << 30


class Bench:
    """What parts and systems need to know of the run."""

    def __init__(self, quick, directory, huge_bytes):
        self.quick = quick
        self.trial_seconds = 1
        self.build = TOP / os.environ.get("BUILD", "build")
        self.dir = directory
        self.tag = f"b{os.getpid() % 100000}"  # of interface names
        self.huge_bytes = huge_bytes
        self.huge_dir = directory / "huge"
        self.pktgen = Pktgen(self)
        self.repeats = rounds.Repeats()

    def system(self, name):
        return systems.ALL[name](self)


@contextlib.contextmanager
def prepared(quick):
    """A Bench with its folder and huge pages, both gone afterwards."""
    with contextlib.ExitStack() as stack:
        directory = Path(tempfile.mkdtemp(prefix="vswb-"))
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        pages = stack.enter_context(host.HugePages(HUGE_BYTES))
        bench = Bench(quick, directory, pages.bytes)
        if pages.bytes:
            bench.huge_dir.mkdir()
            run("mount", "-t", "hugetlbfs", "-o", "pagesize=2M", "none", bench.huge_dir)
            stack.callback(run, "umount", bench.huge_dir)
        yield bench


def words(known):
    """For argparse: a list of known names."""
    def parse(text):
        for word in text.split(","):
            if word not in known:
                raise argparse.ArgumentTypeError(f"'{word}' is none of: {', '.join(known)}")
        return text.split(",")
    return parse


def arguments():
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the headline rows, in two minutes")
    parser.add_argument("--parts", type=words(parts.ALL), default=list(parts.ALL))
    parser.add_argument("--systems", type=words(systems.ALL), default=list(systems.ALL))
    parser.add_argument("--rounds", type=int, help="instead of each part's own number")
    parser.add_argument("--run", default=time.strftime("%Y%m%d-%H%M%S"), help="name of the run")
    parser.add_argument("--report", action="store_true", help="measure nothing, write the report")
    return parser.parse_args()


def record_of(args):
    return store.load(args.run) or {
        "run": args.run, "started": time.time(), "quick": args.quick,
        "machine": host.facts(TOP), "parts": {}}


def measure(args, record):
    """All wanted parts; what is measured is kept at once."""
    host.check()
    with prepared(args.quick) as bench:
        record["huge_pages"] = bool(bench.huge_bytes)
        for name in args.parts:
            part = parts.ALL[name](bench)
            wanted = [bench.system(word) for word in part.systems if word in args.systems]
            if not wanted or args.quick and not has_quick(part):
                continue
            screen.begin(part)
            count = args.rounds or (part.quick_rounds if args.quick else part.rounds)
            record["parts"][name] = rounds.run_part(part, wanted, count)
            store.save(args.run, record)


def has_quick(part):
    return part.quick_rounds > 0


def main():
    args = arguments()
    record = record_of(args)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGHUP, lambda *_: sys.exit(129))
    if not args.report:
        measure(args, record)
    before = store.last(record)
    screen.summary(record, before)
    if args.report or not args.quick and set(record["parts"]) == set(parts.ALL):
        report.write(TOP / "docs", record, before)
        screen.say("docs/bench.md is written")
    return any(part["failures"] for part in record["parts"].values())


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Refused as why:
        sys.exit(f"bench: {why}")
    except KeyboardInterrupt:
        sys.exit("bench: interrupted; everything it started is gone")
