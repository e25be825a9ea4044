#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Guess:  timeout(1) sends its signal once: a program that takes the first INT or TERM as "write your last words" and leaves the
#         second one to the system, as people press Ctrl-C twice, may run under it.
# Truth:  it signals the program and then, in a call of its own, the whole group, in which the program is. Mostly the first is
#         still pending when the second comes, and the two are one; where the program was quick, or timeout was held up between
#         them, it gets the request twice, and what it had yet to write is lost. With --foreground there is one call.
# Seen:   GNU coreutils 9.1 (Debian 12), strace 6.1, 2026-11-29; a waiting program saw two signals in 1 of 20 tries.
# Do:     take what comes within a tenth of a second of the first for the same request (bench/base/interrupt.c).
# Exit:   0 as stated, 1 it has changed, 77 cannot be tried here.
set -u
timeout --version 2>/dev/null | grep -q coreutils || { echo "needs GNU timeout (coreutils)"; exit 77; }
work=$(mktemp -d) || exit 77
trap 'rm -rf "$work"' EXIT
strace -o "$work/none" true 2>/dev/null || { echo "needs strace, and leave to trace"; exit 77; }
timeout --version | head -n 1
calls() { # OPTION...: the calls with which its signal is sent
    strace -o "$work/calls" -e trace=kill timeout "$@" -s USR1 0.2 sleep 5 2>/dev/null
    sed -n 's/^kill(\(.*\), SIGUSR1) .*/\1/p' "$work/calls" | sed 's/^[1-9][0-9]*$/the program/; s/^0$/its group/' | tr '\n' ';'
}
usual=$(calls)
alone=$(calls --foreground)
echo "timeout signals              $usual"
echo "timeout --foreground signals $alone"
[ "$usual" = "the program;its group;" ] && [ "$alone" = "the program;" ]
