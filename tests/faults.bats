# SPDX-License-Identifier: GPL-3.0-or-later
# Faults: a kernel that misbehaves, a killed repetition, Ctrl-C, a full disk: each costs its samples and nothing else.

bats_require_minimum_version 1.5.0

setup() {
    export BREAKEVEN_GNUPLOT=/nonexistent # nobody looks at figures here, and drawing them takes longer than measuring
    BREAKEVEN=${BREAKEVEN:-$PWD/build/breakeven}
    KERNELS=$(cd "$(dirname "$BREAKEVEN")/tests/kernels" 2>/dev/null && pwd)
    command -v python3 >/dev/null || skip "python3 is missing"
    cd "$BATS_TEST_TMPDIR"
    export BREAKEVEN_TEST=$BATS_TEST_TMPDIR
}

# samples DIR EXPRESSION: of the samples, as a list of objects s, the expression must be true
samples() {
    python3 -c '
import json, sys
s = [json.loads(line) for line in open(sys.argv[1] + "/samples.jsonl")]
assert eval(sys.argv[2]), [(x["cell"], x["block"], x["status"], x["cause"]) for x in s]' "$@"
}

manifest() { # DIR EXPRESSION, of the manifest m
    python3 -c '
import json, sys
m = json.load(open(sys.argv[1] + "/manifest.json"))
assert eval(sys.argv[2]), {k: m[k] for k in ("complete", "stopped")}' "$@"
}

# No repetition of this test runs: other runs on this machine are not ours to judge.
nobody_left() {
    local pid
    for pid in $(pgrep -f '^breakeven _'); do
        if grep -qz "^BREAKEVEN_TEST=$BREAKEVEN_TEST\$" "/proc/$pid/environ" 2>/dev/null; then return 1; fi
    done
}

# faulty KERNEL CAUSE [OPTION ..]: both of its cells fail in both repetitions with that cause; the good kernel beside it
# is measured; exit status 3
faulty() {
    [ -n "$KERNELS" ] || skip "no test kernels built"
    local kernel=$1 cause=$2
    shift 2
    run --separate-stderr timeout -k 5 200 "$BREAKEVEN" run --kernel "$KERNELS/$kernel.so",empty --runner openmp --threads 2 \
        --reps 2 -o run "$@"
    [ "$status" = 3 ]
    [[ $stderr == *"$cause"* ]]
    samples run "all(x['status'] != 'ok' and '''$cause''' in x['cause'] and x['wall_ns'] == -1 for x in s if x['cell'] < 2)"
    samples run "len(s) == 8 and all(x['status'] == 'ok' and x['wall_ns'] > 0 for x in s if x['cell'] >= 2)"
    manifest run "m['complete']"
    nobody_left
}

@test "a kernel that crashes" { faulty crash "signal 11 (Segmentation fault)"; }
@test "a kernel that writes beyond its results" {
    [ -z "$SANITIZED" ] || skip "a sanitizer's report comes first"
    faulty overflow "signal 11 (Segmentation fault)"
}
@test "every cell failed: status 3, and nothing is recommended" {
    [ -n "$KERNELS" ] || skip "no test kernels built"
    run --separate-stderr timeout -k 5 60 "$BREAKEVEN" run --kernel "$KERNELS/crash.so" --runner openmp --threads 2 --reps 2 -o run
    [ "$status" = 3 ]
    [[ $stderr == *"signal 11"* ]]
    samples run "len(s) == 4 and all(x['status'] != 'ok' for x in s)"
    python3 -c 'import json; s = json.load(open("run/summary.json")); assert s["complete"] and not s["advice"]'
}
@test "more threads than the user may have: OpenMP's own reason is told" {
    [ "$(id -u)" = 0 ] || skip "only root can become a user who has no other process"
    [ -z "${SANITIZED:-}" ] || skip "a sanitizer has a thread of its own"
    ldd "$BREAKEVEN" | grep -q libgomp || skip "the reason is in libgomp's words"
    local other
    other=$(mktemp -d)
    cp "$BREAKEVEN" "$other" && chmod 777 "$other"
    run -3 setpriv --reuid 54321 --clear-groups prlimit --nproc=40 "$other/breakeven" run --kernel spin --task-time 10us \
        --tasks 100 --reps 1 --warmup 0 --runner hybrid --processes 2 --threads 64 --output "$other/run"
    rm -rf "$other"
    # libgomp writes its name and its words apart: where two workers fail at once the words alone may be the last line
    [[ "$output" == *"the task called exit: "*"Thread creation failed: Resource temporarily unavailable"* ]]
}

@test "a kernel that hangs" {
    faulty hang "deadline of 2.5 s passed" --deadline 2500ms
    samples run "all(x['status'] == 'timeout' for x in s if x['cell'] < 2)"
}
@test "a kernel that exits" { faulty exits "before its results were complete"; }
@test "a kernel that forks" { faulty forks "behind"; }
@test "a kernel with a wrong result" { faulty wrong "wrong result: "; }
@test "a kernel that eats memory" {
    [ -z "$SANITIZED" ] || skip "sanitizers take memory without bound themselves"
    faulty eats "signal" --memory 200MiB
}

@test "a kernel whose results differ from run to run" {
    [ -n "$KERNELS" ] || skip "no test kernels built"
    run --separate-stderr timeout -k 5 200 "$BREAKEVEN" run --kernel "$KERNELS/fickle.so" --runner openmp --threads 2 --reps 2 -o run
    [ "$status" = 3 ]
    samples run "s[0]['status'] == 'ok' and all('differs from the serial one' in x['cause'] for x in s[1:])"
}

