#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Which share of each room's lines do the unit and flow tests run? From the .gcno and .gcda files of a build
# with --coverage. usage: coverage.sh BUILD-FOLDER (as `make coverage`)
set -eu
cd "$(dirname "$0")/.."
build=$1

# "File 'room/file.c'" and "Lines executed:P% of N" come in pairs; headers are counted in each file
# that includes them, so only .c files are summed.
find "$build" -name '*.gcno' ! -path "$build/tests/*" -print0 |
    xargs -0 gcov --no-output 2>/dev/null |
    awk -F"[:%' ]+" '
        /^File /  { file = $2 }
        /^Lines / { if (file ~ /^[a-z-]+\/[a-z_0-9]+\.c$/) {
                        split(file, part, "/")
                        if ($5 > total[file]) total[file] = $5
                        if ($3 > share[file]) share[file] = $3
                    }
                    file = "" }
        END {
            for (f in total) {
                split(f, part, "/")
                lines[part[1]] += total[f]
                ran[part[1]] += total[f] * share[f] / 100
            }
            for (room in lines)
                printf "%-12s %6d lines %6.1f %% run\n", room, lines[room], 100 * ran[room] / lines[room]
        }' | sort
