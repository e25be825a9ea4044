#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Guess:  ProcessPoolExecutor(4) has four processes once a first task has come back, so that one task (or four, one after the other)
#         before the clock starts is warm-up enough, whatever the start method.
# Truth:  by fork all start with the first task. By forkserver and spawn a process is started only when a task is submitted while
#         none is idle: after one task, and after any number one after the other, there is one. The map that is timed then starts
#         the other three, each with an interpreter of its own. multiprocessing.Pool starts all at once by every method.
#         Python 3.14 made forkserver the default on Linux: a warm-up that sufficed up to 3.13 no longer does.
# Seen:   Python 3.11.7: fork 4, 4, 4; forkserver 1, 1, 4; spawn 1, 1, 4 processes after one task, after four in turn, after a map
#         of eight; 2026-11-30.
# Do:     warm up with a map of tasks that last until as many workers have come (a barrier of N in an initializer is the sure way),
#         or count the start as part of the time, as `breakeven run --runner python:executor` does apart from the run.
# Exit:   0 as stated, 1 it has changed, 77 cannot be tried here (python3 with multiprocessing and /dev/shm).
set -u
command -v python3 >/dev/null || { echo "needs python3"; exit 77; }
work=$(mktemp -d) || exit 77
trap 'rm -rf "$work"' EXIT
cat >"$work/count.py" <<'PYTHON'
import multiprocessing, sys, time
from concurrent.futures import ProcessPoolExecutor

def pause(seconds):
    time.sleep(seconds)

def processes(method):
    seen = []
    with ProcessPoolExecutor(4, mp_context=multiprocessing.get_context(method)) as executor:
        for tasks in 1, 3:
            for _ in range(tasks):
                executor.submit(pause, 0.01).result(30)
            seen.append(len(multiprocessing.active_children()))
        list(executor.map(pause, [0.2] * 8, timeout=30))
        seen.append(len(multiprocessing.active_children()))
    return seen

if __name__ == "__main__":
    print("Python", sys.version.split()[0])
    found = {method: processes(method) for method in ("fork", "forkserver", "spawn")}
    for method, seen in found.items():
        print(f"{method}: after one task {seen[0]}, after four in turn {seen[1]}, after a map of eight {seen[2]} processes")
    sys.exit(found != {"fork": [4, 4, 4], "forkserver": [1, 1, 4], "spawn": [1, 1, 4]})
PYTHON
python3 -c 'import multiprocessing; multiprocessing.Semaphore()' 2>/dev/null || { echo "no semaphores here"; exit 77; }
timeout -k 5 120 python3 "$work/count.py"
