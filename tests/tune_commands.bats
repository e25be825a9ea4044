# SPDX-License-Identifier: GPL-3.0-or-later
# tune for commands: settings that stay apart, names that are told, what is left running, exports.

bats_require_minimum_version 1.5.0

setup() {
    BREAKEVEN=${BREAKEVEN:-$PWD/build/breakeven}
    cd "$BATS_TEST_TMPDIR"
    long=$(printf 'x%.0s' {1..70})
}

tune() {
    run --separate-stderr timeout -s KILL 60 "$BREAKEVEN" tune --patience 0s --warmup 0 --reps 2 -o run "$@"
}

# words FILE KEY: what stands under a key, each once
words() {
    grep -o "\"$2\": *\"[^\"]*\"" "$1" | sed 's/.*: *"//; s/"$//' | sort -u
}

# cells: how many cells of the run there are, all of whose samples a report reads
cells() {
    "$BREAKEVEN" report --json run | python3 -c 'import json, sys; print(len(json.load(sys.stdin)["cells"]))'
}

@test "settings that differ after 63 characters, and in a later parameter, are cells of their own" {
    tune --parameter "flags=${long}A,${long}B" --parameter other=p,q -- true {flags} {other}
    [ "$status" = 0 ]
    [ "$(cells)" = 4 ]
}

@test "a letter of two bytes where a setting is cut is not cut in two" {
    tune --parameter "flags=${long:0:37}ä${long}A,${long:0:37}ä${long}B" -- true {flags}
    [ "$status" = 0 ]
    [ "$(cells)" = 2 ]
    iconv -f UTF-8 -t UTF-8 run/manifest.json >/dev/null
}

