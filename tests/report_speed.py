#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long `breakeven report --json` takes beside Python's json reading the same samples, and its memory.

usage: report_speed.py BREAKEVEN SIMULATE [BLOCKS...]     (blocks of a simulated server: 370 samples each)
"""
import os
import resource
import subprocess
import sys
import tempfile
import time

READ = "import json, sys\nfor line in open(sys.argv[1]): json.loads(line)"


def child(command):
    """Seconds of wall and cpu, and the peak memory in MB, of a command that must succeed."""
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(command)}: status {status}")
    return time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1e3


def main(breakeven, simulate, *blocks):
    print(f"{'samples':>9} {'MB':>7} {'report':>8} {'cpu':>8} {'json':>8} {'cpu':>8} {'times':>6} {'peak':>8} {'share':>6}")
    for count in blocks or ("100", "1000"):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([simulate, folder, "server", count], check=True)
            samples = os.path.join(folder, "samples.jsonl")
            size = os.path.getsize(samples) / 1e6
            with open(samples, "rb") as lines:
                number = sum(1 for _ in lines)
            report, report_cpu, peak = child([breakeven, "report", "--json", folder])
            read, read_cpu, _ = child([sys.executable, "-c", READ, samples])
            print(f"{number:9} {size:7.1f} {report:6.2f} s {report_cpu:6.2f} s {read:6.2f} s {read_cpu:6.2f} s "
                  f"{report_cpu / read_cpu:6.2f} {peak:5.0f} MB {100 * peak / size:4.0f} %", flush=True)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
