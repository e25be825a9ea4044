# SPDX-License-Identifier: GPL-3.0-or-later
# breakeven compare on recorded runs (made up by the simulator): verdicts, exit status, refusals.

setup() {
    BREAKEVEN=${BREAKEVEN:-$PWD/build/breakeven}
    SIMULATE=${BUILD:-$PWD/build}/tests/simulate
    cd "$BATS_TEST_TMPDIR"
}

# simulate DIR SEED [MACHINE [BLOCKS]]: a run of 20 blocks: enough to resolve 10 % against a margin of 5 %, whatever the seed
simulate() {
    case $SIMULATE in /*) ;; *) SIMULATE=$OLDPWD/$SIMULATE ;; esac
    "$SIMULATE" "$1" "${3:-small}" "${4:-20}" "$2"
}

# slow DIR CELL FACTOR: that cell's run phases take FACTOR times as long
slow() {
    awk -v cell="$2" -v factor="$3" '
        $0 ~ "\"cell\": ?" cell "," && match($0, /"wall_ns": ?[0-9]+/) {
            part = substr($0, RSTART, RLENGTH); number = part; sub(/.*[ :]/, "", number)
            sub(part, "\"wall_ns\": " sprintf("%.0f", number * factor))
        } { print }' "$1/samples.jsonl" > samples && mv samples "$1/samples.jsonl"
}

@test "a run is the same as itself, exit 0" {
    simulate a 1
    run "$BREAKEVEN" compare a a
    [ "$status" = 0 ]
    [[ $output == *" 0 faster, 0 slower, "* ]]
    [[ $output == *", 0 unresolved."* ]]
}

@test "another run of the same is not called slower, exit 0" {
    simulate a 1
    simulate b 2
    run "$BREAKEVEN" compare a b
    [ "$status" = 0 ]
    [[ $output == *" 0 faster, 0 slower, "* ]]
}

@test "one cell slowed by 10 % is found at a margin of 5 %, exit 1" {
    simulate a 1
    simulate b 2
    slow b 3 1.10
    run "$BREAKEVEN" compare a b --margin 5%
    [ "$status" = 1 ]
    [[ $output == *" 0 faster, 1 slower, "* ]]
    run "$BREAKEVEN" compare b a --margin 5%
    [ "$status" = 0 ]
    [[ $output == *" 1 faster, 0 slower, "* ]]
}

@test "one slowed by 1 % is not called slower, exit 0" {
    simulate a 1
    simulate b 2
    slow b 3 1.01
    run "$BREAKEVEN" compare a b --margin 5%
    [ "$status" = 0 ]
}

# recalibrated RUN FACTOR: a copy of ./a as another host calibrated it: its cells hold FACTOR times the work and take as much longer
recalibrated() {
    cp -r a "$1"
    python3 - "$@" <<'END'
import json, sys
name, factor = sys.argv[1], float(sys.argv[2])
manifest = json.load(open(name + "/manifest.json"))
manifest["host"]["hostname"] = "another"
assert any(cell["task_time_ns"] for cell in manifest["cells"])
for cell in manifest["cells"]:
    if cell["task_time_ns"]:
        cell["size"] = round(cell["size"] * factor)
json.dump(manifest, open(name + "/manifest.json", "w"))
samples = [json.loads(line) for line in open(name + "/samples.jsonl")]
for sample in samples:
    if manifest["cells"][sample["cell"]]["task_time_ns"] and sample["wall_ns"] > 0:
        sample["wall_ns"] = round(sample["wall_ns"] * factor)
open(name + "/samples.jsonl", "w").writelines(json.dumps(sample) + "\n" for sample in samples)
END
}

@test "cells that two runs calibrated for the same time per task are compared for equal work, and the hosts are named" {
    simulate a 1
    recalibrated b 1.2
    run "$BREAKEVEN" compare a b
    [ "$status" = 0 ]
    [[ $output == *" 0 faster, 0 slower, "*", 0 unresolved."* ]]
    [[ $output == *"calibrated by each run for itself, with 1."*" to 1.2 times the work in NEW"* ]]
    [[ $output == *"The hosts are "*" in BASE, another in NEW."* ]]
    recalibrated c 3 # another question
    run "$BREAKEVEN" compare a c
    [ "$status" = 2 ]
    [[ $output == *"differs in size"* ]]
}

@test "a run that is not to be trusted is said to be one, first" {
    simulate a 1
    cp -r a b
    python3 - <<'END'
import json
manifest = json.load(open("b/manifest.json"))
manifest["simulated"] = False # a model's runs have no verdict
json.dump(manifest, open("b/manifest.json", "w"))
samples = [json.loads(line) for line in open("b/samples.jsonl")]
for sample in samples:
    sample["suspect"] = "preempted"
open("b/samples.jsonl", "w").writelines(json.dumps(sample) + "\n" for sample in samples)
END
    run --separate-stderr "$BREAKEVEN" compare a b
    [ "$status" = 0 ]
    [[ ${lines[0]} == "NEW is not to be trusted: 100 % of "* ]]
    run --separate-stderr "$BREAKEVEN" compare b a --json
    [[ $stderr == *"BASE is not to be trusted: "* ]]
    python3 -c 'import json, sys; json.load(sys.stdin)' <<<"$output"
}

@test "--json says the same" {
    simulate a 1
    simulate b 2
    slow b 3 1.10
    run "$BREAKEVEN" compare a b --json
    [ "$status" = 1 ]
    [ "$(grep -c '"verdict": "slower"' <<<"$output")" = 1 ]
    [[ $output == *'"margin": 0.05'* ]]
    if command -v python3 >/dev/null; then python3 -m json.tool <<<"$output" >/dev/null; fi
}

@test "another machine, other sizes, other kernels are refused with the reason, status 2, unless forced" {
    simulate a 1
    simulate b 2 server
    run "$BREAKEVEN" compare a b
    [ "$status" = 2 ]
    [[ $output == *--force* ]]
    [ "$(wc -l <<<"$output")" = 1 ]
    run "$BREAKEVEN" compare a b --force
    [ "$status" = 1 ] || [ "$status" = 3 ]
    [[ $output == *Forced:* ]]
}

@test "what is no run is refused in one line, status 2" {
    simulate a 1
    mkdir empty
    for other in empty missing /dev/null; do
        run "$BREAKEVEN" compare a "$other"
        [ "$status" = 2 ]
        [ "$(wc -l <<<"$output")" = 1 ]
    done
    run "$BREAKEVEN" compare a
    [ "$status" = 2 ]
    run "$BREAKEVEN" compare a a a
    [ "$status" = 2 ]
    for margin in 0% -1% 5 abc ""; do
        run "$BREAKEVEN" compare a a --margin "$margin"
        [ "$status" = 2 ]
    done
}

@test "a cell without a good sample in NEW: status 3, and it is named" {
    simulate a 1
    simulate b 2
    sed -i -E '/"cell": ?3,/s/"status": ?"ok"/"status": "killed"/' b/samples.jsonl
    run "$BREAKEVEN" compare a b
    [ "$status" = 3 ]
    [[ $output == *"no good sample in NEW"* ]]
}

# without DIR RUNNER: a run that never had that runner's cells; prints how many they were (a cell measured twice is one)
without() {
    python3 - "$@" <<'END'
import json, sys
name, runner = sys.argv[1:]
manifest = json.load(open(name + "/manifest.json"))
kept = [cell for cell in manifest["cells"] if cell["runner"] != runner]
print(sum(cell["runner"] == runner and cell["duplicate"] == cell["id"] for cell in manifest["cells"]))
ids = {cell["id"]: at for at, cell in enumerate(kept)}
manifest["cells"] = [dict(cell, **{key: ids[cell[key]] for key in ("id", "baseline", "duplicate")}) for cell in kept]
json.dump(manifest, open(name + "/manifest.json", "w"))
samples = [json.loads(line) for line in open(name + "/samples.jsonl")]
samples = [dict(sample, cell=ids[sample["cell"]]) for sample in samples if sample["cell"] in ids]
open(name + "/samples.jsonl", "w").writelines(json.dumps(sample) + "\n" for sample in samples)
END
}

@test "cells of BASE that have vanished from NEW: status 3, named and counted; a slower one is still 1" {
    simulate a 1
    cp -r a b
    gone=$(without b openmp)
    [ "$gone" -gt 1 ]
    run "$BREAKEVEN" compare a b
    [ "$status" = 3 ]
    [[ $output == *" 0 faster, 0 slower, "* ]]
    [ "$(grep -c "^In BASE alone, so not compared: .*openmp" <<<"$output")" = "$gone" ]
    [ "$(grep -c "^In BASE alone, so not compared: square openmp 1x2 64 x 10ms spread$" <<<"$output")" = 1 ]
    run "$BREAKEVEN" compare a b --json
    [ "$status" = 3 ]
    python3 -c '
import json, sys
told, gone = json.load(sys.stdin), int(sys.argv[1])
assert told["only_base"] == len(told["vanished"]) == gone and told["only_new"] == 0, told["only_base"]
assert {cell["runner"] for cell in told["vanished"]} == {"openmp"}, told["vanished"]' "$gone" <<<"$output"
    run "$BREAKEVEN" compare b a    # nothing that BASE had is gone
    [ "$status" = 0 ]
    [[ $output == *"Left out, in NEW alone: $gone."* ]]
    slow b 2 1.5
    run "$BREAKEVEN" compare a b
    [ "$status" = 1 ]
    [ "$(grep -c "^In BASE alone" <<<"$output")" = "$gone" ]
}

@test "no good sample in either run is a failure, not too few repetitions: 3" {
    simulate a 1
    sed -i -E 's/"status": ?"ok"/"status": "killed"/' a/samples.jsonl
    for new in a b; do
        [ -d "$new" ] || simulate "$new" 2
        run "$BREAKEVEN" compare a "$new"
        [ "$status" = 3 ]
        [[ $output == *"no good sample in BASE"*"NOTHING COULD BE DECIDED: no cell has a good sample in both runs."* ]]
    done
}

# slow_all DIR FACTOR: every cell
slow_all() {
    awk -v factor="$2" '
        match($0, /"wall_ns": ?[0-9]+/) {
            part = substr($0, RSTART, RLENGTH); number = part; sub(/.*[ :]/, "", number)
            sub(part, "\"wall_ns\": " sprintf("%.0f", number * factor))
        } { print }' "$1/samples.jsonl" > samples && mv samples "$1/samples.jsonl"
}

@test "six repetitions: every time x 10 is slower, x 1.1 shows in the whole run, five can decide nothing: 4" {
    simulate a 1 small 6
    cp -r a b
    slow_all b 10
    run "$BREAKEVEN" compare a b
    [ "$status" = 1 ]
    [[ $output == *", 0 the same, "* ]]
    simulate c 2 small 6
    slow_all c 1.1
    run "$BREAKEVEN" compare a c
    [ "$status" = 1 ]
    [[ $output == *"The whole run, geometric mean of "*": slower"* ]]
    simulate d 1 small 4
    cp -r d e
    slow_all e 10
    run "$BREAKEVEN" compare d e
    [ "$status" = 4 ]
    [[ $output == *"NOTHING COULD BE DECIDED: 4 repetitions"*"about 6 "* ]]
}

# software DIR TEXT: what the manifest says of it
software() { sed -i "0,/{/s//{ \"software\": $2,/" "$1/manifest.json"; }

@test "libraries, compiler and settings that are not the same are named; the program is not" {
    simulate a 1
    simulate b 2
    run "$BREAKEVEN" compare a b
    [[ $output != *"not the same:"* ]]
    software a '{"program": {"build_id": "p"}, "openmp": {"path": "libgomp.so.1", "build_id": "aa"}, "python": {"gil": true}}'
    run "$BREAKEVEN" compare a b
    [[ $output == *"not the same: NEW does not say what software it ran on"* ]]
    software b '{"program": {"build_id": "q"}, "openmp": {"path": "libgomp.so.1", "build_id": "bb"}, "libc": {"version": "2.41"}}'
    run "$BREAKEVEN" compare a b
    [ "$status" = 0 ]
    [[ $output == *"not the same: openmp.build_id is aa in BASE, bb in NEW; python is"*"libc is nothing in BASE, "* ]]
    [[ $output != *program.build_id* ]]
    run "$BREAKEVEN" compare a b --json
    [[ $output == *'"software": "openmp.build_id is aa'* ]]
}

# slow_build SHARE: a breakeven whose kernels take SHARE times as long again
slow_build() {
    cat > slow <<END
#!/bin/bash
if [ "\$1" = _cell ]; then
    spec=\$(cat <&3)
    exec 3<<<"\${spec/\"inject\":null/\"inject\":{\"work_share\":$1\}}"
fi
exec $BREAKEVEN "\$@"
END
    chmod +x slow
}

@test "kernels of one name from two shared objects are told apart in every table" {
    mkdir a b
    cp "$(dirname "$BREAKEVEN")/tests/kernels/divisors.so" a/k.so
    cp a/k.so b/k.so
    run timeout -k 1 120 "$BREAKEVEN" run --kernel ./a/k.so,./b/k.so --tasks 20 --runner serial --reps 6 --spans 0 -o two
    echo "$output"
    [ "$status" = 0 ]
    run "$BREAKEVEN" compare two two
    for which in a b; do [ "$(grep -c "($which/k.so) serial" <<<"$output")" = 1 ]; done
    run "$BREAKEVEN" report two
    [[ $output == *"(a/k.so)"*"(b/k.so)"* ]]
}

@test "run --versus pairs two builds; one that is ten times as slow is found" {
    slow_build 9
    for out in same again; do # one comparison in twenty may find a difference where there is none, two in a row may not
        run timeout -k 1 120 "$BREAKEVEN" run --kernel spin --task-time 10us --tasks 1000 --runner serial --reps 8 --spans 0 \
            --versus "$BREAKEVEN" -o $out
        [[ $output == *": 0 faster, 0 slower"* ]] && break
    done
    [ "$status" = 0 ] || [ "$status" = 4 ] # a machine that is busy resolves nothing
    [[ $output == *" paired, margin 5 %: 0 faster, 0 slower, "* ]]
    run timeout -k 1 120 "$BREAKEVEN" run --kernel spin --task-time 10us --tasks 1000 --runner serial --reps 16 --spans 0 \
        --versus ./slow -o faster --json
    echo "$output"
    [ "$status" = 0 ]
    [[ $output == *'"verdict": "faster"'* ]]
    run "$BREAKEVEN" compare faster/new faster/base
    [ "$status" = 1 ]
    [[ $output == *" paired, margin"* ]]
    [ "$(wc -l < faster/base/samples.jsonl)" = "$(wc -l < faster/new/samples.jsonl)" ]
    [ "$(grep -h '"together"' faster/base/manifest.json faster/new/manifest.json | sort -u | wc -l)" = 1 ]
}

@test "run --versus of an experiment: its time limit is for each build, one of the command line for both" {
    printf '[global]\nreps = 6\nspans = 0\ntime-limit = 40s\n[empty]\nkernel = empty\ntasks = 10\nrunner = serial\n' >experiment.ini
    run timeout -k 1 120 "$BREAKEVEN" run --file experiment.ini --versus "$BREAKEVEN" -o each
    run timeout -k 1 120 "$BREAKEVEN" run --file experiment.ini --time-limit 40s --versus "$BREAKEVEN" -o both
    grep -q '"time_limit_ns": 80000000000' each/new/manifest.json
    grep -q '"time_limit_ns": 40000000000' both/new/manifest.json
}

@test "run --versus something else than a build is refused, status 2, nothing written" {
    for other in /bin/true /nowhere . ; do
        run timeout -k 1 200 "$BREAKEVEN" run --kernel empty --reps 1 --versus "$other" -o out
        [ "$status" = 2 ]
        [ "$(wc -l <<<"$output")" = 1 ]
        [ ! -e out ]
    done
    run "$BREAKEVEN" run --kernel empty --reps 1 --margin 5% -o out
    [ "$status" = 2 ]
}

@test "runs recorded by older commits (their names) are still read, and are comparable" {
    for old in "$BATS_TEST_DIRNAME"/fixtures/recorded/*; do
        cp -r "$old" old
        "$BREAKEVEN" report --json old > summary.json
        [ "$(grep -c '"runner"' summary.json)" -gt 1 ]
        run "$BREAKEVEN" compare old old
        [ "$status" != 2 ]
        [[ $output == *"0 faster, 0 slower"* ]]
        rm -r old
    done
}
