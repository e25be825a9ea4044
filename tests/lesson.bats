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
