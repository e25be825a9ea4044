# breakeven selftest and openmp on the command line. A row that a loud machine spoils is skipped with its reason.

setup() {
    BREAKEVEN=${BREAKEVEN:-$PWD/build/breakeven}
}

@test "selftest --quick: no row falls short, exit 0, and each of V1 to V9 and V11 to V13 is there" {
    [ -z "${SANITIZED:-}" ] || skip "timings under sanitizers tell nothing"
    run timeout -k 1 230 "$BREAKEVEN" selftest --quick
    echo "$output" | grep -A1 'falls short' || true
    [ "$status" = 0 ]
    for row in V1 V2 V3 V4 V5 V6 V7 V8 V9 V11 V12 V13; do grep -q "^$row " <<<"$output"; done
    [[ ${lines[-1]} == *" rows: "*" hold, 0 fall short, "* ]]
}

@test "selftest --json with some rows only" {
    command -v python3 >/dev/null || skip "python3 is missing"
    run timeout -k 1 60 "$BREAKEVEN" selftest V1 V8 --quick --json
    [ "$status" = 0 ]
    python3 -c '
import json, sys
o = json.load(sys.stdin)
assert o["schema"] == 1 and o["failed"] == 0 and o["quick"] is True
assert {r["id"] for r in o["rows"]} == {"V1", "V8"}
assert all(r["outcome"] == "holds" and r["came_back"] and r["wanted"] for r in o["rows"])
' <<<"$output"
}

@test "selftest refuses rows that are not there, and options of others" {
    for words in "V99" "v1" "--reps 3" "--kernel spin"; do
        run timeout -k 1 60 "$BREAKEVEN" selftest $words
        [ "$status" = 2 ]
        [ "$(wc -l <<<"$output")" = 1 ]
    done
}

@test "openmp prints every construct, as text and JSON" {
    run timeout -k 1 100 "$BREAKEVEN" openmp --reps 2 --threads 2
    [ "$status" = 0 ]
    for construct in region region_loop loop barrier dynamic guided task task_producer; do
        grep -Eq "^$construct " <<<"$output"
    done
    command -v python3 >/dev/null || skip "python3 is missing"
    run timeout -k 1 100 "$BREAKEVEN" openmp --reps 2 --threads 2 --json
    [ "$status" = 0 ]
    python3 -c '
import json, sys
o = json.load(sys.stdin)
assert o["threads"] == 2 and len(o["constructs"]) == 8
assert all(c["overhead_ns"]["n"] == 2 for c in o["constructs"])
' <<<"$output"
    run "$BREAKEVEN" openmp --threads 1,2
    [ "$status" = 2 ]
    run "$BREAKEVEN" openmp --threads 2 --placement core:99
    [ "$status" = 2 ]
}
