# SPDX-License-Identifier: GPL-3.0-or-later
# breakeven selftest and openmp on the command line. A row that a loud machine spoils is skipped with its reason.

setup() {
    BREAKEVEN=${BREAKEVEN:-$PWD/build/breakeven}
}

# What is computed from known samples must hold anywhere. Rows that time real processes are asked for on an idle machine by
# `breakeven selftest` itself; here they must be there, with a verdict that the exit status agrees with.
@test "selftest --quick: rows on known samples hold, live rows have a verdict, the status agrees" {
    [ -z "${SANITIZED:-}" ] || skip "timings under sanitizers tell nothing"
    command -v python3 >/dev/null || skip "python3 is missing"
    run timeout -k 1 230 "$BREAKEVEN" selftest --quick --json
    [ "$status" -le 1 ]
    python3 -c '
import json, sys
o = json.load(sys.stdin)
rows = o["rows"]
assert {r["id"] for r in rows} >= {"V%d" % i for i in range(1, 15) if i != 10}
assert all(r["outcome"] == "holds" for r in rows if r["id"] in ("V1", "V2", "V8")), rows
assert all(r["came_back"] for r in rows if r["outcome"] != "skipped")
assert all(r["took_s"] >= 0 for r in rows) and sum(r["took_s"] for r in rows) <= o["took_s"] + 1e-6
short = [r for r in rows if r["outcome"] == "falls short"]
assert (int(sys.argv[1]) == 1) == bool(short) == bool(o["failed"])
for r in short: print("falls short here:", r["id"], r["came_back"])
' "$status" <<<"$output"
}

@test "selftest --json with some rows only" {
    command -v python3 >/dev/null || skip "python3 is missing"
    run timeout -k 1 200 "$BREAKEVEN" selftest V1 V8 --quick --json
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
        run timeout -k 1 200 "$BREAKEVEN" selftest $words
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
