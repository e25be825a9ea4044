# SPDX-License-Identifier: GPL-3.0-or-later
# run --share K/N and report of several folders: parts of a plan, measured by several jobs, are one run.

bats_require_minimum_version 1.5.0

setup() {
    export BREAKEVEN_GNUPLOT=/nonexistent # nobody looks at figures here, and drawing them takes longer than measuring
    BREAKEVEN=${BREAKEVEN:-$PWD/build/breakeven}
    HOLD=$PWD/tests/schema.py SCHEMAS=$PWD/docs/schema
    cd "$BATS_TEST_TMPDIR"
}

# part K/N OPTIONS..: into the folder K
part() {
    "$BREAKEVEN" run --kernel primes --tasks 40 --size 10 --runner openmp,forkpool --workers 1,2 --reps 2 --spans 0 --warmup 0 \
        --share "$1" -o "${1%/*}" "${@:2}" >/dev/null
}

# holds EXPRESSION: of a run's folder r, its samples s and its manifest m
holds() {
    python3 - "$@" <<'END'
import json, sys
r, expression = sys.argv[1:]
s = [json.loads(line) for line in open(r + "/samples.jsonl")]
m = json.load(open(r + "/manifest.json"))
assert eval(expression), (s, m["notes"])
END
}

@test "every configuration is in one part, with its serial one, and the whole has them all" {
    for k in 1 2 3; do part $k/3; done
    holds 1 'm["complete"] and m["share"] == {"part": 1, "of": 3} and {x["cell"] for x in s} == {0, 1, 4} and len(s) == 6'
    holds 3 '{x["cell"] for x in s} == {0, 3} and len(s) == 4'
    "$BREAKEVEN" report -o whole --format csv 3 1 2 >table
    [ "$(grep -c primes table)" = 5 ]
    holds whole 'm["complete"] and "share" not in m and [p["part"] for p in m["joined"]] == [3, 1, 2] and len(s) == 14'
    holds whole 'sorted({x["block"] for x in s}) == list(range(6)) and all(x["cell"] == 0 or \
        any(y["cell"] == 0 and y["block"] == x["block"] for y in s) for x in s)'
    for python in python3 /usr/bin/python3; do
        $python -c 'import jsonschema' 2>/dev/null || continue
        $python "$HOLD" "$SCHEMAS/manifest.schema.json" 1/manifest.json whole/manifest.json
        break
    done
}

@test "what does not fit together is told, and what is missing too" {
    part 1/2
    part 2/2 --seed 7
    mv 2 other
    part 2/2
    mv 2 twice
    part 2/2
    "$BREAKEVEN" run --kernel primes --tasks 40 --size 10 --runner openmp --workers 1 --reps 1 -o alone >/dev/null
    run "$BREAKEVEN" report -o whole 1 other
    [ "$status" = 2 ] && [[ $output == *"other is a part of another run than 1: "* ]]
    run "$BREAKEVEN" report -o whole 2 twice
    [ "$status" = 2 ] && [[ $output == *"2 and twice are the same part, 2"* ]]
    run "$BREAKEVEN" report -o whole 1 alone
    [ "$status" = 2 ] && [[ $output == *"alone is no part of a run"* ]]
    [ ! -e whole ]
    cp -r alone again # two runs that are no parts stand side by side
    BREAKEVEN_GNUPLOT=/nonexistent "$BREAKEVEN" report -o beside alone again >text 2>/dev/null
    grep -qx 'alone:' text && grep -qx 'again:' text && grep -q 'breakeven compare alone again' text
    [ "$(grep -o '<iframe' beside/report.html | wc -l)" = 2 ]
    "$BREAKEVEN" report --json alone again | python3 -c 'import json, sys; assert [r["schema"] for r in json.load(sys.stdin)] == [1, 1]'
    run "$BREAKEVEN" report --format csv alone again
    [ "$status" = 2 ] && [[ $output == *"--format csv is of one run"* ]]
    run "$BREAKEVEN" report -o whole --format csv 1
    [ "$status" = 2 ]
    run "$BREAKEVEN" run --kernel spin --task-time 1us --share 1/2 -o none
    [ "$status" = 2 ] && [[ $output == *"--share needs"* ]]
    run "$BREAKEVEN" run --kernel spin --share 3/2 -o none
    [ "$status" = 2 ] && [[ $output == *"not a part of a whole"* ]]
}
