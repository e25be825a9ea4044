# SPDX-License-Identifier: GPL-3.0-or-later
# Real runs, small: what is recorded, and that it holds together. No test asserts a duration but the least that sleeping takes.

bats_require_minimum_version 1.5.0

setup() {
    export BREAKEVEN_GNUPLOT=/nonexistent # nobody looks at figures here, and drawing them takes longer than measuring
    BREAKEVEN=${BREAKEVEN:-$PWD/build/breakeven}
    KERNELS=$(cd "$(dirname "$BREAKEVEN")/tests/kernels" 2>/dev/null && pwd)
    command -v python3 >/dev/null || skip "python3 is missing"
    cd "$BATS_TEST_TMPDIR"
}

breakeven() {
    timeout -k 5 100 "$BREAKEVEN" "$@"
}

check() { # EXPRESSION over s (samples), m (manifest), o (summary.json), by cell id
    python3 -c '
import json, sys
s = [json.loads(line) for line in open("run/samples.jsonl")]
m, o = json.load(open("run/manifest.json")), json.load(open("run/summary.json"))
assert eval(sys.argv[1]), sys.argv[1]' "$1"
}

@test "a run is recorded whole" {
    breakeven run --kernel square --delay 2ms --tasks 4 --runner openmp --threads 1,2 --reps 6 -o run
    for file in manifest.json topology.xml samples.jsonl summary.csv summary.json; do [ -s "run/$file" ]; done
    check "m['complete'] and m['stopped'] == 'reps' and m['schema'] == 1 and len(m['cells']) == 4"
    check "m['command'][1] == 'run' and m['host']['cpus'] >= 1 and m['build']['flags'] and m['topology']['cpus'] >= 1"
    check "m['protocol']['reps'] == 6 and m['clock']['cost_ns'] > 0 and 'environment' in m"
    check "sum(not x['instrumented'] for x in s) == 4 * 6 and all(x['status'] == 'ok' and x['verified'] == 'serial+published' for x in s)"
    check "all(x['wall_ns'] >= 0 and x['start_ns'] >= 0 and x['stop_ns'] >= 0 and x['user_ns'] >= 0 and \
           x['minor_faults'] > 0 and x['peak_rss_bytes'] > 0 and x['began_ns'] > 0 for x in s)"
    check "sorted(x['cell'] for x in s if x['block'] == 2) == [0, 1, 2, 3]"
    # one with spans of each cell, in the last three blocks, and at most two more instead of those that were disturbed
    check "all([x['block'] for x in of] == list(range(3, 4 + min(2, sum(bool(x.get('suspect')) for x in of)))) \
        for c in (1, 2, 3) for of in [[x for x in s if x['cell'] == c and x['instrumented']]])"
    check "not any(x['instrumented'] for x in s if x['cell'] == 0)"
    check "all(w['busy_ns'] > 0 for x in s if x['instrumented'] for w in x['workers'])"
    check "sum(c['duplicate'] != c['id'] for c in m['cells']) == 1"
    check "[x['cell'] for x in s][0] == 0" # the serial cell leads
    check "o['complete'] and len(o['cells']) == 4 and all(c['errors'] == 0 for c in o['cells'])"
}

@test "repetitions have random environments, the same in a second run of the plan" {
    breakeven run --kernel empty --tasks 10 --runner serial --reps 4 --seed 7 -o run
    check "m['seed'] == 7 and m['protocol']['padding_bytes_max'] == 4095"
}

@test "workers stand where they were put" {
    breakeven run --kernel square --delay 1ms --tasks 4 --runner openmp --threads 2 --placement none,close --reps 1 -o run
    check "all(w['cpus'].isdigit() for x in s if m['cells'][x['cell']]['placement'] == 'close' for w in x['workers'])"
}

