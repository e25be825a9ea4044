# SPDX-License-Identifier: GPL-3.0-or-later
# A run has a verdict: where it is not to be trusted, that comes first, with its reasons, and nothing is recommended.

bats_require_minimum_version 1.5.0

setup() {
    export BREAKEVEN_GNUPLOT=/nonexistent # nobody looks at figures here, and drawing them takes longer than measuring
    BREAKEVEN=${BREAKEVEN:-$PWD/build/breakeven}
    command -v python3 >/dev/null || skip "python3 is missing"
    cd "$BATS_TEST_TMPDIR"
    timeout -k 5 200 "$BREAKEVEN" run --kernel spin --task-time 100us --tasks 20 --reps 6 --runner serial,openmp --threads 1,2 \
        --output run >/dev/null
}

# disturb SHARE: so many of the repetitions become suspect, evenly, and all others not; times all alike
disturb() {
    python3 -c '
import json, sys
share, lines = float(sys.argv[1]), [json.loads(line) for line in open("run/samples.jsonl")]
for i, sample in enumerate(lines):
    sample["suspect"] = "preempted" if int((i + 1) * share) > int(i * share) else ""
    sample["wall_ns"] = 1000000 + i
open("run/samples.jsonl", "w").write("".join(json.dumps(line) + "\n" for line in lines))' "$1"
}

verdict() {
    python3 -c 'import json, sys; s = json.load(sys.stdin); print(s["trust"]["verdict"], len(s["advice"]))' <<<"$output"
}

@test "undisturbed: trusted, with a recommendation" {
    disturb 0
    run "$BREAKEVEN" report run --json --strict
    [ "$status" = 0 ]
    [[ $(verdict) == "trusted 1" ]]
    run "$BREAKEVEN" report run --format text
    [[ $output != *"not to be trusted"* ]]
}

@test "93 % disturbed: not to be trusted, first of all, no recommendation, and --strict says so in the status" {
    disturb 0.93
    run --separate-stderr "$BREAKEVEN" report run --json --strict
    [ "$status" = 1 ]
    [[ $stderr == *"repetitions were disturbed"* ]]
    [[ $(verdict) == "not to be trusted 0" ]]
    run "$BREAKEVEN" report run --format text
    [ "$status" = 0 ]
    [[ $(grep -m1 '^\*' <<<"$output") == "* This run is not to be trusted: 9"*" % of "* ]]
    [[ $output != *"use the serial loop"* ]]
    [[ $output != *"need not worry you"* ]]
}

@test "how much may be disturbed: a fifth, with care, from a half on not to be trusted" {
    local known=("0.18 trusted" "0.25 with care" "0.45 with care" "0.55 not to be trusted") case
    for case in "${known[@]}"; do
        disturb "${case%% *}"
        run --separate-stderr "$BREAKEVEN" report run --json
        [[ $(verdict) == "${case#* } "* ]] || { echo "$case: $(verdict)"; return 1; }
    done
}
