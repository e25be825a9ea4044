#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""bench_ranks.py BREAKEVEN FLOOR [REPS]: the mpi runner beside forkpool and libgomp, and beside bare MPI.

Two ranks, on one host and, where this may make namespaces, on two hosts of this machine that talk by TCP over its loopback.
FLOOR is build/tests/ranks_floor. Prints what an empty task, call and wait, a barrier, start and stop, and a byte of results
take, each the best of the repetitions, and the wanted ratios; a ratio that is missed is said and makes the status 1. The
whole takes three minutes at most: each part has its share of them, and one that is not done by then is given up and said."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

PROGRAM, FLOOR, REPS = sys.argv[1], sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else "7"
TASKS, TASKS_APART, GRAIN_TASKS, BLOCKS, BLOCK = 200000, 20000, 4000, 64, 1 << 20
ALL = "mpi,forkpool"  # and libgomp, whose team is one process
SHARE = "6s"          # of each run; the last block begun is finished
os.environ["BREAKEVEN_GNUPLOT"] = "/nonexistent"  # nobody looks at figures here
os.environ.setdefault("OMPI_ALLOW_RUN_AS_ROOT", "1")
os.environ.setdefault("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")
AGENT = """#!/bin/sh
host=$1
shift
exec unshare --mount --uts sh -c 'hostname "$0"; mount -t tmpfs tmpfs /dev/shm; exec sh -c "$*"' "$host" "$@"
"""


class NotMeasured(Exception):
    """Says what could not be."""


class Clock:
    """When the part that is being measured has to be done."""
    ends = 0.0


