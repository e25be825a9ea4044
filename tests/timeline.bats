#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# run --timeline: what each worker did, in files that trace viewers open.

setup() {
    export BREAKEVEN_GNUPLOT=/nonexistent # nobody looks at figures here, and drawing them takes longer than measuring
    BREAKEVEN=${BREAKEVEN:-$PWD/build/breakeven}
    dir=$BATS_TEST_TMPDIR
    command -v python3 >/dev/null || skip "python3 is not here"
}

@test "each repetition with spans leaves a trace with every task in it once, inside the run phase" {
    run timeout -s KILL 60 "$BREAKEVEN" run --kernel spin --task-time 5us --tasks 300 --runner openmp,forkpool,hybrid \
        --processes 2 --threads 2 --schedule dynamic --chunk 7 --reps 2 --spans 2 --timeline --output "$dir/run"
    [ "$status" -eq 0 ]
    run timeout -s KILL 30 python3 - "$dir/run" <<'EOF'
import glob, json, os, sys
files = glob.glob(os.path.join(sys.argv[1], "timeline", "*.json"))
samples = [json.loads(line) for line in open(os.path.join(sys.argv[1], "samples.jsonl"))]
spanned = {(s["cell"], s["block"]): s for s in samples if s["instrumented"]}
assert len(files) == len(spanned) == 6, (len(files), len(spanned))
for path in files:
    cell, block = map(int, os.path.basename(path)[:-5].split("-"))
    sample, trace = spanned[cell, block], json.load(open(path))
    calls = [e for e in trace["traceEvents"] if e["ph"] == "X" and e["cat"] == "kernel"]
    tasks = sorted(i for e in calls for i in range(e["args"]["first"], e["args"]["first"] + e["args"]["tasks"]))
    assert tasks == list(range(300)), path
    assert trace["otherData"]["dropped"] == 0
    for worker in sample["workers"]:
        mine = [e for e in calls if e["tid"] == worker["worker"]]
        assert abs(sum(e["dur"] for e in mine) * 1000 - worker["busy_ns"]) < 1, path
    assert all(0 <= e["ts"] and (e["ts"] + e["dur"]) * 1000 <= sample["wall_ns"] + 1 for e in calls), path
    assert sum(b["tasks"] for b in sample["latency"]) == 300
print("good")
EOF
    echo "$output"
    [ "$output" = good ]
}

@test "without --timeline there is none, and calls beyond the room are counted" {
    run timeout -s KILL 60 "$BREAKEVEN" run --kernel empty --tasks 20000 --runner openmp --threads 2 --schedule dynamic \
        --chunk 1 --reps 1 --spans 1 --output "$dir/plain"
    [ "$status" -eq 0 ]
    [ ! -e "$dir/plain/timeline" ]
    run timeout -s KILL 60 "$BREAKEVEN" run --kernel empty --tasks 20000 --runner openmp --threads 2 --schedule dynamic \
        --chunk 1 --reps 1 --timeline --output "$dir/full"
    [ "$status" -eq 0 ]
    run timeout -s KILL 30 python3 -c "
import json
trace = json.load(open('$dir/full/timeline/1-0.json'))
calls = sum(e['ph'] == 'X' and e['cat'] == 'kernel' for e in trace['traceEvents'])
assert calls <= 2 * 4096 and trace['otherData']['dropped'] > 0
print(calls + trace['otherData']['dropped'])"
    [ "$output" = 20000 ]
}
