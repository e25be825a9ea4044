#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# Python's pools: each variant by its name, the interpreter that was asked for, what its workers cost, what is left behind.

bats_require_minimum_version 1.5.0

setup() {
    export BREAKEVEN_GNUPLOT=/nonexistent # nobody looks at figures here, and drawing them takes longer than measuring
    command -v python3 >/dev/null || skip "python3 is missing"
    [ -z "${SANITIZED:-}" ] || skip "python3 without the sanitizer cannot load sanitized kernels"
    root=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
    BREAKEVEN=$root/${BUILD:-build}/breakeven
    dir=$(mktemp -d)
    cd "$dir"
}

teardown() {
    cd /
    rm -rf "$dir"
}

cells() { # EXPRESSION over the list `c` of cells, each with its samples, and the manifest `m`
    python3 -c '
import json, sys
m = json.load(open("run/manifest.json"))
c = [dict(cell, samples=[]) for cell in m["cells"]]
for line in open("run/samples.jsonl"):
    sample = json.loads(line)
    c[sample["cell"]]["samples"].append(sample)
assert eval(sys.argv[1]), [(x["runner"], [(s["status"], s["cause"]) for s in x["samples"]]) for x in c]' "$1"
}

@test "every pool of Python is measured and verified in one run, and the report names method and version" {
    local pools=python,python:fork,python:forkserver,python:spawn,python:executor,python:threads count=6
    if "${BREAKEVEN_PYTHON:-python3}" -c 'from concurrent.futures import InterpreterPoolExecutor' 2>/dev/null; then
        pools+=,python:interpreters count=7
    fi
    timeout -k 5 200 "$BREAKEVEN" run --kernel nqueens --tasks 20 --size 8 --reps 1 --runner "$pools" --workers 2 \
        --deadline 100s --output run
    cells "len([x for x in c if x['runner'].startswith('python')]) == $count"
    cells "all(s['status'] == 'ok' and s['verified'] in ('serial', 'published') for x in c for s in x['samples'])"
    cells "all((s['setup_ns'] > 0) == x['runner'].startswith('python') for x in c for s in x['samples'])"
    python=$("${BREAKEVEN_PYTHON:-python3}" -I -c 'import multiprocessing, platform
print(f"Python {platform.python_version()} ({multiprocessing.get_start_method()})")')
    run "$BREAKEVEN" report run
    [[ "$(tr -s ' \n' ' ' <<<"$output")" == *"$python"* ]]
    grep -q "$python" run/report.html
}

@test "variants run only where they are named; one that this Python lacks says so" {
    run -0 "$BREAKEVEN" list runners
    [[ "$output" == *python:forkserver* ]]
    timeout -k 5 200 "$BREAKEVEN" run --kernel spin --task-time 10us --tasks 20 --reps 1 --workers 1 --deadline 100s --output run
    cells "not [x for x in c if ':' in x['runner']]"
    "${BREAKEVEN_PYTHON:-python3}" -c 'from concurrent.futures import InterpreterPoolExecutor' 2>/dev/null || {
        run -2 "$BREAKEVEN" run --kernel spin --runner python:interpreters --output none
        [[ "$output" == *"python:interpreters is left out"*"came with Python 3.14"* ]]
    }
}

@test "where /dev/shm cannot be written Python is left out with its reason" {
    unshare -rm true 2>/dev/null || skip "no mount namespace can be made here"
    # shellcheck disable=SC2016 # for the inner shell
    run -0 unshare -rm sh -c 'mount -t tmpfs -o ro none /dev/shm && exec "$0" "$@"' "$BREAKEVEN" run --kernel spin \
        --task-time 10us --tasks 20 --reps 1 --runner serial,python --workers 1 --output run
    [[ "$output" == *"runner python is left out: /dev/shm cannot be written: "* ]]
    cells "[(x['runner'], s['status']) for x in c for s in x['samples']] == [('serial', 'ok')]"
}

@test "the Python that was asked for is used and recorded" {
    printf '#!/bin/sh\ntouch "%s/asked"\nexec %s "$@"\n' "$PWD" "${BREAKEVEN_PYTHON:-python3}" >mine
    chmod +x mine
    timeout -k 5 200 "$BREAKEVEN" run --kernel spin --task-time 10us --tasks 20 --reps 1 --runner python --processes 1 \
        --python "$PWD/mine" --deadline 100s --output run
    [ -e asked ]
    cells "m['environment']['BREAKEVEN_PYTHON'].endswith('/mine')"
    run -2 "$BREAKEVEN" run --kernel spin --runner python --python /no/such/python --output none
    [[ "$output" == *"/no/such/python"*"--python"* ]]
}

@test "a python3 that is a version manager's script is asked once for the interpreter that it starts, and that is measured" {
    local real
    real=$(python3 -c 'import sys; print(sys.executable)')
    mkdir shims
    printf '#!/bin/sh\necho once >>"%s/asked"\nexec %s "$@"\n' "$PWD" "$real" >shims/python3
    chmod +x shims/python3
    unset BREAKEVEN_PYTHON
    PATH=$PWD/shims:$PATH timeout -k 5 200 "$BREAKEVEN" run --kernel spin --task-time 10us --tasks 20 --reps 2 \
        --runner python --processes 1 --deadline 100s --output run
    [ "$(cat asked)" = once ]
    cells "m['environment']['BREAKEVEN_PYTHON'] == '$real'"
    sed -i 's/"complete": true/"complete": false/' run/manifest.json && sed -i '$d' run/samples.jsonl # as if interrupted
    PATH=$PWD/shims:$PATH run -0 timeout -k 5 200 "$BREAKEVEN" run --resume run
}

@test "cpu time and memory of a forkserver's workers are counted" {
    timeout -k 5 400 "$BREAKEVEN" run --kernel "$root/${BUILD:-build}/tests/kernels/hungry.so" --tasks 4 --size 1 --reps 1 \
        --runner python:forkserver,python:fork --workers 2 --deadline 300s --output run
    cells "all(s['peak_rss_bytes'] > 200 << 20 for x in c for s in x['samples'])"
    cells "all(s['user_ns'] + s['system_ns'] > 1200 * 10**6 for x in c for s in x['samples'])"
}

@test "a pool past its deadline leaves no process, folder or semaphore" {
    timeout -k 5 100 "$BREAKEVEN" run --kernel spin --task-time 1ms --tasks 60000 --reps 1 --runner python:spawn --workers 2 \
        --deadline 3s --warmup 0 --output run || [ $? = 3 ]
    cells "any('deadline' in s['cause'] for x in c for s in x['samples'] if x['runner'] == 'python:spawn')"
    ! pgrep -f "/dev/shm/breakeven-.*/pools.py" >pids || {
        for pid in $(cat pids); do # of others' runs at the same time?
            ! tr '\0' '\n' <"/proc/$pid/environ" | grep -q "^BATS_TEST_TMPDIR=$BATS_TEST_TMPDIR$"
        done
    }
    for number in $(python3 -c '
import json
print(*{json.loads(line).get("pid", 0) for line in open("run/samples.jsonl")})'); do
        ! ls -d /dev/shm/*breakeven-"$number"-*
    done
}