@test "waiting scales with threads beyond the cpus: more tasks wait at one moment than cpus could compute" {
    breakeven run --kernel square --delay 20ms --tasks 64 --runner openmp --threads 64 --reps 1 --spans 1 -o run
    check "[x['wall_ns'] for x in s if x['cell'] == 0][0] >= 64 * 20e6"
    # one task each: it lies within [late, end] of its worker
    python3 -c '
import json
samples = [json.loads(line) for line in open("run/samples.jsonl")]
[timed] = [x for x in samples if x["instrumented"]]
spans = [(w["late_ns"], w["late_ns"] + w["busy_ns"]) for w in timed["workers"]]
most = max(sum(begin <= moment < end for begin, end in spans) for moment, _ in spans)
cpus = json.load(open("run/manifest.json"))["host"]["cpus"]
computed_ns = timed["user_ns"] + timed["system_ns"]
assert len(spans) == 64 and most > min(cpus, 32) and computed_ns < 64 * 20e6 / 2, (most, cpus, computed_ns, timed["wall_ns"])'
}

@test "--json prints the object of summary.json and nothing else" {
    breakeven run --kernel empty --tasks 10 --runner serial --reps 2 --json -o run >out
    python3 -c '
import json
assert json.load(open("out")) == json.load(open("run/summary.json"))'
    for format in json csv; do
        breakeven report run --format $format >out
        [ -s out ]
    done
    cmp out run/summary.csv
}

