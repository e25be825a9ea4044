# SPDX-License-Identifier: GPL-3.0-or-later
# What whoever starts the program leaves in it: affinity, variables that describe another machine, signals, children.

bats_require_minimum_version 1.5.0

setup() {
    export BREAKEVEN_GNUPLOT=/nonexistent # nobody looks at figures here, and drawing them takes longer than measuring
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
    timeout -k 5 200 "$BREAKEVEN" run --kernel spin --task-time 10us --tasks 20 --reps 2 --output run "$@"
}

# await COMMAND...: until it succeeds, for half a minute
await() {
    for _ in $(seq 600); do
        if "$@"; then return 0; fi
        sleep 0.05
    done
    return 1
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
    [ "$status" = 0 ]
    [[ $stderr == *HWLOC_XMLFILE* ]]
    [ "$(python3 -c 'import json, sys; print(json.load(sys.stdin)["machine"]["allowed_cpus"])' <<<"$output")" = "$cpus" ]
    run --separate-stderr "$BREAKEVEN" topo --topology "core:4 pu:1"
    [[ $output == *"cpus: 4"* ]]
    [ -z "$stderr" ]
    [[ $("$BREAKEVEN" help environment) == *HWLOC_SYNTHETIC* ]]
}

@test "variables that bind OpenMP's first thread narrow nothing, and widen no outer mask" {
    [ "$cpus" -gt 1 ] || skip "one cpu only"
    for setting in "OMP_PLACES={$cpu}" "GOMP_CPU_AFFINITY=$cpu" "OMP_PROC_BIND=true"; do
        run --separate-stderr env "$setting" "$BREAKEVEN" topo
        [[ $output == *"workers that can run at once: $cpus"* ]]
        [[ $stderr == *"${setting%%=*}"* ]]
    done
    run --separate-stderr taskset -c "$cpu" env GOMP_CPU_AFFINITY=0-1023 "$BREAKEVEN" topo
    [[ $output == *"allowed: cpus $cpu (1 of "* ]]
}

@test "a command that tune runs finds variables and signals as they were set" {
    export OMP_PLACES="{$cpu}" HWLOC_COMPONENTS=-x86
    grep SigIgn /proc/self/status >before
    run timeout -k 5 200 bash -c "trap '' XFSZ; exec '$BREAKEVEN' tune --workers 1 --reps 2 --output tune -- \
        sh -c 'env >found && mv found env; cat /proc/self/status >seen && mv seen status' x {workers}" # one that is stopped early leaves no half
    [ "$status" = 0 ]
    grep -qx "OMP_PLACES={$cpu}" env
    grep -qx "HWLOC_COMPONENTS=-x86" env
    python3 -c '
fields = dict(line.split(":\t", 1) for line in open("status") if ":\t" in line)
before = int(open("before").read().split()[1], 16)
assert int(fields["SigIgn"], 16) == before | 1 << 24, fields["SigIgn"]      # SIGXFSZ and what was, and nothing of ours
assert int(fields["SigBlk"], 16) == 0, fields["SigBlk"]'
}

@test "a command that tune runs may use breakeven's own cpus, whatever binds OpenMP's first thread" {
    [ "$cpus" -gt 1 ] || skip "one cpu only"
    local setting other all
    other=$(python3 -c 'import os; print(min(os.sched_getaffinity(0)))')
    all=$(sed -n 's/^Cpus_allowed_list:\t//p' /proc/self/status)
    for setting in "OMP_PLACES={$cpu}" "GOMP_CPU_AFFINITY=$cpu" "OMP_PROC_BIND=true"; do
        started() { # MASK: the cpus that the command sees under it
            rm -rf tuned seen
            timeout -k 5 100 taskset -c "$1" env "$setting" "$BREAKEVEN" tune --workers 1 --reps 2 --patience 0s \
                --output tuned -- sh -c 'cp /proc/self/status seen.$$ && mv seen.$$ seen' x '{workers}' >out
            sed -n 's/^Cpus_allowed_list:\t//p' seen
        }
        [ "$(started "$all")" = "$all" ]
        [ "$(started "$other")" = "$other" ] # $cpu is outside of it
    done
}

