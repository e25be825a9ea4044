# SPDX-License-Identifier: GPL-3.0-or-later
# docs/schema: what is written is what the schemas say, field by field; a field that is added or lost there is told.

bats_require_minimum_version 1.5.0

setup_file() {
    export BREAKEVEN=${BREAKEVEN:-$PWD/build/breakeven}
    export HOLD=$PWD/tests/schema.py SCHEMAS=$PWD/docs/schema
    local build=${BUILD:-build}
    case $build in /*) ;; *) build=$PWD/$build ;; esac
    cd "$BATS_FILE_TMPDIR"
    for machine in small server; do
        "$build/tests/simulate" $machine $machine 6 1
        "$BREAKEVEN" report --json $machine > $machine.json
    done
    "$BREAKEVEN" run --kernel spin --task-time 10us --tasks 20 --reps 2 --runner serial,openmp \
        --versus "$BREAKEVEN" --output measured >/dev/null 2>&1 || [ $? = 4 ]
    "$BREAKEVEN" report --json measured/new > measured.json
    "$BREAKEVEN" tune --parameter 'n=1,2' --time-limit 1s --output tuned -- sh -c 'exit {n}' >/dev/null 2>&1 || true
}

setup() {
    cd "$BATS_FILE_TMPDIR"
    python=
    for candidate in python3 /usr/bin/python3; do
        $candidate -c 'import jsonschema' 2>/dev/null && python=$candidate && break
    done
    [ -n "$python" ] || skip "python3-jsonschema is missing"
}

hold() { # SCHEMA FILE...
    run $python "$HOLD" "$SCHEMAS/$1.schema.json" "${@:2}"
    echo "$output"
}

@test "manifests are as manifest.schema.json says: measured, by another program, tuned, simulated" {
    hold manifest measured/new/manifest.json measured/base/manifest.json tuned/manifest.json \
        small/manifest.json server/manifest.json
    [ "$status" = 0 ]
}

@test "summaries are as summary.schema.json says: of simulated machines, which have every part, and of a measured run" {
    hold summary small.json server.json measured.json
    [ "$status" = 0 ]
    run $python - server.json <<'PYTHON'
import json, sys
summary = json.load(open(sys.argv[1]))
empty = [part for part in ("findings", "metg", "crossovers", "models", "scaling", "cells") if not summary[part]]
assert not empty, empty
PYTHON
    [ "$status" = 0 ]
}

@test "a field that the schemas do not know, or miss, is told wherever it stands" {
    run $python "$HOLD" --refuses "$SCHEMAS/manifest.schema.json" measured/new/manifest.json "" build host limits topology \
        topology/tree clock protocol protocol/suspicion cells/0 software/kernel
    echo "$output"
    [ "$status" = 0 ]
    run $python "$HOLD" --refuses "$SCHEMAS/summary.schema.json" server.json "" trust cells/0 cells/0/wall_ns cells/1/budget \
        metg/0 crossovers/0 models/0 models/0/start models/0/fit models/0/measured scaling/0 findings/0
    echo "$output"
    [ "$status" = 0 ]
}
