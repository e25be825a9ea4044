#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/slurm.sh: breakeven under Slurm, for real: a munged, a slurmctld and four slurmd as four nodes of this machine, each
# with a host name, a /tmp and a /dev/shm of its own, all files in one folder of the build; runs what docs/slurm.md says
# through sbatch, srun and mpirun, checks the records, and takes everything down. Needs root, and Debian's slurm-wlm and
# munge; skipped with a reason (status 77) where it cannot run. BUILD: the build folder.
set -u
cd "$(dirname "$0")/.." || exit 2
build=$PWD/${BUILD:-build} nodes=4 failed=0

skip() {
    echo "test-slurm: skipped: $*"
    exit 77
}
case $build in /tmp/* | /dev/shm/*) skip "$build: each node has a /tmp and a /dev/shm of its own" ;; esac
[ "$(id -u)" = 0 ] || skip "needs root: slurmd and namespaces"
for program in munged slurmctld slurmd sbatch srun mpirun unshare; do
    command -v $program >/dev/null || skip "no $program: apt-get install slurm-wlm munge openmpi-bin"
done
[ -x "$build/breakeven-rank" ] || skip "no breakeven-rank: make deps-mpi, then make"
unshare --mount --uts true 2>/dev/null || skip "no namespaces for nodes"
scontrol ping >/dev/null 2>&1 && skip "a Slurm runs here already"

work=$build/slurm
rm -rf "$work"
mkdir -p "$work/state" "$work/etc" && chmod 700 "$work/etc" || exit 2
export SLURM_CONF=$work/etc/slurm.conf
cpus=$(nproc)
{
    cat <<CONF
ClusterName=test
SlurmctldHost=$(hostname)(127.0.0.1)
SlurmctldPort=17000
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$work/munge.socket
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool.%n
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.%n.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=pmix
ReturnToService=2
KillWait=10
PartitionName=all Nodes=n[1-$nodes] Default=YES State=UP
CONF
    for i in $(seq $nodes); do
        echo "NodeName=n$i NodeAddr=127.0.0.1 Port=1700$i CPUs=$cpus Sockets=1 CoresPerSocket=$cpus ThreadsPerCore=1"
    done
} >"$SLURM_CONF"
slurmd -V | grep -q ' 2[0-2]\.' && echo CgroupPlugin=cgroup/v1 >"$work/etc/cgroup.conf" ||
    echo CgroupPlugin=disabled >"$work/etc/cgroup.conf"

# shellcheck disable=SC2317,SC2046 # called by the trap; one word a pid
down() {
    scancel --quiet --user=root 2>/dev/null
    sleep 1
    kill $(cat "$work"/*.pid 2>/dev/null) 2>/dev/null
    for _ in {1..50}; do
        kill -0 $(cat "$work"/*.pid 2>/dev/null) 2>/dev/null || break
        sleep 0.1
    done
    kill -9 $(cat "$work"/*.pid 2>/dev/null) 2>/dev/null
}
trap down EXIT

quiet() { setsid "$@" </dev/null >>"$work/daemons.log" 2>&1; }
head -c 1024 /dev/urandom >"$work/etc/munge.key" && chmod 600 "$work/etc/munge.key"
quiet munged --force --key-file="$work/etc/munge.key" --socket="$work/munge.socket" --pid-file="$work/munged.pid" \
    --log-file="$work/munged.log" --seed-file="$work/munge.seed"
quiet slurmctld
for i in $(seq $nodes); do
    mkdir -p "$work/spool.n$i"
    quiet unshare --mount --uts sh -c "hostname n$i; mount -t tmpfs tmpfs /tmp; mount -t tmpfs tmpfs /dev/shm; exec slurmd -N n$i"
done
for _ in {1..150}; do
    [ "$(sinfo -h -N -t idle -o %N 2>/dev/null | wc -l)" = $nodes ] && break
    sleep 0.2
done
[ "$(sinfo -h -N -t idle -o %N | wc -l)" = $nodes ] || {
    sinfo
    tail -n 3 "$work"/*.log
    skip "the nodes do not come up"
}

check() { # NAME COMMAND ..: a line for each thing that must hold
    local name=$1
    shift
    if "$@"; then echo "ok $name"; else
        echo "not ok $name"
        failed=$((failed + 1))
    fi
}

# samples DIR EXPRESSION: of its samples s, a list of objects, the expression must be true
samples() {
    python3 -c '
import json, sys
s = [json.loads(line) for line in open(sys.argv[1] + "/samples.jsonl")]
m = json.load(open(sys.argv[1] + "/manifest.json"))
assert eval(sys.argv[2]), [(x["cell"], x["status"], x["cause"]) for x in s if x["status"] != "ok"]' "$@"
}

# job NAME OPTIONS COMMAND: a batch job that runs it on one node with all cpus, unless the options say more nodes; waits for
# its end
job() {
    # shellcheck disable=SC2086 # options are words
    timeout -k 5 600 sbatch --quiet --wait -N1 -n"$cpus" --oversubscribe -o "$work/$1.out" $2 --chdir "$work" --wrap "$3" || true
}

breakeven=$build/breakeven
grid="run --kernel primes --tasks 40 --size 500 --runner mpi --processes 2 --reps 2 --warmup 0 --spans 0 --deadline 60s"
good='len(s) == 4 and all(x["status"] == "ok" for x in s) and len({x["hash"] for x in s}) == 1'
# Ranks over several nodes, which talk over the loopback; then one that crashes on the second.
export OMPI_MCA_btl_tcp_if_include=lo OMPI_MCA_mpi_yield_when_idle=1
for launcher in mpirun srun; do
    spread=1,2,4
    [ $launcher = mpirun ] || spread=2,4 # four ranks are more than the cpus of one node, which srun refuses
    for try in 1 2 3; do # bare MPI programs too crash now and then in MPI_Init under srun of Slurm 24.11: 3 of 30
        rm -rf "$work/nodes-$launcher"
        job nodes-$launcher "-N$nodes -n$((nodes * cpus))" "$breakeven run --kernel primes --tasks 40 --size 500 --runner mpi --processes 4 \\
            --nodes $spread --schedule static,dynamic --reps 1 --warmup 1 --spans 0 --deadline 60s --placement close --launcher $launcher -o nodes-$launcher"
        [ $launcher = srun ] || break
        grep -Eq '"cause":"(setup|start): .*rank.* lost' "$work/nodes-$launcher/samples.jsonl" || break
        echo "# try $try: a rank crashed before it had a number"
    done
    check "ranks over $spread nodes by $launcher" samples "$work/nodes-$launcher" \
        'len(s) == 1 + 2 * len("'$spread'".split(",")) and all(x["status"] == "ok" for x in s) and len({x["hash"] for x in s}) == 1'
    check "each on the host that the record names, $launcher" samples "$work/nodes-$launcher" \
        'all([w["host"] or "n1" for w in x["workers"]] == {0: ["n1"] * 4, 2: ["n1"] * 2 + ["n2"] * 2, 4: ["n1", "n2", "n3", "n4"]}[
            m["cells"][x["cell"]]["nodes"]] for x in s if x["cell"])'
done
# shellcheck disable=SC2016 # for the job's shell
job gone "-N$nodes -n$((nodes * cpus))" "$breakeven run --kernel $build/tests/kernels/crash.so --runner mpi --processes 2 --nodes 2 \\
    --reps 1 --warmup 0 --spans 0 --deadline 60s --launcher mpirun -o gone"
check "a rank that crashes on another node is told with it" samples "$work/gone" \
    'any("rank 1 on n2 lost: signal 11" in x["cause"] for x in s)'

# A job that is at work until its time limit: the gate shuts after the first samples, and opens for the job that resumes it.
export GATE=$work/shut
# shellcheck disable=SC2016 # for the job's shell
job limit "-w n$nodes --time=1" '(for _ in $(seq 400); do [ "$(wc -l <limit/samples.jsonl)" -ge 3 ] && break; sleep 0.1; done 2>/dev/null; touch "$GATE") &
    exec '"$breakeven"' run --kernel '"$build"'/tests/kernels/gate.so --runner forkpool --processes 2 --reps 30 --warmup 0 --spans 0 --deadline 600s -o limit' &
limited=$!
for launcher in mpirun srun; do
    job $launcher "" "$breakeven $grid --launcher $launcher -o $launcher"
    check "ranks by $launcher in a batch job" samples "$work/$launcher" "$good"
    check "the job is in the record of $launcher" samples "$work/$launcher" 'm["host"]["hostname"].startswith("n")'
done

job array --array=1-3 "$breakeven run --kernel primes --tasks 40 --size 10 --runner forkpool,openmp --workers 1,2 --reps 2 --spans 0 --deadline 60s \\
    --share \$SLURM_ARRAY_TASK_ID/3 -o part.\$SLURM_ARRAY_TASK_ID"
"$breakeven" report -o "$work/whole" --format csv "$work"/part.[123] >"$work/whole.csv"
check "the parts that an array of jobs measured are one run" samples "$work/whole" \
    'm["complete"] and len(m["joined"]) == 3 and {x["cell"] for x in s} == {0, 1, 2, 3, 4} and all(x["status"] == "ok" for x in s)'

# slurmd n2 is killed while ranks are at work there: the steps after that cannot be launched, and say so; the run goes on.
export GATE=$work/closed
job lost "-w n2" "$breakeven run --kernel $build/tests/kernels/gate.so --runner mpi --processes 2 --launcher srun --reps 3 --warmup 0 \
    --spans 0 --deadline 60s -o lost" &
lost=$!
for _ in $(seq 300); do
    [ "$(wc -l <"$work/lost/samples.jsonl")" -ge 2 ] && break
    sleep 0.1
done 2>/dev/null
touch "$GATE"
kill -9 "$(cat "$work/slurmd.n2.pid")"
rm -f "$GATE"
wait "$lost"
check "a slurmd that is killed costs its ranks, not the run" samples "$work/lost" \
    'm["complete"] and len(s) == 6 and all(x["status"] == "ok" for x in s if not x["cell"]) and \
    any(x["status"] == "error" and "slurmd does not answer" in x["cause"] for x in s if x["cell"])'
left=0
for pid in $(pgrep -f "^$build/breakeven-rank"); do # others may be at work from the same folder
    ! grep -qz "^SLURM_CONF=$SLURM_CONF\$" "/proc/$pid/environ" 2>/dev/null || left=$((left + 1))
done
check "no rank is left" [ $left = 0 ]

wait "$limited"
check "the time limit leaves a run that says so" samples "$work/limit" 'not m["complete"] and len(s) > 1'
rm -f "$work/shut"
job resume "-w n$nodes" "$breakeven run --resume limit"
check "--resume in another job finishes it" samples "$work/limit" 'm["complete"] and len(s) == 90'
[ $failed = 0 ] || tail -n 5 "$work"/*.out
echo "test-slurm: $failed failed"
[ $failed = 0 ]
