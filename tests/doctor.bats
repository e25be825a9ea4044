# SPDX-License-Identifier: GPL-3.0-or-later
# breakeven doctor: findings with verdicts, as text and JSON; it changes nothing.

setup() {
    BREAKEVEN=${BREAKEVEN:-$PWD/build/breakeven}
}

@test "doctor names its findings and closes with counts; exit status 1 only with a bad one; advice with each that is not good" {
    run timeout -k 1 200 "$BREAKEVEN" doctor
    [ "$status" -le 1 ]
    for topic in cpus load governor quota "clock source" clock noise sleep siblings programs mpi; do
        grep -Eq "^(good|caution|bad) +$topic " <<<"$output"
    done
    if [ "$status" = 1 ]; then grep -q '^bad ' <<<"$output"; else ! grep -q '^bad ' <<<"$output"; fi
    [[ ${lines[-1]} == *"Nothing was changed." ]]
    # every finding that is not good says what to do
    awk '/^(caution|bad) / { waits = 1; next } / -> / { waits = 0; next } /^good / && waits { exit 1 }' <<<"$output"
}

@test "doctor --json is one object with the same findings" {
    command -v python3 >/dev/null || skip "python3 is missing"
    run timeout -k 1 200 "$BREAKEVEN" doctor --json
    [ "$status" -le 1 ]
    python3 -c '
import json, sys
o = json.load(sys.stdin)
assert o["schema"] == 1 and o["verdict"] in ("good", "caution", "bad")
assert len(o["findings"]) >= 10
worst = max(("good", "caution", "bad").index(f["verdict"]) for f in o["findings"])
assert ("good", "caution", "bad")[worst] == o["verdict"]
assert all(f["advice"] for f in o["findings"] if f["verdict"] != "good")
noise, = [f for f in o["findings"] if f["topic"] == "noise"]
assert o["figures"]["noise"] or noise["verdict"] != "good"  # a crowded machine may leave no time to probe, which is a finding
assert o["figures"]["clock_cost_ns"] > 0
' <<<"$output"
}

@test "doctor opens nothing of the system for writing" {
    [ -z "${COVERAGE:-}" ] || skip "gcov writes its counts"
    command -v strace >/dev/null || skip "strace is missing"
    strace -f -e trace=openat,open,creat -o "$BATS_TEST_TMPDIR/trace" true 2>/dev/null || skip "strace may not trace here"
    timeout -k 1 100 strace -f -e trace=openat,open,creat -o "$BATS_TEST_TMPDIR/trace" "$BREAKEVEN" doctor || [ $? = 1 ]
    grep -q openat "$BATS_TEST_TMPDIR/trace"
    # /proc/self/task: the MPI library, in the ranks that are tried, names its threads
    ! grep -E 'O_WRONLY|O_RDWR|O_CREAT' "$BATS_TEST_TMPDIR/trace" | grep -Ev '"/dev/(null|shm|pts|ptmx|tty)|"/proc/self/task/[0-9]+/comm"'
}

@test "doctor takes no operand and no other option" {
    run "$BREAKEVEN" doctor now
    [ "$status" = 2 ]
    run "$BREAKEVEN" doctor --reps 3
    [ "$status" = 2 ]
}
