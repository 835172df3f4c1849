#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# What can be checked without running anything: format, arrows between rooms, comments, length of
# functions, shell scripts, manual pages, stale documents.
# usage: lint.sh BUILD-FOLDER (as `make lint`). Exit status 1 if any check failed.
set -u
cd "$(dirname "$0")/.." || exit 1
build=$1
passed=0 failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

lint() { # NAME COMMAND...: its output is shown when it fails
    local name=$1
    shift
    if "$@" >"$log" 2>&1; then
        passed=$((passed + 1))
        printf '  ok    %s\n' "$name"
    else
        failed=$((failed + 1))
        printf '  FAIL  %s\n' "$name"
        sed 's/^/    | /' "$log"
    fi
}

c_files() { git ls-files '*.c' '*.h'; }
shell_files() { # by name, or by their first line
    git ls-files '*.sh' '*.bash'
    git ls-files | grep -vE '\.(c|h|sh|bash|py|json|md|[58])$' | while read -r file; do
        if [[ -f $file ]] && head -n 1 "$file" | grep -qE '^#!.*\b(bash|sh)$'; then echo "$file"; fi
    done
}

format() { c_files | xargs -d '\n' clang-format --dry-run -Werror; }
shell() { shell_files | xargs -d '\n' -n 12 -P "$(nproc)" shellcheck; }
python() { git ls-files '*.py' | xargs -d '\n' pyflakes3; }
reference() { "$build/vswitchd" --print-api | diff docs/reference.md - && return
    echo "docs/reference.md is stale: run make docs"
    return 1
}
# The document in vswitch.json(5) is the file that users find in examples/.
example() { sed -n '/^\.Bd -literal$/,/^\.Ed$/p' docs/man/vswitch.json.5 | sed '1d;$d' |
    diff examples/two-tenants.json -; }
# Options that the daemon knows and its page does not, or the other way round.
options() {
    diff <("$build/vswitchd" --help | grep -oE -- '--[a-z-]+' | sort -u) \
        <(sed -n 's/^\.It.*Fl -\([a-z-]*\).*/--\1/p' docs/man/vswitchd.8 | sort -u)
}
pages() { mandoc -T lint -W warning docs/man/*.[1-9]; }

lint "format: clang-format" format
lint "arrows between rooms: tools/check_deps.py" tools/check_deps.py
lint "comments of headers: tools/check_comments.py" tools/check_comments.py
lint "length of functions: tools/check_functions.py" tools/check_functions.py
lint "shell scripts: shellcheck" shell
lint "python: pyflakes3" python
lint "manual pages: mandoc" pages
lint "options in vswitchd(8)" options
lint "example in vswitch.json(5)" example
lint "docs/reference.md" reference
echo "lint: $passed passed, $failed failed"
exit $((failed > 0))