@test "results/latest is the newest run of the default place" {
    breakeven run --kernel empty --tasks 10 --runner serial --reps 1 --name first
    breakeven run --kernel empty --tasks 10 --runner serial --reps 1 --name second
    [[ $(readlink results/latest) == runs/*-second ]]
    [ "$(find results/runs -mindepth 1 -maxdepth 1 | wc -l)" = 2 ]
    breakeven report results/latest --json | grep -q '"run": "second"'
}

@test "--task-time calibrates, and says where it cannot" {
    breakeven run --kernel spin --task-time 20us --work 1ms --runner serial --reps 1 -o run
    check "m['cells'][0]['task_time_ns'] == 20000 and m['cells'][0]['size'] > 1 and 10 < m['cells'][0]['tasks'] < 200"
    run --separate-stderr breakeven run --kernel ep --task-time 1ns --tasks 10 --runner serial --reps 1 -o run2
    [ "$status" = 0 ]
    [[ $stderr == *"smallest task"* ]]
}

@test "--precision stops when it is reached, or says that it was not" {
    breakeven run --kernel square --delay 5ms --tasks 2 --runner serial --precision 90% --time-limit 60s -o run
    check "m['stopped'] == 'precision' and max(x['block'] for x in s) >= 9 and max(x['block'] for x in s) % 2 == 1"
    rm -r run
    run --separate-stderr breakeven run --kernel square --delay 1ms --tasks 2 --runner serial --precision 0.0001% --reps 12 -o run
    [ "$status" = 0 ]
    [[ $stderr == *"not converged"* ]]
    check "m['stopped'] == 'not converged' and max(x['block'] for x in s) == 11 and m['complete']"
}

@test "--time-limit begins no block beyond it" {
    breakeven run --kernel square --delay 50ms --tasks 4 --runner serial --reps 1000 --time-limit 1s -o run
    check "m['stopped'] == 'time limit' and 1 <= len(s) <= 5 and m['complete']"
}

@test "a user's kernel from a shared object" {
    [ -e "$KERNELS/divisors.so" ] || skip "the example is not built"
    breakeven run --kernel "$KERNELS/divisors.so" --runner openmp --threads 2 --reps 2 -o run
    check "all(x['status'] == 'ok' and x['verified'].startswith('serial') for x in s)"
}

@test "metg measures several sizes of the same work" {
    breakeven metg --runner openmp --schedule dynamic --task-time 1us,10us,100us --work 2ms --reps 2 -o run >out
    grep -q "METG(50%)" out
    check "len({c['size'] for c in m['cells']}) == 3 and all(c['study'] == 'granularity' for c in m['cells'])"
    rm -r run
    breakeven metg --runner openmp --schedule dynamic --task-time 1us,100us --work 2ms --reps 2 --efficiency 30% --json -o run >out
    python3 -c 'import json; o = json.load(open("out")); assert o["metg"][0]["efficiency"] == 0.3'
}

@test "the default experiment, quick, two of its studies" {
    [ -z "$SANITIZED" ] || skip "long"
    timeout -k 5 300 "$BREAKEVEN" run --quick --study chunk,placement --reps 2 --deadline 60s -o run >out
    check "{c['study'] for c in m['cells']} == {'chunk', 'placement'} and all(x['status'] == 'ok' for x in s)"
    [ -e run/report.html ]
}

@test "a time limit too short for the fewest repetitions: the dearest cells are left out, and it is said which" {
    [ -z "$SANITIZED" ] || skip "long"
    timeout -k 5 100 "$BREAKEVEN" run --quick --study chunk,placement --time-limit 300ms -o run >out 2>err
    grep -q "cells, the dearest, were left out, .* they are of study" err
    check "any('were left out' in n for n in m['notes']) and m['complete']"
    check "len({x['cell'] for x in s if x['block'] == 5}) < len(m['cells'])"
    check "any(c['duplicate'] != c['id'] and [x for x in s if x['cell'] == c['id'] and x['block'] == 5] for c in m['cells'])"
}

@test "a time limit that suffices for the headline times alone leaves out the repetitions with spans, and it is said" {
    breakeven run --kernel square --delay 30ms --tasks 2 --runner openmp --threads 1 --reps 6 --settle 0.1% \
        --time-limit 750ms -o run
    check "all(sum(x['cell'] == c for x in s) >= 6 for c in (0, 1)) and not any(x['instrumented'] for x in s)"
    check "any('no efficiency budget' in n for n in m['notes'])"
}

@test "what goes on beyond the fewest repetitions takes a small part of the time limit, and the A/A pair goes on" {
    breakeven run --kernel square,empty --task-time 2ms --tasks 10 --runner openmp --threads 1 --warmup 0 --settle 0.001% --reps 40 \
        --time-limit 7s -o run
    python3 -c '
import collections, json
cells = json.load(open("run/manifest.json"))["cells"]
taken = collections.Counter(s["cell"] for s in map(json.loads, open("run/samples.jsonl")) if not s["instrumented"])
counts = {kernel: [taken[c["id"]] for c in cells if c["kernel"] == kernel] for kernel in ("square", "empty")}
assert all(6 <= n <= 8 for n in counts["empty"]) and min(counts["square"]) > 8, counts'
}

@test "a first block that takes more than half of the time limit: what was not come to is left out, the first problem is not" {
    printf '%s\n' '[global]' 'reps = 6' 'time-limit = 1s' '[first]' 'kernel = empty' 'tasks = 10' 'runner = openmp' 'threads = 1' >mine.ini
    for study in a b c d; do
        printf '%s\n' "[$study]" 'kernel = square' 'delay = 400ms' 'tasks = 2' 'runner = openmp' 'threads = 1' >>mine.ini
    done
    breakeven run --file mine.ini -o run >out 2>err
    grep -q "were left out" err
    check "m['complete'] and len({m['cells'][x['cell']]['study'] for x in s} & {'a', 'b', 'c', 'd'}) in (1, 2)"
    check "'first' in {m['cells'][x['cell']]['study'] for x in s}"
}

@test "a time limit leaves out the dear cell in the middle and keeps the cheap one that is last" {
    [ -z "$SANITIZED" ] || skip "a sanitizer makes each cell dear"
    printf '%s\n' '[global]' 'reps = 6' 'time-limit = 4s' '[first]' 'kernel = empty' 'tasks = 10' 'runner = openmp' 'threads = 1' \
        '[dear]' 'kernel = square' 'delay = 150ms' 'tasks = 4' 'runner = openmp' 'threads = 1' \
        '[cheap]' 'kernel = square' 'delay = 1ms' 'tasks = 4' 'runner = openmp' 'threads = 1' >mine.ini
    breakeven run --file mine.ini -o run >out 2>err
    grep -q "were left out, .* they are of study dear" err
    # fewer where the machine was too slow: always the dearer ones first
    check "{m['cells'][x['cell']]['study'] for x in s if x['block'] == 5} in ({'first', 'cheap'}, {'first'}, set())"
}
