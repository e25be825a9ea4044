# SPDX-License-Identifier: GPL-3.0-or-later
# The command line: what is refused, in one line, with status 2, before anything is run or written.

bats_require_minimum_version 1.5.0

setup() {
    BREAKEVEN=${BREAKEVEN:-$PWD/build/breakeven}
    KERNELS=$(cd "$(dirname "$BREAKEVEN")/tests/kernels" 2>/dev/null && pwd)
    mkdir "$BATS_TEST_TMPDIR/here"
    cd "$BATS_TEST_TMPDIR/here"
}

# refused WORD.. -- TEXT: status 2, nothing on stdout, one line on stderr with TEXT in it, nothing written. Many
# calls: without bats' trap before each command, and without other programs.
refused() (
    trap - DEBUG ERR
    set +eET
    shopt -s nullglob dotglob
    local words=() said status left
    while [ "$1" != -- ]; do words+=("$1"); shift; done
    "$BREAKEVEN" "${words[@]}" >../out 2>../err
    status=$?
    mapfile -t said <../err
    left=([^k]*)
    if [ $status = 2 ] && [ ! -s ../out ] && [ ${#said[@]} = 1 ] && [ ${#left[@]} = 0 ] && [[ ${said[0]} == breakeven*"$2"* ]]; then
        return 0
    fi
    echo "breakeven ${words[*]}: status $status, said: ${said[*]}, left: ${left[*]}"
    return 1
)

# What each option refuses: tests/bench/test_options.c; here one of each kind, through the whole program.
@test "a value that makes no sense" {
    local said
    for said in "--workers 0" "--chunk -1" "--reps 1.5" "--tasks 9223372036854775808" "--threads 8..1" "--processes 1,1" \
        "--delay 10" "--task-time 1e3s" "--time-limit 0s" "--precision 101%" "--memory 12"; do
        # shellcheck disable=SC2086 # an option and its value
        refused run --kernel empty --runner openmp $said -- "${said% *}"
    done
    refused run --kernel empty --runner openmp --size "" -- --size
}

@test "chunks above the number of tasks" {
    refused run --kernel empty --runner openmp --tasks 10 --chunk 11 -- "above the number of tasks"
}

@test "lists of cpus" {
    for value in 3-1 0,,2 4096 core:77 nowhere "" none,none; do
        refused run --kernel empty --tasks 4 --runner openmp --threads 1 --placement "$value" -- --placement
    done
}

@test "cpus that this process may not use" {
    taskset -c 0 true 2>/dev/null || skip "taskset may not bind here"
    [ "$(nproc)" -gt 1 ] || skip "one cpu only"
    run --separate-stderr taskset -c 0 "$BREAKEVEN" run --kernel empty --tasks 4 --runner openmp --threads 1 --placement 1
    [ "$status" = 2 ]
    [ "$(wc -l <<<"$stderr")" = 1 ]
    [[ $stderr == *--placement* ]]
    [ ! -e results ]
}

@test "names get the nearest one" {
    refused rum -- 'did you mean "breakeven run"'
    refused run --kernel sprin -- 'did you mean "spin"'
    refused run --kernel empty --runner openpm -- 'did you mean "openmp"'
    refused run --kernel empty --schedule dinamic -- 'did you mean "dynamic"'
    refused run --kernel empty --placement sprad -- 'did you mean "spread"'
    refused run --kernel empty --thread 2 -- 'did you mean "--threads"'
    refused zzz -- 'no verb "zzz"'
}

@test "doubled and unknown words" {
    refused run --kernel empty,empty -- "given twice"
    refused run --kernel empty --kernel spin -- "given twice"
    refused run --kernel empty --runner serial,serial -- "given twice"
    refused run --kernel square --delay 1s --task-time 1s -- "say the same thing"
    refused run --kernel empty --unknown -- "no option --unknown"
    refused run --kernel empty -Z -- "no option -Z"
    refused run --kernel empty word -- "one word too many"
    refused list --reps 3 -- "no option of"
    refused list nonsense -- "no list of"
    refused run --kernel -- "needs a value"
    refused run --kernel empty --json=1 -- "takes no value"
    refused report -- "needs DIR"
    refused run --runner openmp -- "needs --kernel"
    refused run --kernel empty --quick -- "default experiment"
    refused run --kernel empty --task-time 1us --size 2 -- "give one of them"
    refused run --kernel empty --workers 2 --threads 2 -- "alone"
    refused run --kernel empty --name a/b -- "--name"
}

@test "a comma-decimal locale changes nothing" {
    export LC_ALL=de_DE.UTF-8
    refused run --kernel square --delay 1,5ms -- --delay
    run "$BREAKEVEN" run --kernel square --delay 0.5ms --tasks 2 --runner serial --reps 1 --json -o ../run
    [ "$status" = 0 ]
    if grep -q '[0-9],[0-9]*e\|"median": [0-9]*,[0-9]' <<<"$output"; then false; fi
    if grep -q '"[0-9]*,[0-9]*"' ../run/summary.csv; then false; fi
}

@test "output that cannot be" {
    touch kept-file
    mkdir kept-full kept-locked
    touch kept-full/x
    refused run --kernel empty -o kept-file -- "a file"
    refused run --kernel empty -o kept-file/x -- "kept-file"
    refused run --kernel empty -o missing/x -- "missing"
    refused run --kernel empty -o kept-full -- "not empty"
    refused run --kernel empty -o "" -- "empty"
    ln -s nowhere kept-link
    refused run --kernel empty -o kept-link -- "cannot be written"
    if [ "$(id -u)" != 0 ]; then
        chmod 555 kept-locked
        refused run --kernel empty -o kept-locked -- "cannot be written"
        refused run --kernel empty -o kept-locked/x -- "cannot be used"
    fi
}

@test "a read-only file system" {
    [ "$(id -u)" = 0 ] || skip "needs root to make one"
    mkdir kept-fs
    mount -t tmpfs -o ro none kept-fs 2>/dev/null || skip "may not mount here"
    refused run --kernel empty -o kept-fs/x -- "Read-only"
    cd kept-fs
    run --separate-stderr "$BREAKEVEN" run --kernel empty
    cd ..
    umount kept-fs
    [ "$status" = 2 ]
    [ "$(wc -l <<<"$stderr")" = 1 ]
}

@test "runs that are no runs" {
    mkdir kept
    refused report kept/missing -- "manifest.json"
    refused report kept -- "manifest.json"
    : >kept/manifest.json
    refused report kept -- "empty"
    echo '{"schema": 99}' >kept/manifest.json
    refused report kept -- "schema"
    rm kept/manifest.json
    mkfifo kept/manifest.json
    refused report kept -- "FIFO"
    refused run --resume kept -- "FIFO"
    refused run --resume kept/missing -- "manifest.json"
    refused run --resume kept --reps 3 -- "leave --reps out"
}

@test "users' kernels that cannot be used" {
    [ -n "$KERNELS" ] || skip "no test kernels built"
    echo "not an object" >kept.so
    refused run --kernel ./missing.so -- "No such file"
    refused run --kernel ./kept.so -- "cannot load it"
    refused run --kernel "$KERNELS/badversion.so" -- "version 2"
    refused run --kernel "$KERNELS/nosymbol.so" -- "no symbol breakeven_kernel"
    refused run --kernel "$KERNELS/norun.so" -- "run function is missing"
    refused run --kernel "$KERNELS/crashprepare.so" -- "signal 11"
    refused run --kernel "$KERNELS/failprepare.so" -- "prepare fails"
}

@test "help, for the whole and for each verb; --version; nothing at all" {
    run "$BREAKEVEN"
    [ "$status" = 0 ]
    [[ $output == *"breakeven run"* ]]
    run "$BREAKEVEN" --version
    [ "$status" = 0 ]
    [[ $output == "breakeven "[0-9]* ]]
    for verb in $("$BREAKEVEN" help | sed -n '/help TOPIC/q; s/^  \([a-z]*\) .*/\1/p'); do
        run "$BREAKEVEN" "$verb" --help
        [ "$status" = 0 ]
        [[ ${lines[0]} == "breakeven $verb"* ]]
        run "$BREAKEVEN" help "$verb"
        [ "$status" = 0 ]
        [[ ${lines[0]} == "breakeven $verb"* ]]
    done
    if "$BREAKEVEN" help | grep -q '^  _'; then false; fi
}

@test "list and version, as text and as JSON" {
    command -v python3 >/dev/null || skip "python3 is missing"
    run "$BREAKEVEN" list kernels
    [ "$status" = 0 ]
    [[ $output == *square*latency* ]]
    "$BREAKEVEN" list --json | python3 -c '
import json, sys
o = json.load(sys.stdin)
assert {"empty", "square", "spin"} <= {k["name"] for k in o["kernels"]}
assert o["runners"][0]["name"] == "serial" and all(r["available"] or r["reason"] for r in o["runners"])
assert {"none", "close", "spread"} <= {p["name"] for p in o["placements"]}
assert {"default", "quick", "chunk"} <= {e["name"] for e in o["experiments"]}'
    for name in default quick chunk; do # each is printed by what is said to print it
        print=$("$BREAKEVEN" list experiments | sed -n "s/^  $name .*\[breakeven \(.*\)\]$/\1/p")
        # shellcheck disable=SC2086
        "$BREAKEVEN" $print | grep -q '^\[.*\]$'
    done
    "$BREAKEVEN" version --json | python3 -c 'import json, sys; assert json.load(sys.stdin)["schema"] == 1'
}

@test "a stdout that is closed or full is said, once" {
    for verb in list version help; do
        run --separate-stderr bash -c "\"$BREAKEVEN\" $verb >&-"
        [ "$status" = 2 ]
        [ "$(wc -l <<<"$stderr")" = 1 ]
        [[ $stderr == *"standard output"* ]]
        run --separate-stderr bash -c "\"$BREAKEVEN\" $verb >/dev/full"
        [ "$status" = 2 ]
        [ "$(wc -l <<<"$stderr")" = 1 ]
        [[ $stderr == *"standard output"* ]]
    done
}

@test "a name that is not UTF-8 costs the name alone; a reader that has gone is told as that" {
    run "$BREAKEVEN" run --kernel empty --tasks 5 --runner serial --reps 1 --name $'a\xffb' -o named
    [ "$status" = 0 ]
    python3 -c 'import json; assert json.load(open("named/manifest.json"))["complete"]'
    for format in json csv text; do
        run --separate-stderr bash -c "exec 3> >(exit 0); sleep 0.2; \"$BREAKEVEN\" report named --format $format >&3"
        [ "$status" = 2 ]
        [ "$stderr" = "breakeven report: cannot write to standard output: Broken pipe" ]
        run --separate-stderr bash -c "\"$BREAKEVEN\" report named --format $format >/dev/full"
        [ "$stderr" = "breakeven report: cannot write to standard output: No space left on device" ]
    done
}

@test "internal verbs send people away" {
    for verb in _cell _inspect _calibrate; do
        run --separate-stderr bash -c "\"$BREAKEVEN\" $verb </dev/null"
        [ "$status" = 2 ]
        [ "$(wc -l <<<"$stderr")" = 1 ]
    done
}