@test "a long name of a program, and a long command, are not cut inside a letter; commands that differ at their ends are two" {
    name=$(printf 'é%.0s' {1..25})
    printf '#!/bin/sh\n' >"$name"
    chmod +x "$name"
    tune --workers 1 -- "./$name" x{workers} "$(printf 'é%.0s' {1..200})" end
    [ "$status" = 0 ]
    [[ $(words run/manifest.json label) == éééé*..#* ]]
    [[ $(words run/manifest.json kernel) != *\?* ]]
    words run/manifest.json kernel | grep ééé >one
    rm -r run
    tune --workers 1 -- "./$name" x{workers} "$(printf 'é%.0s' {1..200})" END
    ! words run/manifest.json kernel | grep -qxFf one
}

@test "a name that nothing fills is told with the names there are" {
    tune --env 'OMP_NUM_THREADS={thread}' -- true {workers}
    [ "$status" = 2 ] && [[ $stderr == *"{thread}"*"{workers}, {threads}, {chunk}"* ]]
    tune --parameter level=1,2 -- true {levle} {level}
    [ "$status" = 2 ] && [[ $stderr == *"{levle}"*"{level}"* ]]
    [ ! -e run ]
}

@test "braces that are no names pass" {
    tune --workers 1 -- sh -c 'test "$0" = "{\"a\": {\"b\": 1}}{}{print}"; exit $?' '{"a": {"b": 1}}{}{print}' {workers}
    [ "$status" = 0 ]
}

@test "what a command leaves running is told with its cpu time" {
    tune --workers 1 --shell-command -- 'yes >/dev/null & sleep .05 # {workers}'
    [ "$status" = 0 ]
    [[ $output =~ run"s"?" left processes behind, "[0-9]+" in all; they were killed, and their "[0-9.e-]+" s of cpu time" ]]
}

@test "what tune stops half-way is not said to have left something running" {
    tune --parameter t=.02,.6 -- sh -c 'setsid sleep {t} & wait' # its session ends without that one
    [ "$status" = 0 ]
    [[ $output == *"stopped: too slow"* ]]
    [[ $output != *"left processes behind"* ]]
    [[ $output == *" measurements of 2 configurations took "* ]]
    run "$BREAKEVEN" report run
    [ "$status" = 0 ]
    [[ $output == *"1 stopped: too slow"* && $output != *[Ff]ail* && $output != *FAILED* && $output != *incomplete* ]] # no failure
    python3 - <<'EOF_PY'
import csv, json
cells = json.load(open("run/summary.json"))["cells"]
slow = [cell for cell in cells if cell["placement"] == "t=.6"] # on a crowded machine .02 may have been stopped once, too
assert [(cell["stopped"] > 0, cell["samples"], cell["errors"], cell["error"]) for cell in slow] == [(True, 0, 0, "")], cells
assert [int(row["stopped"]) for row in csv.DictReader(open("run/summary.csv"))] == [cell["stopped"] for cell in cells]
EOF_PY
}

@test "two tunings are compared: a setting that was stopped in BASE is no failure, one that is stopped in NEW alone is told" {
    for of in base new; do
        timeout -s KILL 60 "$BREAKEVEN" tune --patience 0s --reps 8 --parameter t=.02,.6 -o $of -- sleep '{t}'
    done
    run "$BREAKEVEN" compare base new --margin 50%
    [[ $status = [014] ]] # a machine that is busy may resolve nothing of .02
    [[ $output == *"tune stopped it in BASE, too slow to be the best"* && $output != *"no good sample"* ]]
    sed -i '/"stopped"/{s/"wall_ns":-1/"wall_ns":600000000/;s/"stopped"/"ok"/}' base/samples.jsonl
    run "$BREAKEVEN" compare base new --margin 50%
    [ "$status" = 3 ]
    [[ $output == *"tune stopped it in NEW, too slow to be the best"* && $output == *"1 cell has no good sample"* ]]
}

@test "memory: more workers need more memory, not more time" {
    tune --minimise memory --workers 1,2 -- python3 -c 'x = bytearray({workers} * 40000000); import time; time.sleep(.1)'
    [ "$status" = 0 ]
    [[ $output != *longer* && $output == *"more workers need more memory: 2 take "*" % more"* ]]
}

@test "signals are as breakeven was started: SIGPIPE is not ignored in a command" {
    tune --workers 1 -- sh -c 'grep -q "$0" /proc/self/status; exit $?' "$(grep SigIgn: /proc/self/status)" {workers}
    [ "$status" = 0 ]
}

@test "signals that were ignored at the start are ignored in a command, and no others" {
    for ignored in "PIPE XFSZ USR1" ""; do
        rm -rf run
        run env --default-signal bash -c 'trap "" $1; exec "$0" tune --patience 0s --warmup 0 --reps 2 -o run --workers 1 -- \
            sh -c "grep -q \"\$0\" /proc/self/status; exit \$?" "$(grep SigIgn: /proc/self/status)" "{workers}"' "$BREAKEVEN" "${ignored:--}"
        [ "$status" = 0 ]
    done
}

# As pigz on two busy cpus: three processes look slower than two at the median, and no interval says so.
@test "what the table calls a tie is no reason in the sentence" {
    run --separate-stderr timeout -s KILL 100 "$BREAKEVEN" tune --patience 0s --warmup 0 --workers 1..3 --reps 8 -o run --json -- bash -c \
        'n=$(($(cat {workers} 2>/dev/null || echo 0) + 1)); echo $n >{workers}
        case {workers} in 1) sleep .09;; 2) sleep .03;; *) ((n % 3)) && sleep .038 || sleep .022;; esac'
    [ "$status" = 0 ]
    python3 - "$output" <<'EOF_PY'
import json, re, sys
said = json.loads(sys.argv[1])
told = re.search(r"more workers [^;]*: ([0-9.]+) take", said["sentence"])
tied = [entry["workers"] for entry in said["tried"] if entry["tied"]]
assert not (told and float(told.group(1)) in tied), (said["sentence"], tied)
EOF_PY
}

