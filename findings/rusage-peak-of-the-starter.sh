#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Guess:  ru_maxrss of a child that was waited for (wait4, RUSAGE_CHILDREN, "maximum resident set size" of many tools) is the most
#         memory that its program held: exec begins with an empty memory, so the peak begins anew.
# Truth:  the kernel hands the peak of the memory that exec gives up to the process's account, and never takes it back. A child of
#         fork, and one of vfork or posix_spawn, which borrows its parent's memory until exec, is told to have held what its starter
#         held: `true`, started by a process of 300 MB, "needs" 300 MB. It depends on who measures, not on what is measured. VmHWM in
#         /proc/PID/status belongs to the new memory, and is right.
# Seen:   Linux 6.18, Python 3.11.7, GNU time 1.9: a starter of 1 MB: 14 MiB (Python's own); of 300 MB: 313 MiB for `true`, 1 MiB as
#         VmHWM, 1 MiB as GNU time's child; 2026-11-30.
# Do:     start what is to be measured from a small process (GNU time is one, and its own child is right), or read VmHWM before it ends.
#         A benchmark driver in Python that has loaded its data measures its own data.
# Exit:   0 as stated, 1 it has changed, 77 cannot be tried here (python3).
set -u
command -v python3 >/dev/null || { echo "needs python3"; exit 77; }
work=$(mktemp -d) || exit 77
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
cd "$work" || exit 77
apt-get download -q -q time >/dev/null 2>&1 || { echo "cannot download GNU time"; exit 77; }
dpkg -x time_*.deb root
echo "Linux $(uname -r), $(python3 --version), $(basename time_*.deb)"
cat >starter.py <<'PYTHON'
import os, resource, subprocess, sys
held = bytearray(int(sys.argv[1]) << 20)
held[::4096] = b"1" * len(held[::4096])
def peak(command):  # of a child, in MiB, as the kernel accounts it
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return os.wait4(child.pid, 0)[2].ru_maxrss // 1024
own = subprocess.run(["sh", "-c", "cat /proc/self/status"], capture_output=True, text=True).stdout
high = round(int(own.split("VmHWM:")[1].split()[0]) / 1024)
subprocess.run([sys.argv[2], "-f", "%M", "-o", "between", "true"], check=True)
between = round(int(open("between").read()) / 1024)
print(peak(["true"]), high, between)
PYTHON
# shellcheck disable=SC2046 # three numbers
set -- $(python3 starter.py 1 "$work/root/usr/bin/time") $(python3 starter.py 300 "$work/root/usr/bin/time")
[ $# = 6 ] || exit 77
echo "starter of 1 MB:   ru_maxrss of true $1 MiB; VmHWM of cat $2 MiB; true under GNU time $3 MiB"
echo "starter of 300 MB: ru_maxrss of true $4 MiB; VmHWM of cat $5 MiB; true under GNU time $6 MiB"
[ "$1" -lt 100 ] && [ "$4" -ge 300 ] && [ "$5" -lt 100 ] && [ "$6" -lt 100 ]
