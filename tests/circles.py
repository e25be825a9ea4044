#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""tests/circles.py [BUILD]: what the linker sees. No circle of more than three files, no file that needs a room above its own.

A file needs another where its object leaves a symbol undefined that the other's defines (nm). Looked at are the objects of
breakeven and forkpool, and those of the programs beside them (runners/rank, forkpool/bench) where they are built. Prints
each fault and ends with 1 where there is one; 77: nm finds no symbols (objects for link-time optimisation).
"""
import collections
import os
import subprocess
import sys

from includes import ROOMS, room_of

CIRCLE_MAX = 3
OWN_PROGRAMS = ("runners/rank/", "forkpool/bench/")


def objects(build):
    for top in sorted({room.split("/")[0] for room in ROOMS}):
        for folder, _, names in os.walk(os.path.join(build, top)):
            for stem in (os.path.relpath(os.path.join(folder, name[:-2]), build) for name in names if name.endswith(".o")):
                if os.path.exists(stem + ".c"):  # else it is of a file that is gone, or of data
                    yield stem


def arrows_of(build, stems):
    """stem -> {stem that it needs: the symbols}, between files of one program"""
    defined, needed = {}, collections.defaultdict(set)
    nm = subprocess.run(["nm", "-A", *(f"{build}/{stem}.o" for stem in stems)], capture_output=True, text=True, check=True)
    for line in nm.stdout.splitlines():
        path, rest = line.split(".o:", 1)
        kind, symbol = rest.split()[-2:]
        if kind == "U":
            needed[path[len(build) + 1:]].add(symbol)
        elif kind in "BCDRTVW":
            defined[symbol] = path[len(build) + 1:]
    arrows = {stem: collections.defaultdict(set) for stem in stems}
    for stem, symbols in needed.items():
        for symbol in symbols:
            if defined.get(symbol, stem) != stem:
                arrows[stem][defined[symbol]].add(symbol)
    return arrows


def reached(arrows, start):
    seen, left = set(), [start]
    while left:
        for stem in arrows[left.pop()]:
            if stem not in seen:
                seen.add(stem)
                left.append(stem)
    return seen


def faults(arrows):
    reach = {stem: reached(arrows, stem) for stem in arrows}
    for circle in sorted({tuple(sorted(other for other in reach[stem] if stem in reach[other])) for stem in arrows}):
        if len(circle) > CIRCLE_MAX:
            yield f"a circle of {len(circle)} files: {', '.join(circle)}"
    for stem in sorted(arrows):
        for other, symbols in sorted(arrows[stem].items()):
            if ROOMS.index(room_of(other + ".c")) > ROOMS.index(room_of(stem + ".c")):
                yield f"{stem} needs {', '.join(sorted(symbols))} of {other}, which stands above it"


def main():
    build = os.path.relpath(sys.argv[1] if len(sys.argv) > 1 else "build")
    stems = sorted(objects(build))
    programs = [[stem for stem in stems if not stem.startswith(OWN_PROGRAMS)]]
    programs += [[stem for stem in stems if stem.startswith(folder)] for folder in OWN_PROGRAMS]
    graphs = [arrows_of(build, program) for program in programs if program]
    if not any(graphs[0].values()):
        print("no symbols in the objects")
        return 77
    found = [fault for graph in graphs for fault in faults(graph)]
    print("\n".join(found) if found else f"{len(stems)} files, no circle of more than {CIRCLE_MAX}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