@test "exports in hyperfine's form" {
    tune --workers 1,2 --env N={workers} --export-json e.json --export-csv e.csv --export-markdown e.md -- sh -c 'sleep .0$N'
    [ "$status" = 0 ]
    rm -r run
    tune --parameter d=.02,.04,.06,.05 --export-json many.json -- sleep '{d}'
    rm -r run
    tune --workers 1,2,3 --shell-command --env "N=it's {workers}" --export-json line.json -- 'sleep .0{workers} # $N'
    [ "$status" = 0 ]
    python3 - <<'EOF_PY'
import csv, json, statistics
results = json.load(open("e.json"))["results"]
assert results and {r["parameters"]["workers"] for r in results} <= {"1", "2"}, results # one is left out where it looked hopeless at once
assert all(len(r["times"]) >= 2 for r in results), results
many = json.load(open("many.json"))["results"]
lines = json.load(open("line.json"))["results"]
counts = [r["parameters"]["workers"] for r in lines]
assert counts and counts == sorted(counts), counts # in the list's order: the search begins with the most
assert [r["command"] for r in lines] == [f"export N='it'\\''s {n}'; sleep .0{n} # $N" for n in counts], lines
for r in many:
    assert len(r["times"]) >= 2, r # most are looked at once by the search
rows = list(csv.DictReader(open("e.csv")))
for r, row in zip(results, rows):
    assert r["command"] == "N=%s sh -c 'sleep .0$N'" % r["parameters"]["workers"] == row["command"] # one of each setting
    assert abs(r["mean"] - statistics.mean(r["times"])) < 1e-9 and r["min"] <= r["median"] <= r["max"]
    assert abs(r["stddev"] - statistics.stdev(r["times"])) < 1e-9 # its scripts fail on a single run
    assert len(r["exit_codes"]) == len(r["memory_usage_byte"]) == len(r["times"]) and not any(r["exit_codes"])
    assert r["parameters"]["workers"] == row["parameter_workers"] and abs(float(row["mean"]) - r["mean"]) < 1e-6
    assert r["mean"] >= 0.01 * int(r["parameters"]["workers"])
EOF_PY
    [[ $(head -2 e.md | tail -1) == "|:---|---:|---:|---:|---:|" && $(wc -l <e.md) = $(($(wc -l <e.csv) + 1)) ]]
}

@test "an export that cannot be written is told" {
    tune --workers 1 --export-csv /nonexistent/e.csv -- true {workers}
    [ "$status" = 2 ] && [[ $stderr == *"cannot write /nonexistent/e.csv"* ]]
}

@test "a setting whose program is not there fails; the others are measured" {
    tune --parameter prog=true,/nonexistent -- '{prog}'
    [ "$status" = 0 ]
    [[ $output == *"prog true: "*"failed: prog /nonexistent: cannot start \"/nonexistent\": No such file"* ]]
}

@test "memory of a command that ends at once is not guessed" {
    tune --minimise memory --parameter a=1,2 -- true '{a}'
    [ "$status" = 0 ] || [[ $output == *"it ended too soon for its memory to be seen"* ]] # 0: a busy machine held it up
}

@test "a time limit in which one setting alone fits: that one, said to be measured once" {
    tune --workers 1..16 --time-limit 300ms -- sh -c 'sleep 0.2' {workers}
    [ "$status" = 0 ]
    [[ $output == *"not measured again"* ]]
}

@test "a command's peak memory is its own, however large the program that started breakeven" {
    python3 - "$BREAKEVEN" <<'EOF_PY'
import json, subprocess, sys
large = bytearray(200 << 20)
large[::4096] = b"x" * len(large[::4096])
run = subprocess.run([sys.argv[1], "tune", "--minimise", "memory", "--workers", "1,2", "--output", "run", "--json", "--",
                      "sh", "-c", "exec sleep .1{workers}"], capture_output=True, text=True, timeout=100)
assert run.returncode == 0, run.stderr
peaks = [json.loads(line)["peak_rss_bytes"] for line in open("run/samples.jsonl")]
assert any(peaks) and all(peak < 64 << 20 for peak in peaks), peaks # 0: on a crowded machine it had ended before it was looked at
EOF_PY
}
