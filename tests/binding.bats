#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# Each placement over each runner, with and without OMP_PROC_BIND: what is recorded of a worker is what /proc shows.

bats_require_minimum_version 1.5.0

setup() {
    command -v python3 >/dev/null || skip "python3 is missing"
    root=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
    export BREAKEVEN=$root/${BUILD:-build}/breakeven WHERE_KERNEL=$root/${BUILD:-build}/tests/kernels/where.so
    cd "$BATS_TEST_TMPDIR"
    read -r first second allowed < <(python3 -c '
import os, re
cpus = sorted(os.sched_getaffinity(0))
print(cpus[0], cpus[-1], re.search(r"Cpus_allowed_list:\s*(\S+)", open("/proc/self/status").read())[1])')
    [ "$first" != "$second" ] || skip "one cpu only"
}

measure() { # VARIABLES... -- placements over runners, each worker with a task at least
    export WHERE=$PWD/where
    rm -rf run where
    timeout -k 5 250 env "$@" "$BREAKEVEN" run --kernel "$WHERE_KERNEL" --tasks 16 --reps 1 --warmup 0 --workers 2 \
        --runner openmp,forkpool,hybrid,python --placement "none,env,close,spread,$second,$first,core:0-1" \
        --deadline 100s --output run 2>said
}

check() { # EXPRESSION of: cells, each with runner, placement, workers (cpus recorded) and proc (cpus seen in /proc)
    python3 - "$first" "$second" "$allowed" "$1" <<'PYTHON'
import json, os, subprocess, sys
first, second, allowed, expression = sys.argv[1:]
manifest = json.load(open("run/manifest.json"))
samples = sorted((json.loads(line) for line in open("run/samples.jsonl")), key=lambda s: s["began_ns"])
seen = [(int(time), thread, cpus) for time, thread, cpus in (line.split() for line in open("where"))]
cells = []
for sample, after in zip(samples, samples[1:] + [{"began_ns": 1 << 63}]):
    cell = manifest["cells"][sample["cell"]]
    assert sample["status"] == "ok" and "unbound" not in sample["suspect"], sample
    if cell["runner"] == "serial":
        continue
    threads = {(thread, cpus) for time, thread, cpus in seen if sample["began_ns"] <= time < after["began_ns"]}
    proc = sorted(cpus for thread, cpus in threads)
    cells.append({"threads": cell["threads"], "runner": cell["runner"], "placement": cell["placement"], "proc": proc,
                  "workers": sorted(worker["cpus"] for worker in sample["workers"])})
singles = sorted([first, second])


def planned(placement, threads):  # where topo says that two workers go
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "GOMP_"))}
    command = [os.environ["BREAKEVEN"], "topo", "-p", str(2 // threads), "-t", str(threads), "--placement", placement, "--json"]
    return sorted(worker["cpus"] for worker in json.loads(subprocess.check_output(command, env=plain))["workers"])


teams = 4 if "runner python is left out" in json.dumps(manifest) else 5  # hybrid is 1x2 and 2x1
spread = not any("placement spread gives 2 workers the cpus of close" in note for note in manifest["notes"])
assert len(cells) == (5 + spread) * teams, len(cells)
for cell in cells:
    assert cell["workers"] == cell["proc"] and len(cell["proc"]) == 2, cell
    if cell["placement"] == "none":
        assert cell["proc"] == [allowed] * 2, cell
    if cell["placement"] not in ("none", "env"):
        assert cell["proc"] == planned(cell["placement"], cell["threads"]), cell
    assert cell["placement"] != "env" or eval(expression), cell
PYTHON
}

@test "without OMP_PROC_BIND: none and env are unbound, and it is said" {
    measure -u OMP_PROC_BIND -u OMP_PLACES -u GOMP_CPU_AFFINITY
    check 'cell["proc"] == [allowed] * 2'
    grep -q "placement env: OMP_PROC_BIND" run/manifest.json
}

@test "with OMP_PROC_BIND: env binds OpenMP's threads as it says, none does not" {
    ! ldd "$BREAKEVEN" | grep -q llvm-14/lib/libomp || skip "libomp 14 ends in the child after fork where OMP_PLACES lists places"
    measure OMP_PROC_BIND=close OMP_PLACES="{$second},{$first}" OMP_NUM_THREADS=1
    check 'cell["proc"] == (singles if cell["runner"] == "openmp" else cell["proc"])'
    check 'cell["proc"] == ([allowed] * 2 if cell["runner"] in ("forkpool", "python") else cell["proc"])'
    grep -q "obeyed where the placement is env.*OMP_PLACES OMP_PROC_BIND" said
    run -0 --separate-stderr env OMP_PROC_BIND=close "$BREAKEVEN" run --kernel spin --task-time 10us --tasks 20 --reps 1 \
        --runner openmp --workers 2 --output plain
    [[ $stderr == *"not obeyed (a record keeps them, a command finds them): OMP_PROC_BIND"*env* ]]
}

@test "a team is as large as asked for, whatever OMP_NUM_THREADS and OMP_DYNAMIC say; OMP_THREAD_LIMIT is the reason where not" {
    small="run --kernel spin --task-time 10us --tasks 20 --reps 1 --warmup 0 --runner openmp --workers 2 --output"
    run -0 env OMP_NUM_THREADS=1 OMP_DYNAMIC=true "$BREAKEVEN" $small asked
    [ "$(grep -c '"worker": *1,' asked/samples.jsonl)" -ge 1 ]
    run -3 env OMP_THREAD_LIMIT=1 "$BREAKEVEN" $small limited
    [[ $output == *"OpenMP gave 1 threads of 2: see OMP_THREAD_LIMIT"* ]]
}