# samples EXPRESSION: of all samples of run/, s, the expression must be true
samples() {
    python3 -c '
import json, sys
s = [json.loads(line) for line in open("run/samples.jsonl")]
assert s and eval(sys.argv[1]), [(x["status"], x["cause"]) for x in s]' "$1"
}

@test "children of before (a shell that ends in exec) are left alone" {
    export BREAKEVEN
    run --separate-stderr timeout -k 5 200 bash -c 'sleep 100 >/dev/null 2>&1 3>&- & echo $! >pid; exec "$BREAKEVEN" run \
        --kernel spin --task-time 10us --tasks 20 --reps 2 --runner serial,openmp --threads 2 --output run'
    kill "$(cat pid)"       # it lives
    [ "$status" = 0 ]
    samples "all(x['status'] == 'ok' for x in s)"
    run bash -c 'sleep 100 >/dev/null 2>&1 3>&- & echo $! >pid; exec "$BREAKEVEN" compare missing missing'
    kill "$(cat pid)"
    [ "$status" = 2 ]       # its own status
}

@test "children of before: tee of a shell's exec > >(tee log) lives on, and its log is whole" {
    export BREAKEVEN
    # shellcheck disable=SC2016 # for the inner shell
    timeout -k 5 200 bash -c 'exec > >(exec tee log) 2>&1; echo $! >pid; echo begins; exec "$BREAKEVEN" run \
        --kernel spin --task-time 10us --tasks 20 --reps 2 --runner serial,openmp,forkpool --workers 2 --output run' \
        >out 3>&-
    samples "all(x['status'] == 'ok' for x in s)"
    timeout 30 tail --pid="$(cat pid)" -f /dev/null     # it ends by itself, as nobody writes any more
    [ "$(head -1 log)" = begins ]
    [[ $(tail -1 log) == "The run: run"* ]]
    cmp out log
}

@test "SIGCHLD ignored or blocked at start changes nothing" {
    for start in "signal.signal(signal.SIGCHLD, signal.SIG_IGN)" \
        "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD, signal.SIGTERM])"; do
        rm -rf run tuned
        started() { # VERB...: breakeven, so started
            timeout -k 5 200 python3 -c "
import os, signal, sys
$start
os.execv(sys.argv[1], sys.argv[1:])" "$BREAKEVEN" "$@"
        }
        started run --kernel spin --task-time 10us --tasks 20 --reps 2 --runner serial,openmp --threads 2 --output run
        samples "all(x['status'] == 'ok' for x in s)"
        started report run --json | grep -q '"cells"'
        started tune --workers 1,2 --time-limit 1s --patience 0s --json -- true {workers} >tuned
        grep -q '"recommended": {' tuned
        run ! grep -q '"failed": true' tuned
    done
}

@test "an environment near the kernel's limit: one line, and no repetition at all" {
    run --separate-stderr timeout -k 5 200 bash -c "ulimit -s 512; FILL=\$(head -c 120000 /dev/zero | tr '\\0' x); export FILL
        exec '$BREAKEVEN' run --kernel spin --task-time 10us --tasks 20 --reps 2 --runner serial --output run"
    [ "$status" != 0 ]
    [[ $stderr == *"Argument list too long"*"ulimit -s"* ]]
    [ "$(wc -l <<<"$stderr")" = 1 ]
    [ ! -e run ]
}

@test "too few descriptors: the limit is named" {
    run --separate-stderr timeout -k 5 200 bash -c "ulimit -n 11; exec '$BREAKEVEN' run --kernel spin --task-time 10us \
        --tasks 20 --reps 2 --runner serial --output run" 3>&-
    [ "$status" != 0 ]
    [[ $stderr == *"Too many open files"*"ulimit -n is 11"* ]]
    [[ $stderr != *"exit code 127"* ]]
}

@test "a stack of 256 KiB is enough to measure and to report" {
    [ -z "${SANITIZED:-}" ] || skip "sanitized code takes more of the stack"
    timeout -k 5 100 bash -c "ulimit -s 256; exec '$BREAKEVEN' run --kernel spin --tasks 20 --task-time 10us --runner openmp \
        --workers 2 --reps 1 --warmup 0 -o run"
    timeout -k 5 100 bash -c "ulimit -s 256; exec '$BREAKEVEN' report --format json run" >out
}

