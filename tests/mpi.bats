# SPDX-License-Identifier: GPL-3.0-or-later
# mpi: ranks as a runner, from the command line: verified and bound as recorded, and nothing left of those that were killed.

bats_require_minimum_version 1.5.0

setup() {
    export BREAKEVEN_GNUPLOT=/nonexistent # nobody looks at figures here, and drawing them takes longer than measuring
    BREAKEVEN=${BREAKEVEN:-$PWD/build/breakeven}
    KERNELS=$(cd "$(dirname "$BREAKEVEN")/tests/kernels" 2>/dev/null && pwd)
    [ -z "$SANITIZED" ] || skip "ranks cannot load kernels built with a sanitizer"
    if ! command -v mpirun >/dev/null || [ ! -x "$(dirname "$BREAKEVEN")/breakeven-rank" ]; then
        skip "no MPI: make deps-mpi, then make"
    fi
    cd "$BATS_TEST_TMPDIR"
    export BREAKEVEN_TEST=$BATS_TEST_TMPDIR
}

# samples EXPRESSION: of the samples of ./run, as a list of objects s, those that are not the serial baseline's m, the
# expression must be true
samples() {
    python3 -c '
import json, sys
s = [json.loads(line) for line in open("run/samples.jsonl")]
m = [x for x in s if x["cell"]]
assert eval(sys.argv[1]), m' "$1"
}

# ours PATTERN: the processes of this test whose command line matches
ours() {
    local pid
    for pid in $(pgrep -f "$1"); do
        if grep -qz "^BREAKEVEN_TEST=$BREAKEVEN_TEST\$" "/proc/$pid/environ" 2>/dev/null; then echo "$pid"; fi
    done
}

