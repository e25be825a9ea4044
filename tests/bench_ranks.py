#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""bench_ranks.py BREAKEVEN FLOOR [REPS]: the mpi runner beside forkpool and libgomp, and beside bare MPI.

Two ranks, on one host and, where this may make namespaces, on two hosts of this machine that talk by TCP over its loopback.
FLOOR is build/tests/ranks_floor. Prints what an empty task, call and wait, a barrier, start and stop, and a byte of results
take, each the best of the repetitions, and the wanted ratios; a ratio that is missed is said and makes the status 1. Under
three minutes: what is not there by then is given up."""
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
SHARE = "8s"          # of each run; the last block begun is finished
ENDS = time.monotonic() + 170
os.environ["BREAKEVEN_GNUPLOT"] = "/nonexistent"  # nobody looks at figures here
os.environ.setdefault("OMPI_ALLOW_RUN_AS_ROOT", "1")
os.environ.setdefault("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")
HOSTS = ["--host", "localhost:2,n2:2", "--map-by", "ppr:1:node"]
AGENT = """#!/bin/sh
host=$1
shift
exec unshare --mount --uts sh -c 'hostname "$0"; mount -t tmpfs tmpfs /dev/shm; exec sh -c "$*"' "$host" "$@"
"""


def output_of(*words):
    """What a command prints. One that takes too long is asked to end, so that it leaves nothing. 3: a repetition failed."""
    with subprocess.Popen(words, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            text = process.communicate(timeout=max(ENDS - time.monotonic(), 1))[0]
        except subprocess.TimeoutExpired:
            process.terminate()
            raise
    if process.returncode not in (0, 3):
        raise subprocess.CalledProcessError(process.returncode, words)
    return text


def floors(*options):
    """What bare MPI takes, ns by name."""
    text = output_of("mpirun", "-n", "2", "--bind-to", "none", *options, FLOOR)
    return {name: float(ns) for name, ns in map(str.split, text.splitlines())}


def starts(*options):
    """The least time in ns from the start to the end of mpirun and two ranks that do nothing."""
    took = []
    for _ in range(5):
        began = time.monotonic_ns()
        output_of("mpirun", "-n", "2", "--bind-to", "none", *options, "true")
        took.append(time.monotonic_ns() - began)
    return min(took)


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


def measure(folder, runners, *words):
    """For each (runner, schedule, size): the best of wall, start (with setup), stop and gathered, in ns."""
    found = measure_one(folder, "--runner", runners, "--processes", "2", "--threads", "1", *words)
    if runners == ALL:
        found.update(measure_one(folder + "-threads", "--runner", "openmp", "--threads", "2", *words))
    return found


def measure_one(folder, *words):
    """The same of one run."""
    output_of(PROGRAM, "run", "--reps", REPS, "--time-limit", SHARE, "--spans", "0", "--warmup", "1", "-o", folder, *words)
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
    """Prints rows, and counts ratios that are missed."""
    missed = 0

    @staticmethod
    def row(what, ns, unit="ns", per=1.0):
        """One figure."""
        print(f"{what:66} {ns / per:10.1f} {unit}", flush=True)

    def wanted(self, what, ratio, limit):
        """A ratio beside its limit."""
        self.missed += not ratio <= limit
        print(f"{'  wanted: ' + what:66} {ratio:10.2f} x, at most {limit} x{'' if ratio <= limit else ': MISSED'}", flush=True)


def one_host(table, folder):
    """Ranks that share memory."""
    bare, bare_start = floors(), starts()
    for name, ns in bare.items():
        table.row("bare MPI, " + name, ns)
    tasks = measure(folder + "/tasks", ALL, "--kernel", "empty", "--tasks", str(TASKS), "--chunk", "1",
                    "--schedule", "static,dynamic")
    master = measure(folder + "/master", "mpi", "--kernel", "empty", "--tasks", str(TASKS_APART), "--chunk", "1", "--schedule", "master")
    for runner, schedule, size in sorted(tasks):
        if runner != "serial":
            table.row(f"{runner} {schedule}, an empty task, chunk 1", tasks[runner, schedule, size][0], "ns", TASKS)
    table.row("mpi master, an empty task, chunk 1", of(master, "mpi")[0], "ns", TASKS_APART)
    dynamic = of(tasks, "mpi", "dynamic")[0] / TASKS
    table.wanted("mpi dynamic beside one atomic in a shared window", dynamic / bare["counter"], 1.3)
    table.wanted("mpi dynamic beside master and worker, 8 in flight", dynamic / bare["master-8"], 0.2)
    calls = measure(folder + "/calls", ALL, "--kernel", "empty", "--tasks", "2")
    constructs = json.loads(output_of(PROGRAM, "openmp", "--threads", "2", "--reps", "2", "--json"))["constructs"]
    table.row("libgomp, barrier", [c["overhead_ns"]["median"] for c in constructs if c["construct"] == "barrier"][0])
    table.row("bare MPI, mpirun -n 2 true", bare_start, "ms", 1e6)
    for runner in "mpi", "forkpool", "openmp":
        wall, start, stop, _ = of(calls, runner)
        table.row(f"{runner}, call and wait: two empty tasks", wall)
        table.row(f"{runner}, start", start, "ms", 1e6)
        table.row(f"{runner}, stop", stop, "ms", 1e6)
    wall, start, stop, _ = of(calls, "mpi")
    table.wanted("mpi's start and stop beside mpirun true", (start + stop) / bare_start, 1.1)
    results = measure(folder + "/bytes", ALL, "--kernel", "payload", "--tasks", str(BLOCKS), "--size", f"64,{BLOCK}")
    for runner in "mpi", "forkpool", "openmp":
        table.row(f"{runner}, a byte of results",
                  (of(results, runner, size=BLOCK)[0] - of(results, runner, size=64)[0]) / (BLOCKS * (BLOCK - 64)))
    grains = measure(folder + "/grains", "forkpool,mpi", "--kernel", "spin", "--tasks", str(GRAIN_TASKS), "--task-time",
                    "250ns,500ns,1us,2us,4us")
    found = {runner: grain(grains, runner) for runner in ("mpi", "forkpool")}
    for runner, ns in found.items():
        table.row(f"{runner} static, half of two workers' time is work at tasks of", ns)
    table.wanted("mpi static's METG beside forkpool's", found["mpi"] / found["forkpool"], 2)


def hosts_apart(table, folder):
    """Ranks that talk by TCP."""
    hosts = "--nodes", "2", "--launcher", "mpirun --bind-to none -n {processes} " + " ".join(HOSTS)
    bare, bare_start = floors(*HOSTS), starts(*HOSTS)
    for name, ns in bare.items():
        table.row("two hosts, bare MPI, " + name, ns)
    tasks = measure(folder + "/tasks2", "mpi", "--kernel", "empty", "--tasks", str(TASKS_APART), "--chunk", "1", "--schedule",
                    "static,dynamic,master", *hosts)
    for runner, schedule, size in sorted(tasks):
        if runner == "mpi":
            table.row(f"two hosts, mpi {schedule}, an empty task, chunk 1", tasks[runner, schedule, size][0], "ns", TASKS_APART)
    dynamic = of(tasks, "mpi", "dynamic")[0] / TASKS_APART
    table.wanted("two hosts, mpi dynamic beside a bare master, 32 in flight", dynamic / bare["master-32"], 1.2)
    calls = measure(folder + "/calls2", "mpi", "--kernel", "empty", "--tasks", "2", *hosts)
    wall, start, stop, _ = of(calls, "mpi")
    table.row("two hosts, mpi, call and wait: two empty tasks", wall)
    table.row("two hosts, bare MPI, mpirun -n 2 true", bare_start, "ms", 1e6)
    table.row("two hosts, mpi, start and stop", start + stop, "ms", 1e6)
    results = measure(folder + "/bytes2", "mpi", "--kernel", "payload", "--tasks", str(BLOCKS), "--size", str(BLOCK), *hosts)
    table.row("two hosts, mpi, a byte of results gathered", of(results, "mpi")[3] / (BLOCKS / 2 * BLOCK))


def main():
    """Both parts; the second only where it can be."""
    table, folder, began = Table(), tempfile.mkdtemp(), time.monotonic()
    try:
        one_host(table, folder)
        if two_hosts(folder):
            hosts_apart(table, folder)
        else:
            print("two hosts: left out, namespaces are not allowed here")
    except subprocess.TimeoutExpired:
        table.missed += 1
        print("bench-ranks: the rest did not end in time: the machine is busy")
    finally:
        shutil.rmtree(folder)
    print(f"bench-ranks: {table.missed} wanted ratios missed; {time.monotonic() - began:.0f} s")
    return table.missed > 0


if __name__ == "__main__":
    sys.exit(main())
