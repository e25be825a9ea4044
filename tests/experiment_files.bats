# SPDX-License-Identifier: GPL-3.0-or-later
# Experiments as files: what a command line writes is measured as that command line is, what is wrong is told with its line.

setup() {
    export BREAKEVEN_GNUPLOT=/nonexistent # nobody looks at figures here, and drawing them takes longer than measuring
    BREAKEVEN=${BREAKEVEN:-$PWD/build/breakeven}
    examples=$BATS_TEST_DIRNAME/../examples/experiments
    cd "$BATS_TEST_TMPDIR"
}

cells() {
    python3 -c 'import json, sys
for cell in json.load(open(sys.argv[1] + "/manifest.json"))["cells"]:
    print(*(cell[key] for key in ("study", "kernel", "runner", "processes", "threads", "tasks", "chunk", "schedule")))' "$1"
}

@test "the file of a command line measures the same cells, and writes itself again" {
    command -v python3 >/dev/null || skip "python3 is missing"
    words="--kernel empty,square --runner openmp,forkpool -w 1..2 --tasks 20 --chunk 1,5 --reps 2 --spans 0 --seed 7"
    # shellcheck disable=SC2086 # words on purpose
    "$BREAKEVEN" run --write-file $words >words.ini
    "$BREAKEVEN" run --write-file -f words.ini | cmp - words.ini
    (printf '\xef\xbb\xbf' && sed 's/$/\r/' words.ini) >windows.ini # as an editor there saves it
    # shellcheck disable=SC2086 # words on purpose
    timeout -k 5 120 "$BREAKEVEN" run $words -o one
    timeout -k 5 120 "$BREAKEVEN" run --file windows.ini -o two
    cells one >cells && [ -s cells ]
    cells two | cmp - cells
    for run in one two; do grep -o '"seed": *[0-9]*' $run/manifest.json | sort -u >$run.seeds; done
    cmp one.seeds two.seeds
}

@test "the examples are measured, each study under its name; the command line goes before [global]" {
    for file in "$examples"/*.ini; do
        run timeout -k 5 120 "$BREAKEVEN" run --file "$file" --reps 1 --spans 0 -o "$(basename "$file" .ini)"
        echo "$output"
        [ "$status" = 0 ]
    done
    [ "$(ls -d "$BATS_TEST_TMPDIR"/*/summary.json | wc -l)" = 5 ]
    grep -q '"study": *"schedule"' uneven-tasks/manifest.json && grep -q '"study": *"chunk"' uneven-tasks/manifest.json
    [ "$(wc -l <uneven-tasks/samples.jsonl)" = "$(grep -c '"status": *"ok"' uneven-tasks/samples.jsonl)" ]
}

@test "the default experiment is such a file; --study takes sections of any" {
    "$BREAKEVEN" run --write-file >default.ini
    "$BREAKEVEN" run --write-file --quick >quick.ini
    for file in default quick; do cmp $file.ini "$BATS_TEST_DIRNAME/../bench/plan/assets/$file.ini"; done
    run "$BREAKEVEN" run --file quick.ini --study chunks
    [ "$status" = 2 ]
    [[ $output == *'no study "chunks"; there are scaling granularity breakeven chunk hybrid placement' ]]
}

@test "what is wrong in a file is told with file, line and cure; nothing is measured" {
    while IFS='|' read -r text wanted; do
        printf '%b' "$text" >wrong.ini
        run "$BREAKEVEN" run --file wrong.ini
        echo "$text: $output"
        [ "$status" = 2 ] && [ "${#lines[@]}" = 1 ]
        [[ $output == "breakeven run: wrong.ini: $wanted"* ]]
    done <<'CASES'
|there is no [section] in it
spin|line 1: "spin" stands before the first [section]
[a|line 1: a section's name ends with ]
[a b]\nkernel = spin|line 1: [a b]: a study's name is at most 23 letters
[a]\n\n; no\nkernel = spni|line 4: --kernel: no kernel "spni"; did you mean "spin"?
[a]\nkernl = spin|line 2: no option --kernl; did you mean "--kernel"?
[a]\nkernel = spin\nquick|line 3: quick belongs on the command line
[a]\nkernel = spin\nreps = 3|line 3: reps applies to the whole run: it belongs in [global]
[a]\nkernel = spin\nkernel = empty|line 3: --kernel is given twice
[a]\nkernel = spin\nworkers = {cpu}|line 3: workers: {cpu}: the words in braces are
[a]\ntasks = 3|line 1: [a] needs a kernel
[global]\nreps = x\n[a]\nkernel = spin|line 2: --reps: "x"
CASES
    run "$BREAKEVEN" run --file nowhere.ini
    [ "$status" = 2 ] && [[ $output == "breakeven run: nowhere.ini: No such file"* ]]
    run "$BREAKEVEN" run --file wrong.ini --workers 2
    [ "$status" = 2 ] && [[ $output == *"--file says what to measure: leave --workers out"* ]]
    [ ! -e results ]
}
