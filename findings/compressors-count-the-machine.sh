#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Guess:  a program that starts "as many threads as there are cpus" counts as nproc does: those that it may use. Under taskset, in a
#         cpuset, in a batch job of two cpus on a machine of sixty-four it starts two.
# Truth:  of seven compressors only xz counts so; zstd, pigz, lbzip2, pbzip2, plzip and pixz count the machine's cpus, and start as
#         many threads in a cpuset of one cpu as without it. GNU sort counts the cpus it may use.
# Seen:   threads on two cpus, then under `taskset -c 0`: xz 5.4.1 2, 1; sort 9.1 6, 0; zstd 1.5.4 4, 4;
#         pigz 2.6 3, 3; lbzip2 2.5 4, 4 (Debian 12). By hand also pbzip2 1.1.13 5, 5; plzip 1.10 3, 3; pixz 1.0.7 3, 3. 2026-11-30.
# Do:     give the number: pigz -p "$(breakeven cpus)", zstd -T"$(breakeven cpus)", lbzip2 -n, pbzip2 -p, plzip -n, pixz -p; which
#         number pays, `breakeven tune -- pigz -p {workers} -k -c FILE` measures.
# Exit:   0 as stated, 1 it has changed, 77 cannot be tried here (two cpus, Debian, strace's right to trace).
set -u
taskset -c 0,1 true 2>/dev/null || { echo "needs cpus 0 and 1"; exit 77; }
command -v apt-get >/dev/null || { echo "needs Debian's packages"; exit 77; }
work=$(mktemp -d) || exit 77
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
cd "$work" || exit 77
apt-get download -q -q xz-utils zstd pigz lbzip2 coreutils strace libunwind8 >/dev/null 2>&1 || { echo "cannot download the packages"; exit 77; }
for package in *.deb; do
    dpkg -x "$package" root
    echo "${package%_*}"
done
PATH=$work/root/usr/bin:$work/root/bin:$PATH
LD_LIBRARY_PATH=$(dirname "$(find "$work/root" -name 'libunwind.so.8')")
export PATH LD_LIBRARY_PATH
yes "a line of text that is long enough to be compressed" | head -c 60000000 >input
threads() { # COMMAND...: how many threads it starts
    timeout -k 5 60 strace -f -q -e trace=clone,clone3 -o calls "$@" >/dev/null 2>said || { head -n 2 said; exit 77; }
    grep -cE 'clone3?\(' calls || true
}
changed=0
try() { # obeys|machine COMMAND...
    expected=$1
    shift
    all=$(threads "$@") || { echo "$all"; exit 77; }
    one=$(threads taskset -c 0 "$@") || { echo "$one"; exit 77; }
    if [ "$one" -lt "$all" ]; then counts=obeys; else counts=machine; fi
    echo "$1: $all threads, $one where it may use one cpu"
    [ "$counts" = "$expected" ] || changed=1
}
try obeys xz -T0 -1 -c input
try obeys sort -S 20M input
try machine zstd -T0 -q -c input
try machine pigz -1 -c input
try machine lbzip2 -c input
exit $changed