@test "kill -9 of a repetition: the run ends, that sample says signal 9, status 3" {
    timeout -k 5 200 "$BREAKEVEN" run --kernel square --delay 100ms --tasks 4 --runner openmp --threads 2 --reps 3 -o run \
        >out 2>err 3>&- &
    local timeout=$! status=0
    for _ in $(seq 500); do [ -s run/samples.jsonl ] && break; sleep 0.01; done
    for _ in $(seq 500); do pkill -KILL -P "$(pgrep -P "$timeout")" && break; sleep 0.01; done
    wait "$timeout" || status=$?
    [ "$status" = 3 ]
    samples run "sum(x['status'] == 'killed' and 'signal 9 (Killed)' in x['cause'] for x in s) == 1 and len(s) == 6"
    manifest run "m['complete']"
    nobody_left
}

@test "Ctrl-C leaves a valid run, 130, nobody behind; --resume finishes it" {
    set -m # a background job of its own group, in which INT is not ignored
    timeout -k 5 120 "$BREAKEVEN" run --kernel square --delay 50ms --tasks 6 --runner openmp --threads 1,2 --reps 8 -o run \
        >out 2>err 3>&- &
    local pid=$! ended=0
    set +m
    for _ in $(seq 3000); do [ -s run/samples.jsonl ] && break; sleep 0.02; done
    kill -INT $pid
    wait $pid || ended=$?
    [ "$ended" = 130 ]
    grep -q -- "--resume run" err
    nobody_left
    manifest run "not m['complete'] and m['stopped'] == 'interrupted'"
    samples run "0 < len(s) < 4 * 8 and all(x['status'] == 'ok' for x in s)"
    run timeout -k 5 100 "$BREAKEVEN" report run --json
    [ "$status" = 0 ]
    local before
    before=$(wc -l <run/samples.jsonl)
    printf '{"cell":1,"blo' >>run/samples.jsonl # a line cut short by a power loss
    run --separate-stderr timeout -k 5 200 "$BREAKEVEN" run --resume run
    [ "$status" = 0 ]
    manifest run "m['complete'] and m['stopped'] == 'reps'"
    samples run "len(s) > $before and sorted({(x['cell'], x['block'], x['instrumented']) for x in s}) == \
        sorted((x['cell'], x['block'], x['instrumented']) for x in s) and sum(not x['instrumented'] for x in s) == 4 * 8"
    run "$BREAKEVEN" run --resume run
    [ "$status" = 2 ]
}

@test "SIGTERM and SIGHUP likewise" {
    for signal in TERM HUP; do
        timeout -k 5 120 "$BREAKEVEN" run --kernel square --delay 100ms --tasks 6 --runner serial --reps 50 -o "run-$signal" \
            >out 2>&1 3>&- &
        local pid=$! ended=0
        for _ in $(seq 3000); do
            if [ -s "run-$signal/samples.jsonl" ]; then break; fi
            sleep 0.02
        done
        kill -$signal $pid
        wait $pid || ended=$?
        [ "$ended" = 130 ]
        manifest "run-$signal" "not m['complete']"
    done
    nobody_left
}

@test "kill -9 of the planner leaves nobody and a run that can be finished" {
    timeout -k 5 200 "$BREAKEVEN" run --kernel square --delay 100ms --tasks 6 --runner serial --reps 6 -o run >out 2>err 3>&- &
    for _ in $(seq 500); do [ -s run/samples.jsonl ] && break; sleep 0.01; done
    kill -KILL "$(pgrep -P $!)"
    wait $! || true
    for _ in $(seq 100); do nobody_left && break; sleep 0.02; done
    nobody_left
    manifest run "not m['complete']"
    run timeout -k 5 200 "$BREAKEVEN" run --resume run
    [ "$status" = 0 ]
    manifest run "m['complete']"
}

@test "a full disk: what was taken is kept" {
    (
        ulimit -f 40 # blocks of 1 KiB; SIGXFSZ and EFBIG stand for a full disk
        timeout -k 5 200 "$BREAKEVEN" run --kernel empty --tasks 10 --runner serial --reps 2000 -o run >out 2>err
    ) || status=$?
    [ "$status" = 3 ]
    [ "$(grep -c "what was measured before is kept" err)" = 1 ]
    samples run "len(s) > 20 and all(x['status'] == 'ok' for x in s)"
    manifest run "not m['complete']"
    run "$BREAKEVEN" report run --json
    [ "$status" = 0 ]
}

@test "a file system that is full" {
    [ "$(id -u)" = 0 ] || skip "needs root to make one"
    mkdir small
    mount -t tmpfs -o size=128k none small 2>/dev/null || skip "may not mount here"
    run --separate-stderr timeout -k 5 200 "$BREAKEVEN" run --kernel empty --tasks 10 --runner serial --reps 2000 -o small/run
    cp -r small/run run
    umount small
    [ "$status" = 3 ]
    [[ $stderr == *"No space left"* ]]
    samples run "len(s) > 20 and all(x['status'] == 'ok' for x in s)"
}

@test "a closed stdout loses nothing" {
    run --separate-stderr bash -c "timeout -k 5 200 '$BREAKEVEN' run --kernel empty --tasks 10 --runner serial --reps 2 -o run >&-"
    [ "$status" = 2 ]
    samples run "len(s) == 2"
    manifest run "m['complete']"
    run --separate-stderr bash -c "timeout -k 5 200 '$BREAKEVEN' run --kernel empty --tasks 10 --runner serial --reps 2 -o run2 | true"
    samples run2 "len(s) == 2"
}

@test "closed stdin, stdout and stderr together" {
    run bash -c "timeout -k 5 200 '$BREAKEVEN' run --kernel empty --tasks 10 --runner openmp --threads 2 --reps 2 -o run <&- >&- 2>&-"
    [ "$status" = 2 ]
    samples run "len(s) == 4 and all(x['status'] == 'ok' for x in s)"
}