@test "a pid namespace without its init, or with the outer /proc: one line names it" {
    unshare --pid true 2>/dev/null || skip "pid namespaces need more rights"
    export ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 # the leak check needs a thread, which such a namespace refuses
    run --separate-stderr timeout -k 5 200 unshare --pid "$BREAKEVEN" tune --workers 1 --output tune -- true '{workers}'
    [ "$status" = 2 ]
    [[ $stderr == *"--fork"* ]]
    [ "$(wc -l <<<"$stderr")" = 1 ]
    run --separate-stderr timeout -k 5 200 unshare --pid --fork "$BREAKEVEN" tune --workers 1 --reps 2 --output tune -- \
        sh -c 'setsid sleep 100 & exit 0' x '{workers}'
    [ "$status" = 0 ]
    [[ $stderr == *"cannot be seen"* ]]
}

@test "as process 1 of a pid namespace it ends by TERM" {
    unshare --pid --fork --mount-proc true 2>/dev/null || skip "pid namespaces need more rights"
    unshare --pid --fork --kill-child --mount-proc "$BREAKEVEN" run --kernel spin --task-time 10ms --tasks 20 --reps 100 \
        --runner serial --output run 3>&- &
    await [ -s run/samples.jsonl ]
    kill -TERM "$(pgrep -P $!)"
    status=0
    wait $! || status=$?
    [ "$status" = 130 ] || [ "$status" = 143 ]
    python3 -c 'import json; assert json.load(open("run/manifest.json"))["stopped"] == "interrupted"'
}

@test "a runtime that ends a worker's life: its own reason is told" {
    [ -z "${SANITIZED:-}" ] || skip "the sanitizers are to be loaded first"
    cat >refuse.c <<'C'
#include <dlfcn.h>
#include <errno.h>
typedef int create(void *thread, const void *how, void *(*begin)(void *), void *with);
int pthread_create(void *thread, const void *how, void *(*begin)(void *), void *with)
{
    static int calls; /* the pool's own thread first, then the runtime's in each worker */
    create *real = (create *)dlsym(RTLD_NEXT, "pthread_create");
    return calls++ ? EAGAIN : real(thread, how, begin, with);
}
C
    cc -D_GNU_SOURCE -shared -fPIC -o refuse.so refuse.c
    run env LD_PRELOAD="$PWD/refuse.so" "$BREAKEVEN" run --kernel spin --tasks 20 --task-time 10us --reps 1 --warmup 0 \
        --runner hybrid --processes 2 --threads 3 --output run
    [ "$status" = 3 ]
    grep -q '"cause":.*died while starting.*[Tt]hread creation failed\|"cause":.*died while starting.*OMP:' run/samples.jsonl
}

@test "doctor and openmp as process 1 of a pid namespace end by TERM, too" {
    unshare --pid --fork --mount-proc true 2>/dev/null || skip "pid namespaces need more rights"
    local words
    for words in doctor "openmp --threads 2 --reps 200"; do
        # shellcheck disable=SC2086 # words
        unshare --pid --fork --kill-child --mount-proc "$BREAKEVEN" $words >/dev/null 2>&1 3>&- &
        await pgrep -P $! -x breakeven >/dev/null
        sleep 0.3
        kill -TERM "$(pgrep -P $!)"
        timeout 30 tail --pid=$! -f /dev/null
        status=0
        wait $! || status=$?
        [ "$status" = 130 ] || [ "$status" = 143 ]
    done
}

