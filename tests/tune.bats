# SPDX-License-Identifier: GPL-3.0-or-later
# breakeven tune: commands good and faulty, kernels, quotas, what is printed and saved. No duration is asserted.

setup() {
    BREAKEVEN=${BREAKEVEN:-$PWD/build/breakeven}
    [[ $BREAKEVEN == /* ]] || BREAKEVEN=$PWD/$BREAKEVEN
    cd "$BATS_TEST_TMPDIR" || exit 1
}

tune() {
    run timeout -k 1 300 "$BREAKEVEN" tune "$@"
}

# The last run's samples and cells can be read again and belong together.
recorded() {
    [ -s results/latest/samples.jsonl ]
    timeout -k 1 100 "$BREAKEVEN" report --format json results/latest >report.json
}

@test "a command whose speed depends on {workers} gets the best count, and a run is recorded" {
    tune --workers 1..8 -- sh -c 'sleep 0.$(printf %03d $((800 / {workers})))'
    [ "$status" = 0 ]
    [[ ${lines[0]} =~ ^[678]\ workers:\  ]] # 0.133, 0.114 and 0.1 s
    grep -q 'The best of each number of workers' <<<"$output"
    grep -q 'recommended' <<<"$output"
    recorded
    grep -q '"runner": *"command"' report.json
}

@test "placeholders in variables, parameters of words, and the shell only where asked" {
    tune --threads 1,2 --parameter mode=slow,fast --env 'OMP_NUM_THREADS={threads}' -- \
        sh -c 'test {mode} = fast || sleep 0.7; test "$OMP_NUM_THREADS" -ge 1; sleep 0.05'
    [ "$status" = 0 ]
    [[ ${lines[0]} == *"mode fast"* ]]
    tune --parameter 'x=0.05,0.2' --shell-command -- 'sleep {x} | cat'
    [ "$status" = 0 ]
    [[ ${lines[0]} == "x 0.05"* ]]
}

@test "a missing program: one line, status 2, nothing recorded" {
    tune --workers 1..4 -- /no/such/program '{workers}'
    [ "$status" = 2 ]
    [ "${#lines[@]}" = 1 ]
    [[ $output == *'cannot start "/no/such/program": No such file or directory'* ]]
    [ ! -e results ]
}

@test "always failing: its words, status 3" {
    tune --workers 1..4 -- sh -c 'echo no luck with {workers} >&2; exit 5'
    [ "$status" = 3 ]
    grep -q 'No configuration worked' <<<"$output"
    grep -q 'exit code 5: no luck with 4' <<<"$output"
    recorded
}

@test "failing for some counts: those are results, the rest is tuned, status 0" {
    # so much lies between three workers and fewer that a crowded machine tells them apart, too
    tune --workers 2,3,4 -- sh -c 'test {workers} -le 3 || { echo too many >&2; exit 3; }; test {workers} = 3 || sleep 0.7; sleep 0.1'
    [ "$status" = 0 ]
    [[ ${lines[0]} == "3 workers: "* ]]
    [[ ${lines[0]} == *"with more workers it failed"* ]]
    grep -q '^failed: 4 workers: exit code 3: too many' <<<"$output"
}

@test "hanging: each configuration ends at its deadline, nothing is left, status 3" {
    tune --workers 1..3 --deadline 300ms -- sh -c 'sleep 4711 & sleep 4711; echo {workers}'
    [ "$status" = 3 ]
    grep -q 'killed after 0.3 s' <<<"$output"
    ! pgrep -f 'sleep 4711'
}

@test "printing a gigabyte fills neither memory nor disk" {
    tune --workers 1..2 --reps 1 -- sh -c 'head -c 1000000000 /dev/zero; echo; echo done with {workers}; exit 1'
    [ "$status" = 3 ]
    grep -q 'exit code 1: done with' <<<"$output"
    [ "${#output}" -lt 20000 ]
    [ "$(du -sk results | cut -f1)" -lt 1000 ]
}

@test "--json is one object with the recommendation, its interval, and all that was tried" {
    command -v python3 >/dev/null || skip "python3 is missing"
    # 240 ms lie between two workers and four: a crowded machine tells them apart, too
    tune --json --workers 1..4 --reps 6 -- sh -c 'sleep 0.$(printf %03d $((960 / {workers})))'
    [ "$status" = 0 ]
    python3 -c '
import json, sys
o = json.load(sys.stdin)
assert o["schema"] == 1 and o["unit"] == "command" and o["objective"] == "time", o
r = o["recommended"]
assert r["settings"]["workers"] in (3, 4), r
assert r["fresh"]["n"] == 6 and r["fresh"]["low"] <= r["fresh"]["median"] <= r["fresh"]["high"], r
assert len(o["tried"]) >= 2 and all("settings" in t for t in o["tried"])
assert o["sentence"] and o["cpus"]["usable"] >= 1 and o["measurements"] >= 6
c = o["capacity"]
assert c["patience_s"] == 5 and 0 <= c["waited_s"] and (c["looks"] > 0) == (c["expected"] > 1), c
' <<<"$output"
}

@test "--patience: how long it waits for the cores, 0s not to look" {
    command -v python3 >/dev/null || skip "python3 is missing"
    tune --json --patience 0s --kernel primes --task-time 20us --work 1ms
    [ "$status" = 0 ]
    python3 -c '
import json, sys
c = json.load(sys.stdin)["capacity"]
assert c["looks"] == 0 and c["waited_s"] == 0 and c["patience_s"] == 0 and not c["gave_up"] and c["measured"] is None, c
' <<<"$output"
    tune --json --patience 1s --kernel primes --task-time 20us --work 1ms
    [ "$status" = 0 ]
    python3 -c '
import json, sys
o = json.load(sys.stdin)
c = o["capacity"]
assert c["expected"] <= o["cpus"]["usable"] and c["waited_s"] < 3 and (c["looks"] > 0) == (c["expected"] > 1), c
' <<<"$output"
    tune --patience -1s --kernel primes
    [ "$status" = 2 ]
}

@test "--shell prints lines that a shell evals" {
    tune --shell --workers 1,2 --parameter 'greeting=a b' -- sh -c 'sleep 0.0$((6 / {workers})); echo "{greeting}"'
    [ "$status" = 0 ]
    eval "$output"
    [ "$FORKPOOL_WORKERS" = 2 ] || [ "$FORKPOOL_WORKERS" = 1 ]
    [ "$BREAKEVEN_GREETING" = "a b" ]
}

@test "--minimise memory and core-seconds" {
    tune --minimise memory --parameter mb=1,40 --reps 1 -- sh -c 'x=$(head -c {mb}000000 /dev/zero | tr "\0" x); sleep 0.1'
    [ "$status" = 0 ]
    [[ ${lines[0]} == "mb 1: "*"iB"* ]]
    tune --minimise core-seconds --parameter n=1,200000 --reps 1 -- sh -c 'i=0; while [ $i -lt {n} ]; do i=$((i + 1)); done'
    [ "$status" = 0 ]
    [[ ${lines[0]} == "n 1: "*"of cpu time"* ]]
}

@test "what makes no sense is refused in one line with status 2" {
    local -a bad=(
        "|what is to be tuned"
        "--workers 1..4 -- echo hi|no {workers} stands"
        "-- echo {threads}|{threads} needs --threads"
        "-- echo hi|there is nothing to choose"
        "--parameter =1 -- echo|NAME=LIST"
        "--parameter a= -- echo {a}|--parameter a"
        "--parameter a=1,2 -- echo|no {a} stands"
        "--parameter workers=1,2 -- echo {workers}|{workers} has values already"
        "--env FOO -- echo {workers}|NAME=TEXT"
        "--kernel spin -- echo {workers}|both given"
        "--kernel spin,primes|one at a time"
        "--kernel spin --tasks 10,20|one kernel, one number of tasks"
        "--json --shell -- echo {workers}|both say what to print"
        "--kernel spin --export-json x.json|--export-json is for a command, not for kernels"
        "--kernel spin --env A=1|--env is for a command"
        "--placement close -- echo {workers}|--placement is for kernels, not for a command"
        "--minimise joy -- echo {workers}|objective"
    )
    local line
    for line in "${bad[@]}"; do
        # shellcheck disable=SC2086 # words on purpose
        tune ${line%|*}
        [ "$status" = 2 ] || { echo "$line: $status $output"; return 1; }
        [ "${#lines[@]}" = 1 ] || { echo "$line: $output"; return 1; }
        [[ $output == *"${line#*|}"* ]] || { echo "$line: $output"; return 1; }
    done
    [ ! -e results ]
}

@test "a kernel: a sentence, the default's cost, a saved recommendation that run takes" {
    tune --kernel primes --task-time 20us --work 2ms --save best.json
    [ "$status" = 0 ]
    [[ ${lines[0]} == "Stay serial: "* || ${lines[0]} == *"process"* || ${lines[0]} == *"thread"* ]]
    grep -q 'This process may use' <<<"$output"
    recorded
    grep -q '"study": *"tune"' results/latest/manifest.json
    [ -s best.json ]
    run timeout -k 1 200 "$BREAKEVEN" run --config best.json --reps 2
    [ "$status" = 0 ]
    grep -q 'primes' <<<"$output"
    run timeout -k 1 200 "$BREAKEVEN" run --config no-such-file
    [ "$status" = 2 ]
}

@test "--save writes to what the name stands for: a link stays one, and what takes nothing is told" {
    touch there
    ln -s there link
    tune --workers 1 --reps 1 --patience 0s --save link -- true {workers}
    [ "$status" = 0 ] && [ -L link ] && grep -q recommendation there
    ln -s /dev/full full # a device itself was replaced by a file, where root asked
    tune --workers 1 --reps 1 --patience 0s --save full -- true {workers}
    [ "$status" = 2 ] && [[ $output == *"--save full: No space left on device"* ]]
    [ -L full ]
}

@test "tasks of 100 ns: serial or a chunk, with its figure" {
    tune --kernel spin --task-time 100ns --work 1ms
    [ "$status" = 0 ]
    [[ ${lines[0]} =~ (Stay\ serial|chunk|static|guided|default|process|thread).*[0-9](ns|us|ms) ]]
}

@test "judge-tune: a table, what holds, a figure with every kernel, and all of it as JSON" {
    [ -z "${SANITIZED:-}" ] || skip "120 simulated machines take long under a sanitizer"
    run timeout -k 1 400 "$(dirname "$BREAKEVEN")/tests/judge-tune" quick --kernel spin,lock --task-time 50us --work 500us --time-limit 1s
    [ "$status" = 0 ] || [ "$status" = 1 ]
    [ "$(grep -cE '^(spin|lock) .* (serial|thread|process)' <<<"$output")" = 2 ]
    grep -Eq '^  regret, 95th percentile .*(holds|falls short)$' <<<"$output"
    grep -Eq '^  rule of thumb, all cpus and n/4p ' <<<"$output"
    grep -Eq '^ +256 ' <<<"$output"
    [ -s results/latest/plots/tune.svg ] && [ -s results/latest/plots/tune.png ]
    grep -q '>lock<' results/latest/plots/tune.svg
    python3 -c '
import json
o = json.load(open("results/latest/tune.json"))
assert [t["kernel"] for t in o["trials"]] == ["spin", "lock"] and len(o["simulated"]) == 32
assert len(o["first_attempts"]) == 2 and len(o["restless"]) == 90
for t in o["trials"] + o["first_attempts"]:
    assert t["attempts"] in (1, 2, 3) and t["waited_s"] >= 0 and t["judge_waited_s"] >= 0, t
    if t["search_cores"] and t["comparison_cores"]: # with one core there is nothing to look at
        assert t["unsteady"] == (not 0.7 <= t["comparison_cores"] / t["search_cores"] <= 1 / 0.7), t
    assert t["regret_low"] <= t["regret"] <= t["regret_high"] and t["search_s"] > 0 and t["grid_s"] > 0, t
'
}

@test "a user's kernel that is wrong, crashes or hangs is nothing to recommend: its cause, status 3" {
    local kernels kernel
    kernels=$(cd "$(dirname "$BREAKEVEN")/tests/kernels" 2>/dev/null && pwd) || skip "the users' kernels are not built"
    for kernel in wrong crash hang; do
        tune --kernel "$kernels/$kernel.so" --runner openmp --tasks 50 --chunk 4 --deadline 300ms
        [ "$status" = 3 ]
        grep -q 'No configuration worked' <<<"$output"
        grep -Eq 'failed: serial: (wrong result|signal 11|deadline)' <<<"$output"
    done
}

# A made-up machine with 8 cpus and a group with a quota.
quota() {
    mkdir -p root/proc/self root/sys/devices/system/cpu root/sys/fs/cgroup/jobs
    printf 'Name:\tx\nCpus_allowed:\tff\nCpus_allowed_list:\t0-7\n' >root/proc/self/status
    echo 0-7 >root/sys/devices/system/cpu/online
    echo '31 22 0:28 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw' >root/proc/self/mountinfo
    echo '0::/jobs' >root/proc/self/cgroup
    echo "$1 100000" >root/sys/fs/cgroup/jobs/cpu.max
    export BREAKEVEN_TEST_ROOT=$PWD/root
}

@test "a quota of 1.5 cpus is seen, said with its fraction, and kept to: one and two workers are looked at" {
    quota 150000
    tune --json --kernel primes --task-time 50us --work 2ms
    [ "$status" = 0 ]
    python3 -c '
import json, sys
o = json.load(sys.stdin)
assert o["cpus"]["quota"] == 1.5 and o["cpus"]["usable"] == 2 and o["cpus"]["allowed"] == 8, o["cpus"]
workers = {t["workers"] for t in o["tried"]}
assert {1, 2} <= workers <= {0, 1, 2}, workers
assert o["recommended"]["workers"] <= 2
' <<<"$output"
    tune -- sh -c 'sleep 0.0{workers}'
    [ "$status" = 0 ]
    grep -q '1.5 cpus (the quota of group /sys/fs/cgroup/jobs; 8 are allowed)' <<<"$output"
    grep -q '1 and 2 workers are both looked at' <<<"$output"
}

@test "a quota of half a cpu leaves one worker" {
    quota 50000
    tune --json --kernel primes --task-time 50us --work 2ms
    [ "$status" = 0 ]
    python3 -c '
import json, sys
assert {t["workers"] for t in json.load(sys.stdin)["tried"]} <= {0, 1}
' <<<"$output"
}

# begun FILE: seconds from the first measurement of a record to the begin of its last
begun() {
    python3 -c '
import json, sys
began = [json.loads(line)["began_ns"] for line in open(sys.argv[1])]
print((max(began) - min(began)) // 10**9)' "$1"
}

@test "a time limit of 1 s keeps a kernel from what would take minutes" {
    tune --kernel spin --task-time 100us --work 100ms --time-limit 1s --patience 0s --output tuned --json
    [ "$status" = 0 ]
    [[ $output == *'"shortened": true'* ]]
    [ "$(begun tuned/samples.jsonl)" -lt 20 ] # on a machine that is twenty times as slow at its end as at its begin
}

@test "a kernel whose one repetition is longer than the time limit: said first, and measured once" {
    tune --kernel spin --task-time 2ms --tasks 60 --time-limit 50ms --patience 0s --output tuned
    [ "$status" = 0 ]
    [[ ${lines[0]} == "breakeven tune: --time-limit 50ms: the serial loop alone takes about "*"; it and one "* ]]
    [[ $output == *"1 measurement of 1 configuration took "*". --time-limit is shorter: "* ]]
    [ "$(wc -l <tuned/samples.jsonl)" = 2 ]
    tune --kernel empty --tasks 10 --time-limit 1ms --patience 0s --output small # its process' start alone is beyond it
    [ "$status" = 0 ]
    [[ ${lines[0]} == "breakeven tune: --time-limit 1ms: the serial loop alone took "* ]]
    [ "$(wc -l <small/samples.jsonl)" = 2 ]
    env --default-signal=INT timeout -k 5 200 "$BREAKEVEN" tune --kernel spin --task-time 5ms --tasks 20000 \
        --time-limit 1s --deadline 100s --output long >out 2>err 3>&- &
    local ran=$! tries=0
    until grep -q "the serial loop alone takes about [0-9]" err || [ $((tries += 1)) = 600 ]; do sleep 0.05; done
    [ "$tries" -lt 600 ] && [ ! -s long/samples.jsonl ]
    kill -INT "$ran" && wait "$ran" && status=0 || status=$?
    [ "$status" = 130 ]
}

@test "Ctrl-C: status 130, what was measured is kept" {
    env --default-signal=INT timeout -k 5 200 "$BREAKEVEN" tune --workers 1..8 -- sleep '0.5{workers}' >out 2>err &
    local ran=$! tries=0
    until grep -qs . results/runs/*/samples.jsonl || [ $((tries += 1)) = 200 ]; do sleep 0.1; done
    kill -INT "$ran" && wait "$ran" && status=0 || status=$?
    [ "$status" = 130 ]
    grep -q interrupted err
    [ -s results/latest/samples.jsonl ]
}

@test "a real quota of 1.5 cpus, where a group may be made" {
    mkdir group
    # Version 1, in a mount namespace of its own; version 2 needs its cpu controller free, which it seldom is.
    run unshare -m sh -c 'mount -t cgroup -o cpu none group && mkdir group/breakeven-test && rmdir group/breakeven-test'
    [ "$status" = 0 ] || skip "no cgroup can be made here"
    # shellcheck disable=SC2016 # for the inner shell
    run unshare -m sh -c 'mount -t cgroup -o cpu none group && mkdir group/breakeven-test || exit 9
        trap "echo \$\$ >group/cgroup.procs; rmdir group/breakeven-test" EXIT
        echo 100000 >group/breakeven-test/cpu.cfs_period_us && echo 150000 >group/breakeven-test/cpu.cfs_quota_us || exit 9
        echo $$ >group/breakeven-test/cgroup.procs
        timeout -k 1 200 "$0" tune -- sh -c "sleep 0.0{workers}"' "$BREAKEVEN"
    [ "$status" != 9 ] || skip "no quota can be set here"
    [ "$status" = 0 ]
    if [ "$(nproc)" -ge 2 ]; then grep -q '1.5 cpus (the quota of group' <<<"$output"; fi
}
