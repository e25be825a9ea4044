#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/ranks_killed.sh [COUNT]: kills the launcher of the mpi runner with SIGKILL, COUNT times (100), each time at another moment
# between its start and the end of the tasks; cpu-bound processes beside it are the load. Checks that every repetition is
# recorded as what it was, and that no process and no file is left. Some minutes, so outside `make test`; skipped
# (status 77) without MPI. BUILD: the build folder.
set -u
cd "$(dirname "$0")/.." || exit 2
build=$PWD/${BUILD:-build} count=${1:-100} load=() run=
if ! command -v mpirun >/dev/null || [ ! -x "$build/breakeven-rank" ]; then
    echo "ranks-killed: skipped: no MPI: make deps-mpi, then make"
    exit 77
fi
# A /dev/shm of its own, where that is allowed: what others leave there meanwhile is not ours.
if [ -z "${RANKS_KILLED_ALONE:-}" ] && unshare --mount mount -t tmpfs tmpfs /dev/shm 2>/dev/null; then
    # shellcheck disable=SC2016 # for that shell
    RANKS_KILLED_ALONE=1 exec unshare --mount sh -c 'mount -t tmpfs tmpfs /dev/shm && exec "$0" "$@"' "$PWD/tests/ranks_killed.sh" "$@"
fi
export TMPDIR RANKS_KILLED=$$
TMPDIR=$(mktemp -d) || exit 2
# shellcheck disable=SC2317 # called by the trap
down() {
    # shellcheck disable=SC2086 # none, or one number
    kill "${load[@]}" $run 2>/dev/null
    [ -z "$run" ] || wait "$run" 2>/dev/null
    rm -rf "$TMPDIR"
}
trap down EXIT

# ours PATTERN: processes of this script whose command line matches
ours() {
    local pid
    for pid in $(pgrep -f "$1"); do
        if grep -qz "^RANKS_KILLED=$$\$" "/proc/$pid/environ" 2>/dev/null; then echo "$pid"; fi
    done
}

for _ in $(seq "$(nproc)"); do
    (while :; do :; done) &
    load+=($!)
done
before=$(find /dev/shm -mindepth 1 -maxdepth 1 | sort)
# The configuration is measured twice in each block (A/A).
"$build/breakeven" run --kernel spin --task-time 10ms --tasks 60 --runner mpi --processes 2 --schedule dynamic --reps $(((count + 1) / 2)) --warmup 0 \
    --spans 0 -o "$TMPDIR/run" --name killed >"$TMPDIR/out" 2>&1 &
run=$! killed=0 last=0
while kill -0 $run 2>/dev/null; do
    launcher=$(ours '^mpirun ' | head -1)
    if [ -n "$launcher" ] && [ "$launcher" != "$last" ]; then
        last=$launcher
        sleep "$(awk -v seed=$((RANDOM * 32768 + RANDOM)) 'BEGIN { srand(seed); print 1.6 * rand() }')"
        if kill -9 "$launcher" 2>/dev/null; then killed=$((killed + 1)); fi
    fi
    sleep 0.02
done
wait $run
left=$(ours 'breakeven-rank|mpirun|orted' | wc -l)
rm -rf "$build/killed"
mkdir "$build/killed" && mv "$TMPDIR/run" "$TMPDIR/out" "$build/killed"
(comm -13 <(echo "$before") <(find /dev/shm -mindepth 1 -maxdepth 1 | sort) && find "$TMPDIR" -mindepth 1)
files=$( (comm -13 <(echo "$before") <(find /dev/shm -mindepth 1 -maxdepth 1 | sort) && find "$TMPDIR" -mindepth 1) | grep -c .)
python3 - "$build/killed/run/samples.jsonl" "$count" "$killed" "$left" "$files" <<'END'
import collections, json, sys
path, count, killed, left, files = sys.argv[1], *map(int, sys.argv[2:])
ranks = [s for s in map(json.loads, open(path)) if s["cell"]]
kinds = collections.Counter(s["status"] + (": " + s["cause"] if s["cause"] else "") for s in ranks)
for kind, number in kinds.most_common():
    print(f"{number:5} {kind}")
wrong = [s["cause"] for s in ranks if s["status"] == "ok" and s["wall_ns"] <= 0 or s["status"] != "ok" and "signal 9" not in s["cause"]]
print(f"ranks-killed: {killed} launchers killed, {len(ranks)} repetitions recorded, {left} processes and {files} files left")
sys.exit(bool(wrong or left or files or len(ranks) < count or not killed))
END
