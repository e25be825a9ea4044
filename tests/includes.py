#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""tests/includes.py [ROOT]: every include of the program goes down, no room is crowded, what the documents name is there,
and the examples of headers call functions as they are declared.

The order below is the house: a file may include files of its own room and of rooms that stand before it. Prints each
include that goes up or is not written from the root, each folder of more than 22 .c files, each path in a document that
leads nowhere, each call in a header's comment with another number of arguments than its declaration, and ends with 1 where
there is one.
"""
import glob
import os
import re
import sys

ROOMS = [
    "forkpool", "kernels", "runners", "results/statistics", "results/record", "results/models", "results/findings",
    "results/summary", "plots", "bench/base", "bench/cli", "bench/plan", "bench/machine", "bench/measure",
    "bench/tune/search", "bench/tune", "bench/selftest", "bench/lessons", "bench/verbs", "bench",
]
ROOM_MAX = 22
LISTS = ("kernels",)  # each file is an entry of one list, as its neighbours are: a further one makes nothing harder to find
# A library of its own, and what users compile: they include by their own paths.
OUTSIDE = ("forkpool/", "kernels/example/")


def room_of(path):
    folder = os.path.dirname(path)
    return next((room for room in sorted(ROOMS, key=len, reverse=True) if folder == room or folder.startswith(room + "/")), None)


def sources(root):
    for top in sorted({room.split("/")[0] for room in ROOMS}):
        for folder, _, names in os.walk(os.path.join(root, top)):
            for name in sorted(names):
                path = os.path.relpath(os.path.join(folder, name), root)
                if name.endswith((".c", ".h", ".S")) and not path.startswith(OUTSIDE):
                    yield path


def faults(root):
    for path in sources(root):
        room = room_of(path)
        if room is None:
            yield f"{path}: stands in no room of tests/includes.py"
            continue
        with open(os.path.join(root, path), encoding="utf-8") as file:
            whole = file.read()
        if not whole.startswith("/* SPDX-License-Identifier: "):
            yield f"{path}:1: the first line names no licence (SPDX-License-Identifier)"
        named = re.match(r".*\n/\* ([\w.]+\.[ch]):", whole)
        if named and named.group(1) != os.path.basename(path):
            yield f"{path}:2: says that it is {named.group(1)}"
        text = re.sub(r"/\*.*?\*/", lambda match: "\n" * match.group(0).count("\n"), whole, flags=re.S)
        for number, line in enumerate(text.split("\n"), 1):
            match = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
            if not match:
                continue
            target = match.group(1)
            if not os.path.exists(os.path.join(root, target)):
                yield f"{path}:{number}: \"{target}\" is not written from the root"
            elif target.startswith("forkpool/") and target != "forkpool/forkpool.h":
                yield f"{path}:{number}: {target} is the inside of the library"
            elif room_of(target) is None or ROOMS.index(room_of(target)) > ROOMS.index(room):
                yield f"{path}:{number}: {room} includes {target}, which stands above it"


def crowded(root):
    counts = {}
    for path in sources(root):
        if path.endswith(".c"):
            counts[os.path.dirname(path)] = counts.get(os.path.dirname(path), 0) + 1
    return (f"{room}: {count} .c files, more than {ROOM_MAX}" for room, count in counts.items() if count > ROOM_MAX and room not in LISTS)


# Files that a recipe tells the reader to write.
MADE_UP = ("kernels/mine.c", "runners/mine.c", "plots/assets/NAME.gp", "kernels/divisors.c")


def dead_paths(root):
    for pattern in ("*.md", "docs/*.md", "docs/*/*.md", "forkpool/*.md"):
        for path in sorted(glob.glob(os.path.join(root, pattern))):
            with open(path, encoding="utf-8") as file:
                text = file.read()
            named = [match for match in re.findall(r"\]\(([^)#\s]+)", text) if "://" not in match]
            named += re.findall(r"(?<![\w/.])((?:bench|runners|kernels|plots|tests|docs|forkpool|examples)/[\w./-]*\w\.\w+)", text)
            for name in named:
                if name not in MADE_UP and not any(os.path.exists(os.path.join(at, name)) for at in (root, os.path.dirname(path))):
                    yield f"{os.path.relpath(path, root)}: {name} is not there"


def arguments(text):
    """How many arguments, at the commas outside brackets; -1: not said, "..."."""
    if ".." in text:
        return -1
    depth, count = 0, 1
    for sign in text:
        depth += (sign in "([{") - (sign in ")]}")
        count += sign == "," and not depth
    return count if text.strip() not in ("", "void") else 0


def calls(text):
    """(name, arguments) of every call or declaration of a name_with_words."""
    for match in re.finditer(r"\b([a-z]+_[a-z0-9_]+)\(", text):
        depth, end = 1, match.end()
        while depth and end < len(text):
            depth += (text[end] in "([{") - (text[end] in ")]}")
            end += 1
        yield match.group(1), text[match.end():end - 1]


def wrong_examples(root):
    """A call without any argument is a mention of the function, and is not looked at."""
    texts = {}
    for path in sources(root):
        if path.endswith(".h"):
            with open(os.path.join(root, path), encoding="utf-8") as file:
                texts[path] = file.read()
    declared = {}
    for text in texts.values():
        declared.update(calls(re.sub(r"/\*.*?\*/|^#.*?$", "", text, flags=re.S | re.M)))
    for path, text in texts.items():
        for comment in re.findall(r"/\*.*?\*/", text, flags=re.S):
            for name, given in calls(comment):
                told, wanted = arguments(given), arguments(declared.get(name, ".."))
                if told > 0 and wanted >= 0 and told != wanted:
                    yield f"{path}: an example calls {name} with {told} argument{'s' * (told > 1)}, it takes {wanted}"


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else "."
    found = [*faults(root), *crowded(root), *dead_paths(root), *wrong_examples(root)]
    print("\n".join(found) if found else "every include goes down")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
