#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Print functions that are longer than they should be, longest first, and how long functions are.

A function is what stands between a "{" and a "}" in the first column, as clang-format leaves them; its
length is the lines of its body, braces not counted. Over 60 lines it is listed, over 80 exit status is 1.
usage: check_functions.py [FILE...]
"""
import re
import subprocess
import sys

LISTED, REFUSED = 60, 80
HEAD = re.compile(r"^[A-Za-z_].*?(\w+)\(")


def tracked():
    out = subprocess.run(["git", "ls-files", "*.c", "*.h"], capture_output=True, text=True, check=True)
    return out.stdout.split()


def functions(lines):
    """(name, first line, length) of each function; lines count from 1."""
    name, start = None, None
    for n, line in enumerate(lines, 1):
        head = HEAD.match(line)
        if start is None and head:
            name = head[1]
        if line == "{" and name:
            start = n
        elif line == "}" and start:
            yield name, start, n - start - 1
            name, start = None, None


def main():
    found = []
    for path in sys.argv[1:] or tracked():
        with open(path, encoding="utf-8") as f:
            found += [(length, path, line, name) for name, line, length in functions(f.read().splitlines())]
    found.sort(reverse=True)
    for length, path, line, name in found:
        if length > LISTED:
            print(f"{path}:{line}: {name} has {length} lines{', too many' if length > REFUSED else ''}")
    lengths = [length for length, *_ in found]
    if lengths:
        print(f"{len(lengths)} functions, median {lengths[len(lengths) // 2]} lines, "
              f"longest {lengths[0]}")
    return 1 if lengths and lengths[0] > REFUSED else 0


sys.exit(main())
