# SPDX-License-Identifier: GPL-3.0-or-later
# breakeven cpus: the number of workers that this process may use, and what bounds it.

bats_require_minimum_version 1.5.0

setup() {
    BREAKEVEN=${BREAKEVEN:-$PWD/build/breakeven}
    unset FORKPOOL_WORKERS NSLOTS LSB_DJOB_NUMPROC PBS_NUM_PPN PBS_JOBID SLURM_JOB_ID
    CPU=$(taskset -cp $$ | sed 's/.*: //; s/[-,].*//')
}

@test "one word" {
    run --separate-stderr "$BREAKEVEN" cpus
    [ "$status" = 0 ] && [[ $output =~ ^[1-9][0-9]*$ ]] && [ -z "$stderr" ]
}

@test "an affinity of one cpu binds" {
    run taskset -c "$CPU" "$BREAKEVEN" cpus
    [ "$output" = 1 ]
    run taskset -c "$CPU" "$BREAKEVEN" cpus --why
    [[ ${lines[0]} == "1 worker, limited by affinity (/proc/self/status)" ]]
}

@test "FORKPOOL_WORKERS, Slurm's variables and the tasks bind; --why names them" {
    FORKPOOL_WORKERS=1 run "$BREAKEVEN" cpus --why
    [[ ${lines[0]} == "1 worker, limited by variables (FORKPOOL_WORKERS)" || $("$BREAKEVEN" cpus) = 1 ]]
    [ "$(FORKPOOL_WORKERS=1 "$BREAKEVEN" cpus)" = 1 ]
    [ "$(SLURM_JOB_ID=1 SLURM_CPUS_PER_TASK=1 "$BREAKEVEN" cpus)" = 1 ]
    [ "$("$BREAKEVEN" cpus --tasks 1)" = 1 ]
    [ "$("$BREAKEVEN" cpus --tasks 100000)" = "$("$BREAKEVEN" cpus)" ]
}

@test "the default number of workers obeys FORKPOOL_WORKERS" {
    FORKPOOL_WORKERS=1 run "$BREAKEVEN" topo --placement none --json
    [ "$(grep -c '"worker"' <<<"$output")" = 1 ]
}

@test "a variable that holds no number is told" {
    FORKPOOL_WORKERS=many run --separate-stderr "$BREAKEVEN" cpus
    [ "$status" = 0 ] && [[ $output =~ ^[1-9][0-9]*$ ]]
    [[ $stderr == *'FORKPOOL_WORKERS="many" is no whole number of 1 or more: ignored'* ]]
    for verb in topo "run --kernel spin --tasks 20 --reps 1 --warmup 0 --runner serial --output $BATS_TEST_TMPDIR/run" \
        "tune --workers 1 --reps 2 --patience 0s --output $BATS_TEST_TMPDIR/tuned -- true {workers}"; do
        # shellcheck disable=SC2086 # words
        FORKPOOL_WORKERS=many BREAKEVEN_GNUPLOT=/nonexistent run --separate-stderr "$BREAKEVEN" $verb
        [ "$status" = 0 ]
        [ "$(grep -c 'FORKPOOL_WORKERS="many" is no whole number' <<<"$stderr")" = 1 ]
    done
}

# quota_make DIR: a quota of one cpu for the group DIR; its file in $file
quota_make() {
    for file in "$1/cpu.max" "$1/cpu.cfs_quota_us"; do
        [ ! -e "$file" ] || { echo 100000 >"$file"; } 2>/dev/null && [ -e "$file" ] && return 0
    done
    return 1
}

@test "a quota of one cpu, one group above, binds and its file is named" {
    home=$("$BREAKEVEN" topo --json | python3 -c 'import json, sys
groups = json.load(sys.stdin)["limits"]["groups"]
print(groups[0]["path"] if groups else "")')
    outer=$home/breakeven-test.$$
    { [ -n "$home" ] && mkdir -p "$outer/inner"; } 2>/dev/null || skip "no cgroup can be made here"
    quota_make "$outer" || { rmdir "$outer/inner" "$outer"; skip "no quota can be set here"; }
    run bash -c "echo \$\$ >$outer/inner/cgroup.procs && $BREAKEVEN cpus --why"
    rmdir "$outer/inner" "$outer"
    [[ ${lines[0]} == "1 worker, limited by "* && $output == *"1 cpu ($file)"* ]]
}
