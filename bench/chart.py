# SPDX-License-Identifier: BSD-3-Clause
"""A part as an SVG chart, by gnuplot: one line per system over the cases, median and spread."""
import tempfile

from bench import systems
from bench.figures import UNITS, values, median
from bench.process import run

COLOURS = {"vswitchd": "#0b6e99", "ovs": "#c2571a", "ovs-afxdp": "#8a3d12",
           "testpmd": "#7a7a7a", "bridge": "#5b8c3a"}
HEAD = """set terminal svg size 720,380 font 'sans,13' background rgb 'white'
set output '{file}'
set title '{title}'
set ylabel '{unit}'
set yrange [0:*]
set xrange [-0.3:{last}]
set grid ytics lc rgb '#dddddd'
set key top right
set border 3
set tics nomirror
set xtics ({ticks})
"""


def scale_of(part, cases):
    """The unit in which the largest figure has up to three digits."""
    largest = max((median(samples) or 0 for columns in cases.values()
                   for samples in columns.values()), default=0)
    for scale, unit in UNITS[part.unit]:
        if largest >= scale:
            return scale, unit
    return UNITS[part.unit][-1]


def points(cases, system, scale):
    """Lines of x, median, smallest, largest."""
    for x, columns in enumerate(cases.values()):
        numbers = values(columns.get(system, []))
        if numbers:
            low, middle, high = min(numbers), median(columns[system]), max(numbers)
            yield f"{x} {middle / scale} {low / scale} {high / scale}"


def draw(part, cases, file):
    """False when there is nothing to draw."""
    used = [name for name in systems.ALL if any(name in columns for columns in cases.values())]
    if not used:
        return False
    scale, unit = scale_of(part, cases)
    ticks = ", ".join(f"'{case}' {x}" for x, case in enumerate(cases))
    script = HEAD.format(file=file, title=part.title, unit=unit, ticks=ticks, last=len(cases) - 0.7)
    plots = []
    for name in used:
        script += f"${name} << END\n" + "\n".join(points(cases, name, scale)) + "\nEND\n"
        plots.append(f"${name} using 1:2:3:4 with yerrorlines lw 2 pt 7 ps 0.6 "
                     f"lc rgb '{COLOURS[name]}' title '{systems.ALL[name].title}'")
    with tempfile.NamedTemporaryFile("w", suffix=".gp") as commands:
        commands.write(script + "plot " + ", ".join(plots) + "\n")
        commands.flush()
        run("gnuplot", commands.name)
    return True
