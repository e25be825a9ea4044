#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two builds' default experiments, whole runs in turn: seconds, widths of intervals, answers.

usage: bench_pairs.py OLD NEW [PAIRS]     (OLD, NEW: each a breakeven; 3 pairs; on an idle machine)

A width is (high - low) / median; those of both builds are compared figure by figure and the median over all is shown. An answer
is a speed-up whose interval leaves out 1 in the old run: faster or slower; or a METG or crossover, whose intervals must meet;
one that the smallest size measured reaches already has no lower end. In the end the old build's runs are compared with each other
in the same way: how many answers another run of the very same build changes.
"""
import itertools
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time

LIMIT_SECONDS = 600
IDENTITY = "study", "kernel", "runner", "processes", "threads", "chunk", "schedule", "placement"
OF_TASK_TIMES = "granularity", "breakeven"  # studies whose cells differ in it; the others have one, each build its own


def whole_run(program, folder):
    began = time.monotonic()
    subprocess.run([program, "run", "-o", folder], check=True, stdout=subprocess.DEVNULL, timeout=LIMIT_SECONDS)
    seconds = time.monotonic() - began
    with open(os.path.join(folder, "summary.json"), encoding="utf-8") as file:
        return seconds, json.load(file)


def identity(row):
    return tuple(row.get(word) for word in IDENTITY) + (row.get("task_time_ns") if row["study"] in OF_TASK_TIMES else None,)


def figures(summary):
    """{(kind, identity): quantity} of each speed-up, METG and crossover that has an interval."""
    found = {}
    for kind, rows, key in (("speed-up", summary["cells"], "speedup"), ("METG", summary["metg"], "granularity_ns"),
                            ("crossover", summary["crossovers"], "tasks"), ("crossover", summary["crossovers"], "warm_task_ns")):
        for row in rows:
            value = row.get(key)
            if row.get("runner") == "serial" or not value or value["median"] is None or value["low"] is None or value["high"] is None:
                continue
            who = identity(row)
            bound = row.get("bound" if kind == "METG" else "warm_bound") and key != "tasks"
            value = dict(value, bound=bool(bound))  # "at most": what lies below is not known
            found.setdefault((kind, key) + (who[:-1] if key == "warm_task_ns" else who), value)  # one of a whole curve
    return found


def width(value):
    return (value["high"] - value["low"]) / value["median"] if value["median"] > 0 else math.inf


def differs(kind, old, new):
    if kind != "speed-up":
        low = {id(value): -math.inf if value["bound"] else value["low"] for value in (old, new)}
        return old["high"] < low[id(new)] or new["high"] < low[id(old)]
    if old["low"] <= 1 <= old["high"]:
        return False
    return (old["median"] > 1) != (new["median"] > 1)


def compare(old, new, widths=None):
    """Prints how the new one's answers differ; appends to widths[kind] each width new/old."""
    before, after = figures(old), figures(new)
    for kind in "speed-up", "METG", "crossover":
        both = [key for key in before if key[0] == kind and key in after]
        ratios = [width(after[key]) / width(before[key]) for key in both if 0 < width(before[key]) < math.inf]
        if widths is not None:
            widths.setdefault(kind, []).extend(ratios)
        other = [key for key in both if differs(kind, before[key], after[key])]
        lost = [key for key in before if key[0] == kind and key not in after]
        measured = {identity(row) for row in new["cells"] + new["metg"] + new["crossovers"]}
        unlike = sum(1 for key in lost if kind == "speed-up" and key[2:] not in measured)  # a setting of it is another one
        middle = f"{statistics.median(ratios):5.2f}" if ratios else "    -"
        print(f"  {kind:10} {len(both):4} in both, {len(lost) - unlike:3} in the old one only, {unlike} not in the new one's plan; width new/old, median {middle}; "
              f"{len(other)} answered otherwise", flush=True)
        for key in other:
            print("   ", *(str(word) for word in key[2:] if word is not None), before[key], after[key])


def main(old, new, pairs="3"):
    before, widths = [], {}
    for pair in range(int(pairs)):
        with tempfile.TemporaryDirectory() as folder:
            order = [("old", old), ("new", new)] if pair % 2 == 0 else [("new", new), ("old", old)]
            took = {name: whole_run(program, os.path.join(folder, name)) for name, program in order}
        said = [f"{name} {took[name][0]:.1f} s ({took[name][1].get('trust', {}).get('verdict', 'no verdict')})" for name in ("old", "new")]
        print(f"pair {pair + 1}: {', '.join(said)}: {took['new'][0] / took['old'][0]:.2f} x", flush=True)
        compare(took["old"][1], took["new"][1], widths)
        before.append(took["old"][1])
    print("all pairs: width new/old, median", ", ".join(f"{kind} {statistics.median(ratios):.2f}" for kind, ratios in widths.items() if ratios))
    for (one, first), (other, second) in itertools.combinations(enumerate(before, 1), 2):
        print(f"the old build's run {one} beside its run {other}:", flush=True)
        compare(first, second)


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    main(*sys.argv[1:])
