# SPDX-License-Identifier: GPL-3.0-or-later
# Lessons: the list, the way to one, and that each can be planned; what they measure is their own business.

setup() {
    BREAKEVEN=${BREAKEVEN:-$PWD/build/breakeven}
    cd "$BATS_TEST_TMPDIR"
}

@test "twelve lessons are listed" {
    run "$BREAKEVEN" lesson
    [ "$status" = 0 ]
    [ "$(grep -c '^ *[0-9]\+  [a-z-]\+ .*?$' <<<"$output")" = 12 ]
}

@test "a lesson predicts, measures, judges and leaves its page" {
    run "$BREAKEVEN" lesson 3 -o "$BATS_TEST_TMPDIR/run"
    [ "$status" = 0 ]
    [[ $output == *"Prediction:"* ]]
    [[ $output == *"prediction held"* || $output == *"did not hold"* || $output == *"Unresolved"* || $output == *"Not to be seen"* ]]
    grep -q '^\*\*Prediction' run/lesson.md
    [ -s run/summary.json ]
}

@test "an unknown lesson, and --all with a name: one line, status 2, nothing run" {
    for words in "lesson nonsense" "lesson --all workers" "lesson --all -o somewhere"; do
        # shellcheck disable=SC2086 # words on purpose
        run "$BREAKEVEN" $words
        [ "$status" = 2 ]
        [ "${#lines[@]}" = 1 ]
    done
    [ ! -e results ] && [ ! -e somewhere ]
}

@test "what this machine lacks is said, and a simulated one is shown, marked as such" {
    command -v gnuplot >/dev/null || skip "gnuplot is missing"
    if [ "$(lscpu -p=CORE | grep -vc '^#')" != "$(lscpu -p=CORE | grep -v '^#' | sort -u | wc -l)" ]; then
        skip "cores have two hardware threads here"
    fi
    run "$BREAKEVEN" lesson pinning -o "$BATS_TEST_TMPDIR/run"
    [ "$status" = 0 ]
    [[ $output == *"Not here:"* && $output == *"SIMULATED, not measured:"* ]]
    grep -q '^\*\*SIMULATED, not measured' run/lesson.md
    grep -q 'SIMULATED, not measured' run/simulated/plots/speedup.svg
    grep -q 'Simulated\.' run/simulated/report.html
}

@test "on one cpu a lesson says that it needs two, and what another machine gave" {
    command -v taskset >/dev/null || skip "taskset is missing"
    for name in split waiting; do
        run taskset -c "$(grep -o '^[0-9]*' <<<"$(taskset -cp $$ | sed 's/.*: //')")" "$BREAKEVEN" lesson $name -o $name
        [ "$status" = 0 ] || { echo "$output"; false; }
        [ $name != split ] || [[ $output == *"one cpu only"* && $output == *"RECORDED on another machine."* ]]
    done
}

@test "every lesson has its recorded page, with a verdict" {
    pages=$(cd "$BATS_TEST_DIRNAME/../docs/lessons" && pwd)
    for name in $("$BREAKEVEN" lesson | sed -n 's/^ *[0-9][0-9]*  \([a-z-]*\) .*/\1/p'); do
        grep -q '^\*\*\(The prediction\|Unresolved\|Not to be seen\)' "$pages/$name.md" || { echo "$name"; false; }
        grep -q '^<sub>Measured' "$pages/$name.md"
        [ -s "$pages/$name.svg" ]
        grep -q "\"$name\"" "$BATS_TEST_DIRNAME/../bench/lessons/lesson_pages.h"
    done
}
