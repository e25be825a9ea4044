# What whoever starts the program leaves in it: affinity, variables that describe another machine, signals, children.

bats_require_minimum_version 1.5.0

setup() {
    BREAKEVEN=${BREAKEVEN:-$PWD/build/breakeven}
    command -v python3 >/dev/null || skip "python3 is missing"
    cd "$BATS_TEST_TMPDIR"
    cpu=$(python3 -c 'import os; print(max(os.sched_getaffinity(0)))')
    cpus=$(python3 -c 'import os; print(len(os.sched_getaffinity(0)))')
}

# record FILE EXPRESSION: of the object in run/FILE, m, the expression must be true
record() {
    python3 -c '
import json, sys
m = json.load(open("run/" + sys.argv[1]))
assert eval(sys.argv[2]), m["host"]' "$@"
}

few() { # a run of a few cells
    timeout -k 5 60 "$BREAKEVEN" run --kernel spin --task-time 10us --tasks 20 --reps 2 --output run "$@"
}

@test "one cpu allowed: cpus 1 in the record, with the machine's beside it; no fit over teams that were not possible" {
    [ "$cpus" -gt 1 ] || skip "one cpu only"
    run taskset -c "$cpu" "$BREAKEVEN" run --kernel spin --task-time 10us --tasks 20 --reps 2 --runner serial,openmp \
        --threads 1..3 --output run
    [ "$status" = 0 ]
    [[ $output == *", 1 of "*" cpus on 1 core"* ]]
    record manifest.json "m['host']['cpus'] == m['host']['cores'] == m['host']['usable'] == 1 < m['host']['cpus_online']"
    record manifest.json "m['host']['allowed'] == '$cpu'"
    record summary.json "m['scaling'] and all(s['fit_max_workers'] == 1 for s in m['scaling'])"
}

@test "variables that describe another machine to hwloc: said once, recorded, not obeyed" {
    export HWLOC_SYNTHETIC="pack:2 core:32 pu:2"
    run --separate-stderr few --runner openmp --threads 2 --placement spread
    [ "$status" = 0 ]
    [ "$(grep -c HWLOC_SYNTHETIC <<<"$stderr")" = 1 ]
    record manifest.json "m['host']['cpus'] == $cpus and m['not_obeyed'] == ['HWLOC_SYNTHETIC']"
    record manifest.json "m['environment']['HWLOC_SYNTHETIC'] == 'pack:2 core:32 pu:2'"
    HWLOC_XMLFILE=/nonexistent run --separate-stderr "$BREAKEVEN" topo --json
    [ "$status" = 0 ] && [[ $stderr == *HWLOC_XMLFILE* ]]
    [ "$(python3 -c 'import json, sys; print(json.load(sys.stdin)["machine"]["allowed_cpus"])' <<<"$output")" = "$cpus" ]
    run --separate-stderr "$BREAKEVEN" topo --topology "core:4 pu:1"
    [[ $output == *"cpus: 4"* ]] && [ -z "$stderr" ]
    [[ $("$BREAKEVEN" help environment) == *HWLOC_SYNTHETIC* ]]
}

@test "variables that bind OpenMP's first thread narrow nothing, and widen no outer mask" {
    [ "$cpus" -gt 1 ] || skip "one cpu only"
    for setting in "OMP_PLACES={$cpu}" "GOMP_CPU_AFFINITY=$cpu" "OMP_PROC_BIND=true"; do
        run --separate-stderr env "$setting" "$BREAKEVEN" topo
        [[ $output == *"workers that can run at once: $cpus"* ]] && [[ $stderr == *"${setting%%=*}"* ]]
    done
    run --separate-stderr taskset -c "$cpu" env GOMP_CPU_AFFINITY=0-1023 "$BREAKEVEN" topo
    [[ $output == *"allowed: cpus $cpu (1 of "* ]]
}

@test "a command that tune runs finds variables and signals as they were set" {
    export OMP_PLACES="{$cpu}" HWLOC_COMPONENTS=-x86
    run timeout -k 5 60 bash -c "trap '' XFSZ; exec '$BREAKEVEN' tune --workers 1 --reps 2 --output tune -- \
        sh -c 'env >env; cat /proc/self/status >status' x {workers}"
    [ "$status" = 0 ]
    grep -qx "OMP_PLACES={$cpu}" env && grep -qx "HWLOC_COMPONENTS=-x86" env
    python3 -c '
fields = dict(line.split(":\t", 1) for line in open("status") if ":\t" in line)
assert int(fields["SigIgn"], 16) == 1 << 24, fields["SigIgn"]      # SIGXFSZ, as it was, and nothing of ours
assert int(fields["SigBlk"], 16) == 0, fields["SigBlk"]'
}
