# SPDX-License-Identifier: GPL-3.0-or-later
# A record is one run's: whose it is, what it says of what really ran, who may go on with it, and what was not written.

bats_require_minimum_version 1.5.0

setup() {
    export BREAKEVEN_GNUPLOT=/nonexistent # nobody looks at figures here, and drawing them takes longer than measuring
    BREAKEVEN=${BREAKEVEN:-$PWD/build/breakeven}
    command -v python3 >/dev/null || skip "python3 is missing"
    cd "$BATS_TEST_TMPDIR"
}

# long [OPTION ..]: a run of some seconds in the background, its pid in $long, with at least one sample taken. Its deadline
# is far off: a crowded machine may let one of so many repetitions stand still for ten seconds.
long() {
    "$BREAKEVEN" run --kernel spin --task-time 10ms --tasks 5 --reps 100 --deadline 100s --runner serial --output run "$@" >/dev/null 2>&1 3>&- &
    long=$!
    for _ in $(seq 200); do
        if [ -s run/samples.jsonl ]; then break; fi
        sleep 0.05
    done
}

interrupt() {
    kill -INT "$long" 2>/dev/null || true
    wait "$long" || true
}

# manifest EXPRESSION: of the manifest, m, the expression must be true
manifest() {
    python3 -c '
import json, sys
m = json.load(open("run/manifest.json"))
assert eval(sys.argv[1]), m.get("software")' "$1"
}

edit() { # EXPRESSION: changes the manifest, m
    python3 -c '
import json, sys
m = json.load(open("run/manifest.json"))
exec(sys.argv[1])
json.dump(m, open("run/manifest.json", "w"))' "$1"
}

@test "a second run into the folder, or a resume of it, is refused and names the process" {
    set -m # background jobs keep SIGINT
    long
    run --separate-stderr "$BREAKEVEN" run --resume run
    [ "$status" = 2 ]
    [[ $stderr == *"process $long is measuring into it"* ]]
    run --separate-stderr "$BREAKEVEN" run --kernel spin --output run
    [ "$status" = 2 ]
    [[ $stderr == *"--output run: process $long is measuring into it"* ]]
    interrupt
    manifest "m['stopped'] == 'interrupted'"
}

@test "resuming asks for the same build, cpus, settings and kernel objects, and names what differs" {
    set -m
    long
    interrupt
    cp -r run kept
    edit "m['build']['commit'] = 'another'; m['host']['allowed'] = '7'; m['environment']['OMP_DYNAMIC'] = 'true'; \
        m['software']['openmp'] = {'path': '/other/libomp.so', 'build_id': '00'}; m['kernel_objects'] = {'./gone.so': '00'}"
    run --separate-stderr env OMP_WAIT_POLICY=active "$BREAKEVEN" run --resume run
    [ "$status" = 2 ]
    for field in build.commit host.allowed environment.OMP_DYNAMIC environment.OMP_WAIT_POLICY software.openmp ./gone.so; do
        [[ $stderr == *"$field was "* ]]
    done
    [ "$(wc -l <<<"$stderr")" = 1 ]
    run --separate-stderr timeout -k 5 600 "$BREAKEVEN" run --resume run --allow build,host,software,environment
    [ "$status" = 2 ]
    [[ $stderr == *"object ./gone.so was "* && $stderr != *"build.commit"* ]]
    run --separate-stderr timeout -k 5 600 "$BREAKEVEN" run --resume run --allow build,host,software,environment,object
    [ "$status" = 0 ]
    grep -q 'resumed although not all was as before: build.commit was' run/manifest.json
    rm -r run
    mv kept run
    edit "m['host']['hostname'] = 'another-container'; m['protocol']['reps'] = 3"
    run --separate-stderr timeout -k 5 600 "$BREAKEVEN" run --resume run
    [ "$status" = 0 ]
}

@test "resuming on another cpu model is refused and names it; with --allow host it goes on and says so" {
    set -m
    long
    interrupt
    edit "m['host']['model'] = 'Another CPU @ 9.9 GHz'; m['protocol']['reps'] = 3"
    cp run/samples.jsonl samples
    for allow in "" "--allow build,software,environment,object"; do
        # shellcheck disable=SC2086 # words
        run --separate-stderr "$BREAKEVEN" run --resume run $allow
        [ "$status" = 2 ]
        [[ $stderr == *'host.model was "Another CPU @ 9.9 GHz" and is '* ]]
        [ "$(grep -o ' was ' <<<"$stderr" | wc -l)" = 1 ] && [ "$(wc -l <<<"$stderr")" = 1 ]
        cmp samples run/samples.jsonl
    done
    run --separate-stderr timeout -k 5 600 "$BREAKEVEN" run --resume run --allow host
    [ "$status" = 0 ]
    manifest "m['complete'] and 'resumed although not all was as before: host.model was' in json.dumps(m)"
    cmp -n "$(stat -c %s samples)" samples run/samples.jsonl # what was measured before stands as it did
}

