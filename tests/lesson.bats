# SPDX-License-Identifier: GPL-3.0-or-later
# Lessons: the list, the way to one, and that each can be planned; what they measure is their own business.

setup() {
    BREAKEVEN=${BREAKEVEN:-$PWD/build/breakeven}
    cd "$BATS_TEST_TMPDIR"
}

# A copy of a lesson with few repetitions of little work: FILE in the working directory.
short_lesson() {
    sed 's/^reps = .*/reps = 3/; s/^tasks = .*/tasks = 32/' "$BATS_TEST_DIRNAME"/../bench/lessons/assets/[0-9]*-"$1".ini >"$1.ini"
}

@test "every file of a lesson is listed, in its order" {
    run "$BREAKEVEN" lesson
    [ "$status" = 0 ]
    for file in "$BATS_TEST_DIRNAME"/../bench/lessons/assets/*.ini; do basename "$file" .ini; done | sed 's/^0*//' >files
    sed -n 's/^ *\([0-9]\+\)  \([a-z-]\+\) .*?$/\1-\2/p' <<<"$output" | cmp - files
}

@test "a lesson predicts, measures, judges and leaves its page; a copy of one is a lesson too" {
    short_lesson slow-openmp
    run "$BREAKEVEN" lesson ./slow-openmp.ini -o "$BATS_TEST_TMPDIR/run"
    [ "$status" = 0 ]
    [[ $output == *"Prediction:"* && $output == *"--reps 3"* ]]
    [[ $output == *"Unresolved"* || $output == *"Not to be seen"* ]] # three repetitions have no interval
    grep -q '^\*\*Prediction' run/lesson.md
    [ -s run/summary.json ]
}

@test "a lesson of one number of workers names no figure that was not drawn" {
    short_lesson workers
    sed -i 's/^\(workers\|threads\|processes\) = .*/\1 = 2/' workers.ini
    run "$BREAKEVEN" lesson ./workers.ini -o "$BATS_TEST_TMPDIR/run"
    echo "$output"
    [ "$status" = 0 ]
    [ ! -e run/plots/speedup.svg ]
    [[ $output == *'There is no figure "speedup" of these settings'* ]]
    ! grep -q 'speedup.svg' run/lesson.md
}

@test "what is wrong in a lesson's file is said before anything is measured" {
    printf '[lesson]\nquestion = Why?\n' >half.ini
    short_lesson split
    sed 's/^reps = .*/reps = many/' split.ini >options.ini
    run "$BREAKEVEN" lesson ./half.ini
    [ "$status" = 2 ] && [[ $output == *"./half.ini: a lesson has sections [lesson], [run] and [check]"* ]]
    run "$BREAKEVEN" lesson ./absent.ini
    [ "$status" = 2 ] && [[ $output == *"./absent.ini: No such file"* ]]
    run "$BREAKEVEN" lesson ./options.ini
    [ "$status" = 2 ] && [[ $output == *"--reps:"* ]]
    [ ! -e results ]
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
    short_lesson pinning
    run "$BREAKEVEN" lesson ./pinning.ini -o "$BATS_TEST_TMPDIR/run"
    [ "$status" = 0 ]
    [[ $output == *"Not here:"* && $output == *"SIMULATED, not measured:"* ]]
    grep -q '^\*\*SIMULATED, not measured' run/lesson.md
    grep -q 'SIMULATED, not measured' run/simulated/plots/speedup.svg
    grep -q 'Simulated\.' run/simulated/report.html
}

@test "on one cpu a lesson says that it needs two, and what another machine gave" {
    command -v taskset >/dev/null || skip "taskset is missing"
    short_lesson split
    run taskset -c "$(grep -o '^[0-9]*' <<<"$(taskset -cp $$ | sed 's/.*: //')")" "$BREAKEVEN" lesson ./split.ini -o split
    echo "$output"
    [ "$status" = 0 ]
    [[ $output == *"one cpu only"* && $output == *"RECORDED on another machine."* ]]
}

@test "every lesson has its recorded page, with a verdict" {
    pages=$(cd "$BATS_TEST_DIRNAME/../docs/lessons" && pwd)
    for name in $("$BREAKEVEN" lesson | sed -n 's/^ *[0-9][0-9]*  \([a-z-]*\) .*/\1/p'); do
        grep -q '^\*\*\(The prediction\|Unresolved\|Not to be seen\)' "$pages/$name.md" || { echo "$name"; false; }
        grep -q '^<sub>Measured' "$pages/$name.md"
        [ -s "$pages/$name.svg" ]
    done
}

@test "--page: all lessons with their figures in one file; what was measured here goes before what is recorded" {
    run "$BREAKEVEN" lesson --page -o page
    [ "$status" = 0 ] && [ "$output" = "The page: page/lessons.html" ]
    lessons=$(find "$BATS_TEST_DIRNAME"/../bench/lessons/assets -name '*.ini' | wc -l)
    [ "$(grep -c '<h2>' page/lessons.html)" = "$lessons" ]
    [ "$(grep -c 'Recorded with the program' page/lessons.html)" = "$lessons" ]
    [ "$(grep -c 'src="data:image/svg+xml,%3C' page/lessons.html)" -ge "$lessons" ]
    ! grep -qE 'src="[^d]|href=|<script' page/lessons.html
    mkdir -p results/runs/20260101T000000Z-lesson-workers/plots
    printf '# Mine & <yours>?\n\n![A "figure"](plots/speedup.svg)\n\n**Why.** `a<b`\n\n<sub>Measured today.</sub>\n' \
        >results/runs/20260101T000000Z-lesson-workers/lesson.md
    echo '<svg xmlns="http://www.w3.org/2000/svg"/>' >results/runs/20260101T000000Z-lesson-workers/plots/speedup.svg
    run "$BREAKEVEN" lesson --page -o own
    [ "$status" = 0 ]
    grep -qF '<h2>Mine &amp; &lt;yours>?</h2>' own/lessons.html
    grep -qF '<img alt="A &quot;figure&quot;" src="data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22/%3E' own/lessons.html
    grep -qF "<strong>Why.</strong> <code>a&lt;b</code>" own/lessons.html
    [ "$(grep -c "This machine's own" own/lessons.html)" = 1 ]
    run "$BREAKEVEN" lesson --page workers
    [ "$status" = 2 ] && [ "${#lines[@]}" = 1 ]
}
