#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""bench_ranks.py BREAKEVEN FLOOR [REPS]: the mpi runner beside forkpool and libgomp, and beside bare MPI.

Two ranks of one machine. FLOOR is build/tests/ranks_floor. Prints a table of what an empty task, start and stop take, each
the best of the repetitions, and the wanted ratios; a ratio that is missed is said and makes the status 1."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

program, floor, reps = sys.argv[1], sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else "15"
TASKS = 200000
os.environ.setdefault("OMPI_ALLOW_RUN_AS_ROOT", "1")
os.environ.setdefault("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")


def launch(words, tries=1):
    """What it printed, and the least time in ns that it took."""
    best, text = float("inf"), ""
    for _ in range(tries):
        began = time.monotonic_ns()
        text = subprocess.run(["mpirun", "-n", "2", "--bind-to", "none", *words], check=True, text=True, timeout=120,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE).stdout
        best = min(best, time.monotonic_ns() - began)
    return text, best


def measure(folder, *words):
    """For each runner and schedule: the best of wall, setup + start, stop in ns, and the results' bytes."""
    subprocess.run([program, "run", "--runner", "mpi,forkpool,openmp", "--processes", "2", "--reps", reps, "--spans", "0",
                    "-o", folder, *words], check=True, timeout=600, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    with open(folder + "/manifest.json", encoding="utf-8") as file:
        cells = json.load(file)["cells"]
    found = {}
    with open(folder + "/samples.jsonl", encoding="utf-8") as file:
        for sample in map(json.loads, file):
            cell = cells[sample["cell"]]
            if sample["status"] != "ok":
                continue
            key = (cell["runner"], cell["schedule"], cell["size"])
            took = (sample["wall_ns"], max(sample["setup_ns"], 0) + sample["start_ns"], sample["stop_ns"])
            found[key] = [min(pair) for pair in zip(found.get(key, took), took)]
    return found


def main():
    missed = 0
    folder = tempfile.mkdtemp()
    try:
        bare = {name: float(ns) for name, ns in map(str.split, launch([floor])[0].splitlines())}
        bare_start = launch(["true"], 5)[1]
        tasks = measure(folder + "/tasks", "--kernel", "empty", "--tasks", str(TASKS), "--chunk", "1", "--schedule",
                        "static,dynamic,guided,master")
        bytes_ = measure(folder + "/bytes", "--kernel", "payload", "--tasks", "64", "--size", "64,1048576")
    finally:
        shutil.rmtree(folder)

    def row(what, ns, unit="ns", per=1.0):
        print(f"{what:58} {ns / per:10.1f} {unit}")

    def wanted(what, ratio, limit):
        nonlocal missed
        missed += ratio > limit
        print(f"{'  wanted: ' + what:58} {ratio:10.2f} x, at most {limit} x{'' if ratio <= limit else ': MISSED'}")

    for name, ns in bare.items():
        row("bare MPI, " + name, ns)
    for runner, schedule, size in sorted(tasks):
        if runner != "serial":
            row(f"{runner} {schedule}, an empty task, chunk 1", tasks[runner, schedule, size][0], "ns", TASKS)
    dynamic = [took[0] / TASKS for key, took in tasks.items() if key[:2] == ("mpi", "dynamic")][0]
    wanted("mpi dynamic beside one atomic in a shared window", dynamic / bare["counter"], 1.3)
    wanted("mpi dynamic beside master and worker, 8 in flight", dynamic / bare["master-8"], 0.2)
    row("bare MPI, mpirun -n 2 true", bare_start, "ms", 1e6)
    for runner in "mpi", "forkpool", "openmp":
        best = [took for key, took in tasks.items() if key[0] == runner][0]
        row(f"{runner}, start", best[1], "ms", 1e6)
        row(f"{runner}, stop", best[2], "ms", 1e6)
        if runner == "mpi":
            wanted("mpi's start and stop beside mpirun true", (best[1] + best[2]) / bare_start, 1.1)
        small, large = ([took[0] for key, took in bytes_.items() if key[0] == runner and key[2] == size][0]
                        for size in (64, 1048576))
        row(f"{runner}, a byte of results", (large - small) / (64 * (1048576 - 64)))
    return missed > 0


if __name__ == "__main__":
    sys.exit(main())
