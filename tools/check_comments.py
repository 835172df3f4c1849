#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Check that functions in the headers of the rooms are described.

Each prototype has a comment in front, behind it on its line, or earlier in the same block of lines without
an empty one. A comment that starts with two stars names the function, describes each "@parameter" and has
"Context:", and "Return:" unless the function returns nothing or its summary is a question. "As other()"
stands for both.
Prints one line per gap; exit status 1 if there is any. usage: check_comments.py [HEADER...]
"""
import re
import subprocess
import sys

NOT_ROOMS = ("tests/",)
# A declaration at the start of a line, up to the semicolon; bodies and macros were blanked before.
PROTOTYPE = re.compile(r"^(?!typedef|static|struct \w+ \{|enum \w+ \{|extern|#)[a-z][\w \t*]*?\**(\w+)\(([^;{}]*)\)[^;{}()]*"
                       r"(?:__attribute__\(\(.*?\)\))?;", re.M)


def tracked():
    out = subprocess.run(["git", "ls-files", "*.h"], capture_output=True, text=True, check=True)
    return [path for path in out.stdout.split() if not path.startswith(NOT_ROOMS)]


def blanked(text, pattern):
    """Overwrite matches with blanks, so that offsets and lines stay."""
    return re.sub(pattern, lambda m: re.sub(r"[^\n]", " ", m[0]), text, flags=re.S | re.M)


def code_only(text):
    text = blanked(text, r"/\*.*?\*/")
    text = blanked(text, r"^#(?:[^\n]*\\\n)*[^\n]*")
    return blanked(text, r"__attribute__\(\(.*?\)\)\)?(?=;)")


def parameters(text):
    names = []
    for parameter in re.sub(r"\(\*(\w+)\)\([^()]*\)", r" \1", text).split(","):
        m = re.search(r"(\w+)(\[[^\]]*\])*\s*$", parameter)
        if m and m[1] != "void" and parameter.strip() != "...":
            names.append(m[1])
    return names


def kernel_doc(comment, name, params, returns):
    if f"{name}()" not in comment:
        yield "the comment is about another function"
    if re.search(r"\bAs \w+\(\)", comment):
        params, returns = [], False
    for p in params:
        if not re.search(rf"@{p}\b", comment):
            yield f"@{p} is not described"
    if "Context:" not in comment:
        yield "no Context:"
    if returns and "Return:" not in comment and "?" not in comment.split("\n *\n")[0].split("@")[0]:
        yield "no Return:"


def check(path, text):
    code = code_only(text)
    for m in PROTOTYPE.finditer(code):
        if m[1].isupper():
            continue
        line = text.count("\n", 0, m.start()) + 1
        front = text[:m.start()]
        comment = re.search(r"(/\*(?:(?!\*/).)*\*/)\n$", front, re.S)
        behind = re.match(r"[^\n]*/\*", text[m.end():])
        if not comment and not behind and "/*" not in front[front.rfind("\n\n"):]:
            yield f"{path}:{line}: {m[1]} has no comment"
        elif comment and comment[1].startswith("/**"):
            returns = not re.match(r"void\s+[^*\s]", code[m.start():])
            for gap in kernel_doc(comment[1], m[1], parameters(m[2]), returns):
                yield f"{path}:{line}: {m[1]}: {gap}"


def main():
    found = []
    for path in sys.argv[1:] or tracked():
        with open(path, encoding="utf-8") as f:
            found += check(path, f.read())
    for line in found:
        print(line)
    return 1 if found else 0


sys.exit(main())