# nothing_left: no rank of this test, and no folder in memory whose maker is dead
nothing_left() {
    local folder pid
    [ -z "$(ours breakeven-rank)" ] || return 1
    for folder in /dev/shm/breakeven-*; do
        pid=${folder#*breakeven-}
        [ ! -e "$folder" ] || kill -0 "${pid%%-*}" || return 1
    done
}

@test "ranks compute what the serial loop computes, each on the cpu that it was given" {
    timeout -k 5 100 "$BREAKEVEN" run --kernel primes --tasks 40 --size 200 --runner mpi --processes 2 --placement close \
        --schedule static,dynamic --reps 1 --warmup 1 --waiting yield -o run
    samples 'all(x["waiting"] == "yielding" for x in m) and not s[0]["waiting"] + s[-1]["waiting"] * (not s[-1]["cell"])'
    "$BREAKEVEN" report --format text run >report
    grep -qF '(2 workers waited yielding)' report
    samples 'len(m) == 2 and all(x["status"] == "ok" and x["wall_ns"] > 0 and len({w["cpus"] for w in x["workers"]}) == 2 for x in m)'
    samples 'len({x["hash"] for x in s}) == 1'
}

@test "ranks write down what they did, each worker its own tasks" {
    timeout -k 5 100 "$BREAKEVEN" run --kernel spin --task-time 1ms --tasks 30 --runner mpi --processes 2 --threads 2 \
        --chunk 2 --reps 1 --spans 1 --warmup 1 --timeline -o run
    samples 'len([x for x in m if x["instrumented"]]) == 1'
    samples 'all(sum(b["tasks"] for b in x["latency"]) == 30 for x in m if x["instrumented"])'
    samples 'all(all(0 < w["busy_ns"] <= w["end_ns"] <= x["wall_ns"] and w["late_ns"] >= 0 \
        and w["team_ns"] >= w["busy_ns"] for w in x["workers"]) for x in m if x["instrumented"])'
    [ "$(grep -c '"name":"task"' run/timeline/*)" = 30 ]
}

# at_work OPTION ..: runs breakeven in the background ($running), its files in a TMPDIR of its own, with a kernel that waits
# while ./gate is there, and a launcher that shuts it: only ranks wait
at_work() {
    printf '#!/bin/sh\n: >gate\nexec mpirun "$@"\n' >shut
    chmod +x shut
    mkdir -p tmp
    set -m # Ctrl-C reaches the whole group of a job
    TMPDIR=$PWD/tmp GATE=$PWD/gate timeout -k 5 200 "$BREAKEVEN" run --kernel "$KERNELS/gate.so" --runner mpi --processes 2 \
        --warmup 0 --spans 0 --deadline 100s -o run "$@" >out 2>&1 3>&- &
    running=$!
    set +m
}

# at_gate: two ranks wait; $ranks are their numbers. It fails where the run has ended
at_gate() {
    until ranks=(gate.[0-9]*) && [ ${#ranks[@]} = 2 ]; do
        kill -0 "$running" 2>/dev/null || return 1
        sleep 0.05
    done
    ranks=("${ranks[@]#gate.}")
}

@test "a launcher that is killed and ranks past their deadline are errors, and leave nothing" {
    at_work --reps 1 --launcher "./shut -n {processes}"
    at_gate
    kill -9 "$(ours '^mpirun ')"
    rm -f gate gate.*
    wait "$running" || [ $? = 3 ]
    samples 'len(m) == 1 and m[0]["status"] == "error" and "./shut was ended by signal 9 (Killed)" in m[0]["cause"]'
    nothing_left
    rm -r run
    timeout -k 5 100 "$BREAKEVEN" run --kernel "$KERNELS/hang.so" --runner mpi --processes 2 --reps 1 -o run --deadline 3s || [ $? = 3 ]
    samples 'len(m) == 1 and m[0]["status"] == "timeout"'
    nothing_left
}

@test "a rank that is killed or aborts costs its repetition alone, told with its signal" {
    at_work --reps 3 --launcher "./shut -n {processes}"
    local signals=(KILL ABRT) status=0
    while at_gate; do
        kill -"${signals[0]:-0}" "${ranks[0]}"
        signals=("${signals[@]:1}")
        rm -f gate gate.*
    done
    wait "$running" || status=$?
    [ "$status" = 3 ]
    samples '[x["cause"].split("lost: ")[-1] for x in m[:2]] == ["signal 9 (Killed)", "signal 6 (Aborted)"]'
    samples 'all(x["cause"].startswith("run: rank ") and x["status"] == "error" for x in m[:2])'
    samples 'len(m) > 2 and all(x["status"] == "ok" for x in m[2:])'
    nothing_left
    [ -z "$(ls tmp)" ]
}

@test "a rank that ends by itself, as if all were well, is lost and told with its code" {
    timeout -k 5 120 "$BREAKEVEN" run --kernel "$KERNELS/exits.so" --runner mpi --processes 2 --reps 1 --warmup 0 --spans 0 \
        --deadline 60s -o run >out 2>&1 || [ $? = 3 ]
    samples 'm and all(x["status"] == "error" and x["cause"].startswith("run: rank ") and "ended with code 0" in x["cause"] for x in m)'
    nothing_left
}

@test "a launcher that takes seconds to end after its ranks, as on a slow machine, is waited for and heard" {
    printf '#!/bin/sh\n: >gate\nmpirun "$@"\nsleep 4\necho not enough slots\nexit 1\n' >late
    chmod +x late
    at_work --reps 1 --launcher "./late -n {processes}"
    at_gate
    kill -TERM "${ranks[@]}"
    rm -f gate gate.*
    wait "$running" || [ $? = 3 ]
    samples 'len(m) == 1 and "lost: signal 15" in m[0]["cause"] and "not enough slots" in m[0]["cause"]'
    nothing_left
}

@test "Ctrl-C while ranks are at work: status 130, and nothing of them is left" {
    at_work --reps 1 --launcher "./shut -n {processes}"
    local status=0
    at_gate
    kill -INT -- "-$running"
    wait "$running" || status=$?
    [ "$status" = 130 ]
    nothing_left
    [ -z "$(ls tmp)" ]
}

@test "a launcher of one's own is used, and what it says when it fails is shown with its cause" {
    local cell=(--kernel empty --tasks 20 --runner mpi --processes 2 --reps 1 --warmup 0 --spans 0)
    printf '#!/bin/sh\necho "$*" >seen\nenv >environment\nexec mpirun -n "$1" "$4" "$5"\n' >mine
    chmod +x mine
    timeout -k 5 200 "$BREAKEVEN" run "${cell[@]}" -o run --launcher "./mine {processes} x{threads} {processes}{threads}" --waiting spin
    samples 'len(m) == 1 and m[0]["status"] == "ok" and m[0]["waiting"] == "spinning"'
    [[ $(cat seen) == "2 x1 21 "*"/breakeven-rank /dev/shm/breakeven-"*"/control" ]]
    # Where one of these names another place, a launcher that is killed leaves files there.
    [ "$(grep -cE '^(TMPDIR|OMPI_MCA_(btl_vader|btl_sm|osc_sm|osc_rdma)_backing_directory)=/dev/shm/breakeven-' environment)" = 5 ]
    [ -e /sys/class/infiniband ] || [ -e /dev/hfi1_0 ] || # no fabric: nobody looks for one, nor for devices
        [ "$(grep -cxE 'OMPI_MCA_pml=ob1|HWLOC_PLUGINS_PATH=/nonexistent' environment)" = 2 ]
    rm -r run
    OMPI_MCA_pml=^cm timeout -k 5 200 "$BREAKEVEN" run "${cell[@]}" -o run --launcher "./mine {processes} x{threads} {processes}{threads}"
    grep -qxF 'OMPI_MCA_pml=^cm' environment # the user's stands
    rm -r run
    OMPI_MCA_rmaps_base_oversubscribe=0 OMPI_MCA_rmaps_base_no_oversubscribe=1 timeout -k 5 200 "$BREAKEVEN" run "${cell[@]}" \
        -o run --launcher "mpirun --host localhost:1 -n {processes}" || [ $? = 3 ]
    samples 'len(m) == 1 and m[0]["status"] == "error" and "mpirun ended with code 1: not enough slots" in m[0]["cause"]'
    run "$BREAKEVEN" run "${cell[@]}" -o none --launcher /no/such/srun
    [ "$status" = 2 ]
    [[ $output == *"/no/such/srun is not in PATH"* ]]
}

@test "a /dev/shm without room for MPI's own files is told as that, though it has none for what mpirun says either" {
    [ "$(id -u)" = 0 ] && unshare --mount true 2>/dev/null || skip "a /dev/shm of one's own needs root and namespaces"
    for size in 24k 64k; do # in 24 KiB ranks end, in 64 KiB mpirun waits for ever
        rm -rf run
        unshare --mount sh -c 'mount -t tmpfs -o size='$size' tmpfs /dev/shm && exec "$@"' - timeout -k 5 200 "$BREAKEVEN" run \
            --kernel empty --tasks 20 --runner mpi --processes 2 --reps 1 --warmup 0 --spans 0 --deadline 50s -o run || [ $? = 3 ]
        samples 'len(m) == 1 and m[0]["status"] == "error" and "/dev/shm" in m[0]["cause"]'
    done
}

@test "a /dev/shm that cannot be written leaves mpi out, and that is its reason" {
    [ "$(id -u)" = 0 ] && unshare --mount true 2>/dev/null || skip "a /dev/shm of one's own needs root and namespaces"
    run unshare --mount sh -c 'mount -t tmpfs -o ro tmpfs /dev/shm && exec "$@"' - "$BREAKEVEN" list runners
    [[ $output == *"mpi"*"/dev/shm cannot be written"* ]]
    run unshare --mount sh -c 'mount -t tmpfs -o ro tmpfs /dev/shm && exec "$@"' - "$BREAKEVEN" run --kernel empty --runner mpi \
        --processes 2 --reps 1 -o run
    [ "$status" = 2 ]
    [[ $output == *"/dev/shm cannot be written"* ]]
}

@test "without leave to bind, ranks that are to be bound are errors that say so, and those that are not run" {
    strace -f --seccomp-bpf -o trace -e trace=sched_setaffinity true 2>/dev/null || skip "no strace, or no leave to trace"
    timeout -k 5 200 "$BREAKEVEN" run --kernel empty --tasks 20 --runner mpi --processes 2 --placement close,none --reps 1 --warmup 0 \
        --spans 0 --deadline 60s -o run --launcher "strace -f --seccomp-bpf -o trace -e trace=sched_setaffinity \
        -e inject=sched_setaffinity:error=EPERM mpirun -n {processes}" || [ $? = 3 ]
    samples 'sorted(x["status"] for x in m) == ["error", "ok"]'
    samples 'all("cannot be bound to cpu" in x["cause"] and "not permitted" in x["cause"] for x in m if x["status"] == "error")'
    grep -q 'sched_setaffinity.*INJECTED' trace
    nothing_left
}

# several_hosts: mpirun takes "n2" for another host: a daemon with a host name, a /dev/shm and, where the kernel can, a clock
# of its own, started by what stands in for ssh
several_hosts() {
    local own="--mount --uts"
    [ "$(id -u)" = 0 ] && unshare --mount --uts true 2>/dev/null || skip "hosts of one's own need root and namespaces"
    ! unshare --time --monotonic 100000 true 2>/dev/null || own+=" --time --monotonic 100000"
    # shellcheck disable=SC2016 # for that shell
    printf '#!/bin/sh\nhost=$1\nshift\nexec unshare %s sh -c '"'"'hostname "$0"; mount -t tmpfs tmpfs /dev/shm; exec sh -c "$*"'"'"' "$host" "$@"\n' \
        "$own" >agent
    chmod +x agent
    export OMPI_MCA_plm_rsh_agent=$PWD/agent PRTE_MCA_plm_ssh_agent=$PWD/agent OMPI_MCA_btl_tcp_if_include=lo \
        OMPI_MCA_oob_tcp_if_include=lo OMPI_MCA_mpi_yield_when_idle=1
    hosts="mpirun --host localhost:4,n2:4 -n {processes} --map-by ppr:{per_node}:node"
}

@test "ranks on two hosts compute what the serial loop computes, wherever the results were" {
    several_hosts
    timeout -k 5 200 "$BREAKEVEN" run --kernel primes --tasks 41 --size 200 --runner mpi --processes 3,4 --nodes 2 --placement close \
        --schedule static,dynamic,guided,master --reps 1 --warmup 1 --spans 0 --deadline 45s -o run --launcher "$hosts"
    samples 'len(m) == 4 and all(x["status"] == "ok" and x["gathered_ns"] > 0 and x["gathered_ns"] < x["wall_ns"] for x in m)'
    samples '[w["host"] for w in m[0]["workers"]] == ["", "", "n2", "n2"] and all(w["cpus"] for w in m[0]["workers"])'
    samples '[" cpus" in w["machine"] and "PU:1" in w["machine"] for w in m[0]["workers"]] == [False, False, True, False]'
    samples 'len({x["hash"] for x in s}) == 1'
    [ "$(python3 -c 'import json; print({c["nodes"] for c in json.load(open("run/manifest.json"))["cells"]})')" = "{0, 2}" ]
}

@test "what ranks of another host did is told in the time of this one, and who was lost there" {
    several_hosts
    timeout -k 5 100 "$BREAKEVEN" run --kernel spin --task-time 1ms --tasks 30 --runner mpi --processes 2 --nodes 2 --chunk 2 \
        --schedule dynamic --reps 1 --spans 1 --warmup 1 --deadline 45s --timeline -o run --launcher "$hosts"
    samples 'all(0 < w["busy_ns"] <= w["end_ns"] <= x["wall_ns"] + x["clock_error_ns"] and w["late_ns"] >= -x["clock_error_ns"] \
        and x["clock_error_ns"] > 0 for x in m if x["instrumented"] for w in x["workers"])'
    rm -r run
    # Open MPI 5 puts zero bytes between what ranks print: behind one a string ends.
    printf '#!/bin/sh\nmpirun "$@" 2>&1 | sed -u "s/^breakeven-rank: lost/\\\\x00&/" | tee printed\n' >zeros
    chmod +x zeros
    timeout -k 5 100 "$BREAKEVEN" run --kernel "$KERNELS/crash.so" --runner mpi --processes 2 --nodes 2 --reps 1 --warmup 0 \
        --spans 0 --deadline 45s -o run --launcher "./zeros ${hosts#mpirun }" || [ $? = 3 ]
    [ "$(tr -cd '\000' <printed | wc -c)" -ge 1 ]
    samples 'len(m) == 1 and m[0]["status"] == "error" and "rank 1 on n2 lost: signal 11" in m[0]["cause"]'
    nothing_left
}

@test "the doctor's trial of ranks reads what they say behind a zero byte; the launcher's path may be long" {
    printf '#!/bin/sh\nmpirun "$@" 2>&1 | sed -u "s/^breakeven-rank runs/\\\\x00&/" | tee printed\n' >zeros-of-a-launcher-with-a-long-name
    chmod +x zeros-of-a-launcher-with-a-long-name
    BREAKEVEN_LAUNCHER="$PWD/zeros-of-a-launcher-with-a-long-name -n {processes}" run timeout -k 5 200 "$BREAKEVEN" doctor
    [ "$(tr -cd '\000' <printed | wc -c)" -ge 1 ]
    [[ $output == *"zeros-of-a-launcher-with-a-long-name starts and ends two ranks in"* ]]
}

@test "a host that is lost while its ranks are at work is told, and costs that repetition alone" {
    several_hosts
    at_work --nodes 2 --reps 1 --launcher "./shut ${hosts#mpirun }"
    local daemon status=0
    at_gate
    for daemon in $(ours 'orted|prted'); do # of the other host
        [ "$(readlink "/proc/$daemon/ns/uts")" = "$(readlink /proc/self/ns/uts)" ] || kill -9 "$daemon"
    done
    rm -f gate gate.*
    wait "$running" || status=$?
    [ "$status" = 3 ]
    samples 'len(m) == 1 and m[0]["status"] == "error" and "a host was lost" in m[0]["cause"]'
    nothing_left
}

@test "bench-ranks says what it could not measure, and measures the rest" {
    PYTHONDONTWRITEBYTECODE=1 python3 - "$BREAKEVEN" none >table <<END
import subprocess, sys
sys.path.insert(0, "$BATS_TEST_DIRNAME")
import bench_ranks as bench

def hangs(*_):
    raise subprocess.TimeoutExpired("mpirun", 3)

bench.floors = lambda **_: {"counter": next(counters), "counter-result": 20.0, "counter-call": 25.0}
bench.measure = lambda *_, **__: {("mpi", "dynamic", 0): [1.0] * 4}
table, counters = bench.Table(), iter([10.0, 100.0] * 5) # no two after each other agree
table.part(bench.claimed_tasks, 60, "$BATS_TEST_TMPDIR")
counters = iter([10.0] * 9) # all do, but nobody has measured the bare master
table.part(bench.claimed_tasks, 60, "$BATS_TEST_TMPDIR")
table.part(hangs, 3, "$BATS_TEST_TMPDIR")
assert table.missed == 3, table.missed
END
    grep -q '^mpi master, an empty task' table
    grep -q 'NOT MEASURED: claimed tasks: mpi dynamic beside the bare counter: of 8 tries none had' table
    grep -q "8 of 8 pairs count" table
    grep -q "NOT MEASURED: claimed tasks: it stands beside 'master-8', which is not there" table
    grep -q 'NOT MEASURED: hangs: not done within 3 s' table
}

@test "a launcher that hangs costs a limited run one deadline, and the other cells nothing" {
    printf '#!/bin/sh\nexec sleep 100\n' >hangs
    chmod +x hangs
    printf '%s\n' '[global]' 'reps = 6' 'time-limit = 20s' 'tasks = 10' '[first]' 'kernel = spin' 'runner = openmp,mpi' \
        'processes = 2' 'threads = 1' '[other]' 'kernel = primes' 'runner = openmp' 'threads = 1' >mine.ini
    BREAKEVEN_LAUNCHER=$PWD/hangs run timeout -k 5 100 "$BREAKEVEN" run --file mine.ini --deadline 4s --output run
    [ "$status" = 3 ]
    [[ "$output" != *"were left out"* ]]
    python3 - <<'EOF'
import collections, json
cells = json.load(open("run/manifest.json"))["cells"]
taken = collections.Counter(s["cell"] for s in map(json.loads, open("run/samples.jsonl")) if not s["instrumented"])
assert len(taken) == len(cells) and all(taken[c["id"]] == (1 if c["runner"] == "mpi" else 6) for c in cells), taken
EOF
}

@test "where the doctor could not start ranks, the default experiment leaves them out and says why" {
    BREAKEVEN_LAUNCHER=false run timeout -k 5 200 "$BREAKEVEN" run --time-limit 3s --output run
    [[ "$output" == *"runner mpi is left out: false ended with code 1"* ]]
    python3 -c 'import json; assert all(c["runner"] != "mpi" for c in json.load(open("run/manifest.json"))["cells"])'
}