def output_of(*words):
    """What a command prints. One that takes too long is asked to end, so that it leaves nothing. 3: a repetition failed."""
    with subprocess.Popen(words, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            text = process.communicate(timeout=max(Clock.ends - time.monotonic(), 1))[0]
        except subprocess.TimeoutExpired:
            process.terminate()
            raise
    if process.returncode not in (0, 3):
        raise subprocess.CalledProcessError(process.returncode, words)
    return text


def floors(*options, what=()):
    """What bare MPI takes, ns by name."""
    text = output_of("mpirun", "-n", "2", "--bind-to", "none", *options, FLOOR, *what)
    return {name: float(ns) for name, ns in map(str.split, text.splitlines())}


def start_once(*words):
    """The time in ns from the start to the end of mpirun and two processes, and to what FLOOR says of when these had come up."""
    began = time.monotonic_ns()
    text = output_of("mpirun", "-n", "2", "--bind-to", "none", *words)
    ended = time.monotonic_ns()
    ready = [float(ns) for name, ns in map(str.split, text.splitlines()) if name == "ready"]
    return ended - began, ready[0] - began if ready else float("inf")


def starts(*words):
    """The least time in ns from the start to the end of mpirun and two processes."""
    return min(start_once(*words)[0] for _ in range(5))


def two_hosts(folder):
    """Makes what stands in for ssh: mpirun then takes n2 for another host. False: namespaces are not allowed here."""
    if subprocess.run(["unshare", "--mount", "--uts", "true"], check=False, stderr=subprocess.DEVNULL).returncode:
        return False
    path = folder + "/agent"
    with open(path, "w", encoding="ascii") as file:
        file.write(AGENT)
    os.chmod(path, 0o755)
    os.environ.update({"OMPI_MCA_plm_rsh_agent": path, "PRTE_MCA_plm_ssh_agent": path, "OMPI_MCA_btl_tcp_if_include": "lo",
                       "OMPI_MCA_oob_tcp_if_include": "lo"})
    return True


def measure(folder, runners, *words, limit=SHARE, reps=REPS):
    """For each (runner, schedule, size): the best of wall, start (with setup), stop and gathered, in ns."""
    words += "--time-limit", limit, "--reps", reps
    found = measure_one(folder, "--runner", runners, "--processes", "2", "--threads", "1", *words)
    if runners == ALL:
        found.update(measure_one(folder + "-threads", "--runner", "openmp", "--threads", "2", *words))
    return found


def measure_one(folder, *words):
    """The same of one run."""
    output_of(PROGRAM, "run", "--spans", "0", "--warmup", "1", "-o", folder, *words)
    with open(folder + "/manifest.json", encoding="utf-8") as file:
        cells = json.load(file)["cells"]
    found = {}
    with open(folder + "/samples.jsonl", encoding="utf-8") as file:
        for sample in map(json.loads, file):
            cell = cells[sample["cell"]]
            if sample["status"] != "ok":
                continue
            key = (cell["runner"], cell["schedule"], cell["size"])
            took = (sample["wall_ns"], max(sample["setup_ns"], 0) + sample["start_ns"], sample["stop_ns"], sample["gathered_ns"])
            found[key] = [min(pair) for pair in zip(found.get(key, took), took)]
    return found


def of(samples, runner, schedule=None, size=None):
    """The times of the first that fits; infinite where each of its repetitions failed."""
    return next((took for key, took in sorted(samples.items())
                 if key[0] == runner and schedule in (None, key[1]) and size in (None, key[2])), [float("inf")] * 4)


def grain(samples, runner):
    """The task time in ns at which two workers spend half of the run phase on work, between the two sizes around it."""
    serial = {size: took[0] for (name, _, size), took in samples.items() if name == "serial"}
    points = sorted((serial[size] / GRAIN_TASKS, serial[size] / took[0] / 2)
                    for (name, _, size), took in samples.items() if name == runner)
    for (small, low), (large, high) in zip(points, points[1:]):
        if low < 0.5 <= high:
            return small + (large - small) * (0.5 - low) / (high - low)
    return points[0][0] if points and points[0][1] >= 0.5 else float("inf")


class Table:
    """Prints rows, and counts ratios that are missed, and parts that are."""
    missed = 0
    bare = {}  # ns by name, of the hosts that are measured

    @staticmethod
    def row(what, ns, unit="ns", per=1.0):
        """One figure."""
        print(f"{what:66} {ns / per:10.1f} {unit}", flush=True)

    def wanted(self, what, ratio, limit, bare=0.0):
        """A ratio beside its limit, and what bare MPI has of it where that is known."""
        self.missed += not ratio <= limit
        missed = "" if ratio <= limit else f": MISSED; bare MPI alone {bare:.2f} x" if bare else ": MISSED"
        print(f"{'  wanted: ' + what:66} {ratio:10.2f} x, at most {limit} x{missed}", flush=True)

    def part(self, what, seconds, folder):
        """What measures some rows, within so many seconds."""
        Clock.ends = time.monotonic() + seconds
        try:
            what(self, tempfile.mkdtemp(dir=folder))
        except (subprocess.SubprocessError, LookupError, ValueError, NotMeasured) as error:
            self.missed += 1
            name = what.__name__.replace("_", " ")
            print(f"  NOT MEASURED: {name}: {why_not(error, seconds)}", flush=True)


def why_not(error, seconds):
    """Why a part is not measured."""
    if isinstance(error, subprocess.TimeoutExpired):
        return f"not done within {seconds} s"
    if isinstance(error, KeyError):
        return f"it stands beside {error}, which is not there"
    return str(error)


def bare_mpi(table, _):
    """What the rest stands beside."""
    table.bare = floors()
    for name, ns in table.bare.items():
        table.row("bare MPI, " + name, ns)


COUNTERS = {"counter": "the counter", "counter-result": "and a result", "counter-call": "and a result by a call"}


def claimed_pairs(folder):
    """[(the bare counters of COUNTERS .., mpi's dynamic)], ns a task, and how many were tried. Virtual cpus are near each other at one time and far at another, and
    an atomic takes 12 ns or 150: mpi is measured between two looks at the bare counter, and counts where these agree."""
    pairs, tried, before = [], 0, floors(what=["window"])
    while tried < 8 and time.monotonic() < Clock.ends - 10:
        tried += 1
        took = measure(f"{folder}/{tried}", "mpi", "--kernel", "empty", "--tasks", str(TASKS), "--chunk", "1", "--schedule", "dynamic",
                       reps="1")
        after = floors(what=["window"])
        if max(before["counter"], after["counter"]) < 1.5 * min(before["counter"], after["counter"]):
            pairs.append([(before[name] + after[name]) / 2 for name in COUNTERS] + [of(took, "mpi")[0] / TASKS])
        before = after
    return pairs, tried


def claimed_tasks(table, folder):
    """Empty tasks by the counter, and by a master."""
    pairs, tried = claimed_pairs(folder)
    master = measure(folder + "/master", "mpi", "--kernel", "empty", "--tasks", str(TASKS_APART), "--chunk", "1", "--schedule", "master")
    table.row("mpi master, an empty task, chunk 1", of(master, "mpi")[0], "ns", TASKS_APART)
    if not pairs:
        raise NotMeasured(f"mpi dynamic beside the bare counter: of {tried} tries none had the same counter before and after it")
    counter, result, call, dynamic = sorted(pairs, key=lambda pair: pair[-1] / pair[0])[len(pairs) // 2]
    print(f"  {len(pairs)} of {tried} pairs count; the middle one:")
    for what, ns in zip(COUNTERS.values(), (counter, result, call)):
        table.row(f"bare MPI, {what}, beside it", ns)
    table.row("mpi dynamic, an empty task, chunk 1", dynamic)
    table.wanted("mpi dynamic beside one atomic in a shared window", dynamic / counter, 1.3, call / counter)
    table.wanted("the same, where the bare task writes a result too", dynamic / result, 1.3, call / result)
    table.wanted("the same, where it does so by a call, as a kernel", dynamic / call, 1.3)
    table.wanted("mpi dynamic beside master and worker, 8 in flight", dynamic / table.bare["master-8"], 0.2)


def start_and_stop(table, folder):
    """How long ranks, processes and threads take to come and to go, and one call."""
    two_tasks, rounds = ("--kernel", "empty", "--tasks", "2"), []
    for i in range(4):
        ranks = of(measure(f"{folder}/{i}", "mpi", *two_tasks, reps="1"), "mpi")
        rounds.append([start_once("true")[0], *start_once(FLOOR, "init"), ranks[1]])
    bare, init, ready, start_of_ranks = map(min, zip(*rounds))
    table.row("bare MPI, mpirun -n 2 true", bare, "ms", 1e6)
    table.row("bare MPI, mpirun -n 2 of MPI_Init and MPI_Finalize", init, "ms", 1e6)
    table.row("bare MPI, until both have initialized", ready, "ms", 1e6)
    calls = measure(folder + "/calls", ALL, *two_tasks, reps="4")
    for runner in "mpi", "forkpool", "openmp":
        wall, start, stop, _ = of(calls, runner)
        table.row(f"{runner}, call and wait: two empty tasks", wall)
        table.row(f"{runner}, start", start, "ms", 1e6)
        table.row(f"{runner}, stop", stop, "ms", 1e6)
    table.wanted("mpi's start beside mpirun true", start_of_ranks / bare, 1.1, ready / bare)
    table.wanted("mpi's start beside that of two bare ranks", start_of_ranks / ready, 1.1)


def other_runners(table, folder):
    """What forkpool and libgomp take for an empty task, and a barrier of libgomp."""
    tasks = measure(folder + "/tasks", ALL, "--kernel", "empty", "--tasks", str(TASKS), "--chunk", "1", "--schedule",
                    "static,dynamic")
    for runner, schedule, size in sorted(tasks):
        if runner != "serial":
            table.row(f"{runner} {schedule}, an empty task, chunk 1, in one run", tasks[runner, schedule, size][0], "ns", TASKS)
    constructs = json.loads(output_of(PROGRAM, "openmp", "--threads", "2", "--reps", "2", "--json"))["constructs"]
    table.row("libgomp, barrier", [c["overhead_ns"]["median"] for c in constructs if c["construct"] == "barrier"][0])


def result_bytes(table, folder):
    """What a byte takes beyond those of a small result; sizes in runs of their own, or a time limit would leave out the large."""
    small, large = (measure(f"{folder}/{size}", ALL, "--kernel", "payload", "--tasks", str(BLOCKS), "--size", str(size))
                    for size in (64, BLOCK))
    for runner in "mpi", "forkpool", "openmp":
        table.row(f"{runner}, a byte of results, in ps", of(large, runner)[0] - of(small, runner)[0], "ps",
                  BLOCKS * (BLOCK - 64) / 1e3)


def grains(table, folder):
    """METG(50 %)."""
    found = measure(folder + "/grains", "forkpool,mpi", "--kernel", "spin", "--tasks", str(GRAIN_TASKS), "--task-time",
                    "250ns,500ns,1us,2us,4us", limit="20s")
    ranks, processes = grain(found, "mpi"), grain(found, "forkpool")
    table.row("mpi static, half of two workers' time is work at tasks of", ranks)
    table.row("forkpool static, half of two workers' time is work at tasks of", processes)
    table.wanted("mpi static's METG beside forkpool's", ranks / processes, 2)


HOSTS = ["--host", "localhost:2,n2:2", "--map-by", "ppr:1:node"]
SPREAD = ["--nodes", "2", "--launcher", "mpirun --bind-to none -n {processes} " + " ".join(HOSTS)]


def two_hosts_tasks(table, folder):
    """Empty tasks handed out by TCP."""
    table.bare = floors(*HOSTS)
    for name, ns in table.bare.items():
        table.row("two hosts, bare MPI, " + name, ns)
    tasks = measure(folder + "/tasks", "mpi", "--kernel", "empty", "--tasks", str(TASKS_APART), "--chunk", "1", "--schedule",
                    "static,dynamic,master", *SPREAD)
    for runner, schedule, size in sorted(tasks):
        if runner == "mpi":
            table.row(f"two hosts, mpi {schedule}, an empty task, chunk 1", tasks[runner, schedule, size][0], "ns", TASKS_APART)
    dynamic = of(tasks, "mpi", "dynamic")[0] / TASKS_APART
    table.wanted("two hosts, mpi dynamic beside a bare master, 32 in flight", dynamic / table.bare["master-32"], 1.2)


def two_hosts_calls_and_bytes(table, folder):
    """One call, start and stop, and what is gathered."""
    bare = starts(*HOSTS, "true")
    calls = measure(folder + "/calls", "mpi", "--kernel", "empty", "--tasks", "2", *SPREAD)
    wall, start, stop, _ = of(calls, "mpi")
    table.row("two hosts, mpi, call and wait: two empty tasks", wall)
    table.row("two hosts, bare MPI, mpirun -n 2 true", bare, "ms", 1e6)
    table.row("two hosts, mpi, start", start, "ms", 1e6)
    table.row("two hosts, mpi, stop", stop, "ms", 1e6)
    results = measure(folder + "/bytes", "mpi", "--kernel", "payload", "--tasks", str(BLOCKS), "--size", str(BLOCK), *SPREAD)
    table.row("two hosts, mpi, a byte of results gathered, in ps", of(results, "mpi")[3], "ps", BLOCKS / 2 * BLOCK / 1e3)


def main():
    """What has a wanted ratio first, then the rest. The seconds add up to less than three minutes."""
    table, folder, began = Table(), tempfile.mkdtemp(), time.monotonic()
    try:
        table.part(bare_mpi, 10, folder)
        table.part(claimed_tasks, 30, folder)
        table.part(start_and_stop, 25, folder)
        table.part(grains, 28, folder)
        if two_hosts(folder):
            table.part(two_hosts_tasks, 25, folder)
            table.part(two_hosts_calls_and_bytes, 22, folder)
        else:
            print("two hosts: left out, namespaces are not allowed here")
        table.part(result_bytes, 20, folder)
        table.part(other_runners, 15, folder)
    finally:
        shutil.rmtree(folder)
    print(f"bench-ranks: {table.missed} wanted ratios or parts missed; {time.monotonic() - began:.0f} s")
    return table.missed > 0


if __name__ == "__main__":
    sys.exit(main())