@test "a sandbox that refuses pidfd_open: one line names the call" {
    local tests=$BATS_TEST_DIRNAME
    python3 "$tests/fixtures/refuse.py" 434 true || skip "system calls cannot be filtered here"
    run python3 "$tests/fixtures/refuse.py" 434 timeout -k 5 100 "$BREAKEVEN" run --kernel spin --task-time 10us --tasks 20 \
        --runner serial,forkpool --workers 2 --reps 2 --output run
    [ "$status" != 0 ] && [ ${#lines[@]} = 1 ]
    [[ $output == *"pidfd_open"*"ermi"* ]]
    run python3 "$tests/fixtures/refuse.py" 434 timeout -k 5 100 "$BREAKEVEN" tune --workers 1,2 --output tuned -- sleep '.0{workers}'
    [ "$status" != 0 ]
    [[ $output == *"pidfd_open"*"ermi"* ]]
}

@test "a sandbox that refuses PR_SET_CHILD_SUBREAPER: one line names the call" {
    local call refuse=$BATS_TEST_DIRNAME/fixtures/refuse.py
    call=$(cc -E -P -include sys/syscall.h - <<<__NR_prctl | tail -1):36 # the option's number is one everywhere
    python3 "$refuse" "$call" true || skip "system calls cannot be filtered here"
    python3 "$refuse" "$call" "$BREAKEVEN" topo >/dev/null # whose other calls of that name are not refused
    run python3 "$refuse" "$call" timeout -k 5 100 "$BREAKEVEN" run --kernel spin --task-time 10us --tasks 20 \
        --runner serial,forkpool --workers 2 --reps 2 --output run
    [ "$status" != 0 ] && [ ${#lines[@]} = 1 ]
    [[ $output == *"prctl(PR_SET_CHILD_SUBREAPER)"*"ermi"* ]]
    [ ! -e run ]
    run python3 "$refuse" "$call" timeout -k 5 100 "$BREAKEVEN" tune --workers 1,2 --output tuned -- sleep '.0{workers}'
    [ "$status" != 0 ] && [ ${#lines[@]} = 1 ]
    [[ $output == *"prctl(PR_SET_CHILD_SUBREAPER)"*"ermi"* ]]
}

@test "cpus taken away in mid-run: the repetition is marked unbound" {
    [ "$cpus" -gt 1 ] || skip "one cpu only"
    "$BREAKEVEN" run --kernel spin --task-time 10ms --tasks 20 --runner serial --reps 8 --output run >out 2>&1 3>&- &
    await [ -s run/samples.jsonl ]
    taskset -apc "$cpu" $! >/dev/null
    timeout 60 tail --pid=$! -f /dev/null
    wait $! || true
    grep -q '"suspect":"[^"]*unbound' run/samples.jsonl
}

# cpuset_make: a control group, $group, with this process's cpus, of version 1, or of version 2 where the groups at its
# top have cpus of their own already; 1 where none can be made here.
cpuset_make() {
    local top list
    list=$(python3 -c 'import os; print(*sorted(os.sched_getaffinity(0)), sep=",")')
    for top in $(awk '/ - cgroup2 / || / - cgroup .*cpuset/ { print $5 }' /proc/self/mountinfo); do
        group=$top/breakeven-test.$$
        mkdir "$group" || continue
        if [ -e "$top/cpuset.mems" ]; then cat "$top/cpuset.mems" >"$group/cpuset.mems"; fi &&
            echo "$list" >"$group/cpuset.cpus" && bash -c "echo \$\$ >$group/cgroup.procs" && return 0
        rmdir "$group"
    done
    group=
    return 1
}

teardown() {
    [ -n "${group:-}" ] || return 0
    xargs -r kill -KILL <"$group/cgroup.procs" 2>/dev/null || true
    for _ in $(seq 100); do
        if rmdir "$group" 2>/dev/null; then return 0; fi
        sleep 0.1
    done
    return 1
}

@test "cpus that a control group takes away in mid-run: repetitions are marked unbound until it gives them back" {
    [ "$cpus" -gt 1 ] || skip "one cpu only"
    cpuset_make 2>/dev/null || skip "no control group with cpus of its own can be made here"
    local allowed
    allowed=$(cat "$group/cpuset.cpus")
    bash -c "echo \$\$ >$group/cgroup.procs && exec '$BREAKEVEN' run --kernel spin --task-time 1ms --tasks 20 \
        --runner serial --reps 2000 --output run" >out 2>&1 3>&- &
    await [ -s run/samples.jsonl ]
    echo "$cpu" >"$group/cpuset.cpus"
    await grep -q '"suspect":"[^"]*unbound' run/samples.jsonl
    echo "$allowed" >"$group/cpuset.cpus"
    last_is_not_marked() { [[ $(tail -1 run/samples.jsonl) != *unbound* ]]; }
    await last_is_not_marked
    kill -TERM $!
    wait $! || true
    run ! grep -q '"suspect":"[^"]*unbound' <(head -1 run/samples.jsonl)
    python3 -c 'import json; assert json.load(open("run/manifest.json"))["stopped"] == "interrupted"'
}