@test "the manifest names what really ran" {
    SLURM_JOB_ID=7 SLURM_JWT=secret UCX_TLS=shm timeout -k 5 600 "$BREAKEVEN" run --kernel spin --task-time 10us --tasks 20 \
        --reps 2 --runner openmp --threads 2 --output run
    manifest "'gomp' in m['software']['openmp']['path'] or 'omp' in m['software']['openmp']['path']"
    manifest "len(m['software']['program']['build_id']) >= 16"
    manifest "m['software']['libc']['version'] and m['software']['hwloc']['version'].startswith(m['build']['hwloc'][:4])"
    manifest "m['software']['kernel']['line'].startswith('Linux ') and '#' in m['software']['kernel']['line']"
    manifest "m['environment']['SLURM_JOB_ID'] == '7' and m['environment']['UCX_TLS'] == 'shm'"
    ! grep -q secret run/manifest.json
    grep -q 'topology version="2' run/topology.xml
}

@test "a run of the python runner names the interpreter" {
    timeout -k 5 600 "$BREAKEVEN" run --kernel spin --task-time 10us --tasks 20 --reps 1 --runner python --processes 1 \
        --output run || skip "the python runner is not available"
    manifest "m['software']['python']['version'].count('.') == 2 and m['software']['python']['start_method'] and \
        m['software']['python']['gil'] in (True, False)"
}

@test "Ctrl-C and TERM end it at once while it draws; gnuplot goes too" {
    set -m
    timeout -k 5 600 "$BREAKEVEN" run --kernel spin --task-time 10us --tasks 20 --reps 2 --runner openmp --threads 2 --output run
    printf '#!/bin/sh\ntouch drawing\nexec sleep 60\n' >gnuplot
    chmod +x gnuplot
    for signal in INT TERM; do
        rm -f run/plots/drawing
        BREAKEVEN_GNUPLOT=$PWD/gnuplot "$BREAKEVEN" report run >/dev/null 2>&1 3>&- &
        for _ in $(seq 200); do
            if [ -e run/plots/drawing ]; then break; fi
            sleep 0.05
        done
        [ -e run/plots/drawing ]
        kill -$signal $!
        status=0
        timeout 30 tail --pid=$! -f /dev/null
        wait $! || status=$?
        [ "$status" = $((128 + $(kill -l $signal))) ]
    done
    python3 -c 'import json; json.load(open("run/summary.json"))'
}

@test "Ctrl-C ends it at once while it summarises 5,000 cells; the record is whole" {
    "$(dirname "$BREAKEVEN")/tests/simulate" big small 6 1 || skip "no simulator built"
    python3 - <<'END'
import json
m, lines = json.load(open("big/manifest.json")), [json.loads(line) for line in open("big/samples.jsonl")]
cells, n = m["cells"], len(m["cells"])
copies = range(5000 // n + 1)
lists = [k for k, v in m.items() if k != "cells" and isinstance(v, list) and len(v) == n]
m.update({k: m[k] * len(copies) for k in lists})
m["cells"] = [dict(c, id=c["id"] + r * n, baseline=c["baseline"] + r * n, duplicate=c["duplicate"] + r * n, seed=1 + r)
              for r in copies for c in cells]
json.dump(m, open("big/manifest.json", "w"))
with open("big/samples.jsonl", "w") as out:
    for r in copies:
        out.writelines(json.dumps(dict(s, cell=s["cell"] + r * n), separators=(",", ":")) + "\n" for s in lines)
END
    cp big/samples.jsonl before
    set -m
    "$BREAKEVEN" report big --json >/dev/null 2>&1 3>&- &
    sleep 0.5
    kill -INT $!
    timeout 30 tail --pid=$! -f /dev/null
    status=0
    wait $! || status=$?
    [ "$status" = 130 ]
    cmp big/samples.jsonl before
}

@test "what cannot be written is not announced, and the status says so" {
    timeout -k 5 600 "$BREAKEVEN" run --kernel spin --task-time 10us --tasks 20 --reps 2 --runner openmp --threads 2 --output run
    rm -rf run/report.html
    mkdir -p run/report.html/full # a folder in its place: no page can be written
    run --separate-stderr env BREAKEVEN_GNUPLOT=/bin/false "$BREAKEVEN" report run
    [ "$status" = 3 ]
    [[ $output != *"The page"* ]]
    [[ $stderr == *report.html* ]]
}
